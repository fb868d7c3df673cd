//! Before and after: the line that says what is new, still there and gone since the baseline, and the words beside
//! each finding.

use super::Cx;
use crate::diagnosis::{Sent, Standing, Taken};
use crate::model::time;
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::pen::{Part, part};
use ratatui::style::Style;

/// What is said of a standing, in a word or two; the second part is what that is known by.
pub fn words(standing: Standing) -> (&'static str, String, Role) {
    match standing {
        Standing::New => ("new", String::new(), Role::Notice),
        Standing::StillThere => ("still there", String::new(), Role::Text),
        Standing::NotSeen(sent) => ("not seen since", by(sent, ""), Role::Dim),
        Standing::Gone(sent) => ("gone", by(sent, " without it"), Role::Good),
    }
}

/// ` (24 requests without it)`, for a service that handles none ` (24 spans without it)`.
fn by(sent: Sent, how: &str) -> String {
    match sent {
        Sent { entries: 0, spans: 0 } => String::new(),
        Sent { entries: 0, spans } => format!(" ({}{how})", text::plural(spans, "span")),
        Sent { entries, .. } => format!(" ({}{how})", text::plural(entries, "request")),
    }
}

/// `baseline taken 14:03:12 UTC: 2 new · 1 still there · 3 gone`; nothing without a baseline.
pub fn line<'a>(cx: &Cx<'a>) -> Option<Vec<Part<'a>>> {
    let since = cx.since?;
    let taken = match since.taken() {
        Taken::At(ns) => {
            format!("taken {} UTC", time::time_of_day(*ns).split('.').next().unwrap_or_default())
        }
        Taken::Report(name) => name.clone(),
    };
    let listed = cx.session.diagnosis.findings().iter().filter(|finding| finding.folded_under.is_none());
    let standings = listed.filter_map(|finding| since.standing(finding.key));
    let standings = standings.chain(since.missing().map(|missing| missing.standing));
    let mut counts = [0_u64; 4];
    for standing in standings {
        counts[place(standing)] += 1;
    }
    let [new, still, unseen, gone] = counts;
    let look = cx.look;
    let mut parts = vec![
        part(" baseline ", look.style(Role::TitleFocused)),
        part(taken, Style::new()),
        part(": ", Style::new()),
    ];
    parts.push(count(new, "new", Role::Notice, look));
    let more = [
        (still, "still there", Role::TitleFocused),
        (unseen, "not seen since", Role::Text),
        (gone, "gone", Role::Good),
    ];
    for (number, word, role) in more {
        // What is not seen and not gone either is in between: said only while there is some.
        if number > 0 || word != "not seen since" {
            parts.push(part(format!(" {} ", look.symbols.dot), look.style(Role::Dim)));
            parts.push(count(number, word, role, look));
        }
    }
    Some(parts)
}

fn place(standing: Standing) -> usize {
    match standing {
        Standing::New => 0,
        Standing::StillThere => 1,
        Standing::NotSeen(_) => 2,
        Standing::Gone(_) => 3,
    }
}

fn count<'a>(number: u64, word: &str, role: Role, look: Look) -> Part<'a> {
    let role = if number > 0 { role } else { Role::Dim };
    part(format!("{} {word}", text::count(number)), look.style(role))
}
