//! Marks: rules on spans and on pairs at work. What they mark is tallied by service and scope.

use super::aggregate::Cx;
use super::aggregate::emitters::EmitterIx;
use super::aggregate::traces::Traces;
use super::claim::{Case, Claim};
use super::rule::{On, OnPair, OnSpan, RULES, Rule};
use super::seen::{Mark, Seen};
use super::tally::{Sample, SampleKey, Tally};
use crate::model::Scope;

/// The rules that have marked something, by their place in [`RULES`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct RuleSet([u64; 2]);

impl RuleSet {
    pub(crate) fn insert(&mut self, rule: u8) {
        self.0[usize::from(rule / 64)] |= 1 << (rule % 64);
    }

    /// With those of another.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn has(self, rule: u8) -> bool {
        self.0[usize::from(rule / 64)] & 1 << (rule % 64) != 0
    }
}

const _: () = assert!(RULES.len() <= 128, "a rule must fit the set");

/// Rules on spans and pairs, and what they have marked.
#[derive(Debug)]
pub(super) struct Marks {
    spans: Vec<(u8, &'static OnSpan)>,
    pairs: Vec<(u8, &'static OnPair)>,
    /// By emitter, by rule.
    tallies: Vec<Vec<Option<Box<Tally>>>>,
}

impl Marks {
    /// Of the rules in [`RULES`] those that are on.
    pub(super) fn new(is_on: &dyn Fn(&Rule) -> bool) -> Self {
        let on = || (0_u8..).zip(RULES).filter(|(_, rule)| is_on(rule));
        let span = |(i, rule): (u8, &&'static Rule)| match &rule.on {
            On::Span(on) => Some((i, on)),
            _ => None,
        };
        let pair = |(i, rule): (u8, &&'static Rule)| match &rule.on {
            On::Pair(on) => Some((i, on)),
            _ => None,
        };
        Self {
            spans: on().filter_map(span).collect(),
            pairs: on().filter_map(pair).collect(),
            tallies: Vec::new(),
        }
    }

    /// Shows a span that has arrived to the rules that watch for such; `excused` tells whether those do not count that
    /// something below it excuses.
    pub(super) fn span(&mut self, seen: &Seen<'_>, excused: bool, traces: &mut Traces) {
        for i in 0..self.spans.len() {
            let (rule, on) = self.spans[i];
            if let Some(mark) = marked(on, seen, excused) {
                self.add(rule, seen, mark);
                traces.mark(seen, rule);
            }
        }
    }

    /// Takes back what the rules have marked of a span that was shown to them like this.
    pub(super) fn take_back(&mut self, seen: &Seen<'_>, excused: bool) {
        for i in 0..self.spans.len() {
            let (rule, on) = self.spans[i];
            if let Some(mark) = marked(on, seen, excused) {
                self.retract(rule, seen, mark);
            }
        }
    }

    /// Shows a span and its parent, both here now, to the rules that watch for such. `excused` tells whether the
    /// parent's marks were taken back before; answers whether they are now.
    pub(super) fn pair(
        &mut self,
        child: &Seen<'_>,
        parent: &Seen<'_>,
        excused: bool,
        traces: &mut Traces,
    ) -> bool {
        let (keys, kind) = (child.record.keys, child.kind());
        for i in 0..self.pairs.len() {
            let (rule, on) = self.pairs[i];
            if on.watch.sees(keys, kind)
                && let Some(mark) = (on.check)(child, parent)
            {
                self.add(rule, if mark.at == child.at { child } else { parent }, mark);
                traces.mark_pair(child, rule);
            }
        }
        let mut excused = excused;
        for i in 0..self.spans.len() {
            let (rule, on) = self.spans[i];
            if let Some(excuses) = on.excused_by
                && !excused
                && on.watch.sees(parent.record.keys, parent.kind())
                && excuses(child, parent)
                && let Some(mark) = (on.check)(parent)
            {
                self.retract(rule, parent, mark);
                excused = true;
            }
        }
        excused
    }

    fn add(&mut self, rule: u8, seen: &Seen<'_>, mark: Mark) {
        let (key, sample) = sampled(seen, mark);
        let tally = self.tally(seen.emitter, rule);
        tally.add(key, sample);
    }

    fn retract(&mut self, rule: u8, seen: &Seen<'_>, mark: Mark) {
        self.tally(seen.emitter, rule).retract(&sampled(seen, mark).0, mark.detail);
    }

    fn tally(&mut self, emitter: EmitterIx, rule: u8) -> &mut Tally {
        let number = emitter.0 as usize;
        while self.tallies.len() <= number {
            self.tallies.push(Vec::new());
        }
        let row = &mut self.tallies[number];
        if row.len() < RULES.len() {
            row.resize_with(RULES.len(), || None);
        }
        row[usize::from(rule)].get_or_insert_default()
    }

    /// The rules that mark this span by itself.
    pub(super) fn of_span(&self, seen: &Seen<'_>, excused: bool) -> impl Iterator<Item = &'static Rule> {
        let marks = move |(rule, on): &(u8, &'static OnSpan)| {
            marked(on, seen, excused).map(|_| RULES[usize::from(*rule)])
        };
        self.spans.iter().filter_map(marks)
    }

    /// What the rules say of their tallies.
    pub(super) fn claims(&self, cx: &Cx<'_>) -> Vec<(&'static Rule, Claim)> {
        let mut out = Vec::new();
        for ((_, emitter), row) in cx.gathered.emitters.iter().zip(&self.tallies) {
            for (rule, tally) in RULES.iter().zip(row) {
                let Some(tally) = tally.as_ref().filter(|tally| tally.n > 0) else { continue };
                let say = match &rule.on {
                    On::Span(on) => on.say,
                    On::Pair(on) => on.say,
                    On::Merge(_) | On::Entry | On::Aggregate(_) => continue,
                };
                let scope: &Scope = cx.store.scope(emitter.scope);
                let service = cx.processes.service(emitter.service);
                let case = Case { cx: *cx, tally, emitter, scope, service };
                let Some(said) = say(&case) else { continue };
                let mut claim = Claim::about(service, said)
                    .spans(tally.sample.keys().map(|(_, trace, span)| (*trace, *span)), tally.n);
                claim.trace_count = tally.traces.count().max(claim.traces.len() as u64);
                claim.language.clone_from(&emitter.language);
                claim.scope = Some(scope.clone());
                out.push((*rule, claim));
            }
        }
        out
    }

    pub(super) fn memory(&self) -> usize {
        let tallies = self.tallies.iter().flatten().flatten();
        self.tallies.len() * RULES.len() * size_of::<Option<Box<Tally>>>()
            + tallies.map(|tally| tally.memory()).sum::<usize>()
    }
}

/// What a rule marks of a span that it watches for.
fn marked(on: &OnSpan, seen: &Seen<'_>, excused: bool) -> Option<Mark> {
    let watched = on.watch.sees(seen.record.keys, seen.kind()) && !(excused && on.excused_by.is_some());
    if watched { (on.check)(seen) } else { None }
}

fn sampled(seen: &Seen<'_>, mark: Mark) -> (SampleKey, Sample) {
    let record = seen.record;
    let key = (record.start_ns, seen.store.trace(seen.trace).id, record.span_id);
    let duration_ns = record.duration_ns();
    (key, Sample { name: record.name, kind: record.kind(), duration_ns, detail: mark.detail })
}
