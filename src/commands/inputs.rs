//! What the names on the command line stand for: files, directories of them, patterns that no shell has spelt out.

use super::{STDIN, complain};
use crate::dump::{self, DumpError, Format, Summary};
use crate::model::Batch;
use crate::tui::text::plural;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A dump to read.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// It was not named, but lies in a directory or fits a pattern that was.
    pub(super) found: bool,
}

/// Something to read.
pub(super) struct Opened {
    pub(super) input: Input,
    /// For messages.
    pub(super) name: String,
    /// It was not named, as in [`Source`].
    found: bool,
}

/// How it can be read.
pub(super) enum Input {
    /// From its start to its end, once.
    Stream(Box<dyn Read + Send>),
    /// At any place.
    File(Later),
}

/// The dumps that these names stand for, in order, each file once, and what could not be looked into.
pub(super) fn sources(named: &[PathBuf]) -> (Vec<Source>, Vec<DumpError>) {
    let (mut sources, mut failed) = (Vec::new(), Vec::new());
    for path in named {
        let text = path.to_string_lossy();
        if path.is_dir() {
            let before = sources.len() + failed.len();
            directory(path, &mut sources, &mut failed);
            if sources.len() + failed.len() == before {
                failed.push(refused(path, "it is a directory without a file in it"));
            }
        } else if text.contains(['*', '?', '[']) && fs::symlink_metadata(path).is_err() {
            pattern(path, &text, &mut sources, &mut failed);
        } else {
            sources.push(Source { path: path.clone(), found: false });
        }
    }
    let mut seen = HashSet::new();
    sources.retain(|source| {
        !source.path.is_file() || fs::canonicalize(&source.path).map_or(true, |real| seen.insert(real))
    });
    (sources, failed)
}

fn refused(path: &Path, reason: &str) -> DumpError {
    DumpError::unreadable(&path.display().to_string(), &io::Error::other(reason))
}

/// Every file in it and below, by name; what is hidden is left alone.
fn directory(path: &Path, sources: &mut Vec<Source>, failed: &mut Vec<DumpError>) {
    let unreadable = |error: io::Error| DumpError::unreadable(&path.display().to_string(), &error);
    let entries = match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) => return failed.push(unreadable(error)),
    };
    let hidden = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut inside: Vec<_> = entries.into_iter().filter(|entry| !hidden(entry)).collect();
    inside.sort_by_key(fs::DirEntry::file_name);
    for entry in inside {
        // A link to a directory may lead back to this one; a pipe may never say anything.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            directory(&entry.path(), sources, failed);
        } else if fs::metadata(entry.path()).is_ok_and(|file| file.is_file()) {
            sources.push(Source { path: entry.path(), found: true });
        }
    }
}

fn pattern(path: &Path, text: &str, sources: &mut Vec<Source>, failed: &mut Vec<DumpError>) {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::default() };
    let before = sources.len() + failed.len();
    // A link to a directory may lead back to where `**` came from: then the same file is found by many names.
    let mut seen = HashSet::new();
    match glob::glob_with(text, options) {
        Ok(paths) => {
            for found in paths {
                match found {
                    Ok(path) if fs::canonicalize(&path).is_ok_and(|real| !seen.insert(real)) => {}
                    Ok(path) if path.is_dir() => directory(&path, sources, failed),
                    Ok(path) => sources.push(Source { path, found: true }),
                    Err(error) => {
                        let name = error.path().display().to_string();
                        failed.push(DumpError::unreadable(&name, error.error()));
                    }
                }
            }
            if sources.len() + failed.len() == before {
                failed.push(refused(path, "no file fits this pattern"));
            }
        }
        Err(error) => failed.push(refused(path, &format!("the pattern is wrong, {}", error.msg))),
    }
}

/// Opens a dump, or standard input for `-`.
pub(super) fn open(source: &Source) -> Result<Opened, DumpError> {
    let Source { path, found } = source;
    if path.as_os_str() == "-" {
        let input = Input::Stream(Box::new(io::stdin()));
        return Ok(Opened { input, name: STDIN.to_owned(), found: false });
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| DumpError::unreadable(&name, &error))?;
    // A pipe with a name cannot be read at any place.
    let input = if file.metadata().is_ok_and(|of| of.is_file()) {
        Input::File(Later { path: path.clone(), file: Some(file) })
    } else {
        Input::Stream(Box::new(file))
    };
    Ok(Opened { input, name, found: *found })
}

/// The same, but opens a file that was not named only when it is read: a directory may hold more of them than may be
/// open at once.
pub(super) fn open_later(source: &Source) -> Result<Opened, DumpError> {
    if !source.found || !source.path.is_file() {
        return open(source);
    }
    let later = Later { path: source.path.clone(), file: None };
    Ok(Opened { input: Input::File(later), name: source.path.display().to_string(), found: true })
}

