//! What is wrong with a query, and where.

use std::fmt;
use unicode_width::UnicodeWidthChar;

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The character that it is about, from 0; the length of the text where something is missing at its end.
    pub at: usize,
    /// A short sentence.
    pub message: String,
    /// What was probably meant, to be put in its place.
    pub suggestion: Option<String>,
    /// How to write it if it was meant as it stands.
    pub otherwise: Option<String>,
}

impl QueryError {
    pub(super) fn new(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let at = text.char_indices().take_while(|(from, _)| *from < byte).count();
        Self { at, message: message.into(), suggestion: None, otherwise: None }
    }

    pub(super) fn meant(self, suggestion: Option<impl Into<String>>) -> Self {
        Self { suggestion: suggestion.map(Into::into), ..self }
    }

    pub(super) fn or(self, otherwise: Option<String>) -> Self {
        Self { otherwise, ..self }
    }

    /// The query and a sign under the character, two lines. What is no character to be seen is a blank.
    pub fn pointing(&self, text: &str) -> String {
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before: usize = shown.chars().take(self.at).filter_map(UnicodeWidthChar::width).sum();
        format!("{shown}\n{}^", " ".repeat(before))
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean {suggestion}?")?;
        }
        match &self.otherwise {
            Some(otherwise) => {
                write!(f, "{} {otherwise}", if self.suggestion.is_some() { "" } else { ";" })
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for QueryError {}
