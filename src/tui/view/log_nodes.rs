//! A log record as nodes of a tree: everything that was sent, typed; and the log records of a span.

use super::log_row::{self, severity_sign};
use super::span_nodes::{Named, fact, odd, schema};
use super::values::{self, Style, attributes, value_of};
use super::{Cx, row, short_id};
use crate::model::{Log, Origin, Resource, Scope, Value, time};
use crate::store::{HeldLog, LogKey, SpanIx};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::Node;

/// How many log records of a span are shown with it; the tab of logs has all of them.
pub const SHOWN: usize = 100;
/// How many are counted.
const COUNTED: usize = 10_000;

/// Everything that is known of a log record.
pub fn log(held: &HeldLog<'_>, cx: &Cx<'_>) -> Vec<Node> {
    let (log, look) = (held.decode(), cx.look);
    let mut nodes = vec![body(&log, cx)];
    if !log.event_name.is_empty() {
        nodes.push(fact("event", log.event_name.clone()));
    }
    let (_, role) = severity_sign(log.severity.range(), look);
    let called = match log.severity_text.as_str() {
        "" => String::new(),
        text => format!("  sent as {text}"),
    };
    let severity = format!("{}  {}", log.severity, log.severity.0);
    nodes.push(
        Node::new("severity", format!("{:<12}", "severity"), Role::Dim)
            .and(severity, role)
            .and(called, Role::Text),
    );
    nodes.extend(span(held, cx));
    nodes.push(fact("time", times(&log)));
    for (at, remark) in log.remarks.iter().enumerate() {
        nodes.push(odd(&format!("remark{at}"), remark));
    }
    nodes.push(attributes("attributes", &log.attributes, log.dropped_attributes, Style::plain(look)));
    let mut node = attributes(
        "resource",
        &held.resource.attributes,
        held.resource.dropped_attributes,
        Style::plain(look),
    );
    schema(&mut node, &held.resource.schema_url);
    nodes.push(node.and(format!("  {}", held.service()), Role::Dim));
    let scope = held.scope;
    let mut node = attributes("scope", &scope.attributes, scope.dropped_attributes, Style::plain(look));
    schema(&mut node, &scope.schema_url);
    let name = if scope.name.is_empty() { "(no name)" } else { &scope.name };
    nodes.push(node.and(format!("  {name} {}", scope.version), Role::Dim));
    let sampled = if log.flags & 1 == 0 { "not said to be sampled" } else { "sampled" };
    nodes.push(fact("flags", format!("{:#04x}: {sampled}", log.flags)));
    nodes.push(match held.origin {
        // A dump does not say when.
        Origin::Dump(format) => fact("read", format!("from {}, {format}", held.source)),
        origin => {
            let arrived = time::date_time(held.arrived_ns);
            fact("received", format!("{arrived} from {}, {origin}", held.source))
        }
    });
    nodes
}

/// The attribute, or part of a value, that a path leads to in a log record, and what it is called.
pub fn named<'a>(
    path: &'a [String],
    log: &'a Log,
    resource: &'a Resource,
    scope: &'a Scope,
) -> Option<(&'a str, &'a Value)> {
    let (section, below) = path.split_first()?;
    let list = match section.as_str() {
        "attributes" => &log.attributes,
        "resource" => &resource.attributes,
        "scope" => &scope.attributes,
        "body" => match &log.body {
            Value::Map(entries) => entries,
            _ => return None,
        },
        _ => return None,
    };
    match values::named(list, below)? {
        Named::Value(key, value) => Some((key, value)),
        Named::Link(_) | Named::Parent => None,
    }
}

fn body(log: &Log, cx: &Cx<'_>) -> Node {
    match &log.body {
        Value::Empty => Node::new("body", "(no body)", Role::Dim),
        Value::Str(text) => Node::new("body", text.clone(), Role::Text).wrapping(),
        value => value_of(Node::new("body", "body  ", Role::Dim), value, 0, Style::plain(cx.look)),
    }
}

