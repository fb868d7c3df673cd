//! The application without a terminal: keys in, a buffer out.

use super::keymap::{self, Action, Context};
use super::keys::Keys;
use super::output::{Output, State};
use super::palette;
use super::remembered::Remembered;
use super::request::{self, Done, NO_COMMAND, Outside, Replay, Request};
use super::status::{Status, Traffic};
use super::theme::{Look, Role};
use super::view::{
    Cx, Mouse, Outcome, Screen, explain, findings, footer, header, help, listing::Busy, logs, menu, output,
    prompt, receiver, services, strip, traces,
};
use super::widget::pen::Pen;
use crate::child::{Order, Told};
use crate::diagnosis::Since;
use crate::session::Session;
use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Instant;

/// The smallest screen on which anything can be read.
const SMALLEST: (u16, u16) = (60, 12);

/// One tab.
#[derive(Debug)]
pub struct Tab {
    /// What it is called.
    pub title: &'static str,
    /// It lists the findings itself: no strip above it does.
    tells_findings: bool,
    make: fn() -> Box<dyn Screen>,
}

/// Every tab. Its key is its place, counted from 1.
pub const TABS: &[Tab] = &[
    Tab { title: "Traces", tells_findings: false, make: || Box::<traces::Traces>::default() },
    Tab { title: "Findings", tells_findings: true, make: || Box::<findings::Findings>::default() },
    Tab { title: "Services", tells_findings: false, make: || Box::<services::Services>::default() },
    Tab { title: "Logs", tells_findings: false, make: || Box::<logs::Logs>::default() },
    Tab { title: "Receiver", tells_findings: false, make: || Box::<receiver::Receiver>::default() },
];

/// What the chosen colours are remembered by.
pub const THEME: &str = "theme";

/// The tab of the command's output, after all others, where there is a command.
const OUTPUT_TAB: Tab =
    Tab { title: "Output", tells_findings: true, make: || Box::<output::OutputTab>::default() };

/// What the loop is to do after a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Give the terminal back and stop until the shell wakes us.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// End.
    Quit,
}

/// Everything that the screen remembers.
#[derive(Debug)]
pub struct App {
    look: Look,
    keys: Keys,
    tabs: Vec<Box<dyn Screen>>,
    tab: usize,
    /// What can be seen of the command, where there is one, and whether its last lines are below every tab.
    output: Option<Output>,
    output_pane: bool,
    /// What lies over the tab, the last on top.
    overlays: Vec<Box<dyn Screen>>,
    /// The line of text that is being written, over all of it.
    prompt: Option<prompt::Prompt>,
    /// What was asked for and not done yet.
    asked: Vec<Request>,
    notice: Option<String>,
    /// The name of the colours that were chosen on the screen, this time or an earlier one.
    painted: Option<String>,
    /// The user has pressed a key: from now on nothing is chosen for them.
    touched: bool,
    since: Option<Since>,
    /// Who sent what.
    pub traffic: Traffic,
}

impl App {
    /// The first screen.
    pub fn new(look: Look) -> Self {
        Self {
            look,
            keys: Keys::default(),
            tabs: TABS.iter().map(|tab| (tab.make)()).collect(),
            tab: 0,
            output: None,
            output_pane: false,
            overlays: Vec::new(),
            prompt: None,
            asked: Vec::new(),
            notice: None,
            painted: None,
            touched: false,
            since: None,
            traffic: Traffic::default(),
        }
    }

