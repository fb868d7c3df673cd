//! Every key of every place, the help and the palette.

use crate::golden::check;
use crate::stage::{MERGED, SIZES, Stage, key, tab};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use otoscope::tui::keymap::{Action, Context, PLACES};
use otoscope::tui::{Flow, keymap, keys};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

#[test]
fn findings_receiver_and_help() {
    for (name, tab) in [("findings", tab("Findings")), ("receiver", tab("Receiver"))] {
        let mut stage = Stage::new((140, 42), MERGED);
        stage.act(&[tab]);
        check(&format!("{name}-140x42"), &mut stage);
    }
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Help]);
        check(&format!("help-{columns}x{rows}"), &mut stage);
    }
}

/// What was read once, to be looked at anew: for a hundred keys the same files.
#[derive(Default)]
struct Shelf(Vec<(Captures, Stage)>);

type Captures = &'static [&'static str];

impl Shelf {
    fn take(&mut self, size: (u16, u16), captures: Captures) -> Stage {
        let Some(at) = self.0.iter().position(|(held, _)| *held == captures) else {
            return Stage::new(size, captures);
        };
        let mut stage = self.0.swap_remove(at).1;
        stage.anew(size);
        stage
    }

    /// Puts a stage back, unless these actions may have changed what it holds.
    fn put(&mut self, captures: Captures, stage: Stage, action: Action) {
        if !matches!(action, Action::Clear | Action::Delete | Action::Pin | Action::Accept) {
            self.0.push((captures, stage));
        }
    }
}

/// The captures that a context is shown with. Enough traces to scroll the list, and the merged one selected.
fn captures(context: Context) -> Captures {
    match context {
        // A span with others before, after, above and under it.
        Context::Icicle | Context::Compare => &["mesh"],
        Context::Logs | Context::Log => &["flask-logs"],
        Context::Output | Context::Typing => &[],
        _ => &["flask-1.30", "flask-1.29-sigint", "express"],
    }
}

/// Brings a stage to the middle of things in a context.
fn scene(shelf: &mut Shelf, context: Context, action: Action) -> Stage {
    let size = match context {
        Context::Help | Context::Page | Context::Explain => (80, 20),
        Context::Receiver | Context::Services => (80, 16),
        _ => (140, 36),
    };
    let mut stage = match context {
        Context::Output => crate::output::scrolled(),
        Context::Typing => crate::output::typing(),
        _ => shelf.take(size, captures(context)),
    };
    let first = matches!(action, Action::Fold | Action::Unfold | Action::Open);
    match context {
        Context::Everywhere | Context::Traces | Context::Output | Context::Typing => {}
        Context::Tree => stage.act(&[Action::Open]),
        Context::Icicle => stage.act(&[Action::Open, Action::Icicle, Action::Down, Action::Unfold]),
        Context::Compare => stage.act(&[Action::Compare, Action::Down, Action::Compare]),
        Context::Detail => stage.act(&[Action::Open, Action::Open]),
        Context::Findings => stage.act(&[Action::Tab(1)]),
        // From the last one that has a span, rows to go to in both directions.
        Context::Logs => stage.act(&[tab("Logs"), Action::PreviousError, Action::Up]),
        Context::Log => stage.act(&[tab("Logs"), Action::PreviousError, Action::NextPane]),
        Context::Receiver => stage.act(&[tab("Receiver")]),
        Context::Services => stage.act(&[tab("Services"), Action::Open]),
        Context::Help => stage.act(&[Action::Help]),
        Context::Menu => stage.act(&[Action::Palette]),
        Context::Prompt => stage.act(&[Action::Open, Action::Search]),
        Context::Page => stage.act(&[Action::Open, Action::Raw]),
        Context::Explain => stage.act(&[Action::Tab(1), Action::Explain]),
    }
    match context {
        Context::Logs if action == Action::Open => stage.act(&[Action::Down]),
        Context::Logs | Context::Icicle => {}
        Context::Log if first => {
            while !stage.selected_lines().iter().any(|(_, line)| line.contains("attributes")) {
                stage.act(&[Action::Down]);
            }
        }
        Context::Detail | Context::Findings | Context::Compare if first => {}
        _ => stage.act(&[Action::Down, Action::Down, Action::Down]),
    }
    if context == Context::Traces && action == Action::Back {
        stage.act(&[Action::Filter]);
        stage.write("get");
        stage.act(&[Action::Open]);
    }
    if action == Action::Unfold {
        stage.act(&[Action::Fold]);
    }
    // A tab's own key does nothing in it.
    if matches!(action, Action::Tab(_)) {
        stage.act(&[if action == Action::Tab(0) { Action::Tab(1) } else { Action::Tab(0) }]);
    }
    if action == Action::OutputPane {
        crate::output::watch(&mut stage);
    }
    if matches!(action, Action::ZoomOut | Action::ZoomWider | Action::PanLeft | Action::PanRight) {
        stage.act(&[Action::ZoomToSpan, Action::ZoomCloser]);
    }
    if matches!(action, Action::UnfoldLevel | Action::UnfoldAll) {
        stage.act(&[Action::FoldAll]);
    }
    stage
}

