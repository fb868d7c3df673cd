//! Saving spans from the inspector: gathered step by step on the owner's time, written on a thread of its own.
//!
//! What is gathered are shares of the bytes that the store holds; they outlive an eviction.

use crate::diagnosis::Diagnosis;
use crate::dump::{Output, Target};
use crate::model::{Resource, Scope, SpanId, TraceId, hash64};
use crate::otlp::encode::{Encoded, request_of};
use crate::otlp::{Loss, Move, Plan, retrace};
use crate::own_traces::OwnIds;
use crate::session::Session;
use crate::store::{SpanIx, Store, View};
use crate::tui::text::plural;
use crate::tui::{Refused, Save, Saved};
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// How many spans make a request of the file.
const REQUEST: usize = 1_000;
/// How many rows are gathered between two looks at the clock.
const ROWS: usize = 64;

/// A span that was gathered, with the numbers of its resource and scope.
#[derive(Debug)]
struct Picked {
    bytes: Bytes,
    resource: u32,
    scope: u32,
}

/// A way through a trace that may be interrupted: the next row is known by its id too, since its slot may be another's
/// by the time that it goes on.
#[derive(Debug)]
struct Walk {
    trace: TraceId,
    view: View,
    next: Option<(SpanIx, SpanId)>,
    /// The first row that is not of it any more.
    end: Option<SpanIx>,
}

/// A file in the making.
#[derive(Debug)]
pub(super) struct Job {
    save: Save,
    target: Target,
    walks: VecDeque<Walk>,
    picked: Vec<Picked>,
    resources: HashMap<u32, Resource>,
    scopes: HashMap<u32, Scope>,
    moves: Moves,
    /// The spans of the request that is being gathered, where requests get traces of their own.
    unit: Vec<Member>,
    /// Spans were evicted while they were gathered.
    cut_short: bool,
}

/// A span of a request.
#[derive(Clone, Copy, Debug)]
struct Member {
    trace: TraceId,
    span: SpanId,
    /// What it holds, where another span has its id too.
    twin: Option<u64>,
    is_root: bool,
    is_entry: bool,
}

/// Which spans go to a trace of their own.
#[derive(Debug, Default)]
struct Moves {
    of: HashMap<(TraceId, SpanId, Option<u64>), Move>,
    has_twins: bool,
    own_ids: OwnIds,
    requests: usize,
}

impl Plan for Moves {
    fn span(&self, trace: TraceId, span: SpanId, bytes: &[u8]) -> Option<Move> {
        let twin = || self.of.get(&(trace, span, Some(hash64(bytes))));
        let twin = if self.has_twins { twin() } else { None };
        twin.or_else(|| self.of.get(&(trace, span, None))).copied()
    }

    fn link(&self, trace: TraceId, span: SpanId) -> Option<TraceId> {
        self.of.get(&(trace, span, None)).map(|moved| moved.trace_id)
    }
}

impl Moves {
    fn take_unit(&mut self, unit: &mut Vec<Member>) {
        if let Some(entry) = unit.iter().find(|member| member.is_entry) {
            let trace_id = self.own_ids.next(entry.trace, entry.span);
            self.requests += 1;
            for member in unit.iter() {
                self.has_twins |= member.twin.is_some();
                let moved = Move { trace_id, is_root: member.is_root };
                self.of.insert((member.trace, member.span, member.twin), moved);
            }
        }
        unit.clear();
    }
}

/// The name as a shell would have it: `~/` is the user's directory.
fn at_home(name: String) -> String {
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    match (name.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => format!("{home}/{rest}"),
        _ => name,
    }
}

impl Job {
    /// Begins, unless it is plain already that nothing will come of it.
    pub(super) fn begin(session: &Session, save: Save) -> Result<Self, Refused> {
        let save = Save { name: at_home(save.name), ..save };
        if save.name == "-" {
            return Err(Refused::Because("standard output is the screen; name a file".to_owned()));
        }
        let target = Target::of(&save.name).map_err(|error| Refused::Because(error.to_string()))?;
        if !save.replace && Path::new(&save.name).exists() {
            return Err(Refused::Exists);
        }
        let mut job = Self {
            target,
            walks: VecDeque::new(),
            picked: Vec::new(),
            resources: HashMap::new(),
            scopes: HashMap::new(),
            moves: Moves::default(),
            unit: Vec::new(),
            cut_short: false,
            save,
        };
        let store = &session.store;
        match job.save.what.clone() {
            Saved::Spans(spans) => {
                for (trace, span) in spans {
                    let Some(at) = store.find_trace(trace).and_then(|t| store.find_span(t, span)) else {
                        continue;
                    };
                    job.pick(at, store);
                }
            }
            Saved::Traces(traces) => {
                for id in traces {
                    let Some(trace) = store.find_trace(id) else { continue };
                    let apart = job.save.own_traces && session.diagnosis.requests(store, trace).is_some();
                    let view = if apart { View::Unmerged } else { View::Recorded };
                    let next = store.first_row(trace, view).map(|at| (at, store.record(at).span_id));
                    job.walks.push_back(Walk { trace: id, view, next, end: None });
                }
            }
            Saved::Below { trace, span, view } => {
                if let Some(at) = store.find_trace(trace).and_then(|t| store.find_span(t, span)) {
                    let end = store.next_row(at, view, &|row| row == at);
                    job.walks.push_back(Walk { trace, view, next: Some((at, span)), end });
                }
            }
        }
        if job.walks.is_empty() && job.picked.is_empty() {
            return Err(Refused::Because("what was to be saved was evicted at the memory limit".to_owned()));
        }
        Ok(job)
    }

