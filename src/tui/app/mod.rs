//! The application without a terminal: keys in, a buffer out.

mod acts;
mod commands;
mod frame;
mod tabs;

use super::keymap::{self, Action, Context};
use super::keys::Keys;
use super::output::{Output, State, ending};
use super::palette::Palette;
use super::remembered::Remembered;
use super::request::{self, Done, Outside, Request};
use super::status::{Status, Traffic};
use super::theme::Look;
use super::view::{Cx, Screen, footer, listing::Busy, output, prompt};
use crate::child::{Order, Told};
use crate::diagnosis::Since;
use crate::session::Session;
use ratatui::layout::{Position, Rect};
use std::time::Instant;

pub use acts::Flow;
pub use frame::output_size;
pub use tabs::{TABS, Tab};

/// What the chosen colours are remembered by.
pub const THEME: &str = "theme";

/// Everything that the screen remembers.
#[derive(Debug)]
pub struct App {
    shown: Shown,
    tabs: Vec<Box<dyn Screen>>,
    tab: usize,
    /// From where a span was gone to, or traces were listed: back leads there again, as long as nothing else was looked
    /// at.
    came_from: Option<CameFrom>,
    /// The last lines of the command are below every tab.
    output_pane: bool,
    /// It was opened because the command failed: started again, it closes.
    opened_pane: bool,
    /// What lies over the tab, the last on top.
    overlays: Vec<Box<dyn Screen>>,
    /// The line of text that is being written, over all of it.
    prompt: Option<prompt::Prompt>,
    /// What was asked for and not done yet.
    asked: Vec<Request>,
    notice: Option<String>,
    /// What was drawn that a click does something with: hints of the footer, counts of the header, headlines.
    buttons: footer::Buttons,
    /// Where the mouse was pressed on what was selected already.
    pressed: Option<Position>,
    /// Where the last click opened something: another one there was meant for the same.
    opened: Option<Position>,
    /// The name of the colours that were chosen on the screen, this time or an earlier one.
    painted: Option<String>,
    /// What was done by name, the latest first.
    recent: Vec<Action>,
    /// The user has pressed a key: from now on nothing is chosen for them.
    touched: bool,
    /// What was drawn into last.
    area: Rect,
    /// How many lines the headlines take, and what was on the screen when they were given them.
    strip: (Option<Seen>, u16),
    /// Who sent what.
    pub traffic: Traffic,
}

/// Where a span was gone to from, or traces were listed.
#[derive(Debug)]
struct CameFrom {
    tab: usize,
    /// What lay over it.
    over: Vec<Box<dyn Screen>>,
    /// The view where back leads there.
    context: Context,
}

/// The view that has the keys, the tab, the screen, and whether there is a baseline.
type Seen = (Context, usize, Rect, bool);

/// What every view may read of the application.
#[derive(Debug)]
struct Shown {
    look: Look,
    keys: Keys,
    /// What can be seen of the command, where there is one.
    output: Option<Output>,
    since: Option<Since>,
    /// Nothing moves by itself until it goes on.
    held: bool,
    /// A key, the mouse or another size of the screen came since the last frame.
    acted: bool,
}

impl Shown {
    fn cx<'a>(&'a self, traffic: &'a Traffic, session: &'a Session, status: &'a Status) -> Cx<'a> {
        let (since, output) = (self.since.as_ref(), self.output.as_ref());
        let Self { held, acted, look, .. } = *self;
        Cx { session, status, traffic, since, output, held, acted, look, keys: &self.keys }
    }
}

impl App {
    /// The first screen.
    pub fn new(look: Look) -> Self {
        Self {
            shown: Shown { look, keys: Keys::default(), output: None, since: None, held: false, acted: true },
            tabs: TABS.iter().map(Tab::open).collect(),
            tab: 0,
            came_from: None,
            output_pane: false,
            opened_pane: false,
            overlays: Vec::new(),
            prompt: None,
            asked: Vec::new(),
            notice: None,
            buttons: footer::Buttons::default(),
            pressed: None,
            opened: None,
            painted: None,
            recent: Vec::new(),
            touched: false,
            strip: (None, 0),
            area: Rect::default(),
            traffic: Traffic::default(),
        }
    }

