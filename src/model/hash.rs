//! Fast hashes of bytes, for tables and for telling values apart. Not keyed, not cryptographic.

const K: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93, 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db];

/// Folded 64×64→128 multiplication, sixteen bytes each. Long texts go three ways at once: one multiplication after
/// the other would wait for its predecessor, which costs more than the multiplication.
#[inline]
pub fn hash64(bytes: &[u8]) -> u64 {
    let mut h = K[0] ^ bytes.len() as u64;
    let mut rest = bytes;
    if rest.len() > 48 {
        let mut lanes = [h, h ^ K[1], h ^ K[2]];
        while let Some((chunk, after)) = rest.split_first_chunk::<48>() {
            lanes[0] = step(lanes[0], &chunk[..16]);
            lanes[1] = step(lanes[1], &chunk[16..32]);
            lanes[2] = step(lanes[2], &chunk[32..]);
            rest = after;
        }
        h = lanes[0] ^ fold(lanes[1], K[2]) ^ fold(lanes[2], K[3]);
    }
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        h = step(h, chunk);
        rest = after;
    }
    let mut tail = [0; 16];
    tail[..rest.len()].copy_from_slice(rest);
    fold(step(h, &tail), K[1])
}

/// A 32-bit hash that is never zero: zero stands for "not known" in [`Facts`](super::Facts).
///
/// Two different values share one with a chance of 1 in 4 billion, which is small against every threshold that
/// diagnosis counts with.
#[inline]
pub fn hash32(bytes: &[u8]) -> u32 {
    let h = hash64(bytes);
    ((h ^ (h >> 32)) as u32).max(1)
}

/// Takes in sixteen bytes.
#[inline]
fn step(h: u64, bytes: &[u8]) -> u64 {
    let word =
        |at: usize| bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |w| u64::from_le_bytes(*w));
    fold(h ^ word(0), K[3] ^ word(8))
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_byte_counts() {
        let text =
            b"opentelemetry.instrumentation.flask, opentelemetry.instrumentation.requests and the others"
                .to_vec();
        let mut seen = HashSet::from([hash64(&text)]);
        for i in 0..text.len() {
            for bit in 0..8 {
                let mut other = text.clone();
                other[i] ^= 1 << bit;
                assert!(seen.insert(hash64(&other)), "byte {i} bit {bit}");
            }
            assert!(seen.insert(hash64(&text[..i])), "{i} bytes");
        }
        let zeros = [0; 200];
        assert!((1..200).all(|len| seen.insert(hash64(&zeros[..len]))));
    }

    #[test]
    fn small_hashes_are_spread_and_never_zero() {
        let hashes: HashSet<u32> = (0..100_000_u32).map(|n| hash32(n.to_string().as_bytes())).collect();
        assert!(hashes.len() > 99_990 && !hashes.contains(&0));
    }
}
