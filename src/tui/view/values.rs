//! Attributes as nodes of a tree: typed, nested, nothing left out without a word; names of earlier semantic conventions
//! with those of today.

use super::span_nodes::Named;
use crate::model::{Attributes, SpanKind, Value, semconv};
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::branches::{Node, unnumbered};

/// How many siblings are shown. The widget builds every node a frame; more than these nobody reads through.
pub const MAX_SIBLINGS: usize = 500;

/// How deep nested values are followed; deeper ones are written out in one line.
const MAX_DEPTH: usize = 16;

/// How attributes are written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Colours and symbols.
    pub look: Look,
    /// The kind of the span that they are of: some names have moved to different ones by kind.
    pub kind: SpanKind,
}

impl Style {
    /// For attributes of what has no kind.
    pub fn plain(look: Look) -> Self {
        Self { look, kind: SpanKind::Unspecified }
    }
}

/// `events (2, 1 dropped)`
pub fn group(name: &str, count: usize, dropped: u32, children: impl Iterator<Item = Node>) -> Node {
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

/// A list of attributes under a name.
pub fn attributes(name: &str, list: &Attributes, dropped: u32, style: Style) -> Node {
    let widest = list.iter().take(MAX_SIBLINGS).map(|(key, _)| text::width(&text::clean(key))).max();
    let column = widest.unwrap_or(0).min(32);
    let children = list.iter().take(MAX_SIBLINGS).map(|(k, v)| attribute(k, v, column, 0, style));
    group(name, list.len(), dropped, children)
}

/// `http.status_code  200  int`
fn attribute(key: &str, value: &Value, column: usize, depth: usize, style: Style) -> Node {
    let clean = text::clean(key);
    let pad = column.saturating_sub(text::width(&clean)) + 2;
    let node = Node::new(key, clean, Role::AttributeKey).and(" ".repeat(pad), Role::Text);
    let node = value_of(node, value, depth, style);
    match semconv::successor(key, style.kind).filter(|_| depth == 0) {
        Some(new) => node.and_right(format!("{} {new}", style.look.symbols.arrow), Role::Dim),
        None => node,
    }
}

/// The value, and its type where that is not what it looks like anyway.
pub fn value_of(node: Node, value: &Value, depth: usize, style: Style) -> Node {
    let (nested, kind): (Vec<Node>, _) = match value {
        Value::Map(entries) if depth < MAX_DEPTH => {
            let children = entries.iter().take(MAX_SIBLINGS);
            (children.map(|(k, v)| attribute(k, v, 0, depth + 1, style)).collect(), "map")
        }
        Value::Array(items) if depth < MAX_DEPTH => {
            let item = |(i, v)| {
                value_of(Node::new(format!("{i}"), format!("{i}  "), Role::Dim), v, depth + 1, style)
            };
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

/// The attribute, or the part of its value, at the end of a path of nodes.
pub fn named<'a>(list: &'a Attributes, path: &'a [String]) -> Option<Named<'a>> {
    let (first, below) = path.split_first()?;
    let (key, before) = unnumbered(first);
    let (key, value) = list.iter().filter(|(k, _)| k == key).nth(before)?;
    let mut found = Named::Value(key, value);
    for (at, id) in below.iter().enumerate() {
        found = match found {
            Named::Value(_, Value::Map(entries)) => return named(entries, &below[at..]),
            Named::Value(key, Value::Array(items)) => {
                Named::Value(key, items.get(id.parse::<usize>().ok()?)?)
            }
            // A line of a stack trace is a part of it.
            found => return Some(found),
        };
    }
    Some(found)
}
