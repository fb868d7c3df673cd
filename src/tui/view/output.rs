//! The tab of the command's output, and the few lines of it below any other tab.

use super::{Cx, Mouse, Outcome, Screen};
use crate::child::{Ended, Order};
use crate::tui::keymap::{Action, Context, OUTPUT};
use crate::tui::output::{Output, State};
use crate::tui::request::Request;
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::typed;
use crate::tui::widget::pen::{Part, Pen, part};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// All the way, of whatever length.
const ALL: isize = isize::MAX;

/// How many lines the pane below other tabs takes of so many, its title included.
pub fn pane_height(body: u16) -> u16 {
    (body / 3).min(8)
}

/// The tab.
#[derive(Debug, Default)]
pub struct OutputTab {
    /// Keys go to the command.
    typing: bool,
    /// Where the command's screen was drawn.
    rows: Rect,
}

impl Screen for OutputTab {
    fn context(&self) -> Context {
        if self.typing { Context::Typing } else { Context::Output }
    }

    fn typed(&mut self, event: KeyEvent, cx: &Cx<'_>) -> Option<Outcome> {
        if !self.typing || cx.keys.find(event, Context::Typing).is_some() {
            return None;
        }
        let application = cx.output?.screen().application_cursor();
        Some(typed::bytes(event, application).map_or(Outcome::Ignored, type_in))
    }

    fn pasted(&mut self, text: &str, cx: &Cx<'_>) -> Outcome {
        match cx.output {
            Some(output) if self.typing => type_in(typed::pasted(text, output.screen().bracketed_paste())),
            _ => Outcome::Ignored,
        }
    }

    fn apply(&mut self, action: Action, cx: &Cx<'_>) -> Outcome {
        let page = isize::from(self.rows.height.saturating_sub(1).max(1) as i16);
        Outcome::ScrollOutput(match action {
            Action::Down => -1,
            Action::Up => 1,
            Action::PageDown => -page,
            Action::PageUp => page,
            Action::First => ALL,
            Action::Last => -ALL,
            Action::Type if cx.output.is_some_and(|output| output.state() == State::Running) => {
                self.typing = true;
                -ALL
            }
            Action::Type => {
                let again = cx.keys.name_of(Action::Restart, cx.look.symbols);
                return Outcome::Notice(format!("the command has ended; {again} starts it again"));
            }
            Action::StopTyping => {
                self.typing = false;
                return Outcome::Done;
            }
            Action::Back => return Outcome::Leave,
            _ => return Outcome::Ignored,
        })
    }

    fn mouse(&mut self, mouse: Mouse, cx: &Cx<'_>) -> Outcome {
        if let Some(bytes) = cx.output.and_then(|output| self.told_of(mouse, output)) {
            return type_in(bytes);
        }
        match mouse {
            Mouse::WheelUp(_) => Outcome::ScrollOutput(3),
            Mouse::WheelDown(_) => Outcome::ScrollOutput(-3),
            _ => Outcome::Ignored,
        }
    }

    fn reconcile(&mut self, _touched: bool, cx: &Cx<'_>) -> Option<String> {
        let runs = cx.output.is_some_and(|output| output.state() == State::Running);
        self.typing &= runs;
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let Some(output) = cx.output else { return };
        self.rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let above = output.screen().scrollback();
        let note = if above > 0 {
            format!("{} {} more: G", cx.look.symbols.down, text::count(above as u64))
        } else {
            String::new()
        };
        let mut pen = Pen::new(into, cx.look);
        pen.title(area, true, &title(self.typing, cx), &note);
        draw_rows(self.rows, 0, output, into, cx.look);
        if above == 0 && !self.typing && output.screen().contents().is_empty() {
            let words = format!("`{}` has printed nothing so far.", output.name());
            let place = (self.rows.x + 2, self.rows.y + 1, self.rows.width.saturating_sub(2));
            Pen::new(into, cx.look).put(place.0, place.1, place.2, &words, cx.look.style(Role::Dim));
        }
        if self.typing {
            draw_cursor(self.rows, output, into);
        }
    }
}

impl OutputTab {
    /// What the command is told of the mouse, if it wants to know, and its screen is what is seen.
    fn told_of(&self, mouse: Mouse, output: &Output) -> Option<Vec<u8>> {
        let (at, screen) = (mouse.position(), output.screen());
        let seen = self.rows.contains(at) && screen.scrollback() == 0 && output.state() == State::Running;
        let place = seen.then(|| (at.x - self.rows.x, at.y - self.rows.y))?;
        typed::mouse(mouse, place, screen.mouse_protocol_mode(), screen.mouse_protocol_encoding())
    }
}

