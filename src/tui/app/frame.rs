//! The whole screen: header, strip, tab, footer, and what lies over them.

use super::tabs::OUTPUT_TAB;
use super::{App, TABS};
use crate::session::Session;
use crate::tui::keymap::{Action, FINDINGS};
use crate::tui::status::Status;
use crate::tui::theme::Role;
use crate::tui::view::{Screen, footer, header, output, strip};
use crate::tui::widget::pen::Pen;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The smallest screen on which anything can be read.
const SMALLEST: (u16, u16) = (60, 12);

impl App {
    /// Draws the whole screen.
    pub fn draw(&mut self, frame: &mut Frame<'_>, session: &Session, status: &Status) {
        let area = frame.area();
        self.draw_into(area, frame.buffer_mut(), session, status);
    }

    /// Draws the whole screen into a buffer.
    ///
    /// ```text
    ///  1 Traces  2 Findings  3 Services  4 Logs  5 Receiver  ✖ 1 ▲ 0 · 0             header
    ///  ● live grpc 127.0.0.1:4317 http :4318 │ 44 spans  1 trace                     (one line if wide)
    ///  ✖ shop: 24 unrelated requests share one trace …                               strip
    ///  … the tab …
    ///  j/k move  Enter open                                       ? help  q quit     footer
    /// ```
    pub fn draw_into(&mut self, area: Rect, into: &mut Buffer, session: &Session, status: &Status) {
        self.shown.acted |= std::mem::replace(&mut self.area, area) != area;
        self.reconcile(session, status);
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            let times = self.shown.look.symbols.times;
            let words = ["too small:".to_owned(), format!("{}{times}{} needed", SMALLEST.0, SMALLEST.1)];
            let style = self.shown.look.style(Role::Text);
            for (y, words) in (area.y..area.bottom()).zip(words) {
                Pen::new(into, self.shown.look).put(area.x, y, area.width, &words, style);
            }
            self.buttons = footer::Buttons::default();
            return;
        }
        let context = self.context();
        let cx = self.shown.cx(&self.traffic, session, status);
        let line = |y: u16, height: u16| Rect { y, height, ..area };
        let head = line(area.y, header::height(area.width));
        let told = TABS.get(self.tab).unwrap_or(&OUTPUT_TAB).tells_findings;
        // It grows where the screen changes anyway: what is read below it stays where it is.
        let seen = (context, self.tab, area, cx.since.is_some());
        if !self.touched || self.strip.0 != Some(seen) {
            self.strip = (Some(seen), strip::height(area, told, &cx));
        }
        let strip = line(head.bottom(), self.strip.1);
        let foot = line(area.bottom() - 1, 1);
        let mut body = line(strip.bottom(), foot.y.saturating_sub(strip.bottom()));
        // The pane would only repeat the tab of the same.
        let pane = self.shown.output.as_ref().filter(|_| self.output_pane && self.tab < TABS.len());
        let pane = pane.map(|output| {
            let height = output::pane_height(body.height);
            body.height -= height;
            (line(body.bottom(), height), output)
        });
        let titles = self.titles();
        let mut pen = Pen::new(into, self.shown.look);
        let mut buttons = header::draw(head, &titles, self.tab, &mut pen, &cx);
        strip::draw(strip, told, &mut pen, &cx);
        if cx.session.store.trace_count() > 0 {
            buttons.add(Action::Tab(FINDINGS), strip);
        }
        // What is below something else does nothing, though it may be seen beside it.
        if !self.overlays.is_empty() {
            buttons = footer::Buttons::default();
        }
        let does = |action: Action| self.has_effect(action, &cx);
        footer::draw(foot, context, self.notice.as_deref(), &does, &mut buttons, &mut pen, &cx);
        self.tabs[self.tab].draw(body, into, &cx);
        if let Some((area, output)) = pane {
            output::draw_pane(area, output, into, &cx);
        }
        for overlay in &mut self.overlays {
            overlay.draw(area, into, &cx);
        }
        if let Some(notice) = &self.notice {
            let covered = footer::draw_long(area, context, notice, &mut Pen::new(into, cx.look), &cx);
            buttons.cover(covered);
        }
        if let Some(prompt) = &mut self.prompt {
            prompt.draw(area, into, &cx);
            buttons = footer::Buttons::default();
        }
        self.buttons = buttons;
        if self.shown.look.symbols.is_ascii() {
            only_ascii(area, into);
        }
        self.shown.acted = false;
    }
}

/// The columns and rows of the tab of the output on a screen of so many: all but the header, the title and the footer.
pub fn output_size(columns: u16, rows: u16) -> (u16, u16) {
    (columns.max(1), rows.saturating_sub(header::height(columns) + 2).max(1))
}

/// What telemetry said in other letters is replaced too, where the terminal can draw none.
fn only_ascii(area: Rect, into: &mut Buffer) {
    for position in area.positions() {
        if let Some(cell) = into.cell_mut(position)
            && !cell.symbol().is_ascii()
        {
            cell.set_char(match cell.symbol() {
                "µ" => 'u',
                "…" => '~',
                "·" | "–" | "—" => '-',
                "≥" | "→" => '>',
                "×" => 'x',
                _ => '?',
            });
        }
    }
}
