//! Root causes: groups that one and the same fault made, and the finding of all of them.
//!
//! A fault comes again with every run, worker and caller. It is told once, of the group that shows it best, and counted
//! over all.

use super::Diagnosis;
use super::finding::{Culprit, Finding, MAX_SPAN_IDS, MAX_TRACE_IDS, Severity};
use super::group::{Group, GroupKey, Sampled};
use super::process::ServiceIx;
use super::rule::On;
use super::rules::http_entry_not_server;
use super::template::template;
use super::verdict::Verdict;
use crate::model::{SpanId, TraceId};
use crate::store::Store;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What did it, by names that are the same in every run.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum By<'a> {
    /// An issue that is known, and more than a possibility.
    KnownIssue(&'a str),
    /// A span that was received: its name without what varies, its scope and that one's version.
    Span { name: String, scope: &'a str, version: &'a str },
    /// Earlier requests, whichever they were.
    Requests,
    /// A span that was not received. All that tells one from another is whose requests it holds, and how sure that is:
    /// a doubtful one must not count as much as a proven one.
    Unseen { scope: &'a str, version: &'a str, severity: Severity },
}

/// What groups of one root cause have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    rule: &'static str,
    service: ServiceIx,
    class: &'static str,
    by: By<'a>,
}

/// Groups of one root cause, never none of them.
pub(super) struct Cause<'a> {
    /// Their numbers.
    pub(super) numbers: Vec<u32>,
    /// They and what is said of each, in the order of their earliest entries.
    groups: Vec<(&'a Group, &'a Verdict)>,
    /// Which of them shows it best.
    best: usize,
    /// All of them together, where there are several.
    all: Option<Group>,
}

impl<'a> Cause<'a> {
    fn new(mut of: Vec<(u32, &'a Group, &'a Verdict)>) -> Self {
        of.sort_by_key(|(_, group, _)| (group.first_start_ns, group.culprit_id, group.serial));
        let numbers = of.iter().map(|(number, ..)| *number).collect();
        let groups: Vec<(&Group, &Verdict)> = of.into_iter().map(|(_, group, said)| (group, said)).collect();
        let shows = |(group, said): &(&Group, &Verdict)| {
            (said.is_settled(), said.severity, group.hub.is_some(), (said.confidence * 100.0) as u64)
        };
        let best = (0..groups.len()).max_by_key(|i| (shows(&groups[*i]), Reverse(*i))).unwrap_or(0);
        let all = (groups.len() > 1).then(|| {
            let first = groups[best].0;
            let mut all = Group::new(first.key, first.culprit_id, first.process, first.serial);
            groups.iter().for_each(|(group, _)| all.add(group));
            all
        });
        Self { numbers, groups, best, all }
    }

    fn best(&self) -> (&'a Group, &'a Verdict) {
        self.groups[self.best]
    }

    fn all(&self) -> &Group {
        self.all.as_ref().unwrap_or(self.groups[self.best].0)
    }

    /// Stays the same as long as the first of its groups is there.
    fn serial(&self) -> u64 {
        self.groups.iter().map(|(group, _)| group.serial).min().unwrap_or_default()
    }

    /// Whether any of its entries is of this trace.
    pub(super) fn is_about(&self, trace: TraceId) -> bool {
        self.groups.iter().any(|(group, _)| group.traces.contains(&trace))
    }

    /// Whether any of its entries has a kind that is wrong.
    pub(super) fn has_wrong_kinds(&self) -> bool {
        self.groups.iter().any(|(group, _)| group.wrong_kinds > 0)
    }