/// Draws the last lines below another tab.
pub fn draw_pane(area: Rect, output: &Output, into: &mut Buffer, cx: &Cx<'_>) {
    let key = |action| cx.keys.name_of(action, cx.look.symbols);
    let keys = format!("{} hides  {} opens", key(Action::OutputPane), key(Action::Tab(OUTPUT)));
    Pen::new(into, cx.look).title(area, false, &title(false, cx), &keys);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let first = last_row(output).saturating_sub(rows.height.saturating_sub(1));
    draw_rows(rows, first, output, into, cx.look);
}

/// The state of a command in words, for how long, and the role of that.
pub fn state(output: &Output, now_ns: u64) -> (String, Role) {
    let (words, role) = match output.state() {
        State::Running => ("running".to_owned(), Role::Good),
        State::Ending => ("being ended".to_owned(), Role::Warning),
        State::Ended(Ended::Status(0)) => ("exited 0".to_owned(), Role::Dim),
        State::Ended(how) => (how.to_string(), Role::Error),
    };
    let ran = text::age(output.ran_ns(now_ns));
    let ran = if ran == "now" { "0s" } else { ran.as_str() };
    let after = if matches!(output.state(), State::Ended(_)) { "after " } else { "" };
    (format!("{words} {after}{ran}"), role)
}

/// How the command is doing stands in the header.
fn title<'a>(typing: bool, cx: &Cx<'_>) -> Vec<Part<'a>> {
    let mut parts = vec![part("Output", Style::new())];
    if typing {
        let stops = cx.keys.name_of(Action::StopTyping, cx.look.symbols);
        let words = format!("  every key goes to the command; {stops} stops that");
        parts.push(part(words, cx.look.style(Role::Key)));
    }
    parts
}

fn type_in(bytes: Vec<u8>) -> Outcome {
    Outcome::Ask(Request::Command(Order::Type(bytes)))
}

/// The last row that has anything in it, or the cursor.
fn last_row(output: &Output) -> u16 {
    let (columns, rows) = output.size();
    let screen = output.screen();
    let has = |row: u16| (0..columns).any(|c| screen.cell(row, c).is_some_and(vt100::Cell::has_contents));
    let last = (0..rows).rev().find(|row| has(*row)).unwrap_or(0);
    // Above it, where it only waits at the start of the next line.
    let (row, column) = screen.cursor_position();
    if column > 0 { last.max(row) } else { last }
}

/// Draws rows of the command's screen, cell by cell: nothing but text and styles gets any further.
fn draw_rows(area: Rect, first: u16, output: &Output, into: &mut Buffer, look: Look) {
    let screen = output.screen();
    for (y, row) in (area.y..area.bottom()).zip(first..) {
        for (x, column) in (area.x..area.right()).zip(0..) {
            let Some(cell) = screen.cell(row, column) else { break };
            let Some(drawn) = into.cell_mut((x, y)) else { break };
            drawn.reset();
            drawn.set_style(style(cell, look));
            if cell.has_contents() {
                let columns = if cell.is_wide() && x + 1 < area.right() { 2 } else { 1 };
                let clean = text::fit(cell.contents(), columns, "?");
                drawn.set_symbol(if clean.is_empty() { " " } else { &clean });
            }
        }
    }
}

fn draw_cursor(area: Rect, output: &Output, into: &mut Buffer) {
    let (row, column) = output.screen().cursor_position();
    let (x, y) = (area.x + column.min(area.width.saturating_sub(1)), area.y + row);
    if !output.screen().hide_cursor() && y < area.bottom() {
        into.set_style(Rect { x, y, width: 1, height: 1 }, Style::new().add_modifier(Modifier::REVERSED));
    }
}

fn style(cell: &vt100::Cell, look: Look) -> Style {
    let mut style = Style::new();
    if look.has_colour() {
        style.fg = colour(cell.fgcolor());
        style.bg = colour(cell.bgcolor());
    }
    for (is, modifier) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        if is {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(colour: vt100::Color) -> Option<Color> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) => Some(Color::Indexed(index)),
        vt100::Color::Rgb(red, green, blue) => Some(Color::Rgb(red, green, blue)),
    }
}
