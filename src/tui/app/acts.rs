//! What keys, pasted text and the mouse do.

use super::{App, CameFrom, tabs};
use crate::child::Order;
use crate::diagnosis::Since;
use crate::session::Session;
use crate::tui::keymap::{Action, Chord, Context, LOGS};
use crate::tui::request::{NO_COMMAND, Replay, Request};
use crate::tui::status::{Feed, Status};
use crate::tui::view::{Cx, Mouse, Outcome, Screen, explain, help, prompt};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

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

impl App {
    /// Does what a key says. What it asks for of others is done by [`App::settle`].
    pub fn key(&mut self, event: KeyEvent, session: &Session, status: &Status) -> Flow {
        if event.kind != KeyEventKind::Release {
            let typed = self.with_top(session, status, |screen, cx| screen.typed(event, cx));
            if let Some(outcome) = typed {
                self.touch(session, status);
                return self.conclude(outcome, session, status);
            }
        }
        let Some(action) = self.shown.keys.find(event, self.context()) else {
            self.answer_unbound(event);
            return Flow::Continue;
        };
        self.touch(session, status);
        self.act(action, session, status)
    }

    /// Says so of a key that does nothing here, where keys are no text.
    fn answer_unbound(&mut self, event: KeyEvent) {
        let symbols = self.shown.look.symbols;
        if self.context().takes_text() || matches!(event.code, KeyCode::Modifier(_)) {
            return;
        }
        if let Some(key) = Chord::of(event) {
            let (key, help) = (key.name(symbols), self.shown.keys.name_of(Action::Help, symbols));
            self.notice = Some(format!("{key} does nothing here: {help} shows the keys"));
        }
    }

