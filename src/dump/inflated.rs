//! Packed files that inflate to more than anyone wrote: archives are small, and what they hold may never end.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// So much may come out of anything, bytes: it costs a second.
const FREE: u64 = 256 << 20;

/// Then so many times what went in. Ids alone, which are random, keep dumps of spans below a hundred.
const TIMES: u64 = 500;

/// Bytes that were read, counted where several look.
pub(super) type Count = Rc<Cell<u64>>;

/// Counts what is read.
pub(super) struct Counted<R> {
    inner: R,
    read: Count,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, read: &Count) -> Self {
        Self { inner, read: Rc::clone(read) }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// What comes out of `packed` bytes, until that is more than can be true.
pub(super) struct Inflated<R> {
    inner: R,
    packed: Count,
    /// Shared by the members of an archive, which may all stand for the same bytes.
    unpacked: Count,
}

impl<R> Inflated<R> {
    pub(super) fn new(inner: R, packed: Count, unpacked: Count) -> Self {
        Self { inner, packed, unpacked }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (packed, unpacked) = (self.packed.get(), self.unpacked.get());
        if unpacked > FREE && unpacked / TIMES > packed {
            return Err(io::Error::other(format!(
                "it inflates to more than {TIMES} times its size, as no dump does; the rest was left out"
            )));
        }
        let read = self.inner.read(into)?;
        self.unpacked.set(unpacked + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_inflates_without_end_is_left() {
        let read = |packed: u64, before: u64| {
            let mut inflated =
                Inflated::new(io::repeat(b'x'), Rc::new(Cell::new(packed)), Rc::new(Cell::new(before)));
            inflated.read(&mut [0; 8])
        };
        assert_eq!(read(0, FREE).unwrap(), 8);
        assert_eq!(read(FREE, 100 * FREE).unwrap(), 8);
        let said = read(1_000, FREE + 1).unwrap_err().to_string();
        assert!(said.starts_with("it inflates to more than 500 times its size"), "{said}");
    }
}
