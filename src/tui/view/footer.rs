//! The bottom line: what the last key did, or which keys work here.

use super::Cx;
use crate::tui::keymap::{Action, Context};
use crate::tui::keys::Row;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A key and a word or two on what it does.
type Hint<'a> = Vec<Part<'a>>;

/// What can be done in a view that has no rows.
const WITHOUT_ROWS: &[Action] = &[Action::Back, Action::TakeBaseline, Action::Palette];

/// Draws it.
pub fn draw(area: Rect, context: Context, notice: Option<&str>, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let width = |parts: &[Part<'_>]| parts.iter().map(|(what, _)| text::width(what) as u16).sum::<u16>();
    let ends = |row: &&Row| matches!(row.binding.action, Action::Help | Action::Quit);
    let right: Vec<Part<'_>> =
        cx.keys.here(context).filter(ends).filter_map(|row| of(row, cx)).flatten().collect();
    let right_width = width(&right);
    let room = area.width.saturating_sub(right_width + 1);
    match notice {
        Some(notice) => {
            pen.put(area.x + 1, area.y, room, notice, pen.style(Role::Notice));
        }
        None => {
            let mut x = area.x + 1;
            for hint in hints(context, cx) {
                let width = width(&hint);
                // A hint is whole or not there: half a word helps nobody.
                if x + width > area.x + room {
                    break;
                }
                x += pen.line(x, area.y, width, &hint);
            }
        }
    }
    if right_width < area.width {
        pen.line(area.right() - right_width, area.y, right_width, &right);
    } else {
        pen.put(area.x, area.y, area.width, "? help", Style::new());
    }
}

/// All that there might be room for, but for help and the end.
fn hints<'a>(context: Context, cx: &Cx<'a>) -> Vec<Hint<'a>> {
    let empty = is_empty(context, cx);
    let wanted = |row: &&Row| {
        let action = row.binding.action;
        !matches!(action, Action::Help | Action::Quit) && (!empty || WITHOUT_ROWS.contains(&action))
    };
    let mut hints: Vec<Hint<'a>> = Vec::new();
    if empty {
        hints.push(several(context, &[Action::Tab(0), Action::Tab(4)], "-", "tabs", cx));
    } else {
        let sideways = [Action::Fold, Action::Down, Action::Up, Action::Unfold];
        let moving = if context == Context::Icicle { &sideways[..] } else { &sideways[1..3] };
        hints.push(several(context, moving, "/", "move", cx));
    }
    hints.retain(|hint| !hint.is_empty());
    hints.extend(cx.keys.here(context).filter(wanted).filter_map(|row| of(row, cx)));
    if context == Context::Typing {
        hints.push(vec![part("every other key goes to the command", Role::Dim.style(cx))]);
    }
    hints
}

/// That of one key, where it has one.
fn of<'a>(row: &Row, cx: &Cx<'_>) -> Option<Hint<'a>> {
    let key = row.keys.first()?.name(cx.look.symbols);
    Some(hint(key, row.binding.hint?, cx))
}

fn hint<'a>(keys: String, words: &str, cx: &Cx<'_>) -> Hint<'a> {
    vec![part(keys, Role::Key.style(cx)), part(format!(" {words}  "), Role::Dim.style(cx))]
}

/// That of keys that belong together; nothing where one of them does nothing here.
fn several<'a>(context: Context, actions: &[Action], between: &str, words: &str, cx: &Cx<'_>) -> Hint<'a> {
    let first = |action: &Action| {
        let row = cx.keys.here(context).find(|row| row.binding.action == *action)?;
        Some(row.keys.first()?.name(cx.look.symbols))
    };
    match actions.iter().map(first).collect::<Option<Vec<String>>>() {
        Some(keys) => hint(keys.join(between), words, cx),
        None => Vec::new(),
    }
}

/// Whether a view has nothing to move over because nothing has come.
fn is_empty(context: Context, cx: &Cx<'_>) -> bool {
    let (store, diagnosis) = (&cx.session.store, &cx.session.diagnosis);
    match context {
        Context::Traces | Context::Services => store.trace_count() == 0,
        Context::Findings => diagnosis.findings().is_empty() && diagnosis.suppressed().is_empty(),
        Context::Logs => store.log_count() == 0,
        _ => false,
    }
}
