//! One OTLP/JSON document that is too large to be held: its lists are entered, and what they list is read some at a time,
//! with what stood around it. Bytes are copied once more than those of small documents.

use super::input::Input;
use super::otlp_json::{LARGEST, starts};
use super::outlet::{Outlet, kept};
use super::scan::{Extent, Scan, Step, extent};
use crate::model::Batch;
use crate::otlp::{Reading, first_keys, members, read_document};
use std::ops::ControlFlow;

/// The names of the lists that lie in each other.
type Lists = [&'static [&'static str]; 3];

/// By signal.
const LISTS: [Lists; 3] = [
    [
        &["resourceSpans", "resource_spans", "batches"],
        &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"],
        &["spans"],
    ],
    [&["resourceLogs", "resource_logs"], &["scopeLogs", "scope_logs"], &["logRecords", "log_records"]],
    [&["resourceMetrics", "resource_metrics"], &["scopeMetrics", "scope_metrics"], &["metrics"]],
];

/// What is read at once, bytes; one that is larger is entered.
const PART: usize = 4 << 20;

/// How often a part may break before what is left of it is left out.
const BREAKS: usize = 16;

/// Why a document is not read on.
enum Stop {
    /// Nobody takes what is read.
    Closed,
    /// It is broken; the next line may be better.
    Lost,
}

type Flow = ControlFlow<Stop>;

/// Reads one document.
pub(super) struct Parts<'p, 'i, 'o> {
    input: &'p mut Input<'i>,
    outlet: &'p mut Outlet<'o>,
    /// Which of [`LISTS`] it is in.
    lists: &'static Lists,
    /// What stood before each list that it is in, the bracket of the list included.
    heads: Vec<Vec<u8>>,
    /// What waits to be read, with commas between.
    text: Vec<u8>,
    /// Where each of these started: in `text`, and in the file.
    places: Vec<(usize, u64)>,
}

impl<'p, 'i, 'o> Parts<'p, 'i, 'o> {
    /// The document that starts with what is available, if its first list is not far.
    pub(super) fn of(input: &'p mut Input<'i>, outlet: &'p mut Outlet<'o>) -> Option<Self> {
        let (lists, len) = find(input.available())?;
        let heads = vec![input.available()[..len].to_vec()];
        input.consume(len);
        Some(Self { input, outlet, lists, heads, text: Vec::new(), places: Vec::new() })
    }

    pub(super) fn read(mut self) -> ControlFlow<()> {
        let mut flow = self.list();
        if flow.is_continue() {
            flow = self.rest();
        }
        match flow {
            ControlFlow::Break(Stop::Closed) => ControlFlow::Break(()),
            _ => self.outlet.relieve(),
        }
    }

    /// Reads a list from behind its opening bracket to behind its closing one.
    fn list(&mut self) -> Flow {
        loop {
            self.skip_separators();
            match self.input.available().first() {
                Some(b'{') => {}
                Some(b']') => {
                    self.input.consume(1);
                    return self.flush(true);
                }
                other => {
                    let what =
                        other.map_or("the text ends in the middle", |_| "a value that is not an object");
                    self.flush(true)?;
                    return self.lose(what.to_owned());
                }
            }
            match extent(self.input, PART, starts) {
                Extent::Whole(len) => {
                    self.add(len);
                    if self.text.len() >= PART {
                        self.flush(true)?;
                    }
                }
                Extent::Cut(len) => return self.cut(len),
                Extent::TooLong => {
                    self.flush(true)?;
                    self.enter()?;
                }
            }
        }
    }

    /// Reads what is too large for a part: by what it lists, or all at once.
    fn enter(&mut self) -> Flow {
        let near = self.input.available();
        let near = &near[..near.len().min(PART)];
        if let Some(names) = self.lists.get(self.heads.len())
            && let Some(len) = head(near, names)
        {
            self.heads.push(near[..len].to_vec());
            self.input.consume(len);
            self.list()?;
            self.heads.pop();
            return self.tail();
        }
        match extent(self.input, LARGEST, starts) {
            Extent::Whole(len) => {
                self.add(len);
                self.flush(true)
            }
            Extent::Cut(len) => self.cut(len),
            Extent::TooLong => self.lose(format!("a record of more than {} MiB, left out", LARGEST >> 20)),
        }
    }

    /// What stands between a list and the end of the object that it is in: too late for what the list held.
    fn tail(&mut self) -> Flow {
        let (position, end) = (self.outlet.at_byte(self.input.offset()), self.end());
        let Some(end) = end else { return self.lose("the text ends in the middle".to_owned()) };
        let keys = first_keys(&object(&self.input.available()[..end]), 4).unwrap_or_default();
        self.input.consume(end);
        if keys.iter().any(|key| key == "resource" || key.contains("cope") || key.contains("ibrary")) {
            let keys = keys.join("`, `");
            let reason =
                format!("`{keys}` behind a list of more than {} MiB: what it lists has none", PART >> 20);
            self.outlet.reject(position, reason);
        } else if !keys.is_empty() {
            let mut said = Batch::empty(self.outlet.source(), self.outlet.origin(), 0);
            said.remarks.push(format!("left out: `{}` behind lists too large to be held", keys.join("`, `")));
            return self.send(said);
        }
        ControlFlow::Continue(())
    }