    /// Has other keys from now on.
    pub fn bind(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// Is as it was left the last time; the first time, says how to find one's way.
    pub fn recall(&mut self, remembered: &Remembered) {
        if remembered.is_empty() {
            self.notice = Some("new here? ? lists every key, : finds everything by name".to_owned());
        }
        self.painted = remembered.get(THEME);
        self.tabs.iter_mut().for_each(|tab| tab.recall(remembered));
    }

    fn paint(&mut self, palette: &'static palette::Palette) {
        self.look = self.look.with(palette);
        self.painted = Some(palette.name.to_owned());
    }

    /// What is to be remembered of how it is now.
    pub fn remember(&self) -> Remembered {
        let mut remembered = Remembered::default();
        remembered.set("version", env!("CARGO_PKG_VERSION"));
        if let Some(name) = &self.painted {
            remembered.set(THEME, name);
        }
        self.tabs.iter().for_each(|tab| tab.remember(&mut remembered));
        remembered
    }

    /// Holds what is found against a baseline from now on.
    pub fn compare(&mut self, since: Since) {
        self.since = Some(since);
    }

    /// Shows a command from now on.
    pub fn watch(&mut self, output: Output) {
        self.tabs.push((OUTPUT_TAB.make)());
        self.output = Some(output);
    }

    /// What can be seen of the command.
    pub fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// Takes in what is told of the command.
    pub fn hear(&mut self, told: &Told, now_ns: u64) {
        let Some(output) = &mut self.output else { return };
        let answer = output.hear(told, now_ns);
        if !answer.is_empty() {
            self.asked.push(Request::Command(Order::Type(answer)));
        }
        if matches!(output.state(), State::Ended(_)) && !matches!(told, Told::Printed(_)) {
            let (state, _) = output::state(output, now_ns);
            let key = |action| self.keys.name_of(action, self.look.symbols);
            let shows = if self.tab < TABS.len() {
                format!(", {} shows its output", key(Action::Tab(keymap::OUTPUT)))
            } else {
                String::new()
            };
            self.notice = Some(format!("{state}: {} starts it again{shows}", key(Action::Restart)));
        }
    }

    /// Gives the command's terminal the size that its tab has on a screen of so many columns and rows.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = output_size(columns, rows);
        if let Some(output) = &mut self.output
            && output.size() != size
        {
            output.resize(size);
            self.asked.push(Request::Command(Order::Resize(size.0, size.1)));
        }
    }

    /// The titles of all tabs, with their keys.
    fn titles(&self) -> Vec<(usize, &'static str)> {
        let titles = TABS.iter().map(|tab| tab.title).enumerate();
        let output = self.output.is_some().then_some((keymap::OUTPUT, OUTPUT_TAB.title));
        titles.chain(output).map(|(at, title)| (at + 1, title)).collect()
    }

    /// Goes to a tab, by its place in the table of tabs.
    fn go_to_tab(&mut self, tab: usize) {
        let at = match (tab, &self.output) {
            (keymap::OUTPUT, Some(_)) => TABS.len(),
            (tab, _) if tab < TABS.len() => tab,
            _ => {
                self.notice = Some(NO_COMMAND.to_owned());
                return;
            }
        };
        self.overlays.clear();
        self.prompt = None;
        self.tab = at;
    }

    /// Tells the time, nanoseconds since the Unix epoch, once a second, right after the session was told.
    pub fn tick(&mut self, session: &Session, now_ns: u64) {
        self.traffic.tick(now_ns);
        if let Some(since) = &mut self.since {
            since.look(&session.diagnosis, &session.store, now_ns);
        }
    }

    /// Which keys work now.
    pub fn context(&self) -> Context {
        match &self.prompt {
            Some(prompt) => prompt.context(),
            None => self.overlays.last().unwrap_or(&self.tabs[self.tab]).context(),
        }
    }

    /// Does what a key says. What it asks for of others is done by [`App::settle`].
    pub fn key(&mut self, event: KeyEvent, session: &Session, status: &Status) -> Flow {
        if event.kind != KeyEventKind::Release {
            let typed = self.with_top(session, status, |screen, cx| screen.typed(event, cx));
            if let Some(outcome) = typed {
                self.touch(session, status);
                self.conclude(outcome, session, status);
                return Flow::Continue;
            }
        }
        let Some(action) = self.keys.find(event, self.context()) else { return Flow::Continue };
        self.touch(session, status);
        self.act(action, session, status)
    }

