//! Zip archives: every member is a dump of its own, whatever its format.

use super::inflated::{Count, Inflated};
use super::input::Input;
use super::{DumpError, Format, Summary, read_one};
use crate::model::Batch;
use bytes::Bytes;
use std::cell::Cell;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::rc::Rc;
use zip::ZipArchive;

/// An archive that comes down a pipe may be as large as this, bytes, as it is packed: what tells its members stands at
/// its end.
const LARGEST: usize = 256 << 20;

/// All of an archive that cannot be read at any place.
pub(super) fn whole(input: &mut Input<'_>, name: &str) -> Result<Bytes, DumpError> {
    if input.at_least(LARGEST + 1) {
        let reason =
            format!("a zip archive of more than {} MiB from a pipe; name its file instead", LARGEST >> 20);
        return Err(DumpError::Unreadable { name: name.to_owned(), reason });
    }
    match input.take_failure() {
        Some(error) => Err(DumpError::unreadable(name, &error)),
        None => Ok(input.take(LARGEST)),
    }
}

/// Reads the members one after the other. Those that cannot be read are in [`Summary::failed`], unless none can.
pub(super) fn read(
    mut archive: impl Read + Seek,
    name: &str,
    from: Option<&'static Format>,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, DumpError> {
    let size = archive.seek(SeekFrom::End(0)).map_err(|error| DumpError::unreadable(name, &error))?;
    let (packed, inflated) = (Rc::new(Cell::new(size)), Count::default());
    let mut archive = ZipArchive::new(archive).map_err(|error| DumpError::Unreadable {
        name: name.to_owned(),
        reason: format!("its zip archive is broken or cut off ({error})"),
    })?;
    let (mut all, mut failed): (Option<Summary>, Vec<DumpError>) = (None, Vec::new());
    for index in 0..archive.len() {
        let (member, file) = match archive.by_index(index) {
            Ok(file) if file.is_dir() => continue,
            Ok(file) => (String::from_utf8_lossy(file.name_raw()).into_owned(), file),
            Err(error) => {
                let name = format!("{name}!{}", index + 1);
                failed.push(DumpError::Unreadable { name, reason: error.to_string() });
                continue;
            }
        };
        // What macOS and editors leave beside the files.
        if member.split('/').any(|part| part.starts_with('.') || part == "__MACOSX") {
            continue;
        }
        let (member, mut flow) = (format!("{name}!{member}"), ControlFlow::Continue(()));
        let file = Inflated::new(file, Rc::clone(&packed), Rc::clone(&inflated));
        let opened = Input::open(file).map_err(|error| DumpError::unreadable(&member, &error));
        let read = opened.and_then(|input| {
            read_one(input, &member, from, &mut |batch| {
                flow = sink(batch);
                flow
            })
        });
        match read {
            Ok(summary) => all = Some(all.map_or(summary.clone(), |all| all.and(&summary))),
            Err(error) => failed.push(error),
        }
        if flow.is_break() {
            break;
        }
    }
    match (all, failed.len()) {
        (Some(all), _) => Ok(Summary { failed, ..all }),
        (None, 0) => Err(DumpError::Empty { name: name.to_owned() }),
        (None, 1) => Err(failed.remove(0)),
        (None, _) => Err(DumpError::NoMember { name: name.to_owned(), first: failed[0].to_string() }),
    }
}

impl Summary {
    /// Both together.
    fn and(self, other: &Self) -> Self {
        Self {
            format: self.format,
            bytes: self.bytes + other.bytes,
            batches: self.batches + other.batches,
            spans: self.spans + other.spans,
            rejected: self.rejected + other.rejected,
            logs: self.logs + other.logs,
            log_records: self.log_records + other.log_records,
            metrics: self.metrics + other.metrics,
            failed: self.failed,
        }
    }
}
