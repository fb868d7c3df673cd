//! The file of a recording: whole records only, one file after the other.
//!
//! What is written at a time can be read by itself: lines or messages, compressed or not. So a file is whole up to the
//! last of these writes, whatever ends it. A write that fails halfway is taken back.

use crate::dump::{DumpError, Output, Target, without_packing};
use crate::model::Batch;
use crate::otlp::Loss;
use crate::tui::text::plural;
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Requests that are compressed together, bytes: less would pack worse, more would lose more.
const TOGETHER: u64 = 1 << 20;

/// When a file is followed by the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rotation {
    /// A file grows no larger, bytes; a single record may.
    pub(super) max_size: Option<u64>,
    /// So many earlier files stay.
    pub(super) keep: usize,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) spans: u64,
    pub(super) logs: u64,
}

impl Held {
    fn add(&mut self, other: Self) {
        self.spans += other.spans;
        self.logs += other.logs;
    }
}

/// A file that is being written, and those before it.
pub(super) struct Recording {
    path: PathBuf,
    target: Target,
    rotation: Rotation,
    sink: Sink,
    /// Bytes in the file.
    size: u64,
    /// What is to be written next, and how much went into it.
    next: Option<Output<Vec<u8>>>,
    next_bytes: u64,
    next_held: Held,
    /// What is in the file, and in those before it, the latest first.
    held: Held,
    earlier: VecDeque<Held>,
    deleted: (u64, Held),
    /// Files of others, older than ours, that gave way.
    overwritten: u64,
    losses: BTreeSet<Loss>,
    remarks: Vec<String>,
}

/// Where it goes.
enum Sink {
    StandardOutput,
    /// A device or a pipe, which can be written and nothing else.
    Stream(File),
    /// A file of ours.
    File(File),
    /// A file with something in it, which stays until there is something to write.
    Later,
}

