//! OTLP protobuf: one message, or many with their lengths before them.

use super::input::Input;
use super::outlet::{Outlet, kept};
use super::writing::Alone;
use super::{Format, Guess, Lost};
use crate::model::{Batch, Unshown};
use crate::otlp::{Loss, Malformed, Signal, count, mend, signal, walk, walk_logs};
use bytes::Bytes;
use prost::encoding::encode_varint;
use std::ops::ControlFlow;

/// OTLP protobuf.
pub(super) const FORMAT: Format = Format {
    name: "otlp-protobuf",
    summary: "OTLP protobuf: one export request of spans or logs, or many, each after its length (varint or 4 bytes)",
    extensions: &["binpb", "pb", "bin", "proto"],
    sniff,
    read,
    write: Some(|| Box::new(Alone { spans: write, logs: write_logs })),
};

/// A message may be as large as this, bytes; of one that is alone in its file, each of its resources.
const LARGEST: usize = 1 << 30;

/// A message that is alone and larger than this, bytes, is read in parts of a quarter of it, or of one resource.
const AT_ONCE: usize = 16 << 20;

/// How messages follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// There is one, to the end.
    One,
    /// Varint lengths, as protobuf's own `writeDelimitedTo`.
    Varint,
    /// Lengths of four bytes, the high one first, as the collector's file exporter writes them.
    Fixed,
}

fn sniff(head: &[u8]) -> Guess {
    if framing(head).is_some() { Guess::Perhaps } else { Guess::No }
}

fn framing(head: &[u8]) -> Option<Framing> {
    if is_request(head) {
        return Some(Framing::One);
    }
    for (framing, length) in [(Framing::Varint, varint(head)), (Framing::Fixed, fixed(head))] {
        if let Some((len, size)) = length
            && (2..=LARGEST).contains(&len)
            && is_request(&head[size..head.len().min(size + len)])
        {
            return Some(framing);
        }
    }
    None
}

/// Whether a request with a `ResourceSpans` in it starts here, as far as its first bytes tell.
fn is_request(bytes: &[u8]) -> bool {
    // Tags of length-delimited fields at each level: the spans of a resource; what a resource or a scope's spans
    // start with. 0xc2 is the first byte of the field of OTLP before 0.19.
    let inside = |bytes: &[u8], tags: &[u8]| -> Option<Vec<u8>> {
        let (tag, rest) = bytes.split_first()?;
        if !tags.contains(tag) {
            return None;
        }
        let rest = if *tag == 0xc2 { rest.strip_prefix(&[0x3e])? } else { rest };
        let (len, size) = varint(rest)?;
        let content = &rest[size..];
        (len <= LARGEST).then(|| content[..content.len().min(len)].to_vec())
    };
    // Of resources without spans, which say nothing, there may be some before.
    let mut bytes = bytes;
    while let [0x0a, 0, rest @ ..] = bytes {
        bytes = rest;
    }
    let Some(resource_spans) = inside(bytes, &[0x0a]) else { return false };
    let Some(member) = inside(&resource_spans, &[0x0a, 0x12, 0x1a, 0xc2]) else { return false };
    match resource_spans[0] {
        // An empty resource, its attributes, or its count of dropped ones.
        0x0a => matches!(member.first(), None | Some(0x0a | 0x10 | 0x1a)),
        0x1a => std::str::from_utf8(&member).is_ok(),
        _ => matches!(member.first(), None | Some(0x0a | 0x12 | 0x1a)),
    }
}

/// A varint and its size.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (i, b) in bytes.iter().take(9).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if *b < 0x80 {
            return Some((usize::try_from(value).ok()?, i + 1));
        }
    }
    None
}

fn fixed(bytes: &[u8]) -> Option<(usize, usize)> {
    Some((u32::from_be_bytes(*bytes.first_chunk()?) as usize, 4))
}

fn read(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    input.at_least(64);
    let length = match framing(input.available()) {
        None | Some(Framing::One) => return read_one(input, outlet),
        Some(Framing::Varint) => varint,
        Some(Framing::Fixed) => fixed,
    };
    while input.at_least(1) {
        input.at_least(10);
        let at = input.offset();
        let Some((len, size)) = length(input.available()) else {
            outlet.reject(
                outlet.at_byte(at),
                "no length where a record should start, the rest was left out".into(),
            );
            return ControlFlow::Continue(());
        };
        if len > LARGEST {
            let reason = format!("a record of {len} bytes, more than can be true; the rest was left out");
            outlet.reject(outlet.at_byte(at), reason);
            return ControlFlow::Continue(());
        }
        let whole = input.at_least(size + len);
        input.consume(size);
        let record = input.take(len);
        let end = if whole { End::Whole } else { End::Cut { failed: input.has_failed() } };
        send(&record, end, at + size as u64, outlet)?;
        outlet.relieve()?;
    }
    ControlFlow::Continue(())
}

