//! A tree of modest size with everything in it at once: the detail of a span, the list of findings.
//!
//! Drawn by `tui-tree-widget`, which builds the whole tree a frame; whoever makes the nodes keeps their number small
//! and says how many were left out. Every node is one line, since the widget leaves out a node that is taller than
//! its area; a text that is longer is wrapped into nodes below it.

use super::markers::Markers;
use super::pen::Pen;
use crate::tui::keymap::Action;
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::StatefulWidget;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use tui_tree_widget::{Tree, TreeItem, TreeState};

/// How many lines a long text is wrapped into.
const MAX_LINES: usize = 200;

/// Tells the parts of an id apart that are not the node's own.
const APART: char = '\u{1f}';

/// A node of the tree.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Tells it from its siblings; stays the same while the rest of the tree changes.
    pub id: String,
    /// What it says, in pieces.
    pub label: Vec<(String, Role)>,
    /// What it says at the right end of its line.
    pub tail: Vec<(String, Role)>,
    /// What hangs under it.
    pub children: Vec<Node>,
    /// Whether a label that is too long is wrapped in place, and not only when it is unfolded.
    pub wrapped: bool,
}

impl Node {
    /// A node that says one thing.
    pub fn new(id: impl Into<String>, label: impl Into<String>, role: Role) -> Self {
        Self { id: id.into(), label: vec![(label.into(), role)], ..Self::default() }
    }

    /// Says something more.
    #[must_use]
    pub fn and(mut self, label: impl Into<String>, role: Role) -> Self {
        self.label.push((label.into(), role));
        self
    }

    /// Says something at the right end.
    #[must_use]
    pub fn and_right(mut self, words: impl Into<String>, role: Role) -> Self {
        self.tail.push((words.into(), role));
        self
    }

    /// Hangs nodes under it.
    #[must_use]
    pub fn with(mut self, children: Vec<Node>) -> Self {
        self.children = children;
        self
    }

    /// Shows a long label in full at once.
    #[must_use]
    pub fn wrapping(mut self) -> Self {
        self.wrapped = true;
        self
    }

    /// What it says, whole.
    pub fn text(&self) -> String {
        self.label.iter().map(|(text, _)| text.as_str()).collect()
    }
}

/// What is selected and unfolded in a tree.
#[derive(Debug, Default)]
pub struct Branches {
    state: TreeState<String>,
    page: usize,
    /// The node that stays on its line while others come and go, and that line: the selected one, or where that was
    /// scrolled away the first. None after a key: it may move everything.
    anchor: Option<(Vec<String>, usize)>,
    /// The place of the selected node among all that could be scrolled to.
    place: usize,
    /// Whether there is more above and below.
    more: (bool, bool),
    /// How many rows there were, and lines for them.
    count: usize,
    height: usize,
    /// The selected node was just unfolded: what is below it is to be seen.
    unfolded: bool,
    markers: Markers,
}

impl Branches {
    /// The ids from the top to the selected node.
    pub fn selected(&self) -> &[String] {
        self.state.selected()
    }

    /// The ids from the top to the node that is selected, or that the selected line is of.
    pub fn selected_node(&self) -> Vec<String> {
        owner(self.state.selected())
    }

    /// Unfolds a node.
    pub fn open(&mut self, path: &[&str]) {
        self.state.open(path.iter().map(|id| (*id).to_owned()).collect());
    }

    /// Folds a node.
    pub fn close(&mut self, path: &[&str]) {
        let path: Vec<String> = path.iter().map(|id| (*id).to_owned()).collect();
        self.state.close(&path);
    }

    /// Whether a node is unfolded.
    pub fn is_open(&self, path: &[&str]) -> bool {
        let path: Vec<String> = path.iter().map(|id| (*id).to_owned()).collect();
        self.state.opened().contains(&path)
    }