impl Recording {
    /// Looks whether it can be written.
    pub(super) fn begin(path: &Path, target: Target, rotation: Rotation) -> Result<Self, DumpError> {
        let name = path.display().to_string();
        let refused = |error: io::Error| DumpError::unwritable(&name, &error);
        let sink = if name == "-" {
            Sink::StandardOutput
        } else {
            let file = OpenOptions::new().create(true).append(true).open(path).map_err(refused)?;
            let about = file.metadata().map_err(refused)?;
            match (about.is_file(), about.len()) {
                (true, 0) => Sink::File(file),
                (true, _) => Sink::Later,
                (false, _) => Sink::Stream(file),
            }
        };
        if rotation.max_size.is_some() && !matches!(sink, Sink::File(_) | Sink::Later) {
            return Err(refused(io::Error::other(
                "it is no file that another could follow; leave --max-size out",
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            target,
            rotation,
            sink,
            size: 0,
            next: None,
            next_bytes: 0,
            next_held: Held::default(),
            held: Held::default(),
            earlier: VecDeque::new(),
            deleted: (0, Held::default()),
            overwritten: 0,
            losses: BTreeSet::new(),
            remarks: Vec::new(),
        })
    }

    /// Takes the requests of a batch. Plain, they are written at once; compressed, when they are many.
    pub(super) fn put(&mut self, batch: &Batch) -> io::Result<()> {
        let next = match &mut self.next {
            Some(next) => next,
            empty => empty.insert(Output::new(self.target, Vec::new())?),
        };
        if !batch.records.is_empty() {
            next.put(&batch.bytes)?;
        }
        if !batch.logs.records.is_empty() {
            next.put_logs(&batch.logs.bytes)?;
        }
        self.next_bytes += (batch.bytes.len() + batch.logs.bytes.len()) as u64;
        self.next_held.add(Held { spans: batch.records.len() as u64, logs: batch.logs.records.len() as u64 });
        let together = self.rotation.max_size.map_or(TOGETHER, |size| size.min(TOGETHER));
        if self.target.is_packed() && self.next_bytes < together { Ok(()) } else { self.flush() }
    }

    /// Writes what has gathered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(next) = self.next.take() else { return Ok(()) };
        self.next_bytes = 0;
        let (bytes, losses) = next.into_inner()?;
        self.losses.extend(losses);
        let full = |max: u64| self.size > 0 && self.size + bytes.len() as u64 > max;
        if matches!(self.sink, Sink::Later) || self.rotation.max_size.is_some_and(full) {
            self.rotate()?;
        }
        self.write(&bytes)?;
        self.size += bytes.len() as u64;
        self.held.add(std::mem::take(&mut self.next_held));
        Ok(())
    }

    /// Writes all of it or, where there can be a choice, nothing.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::StandardOutput => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Sink::Stream(file) => file.write_all(bytes),
            Sink::File(file) => file.write_all(bytes).inspect_err(|_| {
                // If this fails too, a reader says what is cut off.
                let _ = file.set_len(self.size);
            }),
            Sink::Later => Ok(()),
        }
    }

    /// The file becomes an earlier one, and a new one begins.
    fn rotate(&mut self) -> io::Result<()> {
        let was_there = matches!(self.sink, Sink::Later);
        let keep = self.rotation.keep;
        let free = (1..=keep).find(|n| !numbered(&self.path, *n).exists());
        let last = free.unwrap_or(keep);
        // The oldest gives way; whether it is one of ours is counted below.
        self.overwritten += u64::from(free.is_none() && keep > self.earlier.len());
        for n in (1..last).rev() {
            fs::rename(numbered(&self.path, n), numbered(&self.path, n + 1))?;
        }
        if keep > 0 {
            fs::rename(&self.path, numbered(&self.path, 1))?;
        } else {
            fs::remove_file(&self.path)?;
        }
        if was_there {
            let name = self.path.display();
            self.remarks.push(match keep {
                0 => format!("the {name} that was there is overwritten"),
                _ => format!("the {name} that was there is now {}", numbered(&self.path, 1).display()),
            });
        } else {
            self.earlier.push_front(std::mem::take(&mut self.held));
        }
        while self.earlier.len() > keep {
            self.deleted.0 += 1;
            self.deleted.1.add(self.earlier.pop_back().unwrap_or_default());
        }
        let file = OpenOptions::new().create_new(true).append(true).open(&self.path)?;
        (self.sink, self.size) = (Sink::File(file), 0);
        Ok(())
    }

    /// What can be read in the files that are there.
    pub(super) fn written(&self) -> Held {
        let mut held = self.held;
        self.earlier.iter().for_each(|earlier| held.add(*earlier));
        held
    }

    /// What was taken and could not be written.
    pub(super) fn unwritten(&self) -> Held {
        self.next_held
    }

    /// The names of the files that hold something.
    pub(super) fn files(&self) -> String {
        let earlier = self.earlier.len();
        // A file that got nothing is none: its disk was full.
        let is_empty = matches!(self.sink, Sink::File(_)) && self.size == 0 && earlier > 0;
        let (path, before) =
            if is_empty { (numbered(&self.path, 1), earlier - 1) } else { (self.path.clone(), earlier) };
        let (name, oldest) = (path.display(), numbered(&self.path, earlier));
        match before {
            0 if matches!(self.sink, Sink::StandardOutput) => "standard output".to_owned(),
            0 => name.to_string(),
            1 => format!("{name} and {}", oldest.display()),
            n => format!("{name} and {n} before it, the oldest in {}", oldest.display()),
        }
    }

    /// What else is to be said of the files.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = self.remarks.clone();
        let (files, Held { spans, logs }) = self.deleted;
        if files > 0 {
            let (spans, logs) = (plural(spans, "span"), plural(logs, "log record"));
            let keep = self.rotation.keep;
            remarks.push(format!(
                "deleted: {} with {spans} and {logs}, the oldest, as --keep {keep} says",
                plural(files, "file")
            ));
        }
        if self.overwritten > 0 {
            let files = plural(self.overwritten, "file");
            let keep = self.rotation.keep;
            remarks.push(format!("deleted: {files} from before this recording, as --keep {keep} says"));
        }
        let spans = self.written().spans > 0;
        // Log records alone are mixed with nothing.
        let said = self.losses.iter().filter(|loss| spans || **loss != Loss::MixedSignals);
        remarks.extend(said.map(|loss| format!("note: {}", loss.sentence())));
        remarks
    }
}