    /// Gathers for as long as `go_on` says so. Tells whether all of it is there.
    pub(super) fn gather(&mut self, session: &Session, go_on: &dyn Fn() -> bool) -> bool {
        while let Some(mut walk) = self.walks.pop_front() {
            loop {
                if !self.rows(&mut walk, session) {
                    self.moves.take_unit(&mut self.unit);
                    break;
                }
                if !go_on() {
                    self.walks.push_front(walk);
                    return false;
                }
            }
        }
        true
    }

    /// Gathers a few rows. Tells whether there are more.
    fn rows(&mut self, walk: &mut Walk, session: &Session) -> bool {
        let store = &session.store;
        for _ in 0..ROWS {
            let Some((at, id)) = walk.next else { return false };
            let slot = if (at.0 as usize) < store.slot_capacity() { Some(store.slot(at)) } else { None };
            let same = |slot: &&crate::store::Slot| {
                !slot.is_vacant() && slot.record.span_id == id && store.trace(slot.trace).id == walk.trace
            };
            if !slot.as_ref().is_some_and(same) {
                self.cut_short = true;
                return false;
            }
            if walk.view == View::Unmerged && self.save.own_traces {
                self.member(at, walk.trace, store, &session.diagnosis);
            }
            self.pick(at, store);
            let next = store.next_row(at, walk.view, &|_| false).filter(|next| Some(*next) != walk.end);
            walk.next = next.map(|next| (next, store.record(next).span_id));
        }
        walk.next.is_some()
    }

    fn member(&mut self, at: SpanIx, trace: TraceId, store: &Store, diagnosis: &Diagnosis) {
        if store.parent_row(at, View::Unmerged).is_none() {
            self.moves.take_unit(&mut self.unit);
        }
        let slot = store.slot(at);
        if !slot.is_held() {
            return;
        }
        self.unit.push(Member {
            trace,
            span: slot.record.span_id,
            twin: if slot.twin { store.span_bytes(at).map(hash64) } else { None },
            is_root: slot.cut,
            is_entry: diagnosis.is_entry(at),
        });
    }

    fn pick(&mut self, at: SpanIx, store: &Store) {
        let Some(bytes) = store.shared_bytes(at) else { return };
        let (resource, scope) = (store.record(at).resource, store.record(at).scope);
        self.resources.entry(resource).or_insert_with(|| store.resource(resource).clone());
        self.scopes.entry(scope).or_insert_with(|| store.scope(scope).clone());
        self.picked.push(Picked { bytes, resource, scope });
    }

    /// Writes the file. Answers with a sentence on what came of it.
    pub(super) fn write(self) -> String {
        if self.picked.is_empty() {
            return "not saved: there are only parents that were never received".to_owned();
        }
        match self.write_file() {
            Ok(losses) => {
                let spans = plural(self.picked.len() as u64, "span");
                let apart = match self.moves.requests {
                    0 => String::new(),
                    requests => format!(", {requests} requests each in a trace of its own"),
                };
                let cut = if self.cut_short { "; the rest was evicted meanwhile" } else { "" };
                let lost: String = losses.iter().map(|loss| format!("; {}", loss.sentence())).collect();
                format!("saved: {spans} to {}{apart}{cut}{lost}", self.save.name)
            }
            Err(error) => format!("not saved: {} cannot be written: {error}", self.save.name),
        }
    }

    fn write_file(&self) -> io::Result<BTreeSet<Loss>> {
        let file = if self.save.replace {
            File::create(&self.save.name)?
        } else {
            // Somebody else's file may have come to be there since it was looked for.
            OpenOptions::new().write(true).create_new(true).open(&self.save.name)?
        };
        let mut out = Output::new(self.target, file)?;
        for picked in self.picked.chunks(REQUEST) {
            let request = self.request(picked);
            out.put(&if self.moves.requests > 0 { retrace(&request, &self.moves) } else { request })?;
        }
        out.finish()
    }

