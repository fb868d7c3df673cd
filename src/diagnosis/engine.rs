//! The engine: which entries wait for what, and which hang together.

use super::aggregate::{Aggregates, Cx};
use super::alone::WrongKinds;
use super::claim::Claim;
use super::finding::{CulpritClass, Finding, Severity};
use super::group::{Cut, Group, GroupKey, Hub, Joining, Sampled, Settled};
use super::known_issues::{self, KnownIssue};
use super::marks::Marks;
use super::policy::{Policy, Suppressed};
use super::process::{ProcessIx, Processes};
use super::role::Role;
use super::rule::{On, RULES, Rule};
use super::seen::Seen;
use super::unmerge::{Chains, Edge, Place, Top, Traits};
use super::verdict::Verdict;
use crate::model::{Key, ParentLocality, SpanKind, TraceId};
use crate::store::{Arrived, SpanIx, Store, TraceIx, View};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// What an entry costs in the tables that it is listed in beside the one of slots, bytes.
const ENTRY_IN_TABLES: usize = 48;

/// The list of findings is written whole. As long as it is this short, that is done as soon as there is a new verdict;
/// else only once so many spans have come for each finding that is written again as pay for the work, or with the next
/// second.
const PROMPT: usize = 64;
const SPANS_A_FINDING: usize = 32;

/// How many children of one parent are shown to rules at once; those of a parent with more wait for the next spans.
const PAIRS_AT_ONCE: usize = 256;

/// How many entries of one caller are gathered when the second one has made them a group.
const CALLED_AT_ONCE: usize = 256;

/// How many tops of a trace are looked at for requests that were not cut.
const TOPS: usize = 256;

/// What a trace costs that a finding remembers, bytes.
const TRACE_IN_A_SET: usize = 40;

/// An edge to a parent that diagnosis cuts, or mends again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CutChange {
    /// The span whose edge to its parent it is.
    pub span: SpanIx,
    /// Cut, or mended.
    pub cut: bool,
}

/// The engine: what is wrong with everything that was observed.
#[derive(Debug)]
pub struct Diagnosis {
    /// What the user wants said.
    policy: Policy,
    /// By place in [`RULES`].
    on: Vec<bool>,
    pub(super) marks: Marks,
    pub(super) gathered: Aggregates,
    /// What rules on marks and aggregates said when they were last asked.
    pub(super) claims: Vec<(&'static Rule, Claim)>,
    /// Spans observed since then.
    unasked: usize,
    /// Parents, and their next child that rules are to be shown together with them.
    unpaired: VecDeque<(SpanIx, SpanIx)>,
    pub(super) chains: Chains,
    pub(super) processes: Processes,
    pub(super) known_issues: Vec<KnownIssue>,
    pub(super) groups: Vec<Option<Box<Group>>>,
    vacant: Vec<u32>,
    by_key: HashMap<GroupKey, u32>,
    /// Waiting entries that were judged by themselves, what they wait for, and how they were judged.
    pub(super) overdue: HashMap<SpanIx, (SpanIx, Settled)>,
    /// When waiting entries are to be judged by themselves.
    pub(super) patience: VecDeque<(u64, SpanIx)>,
    serial: u64,
    /// How many processes were silent when the time was last told.
    silent: usize,
    pub(super) waiting: HashMap<SpanIx, BTreeSet<SpanIx>>,
    pub(super) wrong_kinds: BTreeMap<(ProcessIx, u32), WrongKinds>,
    /// Groups that changed since they were last weighed.
    dirty: BTreeSet<u32>,
    /// Groups whose verdict may still change with time alone.
    pub(super) unsettled: BTreeSet<u32>,
    pub(super) wrong_kinds_changed: bool,
    /// The list of findings is older than the verdicts.
    stale: bool,
    /// A verdict is new, gone, or of another severity or state than the list says.
    news: bool,
    /// Spans observed since the list was written.
    unwritten: usize,
    cuts: Vec<CutChange>,
    /// How many requests were cut out of a trace so far.
    merged: HashMap<TraceId, u64>,
    /// Traces that share an id by accident, by what rules said last: each root is a request of its own.
    collided: HashSet<TraceId>,
    pub(super) verdicts: BTreeMap<u32, Verdict>,
    pub(super) findings: Vec<Finding>,
    pub(super) suppressed: Vec<Suppressed>,
    pub(super) policy_remarks: Vec<String>,
    pub(super) finding_of_group: HashMap<u32, (usize, Option<usize>)>,
    pub(super) finding_of_wrong_kinds: HashMap<(ProcessIx, u32), usize>,
    pub(super) now_ns: u64,
    pub(super) ended: bool,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self::with_policy(Policy::default())
    }
}