    /// Trace and span ids of sampled entries, earliest first. Each group has its share of the room.
    fn ids(&self, wanted: impl Fn(&Sampled) -> bool) -> (Vec<TraceId>, Vec<(TraceId, SpanId)>) {
        let share = |room: usize| room.div_ceil(self.groups.len());
        let mut keys = BTreeSet::new();
        for (group, _) in &self.groups {
            let entries = group.sample.iter().filter(|(_, sampled)| wanted(sampled)).map(|(key, _)| *key);
            keys.extend(entries.take(share(MAX_SPAN_IDS)));
        }
        let mut traces = Vec::new();
        for (group, _) in &self.groups {
            let mut own: Vec<TraceId> = Vec::new();
            for ((.., trace), _) in group.sample.iter().filter(|(_, sampled)| wanted(sampled)) {
                if own.len() < share(MAX_TRACE_IDS) && !own.contains(trace) {
                    own.push(*trace);
                }
            }
            own.retain(|trace| !traces.contains(trace));
            traces.append(&mut own);
        }
        traces.truncate(MAX_TRACE_IDS);
        let spans = keys.into_iter().map(|(_, span, trace)| (trace, span)).take(MAX_SPAN_IDS).collect();
        (traces, spans)
    }

    /// What is observed of the groups beside the best one.
    fn others(&self) -> Option<String> {
        let others = self.groups.len() - 1;
        let entries = self.all().n.saturating_sub(self.best().0.n);
        let (requests, are) = ("requests", if entries == 1 { "is" } else { "are" });
        let (each, one, many) = match self.best().0.key {
            GroupKey::Span(_) => ("under", "such span", "such spans"),
            GroupKey::Requests(_) => ("in", "process", "processes"),
            GroupKey::Caller(_) => ("with", "such context", "such contexts"),
        };
        match others {
            0 => None,
            1 => Some(format!(
                "{entries} of these {requests} {are} {each} another {one}; seen of the one that shows it best:"
            )),
            _ => Some(format!(
                "{entries} of these {requests} {are} {each} {others} other {many}; seen of the one that shows it best:"
            )),
        }
    }
}

