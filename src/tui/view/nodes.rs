//! A span, and a finding, as nodes of a tree: everything that was sent, typed, nothing left out without a word.

use super::{Cx, row, short_id, sign};
use crate::diagnosis::{Culprit, CulpritClass, Finding, State};
use crate::model::{Attributes, Event, Link, ParentLocality, Span, SpanFlags, Value, time};
use crate::store::{Presence, SpanIx};
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::branches::Node;
use std::cmp::Reverse;

/// How many siblings are shown. The widget builds every node a frame; more than these nobody reads through.
pub(super) const MAX_SIBLINGS: usize = 500;

/// How deep nested values are followed; deeper ones are written out in one line.
const MAX_DEPTH: usize = 16;

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
    format!("culprit {}", words.join(", "))
}

/// The message of a finding with the service that it is about.
pub fn message(finding: &Finding) -> String {
    about(&finding.service, &finding.message)
}

/// A message with the service that it is about.
pub fn about(service: &str, message: &str) -> String {
    if service.is_empty() || message.starts_with(service) {
        message.to_owned()
    } else {
        format!("{service}: {message}")
    }
}

/// The findings that a span is part of, worst first.
pub fn findings_of<'a>(at: SpanIx, cx: &Cx<'a>) -> Vec<&'a Finding> {
    let diagnosis = &cx.session.diagnosis;
    let of = diagnosis.findings_of(&cx.session.store, at);
    let mut of: Vec<&Finding> = of.iter().filter_map(|i| diagnosis.findings().get(*i)).collect();
    of.sort_by_key(|finding| Reverse(finding.severity));
    of
}

/// Everything that is known of a span or of the placeholder of one.
pub fn span(at: SpanIx, cx: &Cx<'_>) -> Vec<Node> {
    let mut nodes: Vec<Node> = findings_of(at, cx).into_iter().map(|f| finding(f, cx.look)).collect();
    match cx.session.store.decode(at) {
        Some(span) => held(&span, at, cx, &mut nodes),
        None => placeholder(at, cx, &mut nodes),
    }
    nodes
}

fn held(span: &Span, at: SpanIx, cx: &Cx<'_>, nodes: &mut Vec<Node>) {
    let (store, look) = (&cx.session.store, cx.look);
    let slot = store.slot(at);
    let time = format!(
        "{}  {}{}",
        time::date_time(span.start_ns),
        time::duration(span.end_ns.saturating_sub(span.start_ns)),
        if span.end_ns < span.start_ns { ", ends before it starts" } else { "" }
    );
    let expected = cx.session.diagnosis.expected_kind(store, at);
    let expected = expected.map_or_else(String::new, |kind| format!(", should be {kind}"));
    let message = match span.status_message.as_str() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    let parent = match slot.record.locality() {
        ParentLocality::Root => "none: a root".to_owned(),
        ParentLocality::Local => format!("{} in the same process", span.parent_id),
        ParentLocality::Remote => {
            format!("{} in another process: it came out of a propagator", span.parent_id)
        }
        ParentLocality::Unknown => format!("{}; not said where it lives", span.parent_id),
    };
    nodes.push(fact("ids", format!("trace {}  span {}", span.trace_id, span.span_id)));
    nodes.push(fact("parent", parent));
    nodes.push(fact("kind", format!("{}{expected}", span.kind)));
    nodes.push(fact("status", format!("{}{message}", span.status)));
    nodes.push(fact("time", time));
    if slot.twin {
        nodes.push(odd("twin", "another span of this trace has the same id and other content"));
    }
    if slot.cyclic {
        nodes.push(odd("cyclic", "its ids make it its own ancestor: drawn as a root"));
    }
    for (at, remark) in span.remarks.iter().enumerate() {
        nodes.push(odd(&format!("remark{at}"), remark));
    }
    nodes.push(attributes("attributes", &span.attributes, span.dropped_attributes, look));
    nodes.push(group(
        "events",
        span.events.len(),
        span.dropped_events,
        span.events.iter().take(MAX_SIBLINGS).enumerate().map(|(i, e)| event(i, e, span.start_ns, look)),
    ));
    nodes.push(group(
        "links",
        span.links.len(),
        span.dropped_links,
        span.links.iter().take(MAX_SIBLINGS).enumerate().map(|(i, l)| link(i, l, look)),
    ));
    nodes.extend(super::log_nodes::of_span(at, span.start_ns, cx));
    let resource = store.resource(slot.record.resource);
    let mut node = attributes("resource", &resource.attributes, resource.dropped_attributes, look);
    schema(&mut node, &resource.schema_url);
    nodes.push(node.and(format!("  {}", resource.service_name()), Role::Dim));
    let scope = store.scope(slot.record.scope);
    let mut node = attributes("scope", &scope.attributes, scope.dropped_attributes, look);
    schema(&mut node, &scope.schema_url);
    let name = if scope.name.is_empty() { "(no name)" } else { &scope.name };
    nodes.push(node.and(format!("  {name} {}", scope.version), Role::Dim));
    nodes.push(fact("flags", flags(span.flags)));
    if !span.trace_state.is_empty() {
        nodes.push(fact("trace state", span.trace_state.clone()));
    }
    if let Some((source, origin, arrived_ns)) = store.arrival(at) {
        nodes.push(fact("received", format!("{} from {source}, {origin}", time::date_time(arrived_ns))));
    }
}

