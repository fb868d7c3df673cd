//! Which traces to list: a query, asked of some spans at a time, while others arrive.

use super::Cx;
use super::prompt::Completion;
use crate::query::{self, Progress, Query, QueryError, Scan, Seen, Verdict};
use crate::store::TraceIx;

/// A filter of traces.
#[derive(Debug)]
pub struct Filter {
    text: String,
    scan: Scan,
}

impl Filter {
    /// The filter that a text means; nothing for a blank one.
    pub fn parse(text: &str, seen: &Seen) -> Result<Option<Self>, QueryError> {
        let query = Query::parse_for(text, seen)?;
        let text = text.trim().to_owned();
        Ok((!query.is_empty()).then(|| Self { text, scan: Scan::new(query) }))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Looks at about so many spans. Tells whether there are more to look at.
    pub fn step(&mut self, cx: &Cx<'_>, budget: usize) -> bool {
        self.scan.step(&cx.session.store, &cx.session.diagnosis, budget) == Progress::Unfinished
    }

    /// Whether a trace is to be listed; nothing as long as that is not known.
    pub fn verdict(&self, at: TraceIx, cx: &Cx<'_>) -> Option<bool> {
        match self.scan.verdict(&cx.session.store, at) {
            Verdict::Yes(_) => Some(true),
            Verdict::No => Some(false),
            Verdict::Unknown => None,
        }
    }

    /// How many traces it knows the verdict of, and how many of them match.
    pub fn known(&self) -> (usize, usize) {
        (self.scan.looked_at(), self.scan.matches())
    }
}

/// What may be written next where the cursor is, a character counted from 0.
pub fn completions(text: &str, cursor: usize, seen: &Seen) -> Vec<Completion> {
    let byte = text.char_indices().nth(cursor).map_or(text.len(), |(byte, _)| byte);
    let line = |offered: query::Completion| {
        let mut line = text.to_owned();
        line.replace_range(offered.replaces, &offered.text);
        Completion { line, label: offered.text, note: offered.what.to_owned() }
    };
    query::complete(text, byte, seen).into_iter().map(line).filter(|known| known.line != text).collect()
}
