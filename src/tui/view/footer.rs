//! The bottom line: what the last key did, or which keys work here.

use super::Cx;
use crate::tui::keymap::{Action, Binding, Context};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws it.
pub fn draw(area: Rect, context: Context, notice: Option<&str>, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let always = |action: Action| matches!(action, Action::Help | Action::Quit);
    let hints = |wanted: &dyn Fn(Action) -> bool| -> Vec<Vec<Part<'_>>> {
        cx.keys
            .here(context)
            .filter(|row| hinted(row.binding, context) && wanted(row.binding.action))
            .filter_map(|row| {
                let key = row.keys.first()?.name(cx.look.symbols);
                let hint = format!(" {}  ", row.binding.hint?);
                Some(vec![part(key, pen.style(Role::Key)), part(hint, pen.style(Role::Dim))])
            })
            .collect()
    };
    let width = |parts: &[Part<'_>]| parts.iter().map(|(what, _)| text::width(what) as u16).sum::<u16>();
    let right: Vec<Part<'_>> = hints(&always).concat();
    let right_width = width(&right);
    let room = area.width.saturating_sub(right_width + 1);
    match notice {
        Some(notice) => {
            pen.put(area.x + 1, area.y, room, notice, pen.style(Role::Notice));
        }
        None => {
            let mut x = area.x + 1;
            let mut left =
                vec![vec![part("j/k", pen.style(Role::Key)), part(" move  ", pen.style(Role::Dim))]];
            if context == Context::Typing {
                left.clear();
            }
            left.extend(hints(&|action| !always(action)));
            if context == Context::Typing {
                left.push(vec![part("every other key goes to the command", pen.style(Role::Dim))]);
            }
            for hint in left {
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

/// Whether a key belongs into the line: what works everywhere only where it matters most.
fn hinted(binding: &Binding, context: Context) -> bool {
    let elsewhere = binding.contexts.len() > 1 && !binding.contexts.contains(&context);
    binding.works_in(context) && !elsewhere
}
