//! Zip archives: every member is a dump of its own, whatever its format.

use super::input::Input;
use super::{DumpError, Format, Summary, read_one};
use crate::model::{Batch, Origin, Rejection};
use std::io::Cursor;
use std::ops::ControlFlow;
use zip::ZipArchive;

/// An archive may be as large as this, bytes, as it is packed: what tells its members stands at its end.
const LARGEST: usize = 256 << 20;

/// Reads the members one after the other. One that cannot be read is told like a bad record, unless none can.
pub(super) fn read(
    input: &mut Input<'_>,
    name: &str,
    from: Option<&'static Format>,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, DumpError> {
    let refused = |reason: String| DumpError::Unreadable { name: name.to_owned(), reason };
    if input.at_least(LARGEST + 1) {
        return Err(refused(format!("a zip archive of more than {} MiB; unpack it first", LARGEST >> 20)));
    }
    if let Some(error) = input.take_failure() {
        return Err(DumpError::unreadable(name, &error));
    }
    let mut archive = ZipArchive::new(Cursor::new(input.available()))
        .map_err(|error| refused(format!("its zip archive is broken or cut off ({error})")))?;
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
        let opened = Input::open(file).map_err(|error| DumpError::unreadable(&member, &error));
        let read = opened.and_then(|input| {
            read_one(input, &member, from, &mut |batch| {
                flow = sink(batch);
                flow
            })
        });
        match read {
            Ok(summary) => all = Some(all.map_or(summary, |all| all.and(&summary))),
            Err(error) => failed.push(error),
        }
        if flow.is_break() {
            break;
        }
    }
    let Some(mut all) = all else {
        return Err(match failed.len() {
            0 => DumpError::Empty { name: name.to_owned() },
            1 => failed.remove(0),
            _ => DumpError::NoMember { name: name.to_owned(), first: failed[0].to_string() },
        });
    };
    if !failed.is_empty() {
        let mut said = Batch::empty(name.into(), Origin::Dump(all.format), 0);
        said.rejections.extend(failed.iter().map(|error| Rejection::new(name, error.to_string())));
        all.rejected += failed.len() as u64;
        let _ = sink(said);
    }
    Ok(all)
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
        }
    }
}