#[test]
fn every_documented_key_does_something_where_it_works() {
    let mut shelf = Shelf::default();
    for place in PLACES {
        let context = place.context;
        for binding in place.own().chain(place.common()) {
            // Once is enough for what works nearly everywhere; that it is there at all, each place has to show.
            let everywhere = !place.own().any(|own| own == binding);
            for key in binding.keys.iter().take(if everywhere { 1 } else { usize::MAX }) {
                let mut stage = scene(&mut shelf, context, binding.action);
                if context != Context::Everywhere && !everywhere {
                    assert_eq!(stage.app.context(), context);
                }
                let before = stage.draw();
                let flow = stage.press(*key);
                let changed = flow != Flow::Continue || stage.draw() != before;
                assert!(changed, "{:?} by {key:?} does nothing in {}", binding.action, place.name);
                if !matches!(context, Context::Output | Context::Typing) {
                    shelf.put(captures(context), stage, binding.action);
                }
            }
        }
    }
}

#[test]
fn the_help_and_the_palette_have_every_key_of_a_place() {
    for place in PLACES.iter().filter(|place| place.common().any(|row| row.action == Action::Palette)) {
        // The two columns of a large screen are the same in every place.
        let large = if place.context == Context::Traces { Some((200, 50)) } else { None };
        for (columns, rows) in large.into_iter().chain([(80, 24)]) {
            let mut stage = scene(&mut Shelf::default(), place.context, Action::Sort);
            stage.terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            let mut seen = String::new();
            stage.act(&[Action::Palette]);
            for binding in place.own().chain(place.common()).filter(|row| row.action != Action::Palette) {
                stage.write(&keys::name(binding.action));
                seen.push_str(&stage.glimpse());
                assert!(seen.contains(binding.help), "{:?} is not offered in {}", binding.action, place.name);
                let clears = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
                stage.app.key(clears, &stage.session, &stage.status);
            }
            stage.act(&[Action::Back]);
            if stage.app.context() == Context::Help {
                stage.act(&[Action::Back]);
            }
            stage.act(&[Action::Help]);
            let mut help = String::new();
            // To its end, where another page is the same again.
            while let page = stage.text()
                && !help.ends_with(&page)
            {
                help.push_str(&page);
                stage.act(&[Action::PageDown]);
            }
            for (context, binding) in keymap::rows() {
                let words = binding.help;
                if context == Context::Everywhere && !place.common().any(|row| row == binding) {
                    continue;
                }
                assert!(help.contains(words), "{context:?}: {words} is not in the help at {columns} columns");
            }
        }
    }
}

#[test]
fn the_help_begins_with_the_view_from_which_it_was_opened_and_finds_words() {
    let mut stage = Stage::new((80, 24), MERGED);
    stage.act(&[Action::Open, Action::Help]);
    let text = stage.text();
    assert!(text.find("here: tree").is_some_and(|here| here < text.find("open the span").unwrap()), "{text}");
    stage.act(&[Action::Filter]);
    stage.write("zoom time");
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("zoom to the time of the span"), "{}", stage.text());
    assert!(!stage.text().contains("the tab of traces"), "{}", stage.text());
    check("help-found-80x24", &mut stage);
    stage.act(&[Action::Filter]);
    stage.write("zebra");
    assert!(stage.text().contains("no key has all"), "{}", stage.text());
    stage.act(&[Action::Back]);
    assert!(
        stage.text().contains("zoom to the time"),
        "what was found before is there again: {}",
        stage.text()
    );
    stage.act(&[Action::Quit]);
    assert_eq!(stage.app.context(), Context::Help, "Ctrl-c quits and nothing else");
    stage.press(key(KeyCode::Char('q')));
    assert_eq!(stage.app.context(), Context::Tree, "q closes what lies over a tab");
}

#[test]
fn what_was_done_by_name_comes_first_the_next_time() {
    let mut stage = Stage::new((80, 24), MERGED);
    stage.act(&[Action::Palette]);
    check("palette-80x24", &mut stage);
    stage.write("pinned");
    stage.act(&[Action::Back, Action::Palette]);
    stage.write("evicted pin");
    stage.act(&[Action::Open, Action::Palette]);
    let text = stage.text();
    assert!(text.find("pin: neither").unwrap() < text.find("open the trace").unwrap(), "{text}");
    stage.write("quit");
    assert_eq!(stage.press(key(KeyCode::Enter)), Flow::Quit);
}
