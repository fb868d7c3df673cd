//! What a rule is, the moments at which it looks, and the one table of them.

use super::aggregate::Cx;
use super::claim::{Case, Claim, Said};
use super::evidence::{Circumstances, Weighed};
use super::finding::{Severity, State};
use super::group::Group;
use super::rules;
use super::seen::{Mark, Seen};
use super::verdict::{Moment, Words};
use crate::model::{KeySet, SpanKind};

/// A rule: one file in `rules/`, one word in [`RULES`]. Reports, help and `otoscope rules` print from here.
#[derive(Debug)]
pub struct Rule {
    /// Its name in reports and on the command line.
    pub id: &'static str,
    /// Its number in the catalogue: the letter is its section (kind, merging, context, time, identity, names).
    pub code: &'static str,
    /// The highest severity that it may say.
    pub severity: Severity,
    /// Whether it speaks unless it is asked to. A rule whose precision was not measured on real data does not.
    pub enabled: bool,
    /// What is wrong, in one line without a full stop.
    pub summary: &'static str,
    /// What it means, why it matters, how it is found, what looks alike and is fine.
    pub explain: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// The fix in code: `telemetry.sdk.language`, then what to write. A finding shows that of its own language.
    pub code_fixes: &'static [(&'static str, &'static str)],
    /// Where it was seen, and what defines it.
    pub references: &'static [&'static str],
    /// Rules whose findings explain this one's where they are about the same traces: it is folded under them.
    pub symptom_of: &'static [&'static str],
    /// When it looks, and at what.
    pub(crate) on: On,
}

