//! The bottom line: what the last key did, or which keys work here.

use super::Cx;
use crate::tui::keymap::{Action, Context};
use crate::tui::keys::Row;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// A key and a word or two on what it does.
struct Hint<'a> {
    /// What a click on it does; nothing where it tells of several keys.
    action: Option<Action>,
    words: Vec<Part<'a>>,
}

impl Hint<'_> {
    fn width(&self) -> u16 {
        self.words.iter().map(|(what, _)| text::width(what) as u16).sum()
    }
}

/// Where something was drawn that does what a key does when it is clicked.
#[derive(Debug, Default)]
pub struct Buttons(Vec<(Action, Rect)>);

impl Buttons {
    /// What is done by a click there.
    pub fn hit(&self, at: Position) -> Option<Action> {
        self.0.iter().find(|(_, place)| place.contains(at)).map(|(action, _)| *action)
    }

    /// A click there does this from now on.
    pub fn add(&mut self, action: Action, place: Rect) {
        self.0.push((action, place));
    }

    /// What lies there is covered: a click there does nothing of it.
    pub fn cover(&mut self, area: Rect) {
        self.0.retain(|(_, place)| !place.intersects(area));
    }

    /// Draws a hint, and remembers where. Answers with its width.
    fn draw(&mut self, x: u16, y: u16, hint: &Hint<'_>, pen: &mut Pen<'_>) -> u16 {
        let width = pen.line(x, y, hint.width(), &hint.words);
        // The blanks behind a hint belong to none.
        let place = Rect { x, y, width: width.saturating_sub(2), height: 1 };
        self.0.extend(hint.action.map(|action| (action, place)));
        width
    }
}

/// How many lines a sentence may take.
const MOST_LINES: usize = 4;

/// What can be done in a view that has no rows.
const WITHOUT_ROWS: &[Action] = &[Action::Back, Action::TakeBaseline, Action::Palette];

/// Draws it: hints only of what `does` something now.
pub fn draw(
    area: Rect,
    context: Context,
    notice: Option<&str>,
    does: &dyn Fn(Action) -> bool,
    drawn: &mut Buttons,
    pen: &mut Pen<'_>,
    cx: &Cx<'_>,
) {
    let right = right(context, cx);
    let room = room(area.width, &right);
    let right_width: u16 = right.iter().map(Hint::width).sum();
    match notice {
        Some(notice) if is_long(notice, room) => {}
        Some(notice) => {
            pen.put(area.x + 1, area.y, room, notice, pen.style(Role::Notice));
        }
        None => {
            let mut x = area.x + 1;
            for hint in hints(context, does, cx) {
                // A hint is whole or not there: half a word helps nobody, a shorter one behind it may.
                if x + hint.width() > area.x + room {
                    continue;
                }
                x += drawn.draw(x, area.y, &hint, pen);
            }
        }
    }
    if right_width < area.width {
        let mut x = area.right() - right_width;
        for hint in &right {
            x += drawn.draw(x, area.y, hint, pen);
        }
    } else {
        pen.put(area.x, area.y, area.width, "? help", Style::new());
    }
}

/// A sentence that is too long for the space beside help and the end has as many lines as it takes, over what else is
/// there: its end may be what is to be done. Answers with what it covers.
pub fn draw_long(screen: Rect, context: Context, notice: &str, pen: &mut Pen<'_>, cx: &Cx<'_>) -> Rect {
    if !is_long(notice, room(screen.width, &right(context, cx))) {
        return Rect::default();
    }
    let lines = text::wrap(notice, usize::from(screen.width).saturating_sub(2), MOST_LINES);
    let height = (lines.len() as u16).min(screen.height);
    let area = Rect { y: screen.bottom() - height, height, ..screen };
    pen.clear(area);
    for (y, words) in (area.y..area.bottom()).zip(&lines) {
        pen.put(area.x + 1, y, area.width.saturating_sub(1), words, pen.style(Role::Notice));
    }
    area
}

/// Whether a sentence has no room beside what stands at the right, and as much between them as between hints.
fn is_long(notice: &str, room: u16) -> bool {
    text::exceeds(notice, usize::from(room).saturating_sub(2))
}

/// Help and the end, which have their place at the right.
fn right<'a>(context: Context, cx: &Cx<'a>) -> Vec<Hint<'a>> {
    let ends = |row: &&Row| matches!(row.binding.action, Action::Help | Action::Quit);
    cx.keys.here(context).filter(ends).filter_map(|row| of(row, cx)).collect()
}

/// How many columns are left beside them.
fn room(width: u16, right: &[Hint<'_>]) -> u16 {
    width.saturating_sub(right.iter().map(Hint::width).sum::<u16>() + 1)
}

/// All that there might be room for, but for help and the end.
fn hints<'a>(context: Context, does: &dyn Fn(Action) -> bool, cx: &Cx<'a>) -> Vec<Hint<'a>> {
    let empty = is_empty(context, cx);
    let wanted = |row: &&Row| {
        let action = row.binding.action;
        let wanted = !matches!(action, Action::Help | Action::Quit);
        wanted && (!empty || WITHOUT_ROWS.contains(&action)) && row.binding.hint.is_some() && does(action)
    };
    let mut hints: Vec<Hint<'a>> = Vec::new();
    if empty {
        hints.extend(several(context, &[Action::Tab(0), Action::Tab(4)], "-", "tabs", cx));
    } else {
        let sideways = [Action::Fold, Action::Down, Action::Up, Action::Unfold];
        let moving = if context == Context::Icicle { &sideways[..] } else { &sideways[1..3] };
        hints.extend(several(context, moving, "/", "move", cx));
    }
    hints.extend(cx.keys.here(context).filter(wanted).filter_map(|row| of(row, cx)));
    if context == Context::Typing {
        let words = vec![part("every other key goes to the command", Role::Dim.style(cx))];
        hints.push(Hint { action: None, words });
    }
    hints
}

/// That of one key, where it has one.
fn of<'a>(row: &Row, cx: &Cx<'_>) -> Option<Hint<'a>> {
    let key = row.keys.first()?.name(cx.look.symbols);
    Some(Hint { action: Some(row.binding.action), words: words(key, row.binding.hint?, cx) })
}

fn words<'a>(keys: String, words: &str, cx: &Cx<'_>) -> Vec<Part<'a>> {
    vec![part(keys, Role::Key.style(cx)), part(format!(" {words}  "), Role::Dim.style(cx))]
}

/// That of keys that belong together; nothing where one of them does nothing here.
fn several<'a>(
    context: Context,
    actions: &[Action],
    between: &str,
    what: &str,
    cx: &Cx<'_>,
) -> Option<Hint<'a>> {
    let first = |action: &Action| {
        let row = cx.keys.here(context).find(|row| row.binding.action == *action)?;
        Some(row.keys.first()?.name(cx.look.symbols))
    };
    let keys = actions.iter().map(first).collect::<Option<Vec<String>>>()?;
    Some(Hint { action: None, words: words(keys.join(between), what, cx) })
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