    /// What stands behind a list of the document itself: perhaps one of another signal.
    fn rest(&mut self) -> Flow {
        loop {
            let offset = self.input.offset();
            let Some(end) = self.end() else {
                let text = object(self.input.available());
                let Some((lists, len)) = find(&text) else {
                    return self.lose("no end of the document where it should be".to_owned());
                };
                self.input.consume(self.input.available().len() + len - text.len());
                (self.lists, self.heads) = (lists, vec![text[..len].to_vec()]);
                self.list()?;
                continue;
            };
            let text = object(&self.input.available()[..end]);
            self.input.consume(end);
            self.heads.clear();
            self.places.push((0, offset));
            self.text = text;
            return self.flush(true);
        }
    }

    /// Where the object ends that it is in, if that is near.
    fn end(&mut self) -> Option<usize> {
        let mut scan = Scan::inside();
        loop {
            match scan.step(self.input.available()) {
                Step::Done(end) => return Some(end),
                Step::More if self.input.available().len() > PART || !self.input.more() => return None,
                Step::Line(_) | Step::More => {}
            }
        }
    }

    fn skip_separators(&mut self) {
        loop {
            let available = self.input.available();
            let separates = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b',');
            let until = available.iter().position(|b| !separates(b));
            self.input.consume(until.unwrap_or(available.len()));
            if until.is_some() || !self.input.more() {
                return;
            }
        }
    }

    /// Takes the next `len` bytes, one item, to what waits.
    fn add(&mut self, len: usize) {
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        self.places.push((self.text.len(), self.input.offset()));
        self.text.extend_from_slice(self.input.available()[..len].trim_ascii_end());
        self.input.consume(len);
    }

    /// The document ends inside of the item that comes next.
    fn cut(&mut self, len: usize) -> Flow {
        self.add(len);
        self.flush(false)?;
        ControlFlow::Break(Stop::Lost)
    }

    /// Gives the document up, and the line that it is in.
    fn lose(&mut self, reason: String) -> Flow {
        let position = self.outlet.at_byte(self.input.offset());
        self.outlet.reject(position, reason);
        self.input.skip_line();
        ControlFlow::Break(Stop::Lost)
    }

    /// Reads what waits; `closed` says that the last item is whole. Where one is broken, the next ones may be good.
    fn flush(&mut self, closed: bool) -> Flow {
        let head = self.heads.concat();
        let end = if closed { b"]}".repeat(self.heads.len()) } else { Vec::new() };
        let (mut text, mut places) = (std::mem::take(&mut self.text), std::mem::take(&mut self.places));
        for _ in 0..BREAKS {
            let Some((from, _)) = places.first().copied() else { break };
            let document = [&head[..], &text[from..], &end].concat();
            let Reading { mut batch, rejected_at, broken, end, .. } =
                read_document(&document, self.outlet.source(), self.outlet.origin(), 0);
            // In the text, and in the file.
            let at = |at: usize| (from + at.saturating_sub(head.len())).min(text.len());
            let item = |at: usize| places.partition_point(|(start, _)| *start <= at).saturating_sub(1);
            let place = |at: usize| {
                let (start, offset) = places[item(at)];
                offset + (at - start.min(at)) as u64
            };
            for (rejection, start) in batch.rejections.iter_mut().zip(rejected_at) {
                rejection.position = self.outlet.at_byte(place(at(start)));
            }
            let mut done = places.len();
            if let Some(error) = broken {
                let reason = format!("{}{}", error.what, kept(&batch));
                self.outlet.reject(self.outlet.at_byte(place(at(end))), reason);
                done = item(at(end)) + 1;
            }
            places.drain(..done);
            self.send(batch)?;
        }
        if let Some((_, offset)) = places.first() {
            let reason = format!("broken again and again: the next {} were left out", places.len());
            self.outlet.reject(self.outlet.at_byte(*offset), reason);
        }
        text.clear();
        self.text = text;
        ControlFlow::Continue(())
    }

    fn send(&mut self, batch: Batch) -> Flow {
        match self.outlet.send(batch) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(()) => ControlFlow::Break(Stop::Closed),
        }
    }
}

/// The first list in the document that starts here, and the length of all up to its first item.
fn find(text: &[u8]) -> Option<(&'static Lists, usize)> {
    let near = &text[..text.len().min(PART)];
    LISTS.iter().filter_map(|lists| Some((lists, head(near, lists[0])?))).min_by_key(|(_, len)| *len)
}

/// The length of an object's start up to the first item of the list with one of these names.
fn head(text: &[u8], names: &[&str]) -> Option<usize> {
    let parts = members(text);
    let list = |(key, at): &(String, std::ops::Range<usize>)| {
        (names.contains(&key.as_str()) && text.get(at.start) == Some(&b'[')).then_some(at.start + 1)
    };
    parts.list.iter().find_map(list)
}

/// An object out of what stands behind one of its members.
fn object(tail: &[u8]) -> Vec<u8> {
    let tail = tail.trim_ascii_start();
    [b"{", tail.strip_prefix(b",").unwrap_or(tail)].concat()
}