fn times(log: &Log) -> String {
    match (log.time_ns, log.observed_ns) {
        (0, 0) => "not sent: it stands where it arrived".to_owned(),
        (0, observed) => format!("{}, when it was observed: no time was sent", time::date_time(observed)),
        (at, observed) if observed > at => {
            format!("{}  observed {} later", time::date_time(at), time::duration(observed - at))
        }
        (at, _) => time::date_time(at),
    }
}

/// `span  POST /checkout  SERVER`, then its ids.
fn span(held: &HeldLog<'_>, cx: &Cx<'_>) -> Vec<Node> {
    let (store, record) = (&cx.session.store, held.record);
    let node = Node::new("span", format!("{:<12}", "span"), Role::Dim);
    if !record.has_trace() {
        return vec![node.and("none: logged outside of every span, or its bridge does not tell", Role::Dim)];
    }
    let node = match store.span_of_log(record) {
        Some(at) => {
            let kind = store.record(at).kind();
            let duration = time::duration(store.record(at).duration_ns());
            node.and(row::name_or_none(&store.name(at)).to_owned(), Role::AttributeKey)
                .and(format!("  {kind}  {duration}"), Role::Text)
        }
        None if record.span_id.is_none() => node.and("none of its trace", Role::Dim),
        None => node.and("not here: still open, not sampled, or evicted", Role::Missing),
    };
    let ids = if record.span_id.is_none() {
        format!("trace {}", record.trace_id)
    } else {
        format!("trace {}  span {}", record.trace_id, record.span_id)
    };
    vec![node, fact("ids", ids)]
}

/// `logs (3)`: those of a span; nothing where there is none.
pub fn of_span(at: SpanIx, start_ns: u64, cx: &Cx<'_>) -> Option<Node> {
    let store = &cx.session.store;
    let count = store.logs_of(at).take(COUNTED).count();
    if count == 0 {
        return None;
    }
    let held = store.logs_of(at).take(SHOWN).filter_map(|key| store.log(key));
    let mut children: Vec<Node> = held.map(|log| line(&log, start_ns, cx)).collect();
    if count > children.len() {
        let more = text::count((count - children.len()) as u64);
        children.push(Node::new("more", format!("{more} more are in the tab of logs"), Role::Warning));
    }
    let more = if count == COUNTED { " or more" } else { "" };
    let label = format!("logs ({}{more})", text::count(count as u64));
    Some(Node::new(SECTION, label, Role::Title).with(children))
}

/// What the section of a span's log records is known by.
pub const SECTION: &str = "logs";

/// What the line of one of them is known by.
pub fn id(key: LogKey) -> String {
    format!("log{}", key.seq)
}

/// `+12 ms  ERROR  no stock`, its attributes below.
fn line(held: &HeldLog<'_>, span_start_ns: u64, cx: &Cx<'_>) -> Node {
    let log = held.decode();
    let after = match held.key.at_ns.checked_sub(span_start_ns) {
        Some(ns) => format!("+{}", time::duration(ns)),
        None => format!("-{}", time::duration(span_start_ns - held.key.at_ns)),
    };
    let (sign, role) = severity_sign(log.severity.range(), cx.look);
    let inner = attributes("attributes", &log.attributes, log.dropped_attributes, Style::plain(cx.look));
    Node::new(id(held.key), format!("{after:>9}  "), Role::Dim)
        .and(format!("{sign} {:<6} ", log_row::severity_name(log.severity)), role)
        .and(log_row::what(held), Role::Text)
        .with(inner.children)
}

/// What the title of a log record says of where it belongs.
pub fn place(held: &HeldLog<'_>, cx: &Cx<'_>) -> String {
    let (store, record) = (&cx.session.store, held.record);
    match store.span_of_log(record) {
        Some(at) => row::name_or_none(&store.name(at)).to_owned(),
        None if !record.span_id.is_none() => format!("span {}", short_id(record.span_id, cx.look)),
        None if record.has_trace() => format!("trace {}", short_id(record.trace_id, cx.look)),
        None => String::new(),
    }
}