impl Diagnosis {
    /// The root causes of the groups of which something is said.
    pub(super) fn causes(&self, store: &Store) -> Vec<Cause<'_>> {
        let mut causes: BTreeMap<Key<'_>, Vec<(u32, &Group, &Verdict)>> = BTreeMap::new();
        for (number, verdict) in &self.verdicts {
            let Some(group) = self.groups[*number as usize].as_deref() else { continue };
            let key = self.cause_key(store, group, verdict);
            causes.entry(key).or_default().push((*number, group, verdict));
        }
        causes.into_values().map(Cause::new).collect()
    }

    fn cause_key<'a>(&'a self, store: &'a Store, group: &'a Group, verdict: &'a Verdict) -> Key<'a> {
        let known = verdict.known_issue.as_ref().filter(|known| known.is_sure());
        let by = match (known, &group.hub, group.key) {
            (Some(known), ..) => By::KnownIssue(&known.id),
            (None, _, GroupKey::Requests(_)) => By::Requests,
            (None, Some(hub), _) => {
                By::Span { name: template(&hub.name).text, scope: &hub.scope, version: &hub.scope_version }
            }
            (None, None, _) => {
                let scope = store.scope(group.scope());
                By::Unseen { scope: &scope.name, version: &scope.version, severity: verdict.severity }
            }
        };
        // A known issue is one, however its span came to be known.
        let class = verdict.culprit.as_ref().map_or("", |culprit| culprit.class.id());
        let class = if known.is_some() { "" } else { class };
        let service = self.processes.get(group.process).service_ix;
        Key { rule: verdict.rule.id, service, class, by }
    }

    /// The headline of a root cause.
    pub(super) fn merge_finding(&self, store: &Store, cause: &Cause<'_>) -> Finding {
        let (group, verdict) = cause.best();
        let all = cause.all();
        let known_issue = self.known_issue(store, group, verdict.rule);
        let longest = cause.groups.iter().map(|(group, _)| self.open_ns(store, group)).max();
        let mut words = self.words(group, verdict.culprit.as_ref(), longest.unwrap_or_default(), known_issue);
        (words.all, words.groups) = (all, cause.groups.len());
        for hub in cause.groups.iter().filter_map(|(group, _)| group.hub.as_ref()) {
            if !words.culprits.contains(&hub.name.as_str()) {
                words.culprits.push(&hub.name);
            }
        }
        let requests = self.request_count(store, all);
        let message = match &verdict.rule.on {
            On::Merge(on) => (on.message)(&words, requests),
            _ => String::new(),
        };
        let (trace_ids, span_ids) = cause.ids(|_| true);
        let evidence = cause.others().into_iter().chain(verdict.evidence.iter().cloned()).collect();
        let others = cause.groups.len() as u64 - 1;
        let culprit = verdict.culprit.clone().map(|culprit| Culprit { others, ..culprit });
        Finding {
            key: cause.serial() << 2,
            rule: verdict.rule,
            severity: verdict.severity,
            confidence: verdict.confidence,
            state: verdict.state,
            service: self.processes.get(group.process).service.clone(),
            scope: None,
            trace_ids,
            trace_count: all.traces.len() as u64,
            span_ids,
            span_count: all.n,
            request_count: Some(requests),
            culprit,
            known_issue: verdict.known_issue.clone(),
            message,
            evidence,
            remedy: verdict.remedy.clone(),
            folded_under: None,
        }
    }

    /// The wrong kinds that come with a root cause.
    pub(super) fn symptom_finding(&self, store: &Store, cause: &Cause<'_>) -> Finding {
        let (group, verdict) = cause.best();
        let all = cause.all();
        let (trace_ids, span_ids) = cause.ids(|sampled| sampled.wrong_kind);
        let scope = store.scope(all.scope());
        let kind = all.sample.values().find(|s| s.wrong_kind).map(|s| s.kind);
        Finding {
            key: cause.serial() << 2 | 1,
            rule: &http_entry_not_server::RULE,
            severity: http_entry_not_server::RULE.severity.min(verdict.severity),
            confidence: verdict.confidence,
            state: verdict.state,
            service: self.processes.get(group.process).service.clone(),
            scope: Some((scope.name.clone(), scope.version.clone())).filter(|(name, _)| !name.is_empty()),
            trace_ids,
            trace_count: all.traces.len() as u64,
            span_ids,
            span_count: all.wrong_kinds,
            request_count: None,
            culprit: None,
            known_issue: verdict.known_issue.clone(),
            message: http_entry_not_server::message(all.wrong_kinds, kind, scope),
            evidence: vec![
                "a span was already current when these requests arrived; see the headline".to_owned(),
            ],
            remedy: vec!["fix the finding above it: these kinds come right with it".to_owned()],
            folded_under: None,
        }
    }

    /// How many requests the traces of these entries hold.
    fn request_count(&self, store: &Store, entries: &Group) -> u64 {
        const LOOKED_AT: usize = 256;
        if entries.traces.len() > LOOKED_AT {
            // Each trace holds at least the request that the others were cut from.
            return entries.n + entries.traces.len() as u64;
        }
        let held = |id: &TraceId| store.find_trace(*id).and_then(|trace| self.requests(store, trace));
        entries.traces.iter().filter_map(held).sum::<u64>().max(entries.n)
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Bench, by_end, check};

    /// One run of a server under a command, `n` requests from `at` seconds on.
    fn run(trace: u32, at: u32, n: u32, words: &str) -> String {
        let request = |i: u32| {
            let start = at * 1_000 + 100 + i * 900;
            format!("  GET /{i}  shop  internal  {start}..{}  get=/{i}\n", start + 10)
        };
        let requests: String = (0..n).map(request).collect();
        format!(
            "serve  shop  internal  {}..{}  trace={trace} {words}\n{requests}",
            at * 1_000,
            at * 1_000 + 9_000
        )
    }

    const CLI: &str = "process.command_args=flask scope=cli@1";

    #[test]
    fn a_fault_of_two_runs_is_one_headline() {
        let sketch = run(1, 0, 3, CLI) + &run(2, 60, 5, CLI);
        assert_eq!(
            check(&sketch),
            ["error merged-under-local-span firm ×8", "  error http-entry-not-server firm ×8"]
        );
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let finding = &bench.0.diagnosis.findings()[0];
        assert!(
            finding
                .message
                .starts_with("8 unrelated requests share 2 traces, all under `serve` (cli 1, open up to"),
            "{}",
            finding.message
        );
        assert_eq!((finding.trace_count, finding.trace_ids.len(), finding.span_ids.len()), (2, 2, 8));
        let first = finding.evidence.first().unwrap();
        assert!(first.contains("of these requests are under another such span"), "{first}");
        assert_eq!(finding.culprit.as_ref().unwrap().others, 1);
        // The spans of either run lead to it.
        let store = &bench.0.store;
        for at in store.traces().filter_map(|trace| store.roots(trace).next()) {
            assert_eq!(bench.0.diagnosis.findings_of(store, at), [0]);
        }
    }

    /// One issue may be behind spans of several names.
    #[test]
    fn no_request_is_told_to_be_under_a_span_that_it_is_not_under() {
        let click = "process.command_args=flask scope=opentelemetry.instrumentation.click@0.50b0 resource.telemetry.sdk.language=python";
        let of = |sketch: String| sketch.replace("get=", "resource.telemetry.sdk.language=python get=");
        let sketch = of(run(1, 0, 3, click)) + &of(run(2, 60, 5, click)).replace("serve", "worker");
        let mut bench = Bench::default();
        bench.take(by_end(&sketch)).finish();
        let findings = bench.0.diagnosis.findings();
        assert_eq!(findings.iter().filter(|finding| finding.folded_under.is_none()).count(), 1);
        let message = &findings[0].message;
        assert!(
            message.contains("all under `serve` or `worker` (")
                || message.contains("all under `worker` or `serve` ("),
            "{message}"
        );
    }

    #[test]
    fn it_is_the_same_whichever_run_came_first() {
        let (first, second) = (run(1, 0, 3, CLI), run(2, 60, 5, CLI));
        let say = |parts: [&String; 2]| {
            let mut bench = Bench::default();
            parts.iter().for_each(|part| {
                bench.take(by_end(part));
            });
            bench.finish();
            let all = bench.0.diagnosis.findings().iter();
            all.map(|f| format!("{} {:?} {:?} {:?}", f.message, f.evidence, f.span_ids, f.culprit))
                .collect::<Vec<_>>()
        };
        assert_eq!(say([&first, &second]), say([&second, &first]));
    }

    #[test]
    fn other_culprits_and_other_services_are_other_causes() {
        let other =
            |from: &str, to: &str| check(&(run(1, 0, 3, CLI) + &run(2, 60, 5, CLI).replace(from, to)));
        let headlines = |all: Vec<String>| all.iter().filter(|line| !line.starts_with(' ')).count();
        assert_eq!(headlines(other("nothing", "nothing")), 1);
        assert_eq!(headlines(other("serve", "migrate")), 2, "another span");
        assert_eq!(
            headlines(other("cli@1", "cli@2")),
            2,
            "another version: a fault that an upgrade did not mend"
        );
        assert_eq!(headlines(other("shop", "stock")), 2, "another service");
    }

    #[test]
    fn what_is_doubtful_does_not_count_as_proven() {
        // Their callers were not received: many clients over a long time are proof, a few requests are not.
        let called = |trace: u32, n: u32, step: u32, clients: u32| {
            let request = |i: u32| {
                let at = 100 + i * step;
                let client =
                    if clients == 0 { String::new() } else { format!("net.peer.ip=10.0.0.{}", i % clients) };
                format!("  GET /{i}  s  server  {at}..{}  get=/{i} remote {client}\n", at + 8)
            };
            let requests: String = (0..n).map(request).collect();
            format!("page  web  client  0..50  lost trace={trace}\n{requests}")
        };
        let (sure, doubtful) = (called(1, 60, 900, 4), called(2, 6, 1_500, 0));
        assert_eq!(
            check(&format!("{sure}{doubtful}")),
            ["error fixed-remote-parent firm ×60", "warning fixed-remote-parent firm ×6"]
        );
        assert_eq!(
            check(&format!("{sure}{}", called(2, 60, 900, 5))),
            ["error fixed-remote-parent firm ×120"]
        );
    }

    #[test]
    fn the_run_that_is_going_on_joins_the_headline_and_keeps_its_key() {
        let mut bench = Bench::default();
        bench.take(by_end(&run(1, 0, 3, CLI)));
        let key = bench.0.diagnosis.findings()[0].key;
        bench.take(by_end(&run(2, 60, 3, CLI)));
        let findings = bench.0.diagnosis.findings();
        assert_eq!((findings[0].key, findings[0].span_count), (key, 6));
    }
}