impl Diagnosis {
    /// A diagnosis by the rules that speak unasked.
    pub fn with_policy(policy: Policy) -> Self {
        let is_on: &dyn Fn(&Rule) -> bool = &|rule| policy.speaks(rule.id, rule.enabled);
        Self {
            on: RULES.iter().map(|rule| is_on(rule)).collect(),
            marks: Marks::new(is_on),
            gathered: Aggregates::default(),
            claims: Vec::new(),
            unasked: 0,
            unpaired: VecDeque::new(),
            chains: Chains::default(),
            processes: Processes::default(),
            known_issues: known_issues::shipped(),
            groups: Vec::new(),
            vacant: Vec::new(),
            by_key: HashMap::new(),
            overdue: HashMap::new(),
            patience: VecDeque::new(),
            serial: 0,
            silent: 0,
            waiting: HashMap::new(),
            wrong_kinds: BTreeMap::new(),
            dirty: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            wrong_kinds_changed: false,
            stale: false,
            news: false,
            unwritten: 0,
            cuts: Vec::new(),
            merged: HashMap::new(),
            collided: HashSet::new(),
            verdicts: BTreeMap::new(),
            findings: Vec::new(),
            finding_of_group: HashMap::new(),
            finding_of_wrong_kinds: HashMap::new(),
            now_ns: 0,
            ended: false,
            suppressed: Vec::new(),
            policy_remarks: Vec::new(),
            policy,
        }
    }

