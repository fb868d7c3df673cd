//! Merging: entries find their places, groups form, move and dissolve, and the edges to cut are announced.

use super::Diagnosis;
use super::engine::CutChange;
use super::finding::CulpritClass;
use super::group::{Cut, Group, GroupKey, Hub, Joining, Sampled, Settled};
use super::process::ProcessIx;
use super::role::Role;
use super::unmerge::{Edge, Place, Top, Traits};
use super::verdict::Verdict;
use crate::model::{Key, ParentLocality, SpanKind, TraceId};
use crate::store::{SpanIx, Store, View};

/// How many entries of one caller are gathered when the second one has made them a group.
const CALLED_AT_ONCE: usize = 256;

/// How many names of requests inside of requests are remembered.
const NESTED: usize = 4096;

impl Diagnosis {
    /// Judges an entry and puts it where it belongs.
    pub(super) fn judge(&mut self, store: &Store, at: SpanIx) {
        if store.may_lie_elsewhere(at) {
            return;
        }
        match self.chains.judge(store, &self.processes, at) {
            Edge::Root => self.note_wrong_kind(store, at, Settled { received: true, tail: false }),
            Edge::Remote(caller) => {
                self.note_wrong_kind(store, at, Settled { received: true, tail: false });
                self.called(store, at, caller);
            }
            Edge::LocalCall => {}
            Edge::Nested(owner) => self.note_nested(store, at, owner),
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

    /// Notes that requests of this name are parts of a SERVER span's request: where that is missing, it is only late.
    fn note_nested(&mut self, store: &Store, at: SpanIx, owner: SpanIx) {
        if store.record(owner).kind() == SpanKind::Server && self.nested.len() < NESTED {
            let record = store.record(at);
            self.nested.insert((self.processes.service_of(record.resource), record.scope, record.name));
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
            .filter(|child| {
                carried(*child) && self.is_call(store, *child) && !store.may_lie_elsewhere(*child)
            })
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
        let under = slot.parent().filter(|parent| store.slot(*parent).is_held());
        let under = under.map_or(u32::MAX, |parent| store.record(parent).scope);
        let joining = Joining {
            span: at,
            span_id: record.span_id,
            start_ns: record.start_ns,
            sampled: Sampled {
                end_ns: record.end_ns,
                trace,
                kind: record.kind(),
                scope: record.scope,
                name: record.name,
                under,
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
    pub(super) fn group(&mut self, store: &Store, key: GroupKey, process: ProcessIx) -> u32 {
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
    pub(super) fn hub(&mut self, store: &Store, at: SpanIx) -> Option<Hub> {
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
    pub(super) fn resolve(&mut self, store: &Store, at: SpanIx) {
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
    pub(super) fn announce(&mut self, store: &Store, members: &[SpanIx], cut: bool) {
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
    pub(super) fn weigh_changed(&mut self, store: &Store) {
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

    pub(super) fn forget_member(&mut self, number: u32, at: SpanIx) {
        if let Some(group) = &mut self.groups[number as usize] {
            group.members.remove(&at);
            group.alone.remove(&at);
        }
        self.free_if_silent(number);
    }

    /// A group that was spoken of outlives its spans; any other goes with the last of them.
    pub(super) fn free_if_silent(&mut self, number: u32) {
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
}
