//! What the collector's file exporter writes with `compression: zstd`: each record compressed alone, after its length
//! in four bytes. Inflated, JSON records become lines, and protobuf records keep a length before them.

use std::io::{self, Read};

/// A record may be as large as this, bytes, inflated or not.
const LARGEST: u64 = 256 << 20;

/// Inflates such a file.
pub(super) struct Frames<R> {
    inner: R,
    /// A record, as it is handed out.
    record: Vec<u8>,
    /// How much of it was.
    at: usize,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, record: Vec::new(), at: 0 }
    }

    /// Inflates the next record; whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        let mut length = Vec::new();
        self.inner.by_ref().take(4).read_to_end(&mut length)?;
        let length = match length[..] {
            [] => return Ok(false),
            [a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
            _ => return Err(io::Error::other("it ends in the length of a record")),
        };
        if length > LARGEST {
            return Err(too_large());
        }
        let mut packed = Vec::new();
        self.inner.by_ref().take(length).read_to_end(&mut packed)?;
        if (packed.len() as u64) < length {
            return Err(io::Error::other("it ends inside of a record"));
        }
        (self.at, self.record) = (0, vec![0; 4]);
        zstd::stream::read::Decoder::new(&packed[..])?.take(LARGEST + 1).read_to_end(&mut self.record)?;
        let len = self.record.len() - 4;
        if len as u64 > LARGEST {
            return Err(too_large());
        }
        if self.record.get(4) == Some(&b'{') {
            self.at = 4;
            self.record.push(b'\n');
        } else {
            self.record[..4].copy_from_slice(&(len as u32).to_be_bytes());
        }
        Ok(true)
    }
}

fn too_large() -> io::Error {
    io::Error::other(format!("a record of more than {} MiB", LARGEST >> 20))
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.record.len() && !self.next()? {
            return Ok(0);
        }
        let len = (&self.record[self.at..]).read(into)?;
        self.at += len;
        Ok(len)
    }
}