fn placeholder(at: SpanIx, cx: &Cx<'_>, nodes: &mut Vec<Node>) {
    let slot = cx.session.store.slot(at);
    nodes.push(fact("span", slot.record.span_id.to_string()));
    let words = match slot.presence {
        Presence::Evicted => {
            "received, and evicted at the memory limit; spans that were recorded under it are still held"
                .to_owned()
        }
        _ if row::is_elsewhere(at, cx) => format!(
            "never received: spans below name it as their parent in another process, from the first start to the last \
             end for {}. That process sends no spans here, or it did not sample this one",
            time::duration(slot.record.duration_ns())
        ),
        _ => format!(
            "never received: spans below name it as their parent. It is still open, or it was lost. It was open for at \
             least {}, from the first start below it to the last end",
            time::duration(slot.record.duration_ns())
        ),
    };
    nodes.push(Node::new("missing", words, Role::Missing).wrapping());
    nodes.push(fact("first", format!("{} first start below it", time::date_time(slot.record.start_ns))));
    nodes.push(fact("last", format!("{} last end below it", time::date_time(slot.record.end_ns))));
}

/// A name and what is known.
pub(super) fn fact(name: &str, value: String) -> Node {
    Node::new(name, format!("{name:<12}"), Role::Dim).and(value, Role::Text)
}

/// Something odd about the bytes or ids.
pub(super) fn odd(id: &str, sentence: &str) -> Node {
    Node::new(id, format!("{:<12}", "remark"), Role::Dim).and(sentence, Role::Warning)
}

/// The flags as sent, and what they say.
fn flags(wire: u32) -> String {
    let flags = SpanFlags::from_wire(wire);
    // A low byte of zero says nothing: Python's SDK never fills it in.
    let trace_flags = [(1, "sampled"), (2, "random trace id")];
    let mut words: Vec<&str> =
        trace_flags.iter().filter(|(bit, _)| wire & bit != 0).map(|(_, word)| *word).collect();
    words.push(match flags.is_remote() {
        Some(true) => "parent is remote",
        Some(false) => "parent is not remote",
        None => "not said whether the parent is remote",
    });
    if wire & !0x3ff != 0 {
        words.push("reserved bits set");
    }
    format!("{wire:#05x}: {}", words.join(", "))
}

/// `events (2, 1 dropped)`
pub(super) fn group(name: &str, count: usize, dropped: u32, children: impl Iterator<Item = Node>) -> Node {
    let mut children: Vec<Node> = children.collect();
    if count > children.len() {
        let more = format!("{} more are not shown", text::count((count - children.len()) as u64));
        children.push(Node::new("more", more, Role::Warning));
    }
    let mut node = Node::new(name, format!("{name} ({})", text::count(count as u64)), Role::Title);
    if dropped > 0 {
        let dropped = format!("  {} more were discarded by the SDK", text::count(u64::from(dropped)));
        node = node.and(dropped, Role::Warning);
    }
    node.with(children)
}

/// Attributes under a name.
pub(super) fn attributes(name: &str, list: &Attributes, dropped: u32, look: Look) -> Node {
    let widest = list.iter().take(MAX_SIBLINGS).map(|(key, _)| text::width(&text::clean(key))).max();
    let column = widest.unwrap_or(0).min(32);
    let children = list.iter().take(MAX_SIBLINGS).map(|(k, v)| attribute(k, v, column, 0, look));
    group(name, list.len(), dropped, children)
}