    /// Has other keys from now on.
    pub fn bind(&mut self, keys: Keys) {
        self.shown.keys = keys;
    }

    /// Is as it was left the last time; the first time, says how to find one's way.
    pub fn recall(&mut self, remembered: &Remembered) {
        if remembered.is_empty() {
            self.notice = Some("new here? ? lists every key, : finds everything by name".to_owned());
        }
        self.painted = remembered.get(THEME);
        self.tabs.iter_mut().for_each(|tab| tab.recall(remembered));
    }

    fn paint(&mut self, palette: &'static Palette) {
        self.shown.look = self.shown.look.with(palette);
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
        self.shown.since = Some(since);
    }

    /// Shows a command from now on.
    pub fn watch(&mut self, output: Output) {
        self.tabs.push(tabs::OUTPUT_TAB.open());
        self.shown.output = Some(output);
    }

    /// What can be seen of the command.
    pub fn output(&self) -> Option<&Output> {
        self.shown.output.as_ref()
    }

    /// Takes in what is told of the command.
    pub fn hear(&mut self, told: &Told, now_ns: u64) {
        let Some(output) = &mut self.shown.output else { return };
        let answer = output.hear(told, now_ns);
        if !answer.is_empty() {
            self.asked.push(Request::Command(Order::Type(answer)));
        }
        match told {
            Told::Ending(signal) => self.notice = Some(ending(*signal)),
            Told::Started => {
                self.notice = Some(output.started_again());
                self.output_pane &= !self.opened_pane;
                self.opened_pane = false;
            }
            // Why it failed stands in what it printed last.
            Told::Ended(_) if output.has_failed() && !self.output_pane => {
                (self.output_pane, self.opened_pane) = (true, true);
            }
            _ => {}
        }
        if matches!(output.state(), State::Ended(_)) && !matches!(told, Told::Printed(_)) {
            let (state, _) = output::state(output, now_ns);
            let key = |action| self.shown.keys.name_of(action, self.shown.look.symbols);
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
        if let Some(output) = &mut self.shown.output
            && output.size() != size
        {
            output.resize(size);
            self.asked.push(Request::Command(Order::Resize(size.0, size.1)));
        }
    }

    /// Tells the time, nanoseconds since the Unix epoch, once a second, right after the session was told.
    pub fn tick(&mut self, session: &Session, now_ns: u64) {
        self.traffic.tick(now_ns);
        if let Some(since) = &mut self.shown.since {
            since.look(&session.diagnosis, &session.store, now_ns);
        }
    }

    /// Which keys work now.
    pub fn context(&self) -> Context {
        self.top().context()
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

    /// What has the keys.
    fn top(&self) -> &dyn Screen {
        match (&self.prompt, self.overlays.last()) {
            (Some(prompt), _) => prompt,
            (None, Some(overlay)) => overlay.as_ref(),
            (None, None) => self.tabs[self.tab].as_ref(),
        }
    }

    fn with_top<T>(
        &mut self,
        session: &Session,
        status: &Status,
        act: impl FnOnce(&mut dyn Screen, &Cx<'_>) -> T,
    ) -> T {
        let cx = self.shown.cx(&self.traffic, session, status);
        let screen: &mut dyn Screen = match (&mut self.prompt, self.overlays.last_mut()) {
            (Some(prompt), _) => prompt,
            (None, Some(overlay)) => overlay.as_mut(),
            (None, None) => self.tabs[self.tab].as_mut(),
        };
        act(screen, &cx)
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
        let cx = self.shown.cx(&self.traffic, session, status);
        for (at, tab) in self.tabs.iter_mut().enumerate() {
            let gone = tab.reconcile(self.touched, &cx);
            if at == self.tab && gone.is_some() {
                self.notice = gone;
            }
        }
    }

    /// Goes on, until then, with what takes longer than a frame. Tells when to call again.
    pub fn work(&mut self, until: Instant, session: &Session, status: &Status) -> Busy {
        let cx = self.shown.cx(&self.traffic, session, status);
        let busy = self.tabs[self.tab].work(until, &cx);
        self.advise(session, status);
        busy
    }
}
