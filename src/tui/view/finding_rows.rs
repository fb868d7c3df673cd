//! The rows of the tab of findings: what to mend, then hints, what is gone since the baseline, what is accepted.
//!
//! A row is known by its finding's key, wherever it stands: rows that come and go move nobody.

use super::{Cx, Target, before_after, nodes, row, short_id, sign};
use crate::diagnosis::{
    Culprit, Finding, Known, MAX_SPAN_IDS, Missing, RULES, Severity, Standing, Suppressed, about,
};
use crate::model::TraceId;
use crate::store::Store;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::{Branches, Node};

/// How many findings are listed in each part: the widget builds all of them a frame.
const MAX_LISTED: usize = 300;
/// How many spans are listed under each.
const MAX_SPANS: usize = MAX_SPAN_IDS + 1;
/// From this width on, messages stand below one another, and what a standing is known by is said.
const WIDE: u16 = 120;

/// A rule's name that is longer than this pushes its message to the right.
const WIDEST_RULE: usize = 34;

/// How much of a span's name is shown.
const WIDEST_NAME: usize = 48;

/// The node of all hints.
pub const HINTS: &str = "hints";
/// The node of what was in the baseline and is there no more.
pub const GONE: &str = "gone";
/// The node of what is accepted.
const SUPPRESSED: &str = "suppressed";

/// Builds the rows.
pub struct Rows<'a> {
    cx: &'a Cx<'a>,
    branches: &'a Branches,
    wide: bool,
}

impl<'a> Rows<'a> {
    /// For an area of this width, unfolded as remembered.
    pub fn new(branches: &'a Branches, width: u16, cx: &'a Cx<'a>) -> Self {
        Self { cx, branches, wide: width >= WIDE }
    }

    /// All of them.
    pub fn all(&self) -> Vec<Node> {
        let (hints, faults): (Vec<_>, Vec<_>) =
            self.cx.to_mend().into_iter().partition(|(_, finding)| finding.severity == Severity::Info);
        let mut nodes = self.findings(&faults, &[]);
        if !hints.is_empty() {
            let words = text::plural(hints.len() as u64, "hint");
            nodes.push(self.part(HINTS, words, |path| self.findings(&hints, path)));
        }
        nodes.extend(self.gone());
        let accepted = self.cx.session.diagnosis.suppressed();
        if !accepted.is_empty() {
            let words = format!("{} suppressed", text::count(accepted.len() as u64));
            nodes.push(self.part(SUPPRESSED, words, |path| {
                accepted.iter().take(MAX_LISTED).map(|one| self.accepted(one, path)).collect()
            }));
        }
        nodes
    }

    /// A line that unfolds into a part of the list. What is folded away is not built.
    fn part(&self, id: &str, words: String, rows: impl Fn(&[&str]) -> Vec<Node>) -> Node {
        let rows = if self.branches.is_open(&[id]) { rows(&[id]) } else { vec![Node::default()] };
        Node::new(id, words, Role::Dim).with(rows)
    }

    fn findings(&self, findings: &[(usize, &Finding)], path: &[&str]) -> Vec<Node> {
        let listed = findings.iter().take(MAX_LISTED);
        let mut nodes: Vec<Node> =
            listed.map(|(index, finding)| self.finding(*index, finding, path)).collect();
        if findings.len() > MAX_LISTED {
            let more = format!("{} more are not listed", text::count((findings.len() - MAX_LISTED) as u64));
            nodes.push(Node::new("more", more, Role::Warning));
        }
        nodes
    }

    /// A finding, and below it what it explains.
    fn finding(&self, index: usize, finding: &Finding, path: &[&str]) -> Node {
        let node = nodes::headline(finding, self.column(path), self.cx.look);
        let node = self.marked(node, self.cx.since.and_then(|since| since.standing(finding.key)));
        let id = node.id.clone();
        let path: Vec<&str> = path.iter().copied().chain([id.as_str()]).collect();
        if !self.branches.is_open(&path) {
            return node.with(vec![Node::default()]);
        }
        let all = self.cx.session.diagnosis.findings().iter().enumerate();
        let explained = all.filter(|(at, folded)| folded.folded_under == Some(index) && *at != index);
        let mut below = nodes::particulars(finding, self.cx.look);
        below.extend(explained.map(|(at, folded)| self.finding(at, folded, &path)));
        below.extend(self.spans(finding));
        node.with(below)
    }

