//! Files: one file a format, one table. Every reader turns what it finds into batches of walked protobuf; where it makes
//! sense to write a format, the same file knows how.
//!
//! A reader holds one record at a time, however large the file; a record that is bad is a rejection with its
//! place, and the rest is read on. Compressed files are inflated on the way, zip archives member by member. Knows [`model`](crate::model) and
//! [`otlp`](crate::otlp) only; who opens files and where batches go is the caller's.

mod archive;
mod block;
mod collector_debug;
mod console;
mod console_object;
mod console_objects;
mod console_span;
mod dotnet_console;
mod draft;
mod error;
mod frames;
mod gather;
mod go_stdout;
mod headless;
mod inflated;
mod input;
mod inspect;
mod jaeger;
mod jaeger_span;
mod jaeger_write;
mod java_logging;
mod looks;
mod node_console;
mod otlp_json;
mod otlp_parts;
mod otlp_protobuf;
mod outlet;
mod output;
pub mod pace;
mod prefix;
mod printed;
mod rust_stdout;
mod scan;
mod terminal;
#[cfg(test)]
mod tests;
mod wrapped;
mod writing;
mod zipkin;
mod zipkin_shared;
mod zipkin_span;
mod zipkin_write;

use crate::model::Batch;
use crate::otlp::Loss;
use input::Input;
use outlet::Outlet;
use std::io::{BufReader, Cursor, Read, Seek};
use std::ops::ControlFlow;

pub use error::DumpError;
pub use input::QUIET;
pub use output::{Output, Target, without_packing, written_formats};

/// A dump format: adding one is a file with such a constant, and a word in [`FORMATS`].
pub struct Format {
    /// Its name on the command line and in [`Origin::Dump`](crate::model::Origin::Dump).
    pub name: &'static str,
    /// What it is and who writes it, one line.
    pub summary: &'static str,
    /// Usual extensions, without the dot; they decide where the content fits several formats.
    pub extensions: &'static [&'static str],
    sniff: fn(&[u8]) -> Guess,
    read: fn(&mut Input<'_>, &mut Outlet<'_>) -> ControlFlow<()>,
    /// Formats that lose much of a span are read only.
    write: Option<fn() -> Box<dyn Records>>,
}

/// Takes what a format cannot carry, once or more.
type Lost<'a> = dyn FnMut(Loss) + 'a;

/// Writes a dump of one format.
trait Records: Send {
    /// Appends what can be written of an `ExportTraceServiceRequest` already; what the format cannot carry is handed
    /// over.
    fn put(&mut self, request: &[u8], out: &mut Vec<u8>, lost: &mut Lost<'_>);

    /// The same for an `ExportLogsServiceRequest`; most formats have no log records.
    fn put_logs(&mut self, _request: &[u8], _out: &mut Vec<u8>, lost: &mut Lost<'_>) {
        lost(Loss::Logs);
    }

    /// Appends what is left.
    fn finish(&mut self, _out: &mut Vec<u8>) {}

    /// Whether a request is a record of its own, and not a part of one document.
    fn stand_alone(&self) -> bool {
        false
    }
}

/// What a format says of the start of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    No,
    Perhaps,
    Sure,
}

/// Every format that can be read, in the order in which they are asked.
pub const FORMATS: &[&Format] = &[
    &otlp_json::FORMAT,
    &jaeger::FORMAT,
    &zipkin::FORMAT,
    &console::FORMAT,
    &node_console::FORMAT,
    &go_stdout::FORMAT,
    &dotnet_console::FORMAT,
    &java_logging::FORMAT,
    &rust_stdout::FORMAT,
    &collector_debug::FORMAT,
    &otlp_protobuf::FORMAT,
];

/// How much of a file is looked at, at most, to find its format: console text may start with pages of other output.
const HEAD: usize = 4 << 20;

/// The format with this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name).copied()
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Name of the format.
    pub format: &'static str,
    /// Size, inflated.
    pub bytes: u64,
    /// Batches sent.
    pub batches: u64,
    /// Spans in them.
    pub spans: u64,
    /// Spans and records that could not be taken.
    pub rejected: u64,
    /// Log records in them.
    pub logs: u64,
    /// Log records in a form that is not kept.
    pub log_records: u64,
    /// Metrics that came along.
    pub metrics: u64,
    /// Members of an archive that could not be read at all, where others could.
    pub failed: Vec<DumpError>,
}

