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
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

/// Terminals that answer at once which colours they have, by a variable that they set. Others are not asked: one that
/// does not answer would be waited for, and an answer that comes late would be taken for keys.
const ANSWERING: [&str; 7] = [
    "KITTY_WINDOW_ID",
    "ALACRITTY_WINDOW_ID",
    "WEZTERM_PANE",
    "GHOSTTY_RESOURCES_DIR",
    "ITERM_SESSION_ID",
    "VTE_VERSION",
    "WT_SESSION",
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
    if !ANSWERING.iter().any(|name| std::env::var_os(name).is_some()) || !io::stdin().is_terminal() {
        return false;
    }
    let mut options = QueryOptions::default();
    options.timeout = ANSWER;
    matches!(theme_mode(options), Ok(ThemeMode::Light))
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
