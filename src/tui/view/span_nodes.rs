//! A span as nodes of a tree: everything that was sent, typed, nothing left out without a word.
//!
//! What there is, in its order, is one table: `SECTIONS`.

use super::values::{self, MAX_SIBLINGS, attributes, group};
use super::{Cx, log_nodes, missing, nodes, row, stack};
use crate::model::{Event, Link, Origin, ParentLocality, Resource, Scope, Span, SpanFlags, Value, time};
use crate::store::SpanIx;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::Node;

/// A held span, and where it is told.
struct Held<'a> {
    span: &'a Span,
    at: SpanIx,
    cx: &'a Cx<'a>,
    style: values::Style,
}

impl<'a> Held<'a> {
    fn resource(&self) -> &'a Resource {
        let store = &self.cx.session.store;
        store.resource(store.record(self.at).resource)
    }

    fn scope(&self) -> &'a Scope {
        let store = &self.cx.session.store;
        store.scope(store.record(self.at).scope)
    }
}

/// What is told of a held span, in this order.
const SECTIONS: &[fn(&Held<'_>, &mut Vec<Node>)] = &[
    identity,
    oddities,
    |held, nodes| {
        let span = held.span;
        nodes.push(attributes("attributes", &span.attributes, span.dropped_attributes, held.style));
    },
    events,
    links,
    |held, nodes| nodes.extend(log_nodes::of_span(held.at, held.span.start_ns, held.cx)),
    resource,
    scope,
    propagation,
    arrival,
];

/// Everything that is known of a span or of the placeholder of one.
pub fn span(at: SpanIx, cx: &Cx<'_>) -> Vec<Node> {
    let mut nodes: Vec<Node> =
        nodes::findings_of(at, cx).into_iter().map(|f| nodes::finding(f, cx.look)).collect();
    match cx.session.store.decode(at) {
        Some(span) => {
            let style = values::Style { look: cx.look, kind: span.kind };
            let held = Held { span: &span, at, cx, style };
            SECTIONS.iter().for_each(|section| section(&held, &mut nodes));
        }
        None => placeholder(at, cx, &mut nodes),
    }
    nodes
}

fn identity(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let (span, store) = (held.span, &held.cx.session.store);
    let time = format!(
        "{}  {}{}",
        time::date_time(span.start_ns),
        time::duration(span.end_ns.saturating_sub(span.start_ns)),
        if span.end_ns < span.start_ns { ", ends before it starts" } else { "" }
    );
    let expected = held.cx.session.diagnosis.expected_kind(store, held.at);
    let expected = expected.map_or_else(String::new, |kind| format!(", should be {kind}"));
    let message = match span.status_message.as_str() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    let slot = store.slot(held.at);
    let parent = match slot.record.locality() {
        ParentLocality::Root => "none: a root".to_owned(),
        ParentLocality::Local => format!("{} in the same process", span.parent_id),
        ParentLocality::Remote => {
            format!("{} in another process: it came out of a propagator", span.parent_id)
        }
        ParentLocality::Unknown => {
            format!("{}; the flags do not say whether it is in another process", span.parent_id)
        }
    };
    nodes.push(fact("ids", format!("trace {}  span {}", span.trace_id, span.span_id)));
    nodes.push(fact(PARENT, parent));
    nodes.push(fact("kind", format!("{}{expected}", span.kind)));
    nodes.push(fact("status", format!("{}{message}", span.status)));
    nodes.push(fact("time", time));
}

fn oddities(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let slot = held.cx.session.store.slot(held.at);
    if slot.twin {
        nodes.push(odd("twin", "another span of this trace has the same id and other content"));
    }
    if slot.cyclic {
        nodes.push(odd("cyclic", "its ids make it its own ancestor: drawn as a root"));
    }
    for (at, remark) in held.span.remarks.iter().enumerate() {
        nodes.push(odd(&format!("remark{at}"), remark));
    }
}

fn events(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let span = held.span;
    let shown = span.events.iter().take(MAX_SIBLINGS).enumerate();
    let shown = shown.map(|(i, e)| event(i, e, span.start_ns, held.style));
    nodes.push(group(EVENTS, span.events.len(), span.dropped_events, shown));
}

fn links(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let span = held.span;
    let shown = span.links.iter().take(MAX_SIBLINGS).enumerate().map(|(i, l)| link(i, l, held));
    nodes.push(group(LINKS, span.links.len(), span.dropped_links, shown));
}

fn resource(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let resource = held.resource();
    let mut node = attributes(RESOURCE, &resource.attributes, resource.dropped_attributes, held.style);
    schema(&mut node, &resource.schema_url);
    nodes.push(node.and(format!("  {}", resource.service_name()), Role::Dim));
}

fn scope(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let scope = held.scope();
    let mut node = attributes(SCOPE, &scope.attributes, scope.dropped_attributes, held.style);
    schema(&mut node, &scope.schema_url);
    let name = if scope.name.is_empty() { "(no name)" } else { &scope.name };
    nodes.push(node.and(format!("  {name} {}", scope.version), Role::Dim));
}

fn propagation(held: &Held<'_>, nodes: &mut Vec<Node>) {
    nodes.push(fact("flags", flags(held.span.flags)));
    if !held.span.trace_state.is_empty() {
        nodes.push(trace_state(&held.span.trace_state));
    }
}

fn arrival(held: &Held<'_>, nodes: &mut Vec<Node>) {
    let Some((source, origin, arrived_ns)) = held.cx.session.store.arrival(held.at) else { return };
    // A dump does not say when its spans arrived.
    if matches!(origin, Origin::Dump(_)) {
        nodes.push(fact("read", format!("from {source}, {origin}")));
        return;
    }
    let end_ns = held.span.end_ns;
    let after = match arrived_ns.checked_sub(end_ns) {
        Some(delay) => format!(", {} after it ended", time::duration(delay)),
        None => format!(", {} before it ended by its own clock", time::duration(end_ns - arrived_ns)),
    };
    nodes.push(fact("received", format!("{} from {source}, {origin}{after}", time::date_time(arrived_ns))));
}

/// The node of the parent.
const PARENT: &str = "parent";
/// The node of events.
pub const EVENTS: &str = "events";
/// The node of links.
const LINKS: &str = "links";
/// The node of the resource.
const RESOURCE: &str = "resource";
/// The node of the instrumentation scope.
const SCOPE: &str = "scope";
/// The attribute that a stack trace is in.
pub const STACK: &str = "exception.stacktrace";

/// What stands at the end of a path of nodes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Named<'a> {
    /// An attribute, or a part of the value of one.
    Value(&'a str, &'a Value),
    /// A link.
    Link(&'a Link),
    /// The parent.
    Parent,
}

/// What a path leads to in a span.
pub fn named<'a>(
    path: &'a [String],
    span: &'a Span,
    resource: &'a Resource,
    scope: &'a Scope,
) -> Option<Named<'a>> {
    let (section, below) = path.split_first()?;
    let numbered = |id: &str, prefix: &str| id.strip_prefix(prefix)?.parse::<usize>().ok();
    match (section.as_str(), below) {
        (PARENT, []) => Some(Named::Parent),
        ("attributes", below) => values::named(&span.attributes, below),
        (RESOURCE, below) => values::named(&resource.attributes, below),
        (SCOPE, below) => values::named(&scope.attributes, below),
        (EVENTS, [event, below @ ..]) => {
            values::named(&span.events.get(numbered(event, "event")?)?.attributes, below)
        }
        (LINKS, [link, below @ ..]) => {
            let link = span.links.get(numbered(link, "link")?)?;
            if below.is_empty() { Some(Named::Link(link)) } else { values::named(&link.attributes, below) }
        }
        _ => None,
    }
}