    /// Selects a node that was selected by another path before it moved, unfolded as it was.
    pub fn follow(&mut self, from: &[String], to: &[String]) {
        let below = self.state.opened().iter().filter(|path| path.starts_with(from));
        let moved: Vec<Vec<String>> = below.map(|path| [to, &path[from.len()..]].concat()).collect();
        let selected = [to, self.state.selected().get(from.len()..).unwrap_or_default()].concat();
        // What it hangs under now must be unfolded to show it.
        for path in moved.into_iter().chain((1..to.len()).map(|depth| to[..depth].to_vec())) {
            self.state.open(path);
        }
        if let Some((anchor, _)) = &mut self.anchor
            && anchor == self.state.selected()
        {
            anchor.clone_from(&selected);
        }
        self.state.select(selected);
    }

    /// Whether there is more above and below what was drawn last.
    pub fn more(&self) -> (bool, bool) {
        self.more
    }

    /// Back to the first line, everything unfolded as it was.
    pub fn rewind(&mut self) {
        self.anchor = None;
        self.state.select(Vec::new());
        self.state.scroll_up(usize::MAX);
    }

    /// Moves, folds and unfolds. Tells whether the action was one of these.
    pub fn apply(&mut self, action: Action) -> bool {
        let page = self.page.max(1);
        self.anchor = None;
        let state = &mut self.state;
        match action {
            Action::Down => drop(state.select_relative(|at| at.map_or(0, |at| at.saturating_add(1)))),
            Action::Up => drop(state.select_relative(|at| at.map_or(0, |at| at.saturating_sub(1)))),
            Action::PageDown => {
                state.select_relative(|at| at.map_or(0, |at| at.saturating_add(page)));
            }
            Action::PageUp => {
                state.select_relative(|at| at.map_or(0, |at| at.saturating_sub(page)));
            }
            Action::First => drop(state.select_first()),
            Action::Last => drop(state.select_last()),
            Action::Unfold => self.unfolded = state.key_right(),
            Action::Open => {
                state.toggle_selected();
                self.unfolded = state.opened().contains(state.selected());
            }
            Action::Fold => {
                let selected = state.selected().to_vec();
                // A closed node at the top has no parent to go to: the widget would select nothing.
                if !state.close(&selected) && selected.len() > 1 {
                    state.select(selected[..selected.len() - 1].to_vec());
                }
            }
            _ => return false,
        }
        true
    }

    /// Selects what was drawn at a position. Tells whether it was selected already.
    pub fn click(&mut self, at: Position) -> bool {
        self.anchor = None;
        let Some(row) = self.state.rendered_at(at).map(<[String]>::to_vec) else { return false };
        !self.state.select(row)
    }

    /// Selects the node whose marker was drawn at a position, and folds or unfolds it. Tells whether there is one.
    pub fn toggle(&mut self, at: Position) -> bool {
        let hit = self.markers.hit(at);
        if hit {
            self.click(at);
            self.apply(Action::Open);
        }
        hit
    }

    /// Scrolls without a change of selection.
    pub fn scroll(&mut self, lines: usize, up: bool) {
        self.anchor = None;
        if up {
            self.state.scroll_up(lines);
        } else {
            let end = self.count.saturating_sub(self.height);
            self.state.scroll_down(lines.min(end.saturating_sub(self.state.get_offset())));
        }
    }