impl Drop for Recording {
    /// A file that was made to see whether that can be, and got nothing, goes.
    fn drop(&mut self) {
        if let Sink::File(file) = &self.sink
            && file.metadata().is_ok_and(|about| about.len() == 0)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The name of an earlier file: `traces.2.jsonl.gz`.
fn numbered(path: &Path, n: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (bare, packing) = without_packing(&name);
    let (stem, extension) = bare.rsplit_once('.').unwrap_or((bare, ""));
    path.with_file_name(format!("{stem}.{n}.{extension}{packing}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump;
    use crate::testkit::by_end;
    use std::ops::ControlFlow;

    fn batches() -> Vec<Batch> {
        by_end("GET /a  shop  server  0..100\n  query  shop  client  10..20\n  query  shop  client  30..40\n")
    }

    fn spans(path: &Path) -> (u64, u64) {
        let file = File::open(path).unwrap();
        let read = dump::read(file, &path.display().to_string(), None, &mut |_| ControlFlow::Continue(()));
        read.map_or((0, 0), |read| (read.spans, read.rejected))
    }

    fn begin(path: &Path, rotation: Rotation) -> Recording {
        Recording::begin(path, Target::of(&path.display().to_string()).unwrap(), rotation).unwrap()
    }

    #[test]
    fn every_write_can_be_read_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.jsonl", "a.binpb", "a.jsonl.gz", "a.binpb.gz", "a.jsonl.zst", "a.binpb.zst"] {
            let path = dir.path().join(name);
            let mut recording = begin(&path, Rotation { max_size: None, keep: 1 });
            let mut ends = vec![0];
            for batch in batches() {
                recording.put(&batch).unwrap();
                recording.flush().unwrap();
                ends.push(fs::metadata(&path).unwrap().len());
            }
            assert_eq!(recording.written(), Held { spans: 3, logs: 0 }, "{name}");
            let whole = fs::read(&path).unwrap();
            for cut in ends[1]..whole.len() as u64 {
                fs::write(&path, &whole[..cut as usize]).unwrap();
                let least = ends.iter().filter(|end| **end <= cut).count() as u64 - 1;
                let (read, rejected) = spans(&path);
                assert!(read >= least, "{name} cut at {cut}: {read}");
                assert!(rejected > 0 || ends.contains(&cut) || read > least, "{name} cut at {cut}: said");
            }
        }
    }

    #[test]
    fn a_full_file_is_followed_by_the_next_and_the_oldest_is_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("traces.jsonl.gz");
        fs::write(&path, "mine").unwrap();
        let mut recording = begin(&path, Rotation { max_size: Some(10), keep: 2 });
        for batch in batches().iter().cycle().take(5) {
            recording.put(batch).unwrap();
        }
        recording.flush().unwrap();
        let mut names: Vec<_> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["traces.1.jsonl.gz", "traces.2.jsonl.gz", "traces.jsonl.gz"]);
        assert_eq!(recording.written().spans, 3);
        for name in names {
            assert_eq!(spans(&dir.path().join(name)), (1, 0));
        }
        let remarks = recording.remarks();
        assert!(remarks[0].contains("that was there is now "), "{remarks:?}");
        assert!(remarks[1].starts_with("deleted: 2 files with 2 spans and 0 log records"), "{remarks:?}");
        assert!(remarks[2].starts_with("deleted: 1 file from before"), "{remarks:?}");
    }

    #[test]
    fn a_file_that_got_nothing_is_not_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("traces.jsonl");
        drop(begin(&path, Rotation { max_size: None, keep: 1 }));
        assert!(!path.exists());
        fs::write(&path, "mine").unwrap();
        drop(begin(&path, Rotation { max_size: None, keep: 1 }));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
