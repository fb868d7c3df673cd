//! Unpacking bodies, never past the limit.

use super::body::{MAX_BYTES, exact};
use super::export::{Refusal, excerpt};
use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::Read;

/// What [`Coding::from_header`] knows, for the header that tells so.
pub(super) const ACCEPTED: &str = "identity,gzip,zstd,deflate";

/// The most memory that a zstd frame may ask for, as a power of two: no window needs to exceed [`MAX_BYTES`].
const ZSTD_WINDOW_LOG: u32 = MAX_BYTES.ilog2();

/// Allocated at first, at most this many times the packed size, whatever the packed bytes claim.
const RATIO_ON_TRUST: usize = 32;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
    Deflate,
}

impl Coding {
    /// What the header says; identity where there is none.
    pub(super) fn from_header(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Refusal> {
        let Some(value) = headers.get(name) else { return Ok(Self::Identity) };
        match value.as_bytes().trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Self::Identity),
            b"gzip" | b"x-gzip" => Ok(Self::Gzip),
            b"zstd" => Ok(Self::Zstd),
            b"deflate" => Ok(Self::Deflate),
            other => Err(Refusal::Coding(String::from_utf8_lossy(other).into_owned())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

/// The bytes that `packed` holds.
pub(super) fn inflate(coding: Coding, packed: Vec<u8>) -> Result<Bytes, Refusal> {
    inflate_within(MAX_BYTES, coding, packed)
}

fn inflate_within(limit: usize, coding: Coding, packed: Vec<u8>) -> Result<Bytes, Refusal> {
    if coding == Coding::Identity || packed.is_empty() {
        return Ok(exact(packed));
    }
    let expected = announced(coding, &packed).unwrap_or(packed.len().saturating_mul(4));
    let mut out = Vec::with_capacity(expected.min(packed.len().saturating_mul(RATIO_ON_TRUST)).min(limit));
    let source = packed.as_slice();
    let unpacked = match coding {
        Coding::Identity => Ok(0),
        Coding::Gzip => read(MultiGzDecoder::new(source), limit, &mut out),
        Coding::Zstd => zstd::stream::read::Decoder::with_buffer(source).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            read(decoder, limit, &mut out)
        }),
        // "deflate" means the zlib format, but some clients send it bare.
        Coding::Deflate if is_zlib(source) => read(ZlibDecoder::new(source), limit, &mut out),
        Coding::Deflate => read(DeflateDecoder::new(source), limit, &mut out),
    };
    match unpacked {
        Ok(_) if out.len() > limit => Err(Refusal::TooLarge),
        Ok(_) => Ok(exact(out)),
        Err(error) => Err(Refusal::NotOtlp {
            reason: format!("the body is not {}: {error}", coding.name()),
            start: excerpt(source),
        }),
    }
}

/// One byte past the limit tells that there is more.
fn read(decoder: impl Read, limit: usize, out: &mut Vec<u8>) -> std::io::Result<usize> {
    decoder.take(limit as u64 + 1).read_to_end(out)
}

/// The unpacked size as the packed bytes have it, so that the buffer is allocated once and exactly. Only a hint:
/// gzip keeps it modulo 4 GiB and for its last member.
fn announced(coding: Coding, packed: &[u8]) -> Option<usize> {
    let size = match coding {
        Coding::Gzip => u64::from(u32::from_le_bytes(*packed.last_chunk()?)),
        Coding::Zstd => zstd::zstd_safe::get_frame_content_size(packed).ok()??,
        Coding::Identity | Coding::Deflate => return None,
    };
    usize::try_from(size).ok()
}

/// The two bytes that every zlib stream starts with: method 8, and a multiple of 31.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [a, b, ..] if a & 0x0f == 8 && u16::from_be_bytes([*a, *b]).is_multiple_of(31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn packed(mut encoder: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out
    }

    fn every_coding(plain: &[u8]) -> [(Coding, Vec<u8>); 4] {
        [
            (Coding::Gzip, packed(GzEncoder::new(plain, Compression::fast()))),
            (Coding::Zstd, zstd::encode_all(plain, 1).unwrap()),
            (Coding::Deflate, packed(ZlibEncoder::new(plain, Compression::fast()))),
            (Coding::Deflate, packed(DeflateEncoder::new(plain, Compression::fast()))),
        ]
    }

    #[test]
    fn every_coding_comes_back_as_it_was() {
        let plain = b"some telemetry ".repeat(5000);
        for (coding, packed) in every_coding(&plain) {
            assert_eq!(inflate(coding, packed).unwrap(), plain, "{coding:?}");
        }
        let mut members = packed(GzEncoder::new(&b"two "[..], Compression::fast()));
        members.extend(packed(GzEncoder::new(&b"members"[..], Compression::fast())));
        assert_eq!(inflate(Coding::Gzip, members).unwrap(), "two members");
        assert_eq!(inflate(Coding::Gzip, Vec::new()).unwrap(), "");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        const LIMIT: usize = 1 << 20;
        for (coding, packed) in every_coding(&vec![0; LIMIT + 1]) {
            assert!(packed.len() < LIMIT / 50, "{coding:?} {}", packed.len());
            assert_eq!(inflate_within(LIMIT, coding, packed), Err(Refusal::TooLarge), "{coding:?}");
        }
        for (coding, packed) in every_coding(&vec![0; LIMIT]) {
            assert_eq!(inflate_within(LIMIT, coding, packed).map(|b| b.len()), Ok(LIMIT), "{coding:?}");
        }
    }

    #[test]
    fn damaged_bodies_are_errors_that_name_the_coding() {
        for (coding, packed) in every_coding(&b"some telemetry ".repeat(50)) {
            for cut in 1..packed.len() {
                let Err(Refusal::NotOtlp { reason, start }) = inflate(coding, packed[..cut].to_vec()) else {
                    // Bare deflate and zlib have no mark that says how much is missing; a cut may go unseen
                    // there and is for the walk to find.
                    assert_eq!(coding, Coding::Deflate, "{cut} of {}", packed.len());
                    continue;
                };
                assert!(reason.starts_with(&format!("the body is not {}", coding.name())), "{reason}");
                assert!(start.starts_with(&format!("{:02x}", packed[0])), "{start}");
            }
        }
    }
}