/// The first event that is an exception with a stack trace, else the first exception.
pub fn exception(span: &Span) -> Option<usize> {
    let has = |event: &Event, key: &str| event.attributes.iter().any(|(k, _)| k == key);
    let with_stack = span.events.iter().position(|event| has(event, STACK));
    with_stack.or_else(|| span.events.iter().position(|event| event.name == "exception"))
}

fn placeholder(at: SpanIx, cx: &Cx<'_>, nodes: &mut Vec<Node>) {
    let slot = cx.session.store.slot(at);
    nodes.push(fact("span", slot.record.span_id.to_string()));
    nodes.push(Node::new("missing", missing::sentences(at, cx), Role::Missing).wrapping());
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

/// The trace state, entry by entry; of OpenTelemetry's own the sampling threshold is read.
fn trace_state(state: &str) -> Node {
    let entries = state.split(',').map(str::trim).filter(|entry| !entry.is_empty()).take(MAX_SIBLINGS);
    let entry = |(at, entry): (usize, &str)| {
        let node = Node::new(format!("entry{at}"), entry, Role::Text);
        match entry.strip_prefix("ot=").and_then(probability) {
            Some(share) => node.and(format!("  sampled 1 in {share}"), Role::Dim),
            None => node,
        }
    };
    fact("trace state", state.to_owned()).with(entries.enumerate().map(entry).collect())
}

/// Of how many spans one is sampled, by the threshold `th` of the `ot` entry: up to 14 hexadecimal digits of the share
/// of 2^56 that is not.
fn probability(entry: &str) -> Option<String> {
    let digits = entry.split(';').find_map(|part| part.strip_prefix("th:"))?;
    let valid = (1..=14).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let rejected = u64::from_str_radix(&format!("{digits:0<14}"), 16).ok().filter(|_| valid)?;
    let of = (1_u64 << 56) as f64 / ((1_u64 << 56) - rejected) as f64;
    Some(if (of - of.round()).abs() < 0.005 { format!("{of:.0}") } else { format!("{of:.2}") })
}

fn event(number: usize, event: &Event, span_start_ns: u64, style: values::Style) -> Node {
    let after = match event.time_ns.checked_sub(span_start_ns) {
        _ if event.time_ns == 0 => "no time".to_owned(),
        Some(ns) => format!("+{}", time::duration(ns)),
        None => format!("-{}", time::duration(span_start_ns - event.time_ns)),
    };
    let inner = attributes("attributes", &event.attributes, event.dropped_attributes, style);
    let mut node = Node::new(format!("event{number}"), format!("{after:>9}  "), Role::Dim)
        .and(event.name.clone(), Role::Text)
        .with(inner.children);
    let text = |wanted: &str| {
        let (_, value) = event.attributes.iter().find(|(key, _)| key == wanted)?;
        if let Value::Str(text) = value { Some(text.as_str()) } else { None }
    };
    let said = [text("exception.type"), text("exception.message")];
    let said: Vec<&str> = said.into_iter().flatten().filter(|words| !words.is_empty()).collect();
    if !said.is_empty() {
        node = node.and(format!("  {}", said.join(": ")), Role::Error);
    }
    if let Some(stack) = text(STACK).filter(|stack| stack.contains('\n'))
        && let Some(shown) = node.children.iter_mut().find(|node| node.id == STACK)
    {
        let key = Node::new(STACK, STACK, Role::AttributeKey);
        *shown = key.and(format!("  {}", stack::summary(stack)), Role::Dim).with(stack::nodes(stack));
    }
    if event.dropped_attributes > 0 {
        let dropped = text::plural(u64::from(event.dropped_attributes), "attribute");
        node = node.and(format!("  {dropped} discarded by the SDK"), Role::Warning);
    }
    node
}

fn link(number: usize, link: &Link, held: &Held<'_>) -> Node {
    let inner = attributes("attributes", &link.attributes, link.dropped_attributes, held.style);
    let mut node = Node::new(format!("link{number}"), "trace ", Role::Dim)
        .and(link.trace_id.to_string(), Role::Text)
        .and("  span ", Role::Dim)
        .and(link.span_id.to_string(), Role::Text)
        .with(inner.children);
    let store = &held.cx.session.store;
    let there = store.find_trace(link.trace_id).and_then(|trace| store.find_span(trace, link.span_id));
    node = match there.filter(|there| store.slot(*there).is_held()) {
        Some(there) => {
            let name = store.name(there);
            node.and(format!("  {} {}", held.cx.look.symbols.arrow, row::name_or_none(&name)), Role::Info)
        }
        None => node.and("  not held here", Role::Dim),
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widget::branches;

    #[test]
    fn sampling_thresholds_are_read() {
        for (entry, of) in [
            ("th:8", Some("2")),
            ("th:c;rv:12345678901234", Some("4")),
            ("rv:1;th:0", Some("1")),
            ("th:fd70a", Some("100")),
            ("th:5", Some("1.45")),
            ("th:", None),
            ("th:123456789012345", None),
            ("th:xyz", None),
            ("rv:1", None),
        ] {
            assert_eq!(probability(entry).as_deref(), of, "{entry}");
        }
    }

    #[test]
    fn flags_say_what_they_mean() {
        assert_eq!(flags(0x301), "0x301: sampled, parent is remote");
        assert_eq!(flags(0x102), "0x102: random trace id, parent is not remote");
        assert_eq!(
            flags(0x8000_0000),
            "0x80000000: not said whether the parent is remote, reserved bits set"
        );
    }

    #[test]
    fn a_path_leads_to_what_is_drawn_there() {
        let text = |text: &str| Value::Str(text.to_owned());
        let list = vec![
            ("k".to_owned(), text("first")),
            ("k".to_owned(), text("second")),
            (
                "m".to_owned(),
                Value::Map(vec![("n".to_owned(), Value::Array(vec![Value::Int(1), text("x")]))]),
            ),
        ];
        let style =
            values::Style { look: crate::tui::Look::default(), kind: crate::model::SpanKind::Internal };
        let nodes = [attributes("attributes", &list, 0, style)];
        let span = Span { attributes: list, ..Span::default() };
        let path = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for (ids, value) in [
            (&["attributes", "k"][..], "first"),
            (&["attributes", "k\u{1f}2"], "second"),
            (&["attributes", "m", "n", "1"], "x"),
        ] {
            let path = path(ids);
            let (resource, scope) = (Resource::default(), Scope::default());
            let found = named(&path, &span, &resource, &scope);
            assert!(matches!(found, Some(Named::Value(_, found)) if *found == text(value)), "{found:?}");
            assert!(branches::find(&nodes, &path).is_some_and(|node| node.text().contains(value)));
        }
        for ids in
            [&["attributes"][..], &["attributes", "z"], &["links", "link0"], &["events", "event3", "x"]]
        {
            assert_eq!(named(&path(ids), &span, &Resource::default(), &Scope::default()), None, "{ids:?}");
        }
    }
}