    /// The request with these spans.
    fn request(&self, picked: &[Picked]) -> Bytes {
        let mut groups: Vec<Encoded<'_>> = Vec::new();
        let mut place: HashMap<(u32, u32), usize> = HashMap::new();
        for Picked { bytes, resource: of, scope: by } in picked {
            let (Some(resource), Some(scope)) = (self.resources.get(of), self.scopes.get(by)) else {
                continue;
            };
            let group = *place.entry((*of, *by)).or_insert_with(|| {
                groups.push(Encoded { resource, scope, items: Vec::new() });
                groups.len() - 1
            });
            groups[group].items.push(bytes);
        }
        request_of(&groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump;
    use crate::otlp::decode;
    use crate::own_traces::own_trace_id;
    use crate::session::Clock;
    use crate::testkit::by_end;
    use std::ops::ControlFlow;

    const SHOP: &str = "
        run  shop  internal  0..90000  scope=opentelemetry.instrumentation.click@0.50b0
          GET /a  shop  internal  100..110  get=/a
            query  shop  client  103..105
          GET /b  shop  internal  20000..20010  get=/b
          GET /c  shop  internal  30000..30010  get=/c
    ";

    fn session() -> Session {
        let mut session = Session::new(1 << 30, Clock::Stream);
        by_end(SHOP).into_iter().for_each(|batch| session.take(batch));
        session.finish();
        session
    }

    /// Saves, a few rows at a time, and reads back.
    fn saved(
        session: &Session,
        what: Saved,
        own_traces: bool,
        name: &Path,
    ) -> (String, Vec<crate::model::Span>) {
        let name = name.display().to_string();
        let save = Save { what, own_traces, name: name.clone(), replace: false };
        let mut job = Job::begin(session, save).unwrap();
        while !job.gather(session, &|| false) {}
        let said = job.write();
        let mut spans = Vec::new();
        dump::read(File::open(&name).unwrap(), &name, None, &mut |batch| {
            let of = |r: &crate::model::SpanRecord| &batch.bytes[r.offset as usize..][..r.len as usize];
            spans.extend(batch.records.iter().map(|record| decode::span(of(record))));
            ControlFlow::Continue(())
        })
        .unwrap();
        (said, spans)
    }

    #[test]
    fn what_is_saved_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let session = session();
        let store = &session.store;
        let trace = store.traces().next().unwrap();
        let id = store.trace(trace).id;
        let (said, spans) = saved(&session, Saved::Traces(vec![id]), false, &dir.path().join("a.jsonl"));
        assert!(said.starts_with("saved: 5 spans to ") && said.ends_with("a.jsonl"), "{said}");
        assert_eq!(spans.len(), 5);
        for span in &spans {
            let at = store.find_span(trace, span.span_id).unwrap();
            assert_eq!(store.decode(at).as_ref(), Some(span));
        }
        let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap().span_id;
        let below = Saved::Below { trace: id, span: named("GET /a"), view: View::Unmerged };
        let (said, spans) = saved(&session, below, false, &dir.path().join("b.jsonl.gz"));
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(names, ["GET /a", "query"], "{said}");
        let (_, spans) =
            saved(&session, Saved::Spans(vec![(id, spans[1].span_id)]), false, &dir.path().join("c.pb"));
        assert_eq!(spans.len(), 1);
    }

    #[test]
    fn requests_go_to_traces_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let session = session();
        let id = session.store.trace(session.store.traces().next().unwrap()).id;
        let (said, spans) = saved(&session, Saved::Traces(vec![id]), true, &dir.path().join("a.jsonl"));
        assert!(said.contains("3 requests each in a trace of its own"), "{said}");
        let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
        assert_eq!(of("run").trace_id, id);
        for name in ["GET /a", "GET /b", "GET /c"] {
            assert_eq!(of(name).trace_id, own_trace_id(id, of(name).span_id));
            assert!(of(name).parent_id.is_none());
        }
        assert_eq!(of("query").trace_id, of("GET /a").trace_id);
        assert_eq!(of("query").parent_id, of("GET /a").span_id);
    }

    #[test]
    fn a_file_that_is_there_is_not_overwritten_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let session = session();
        let what = Saved::Traces(vec![session.store.trace(session.store.traces().next().unwrap()).id]);
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, "mine").unwrap();
        let save = |name: &Path, replace| Save {
            what: what.clone(),
            own_traces: false,
            name: name.display().to_string(),
            replace,
        };
        assert_eq!(Job::begin(&session, save(&path, false)).err(), Some(Refused::Exists));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        let mut job = Job::begin(&session, save(&path, true)).unwrap();
        while !job.gather(&session, &|| true) {}
        assert!(job.write().starts_with("saved: 5 spans"));
        assert_ne!(std::fs::read_to_string(&path).unwrap(), "mine");
        for name in ["a.txt", "-", ""] {
            assert!(
                matches!(Job::begin(&session, save(Path::new(name), false)), Err(Refused::Because(_))),
                "{name}"
            );
        }
        let mut job = Job::begin(&session, save(&dir.path().join("no/such/dir.jsonl"), false)).unwrap();
        while !job.gather(&session, &|| true) {}
        assert!(job.write().starts_with("not saved: "));
    }

    #[test]
    fn what_is_evicted_on_the_way_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let mut session = session();
        let id = session.store.trace(session.store.traces().next().unwrap()).id;
        let name = dir.path().join("a.jsonl").display().to_string();
        let save = Save { what: Saved::Traces(vec![id]), own_traces: false, name, replace: false };
        let job = Job::begin(&session, save);
        let mut gone = Vec::new();
        session.store.evict(usize::MAX, &mut gone);
        let mut job = job.unwrap();
        while !job.gather(&session, &|| true) {}
        assert!(job.cut_short && !job.write().starts_with("saved"));
    }
}
