//! The engine: what happens when a batch has arrived, when a second has passed, and when nothing more will come.

use super::aggregate::emitters::{Emitter, EmitterIx};
use super::aggregate::missing::{Around, Recording};
use super::aggregate::{Aggregates, Cx};
use super::alone::WrongKinds;
use super::claim::Claim;
use super::finding::Finding;
use super::group::{Group, GroupKey, Settled};
use super::known_issues::{KnownIssue, with_shipped};
use super::marks::Marks;
use super::policy::{Policy, Suppressed};
use super::process::{Processes, ServiceIx};
use super::rule::{On, RULES, Rule};
use super::rules;
use super::seen::Seen;
use super::suppression::Suppression;
use super::unmerge::{Chains, Place, Traits};
use super::verdict::Verdict;
use crate::model::{SpanId, TraceId};
use crate::store::{Arrived, Retold, SpanIx, Store, View};
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
    pub(super) policy: Policy,
    /// By place in [`RULES`].
    pub(super) on: Vec<bool>,
    pub(super) marks: Marks,
    pub(super) gathered: Aggregates,
    /// What rules on marks and aggregates said when they were last asked.
    pub(super) claims: Vec<(&'static Rule, Claim)>,
    /// Spans observed since then.
    pub(super) unasked: usize,
    /// Parents, and their next child that rules are to be shown together with them.
    pub(super) unpaired: VecDeque<(SpanIx, SpanIx)>,
    /// Placeholders of parents under which a merge has been told, as of the last time that the rules were asked.
    pub(super) merged_under: Vec<SpanIx>,
    pub(super) chains: Chains,
    pub(super) processes: Processes,
    pub(super) known_issues: Vec<KnownIssue>,
    pub(super) groups: Vec<Option<Box<Group>>>,
    pub(super) vacant: Vec<u32>,
    pub(super) by_key: HashMap<GroupKey, u32>,
    /// Waiting entries that were judged by themselves, what they wait for, and how they were judged.
    pub(super) overdue: HashMap<SpanIx, (SpanIx, Settled)>,
    /// When waiting entries are to be judged by themselves.
    pub(super) patience: VecDeque<(u64, SpanIx)>,
    pub(super) serial: u64,
    /// How many processes were silent when the time was last told.
    pub(super) silent: usize,
    pub(super) waiting: HashMap<SpanIx, BTreeSet<SpanIx>>,
    pub(super) wrong_kinds: BTreeMap<EmitterIx, WrongKinds>,
    /// Groups that changed since they were last weighed.
    pub(super) dirty: BTreeSet<u32>,
    /// Groups whose verdict may still change with time alone.
    pub(super) unsettled: BTreeSet<u32>,
    pub(super) wrong_kinds_changed: bool,
    /// The list of findings is older than the verdicts.
    pub(super) stale: bool,
    /// A verdict is new, gone, or of another severity or state than the list says.
    pub(super) news: bool,
    /// Spans observed since the list was written.
    pub(super) unwritten: usize,
    pub(super) cuts: Vec<CutChange>,
    /// How many requests were cut out of a trace so far.
    pub(super) merged: HashMap<TraceId, u64>,
    /// Service, scope and name of entries that were seen inside of a SERVER span's request.
    pub(super) nested: HashSet<(ServiceIx, u32, u32)>,
    /// Traces that share an id by accident, by what rules said last: each root is a request of its own.
    pub(super) collided: HashSet<TraceId>,
    pub(super) verdicts: BTreeMap<u32, Verdict>,
    pub(super) findings: Vec<Finding>,
    pub(super) suppressed: Vec<Suppressed>,
    pub(super) policy_remarks: Vec<String>,
    pub(super) finding_of_group: HashMap<u32, (usize, Option<usize>)>,
    pub(super) finding_of_wrong_kinds: HashMap<EmitterIx, usize>,
    pub(super) now_ns: u64,
    pub(super) ended: bool,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self::with_policy(Policy::default())
    }
}

impl Diagnosis {
    /// A diagnosis by the rules that speak unasked or are asked to.
    pub fn with_policy(policy: Policy) -> Self {
        let mut diagnosis = Self::with_rules(&|rule| policy.speaks(rule.id, rule.enabled));
        diagnosis.policy = policy;
        diagnosis
    }