    fn act(&mut self, action: Action, session: &Session, status: &Status) -> Flow {
        match action {
            Action::Quit => return Flow::Quit,
            Action::Suspend => return Flow::Suspend,
            Action::Redraw => return Flow::Redraw,
            Action::Help if self.is_bare() => self.overlays.push(Box::<help::Help>::default()),
            Action::Palette if self.is_bare() => {
                let palette = menu::Menu::new("Commands", commands(self.context(), &self.keys, self.look));
                self.overlays.push(Box::new(palette));
            }
            Action::TakeBaseline => self.take_baseline(session, status),
            Action::DropBaseline => {
                let dropped = self.since.take();
                let words =
                    if dropped.is_some() { "the baseline is dropped" } else { "there is no baseline" };
                self.notice = Some(words.to_owned());
            }
            Action::Tab(tab) => self.go_to_tab(tab),
            Action::Hold if status.playback.is_some() => self.asked.push(Request::Replay(Replay::Hold)),
            Action::Step => self.asked.push(Request::Replay(Replay::Step)),
            Action::Restart => self.asked.push(Request::Command(Order::Restart)),
            Action::OutputPane if self.output.is_some() => self.output_pane = !self.output_pane,
            Action::OutputPane => self.notice = Some(NO_COMMAND.to_owned()),
            action => {
                let outcome = self.with_top(session, status, |screen, cx| screen.apply(action, cx));
                self.conclude(outcome, session, status);
            }
        }
        Flow::Continue
    }

    /// Takes text that was pasted.
    pub fn paste(&mut self, text: &str, session: &Session, status: &Status) {
        self.touch(session, status);
        let outcome = self.with_top(session, status, |screen, cx| screen.pasted(text, cx));
        self.conclude(outcome, session, status);
    }

    /// Does what keys and the mouse have asked for, and says how it went.
    pub fn settle(&mut self, session: &mut Session, outside: &mut dyn Outside) {
        for request in std::mem::take(&mut self.asked) {
            match request::perform(request, session, outside) {
                Done::Quietly => {}
                Done::Said(words) => self.notice = Some(words),
                Done::Asked(screen) => self.overlays.push(screen),
            }
        }
    }

    /// Says what came of something that took longer.
    pub fn say(&mut self, words: String) {
        self.notice = Some(words);
    }

    /// Whether nothing lies over the tab.
    fn is_bare(&self) -> bool {
        self.overlays.is_empty() && self.prompt.is_none()
    }