/// A file, opened when it is read.
pub(super) struct Later {
    path: PathBuf,
    file: Option<File>,
}

impl Later {
    fn file(&mut self) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(File::open(&self.path)?)),
        }
    }
}

impl Read for Later {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file()?.read(into)
    }
}

impl Seek for Later {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file()?.seek(to)
    }
}

impl Opened {
    /// A dump that is built in.
    pub(super) fn built_in(bytes: &'static [u8], name: &str) -> Self {
        Self { input: Input::Stream(Box::new(bytes)), name: name.to_owned(), found: false }
    }

    /// Reads it as [`dump::read`] does.
    pub(super) fn read(
        &mut self,
        from: Option<&'static Format>,
        sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
    ) -> Result<Summary, DumpError> {
        match &mut self.input {
            Input::Stream(input) => dump::read(input, &self.name, from, sink),
            Input::File(file) => dump::read_file(file, &self.name, from, sink),
        }
    }

    /// Whether it is no failure that nothing could be read: between dumps of a directory may lie anything.
    pub(super) fn may_be_else(&self) -> bool {
        self.found
    }
}

/// Whether a failure only says that a file that nobody named is no dump. It is said, and is no failure.
pub(super) fn is_passed_over(found: bool, error: &DumpError) -> bool {
    let no_dump = matches!(
        error,
        DumpError::Unknown { .. }
            | DumpError::Nothing { .. }
            | DumpError::Empty { .. }
            | DumpError::NoSpans { .. }
            | DumpError::NoMember { .. }
    );
    found && no_dump
}

/// How many files that are no dumps are named.
const NAMED: u64 = 3;

/// The same where no screen is in the way: the first are said at once, and at the end how many more there were.
#[derive(Default)]
pub(super) struct PassedOver {
    files: u64,
}

impl PassedOver {
    /// Whether a failure only says that a file that nobody named is no dump.
    pub(super) fn is(&mut self, found: bool, error: &DumpError) -> bool {
        let passed_over = is_passed_over(found, error);
        self.files += u64::from(passed_over);
        if passed_over && self.files <= NAMED {
            complain(&format_args!("passed over: {error}"));
        }
        passed_over
    }

    /// What could not be read of an archive, as of a directory: what is no dump is said here, and is no failure.
    pub(super) fn failed_members<'a>(&mut self, read: &'a Summary) -> Vec<&'a DumpError> {
        read.failed.iter().filter(|error| !self.is(true, error)).collect()
    }

    /// Says how many more there were.
    pub(super) fn conclude(&self) {
        if self.files > NAMED {
            let more = plural(self.files - NAMED, "more file");
            complain(&format_args!("passed over: {more} without spans"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_patterns_are_spelt_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("b/.hidden")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        for name in ["z.jsonl", "a.jsonl", "b/c.json", ".x.jsonl", "b/.hidden/y.jsonl"] {
            fs::write(at(name), "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), at("b/round")).unwrap();
        let names = |named: &[PathBuf]| {
            let (sources, failed) = sources(named);
            let name = |s: &Source| s.path.strip_prefix(dir.path()).unwrap_or(&s.path).display().to_string();
            let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
            (sources.iter().map(name).collect::<Vec<_>>().join(" "), failed)
        };
        assert_eq!(names(&[dir.path().to_owned()]), ("a.jsonl b/c.json z.jsonl".to_owned(), vec![]));
        assert_eq!(names(&[at("*.jsonl"), "-".into()]), ("a.jsonl z.jsonl -".to_owned(), vec![]));
        assert_eq!(names(&[at("**/*.json")]), ("b/c.json".to_owned(), vec![]));
        let again = [at("z.jsonl"), dir.path().to_owned(), at("b/../z.jsonl")];
        assert_eq!(names(&again), ("z.jsonl a.jsonl b/c.json".to_owned(), vec![]));
        let (none, failed) = names(&[at("empty"), at("*.pb"), at("a[.x")]);
        assert_eq!((none.as_str(), failed.len()), ("", 3));
        assert!(failed[0].contains("a directory without a file"), "{failed:?}");
        assert!(failed[1].contains("no file fits this pattern"), "{failed:?}");
        assert!(failed[2].contains("the pattern is wrong"), "{failed:?}");
        // A file that is named like a pattern is that file.
        fs::write(at("a[1].json"), "x").unwrap();
        assert_eq!(names(&[at("a[1].json")]), ("a[1].json".to_owned(), vec![]));
    }
}
