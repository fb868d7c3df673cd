//! The tabs, and how one goes to them.

use super::App;
use crate::tui::keymap;
use crate::tui::request::NO_COMMAND;
use crate::tui::view::{Screen, findings, logs, output, receiver, services, traces};

/// One tab.
#[derive(Debug)]
pub struct Tab {
    /// What it is called.
    pub title: &'static str,
    /// It lists the findings itself: no strip above it does.
    pub(super) tells_findings: bool,
    make: fn() -> Box<dyn Screen>,
}

impl Tab {
    pub(super) fn open(&self) -> Box<dyn Screen> {
        (self.make)()
    }
}

/// Every tab. Its key is its place, counted from 1.
pub const TABS: &[Tab] = &[
    Tab { title: "Traces", tells_findings: false, make: || Box::<traces::Traces>::default() },
    Tab { title: "Findings", tells_findings: true, make: || Box::<findings::Findings>::default() },
    Tab { title: "Services", tells_findings: false, make: || Box::<services::Services>::default() },
    Tab { title: "Logs", tells_findings: false, make: || Box::<logs::Logs>::default() },
    Tab { title: "Receiver", tells_findings: false, make: || Box::<receiver::Receiver>::default() },
];

/// The tab of the command's output, after all others, where there is a command.
pub(super) const OUTPUT_TAB: Tab =
    Tab { title: "Output", tells_findings: true, make: || Box::<output::OutputTab>::default() };

impl App {
    /// The titles of all tabs, with their keys.
    pub(super) fn titles(&self) -> Vec<(usize, &'static str)> {
        let titles = TABS.iter().map(|tab| tab.title).enumerate();
        let output = self.shown.output.is_some().then_some((keymap::OUTPUT, OUTPUT_TAB.title));
        titles.chain(output).map(|(at, title)| (at + 1, title)).collect()
    }

    /// Goes to a tab, by its place in the table of tabs.
    pub(super) fn go_to_tab(&mut self, tab: usize) {
        let at = match (tab, &self.shown.output) {
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
}

/// The tab whose title is at this column of the first line.
pub(super) fn tab_at(titles: &[(usize, &str)], column: u16) -> Option<usize> {
    let mut end = 0;
    titles.iter().position(|(_, title)| {
        end += title.len() as u16 + 4;
        column < end
    })
}
