//! What is remembered from one session to the next: how panes are divided, which colours were chosen. Never telemetry.

use std::collections::BTreeMap;
use std::fmt;

/// Names and values, as in a file of TOML.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Remembered(BTreeMap<String, String>);

impl Remembered {
    /// Reads what [`Remembered::to_toml`] wrote. What cannot be read is not remembered.
    pub fn from_toml(text: &str) -> Self {
        Self(toml::from_str(text).unwrap_or_default())
    }

    /// Lines of `name = "value"`.
    pub fn to_toml(&self) -> String {
        let line = |(name, value): (&String, &String)| format!("{name} = {value:?}\n");
        self.0.iter().map(line).collect()
    }

    /// The value of a name, if it is remembered and can be read.
    pub fn get<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.parse().ok()
    }

    /// Remembers a value.
    pub fn set(&mut self, name: &str, value: impl fmt::Display) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// Whether nothing is remembered: it is the first time.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        let mut remembered = Remembered::default();
        assert!(remembered.is_empty());
        remembered.set("detail-lines", -4);
        remembered.set("theme", "light");
        let back = Remembered::from_toml(&remembered.to_toml());
        assert_eq!(back, remembered);
        assert_eq!((back.get("detail-lines"), back.get::<i16>("theme")), (Some(-4_i16), None));
    }

    #[test]
    fn a_broken_file_is_forgotten() {
        for text in ["theme = ", "theme = 3", "[theme]\na = 1", "\0"] {
            assert!(Remembered::from_toml(text).is_empty(), "{text}");
        }
    }
}
