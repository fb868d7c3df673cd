//! What a reader reads from: inflated, buffered, with the place where it is.

use super::frames::Frames;
use super::inflated::{Count, Counted, Inflated};
use bytes::Bytes;
use lzma_rust2::XzReader;
use std::io::{self, Cursor, Read};

/// How much is asked for at once, bytes.
const CHUNK: usize = 1 << 20;

/// Room for less than this is not worth a read, bytes.
const LEAST: usize = 64 << 10;

/// Memory that the dictionary of an xz file may take, KiB: `xz -9` needs half of it.
const XZ_MEMORY: u32 = 128 << 10;

/// Bytes of a dump. A failure ends it like its end does, and is kept.
pub(super) struct Input<'a> {
    inner: Box<dyn Read + 'a>,
    compression: &'static str,
    /// Allocated and zeroed; `start..end` is what is available.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes consumed.
    offset: u64,
    /// Line breaks consumed.
    lines: u64,
    ended: bool,
    /// Whether the last thing that was read was that nothing comes.
    rests: bool,
    failure: Option<io::Error>,
}

/// What a reader fails with to say that nothing came for a moment; it is read on.
pub const QUIET: io::ErrorKind = io::ErrorKind::TimedOut;

/// Hands bytes to an unpacker, which cannot be told that nothing comes.
struct Patient<R>(R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == QUIET => {}
                read => return read,
            }
        }
    }
}

impl<'a> Input<'a> {
    /// Looks whether the input is compressed, and inflates it if so.
    pub(super) fn open(mut input: impl Read + 'a) -> io::Result<Self> {
        let mut magic = Vec::new();
        Patient(input.by_ref()).take(8).read_to_end(&mut magic)?;
        let compression = packed_with(&magic);
        let packed = Count::default();
        let whole = Counted::new(Cursor::new(magic).chain(input), &packed);
        let inner: Box<dyn Read + 'a> = match compression {
            "gzip" => Box::new(flate2::read::MultiGzDecoder::new(Patient(whole))),
            // A frame may ask for a window of 128 MiB at most: the decoder's own default.
            "zstd" => Box::new(zstd::stream::read::Decoder::new(Patient(whole))?),
            "xz" => Box::new(XzReader::new_mem_limit(Patient(whole), true, XZ_MEMORY)),
            "zstd records" => Box::new(Frames::new(Patient(whole))),
            _ => Box::new(whole),
        };
        let inner: Box<dyn Read + 'a> = match compression {
            "" | "zip" => inner,
            _ => Box::new(Inflated::new(inner, packed, Count::default())),
        };
        Ok(Self {
            inner,
            compression,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            lines: 0,
            ended: false,
            rests: false,
            failure: None,
        })
    }

    /// `gzip`, `zstd`, `xz`, `zstd records`, `zip` (which is not inflated here) or nothing.
    pub(super) fn compression(&self) -> &'static str {
        self.compression
    }

    /// What was read and not consumed.
    pub(super) fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more behind what is available, and tells whether nothing came for a moment instead.
    pub(super) fn rests(&mut self) -> bool {
        self.read() && self.rests
    }

    /// Reads more behind what is available; may wait. Whether there was more.
    pub(super) fn more(&mut self) -> bool {
        loop {
            let more = self.read();
            if !self.rests {
                return more;
            }
        }
    }

    /// Reads once; whether it can be read on.
    fn read(&mut self) -> bool {
        self.rests = false;
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.is_empty() {
            // Zeroed by the system where it is touched: most files are smaller.
            self.buffer = vec![0; CHUNK];
        } else if self.buffer.len() < self.end + LEAST {
            // A chunk at a time: memory is taken for what came, however long the record turns out to be. The vector
            // doubles its room by itself, which for the system is a matter of names, not of copies.
            self.buffer.resize(self.end + CHUNK, 0);
        }
        loop {
            match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    self.end += n;
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == QUIET => {
                    self.rests = true;
                    return true;
                }
                Err(error) => {
                    self.failure = Some(error);
                    self.ended = true;
                }
            }
            return false;
        }
    }

    /// Reads until `len` bytes are available; whether they are.
    pub(super) fn at_least(&mut self, len: usize) -> bool {
        while self.available().len() < len {
            if !self.more() {
                return false;
            }
        }
        true
    }

    /// Gives up the next `len` bytes.
    pub(super) fn consume(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.lines += memchr::memchr_iter(b'\n', &self.buffer[self.start..self.start + len]).count() as u64;
        self.start += len;
        self.offset += len as u64;
    }

    /// The next `len` bytes, or all that are available, to be kept. Most of the buffer is handed over as it is, not copied.
    pub(super) fn take(&mut self, len: usize) -> Bytes {
        let (from, len) = (self.start, len.min(self.end - self.start));
        self.consume(len);
        if len < CHUNK || len < self.end / 2 {
            return Bytes::copy_from_slice(&self.buffer[from..from + len]);
        }
        let rest = self.buffer[self.start..self.end].to_vec();
        let mut taken = std::mem::replace(&mut self.buffer, rest);
        taken.truncate(self.start);
        taken.shrink_to_fit();
        (self.start, self.end) = (0, self.buffer.len());
        Bytes::from(taken).slice(from..)
    }

    /// Gives up everything until the next line break, that included.
    pub(super) fn skip_line(&mut self) {
        loop {
            let available = self.available();
            match memchr::memchr(b'\n', available) {
                Some(at) => return self.consume(at + 1),
                None => self.consume(available.len()),
            }
            if !self.more() {
                return;
            }
        }
    }

    /// The length of the next line without its break, or of what is left if that is the last. Nothing if it is
    /// longer than `cap`.
    pub(super) fn line_len(&mut self, cap: usize) -> Option<usize> {
        let mut searched = 0;
        loop {
            let available = self.available();
            match memchr::memchr(b'\n', &available[searched..]) {
                Some(more) => return (searched + more <= cap).then_some(searched + more),
                None => searched = available.len(),
            }
            if searched > cap {
                return None;
            }
            if !self.more() {
                return Some(searched);
            }
        }
    }

    /// How many bytes were consumed.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of the line that comes next, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.lines + 1
    }

    /// Whether nothing comes after what is available.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether it ended early.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Why it ended early.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

