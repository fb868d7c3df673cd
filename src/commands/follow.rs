//! A file that grows: read on as it does, and anew from its start when it was cut or another one took its name.

use super::wall_clock_ns;
use crate::dump::{self, DumpError, Format};
use crate::intake::{self, Intake};
use crate::model::{Batch, Origin, Rejection};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// How often it is looked whether there is more.
const POLL: Duration = Duration::from_millis(100);

/// How many times in a row there may be nothing more before it is said that nothing comes: a printer may be in the
/// middle of a span.
const QUIET_AFTER: u32 = 5;

/// A file whose end is waited at, until it is no longer the one of its name.
struct Following<'a> {
    path: &'a Path,
    file: File,
    at: u64,
    /// How many times in a row there was nothing more.
    quiet: u32,
    /// What happened to it.
    over: Option<&'static str>,
}

impl Read for Following<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.file.read(into)?;
            if n > 0 {
                self.at += n as u64;
                self.quiet = 0;
                return Ok(n);
            }
            if self.over.is_some() {
                return Ok(0);
            }
            self.over = self.what_happened()?;
            // What was written just before that is read still, and a writer that goes on is not asked too often.
            if self.over.is_none() {
                sleep(POLL);
                self.quiet = self.quiet.saturating_add(1);
                if self.quiet == QUIET_AFTER {
                    return Err(dump::QUIET.into());
                }
            }
        }
    }
}

impl Following<'_> {
    fn what_happened(&self) -> io::Result<Option<&'static str>> {
        let ours = self.file.metadata()?;
        if ours.len() < self.at {
            return Ok(Some("truncated"));
        }
        // Between the old and the new one there may be none.
        let Ok(named) = fs::metadata(self.path) else { return Ok(None) };
        Ok((!same(&ours, &named)).then_some("rotated"))
    }
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

/// Follows a file until nobody wants its batches any more. They arrive when they are read.
pub(super) fn follow(
    path: &PathBuf,
    from: Option<&'static Format>,
    intake: &Intake,
) -> Result<(), DumpError> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| DumpError::unreadable(&name, &error);
    for reading in 1.. {
        // Read anew, its lines are counted anew too, and a span that was there before has not been sent twice.
        let source = if reading == 1 { name.clone() } else { format!("{name}, reading {reading}") };
        let format = match from {
            Some(format) => format,
            None => format_when_known(path, &name).map_err(unreadable)?,
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut following = Following { path, file, at: 0, quiet: 0, over: None };
        let mut wanted = true;
        let read = dump::read(&mut following, &source, Some(format), &mut |mut batch| {
            batch.arrived_ns = wall_clock_ns();
            wanted = intake.send_blocking(batch).is_ok();
            if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if !wanted {
            return Ok(());
        }
        let mut said = Batch::empty(name.as_str().into(), Origin::Dump(format.name), wall_clock_ns());
        match (following.over, read) {
            (Some(happened), _) => {
                said.remarks.push(format!("{name} was {happened}: read anew from its start"));
            }
            // It breaks off where nothing can be read further: the next bytes would be no better.
            (None, Err(error)) => return Err(error),
            (None, Ok(_)) => {
                said.rejections.push(Rejection::new(
                    name.as_str(),
                    "it cannot be read further, and is no longer followed",
                ));
            }
        }
        let over = following.over.is_none();
        if intake.send_blocking(said) == Err(intake::Closed) || over {
            return Ok(());
        }
        wait_for(path);
    }
    Ok(())
}

/// Waits until there is a file of this name.
fn wait_for(path: &Path) {
    while fs::metadata(path).is_err() {
        sleep(POLL);
    }
}

/// The format of a file, once there is enough of it to tell.
fn format_when_known(path: &Path, name: &str) -> io::Result<&'static Format> {
    let mut looked_at = 0;
    loop {
        wait_for(path);
        let size = fs::metadata(path)?.len();
        if size != looked_at {
            looked_at = size;
            if let Some(format) = dump::find_format(File::open(path)?, name)? {
                return Ok(format);
            }
        }
        sleep(POLL);
    }
}
