//! Writing dumps: requests in, records of a format out, compressed where the name asks for it.

use super::{DumpError, FORMATS, Format, Record};
use crate::otlp::Loss;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};

/// What a dump's name says of how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    record: Record,
    logs: Option<Record>,
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
        let packed = PACKINGS.iter().find_map(|(end, packing)| Some((name.strip_suffix(end)?, *packing)));
        let (bare, packing) = packed.unwrap_or((name, Packing::None));
        let extension = if name == "-" { "jsonl" } else { bare.rsplit_once('.').map_or("", |(_, end)| end) };
        let written = |format: &&&Format| format.write.is_some() && format.extensions.contains(&extension);
        match FORMATS.iter().find(written).and_then(|format| Some((format.write?, format.write_logs))) {
            Some((record, logs)) => Ok(Self { record, logs, packing }),
            None => {
                let writers = FORMATS.iter().filter(|format| format.write.is_some());
                let row = |format: &&Format| {
                    let ends = format.extensions.iter().map(|end| format!(".{end}"));
                    format!("{} ({})", ends.collect::<Vec<_>>().join(" "), format.name)
                };
                let known = writers.map(row).collect::<Vec<_>>().join(", ");
                Err(DumpError::NoWriter { name: name.to_owned(), known })
            }
        }
    }
}

/// A dump that is being written.
pub struct Output<W: Write> {
    target: Target,
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
        Ok(Self { target, spans: false, sink, buffer: Vec::new(), losses: BTreeSet::new() })
    }

    /// Writes an `ExportTraceServiceRequest`.
    pub fn put(&mut self, request: &[u8]) -> io::Result<()> {
        self.spans = true;
        self.write(self.target.record, request)
    }

    /// Writes an `ExportLogsServiceRequest`.
    pub fn put_logs(&mut self, request: &[u8]) -> io::Result<()> {
        match self.target.logs {
            Some(record) => self.write(record, request),
            None => {
                self.losses.insert(Loss::Logs);
                Ok(())
            }
        }
    }

    fn write(&mut self, record: Record, request: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        let losses = &mut self.losses;
        record(request, &mut self.buffer, &mut |loss| {
            losses.insert(loss);
        });
        match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(&self.buffer),
            Sink::Gzip(sink) => sink.write_all(&self.buffer),
            Sink::Zstd(sink) => sink.write_all(&self.buffer),
        }
    }

    /// Writes what is left. Answers what the format could not carry.
    pub fn finish(mut self) -> io::Result<BTreeSet<Loss>> {
        // Whoever writes log records cannot know whether there are spans beside them.
        if !self.spans {
            self.losses.remove(&Loss::MixedSignals);
        }
        let mut rest = match self.sink {
            Sink::Plain(sink) => sink,
            Sink::Gzip(sink) => sink.finish()?,
            Sink::Zstd(sink) => sink.finish()?,
        };
        rest.flush()?;
        Ok(self.losses)
    }
}
