//! Palettes: a style for every role, read from `assets/themes/`, and from `[styles]` of `otoscope.toml` over them.

use super::theme::Role;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A style for every role, and colours for services.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Palette {
    /// What it is called.
    pub name: &'static str,
    /// What it is for, one line.
    pub summary: String,
    styles: [Style; Role::ALL.len()],
    services: Vec<Color>,
}

/// A palette as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    summary: String,
    services: Vec<String>,
    roles: BTreeMap<String, String>,
}

/// The palettes that come with otoscope; the first is the usual one, the second its counterpart on a light background.
const BUILT_IN: [(&str, &str); 5] = [
    ("terminal", include_str!("../../assets/themes/terminal.toml")),
    ("terminal-light", include_str!("../../assets/themes/terminal-light.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("colour-blind", include_str!("../../assets/themes/colour-blind.toml")),
];

/// Their names, as on the command line.
pub const NAMES: [&str; BUILT_IN.len()] = {
    let mut names = [""; BUILT_IN.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = BUILT_IN[at].0;
        at += 1;
    }
    names
};

/// All palettes that come with otoscope.
pub fn built_in() -> &'static [Palette] {
    static ALL: OnceLock<Vec<Palette>> = OnceLock::new();
    // A test reads each of them: none is left out.
    ALL.get_or_init(|| BUILT_IN.iter().filter_map(|(name, text)| Palette::parse(name, text).ok()).collect())
}

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Palette> {
    built_in().iter().find(|palette| palette.name == name)
}

/// The one that is used where nobody asks for another: the terminal's own colours.
pub(super) fn usual() -> &'static Palette {
    static PLAIN: OnceLock<Palette> = OnceLock::new();
    let plain = || Palette {
        name: "plain",
        summary: String::new(),
        styles: [Style::new(); Role::ALL.len()],
        services: Vec::new(),
    };
    built_in().first().unwrap_or_else(|| PLAIN.get_or_init(plain))
}

impl Palette {
    fn parse(name: &'static str, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let services = file.services.iter().map(|text| colour(text)).collect::<Result<Vec<_>, _>>()?;
        let styles = [Style::new(); Role::ALL.len()];
        let mut palette = Self { name, summary: file.summary, styles, services };
        file.roles.iter().try_for_each(|(role, text)| palette.set(role, text))?;
        Ok(palette)
    }

    /// Gives a role another style, as `red bold` or `#ffffff on 24`; where either is not known, a sentence.
    pub fn set(&mut self, role: &str, text: &str) -> Result<(), String> {
        let at = Role::ALL.iter().position(|known| name(*known) == role);
        let names = || Role::ALL.iter().map(|role| name(*role)).collect::<Vec<_>>();
        let at = at.ok_or_else(|| format!("there is no role {role}; there are {}", names().join(", ")))?;
        self.styles[at] = style(text)?;
        Ok(())
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The style of the service with this hash.
    pub(super) fn service(&self, hash: u64) -> Style {
        match self.services.as_slice() {
            [] => Style::new(),
            colours => Style::new().fg(colours[(hash as usize) % colours.len()]),
        }
    }
}

/// `TitleFocused` is `title-focused` in a file.
fn name(role: Role) -> String {
    super::keys::kebab(&format!("{role:?}"))
}

/// What is left of a style without colour. Where only a background marked it, inverse does.
pub(super) fn without_colour(style: Style) -> Style {
    let bare = Style { fg: None, bg: None, ..style };
    if style.bg.is_some() { bare.add_modifier(Modifier::REVERSED) } else { bare }
}

/// `red bold`, `#ffcc00 on 24 italic`: a colour, one to lie on, and how it is written.
fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        style = match word {
            "bold" => style.add_modifier(Modifier::BOLD),
            "dim" => style.add_modifier(Modifier::DIM),
            "italic" => style.add_modifier(Modifier::ITALIC),
            "underlined" => style.add_modifier(Modifier::UNDERLINED),
            "reversed" => style.add_modifier(Modifier::REVERSED),
            "crossed-out" => style.add_modifier(Modifier::CROSSED_OUT),
            "on" => style.bg(colour(words.next().unwrap_or_default())?),
            word => style.fg(colour(word)?),
        };
    }
    Ok(style)
}

/// One of the sixteen by name, one of the 256 by number, or `#rrggbb`.
fn colour(text: &str) -> Result<Color, String> {
    text.parse().map_err(|_| {
        format!("{text} is no colour; write red, light-blue, 0 to 255, or #rrggbb, then bold, dim, italic, …")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_whole() {
        for (name, text) in BUILT_IN {
            let palette = Palette::parse(name, text).unwrap();
            assert!(!palette.summary.is_empty() && palette.services.len() >= 4, "{name}");
            for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Text | Role::Title)) {
                assert_ne!(palette.style(role), Style::new(), "{name} leaves {role:?} unmarked");
            }
        }
        assert_eq!(built_in().len(), BUILT_IN.len());
        assert_eq!(usual().name, "terminal");
    }

    #[test]
    fn roles_are_counted_in_their_order() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, at);
        }
    }

    #[test]
    fn without_colour_every_role_that_is_marked_stays_marked() {
        for palette in built_in() {
            for role in Role::ALL {
                let bare = without_colour(palette.style(role));
                assert_eq!((bare.fg, bare.bg), (None, None));
            }
            let selected = without_colour(palette.style(Role::Selected));
            assert!(selected.add_modifier.contains(Modifier::REVERSED), "{}", palette.name);
        }
    }

    #[test]
    fn styles_are_words() {
        let parsed = style("#ffcc00 on 24 italic").unwrap();
        assert_eq!(parsed, Style::new().fg(Color::Rgb(255, 204, 0)).bg(Color::Indexed(24)).italic());
        assert!(style("reddish").unwrap_err().starts_with("reddish is no colour"));
        assert!(style("red on").is_err());
        let mut own = usual().clone();
        assert!(own.set("eror", "red").unwrap_err().contains("error"));
        own.set("error", "blue").unwrap();
        assert_eq!(own.style(Role::Error), Style::new().fg(Color::Blue));
    }
}
