//! A fast hash of bytes for tables and for telling repeated deliveries apart. Not keyed, not cryptographic.

/// Folded 64×64→128 multiplication, eight bytes a step.
#[inline]
pub fn hash64(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = bytes.len() as u64 ^ K;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut w = [0; 8];
        w.copy_from_slice(word);
        h = fold(h ^ u64::from_le_bytes(w), K);
    }
    let mut tail = [0; 8];
    tail[..words.remainder().len()].copy_from_slice(words.remainder());
    fold(h ^ u64::from_le_bytes(tail), 0xd6e8_feb8_6659_fd93)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts() {
        let text = b"opentelemetry.instrumentation.flask".to_vec();
        for i in 0..text.len() {
            let mut other = text.clone();
            other[i] ^= 1;
            assert_ne!(hash64(&text), hash64(&other), "byte {i}");
            assert_ne!(hash64(&text[..i]), hash64(&text));
        }
    }
}