    /// How wide the column of rule names is; symptoms have none of their own.
    fn column(&self, path: &[&str]) -> usize {
        let within = path.iter().any(|id| nodes::finding_key(id).is_some());
        let widest = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0).min(WIDEST_RULE);
        if self.wide && !within { widest - 2 * path.len() } else { 0 }
    }

    /// With the words of a standing at its right end.
    fn marked(&self, node: Node, standing: Option<Standing>) -> Node {
        let Some(standing) = standing else { return node };
        let (word, by, role) = before_after::words(standing);
        let gap = if node.tail.is_empty() { "" } else { "  " };
        let node = node.and_right(format!("{gap}{word}"), role);
        if self.wide { node.and_right(by, Role::Dim) } else { node }
    }

    /// What is gone since the baseline, dim and struck through; what an earlier report had and was not seen yet.
    fn gone(&self) -> Option<Node> {
        let since = self.cx.since?;
        let findings = self.cx.session.diagnosis.findings().iter().enumerate();
        let listed: Vec<_> =
            findings.filter(|(_, f)| f.folded_under.is_none() && since.is_gone(f.key)).collect();
        let missing: Vec<_> = since.missing().collect();
        let unseen = missing.iter().filter(|one| matches!(one.standing, Standing::NotSeen(_))).count();
        let gone = listed.len() + missing.len() - unseen;
        let words = [(gone, "gone since the baseline"), (unseen, "of the baseline not seen yet")];
        let words = words.into_iter().filter(|(number, _)| *number > 0);
        let words: Vec<String> =
            words.map(|(number, what)| format!("{} {what}", text::count(number as u64))).collect();
        if words.is_empty() {
            return None;
        }
        Some(self.part(GONE, words.join(", "), |path| {
            let mut nodes = self.findings(&listed, path);
            nodes.iter_mut().flat_map(|node| &mut node.label).for_each(|(_, role)| *role = Role::Gone);
            nodes.extend(missing.iter().take(MAX_LISTED).map(|one| self.missing(*one)));
            nodes
        }))
    }

    /// A finding of the baseline that is not listed any more.
    fn missing(&self, Missing { known, standing }: Missing<'_>) -> Node {
        let (symbol, _) = sign(known.severity, self.cx.look);
        let role = if matches!(standing, Standing::Gone(_)) { Role::Gone } else { Role::Dim };
        let column = self.column(&[GONE]);
        let message = about(&known.key.service, &known.message);
        let words = format!("{symbol} {:column$}  {message}", known.key.rule);
        self.marked(Node::new(missing_id(known), words, role), Some(standing))
    }

    /// A finding that is accepted, why, and where that was written.
    fn accepted(&self, one: &Suppressed, path: &[&str]) -> Node {
        let node = nodes::headline(&one.finding, self.column(path), self.cx.look);
        let path: Vec<&str> = path.iter().copied().chain([node.id.as_str()]).collect();
        if !self.branches.is_open(&path) {
            return node.with(vec![Node::default()]);
        }
        let why = format!("accepted: {} ({})", one.reason, one.origin);
        let mut below = vec![Node::new("why", why, Role::Info).wrapping()];
        below.extend(nodes::particulars(&one.finding, self.cx.look));
        below.extend(self.spans(&one.finding));
        node.with(below)
    }

    /// The spans that show a finding, where it lists any, else the traces.
    fn spans(&self, finding: &Finding) -> Option<Node> {
        let (store, look) = (&self.cx.session.store, self.cx.look);
        let listed: Vec<(usize, Target)> =
            targets(finding, self.cx).into_iter().take(MAX_SPANS).enumerate().collect();
        let spans = listed.iter().any(|(_, target)| target.span.is_some());
        let listed = listed.into_iter().filter(|(_, target)| target.span.is_some() == spans);
        let place = |target: Target| store.find_span(store.find_trace(target.trace)?, target.span?);
        let listed: Vec<(usize, Target, String)> = listed
            .map(|(at, target)| {
                let name = match place(target) {
                    Some(at) if store.slot(at).is_held() => row::name_or_none(&store.name(at)).to_owned(),
                    Some(_) => "(not received)".to_owned(),
                    None => "(not held any more)".to_owned(),
                };
                (at, target, name)
            })
            .collect();
        let name = |name: &str| text::fit(name, WIDEST_NAME, look.symbols.ellipsis).into_owned();
        let column = listed.iter().map(|(.., of)| text::width(&name(of))).max().unwrap_or(0);
        let nodes = listed.iter().map(|(at, target, of)| {
            let (of, trace) = (name(of), short_id(target.trace, look));
            let Some(span) = target.span else {
                return Node::new(format!("at {at}"), format!("trace {trace}"), Role::Text);
            };
            let pad = " ".repeat(column.saturating_sub(text::width(&of)));
            let culprit = finding.culprit.as_ref().is_some_and(|culprit| culprit.span_id == span);
            let node = Node::new(format!("at {at}"), format!("{of}{pad}"), Role::Text)
                .and(format!("  span {}  in trace {trace}", short_id(span, look)), Role::Dim);
            if culprit {
                node.and(format!("  {} the culprit", look.symbols.culprit), Role::Culprit)
            } else {
                node
            }
        });
        let nodes: Vec<Node> = nodes.collect();
        // Most rules count what their culprit has done, not itself.
        let beside = |culprit: &Culprit| {
            let counted = finding.span_ids.iter().any(|(_, span)| *span == culprit.span_id);
            !counted && listed.iter().any(|(_, target, _)| target.span == Some(culprit.span_id))
        };
        let culprit = if finding.culprit.as_ref().is_some_and(beside) { " and the culprit" } else { "" };
        let shown = format!("spans ({}){culprit}", text::count(finding.span_count));
        let traces = match finding.trace_count {
            0 => String::new(),
            count => format!(" in {}", text::plural(count, "trace")),
        };
        match (nodes.is_empty(), finding.span_count) {
            (true, 0) => None,
            (true, _) => Some(Node::new("spans", format!("{shown}{traces}"), Role::Dim)),
            (false, _) => {
                let more = finding.span_count > MAX_SPAN_IDS as u64;
                let first = match (finding.span_ids.is_empty() && finding.trace_ids.is_empty(), more) {
                    (true, _) => ", the latest of those that sent them".to_owned(),
                    (false, true) => format!(", the first {MAX_SPAN_IDS}"),
                    (false, false) => String::new(),
                };
                let words = format!("{shown}{traces}{first}: Enter goes there");
                Some(Node::new("spans", words, Role::Dim).with(nodes))
            }
        }
    }
}