    /// A diagnosis by the rules that are on.
    pub(crate) fn with_rules(is_on: &dyn Fn(&Rule) -> bool) -> Self {
        Self {
            on: RULES.iter().map(|rule| is_on(rule)).collect(),
            marks: Marks::new(is_on),
            gathered: Aggregates::default(),
            claims: Vec::new(),
            unasked: 0,
            unpaired: VecDeque::new(),
            merged_under: Vec::new(),
            chains: Chains::default(),
            processes: Processes::default(),
            known_issues: with_shipped(Vec::new()),
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
            nested: HashSet::new(),
            collided: HashSet::new(),
            verdicts: BTreeMap::new(),
            findings: Vec::new(),
            finding_of_group: HashMap::new(),
            finding_of_wrong_kinds: HashMap::new(),
            now_ns: 0,
            ended: false,
            suppressed: Vec::new(),
            policy_remarks: Vec::new(),
            policy: Policy::default(),
        }
    }

    /// With known issues of the user's own: they come first, and replace shipped ones of the same id.
    #[must_use]
    pub fn with_known_issues(mut self, rows: Vec<KnownIssue>) -> Self {
        self.known_issues = with_shipped(rows);
        self
    }

    /// One that has seen nothing, for the same user: by the same rules, policy and known issues.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { known_issues: self.known_issues, ..Self::with_policy(self.policy) }
    }

    /// Looks at what has just been ingested; `now_ns` is its batch's time of arrival.
    pub fn observe(&mut self, store: &Store, arrived: &Arrived, now_ns: u64) {
        self.gathered.bad_ids += arrived.bad_ids;
        let retold = arrived.retold.as_slice();
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
            if self.chains.scope(record.scope).tests {
                self.processes.note_test(process);
            }
            self.gathered.emitters.number(store, &self.processes, record);
        }
        // What follows reads of them what is told now.
        for retold in retold {
            self.retell(store, retold, now_ns);
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
        self.unwritten += arrived.len() + retold.len();
        self.unasked += arrived.len() + repeated.len() + retold.len();
        // A headline may tell of many groups, and the work is theirs.
        let findings = self.findings.len().max(self.verdicts.len());
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
        let Aggregates { lost, recent, .. } = &mut self.gathered;
        let around =
            Around { store, processes: &self.processes, recent, now_ns: self.now_ns, recording: None };
        if lost.tick(&self.chains, &around) {
            self.unasked = self.unasked.max(1);
        }
        self.refresh(store);
    }

    /// Says that all processes that have sent anything so far have ended: what they still owe will not come.
    pub fn processes_ended(&mut self) {
        self.processes.all_ended();
        self.dirty.extend(self.by_key.values().copied());
        self.unasked = self.unasked.max(1);
        self.stale = true;
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
        self.merged_under = self.merged_under();
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
            merged: &self.merged_under,
            now_ns: self.now_ns,
            ended: self.ended,
        }
    }

    fn merged_under(&self) -> Vec<SpanIx> {
        let groups = self.verdicts.keys().filter_map(|number| self.groups[*number as usize].as_deref());
        let placeholder = |group: &Group| match group.key {
            GroupKey::Span(at) if group.hub.is_none() => Some(at),
            _ => None,
        };
        groups.filter_map(placeholder).collect()
    }

    /// Whether a rule is on.
    pub(super) fn is_on(&self, rule: &Rule) -> bool {
        RULES.iter().position(|known| known.id == rule.id).is_some_and(|number| self.on[number])
    }

    /// Shows a span that has arrived to rules and aggregates, then with its parent and with children that came before.
    fn show(&mut self, store: &Store, at: SpanIx) {
        let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) else { return };
        self.gathered.span(&seen, &self.processes);
        self.marks.span(&seen, false, &mut self.gathered.traces);
        self.chains.set(at, Traits::SEEN);
        self.wait(store, at);
        if let Some(parent) = store.slot(at).parent() {
            self.show_pair(store, at, parent);
        }
        if let Some(first) = store.first_child(at, View::Recorded) {
            self.show_children(store, at, first, PAIRS_AT_ONCE);
        }
    }

    /// Looks again at a span that was shown while it ran: what rules say of it alone is said of what is known now. What
    /// was gathered of it stays, but for times; so does what was said of it together with its parent and children: none
    /// of that blames a span for the end that it did not have yet.
    fn retell(&mut self, store: &Store, retold: &Retold, now_ns: u64) {
        let at = retold.at;
        let excused = self.chains.is(at, Traits::EXCUSED);
        if let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) {
            let before = Seen { record: &retold.before, facts: retold.facts.as_ref(), ..seen };
            self.marks.take_back(&before, excused);
        }
        let record = store.record(at);
        self.chains.note(store, at);
        self.processes.note(self.processes.of(record.resource), record.start_ns, record.end_ns, now_ns);
        if let Some(seen) = seen(store, &self.chains, &self.processes, &self.gathered, at) {
            self.gathered.ended(&seen);
            self.marks.span(&seen, excused, &mut self.gathered.traces);
        }
        for key in [GroupKey::Span(at), GroupKey::Caller(at)] {
            if let Some(number) = self.by_key.get(&key).copied() {
                let hub = self.hub(store, at);
                if let Some(group) = self.groups[number as usize].as_mut() {
                    group.hub = hub;
                }
                self.dirty.insert(number);
            }
        }
        if self.chains.is_entry(at) && self.chains.place(at).is_none() {
            self.judge(store, at);
        }
    }

    /// Lists what a span that has arrived still misses, and strikes it off the list.
    fn wait(&mut self, store: &Store, at: SpanIx) {
        let parent = store.slot(at).parent().filter(|parent| !store.slot(*parent).is_held());
        let missed = self.chains.is(at, Traits::MISSED);
        if parent.is_none() && !missed {
            return;
        }
        let Aggregates { lost, recent, .. } = &mut self.gathered;
        let around =
            Around { store, processes: &self.processes, recent, now_ns: self.now_ns, recording: None };
        if missed {
            lost.arrived(&mut self.chains, &around, at);
        }
        if let Some(parent) = parent {
            lost.miss(&mut self.chains, &around, at, parent);
        }
    }

    fn show_pair(&mut self, store: &Store, child: SpanIx, parent: SpanIx) {
        let both = self.chains.is(child, Traits::SEEN) && self.chains.is(parent, Traits::SEEN);
        if !both || self.chains.is(child, Traits::PAIRED) {
            return;
        }
        if store.may_lie_elsewhere(child) {
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
        let recording = Recording::of(&self.processes);
        let Aggregates { lost, recent, .. } = &mut self.gathered;
        let (processes, now_ns) = (&self.processes, self.now_ns);
        lost.finish(&self.chains, &Around { store, processes, recent, now_ns, recording: Some(&recording) });
        self.ask(store);
        if self.stale {
            self.write(store);
        }
    }

    /// Accepts findings from now on.
    pub fn suppress(&mut self, store: &Store, suppression: Suppression) {
        self.policy.suppress(suppression);
        self.write(store);
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

    /// The edges to cut or mend since the last call; the owner passes them to [`Store::set_cut`].
    pub fn take_cuts(&mut self) -> Vec<CutChange> {
        std::mem::take(&mut self.cuts)
    }

    /// The latest span of the service and scope that a finding is about: something to look at where it lists no spans.
    pub fn latest_of(&self, store: &Store, finding: &Finding) -> Option<(TraceId, SpanId)> {
        let is_its = |emitter: &&Emitter| {
            let scope = store.scope(emitter.scope);
            emitter.spans > 0
                && self.processes.service(emitter.service) == finding.service
                && finding
                    .scope
                    .as_ref()
                    .is_none_or(|(name, version)| (name, version) == (&scope.name, &scope.version))
        };
        // Spans without a usable id were not taken: no span of their service stands for them.
        if finding.rule.id == rules::invalid_id::RULE.id {
            return None;
        }
        let latest = self.gathered.emitters.iter().map(|(_, emitter)| emitter).filter(is_its);
        latest.map(|emitter| emitter.latest).max().map(|(_, trace, span)| (trace, span))
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
            + (self.merged.capacity() + self.nested.capacity()) * TRACE_IN_A_SET
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