    /// Draws the nodes.
    pub fn draw(&mut self, nodes: &[Node], focused: bool, area: Rect, into: &mut Buffer, look: Look) {
        self.page = area.height.saturating_sub(1) as usize;
        if area.width < 8 || area.height == 0 {
            return;
        }
        let opened = self.state.opened().clone();
        let items = Grower { opened: &opened, look }.items(nodes, area.width as usize - 2, &mut Vec::new());
        if focused && !self.is_selected_there(&items) {
            self.select_nearest(&items);
        }
        let Ok(tree) = Tree::new(&items) else { return };
        let symbols = look.symbols;
        let (open, closed) = (format!("{} ", symbols.open), format!("{} ", symbols.closed));
        let tree = tree.node_open_symbol(&open).node_closed_symbol(&closed).node_no_children_symbol("  ");
        // The widget writes indentation past its area when that is narrow: it gets a buffer of its own.
        let mut own = Buffer::empty(area);
        StatefulWidget::render(tree.clone(), area, &mut own, &mut self.state);
        if self.show_below(&items, area) || self.hold(&items) {
            own.reset();
            StatefulWidget::render(tree, area, &mut own, &mut self.state);
        }
        self.remember(&items, area);
        for position in area.positions() {
            if let (Some(from), Some(to)) = (own.cell(position), into.cell_mut(position)) {
                *to = from.clone();
            }
        }
        if focused {
            let line = (area.top()..area.bottom())
                .find(|y| self.state.rendered_at((area.x, *y).into()) == Some(self.state.selected()));
            if let Some(y) = line {
                let row = Rect { y, height: 1, ..area };
                Pen::new(into, look).restyle(row, look.style(Role::Selected));
            }
        }
    }

