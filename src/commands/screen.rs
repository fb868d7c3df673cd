//! How the screen is to be: colours, symbols, keys, and what is remembered of the last time.

use super::Failure;
use super::settings::Wishes;
use crate::cli::Draw;
use crate::tui::keys::Keys;
use crate::tui::palette::{self, Palette};
use crate::tui::{Look, Options, Remembered};
use std::fs;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;
use terminal_colorsaurus::{QueryOptions, background_color};

/// Variables of terminals that answer at once which background they have. Others are not asked: one that does not answer
/// would be waited for, an answer that comes late would be taken for keys, and what was typed meanwhile is lost.
const ANSWERING: [&str; 9] = [
    "ALACRITTY_WINDOW_ID",
    "GHOSTTY_RESOURCES_DIR",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    // Terminal.app, iTerm2, Visual Studio Code, WezTerm, tmux and others.
    "TERM_PROGRAM",
    "VTE_VERSION",
    "WEZTERM_PANE",
    "WT_SESSION",
    "XTERM_VERSION",
];
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_millis(200);

/// Colours, symbols, keys and what is remembered. An error where there is no terminal.
pub(super) fn options(draw: &Draw, wishes: &Wishes) -> Result<Options, Failure> {
    if !io::stdout().is_terminal() {
        return Err(Failure(
            "the inspector needs a terminal; without one use `otoscope check FILE`".to_owned(),
        ));
    }
    // https://no-color.org: set and not empty.
    let no_color = draw.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let remembered = recall();
    let chosen = || remembered.get::<String>(crate::tui::THEME).and_then(|name| palette::named(&name));
    let palette = match draw.theme.as_str() {
        "auto" => chosen().or_else(|| {
            let light = !no_color && is_light();
            palette::named(if light { "terminal-light" } else { "terminal" })
        }),
        name => palette::named(name),
    };
    let look = Look::new(!no_color, draw.ascii);
    let look = look.with(styled(palette.unwrap_or(look.palette()), wishes)?);
    let mut keys = Keys::default();
    for (action, names) in &wishes.keys {
        keys.bind(action, names).map_err(Failure)?;
    }
    keys.clash().map_err(|clash| Failure(format!("[keys] of otoscope.toml: {clash}")))?;
    Ok(Options { look, mouse: !draw.no_mouse, keys, remembered, ..Options::default() })
}

/// A palette with the user's own styles.
fn styled(palette: &'static Palette, wishes: &Wishes) -> Result<&'static Palette, Failure> {
    if wishes.styles.is_empty() {
        return Ok(palette);
    }
    let mut own = palette.clone();
    wishes.styles.iter().try_for_each(|(role, text)| own.set(role, text)).map_err(Failure)?;
    // Once, for as long as the program runs.
    Ok(Box::leak(Box::new(own)))
}

/// Whether the terminal has a light background, as far as it says so.
fn is_light() -> bool {
    // "15;0": foreground and background, by their numbers among the sixteen; rxvt, Konsole and others set it.
    if let Ok(colours) = std::env::var("COLORFGBG") {
        return matches!(colours.rsplit(';').next(), Some("7" | "15"));
    }
    let foot = std::env::var_os("TERM").is_some_and(|term| term.to_string_lossy().starts_with("foot"));
    let answers = foot || ANSWERING.iter().any(|name| std::env::var_os(name).is_some());
    if !answers || !io::stdin().is_terminal() {
        return false;
    }
    let mut options = QueryOptions::default();
    options.timeout = ANSWER;
    background_color(options).is_ok_and(|colour| colour.perceived_lightness() > 0.5)
}

/// Where it is remembered (XDG Base Directory Specification).
fn state_file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    Some(home.join("otoscope").join("state.toml"))
}

fn recall() -> Remembered {
    let text = state_file().and_then(|path| fs::read_to_string(path).ok());
    text.map(|text| Remembered::from_toml(&text)).unwrap_or_default()
}

/// Keeps it for the next time. Where that cannot be, nothing is lost but a choice of colours.
pub(super) fn remember(remembered: &Remembered) {
    let Some(path) = state_file() else { return };
    if let Some(directory) = path.parent()
        && fs::create_dir_all(directory).is_ok()
    {
        // Two that end at once must not leave half a file each.
        let new = path.with_extension(std::process::id().to_string());
        let _ = fs::write(&new, remembered.to_toml()).and_then(|()| fs::rename(&new, &path));
    }
}