/// What a file's first eight bytes say that it is packed with.
pub(super) fn packed_with(magic: &[u8]) -> &'static str {
    match magic {
        [0x1f, 0x8b, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => "zip",
        [0..16, _, _, _, 0x28, 0xb5, 0x2f, 0xfd] => "zstd records",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut into[..1])
        }
    }

    #[test]
    fn what_is_taken_is_gone_whether_copied_or_not() {
        let bytes: Vec<u8> = (0..3 * CHUNK).map(|at| at as u8).collect();
        let mut input = Input::open(&bytes[..]).unwrap();
        assert!(input.at_least(2 * CHUNK));
        let (large, small) = (input.take(2 * CHUNK - 5), input.take(5));
        assert_eq!([&large[..], &small[..]].concat(), bytes[..2 * CHUNK]);
        assert_eq!(input.offset(), 2 * CHUNK as u64);
        while input.more() {}
        assert_eq!(input.available(), &bytes[2 * CHUNK..]);
        assert_eq!(input.take(usize::MAX), bytes[2 * CHUNK..]);
        let breaks = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        assert_eq!((input.line(), input.available()), (breaks + 1, &[][..]));
    }

    #[test]
    fn lines_and_places_are_counted() {
        let mut input = Input::open(Slow(b"one\ntwo two\nthree")).unwrap();
        assert_eq!(input.line_len(100), Some(3));
        input.consume(4);
        assert_eq!((input.line(), input.offset()), (2, 4));
        assert_eq!(input.line_len(6), None);
        input.skip_line();
        assert_eq!((input.line(), input.line_len(100)), (3, Some(5)));
        assert!(input.has_ended() && !input.at_least(6));
    }
}