    /// Scrolls so that what was just unfolded is seen, as far as there is room. Tells whether that was needed.
    fn show_below(&mut self, items: &[TreeItem<'_, String>], area: Rect) -> bool {
        if !std::mem::take(&mut self.unfolded) {
            return false;
        }
        let all = self.state.flatten(items);
        let selected = self.state.selected();
        let Some(at) = all.iter().position(|node| node.identifier == selected) else { return false };
        let below = all[at + 1..].iter().take_while(|node| node.identifier.starts_with(selected)).count();
        let top = self.state.get_offset();
        let wanted = (at + 1 + below).saturating_sub(usize::from(area.height)).min(at);
        wanted > top && self.state.scroll_down(wanted - top)
    }

    /// Scrolls so that the anchor is on its line again. Tells whether it was on another.
    fn hold(&mut self, items: &[TreeItem<'_, String>]) -> bool {
        let Some((anchor, line)) = &self.anchor else { return false };
        let place = self.state.flatten(items).iter().position(|node| node.identifier == *anchor);
        let Some(wanted) = place.map(|place| place.saturating_sub(*line)) else { return false };
        if wanted == self.state.get_offset() {
            return false;
        }
        self.state.scroll_up(usize::MAX);
        self.state.scroll_down(wanted)
    }

    /// Remembers what is where.
    fn remember(&mut self, items: &[TreeItem<'_, String>], area: Rect) {
        let all = self.state.flatten(items);
        let (top, height) = (self.state.get_offset(), usize::from(area.height));
        let selected = all.iter().position(|node| node.identifier == self.state.selected());
        self.place = selected.unwrap_or(self.place);
        let seen = selected.filter(|place| (top..top + height).contains(place)).unwrap_or(top);
        self.anchor = all.get(seen).map(|node| (node.identifier.clone(), seen - top));
        self.more = (top > 0, all.len() > top + height);
        (self.count, self.height) = (all.len(), height);
        self.markers.clear();
        // Every node takes one line.
        for (y, node) in (area.y..area.bottom()).zip(all.iter().skip(top)) {
            if !node.item.children().is_empty() {
                let indent = 2 * node.identifier.len().saturating_sub(1) as u16;
                self.markers.add((area.x.saturating_add(indent), y).into());
            }
        }
    }

    /// What was selected has gone: what it hung under is, else what stands in its place.
    fn select_nearest(&mut self, items: &[TreeItem<'_, String>]) {
        let all = self.state.flatten(items);
        let selected = self.state.selected();
        let there = |path: &[String]| all.iter().any(|node| node.identifier == path);
        let above = (1..selected.len()).rev().map(|depth| &selected[..depth]).find(|path| there(path));
        let place = if selected.is_empty() { 0 } else { self.place.min(all.len().saturating_sub(1)) };
        let nearest = above.map(<[String]>::to_vec);
        let nearest = nearest.or_else(|| all.get(place).map(|node| node.identifier.clone()));
        self.state.select(nearest.unwrap_or_default());
    }

    fn is_selected_there(&self, items: &[TreeItem<'_, String>]) -> bool {
        let mut items = items;
        for id in self.state.selected() {
            match items.iter().find(|item| item.identifier() == id) {
                Some(item) => items = item.children(),
                None => return false,
            }
        }
        !self.state.selected().is_empty()
    }
}

/// Makes the widget's items of nodes.
struct Grower<'a> {
    opened: &'a HashSet<Vec<String>>,
    look: Look,
}

impl Grower<'_> {
    fn items<'a>(&self, nodes: &[Node], width: usize, path: &mut Vec<String>) -> Vec<TreeItem<'a, String>> {
        let mut taken: HashMap<&str, usize> = HashMap::new();
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            // Attribute keys may repeat on the wire; the widget refuses siblings with one id.
            let times = taken.entry(&node.id).or_default();
            *times += 1;
            let id = if *times > 1 { format!("{}{APART}{times}", node.id) } else { node.id.clone() };
            path.push(id);
            out.extend(self.item(node, width, path));
            path.pop();
        }
        out
    }

    /// A node as the widget wants it; the lines that it was wrapped into in place come after it.
    fn item<'a>(&self, node: &Node, width: usize, path: &mut Vec<String>) -> Vec<TreeItem<'a, String>> {
        let id = path.last().cloned().unwrap_or_default();
        let whole = node.text();
        let tail: usize = node.tail.iter().map(|(text, _)| text::width(text)).sum();
        // A column is left free at the right end.
        let room = width.saturating_sub(if tail > 0 { tail + 3 } else { 0 });
        let too_long = text::exceeds(&whole, room);
        let mut below = self.items(&node.children, width.saturating_sub(2), path);
        let mut after = Vec::new();
        let role = node.label.last().map_or(Role::Text, |(_, role)| *role);
        let line = if too_long && node.wrapped {
            // What follows the first line hangs two columns in, so that one sees where the next sentence starts.
            let mut lines = text::wrap(&whole, width.saturating_sub(2), MAX_LINES).into_iter();
            let first = lines.next().unwrap_or_default();
            after = continuation(&id, lines.map(|line| format!("  {line}")), self.look.style(role));
            Line::styled(first, self.look.style(role))
        } else {
            let mut label = Cow::Borrowed(&node.label);
            let opened = self.opened.contains(path);
            if too_long && below.is_empty() {
                // A closed node only needs to look as if it could be unfolded.
                let lines = text::wrap(&whole, width.saturating_sub(2), if opened { MAX_LINES } else { 1 });
                below = continuation(&id, lines.into_iter(), self.look.style(Role::Text));
            } else if too_long && opened {
                // What does not fit goes on in the first lines below.
                let rest = break_last(label.to_mut(), room);
                let lines = text::wrap(&rest, width.saturating_sub(2), MAX_LINES).into_iter();
                below.splice(0..0, continuation(&id, lines, self.look.style(Role::Text)));
            }
            let mut left = room;
            let mut spans = Vec::new();
            let mut say = |text: &str, role: Role, left: &mut usize| {
                let fitted = text::fit(text, *left, self.look.symbols.ellipsis).into_owned();
                *left -= text::width(&fitted).min(*left);
                spans.push(Span::styled(fitted, self.look.style(role)));
            };
            label.iter().for_each(|(text, role)| say(text, *role, &mut left));
            if tail > 0 {
                say(&" ".repeat(left + 2), Role::Text, &mut (left + 2));
                node.tail.iter().for_each(|(text, role)| say(text, *role, &mut width.min(tail)));
            }
            Line::from(spans)
        };
        // Ids are unique by now, and an error here would only lose what could not be shown.
        let mut out: Vec<_> = TreeItem::new(id, line, below).into_iter().collect();
        out.extend(after);
        out
    }
}

/// Cuts the last piece of a label between two words so that all of it fits. Answers with what was cut off.
fn break_last(label: &mut [(String, Role)], room: usize) -> String {
    let Some(((last, _), before)) = label.split_last_mut() else { return String::new() };
    let used: usize = before.iter().map(|(text, _)| text::width(&text::clean(text))).sum();
    let (line, rest) = text::split(last, room.saturating_sub(used));
    let (line, rest) = (line.to_owned(), rest.to_owned());
    *last = line;
    rest
}

/// Lines that a text was wrapped into; where these are all that are shown, the last says so.
fn continuation<'a>(
    id: &str,
    lines: impl Iterator<Item = String>,
    style: Style,
) -> Vec<TreeItem<'a, String>> {
    let lines = lines.enumerate().map(|(at, line)| match at + 1 {
        MAX_LINES => (at, "more is not shown here: Enter on the value shows all of it".to_owned()),
        _ => (at, line),
    });
    lines
        .map(|(at, line)| TreeItem::new_leaf(format!("{id}{APART}line{at}"), Line::styled(line, style)))
        .collect()
}