/// Reads a dump from `input` and hands its batches to `sink` as they come, until that breaks off.
///
/// `name` stands for the input in messages, positions and [`Batch::source`]. The format is `from`, or else found by
/// content. Of an input that ends too early or fails on the way, what could be read is delivered, and a rejection
/// says where it ended. Not an error: an early [`ControlFlow::Break`].
pub fn read(
    input: impl Read,
    name: &str,
    from: Option<&'static Format>,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, DumpError> {
    let mut input = Input::open(input).map_err(|error| DumpError::unreadable(name, &error))?;
    match input.compression() {
        "zip" => archive::read(Cursor::new(archive::whole(&mut input, name)?), name, from, sink),
        _ => read_one(input, name, from, sink),
    }
}

/// The same of a file, read from its start, which can be read at any place: an archive in it may be of any size.
pub fn read_file(
    mut file: impl Read + Seek,
    name: &str,
    from: Option<&'static Format>,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, DumpError> {
    let mut magic = Vec::new();
    let begun = file.by_ref().take(8).read_to_end(&mut magic).and_then(|_| file.rewind());
    begun.map_err(|error| DumpError::unreadable(name, &error))?;
    match input::packed_with(&magic) {
        "zip" => archive::read(BufReader::new(file), name, from, sink),
        _ => read(file, name, from, sink),
    }
}

/// The format of what is there of a dump already, if that tells.
pub fn find_format(input: impl Read, name: &str) -> std::io::Result<Option<&'static Format>> {
    Ok(sniff(&mut Input::open(input)?, name))
}

/// Reads one dump, which is not an archive of them.
fn read_one(
    mut input: Input<'_>,
    name: &str,
    from: Option<&'static Format>,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, DumpError> {
    let unreadable = |error: std::io::Error| DumpError::unreadable(name, &error);
    let format = match from {
        Some(format) => {
            input.more();
            Some(format)
        }
        None => sniff(&mut input, name),
    };
    if input.available().is_empty() {
        return Err(match input.take_failure() {
            Some(error) => unreadable(error),
            None => DumpError::Empty { name: name.to_owned() },
        });
    }
    let Some(format) = format else {
        if let Some(what) = looks::empty_answer(input.available()) {
            return Err(DumpError::Nothing { name: name.to_owned(), what });
        }
        let looks = looks::like(input.available(), input.compression());
        return Err(DumpError::Unknown { name: name.to_owned(), looks });
    };
    let mut outlet = Outlet::new(name, format.name, sink);
    let flow = (format.read)(&mut input, &mut outlet);
    if let Some(error) = input.take_failure() {
        let position = outlet.at_byte(input.offset() + input.available().len() as u64);
        outlet.fail(position, format!("the file cannot be read further: {error}"));
    }
    let flow = if flow.is_continue() { outlet.flush() } else { flow };
    let summary = Summary { bytes: input.offset(), ..outlet.summary() };
    if summary.spans + summary.logs == 0 && flow.is_continue() {
        let cause = outlet.why_nothing();
        let told = summary.rejected > 0;
        return Err(DumpError::NoSpans { name: name.to_owned(), format: format.name, cause, told });
    }
    Ok(summary)
}

/// The format of what comes, by as little of it as is needed: a pipe may be slow.
fn sniff(input: &mut Input<'_>, name: &str) -> Option<&'static Format> {
    let bare = [".gz", ".zst", ".zstd", ".xz"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let extension = bare.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut seen = 0;
    loop {
        let more = input.more();
        let head = input.available();
        // Not after every line that a slow pipe hands out: that would be quadratic.
        if more && head.len() < HEAD && head.len() > 64 << 10 && head.len() < seen + seen / 8 {
            continue;
        }
        seen = head.len();
        if let Some(format) = FORMATS.iter().find(|format| (format.sniff)(head) == Guess::Sure) {
            return Some(format);
        }
        if !more || head.len() >= HEAD {
            let mut fitting: Vec<_> =
                FORMATS.iter().filter(|format| (format.sniff)(head) == Guess::Perhaps).collect();
            fitting.sort_by_key(|format| !format.extensions.contains(&extension));
            return fitting.first().map(|format| **format);
        }
    }
}
