//! A finding as nodes of a tree.

use super::{Cx, missing, short_id, sign};
use crate::diagnosis::{Culprit, CulpritClass, Finding, State, about};
use crate::model::time;
use crate::store::SpanIx;
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::branches::Node;
use std::cmp::Reverse;

/// A finding in one line, nothing below it: sign, rule, message, at the right end whether it is provisional. `column`
/// is the width that rule names are padded to.
pub fn headline(finding: &Finding, column: usize, look: Look) -> Node {
    let (symbol, role) = sign(finding.severity, look);
    let node = Node::new(finding_id(finding.key), format!("{symbol} "), role)
        .and(format!("{:column$}", finding.rule.id), role)
        .and(format!("  {}", message(finding)), Role::Text);
    match finding.state {
        State::Firm => node,
        State::Provisional => node.and_right("provisional", Role::Dim),
    }
}

/// What the node of a finding is known by.
pub fn finding_id(key: u64) -> String {
    format!("finding {key:x}")
}

/// The key of the finding whose node this is.
pub fn finding_key(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix("finding ")?, 16).ok()
}

/// A finding with its remedy, known issue, culprit and evidence.
pub fn finding(finding: &Finding, look: Look) -> Node {
    headline(finding, 0, look).with(particulars(finding, look))
}

/// What is to be done, what is known, what was seen.
pub fn particulars(finding: &Finding, look: Look) -> Vec<Node> {
    let mut children = Vec::new();
    // What to do comes first: on a small screen it is what must be seen.
    for (at, remedy) in finding.remedy.iter().enumerate() {
        children.push(Node::new(format!("fix{at}"), format!("fix: {remedy}"), Role::Good).wrapping());
    }
    // A symptom has the issue of its headline, which says it already.
    if let Some(issue) = finding.known_issue.as_ref().filter(|_| finding.folded_under.is_none()) {
        let refs = if issue.refs.is_empty() { String::new() } else { format!(": {}", issue.refs.join(", ")) };
        let label = format!("{}{refs}", issue.label());
        children.push(Node::new("issue", label, Role::Info).wrapping());
    }
    if let Some(culprit) = &finding.culprit {
        let words = format!("{} {}", look.symbols.culprit, words_for(culprit, look));
        children.push(Node::new("culprit", words, Role::Culprit).wrapping());
    }
    for (at, evidence) in finding.evidence.iter().enumerate() {
        children.push(
            Node::new(format!("evidence{at}"), format!("{} {evidence}", look.symbols.dot), Role::Text)
                .wrapping(),
        );
    }
    children
}

/// `culprit run, INTERNAL, opentelemetry.instrumentation.click 0.50b0, span 3bc7c8…`
fn words_for(culprit: &Culprit, look: Look) -> String {
    if culprit.class == CulpritClass::IdCollision {
        return "culprit: ids that repeat, no span".to_owned();
    }
    let mut words: Vec<String> = culprit.name.iter().cloned().collect();
    words.extend(culprit.kind.map(|kind| kind.to_string()));
    let scope = [culprit.scope.as_deref(), culprit.scope_version.as_deref()];
    let scope = scope.into_iter().flatten().collect::<Vec<_>>().join(" ");
    words.extend(Some(scope.trim_end().to_owned()).filter(|scope| !scope.is_empty()));
    if !culprit.span_id.is_none() {
        words.push(format!("span {}", short_id(culprit.span_id, look)));
    }
    if !culprit.received {
        words.push("never received".to_owned());
    }
    // A context that is sent again and again is of a span that may have ended long ago.
    if let Some(ns) = culprit.open_at_least_ns.filter(|_| culprit.class != CulpritClass::FixedRemoteParent) {
        words.push(format!("open at least {}", time::duration(ns)));
    }
    if culprit.others > 0 {
        words.push(format!("and {} like it", text::count(culprit.others)));
    }
    format!("culprit {}", words.join(", "))
}

/// The message of a finding with the service that it is about.
pub fn message(finding: &Finding) -> String {
    about(&finding.service, &finding.message)
}

/// The findings that a span is part of, worst first.
pub fn findings_of<'a>(at: SpanIx, cx: &Cx<'a>) -> Vec<&'a Finding> {
    let diagnosis = &cx.session.diagnosis;
    let of = diagnosis.findings_of(&cx.session.store, at);
    let mut of: Vec<&Finding> = of.iter().filter_map(|i| diagnosis.findings().get(*i)).collect();
    if of.is_empty() && !cx.session.store.slot(at).is_held() {
        of.extend(missing::findings(at, cx));
    }
    of.sort_by_key(|finding| Reverse(finding.severity));
    of
}