/// The path to the node that a line is of: that of what was wrapped into it.
fn owner(path: &[String]) -> Vec<String> {
    let mut owner = path.to_vec();
    if let Some((id, _)) = path.last().and_then(|last| last.rsplit_once(&format!("{APART}line"))) {
        owner.pop();
        if owner.last().map(String::as_str) != Some(id) {
            owner.push(id.to_owned());
        }
    }
    owner
}

/// The id of a node and how many siblings before it have the same one.
pub fn unnumbered(id: &str) -> (&str, usize) {
    let numbered = id.rsplit_once(APART).and_then(|(id, times)| Some((id, times.parse::<usize>().ok()?)));
    numbered.map_or((id, 0), |(id, times)| (id, times.saturating_sub(1)))
}

/// The node at the end of a path.
pub fn find<'a>(nodes: &'a [Node], path: &[String]) -> Option<&'a Node> {
    let (first, below) = path.split_first()?;
    let (id, before) = unnumbered(first);
    let node = nodes.iter().filter(|node| node.id == id).nth(before)?;
    if below.is_empty() { Some(node) } else { find(&node.children, below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_twins_lead_to_their_node() {
        let path = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(owner(&path(&["a", "b"])), path(&["a", "b"]));
        assert_eq!(owner(&path(&["a", "b", "b\u{1f}line3"])), path(&["a", "b"]), "unfolded below it");
        assert_eq!(owner(&path(&["a", "b\u{1f}line3"])), path(&["a", "b"]), "wrapped in place");
        let twin = |label: &str| Node::new("k", label, Role::Text);
        let nodes = [Node::new("a", "a", Role::Text).with(vec![twin("1"), twin("2")])];
        let label = |ids: &[&str]| find(&nodes, &path(ids)).map(Node::text);
        assert_eq!(label(&["a", "k"]).as_deref(), Some("1"));
        assert_eq!(label(&["a", "k\u{1f}2"]).as_deref(), Some("2"));
        assert_eq!(label(&["a", "k\u{1f}3"]), None);
    }

    #[test]
    fn a_word_is_not_torn_where_a_label_goes_on_below() {
        let mut label = vec![
            ("key  ".to_owned(), Role::Text),
            ("opentelemetry.instrumentation x".to_owned(), Role::Text),
        ];
        assert_eq!(break_last(&mut label, 20), "opentelemetry.instrumentation x");
        assert_eq!(label[1].0, "");
        let mut label = vec![("key  ".to_owned(), Role::Text), ("one two three".to_owned(), Role::Text)];
        assert_eq!(break_last(&mut label, 13), "three");
        assert_eq!(label[1].0, "one two");
    }
}