    /// Looks at what has just been ingested; `now_ns` is its batch's time of arrival.
    pub fn observe(&mut self, store: &Store, arrived: &Arrived, now_ns: u64) {
        self.gathered.bad_ids += arrived.bad_ids;
        let (repeated, arrived) = (arrived.repeated.as_slice(), arrived.spans.as_slice());
        self.now_ns = self.now_ns.max(now_ns);
        self.ended = false;
        self.processes.learn(store);
        // All of a batch is noted before any of it is judged: a parent may stand behind its child.
        for at in arrived {
            let record = store.record(*at);
            self.chains.note(store, *at);
            let process = self.processes.of(record.resource);
            self.processes.note(process, record.start_ns, record.end_ns, now_ns);
            self.gathered.emitters.number(&self.processes, record.resource, record.scope);
        }
        self.show_waiting_pairs(store, PAIRS_AT_ONCE);
        for at in arrived {
            self.show(store, *at);
            self.resolve(store, *at);
            if self.chains.is_entry(*at) && self.chains.place(*at).is_none() {
                self.judge(store, *at);
            }
        }
        for at in repeated {
            if let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, *at) {
                self.gathered.repeated(&seen, now_ns);
            }
        }
        self.weigh_changed(store);
        self.unwritten += arrived.len();
        self.unasked += arrived.len() + repeated.len();
        let findings = self.findings.len();
        let prompt =
            findings < PROMPT && (self.news || self.unwritten >= self.claims.len() * SPANS_A_FINDING);
        if self.stale && (prompt || self.unwritten >= findings * SPANS_A_FINDING) {
            self.write(store);
        }
    }

    /// Tells the time (nanoseconds since the Unix epoch), so that a silent stream settles too. Call it once a second.
    pub fn advance(&mut self, store: &Store, now_ns: u64) {
        self.now_ns = self.now_ns.max(now_ns);
        while let Some((due_ns, at)) = self.patience.front().copied()
            && due_ns <= self.now_ns
        {
            self.patience.pop_front();
            self.settle_waiting(store, at, false);
        }
        self.dirty.extend(self.unsettled.iter().copied());
        self.weigh_changed(store);
        // A process that falls silent may have been killed: what is said of its open spans reads differently.
        let silent = self.processes.silent(self.now_ns);
        self.stale |= silent != self.silent;
        self.silent = silent;
        self.refresh(store);
    }

    /// Asks the rules again that look at counts and aggregates. Once a second: their findings change with every span,
    /// and nobody reads faster.
    pub fn refresh(&mut self, store: &Store) {
        if self.unasked > 0 {
            self.ask(store);
        }
        if self.stale {
            self.write(store);
        }
    }

    /// Whether the findings say all that the spans observed so far have to say: right after a refresh, that is.
    pub fn is_current(&self) -> bool {
        self.unasked == 0 && !self.stale
    }

    fn ask(&mut self, store: &Store) {
        self.unasked = 0;
        let cx = self.cx(store);
        let mut claims = self.marks.claims(&cx);
        for (rule, _) in RULES.iter().zip(&self.on).filter(|(_, on)| **on) {
            if let On::Aggregate(look) = rule.on {
                let mut said = Vec::new();
                look(&cx, &mut said);
                claims.extend(said.into_iter().map(|claim| (*rule, claim)));
            }
        }
        self.collided = claims.iter().flat_map(|(_, claim)| claim.collided.iter().copied()).collect();
        self.stale |= !claims.is_empty() || !self.claims.is_empty();
        self.claims = claims;
    }

    pub(super) fn cx<'a>(&'a self, store: &'a Store) -> Cx<'a> {
        Cx {
            store,
            processes: &self.processes,
            chains: &self.chains,
            gathered: &self.gathered,
            now_ns: self.now_ns,
            ended: self.ended,
        }
    }

    /// Whether a rule is on.
    pub(super) fn is_on(&self, rule: &Rule) -> bool {
        RULES.iter().position(|known| known.id == rule.id).is_some_and(|number| self.on[number])
    }

    /// Shows a span that has arrived to rules and aggregates, then with its parent and with children that came before.
    fn show(&mut self, store: &Store, at: SpanIx) {
        let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) else { return };
        self.gathered.span(&seen, &self.processes);
        self.marks.span(&seen, &mut self.gathered.traces);
        self.chains.set(at, Traits::SEEN);
        if let Some(parent) = store.slot(at).parent() {
            self.show_pair(store, at, parent);
        }
        if let Some(first) = store.first_child(at, View::Recorded) {
            self.show_children(store, at, first, PAIRS_AT_ONCE);
        }
    }

    fn show_pair(&mut self, store: &Store, child: SpanIx, parent: SpanIx) {
        let both = self.chains.is(child, Traits::SEEN) && self.chains.is(parent, Traits::SEEN);
        if !both || self.chains.is(child, Traits::PAIRED) {
            return;
        }
        self.chains.set(child, Traits::PAIRED);
        let of = |at| seen(store, &self.chains, &self.processes, &self.gathered, at);
        let (Some(child), Some(above)) = (of(child), of(parent)) else { return };
        self.gathered.pair(&child, &above);
        let excused = self.chains.is(parent, Traits::EXCUSED);
        if self.marks.pair(&child, &above, excused, &mut self.gathered.traces) && !excused {
            self.chains.set(parent, Traits::EXCUSED);
        }
    }

    /// Shows children together with their parent, at most so many; the others later.
    fn show_children(&mut self, store: &Store, parent: SpanIx, first: SpanIx, most: usize) {
        let mut next = Some(first);
        for _ in 0..most {
            let Some(child) = next else { return };
            self.show_pair(store, child, parent);
            next = store.next_sibling(child, View::Recorded);
        }
        if let Some(child) = next {
            self.unpaired.push_back((parent, child));
        }
    }

    fn show_waiting_pairs(&mut self, store: &Store, most: usize) {
        if let Some((parent, child)) = self.unpaired.pop_front()
            && store.slot(parent).is_held()
            && store.slot(child).parent() == Some(parent)
        {
            self.show_children(store, parent, child, most);
        }
    }

    /// Says that nothing more will come: what can settle has settled.
    pub fn finish(&mut self, store: &Store) {
        self.ended = true;
        while !self.unpaired.is_empty() {
            self.show_waiting_pairs(store, usize::MAX);
        }
        let mut waiting: Vec<SpanIx> = self.waiting.values().flatten().copied().collect();
        waiting.sort_unstable();
        for at in waiting {
            let tail = self.is_tail(store, at);
            self.settle_waiting(store, at, tail);
        }
        // What was said of open spans reads differently now that nothing more will come.
        self.dirty.extend(self.unsettled.iter().chain(self.verdicts.keys()).copied());
        self.weigh_changed(store);
        self.ask(store);
        if self.stale {
            self.write(store);
        }
    }

    /// Writes the list of findings anew.
    fn write(&mut self, store: &Store) {
        (self.stale, self.news, self.unwritten) = (false, false, 0);
        self.write_findings(store);
    }

    /// Forgets slots that were evicted or freed. What was learned from them stays.
    pub fn forget(&mut self, store: &Store, gone: &[SpanIx]) {
        for at in gone {
            if store.slot(*at).is_vacant() {
                for key in [GroupKey::Span(*at), GroupKey::Caller(*at)] {
                    if let Some(number) = self.by_key.remove(&key) {
                        self.free_if_silent(number);
                    }
                }
            }
            match self.chains.place(*at) {
                Some(Place::Group(number)) => {
                    self.forget_member(number, *at);
                }
                Some(Place::Waiting(parent)) => {
                    if let Some(waiting) = self.waiting.get_mut(&parent) {
                        waiting.remove(at);
                    }
                }
                Some(Place::WrongKind) => {
                    if let Some((parent, _)) = self.overdue.remove(at)
                        && let Some(waiting) = self.waiting.get_mut(&parent)
                    {
                        waiting.remove(at);
                    }
                }
                None => {}
            }
            self.waiting.remove(at);
            self.gathered.forget(*at);
            self.chains.forget(store, *at);
        }
    }

    fn forget_member(&mut self, number: u32, at: SpanIx) {
        if let Some(group) = &mut self.groups[number as usize] {
            group.members.remove(&at);
            group.alone.remove(&at);
        }
        self.free_if_silent(number);
    }

    /// A group that was spoken of outlives its spans; any other goes with the last of them.
    fn free_if_silent(&mut self, number: u32) {
        let Some(group) = &self.groups[number as usize] else { return };
        if !group.members.is_empty() || group.spoken {
            return;
        }
        let key = group.key;
        if self.by_key.get(&key) == Some(&number) {
            self.by_key.remove(&key);
        }
        self.groups[number as usize] = None;
        self.free(number);
    }

    /// The edges to cut or mend since the last call; the owner passes them to [`Store::set_cut`].
    pub fn take_cuts(&mut self) -> Vec<CutChange> {
        std::mem::take(&mut self.cuts)
    }

    /// The verdicts: headlines first, then by severity, rule, service and ids.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was found and is accepted.
    pub fn suppressed(&self) -> &[Suppressed] {
        &self.suppressed
    }

    /// What is to be said of suppressions, a sentence each.
    pub fn policy_remarks(&self) -> &[String] {
        &self.policy_remarks
    }

    /// What the user wants said.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The findings that a span is part of or the culprit of, by index in [`Diagnosis::findings`].
    pub fn findings_of(&self, store: &Store, at: SpanIx) -> Vec<usize> {
        let group = self.groups_under(at).find_map(|g| self.finding_of_group.get(&g)).map(|(f, _)| *f);
        let member = match self.chains.place(at) {
            Some(Place::Group(number)) if self.is_alone(number, at) => {
                [self.finding_of_wrong_kinds.get(&self.kinds_key(store, at)).copied(), None]
            }
            Some(Place::Group(number)) => {
                let (headline, symptom) = self.finding_of_group.get(&number).copied().unzip();
                [headline, symptom.flatten()]
            }
            Some(Place::WrongKind) => {
                [self.finding_of_wrong_kinds.get(&self.kinds_key(store, at)).copied(), None]
            }
            Some(Place::Waiting(_)) | None => [None, None],
        };
        let merged = group.into_iter().chain(member.into_iter().flatten());
        let mut all: Vec<usize> = merged.chain(self.claims_on(store, at)).collect();
        all.dedup();
        all
    }

    /// The findings of rules on spans, pairs and aggregates that a span is part of.
    fn claims_on(&self, store: &Store, at: SpanIx) -> Vec<usize> {
        let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) else {
            return Vec::new();
        };
        let scope = store.scope(seen.record.scope);
        let marked: Vec<&Rule> = self.marks.of_span(&seen, self.chains.is(at, Traits::EXCUSED)).collect();
        let id = (store.trace(seen.trace).id, seen.record.span_id);
        let concerns = |finding: &Finding| match finding.rule.on {
            On::Merge(_) | On::Entry => false,
            On::Span(_) => {
                marked.iter().any(|rule| rule.id == finding.rule.id)
                    && finding.service == seen.of_process.service
                    && finding.scope.as_ref().map_or(("", ""), |(n, v)| (n, v))
                        == (&scope.name, &scope.version)
            }
            On::Pair(_) | On::Aggregate(_) => finding.span_ids.contains(&id),
        };
        (0..self.findings.len()).filter(|i| concerns(&self.findings[*i])).collect()
    }

    /// How bad the worst finding is that a span is part of, where that is more than a hint: lists mark what is wrong.
    pub fn mark(&self, store: &Store, at: SpanIx) -> Option<Severity> {
        let findings = self.findings_of(store, at).into_iter().filter_map(|i| self.findings.get(i));
        findings.map(|finding| finding.severity).max().filter(|severity| *severity > Severity::Info)
    }

    /// Whether an entry of a group was judged by itself.
    fn is_alone(&self, number: u32, at: SpanIx) -> bool {
        self.groups[number as usize].as_ref().is_some_and(|group| group.alone.contains_key(&at))
    }

    /// The kind that a span should have had, where that differs from what was recorded.
    pub fn expected_kind(&self, at: SpanIx) -> Option<SpanKind> {
        let wrong = match self.chains.place(at)? {
            Place::Group(number) => {
                let group = self.groups[number as usize].as_ref()?;
                (group.spoken || group.alone.contains_key(&at)) && self.chains.has_wrong_kind(at)
            }
            Place::WrongKind => true,
            Place::Waiting(_) => false,
        };
        wrong.then_some(SpanKind::Server)
    }

    /// How many real requests a merged trace holds; nothing for a trace that is not merged.
    pub fn requests(&self, store: &Store, trace: TraceIx) -> Option<u64> {
        let id = store.trace(trace).id;
        let collided = self.collided.contains(&id).then_some(0);
        let cut = self.merged.get(&id).copied().or(collided)?;
        // The tops that were not cut hold a request when an entry is at or near them.
        let tops = store.roots(trace).take(TOPS).filter(|top| self.holds_entry(store, *top));
        Some(cut + tops.count() as u64)
    }

    fn holds_entry(&self, store: &Store, top: SpanIx) -> bool {
        // Edges that the owner has not cut yet count as cut.
        let cut = |at: SpanIx| match self.chains.place(at) {
            Some(Place::Group(number)) => {
                self.groups[number as usize].as_ref().is_some_and(|group| group.spoken)
            }
            _ => false,
        };
        let next = |at: &SpanIx| store.next_row(*at, View::Unmerged, &cut);
        let rows = std::iter::successors(Some(top), next).take(256);
        let mut rows = rows.take_while(|at| *at == top || store.parent_row(*at, View::Unmerged).is_some());
        rows.any(|at| self.chains.is_entry(at) && !cut(at))
    }

    /// The worst severity found in a trace, where that is more than a hint.
    pub fn worst(&self, store: &Store, trace: TraceIx) -> Option<Severity> {
        let id = store.trace(trace).id;
        let groups = self.finding_of_group.iter().filter(|(number, _)| {
            self.groups[**number as usize].as_ref().is_some_and(|group| group.traces.contains(&id))
        });
        let kinds = self
            .finding_of_wrong_kinds
            .iter()
            .filter(|(key, _)| self.wrong_kinds.get(key).is_some_and(|kinds| kinds.traces.contains_key(&id)));
        let findings = groups.map(|(_, (finding, _))| *finding).chain(kinds.map(|(_, finding)| *finding));
        let merged = findings.filter_map(|finding| self.findings.get(finding)).map(|f| f.severity).max();
        let marked = self.gathered.traces.get(store, trace).map(|note| note.marked).unwrap_or_default();
        let claimed = |finding: &&Finding| match finding.rule.on {
            On::Merge(_) | On::Entry => false,
            On::Span(_) | On::Pair(_) => {
                (0..).zip(RULES).any(|(i, r)| r.id == finding.rule.id && marked.has(i))
            }
            On::Aggregate(_) => finding.trace_ids.contains(&id),
        };
        let worst = merged.max(self.findings.iter().filter(claimed).map(|f| f.severity).max());
        worst.filter(|severity| *severity > Severity::Info)
    }

    /// Whether a span (or a placeholder of one) holds merged requests together.
    pub fn is_culprit(&self, at: SpanIx) -> bool {
        let mut groups = self.groups_under(at).filter_map(|number| self.groups[number as usize].as_ref());
        groups.any(|group| group.spoken)
    }

    /// The groups that hang from a span.
    fn groups_under(&self, at: SpanIx) -> impl Iterator<Item = u32> {
        let keys = [GroupKey::Span(at), GroupKey::Caller(at)];
        keys.into_iter().filter_map(|key| self.by_key.get(&key).copied())
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.chains.memory()
            + self.marks.memory()
            + self.gathered.memory()
            + self.processes.memory()
            + self.chains.placed() * ENTRY_IN_TABLES
            + self.groups.capacity() * size_of::<Option<Box<Group>>>()
            + (self.groups.len() - self.vacant.len()) * size_of::<Group>()
            + self.wrong_kinds.values().map(|kinds| kinds.traces.len()).sum::<usize>() * TRACE_IN_A_SET
            + self.merged.capacity() * TRACE_IN_A_SET
    }

    /// Judges an entry and puts it where it belongs.
    fn judge(&mut self, store: &Store, at: SpanIx) {
        match self.chains.judge(store, &self.processes, at) {
            Edge::Root => self.note_wrong_kind(store, at, Settled { received: true, tail: false }),
            Edge::Remote(caller) => {
                self.note_wrong_kind(store, at, Settled { received: true, tail: false });
                self.called(store, at, caller);
            }
            Edge::LocalCall | Edge::Nested(_) => {}
            Edge::Unknown(parent) => {
                self.chains.set_place(at, Some(Place::Waiting(parent)));
                self.chains.set_awaited(parent);
                self.waiting.entry(parent).or_default().insert(at);
                if self.chains.has_wrong_kind(at) {
                    self.patience.push_back((self.now_ns + super::verdict::SILENT_NS, at));
                }
                self.called(store, at, parent);
            }
            Edge::Cut(cut, key) => self.join(store, at, cut, key),
        }
    }

    /// Notes an entry that names a caller. The first is how it should be; with the second they are a group, of which
    /// there may be something to say.
    fn called(&mut self, store: &Store, at: SpanIx, caller: SpanIx) {
        let above = store.slot(caller);
        // Messages share what sent them by design, seconds or days later.
        let sends = above.is_held() && matches!(above.record.kind(), SpanKind::Producer | SpanKind::Consumer);
        if sends || !self.is_call(store, at) {
            return;
        }
        let key = GroupKey::Caller(caller);
        if self.by_key.contains_key(&key) {
            self.leave_waiting(at);
            return self.join(store, at, Cut::Called, key);
        }
        if !self.chains.is(caller, Traits::CALLS) {
            return self.chains.set(caller, Traits::CALLS);
        }
        let process = self.processes.of(above.record.resource);
        let carried = |child: SpanIx| {
            let record = store.record(child);
            !above.is_held()
                || record.locality() == ParentLocality::Remote
                || self.processes.of(record.resource) != process
        };
        let next = |child: &SpanIx| store.next_sibling(*child, View::Recorded);
        let children = std::iter::successors(store.first_child(caller, View::Recorded), next);
        let entries: Vec<SpanIx> = children
            .take(CALLED_AT_ONCE)
            .filter(|child| *child == at || self.chains.is(*child, Traits::SEEN))
            .filter(|child| carried(*child) && self.is_call(store, *child))
            .collect();
        if entries.len() < 2 {
            return;
        }
        for entry in entries {
            self.leave_waiting(entry);
            self.join(store, entry, Cut::Called, key);
        }
    }

    /// Whether an entry handles a call, and has no place yet for another reason.
    fn is_call(&self, store: &Store, at: SpanIx) -> bool {
        self.chains.is_entry(at)
            && !self.chains.has_wrong_kind(at)
            && !matches!(self.chains.role(at), Role::MessageIn | Role::JobIn | Role::FaasIn)
            && store.record(at).kind() != SpanKind::Consumer
            && !matches!(self.chains.place(at), Some(Place::Group(_) | Place::WrongKind))
    }

    /// An entry that waited for its parent has found a place.
    fn leave_waiting(&mut self, at: SpanIx) {
        if let Some(Place::Waiting(parent)) = self.chains.place(at)
            && let Some(waiting) = self.waiting.get_mut(&parent)
        {
            waiting.remove(&at);
            if waiting.is_empty() {
                self.waiting.remove(&parent);
            }
        }
    }

    fn join(&mut self, store: &Store, at: SpanIx, cut: Cut, key: GroupKey) {
        let slot = store.slot(at);
        let record = &slot.record;
        let process = self.processes.of(record.resource);
        let trace = store.trace(slot.trace).id;
        let number = self.group(store, key, process);
        let role = self.chains.role(at);
        let wrong_kind = self.chains.has_wrong_kind(at);
        let joining = Joining {
            span: at,
            span_id: record.span_id,
            start_ns: record.start_ns,
            sampled: Sampled {
                end_ns: record.end_ns,
                trace,
                kind: record.kind(),
                scope: record.scope,
                wrong_kind,
            },
            cut,
            local_by_flags: record.locality() == ParentLocality::Local,
            conditional: self.chains.is_conditional(store, &self.processes, at),
            message: matches!(role, Role::MessageIn | Role::JobIn) || record.kind() == SpanKind::Consumer,
            http: role == Role::HttpIn,
            process,
            service: self.processes.get(process).service_ix,
            resent: record.keys.has(Key::HttpResendCount),
            linked: record.keys.has(Key::HasLinks),
            facts: store.facts(at),
            now_ns: self.now_ns,
        };
        let Some(group) = &mut self.groups[number as usize] else { return };
        group.join(&joining);
        if group.spoken {
            self.announce(store, &[at], true);
        }
        self.chains.set_place(at, Some(Place::Group(number)));
        self.dirty.insert(number);
    }

    /// The group with this key, made when it is new.
    fn group(&mut self, store: &Store, key: GroupKey, process: ProcessIx) -> u32 {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        let culprit_id = match key {
            GroupKey::Span(at) | GroupKey::Caller(at) => store.record(at).span_id,
            GroupKey::Requests(_) => crate::model::SpanId::NONE,
        };
        self.serial += 1;
        let mut group = Group::new(key, culprit_id, process, self.serial);
        if let GroupKey::Span(at) | GroupKey::Caller(at) = key {
            self.chains.set_awaited(at);
            group.hub = self.hub(store, at);
        }
        let group = Some(Box::new(group));
        let number = match self.vacant.pop() {
            Some(number) => {
                self.groups[number as usize] = group;
                number
            }
            None => {
                self.groups.push(group);
                self.groups.len() as u32 - 1
            }
        };
        self.by_key.insert(key, number);
        number
    }

    /// What is known of a culprit that was received.
    fn hub(&mut self, store: &Store, at: SpanIx) -> Option<Hub> {
        let slot = store.slot(at);
        if !slot.is_held() {
            return None;
        }
        let record = &slot.record;
        let name = self.chains.name(store, record.name);
        let scope_traits = self.chains.scope(record.scope);
        let scope = store.scope(record.scope);
        let process = self.processes.get(self.processes.of(record.resource));
        let command_line = self.chains.role(at) == Role::Cli;
        let class = match () {
            () if command_line || name.command && record.parent_id.is_none() => CulpritClass::Cli,
            () if name.polls || self.chains.role(at) == Role::MessageReceive => CulpritClass::ConsumerLoop,
            () => CulpritClass::Unknown,
        };
        let legitimate = match () {
            () if name.tests
                || scope_traits.tests
                || record.keys.has(Key::Test)
                || command_line && name.test_command =>
            {
                Some(("it is a test run", 0.10))
            }
            () if name.stream => Some(("it is one long connection", 0.10)),
            () if record.keys.has(Key::Cicd) => Some(("it is a step of a pipeline", 0.30)),
            () if process.language == "webjs" => Some(("it is a session of a web page", 0.30)),
            () => None,
        };
        Some(Hub {
            name: store.name(at).into_owned(),
            kind: record.kind(),
            scope: scope.name.clone(),
            scope_version: scope.version.clone(),
            start_ns: record.start_ns,
            end_ns: record.end_ns,
            command_line,
            legitimate,
            class,
            startup_name: name.startup,
            command_name: name.command,
        })
    }

    /// Judges again what waited for a span that has just arrived.
    fn resolve(&mut self, store: &Store, at: SpanIx) {
        if !self.chains.is(at, Traits::AWAITED) {
            return;
        }
        if let Some(waiting) = self.waiting.remove(&at) {
            for entry in waiting {
                if let Some((_, settled)) = self.overdue.remove(&entry) {
                    self.retract_wrong_kind(store, entry, settled);
                }
                self.chains.set_place(entry, None);
                self.judge(store, entry);
            }
        }
        if let Some(number) = self.by_key.remove(&GroupKey::Caller(at))
            && let Some(group) = self.groups[number as usize].take()
        {
            // The first of them is alone with its caller again.
            self.chains.unset(at, Traits::CALLS);
            self.dissolve(store, number, &group);
        }
        let Some(number) = self.by_key.remove(&GroupKey::Span(at)) else { return };
        let Some(group) = self.groups[number as usize].take() else { return };
        let record = store.record(at);
        let plain = !self.chains.is_entry(at)
            && !matches!(record.kind(), SpanKind::Client | SpanKind::Producer)
            && !group.mixed
            && self.processes.of(record.resource) == group.process;
        if plain {
            let key = match self.chains.top(store, &self.processes, at) {
                Top::Local(hub) => Some(GroupKey::Span(hub)),
                Top::Missing(placeholder) => Some(GroupKey::Span(placeholder)),
                Top::Entry(_) => None,
            };
            if let Some(key) = key {
                return self.rekey(store, number, group, key);
            }
        }
        self.dissolve(store, number, &group);
    }

    /// The culprit turned out to be, or to hang from, another span.
    fn rekey(&mut self, store: &Store, number: u32, mut group: Box<Group>, key: GroupKey) {
        let GroupKey::Span(culprit) = key else { return };
        let Some(other) = self.by_key.get(&key).copied() else {
            group.key = key;
            group.culprit_id = store.record(culprit).span_id;
            group.hub = self.hub(store, culprit);
            self.groups[number as usize] = Some(group);
            self.by_key.insert(key, number);
            self.chains.set_awaited(culprit);
            self.dirty.insert(number);
            return;
        };
        self.free(number);
        let alone = std::mem::take(&mut group.alone);
        let others = self.groups[other as usize].as_mut().map(|into| std::mem::take(&mut into.alone));
        for (span, settled) in alone.into_iter().chain(others.into_iter().flatten()) {
            self.retract_wrong_kind(store, span, settled);
        }
        let members: Vec<SpanIx> = group.members.iter().copied().collect();
        let spoken = self.groups[other as usize].as_ref().is_some_and(|into| into.spoken);
        if group.spoken != spoken {
            self.announce(store, &members, spoken);
        }
        for span in members {
            self.chains.set_place(span, Some(Place::Group(other)));
        }
        if let Some(into) = &mut self.groups[other as usize] {
            into.absorb(*group);
        }
        self.dirty.insert(other);
    }

    /// What the entries waited for explains them one by one.
    fn dissolve(&mut self, store: &Store, number: u32, group: &Group) {
        self.free(number);
        let members: Vec<SpanIx> = group.members.iter().copied().collect();
        if group.spoken {
            self.announce(store, &members, false);
        }
        for (span, settled) in &group.alone {
            self.retract_wrong_kind(store, *span, *settled);
        }
        for entry in members {
            self.chains.set_place(entry, None);
            self.judge(store, entry);
        }
    }

    /// Hands cut or mended edges to the owner, and counts them by trace.
    fn announce(&mut self, store: &Store, members: &[SpanIx], cut: bool) {
        for span in members {
            self.cuts.push(CutChange { span: *span, cut });
            let trace = store.trace(store.slot(*span).trace).id;
            if cut {
                *self.merged.entry(trace).or_default() += 1;
            } else {
                self.uncount(trace);
            }
        }
    }

    fn uncount(&mut self, trace: TraceId) {
        if let Some(count) = self.merged.get_mut(&trace) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.merged.remove(&trace);
            }
        }
    }

    /// Gives a group's number back.
    fn free(&mut self, number: u32) {
        self.vacant.push(number);
        self.dirty.remove(&number);
        self.unsettled.remove(&number);
        // The number may be another group's before the list is written again.
        self.finding_of_group.remove(&number);
        if self.verdicts.remove(&number).is_some() {
            self.wrong_kinds_changed = true;
        }
    }

    /// Weighs the groups that have changed; the list of findings is stale if any verdict did.
    fn weigh_changed(&mut self, store: &Store) {
        while let Some(number) = self.dirty.pop_first() {
            let Some(group) = &self.groups[number as usize] else { continue };
            let verdict = self.verdict(store, group);
            let before = self.verdicts.get(&number);
            self.stale |= verdict.is_some() || before.is_some();
            self.news |= before.map(Verdict::headline) != verdict.as_ref().map(Verdict::headline);
            let settled = verdict.as_ref().is_some_and(Verdict::is_settled);
            self.speak(store, number, verdict.is_some());
            match verdict {
                Some(verdict) => self.verdicts.insert(number, verdict),
                None => self.verdicts.remove(&number),
            };
            if settled || self.settle_unspoken(store, number) {
                self.unsettled.remove(&number);
            } else {
                self.unsettled.insert(number);
            }
        }
        self.stale |= std::mem::take(&mut self.wrong_kinds_changed);
    }

    /// Cuts or mends the edges of a group when its verdict begins or ceases to be told.
    fn speak(&mut self, store: &Store, number: u32, spoken: bool) {
        let Some(group) = &mut self.groups[number as usize] else { return };
        if group.spoken == spoken {
            return;
        }
        group.spoken = spoken;
        let members: Vec<SpanIx> = group.members.iter().copied().collect();
        let alone = std::mem::take(&mut group.alone);
        self.announce(store, &members, spoken);
        for (span, settled) in alone {
            self.retract_wrong_kind(store, span, settled);
        }
    }
}

/// A held span as rules see it; nothing for a placeholder.
pub(super) fn seen<'a>(
    store: &'a Store,
    chains: &'a Chains,
    processes: &'a Processes,
    gathered: &Aggregates,
    at: SpanIx,
) -> Option<Seen<'a>> {
    let slot = store.slot(at);
    if !slot.is_held() {
        return None;
    }
    let record = &slot.record;
    let process = processes.of(record.resource);
    let of_process = processes.get(process);
    Some(Seen {
        store,
        processes,
        chains,
        at,
        trace: slot.trace,
        record,
        facts: store.facts(at),
        role: chains.role(at),
        entry: chains.is_entry(at),
        scope: chains.scope(record.scope),
        process,
        of_process,
        service: of_process.service_ix,
        emitter: gathered.emitters.find(of_process.service_ix, record.scope)?,
    })
}