/// The moment at which a rule looks.
#[derive(Debug)]
pub(crate) enum On {
    /// Entries hang from one culprit: a group of `group.rs`.
    Merge(OnMerge),
    /// An entry was judged by itself: `alone.rs` does the looking.
    Entry,
    /// A span arrived. What is marked is counted by service and scope, and said once with a count.
    Span(OnSpan),
    /// A span met its parent, whichever came last. Counted likewise.
    Pair(OnPair),
    /// What was gathered of services, scopes, processes and traces, looked at once a second and at the end.
    Aggregate(fn(&Cx<'_>, &mut Vec<Claim>)),
}

/// A rule on entries that hang from one culprit.
#[derive(Debug)]
pub(crate) struct OnMerge {
    /// How settled it is, nothing while it is better to keep silent. Asked first: most groups are nobody's fault.
    pub(crate) state: fn(&Group, &Moment) -> Option<State>,
    /// How sure it is, and the sentences behind that.
    pub(crate) weigh: fn(&Group, &Circumstances<'_>) -> Weighed,
    /// The one line. It is given how many requests the traces hold.
    pub(crate) message: fn(&Words<'_>, u64) -> String,
    /// What to do, first things first.
    pub(crate) remedy: fn(&Words<'_>) -> Vec<String>,
}

/// A rule that looks at each span by itself.
#[derive(Debug)]
pub(crate) struct OnSpan {
    /// The kind that a marked span should have had, where that is what the rule is about.
    pub(crate) expects: Option<SpanKind>,
    /// Which spans it is shown.
    pub(crate) watch: Watch,
    /// Whether this one is wrong.
    pub(crate) check: fn(&Seen<'_>) -> Option<Mark>,
    /// Whether a child (first) excuses its parent (second): its mark is taken back.
    pub(crate) excused_by: Option<fn(&Seen<'_>, &Seen<'_>) -> bool>,
    /// What to say of those of one service and scope, nothing while they are too few.
    pub(crate) say: fn(&Case<'_>) -> Option<Said>,
}

/// A rule that looks at a span and its parent.
#[derive(Debug)]
pub(crate) struct OnPair {
    /// Which children it is shown.
    pub(crate) watch: Watch,
    /// Whether the pair (child, parent) is wrong, and which of the two to mark.
    pub(crate) check: fn(&Seen<'_>, &Seen<'_>) -> Option<Mark>,
    /// What to say of those of one service and scope, nothing while they are too few.
    pub(crate) say: fn(&Case<'_>) -> Option<Said>,
}

/// Which spans a rule is shown: most rules have nothing to do with most spans, and every span passes all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    keys: Option<KeySet>,
    kinds: u8,
}

impl Watch {
    /// Every span.
    pub(crate) const EVERY: Self = Self { keys: None, kinds: u8::MAX };

    /// Spans with any of these keys.
    pub(crate) const fn keys(keys: KeySet) -> Self {
        Self { keys: Some(keys), ..Self::EVERY }
    }

    /// Of these, spans of one of these kinds.
    pub(crate) const fn kinds(self, kinds: &[SpanKind]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < kinds.len() {
            bits |= bit(kinds[i]);
            i += 1;
        }
        Self { kinds: bits, ..self }
    }

    /// Whether this span is one of them.
    #[inline]
    pub(crate) fn sees(self, keys: KeySet, kind: SpanKind) -> bool {
        self.kinds & bit(kind) != 0 && self.keys.is_none_or(|wanted| keys.any(wanted))
    }
}

const fn bit(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Unspecified => 1,
        SpanKind::Internal => 2,
        SpanKind::Server => 4,
        SpanKind::Client => 8,
        SpanKind::Producer => 16,
        SpanKind::Consumer => 32,
        SpanKind::Other(_) => 64,
    }
}

/// Every rule, in the order of the catalogue.
pub const RULES: &[&Rule] = &[
    &rules::http_entry_not_server::RULE,
    &rules::http_call_not_client::RULE,
    &rules::nested_server_spans::RULE,
    &rules::nested_client_spans::RULE,
    &rules::db_kind_mismatch::RULE,
    &rules::messaging_kind_mismatch::RULE,
    &rules::kind_unspecified::RULE,
    &rules::kind_mismatch_other::RULE,
    &rules::service_without_entry_kind::RULE,
    &rules::internal_with_remote_parent::RULE,
    &rules::merged_under_local_span::RULE,
    &rules::request_inherits_finished_request::RULE,
    &rules::fixed_remote_parent::RULE,
    &rules::trace_id_collision::RULE,
    &rules::ever_growing_trace::RULE,
    &rules::client_span_adopted::RULE,
    &rules::long_lived_connection_trace::RULE,
    &rules::background_loop_inherits_request::RULE,
    &rules::cross_talk::RULE,
    &rules::missing_local_parent::RULE,
    &rules::missing_remote_parent::RULE,
    &rules::broken_hop::RULE,
    &rules::client_root::RULE,
    &rules::partially_instrumented::RULE,
    &rules::consumer_unlinked::RULE,
    &rules::sampling_fragments::RULE,
    &rules::exporter_traces_itself::RULE,
    &rules::dropped_data::RULE,
    &rules::truncated_trace_id::RULE,
    &rules::hand_made_remote_context::RULE,
    &rules::broken_topology::RULE,
    &rules::callee_parented_beside_call::RULE,
    &rules::work_outside_request::RULE,
    &rules::negative_duration::RULE,
    &rules::implausible_time::RULE,
    &rules::clock_skew::RULE,
    &rules::child_outlives_parent::RULE,
    &rules::child_before_parent::RULE,
    &rules::overlong_span::RULE,
    &rules::coarse_clock::RULE,
    &rules::zero_duration_flood::RULE,
    &rules::unknown_service::RULE,
    &rules::duplicate_span::RULE,
    &rules::span_id_collision::RULE,
    &rules::zipkin_shared_span_id::RULE,
    &rules::invalid_id::RULE,
    &rules::low_entropy_ids::RULE,
    &rules::instance_id_shared::RULE,
    &rules::attribute_at_wrong_level::RULE,
    &rules::service_name_churn::RULE,
    &rules::mixed_sdk::RULE,
    &rules::high_cardinality_name::RULE,
    &rules::missing_http_route::RULE,
    &rules::mixed_semconv::RULE,
    &rules::old_semconv::RULE,
    &rules::missing_required_attributes::RULE,
    &rules::status_misuse::RULE,
    &rules::attribute_type::RULE,
    &rules::leaked_secret::RULE,
    &rules::span_spam::RULE,
];

/// The rule with this name or number.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == name || rule.code.eq_ignore_ascii_case(name))
}
