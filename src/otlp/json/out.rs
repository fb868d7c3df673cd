//! Protobuf, written in one go although the length of a message stands before it.

/// Where a message's content starts, and how many bytes were kept free before it.
#[derive(Clone, Copy)]
pub(super) struct Open {
    content: usize,
    room: usize,
}

/// Starts a message: its tag, then room for a length of `room` bytes. The better `room` is guessed, the less is
/// moved when the message ends.
#[inline]
pub(super) fn open(out: &mut Vec<u8>, tag: u8, room: usize) -> Open {
    out.push(tag);
    out.extend_from_slice(&[0; 5][..room]);
    Open { content: out.len(), room }
}

/// Ends a message: writes its length where it belongs.
#[inline]
pub(super) fn close(out: &mut Vec<u8>, message: Open) {
    let len = out.len() - message.content;
    match message.room {
        // Most messages are an attribute or its value.
        1 if len < 128 => out[message.content - 1] = len as u8,
        _ => close_any(out, message, len),
    }
}

fn close_any(out: &mut Vec<u8>, Open { content, room }: Open, len: usize) {
    let end = content + len;
    let need = varint_len(len as u64);
    let start = content - room + need;
    if need > room {
        out.resize(end + need - room, 0);
        out.copy_within(content..end, start);
    } else if need < room {
        out.copy_within(content..end, start);
        out.truncate(start + len);
    }
    let mut rest = len as u64;
    for byte in &mut out[content - room..start] {
        *byte = rest as u8 & 0x7f | 0x80;
        rest >>= 7;
    }
    out[start - 1] &= 0x7f;
}

/// A varint.
#[inline]
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_stand_before_the_content_however_they_were_guessed() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            for room in 1..4 {
                let mut out = vec![7];
                let message = open(&mut out, 0x0a, room);
                out.extend(std::iter::repeat_n(9, len));
                close(&mut out, message);
                let mut expected = vec![7, 0x0a];
                varint(&mut expected, len as u64);
                expected.extend(std::iter::repeat_n(9, len));
                assert_eq!(out, expected, "{len} {room}");
            }
        }
    }
}
