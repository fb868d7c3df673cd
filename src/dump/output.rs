//! Writing dumps: requests in, records of a format out, compressed where the name asks for it.

use super::{DumpError, FORMATS, Format, Records};
use crate::otlp::Loss;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};

/// Names of the formats that can be written.
pub fn written_formats() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(|format| format.write.is_some()).map(|format| format.name)
}

/// What a dump's name says of how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    start: fn() -> Box<dyn Records>,
    packing: Packing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Packing {
    None,
    Gzip,
    Zstd,
}

/// Extensions that ask for compression.
const PACKINGS: [(&str, Packing); 3] =
    [(".gz", Packing::Gzip), (".zst", Packing::Zstd), (".zstd", Packing::Zstd)];

/// The level that zstd's own authors take for the default.
const ZSTD_LEVEL: i32 = 3;

impl Target {
    /// What the extensions of a name ask for; `-` is OTLP/JSON lines.
    pub fn of(name: &str) -> Result<Self, DumpError> {
        Self::to(name, None)
    }

    /// The same, but in this format if there is one; an extension that asks for compression still does.
    pub fn to(name: &str, format: Option<&Format>) -> Result<Self, DumpError> {
        let packed = PACKINGS.iter().find_map(|(end, packing)| Some((name.strip_suffix(end)?, *packing)));
        let (bare, packing) = packed.unwrap_or((name, Packing::None));
        let bare = if name == "-" { "-.jsonl" } else { bare };
        match format.or_else(|| by_extension(bare)).and_then(|format| format.write) {
            Some(start) => Ok(Self { start, packing }),
            None => {
                let writers = FORMATS.iter().filter(|format| format.write.is_some());
                let row = |format: &&Format| {
                    let own = |end: &&&str| {
                        by_extension(&format!("-.{end}")).is_some_and(|f| f.name == format.name)
                    };
                    let ends = format.extensions.iter().filter(own).map(|end| format!(".{end}"));
                    format!("{} ({})", ends.collect::<Vec<_>>().join(" "), format.name)
                };
                let known = writers.map(row).collect::<Vec<_>>().join(", ");
                Err(DumpError::NoWriter { name: name.to_owned(), known })
            }
        }
    }
}

impl Target {
    /// Whether pieces that are written one by one make a dump when they stand behind each other.
    pub fn is_record_by_record(&self) -> bool {
        (self.start)().stand_alone()
    }

    /// Whether it is compressed.
    pub fn is_packed(&self) -> bool {
        self.packing != Packing::None
    }
}

/// A name without the extension that asks for compression, and that extension.
pub fn without_packing(name: &str) -> (&str, &str) {
    let packed = PACKINGS.iter().find_map(|(end, _)| Some((name.strip_suffix(end)?, *end)));
    packed.unwrap_or((name, ""))
}

/// The format that is written to a file of this name: of two extensions that fit, the longer one counts.
pub(super) fn by_extension(bare: &str) -> Option<&'static Format> {
    let fitting = |format: &&'static Format| {
        let ends = |end: &&&str| bare.strip_suffix(**end).is_some_and(|stem| stem.ends_with('.'));
        let longest = format.extensions.iter().filter(ends).map(|end| end.len()).max();
        longest.map(|longest| (longest, *format))
    };
    let written = FORMATS.iter().filter(|format| format.write.is_some()).filter_map(fitting);
    // Of two that fit equally, the first one in the table.
    written.rev().max_by_key(|(longest, _)| *longest).map(|(_, format)| format)
}

/// A dump that is being written.
pub struct Output<W: Write> {
    records: Box<dyn Records>,
    /// Spans were written.
    spans: bool,
    sink: Sink<W>,
    /// A record, before it goes on its way.
    buffer: Vec<u8>,
    losses: BTreeSet<Loss>,
}

enum Sink<W: Write> {
    Plain(BufWriter<W>),
    Gzip(GzEncoder<BufWriter<W>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<W>>),
}

impl<W: Write> Output<W> {
    /// A dump without a record yet.
    pub fn new(target: Target, into: W) -> io::Result<Self> {
        let into = BufWriter::with_capacity(1 << 16, into);
        let sink = match target.packing {
            Packing::None => Sink::Plain(into),
            Packing::Gzip => Sink::Gzip(GzEncoder::new(into, Compression::default())),
            Packing::Zstd => Sink::Zstd(zstd::stream::write::Encoder::new(into, ZSTD_LEVEL)?),
        };
        let records = (target.start)();
        Ok(Self { records, spans: false, sink, buffer: Vec::new(), losses: BTreeSet::new() })
    }

    /// Writes an `ExportTraceServiceRequest`.
    pub fn put(&mut self, request: &[u8]) -> io::Result<()> {
        self.spans = true;
        self.buffer.clear();
        let losses = &mut self.losses;
        self.records.put(request, &mut self.buffer, &mut |loss| {
            losses.insert(loss);
        });
        self.write()
    }

    /// Writes an `ExportLogsServiceRequest`.
    pub fn put_logs(&mut self, request: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        let losses = &mut self.losses;
        self.records.put_logs(request, &mut self.buffer, &mut |loss| {
            losses.insert(loss);
        });
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(&self.buffer),
            Sink::Gzip(sink) => sink.write_all(&self.buffer),
            Sink::Zstd(sink) => sink.write_all(&self.buffer),
        }
    }

    /// Writes what is left. Answers what the format could not carry.
    pub fn finish(self) -> io::Result<BTreeSet<Loss>> {
        let spans = self.spans;
        let (_, mut losses) = self.into_inner()?;
        // Whoever writes log records cannot know whether there are spans beside them.
        if !spans {
            losses.remove(&Loss::MixedSignals);
        }
        Ok(losses)
    }

    /// Writes what is left. Answers where it was written to, and what the format could not carry were there spans.
    pub fn into_inner(mut self) -> io::Result<(W, BTreeSet<Loss>)> {
        self.buffer.clear();
        self.records.finish(&mut self.buffer);
        self.write()?;
        let rest = match self.sink {
            Sink::Plain(sink) => sink,
            Sink::Gzip(sink) => sink.finish()?,
            Sink::Zstd(sink) => sink.finish()?,
        };
        let mut into = rest.into_inner().map_err(io::IntoInnerError::into_error)?;
        into.flush()?;
        Ok((into, self.losses))
    }
}