    /// Does what the mouse says.
    pub fn mouse(&mut self, event: MouseEvent, session: &Session, status: &Status) {
        let at = (event.column, event.row).into();
        let mouse = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Mouse::Click(at),
            MouseEventKind::ScrollUp => Mouse::WheelUp(at),
            MouseEventKind::ScrollDown => Mouse::WheelDown(at),
            MouseEventKind::ScrollLeft => Mouse::WheelLeft(at),
            MouseEventKind::ScrollRight => Mouse::WheelRight(at),
            MouseEventKind::Drag(MouseButton::Left) => Mouse::Drag(at),
            MouseEventKind::Up(MouseButton::Left) => Mouse::Release(at),
            _ => return,
        };
        self.touch(session, status);
        if let (Mouse::Click(at), true) = (mouse, self.is_bare())
            && at.y == 0
            && let Some(tab) = tab_at(&self.titles(), at.x)
        {
            self.tab = tab;
            return;
        }
        let outcome = self.with_top(session, status, |screen, cx| screen.mouse(mouse, cx));
        self.conclude(outcome, session, status);
    }

    fn take_baseline(&mut self, session: &Session, status: &Status) {
        let mut since = Since::now(status.now_ns);
        // Where spans are coming in, what they say is known with the next second.
        since.look(&session.diagnosis, &session.store, status.now_ns);
        self.since = Some(since);
        self.notice = Some("baseline taken: restart the app with the fix and use it".to_owned());
    }

    /// From the first key on, what is on the screen is the user's choice. It must first be what it shows now.
    fn touch(&mut self, session: &Session, status: &Status) {
        self.reconcile(session, status);
        self.touched = true;
        self.notice = None;
    }

    fn with_top<T>(
        &mut self,
        session: &Session,
        status: &Status,
        act: impl FnOnce(&mut dyn Screen, &Cx<'_>) -> T,
    ) -> T {
        let (since, output) = (self.since.as_ref(), self.output.as_ref());
        let (traffic, look, keys) = (&self.traffic, self.look, &self.keys);
        let cx = Cx { session, status, traffic, since, output, look, keys };
        let screen: &mut dyn Screen = match (&mut self.prompt, self.overlays.last_mut()) {
            (Some(prompt), _) => prompt,
            (None, Some(overlay)) => overlay.as_mut(),
            (None, None) => self.tabs[self.tab].as_mut(),
        };
        act(screen, &cx)
    }

    fn conclude(&mut self, outcome: Outcome, session: &Session, status: &Status) {
        match outcome {
            Outcome::Ignored | Outcome::Done => {}
            Outcome::Notice(notice) => self.notice = Some(notice),
            Outcome::Ask(request) => {
                // Who types sees what comes of it.
                if matches!(request, Request::Command(Order::Type(_))) {
                    self.output.iter_mut().for_each(|output| output.scroll(-isize::MAX));
                }
                self.asked.push(request);
            }
            Outcome::ScrollOutput(up) => self.output.iter_mut().for_each(|output| output.scroll(up)),
            Outcome::Over(screen) => self.overlays.push(screen),
            Outcome::Prompt(prompt) => {
                self.prompt = Some(prompt);
                self.advise(session, status);
            }
            Outcome::Said(purpose, said) => {
                let writing =
                    if matches!(said, prompt::Said::Changed(_)) { self.prompt.take() } else { None };
                self.prompt = None;
                let outcome = self.with_top(session, status, |screen, cx| screen.said(purpose, said, cx));
                self.prompt = writing;
                self.advise(session, status);
                self.conclude(outcome, session, status);
            }
            Outcome::Chosen(outcome) => {
                self.overlays.pop();
                self.conclude(*outcome, session, status);
            }
            Outcome::Paint(palette) => {
                self.paint(palette);
                self.notice = Some(format!("colours: {}, also the next time", palette.name));
            }
            Outcome::Act(action) => {
                // Ending and suspending are the loop's own, and no menu offers them.
                self.act(action, session, status);
            }
            Outcome::Leave => {
                if self.overlays.pop().is_none() {
                    self.tab = 0;
                }
            }
            Outcome::Filter(text) => {
                self.overlays.clear();
                self.tab = 0;
                let said = prompt::Said::Entered(text);
                let filtered =
                    |screen: &mut dyn Screen, cx: &Cx<'_>| screen.said(prompt::Purpose::Filter, said, cx);
                let outcome = self.with_top(session, status, filtered);
                self.conclude(outcome, session, status);
            }
            Outcome::Explain(rule) => self.overlays.push(Box::new(explain::Explain::new(rule))),
            Outcome::GoTo(target) => {
                self.overlays.clear();
                self.tab = 0;
                self.with_top(session, status, |screen, cx| screen.go_to(target, cx));
            }
        }
    }

    /// Asks the screen below what it says of the line that is being written.
    fn advise(&mut self, session: &Session, status: &Status) {
        let Some(mut prompt) = self.prompt.take() else { return };
        let advice = self.with_top(session, status, |screen, cx| {
            screen.advice(prompt.purpose(), prompt.text(), prompt.cursor(), cx)
        });
        prompt.advise(advice);
        self.prompt = Some(prompt);
    }

    fn reconcile(&mut self, session: &Session, status: &Status) {
        let (since, output) = (self.since.as_ref(), self.output.as_ref());
        let (traffic, look, keys) = (&self.traffic, self.look, &self.keys);
        let cx = Cx { session, status, traffic, since, output, look, keys };
        for (at, tab) in self.tabs.iter_mut().enumerate() {
            let gone = tab.reconcile(self.touched, &cx);
            if at == self.tab && gone.is_some() {
                self.notice = gone;
            }
        }
    }

    /// Goes on, until then, with what takes longer than a frame. Tells when to call again.
    pub fn work(&mut self, until: Instant, session: &Session, status: &Status) -> Busy {
        let (since, output) = (self.since.as_ref(), self.output.as_ref());
        let (traffic, look, keys) = (&self.traffic, self.look, &self.keys);
        let cx = Cx { session, status, traffic, since, output, look, keys };
        let busy = self.tabs[self.tab].work(until, &cx);
        self.advise(session, status);
        busy
    }

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
        self.reconcile(session, status);
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            let words = format!("otoscope needs {} columns and {} rows", SMALLEST.0, SMALLEST.1);
            Pen::new(into, self.look).put(area.x, area.y, area.width, &words, self.look.style(Role::Text));
            return;
        }
        let context = self.context();
        let (since, output) = (self.since.as_ref(), self.output.as_ref());
        let (traffic, look, keys) = (&self.traffic, self.look, &self.keys);
        let cx = Cx { session, status, traffic, since, output, look, keys };
        let line = |y: u16, height: u16| Rect { y, height, ..area };
        let head = line(area.y, header::height(area.width));
        let told = TABS.get(self.tab).unwrap_or(&OUTPUT_TAB).tells_findings;
        let strip = line(head.bottom(), strip::height(area, told, &cx));
        let foot = line(area.bottom() - 1, 1);
        let mut body = line(strip.bottom(), foot.y.saturating_sub(strip.bottom()));
        // The pane would only repeat the tab of the same.
        let pane = self.output.as_ref().filter(|_| self.output_pane && self.tab < TABS.len());
        let pane = pane.map(|output| {
            let height = output::pane_height(body.height);
            body.height -= height;
            (line(body.bottom(), height), output)
        });
        let titles = self.titles();
        let mut pen = Pen::new(into, self.look);
        header::draw(head, &titles, self.tab, &mut pen, &cx);
        strip::draw(strip, area, told, &mut pen, &cx);
        footer::draw(foot, context, self.notice.as_deref(), &mut pen, &cx);
        self.tabs[self.tab].draw(body, into, &cx);
        if let Some((area, output)) = pane {
            output::draw_pane(area, output, into, &cx);
        }
        for overlay in &mut self.overlays {
            overlay.draw(area, into, &cx);
        }
        if let Some(prompt) = &mut self.prompt {
            prompt.draw(area, into, &cx);
        }
        if self.look.symbols.is_ascii() {
            only_ascii(area, into);
        }
    }
}

