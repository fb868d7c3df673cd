//! A growable array that never moves what it holds: growth costs one small allocation, not a copy of everything.

const SEGMENT: usize = 4096;

/// Items by number, in segments of 4,096.
#[derive(Debug)]
pub struct Segments<T> {
    segments: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self { segments: Vec::new(), len: 0 }
    }
}

impl<T> Segments<T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends an item and tells its number.
    pub fn push(&mut self, item: T) -> u32 {
        let number = self.len as u32;
        if self.len.is_multiple_of(SEGMENT) {
            self.segments.push(Vec::with_capacity(SEGMENT));
        }
        if let Some(last) = self.segments.last_mut() {
            last.push(item);
        }
        self.len += 1;
        number
    }

    /// The item with this number, if there is one.
    #[inline]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.segments.get(number as usize / SEGMENT)?.get(number as usize % SEGMENT)
    }

    /// Appends items made by `item` until there are `len`.
    pub fn grow(&mut self, len: usize, item: impl Fn() -> T) {
        while self.len < len {
            self.push(item());
        }
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.segments.len() * SEGMENT * size_of::<T>()
    }
}

impl<T> std::ops::Index<u32> for Segments<T> {
    type Output = T;
    #[inline]
    fn index(&self, number: u32) -> &T {
        &self.segments[number as usize / SEGMENT][number as usize % SEGMENT]
    }
}

impl<T> std::ops::IndexMut<u32> for Segments<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.segments[number as usize / SEGMENT][number as usize % SEGMENT]
    }
}

/// Segments whose places are used again once they were given back.
#[derive(Debug)]
pub struct Pool<T> {
    items: Segments<T>,
    vacant: Vec<u32>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { items: Segments::default(), vacant: Vec::new() }
    }
}

impl<T> Pool<T> {
    /// Stores an item and tells its number.
    pub fn insert(&mut self, item: T) -> u32 {
        match self.vacant.pop() {
            Some(number) => {
                self.items[number] = item;
                number
            }
            None => self.items.push(item),
        }
    }

    /// Gives a place back. Its item stays until the place is used again.
    pub fn remove(&mut self, number: u32) {
        self.vacant.push(number);
    }

    /// One more than the highest number ever used.
    pub fn capacity(&self) -> usize {
        self.items.len()
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.items.memory() + self.vacant.capacity() * size_of::<u32>()
    }
}

impl<T> std::ops::Index<u32> for Pool<T> {
    type Output = T;
    #[inline]
    fn index(&self, number: u32) -> &T {
        &self.items[number]
    }
}

impl<T> std::ops::IndexMut<u32> for Pool<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.items[number]
    }
}