fn read_one(input: &mut Input<'_>, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    while input.at_least(AT_ONCE + 1) {
        // Any fields of a message are a message, so a part ends where one of them does.
        let mut part = 0;
        while part < AT_ONCE / 4 {
            input.at_least(part + 16);
            match field(&input.available()[part..]) {
                Some(len) if part == 0 || part + len <= AT_ONCE => part += len,
                _ => break,
            }
        }
        // What is no field is told with the rest, if that is all the memory that it takes.
        if part == 0 || !input.at_least(part) {
            break;
        }
        let base = input.offset();
        let record = input.take(part);
        send(&record, End::Whole, base, outlet)?;
        outlet.relieve()?;
    }
    let base = input.offset();
    if input.at_least(LARGEST + 1) {
        let reason = format!("a single message of more than {} MiB, left out", LARGEST >> 20);
        outlet.reject(outlet.at_byte(base), reason);
        return ControlFlow::Continue(());
    }
    let record = input.take(LARGEST);
    if record.is_empty() { ControlFlow::Continue(()) } else { send(&record, End::Whole, base, outlet) }
}

/// How a record ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// All of it is there.
    Whole,
    /// The input ends, or fails, inside of it.
    Cut { failed: bool },
}

/// The length of the field that starts here, as all are in a request; nothing of one that is none, or too large.
fn field(bytes: &[u8]) -> Option<usize> {
    let (tag, tag_size) = varint(bytes)?;
    let (len, len_size) = varint(&bytes[tag_size..])?;
    (tag & 7 == 2 && len <= LARGEST).then_some(tag_size + len_size + len)
}

/// Walks a record that starts at `base` of the file; of one that is cut off or broken, what lies before the break.
fn send(record: &Bytes, end: End, base: u64, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
    let signal = signal(record).unwrap_or(Signal::Traces);
    let walked = |bytes: Bytes| match signal {
        Signal::Traces => walk(bytes, outlet.source(), outlet.origin(), 0),
        Signal::Logs => walk_logs(bytes, outlet.source(), outlet.origin(), 0),
        Signal::Metrics => {
            let (metrics, malformed) = match count::metrics(&bytes) {
                Ok(metrics) => (metrics, None),
                Err(malformed) => (0, Some(malformed)),
            };
            let unshown = Unshown { metrics, ..Unshown::default() };
            let size = bytes.len();
            (Batch { size, unshown, ..Batch::empty(outlet.source(), outlet.origin(), 0) }, malformed)
        }
    };
    let (mut batch, malformed) = walked(record.clone());
    if malformed.is_some() {
        let (mended, _) = walked(mend(record));
        let items = |batch: &Batch| batch.records.len() + batch.logs.records.len();
        if items(&mended) >= items(&batch) {
            batch = mended;
        }
    }
    for rejection in &mut batch.rejections {
        let within = rejection.position.strip_prefix("byte ").and_then(|at| at.parse::<u64>().ok());
        rejection.position = outlet.at_byte(base + within.unwrap_or(0));
    }
    if let Some(reason) = trouble(end == End::Whole, malformed.as_ref(), &batch) {
        let offset = malformed.map_or(record.len(), |m| m.offset);
        outlet.cut(end == (End::Cut { failed: true }), outlet.at_byte(base + offset as u64), reason);
    }
    outlet.send(batch)
}

/// As protobuf's own `writeDelimitedTo`, whatever the signal.
fn write(request: &[u8], out: &mut Vec<u8>, _: &mut Lost<'_>) {
    encode_varint(request.len() as u64, out);
    out.extend_from_slice(request);
}

fn write_logs(request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>) {
    lost(Loss::MixedSignals);
    write(request, out, lost);
}

fn trouble(whole: bool, malformed: Option<&Malformed>, batch: &Batch) -> Option<String> {
    let kept = kept(batch);
    match (whole, malformed) {
        (false, _) => Some(format!("the file ends inside of a record{kept}")),
        (true, Some(Malformed { what, .. })) => Some(format!("not OTLP protobuf: {what}{kept}")),
        (true, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_tells_its_length() {
        assert_eq!(field(&[0x0a, 3, 1, 2, 3, 4]), Some(5));
        assert_eq!(field(&[0x0a, 0x80, 0x01]), Some(3 + 128));
        for other in [&[][..], &[0x0a], &[0x08, 1], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
            assert_eq!(field(other), None, "{other:?}");
        }
    }

    #[test]
    fn framings_are_told_apart() {
        let one = [0x0a, 4, 0x0a, 2, 0x0a, 0];
        assert_eq!(framing(&one), Some(Framing::One));
        assert_eq!(framing(&[&[0x0a, 0], &one[..]].concat()), Some(Framing::One));
        assert_eq!(framing(&[&[8, 0x0a, 0], &one[..]].concat()), Some(Framing::Varint));
        assert_eq!(framing(&[&[6], &one[..]].concat()), Some(Framing::Varint));
        assert_eq!(framing(&[&[0, 0, 0, 6], &one[..]].concat()), Some(Framing::Fixed));
        for other in ["", "\n", "\n\n\n\nhello", "hello", "\n\u{4}abcd", "\0\0\0\0\0\0"] {
            assert_eq!(framing(other.as_bytes()), None, "{other:?}");
        }
    }
}