/// What can be done in a context, by name, with the key that does it at once; and the colours to choose from.
fn commands(context: Context, keys: &Keys, look: Look) -> Vec<menu::Choice> {
    let useful = |action: Action| {
        !matches!(action, Action::Palette | Action::Quit | Action::Suspend | Action::Redraw)
            && !matches!(action, Action::Down | Action::Up | Action::PageDown | Action::PageUp)
    };
    let here = keys.here(context).filter(|row| useful(row.binding.action));
    let act = here.map(|row| {
        menu::Choice::new(row.binding.help, row.names(look.symbols), Outcome::Act(row.binding.action))
    });
    let paint = palette::built_in().iter().map(|palette| {
        let label = format!("colours: {}", palette.name);
        menu::Choice::new(label, palette.summary.as_str(), Outcome::Paint(palette))
    });
    act.chain(paint).collect()
}

/// The columns and rows of the tab of the output on a screen of so many: all but the header, the title and the footer.
pub fn output_size(columns: u16, rows: u16) -> (u16, u16) {
    (columns.max(1), rows.saturating_sub(header::height(columns) + 2).max(1))
}

/// The tab whose title is at this column of the first line.
fn tab_at(titles: &[(usize, &str)], column: u16) -> Option<usize> {
    let mut end = 0;
    titles.iter().position(|(_, title)| {
        end += title.len() as u16 + 4;
        column < end
    })
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