/// What a finding is known by that the baseline has and the diagnosis has not.
fn missing_id(known: &Known) -> String {
    let key = &known.key;
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    format!("missing {}|{}|{}|{}", key.rule, key.service, named(&key.scope), named(&key.culprit))
}

/// The rule of a row that is a finding of the baseline only.
pub fn missing_rule(id: &str) -> Option<&str> {
    id.strip_prefix("missing ")?.split('|').next()
}

/// Where the row of a finding stands now: the ids from the top to it.
pub fn path(key: u64, cx: &Cx<'_>) -> Option<Vec<String>> {
    let all = cx.session.diagnosis.findings();
    let finding = all.iter().find(|finding| finding.key == key)?;
    let id = nodes::finding_id(key);
    let above = match finding.folded_under.and_then(|at| all.get(at)) {
        Some(headline) if headline.folded_under.is_none() => path(headline.key, cx)?,
        Some(_) => return None,
        None if cx.since.is_some_and(|since| since.is_gone(key)) => vec![GONE.to_owned()],
        None if finding.severity == Severity::Info => vec![HINTS.to_owned()],
        None => Vec::new(),
    };
    Some(above.into_iter().chain([id]).collect())
}

/// Spans that are wrong, then the culprit, then whole traces; where it lists none of them, the latest span of whom it is
/// about.
pub fn targets(finding: &Finding, cx: &Cx<'_>) -> Vec<Target> {
    // It is in one of them: a root cause may have shown itself in many.
    let culprit = finding.culprit.iter().filter_map(|culprit| {
        let at = |trace: &TraceId| Target { trace: *trace, span: Some(culprit.span_id) };
        finding.trace_ids.iter().map(at).find(|target| is_held(target, &cx.session.store))
    });
    let spans = finding.span_ids.iter().map(|(trace, span)| Target { trace: *trace, span: Some(*span) });
    let traces = finding.trace_ids.iter().map(|trace| Target { trace: *trace, span: None });
    let mut all: Vec<Target> = spans.chain(culprit).chain(traces).collect();
    if all.is_empty() && finding.span_count > 0 {
        let latest = cx.session.diagnosis.latest_of(&cx.session.store, finding);
        all.extend(latest.map(|(trace, span)| Target { trace, span: Some(span) }));
    }
    all
}

/// Whether a target is still held.
pub fn is_held(target: &Target, store: &Store) -> bool {
    let trace = store.find_trace(target.trace);
    trace.is_some_and(|t| target.span.is_none_or(|s| store.find_span(t, s).is_some()))
}