/// `http.status_code  200  int`
fn attribute(key: &str, value: &Value, column: usize, depth: usize, look: Look) -> Node {
    let clean = text::clean(key);
    let pad = column.saturating_sub(text::width(&clean)) + 2;
    let node = Node::new(key, clean, Role::AttributeKey).and(" ".repeat(pad), Role::Text);
    value_of(node, value, depth, look)
}

/// The value, and its type where that is not what it looks like anyway.
pub(super) fn value_of(node: Node, value: &Value, depth: usize, look: Look) -> Node {
    let (nested, kind): (Vec<Node>, _) = match value {
        Value::Map(entries) if depth < MAX_DEPTH => {
            let children = entries.iter().take(MAX_SIBLINGS);
            (children.map(|(k, v)| attribute(k, v, 0, depth + 1, look)).collect(), "map")
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            let item =
                |(i, v)| value_of(Node::new(format!("{i}"), format!("{i}  "), Role::Dim), v, depth + 1, look);
            (items.iter().take(MAX_SIBLINGS).enumerate().map(item).collect(), "array")
        }
        Value::Map(_) => (Vec::new(), "map"),
        Value::Array(_) => (Vec::new(), "array"),
        Value::Str(text) if text.is_empty() => (Vec::new(), "empty text"),
        // A text that looks like another type is one of the commonest mistakes; it must not look right.
        Value::Str(text) if text.parse::<f64>().is_ok() || text == "true" || text == "false" => {
            (Vec::new(), "text")
        }
        Value::Int(_) => (Vec::new(), "int"),
        Value::Double(_) => (Vec::new(), "double"),
        Value::Bool(_) => (Vec::new(), "bool"),
        Value::Bytes(_) => (Vec::new(), "bytes"),
        Value::Str(_) | Value::Empty => (Vec::new(), ""),
    };
    let count = match value {
        Value::Map(entries) => Some(entries.len()),
        Value::Array(items) => Some(items.len()),
        _ => None,
    };
    let shown = match value {
        Value::Map(_) | Value::Array(_) if !nested.is_empty() => String::new(),
        value => value.to_string(),
    };
    let kind = match count {
        Some(count) => format!("{kind} of {}", text::count(count as u64)),
        None => kind.to_owned(),
    };
    let left_out = count.unwrap_or(0).saturating_sub(MAX_SIBLINGS);
    let mut nested = nested;
    if left_out > 0 && !nested.is_empty() {
        let more = format!("{} more are not shown", text::count(left_out as u64));
        nested.push(Node::new("more", more, Role::Warning));
    }
    let node = node.and(shown, Role::Text);
    if kind.is_empty() { node.with(nested) } else { node.and(format!("  {kind}"), Role::Dim).with(nested) }
}

fn event(number: usize, event: &Event, span_start_ns: u64, look: Look) -> Node {
    let after = match event.time_ns.checked_sub(span_start_ns) {
        Some(ns) => format!("+{}", time::duration(ns)),
        None => format!("-{}", time::duration(span_start_ns - event.time_ns)),
    };
    let inner = attributes("attributes", &event.attributes, event.dropped_attributes, look);
    let mut node = Node::new(format!("event{number}"), format!("{after:>9}  "), Role::Dim)
        .and(event.name.clone(), Role::Text)
        .with(inner.children);
    if event.dropped_attributes > 0 {
        let dropped = text::plural(u64::from(event.dropped_attributes), "attribute");
        node = node.and(format!("  {dropped} discarded by the SDK"), Role::Warning);
    }
    node
}

fn link(number: usize, link: &Link, look: Look) -> Node {
    let inner = attributes("attributes", &link.attributes, link.dropped_attributes, look);
    let mut node = Node::new(format!("link{number}"), "trace ", Role::Dim)
        .and(link.trace_id.to_string(), Role::Text)
        .and("  span ", Role::Dim)
        .and(link.span_id.to_string(), Role::Text)
        .with(inner.children);
    node.children.push(fact("flags", flags(u32::from(link.flags.0))));
    if !link.trace_state.is_empty() {
        node.children.push(fact("trace state", link.trace_state.clone()));
    }
    if link.dropped_attributes > 0 {
        let dropped = text::plural(u64::from(link.dropped_attributes), "attribute");
        node = node.and(format!("  {dropped} discarded by the SDK"), Role::Warning);
    }
    node
}

/// Adds a schema URL, where there is one.
pub(super) fn schema(node: &mut Node, url: &str) {
    if !url.is_empty() {
        node.children.push(fact("schema", url.to_owned()));
    }
}