    fn act(&mut self, action: Action, session: &Session, status: &Status) -> Flow {
        self.forget_where_from();
        match action {
            Action::Back if self.came_from.as_ref().is_some_and(|from| from.context == self.context()) => {
                // The tab of traces is left as it was found: the tree closed, the filter off.
                self.with_top(session, status, |screen, cx| screen.apply(Action::Back, cx));
                if let Some(CameFrom { tab, over, .. }) = self.came_from.take() {
                    (self.tab, self.overlays) = (tab, over);
                }
            }
            Action::Quit => return Flow::Quit,
            Action::Suspend => return Flow::Suspend,
            Action::Redraw => return Flow::Redraw,
            Action::Help if self.context() != Context::Help => {
                self.overlays.push(Box::new(help::help(self.context())));
            }
            Action::Palette => self.overlays.push(Box::new(self.commands())),
            Action::TakeBaseline => self.take_baseline(session, status),
            Action::DropBaseline => {
                let dropped = self.shown.since.take();
                let words =
                    if dropped.is_some() { "the baseline is dropped" } else { "there is no baseline" };
                self.notice = Some(words.to_owned());
            }
            Action::Tab(tab) => self.go_to_tab(tab),
            Action::Hold if status.playback.is_some() => self.asked.push(Request::Replay(Replay::Hold)),
            Action::Hold => self.hold(status),
            Action::Step => self.asked.push(Request::Replay(Replay::Step)),
            Action::Restart => self.asked.push(Request::Command(Order::Restart)),
            Action::OutputPane if self.shown.output.is_some() => {
                // From now on it is the user's own.
                (self.output_pane, self.opened_pane) = (!self.output_pane, false);
            }
            Action::OutputPane => self.notice = Some(NO_COMMAND.to_owned()),
            action => {
                // Who follows wants to see what arrives.
                self.shown.held &= action != Action::Follow;
                let outcome = self.with_top(session, status, |screen, cx| screen.apply(action, cx));
                return self.conclude(outcome, session, status);
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

    /// Who looks at something else than the trace that was gone to is not led back.
    fn forget_where_from(&mut self) {
        let listed = self.came_from.as_ref().is_some_and(|from| from.context == Context::Traces);
        if self.is_bare() && (self.tab != 0 || !listed && self.context() == Context::Traces) {
            self.came_from = None;
        }
    }

    /// Whether nothing lies over the tab.
    fn is_bare(&self) -> bool {
        self.overlays.is_empty() && self.prompt.is_none()
    }

    /// Does what the mouse says, which may be the end: `:` offers it.
    pub fn mouse(&mut self, event: MouseEvent, session: &Session, status: &Status) -> Flow {
        let at = (event.column, event.row).into();
        let mouse = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Mouse::Click(at),
            MouseEventKind::ScrollUp => Mouse::WheelUp(at),
            MouseEventKind::ScrollDown => Mouse::WheelDown(at),
            MouseEventKind::ScrollLeft => Mouse::WheelLeft(at),
            MouseEventKind::ScrollRight => Mouse::WheelRight(at),
            MouseEventKind::Drag(MouseButton::Left) => Mouse::Drag(at),
            MouseEventKind::Up(MouseButton::Left) => Mouse::Release(at),
            MouseEventKind::Down(MouseButton::Right) => Mouse::Point(at),
            _ => return Flow::Continue,
        };
        let opened = self.opened.take();
        let over = self.context().lies_over();
        let notice = self.notice.take().filter(|_| matches!(mouse, Mouse::Release(_)));
        self.touch(session, status);
        // What the button has brought about is still to be read when it is let go.
        self.notice = notice;
        if let Mouse::Click(at) = mouse
            && opened == Some(at)
        {
            return Flow::Continue;
        }
        // What can be done with a tab or a headline is what a click on it does.
        let title = |at: Position| {
            let at = (at.y == 0 && self.is_bare()).then_some(at)?;
            tabs::tab_at(&self.titles(), at.x)
        };
        let above = |at| self.buttons.hit(at).is_some() || title(at).is_some();
        if let (Mouse::Point(at), false) = (mouse, over)
            && above(at)
        {
            return Flow::Continue;
        }
        if let Mouse::Click(at) = mouse {
            if let Some(action) = self.buttons.hit(at) {
                return self.act(action, session, status);
            }
            if let Some(tab) = title(at) {
                self.tab = tab;
                return Flow::Continue;
            }
        }
        let outcome = self.with_top(session, status, |screen, cx| {
            let held = mouse.with(event.modifiers).map(|held| screen.mouse(held, cx));
            // Where a key that is held down means nothing, it is as if it was not.
            held.filter(|outcome| !matches!(outcome, Outcome::Ignored))
                .unwrap_or_else(|| screen.mouse(mouse, cx))
        });
        self.pressed = match (mouse, &outcome) {
            (Mouse::Click(at), Outcome::Pressed) => Some(at),
            (Mouse::Release(_), _) => self.pressed,
            _ => None,
        };
        // A command that asked for the mouse has it to itself.
        let taken = matches!(outcome, Outcome::Ask(_));
        let leads_on = matches!(outcome, Outcome::GoTo(_) | Outcome::Filter(_));
        let flow = self.conclude(outcome, session, status);
        if !leads_on {
            self.forget_where_from();
        }
        match mouse {
            Mouse::Release(at) if self.pressed.take() == Some(at) => {
                self.opened = Some(at);
                self.act(Action::Open, session, status)
            }
            Mouse::Point(at) if !taken && !over && self.offers(Action::Palette) => {
                self.point(at, session, status);
                flow
            }
            _ => flow,
        }
    }

    /// Holds every view as it is, or lets all go on.
    fn hold(&mut self, status: &Status) {
        if matches!(status.feed, Feed::Replay { done: true, .. }) {
            self.notice = Some("nothing arrives here: all of the file is read".to_owned());
            return;
        }
        self.shown.held = !self.shown.held;
        let key = self.shown.keys.name_of(Action::Hold, self.shown.look.symbols);
        self.notice = Some(if self.shown.held {
            format!("held; everything that arrives is taken in, and {key} shows it")
        } else {
            "going on".to_owned()
        });
    }

    /// Whether something can be done where the keys are.
    fn offers(&self, action: Action) -> bool {
        self.shown.keys.here(self.context()).any(|row| row.binding.action == action)
    }

    fn take_baseline(&mut self, session: &Session, status: &Status) {
        if matches!(status.feed, Feed::Replay { done: true, .. }) {
            let words = "nothing arrives here that could be compared with it: `--baseline FILE` takes an earlier report";
            self.notice = Some(words.to_owned());
            return;
        }
        let mut since = Since::now(status.now_ns);
        // Where spans are coming in, what they say is known with the next second.
        since.look(&session.diagnosis, &session.store, status.now_ns);
        self.shown.since = Some(since);
        self.notice = Some("baseline taken: restart the app with the fix and use it".to_owned());
    }

    /// From the first key on, what is on the screen is the user's choice. It must first be what it shows now.
    fn touch(&mut self, session: &Session, status: &Status) {
        self.reconcile(session, status);
        self.touched = true;
        self.shown.acted = true;
        self.notice = None;
        self.opened = None;
    }

    fn conclude(&mut self, outcome: Outcome, session: &Session, status: &Status) -> Flow {
        match outcome {
            Outcome::Ignored | Outcome::Done | Outcome::Again | Outcome::Pressed => {}
            Outcome::Notice(notice) => self.notice = Some(notice),
            Outcome::Ask(request) => {
                // Who types sees what comes of it.
                if matches!(request, Request::Command(Order::Type(_))) {
                    self.shown.output.iter_mut().for_each(|output| output.scroll(-isize::MAX));
                }
                self.asked.push(request);
            }
            Outcome::ScrollOutput(up) => self.shown.output.iter_mut().for_each(|output| output.scroll(up)),
            Outcome::Over(screen) => self.overlays.push(screen),
            Outcome::Prompt(prompt) => {
                self.prompt = Some(prompt);
                self.advise(session, status);
            }
            Outcome::Said(purpose, said) => {
                let changed = matches!(said, prompt::Said::Changed(_));
                let writing = self.prompt.take();
                let outcome = self.with_top(session, status, |screen, cx| screen.said(purpose, said, cx));
                if changed || matches!(outcome, Outcome::Again) {
                    self.prompt = writing;
                    self.advise(session, status);
                }
                return self.conclude(outcome, session, status);
            }
            Outcome::Chosen(outcome) => {
                self.overlays.pop();
                return self.conclude(*outcome, session, status);
            }
            Outcome::Paint(palette) => {
                self.paint(palette);
                self.notice = Some(format!("colours: {}, also the next time", palette.name));
            }
            Outcome::Named(action) => {
                self.recent.retain(|other| *other != action);
                self.recent.insert(0, action);
                return self.act(action, session, status);
            }
            Outcome::Within(action) => {
                let flow = self.act(Action::Open, session, status);
                if self.context() != Context::Tree {
                    return flow;
                }
                return self.conclude(Outcome::Named(action), session, status);
            }
            Outcome::Act(action) => return self.act(action, session, status),
            Outcome::Leave => {
                if self.overlays.pop().is_none() {
                    self.tab = 0;
                }
            }
            Outcome::Filter(text) => {
                let over = std::mem::take(&mut self.overlays);
                let from = std::mem::replace(&mut self.tab, 0);
                let said = prompt::Said::Entered(text);
                let filtered =
                    |screen: &mut dyn Screen, cx: &Cx<'_>| screen.said(prompt::Purpose::Filter, said, cx);
                let outcome = self.with_top(session, status, filtered);
                let flow = self.conclude(outcome, session, status);
                if from > 0 && self.is_bare() {
                    self.came_from = Some(CameFrom { tab: from, over, context: self.context() });
                }
                return flow;
            }
            Outcome::Explain(rule) => self.overlays.push(Box::new(explain::explain(rule))),
            Outcome::GoToLog(key) => {
                self.tab = LOGS;
                self.with_top(session, status, |screen, cx| screen.go_to_log(key, cx));
            }
            Outcome::GoTo(target) => {
                let over = std::mem::take(&mut self.overlays);
                let from = std::mem::replace(&mut self.tab, 0);
                self.with_top(session, status, |screen, cx| screen.go_to(target, cx));
                if from > 0 || !over.is_empty() {
                    self.came_from = Some(CameFrom { tab: from, over, context: self.context() });
                }
                let trace = session.store.find_trace(target.trace);
                if let (Some(trace), Some(span)) = (trace, target.span)
                    && session.store.find_span(trace, span).is_none()
                {
                    let why = "still open, not sampled, or evicted";
                    self.notice = Some(format!("its span is not here ({why}): this is its trace"));
                }
            }
        }
        Flow::Continue
    }
}
