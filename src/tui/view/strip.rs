//! The strip of findings above the panes: the headlines, worst first, with what is known about them.

use super::{Counts, Cx, before_after, nodes, output, sign};
use crate::diagnosis::{Finding, KnownIssueMatch, Severity, State};
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How many lines a strip takes on a screen of this height.
fn most(height: u16) -> usize {
    if height < 30 { 3 } else { 4 }
}

/// How many lines it takes on a screen of this size. At least one, so that there is a place for the first finding; none
/// but that of the baseline where the tab lists the findings itself.
pub fn height(screen: Rect, listed: bool, cx: &Cx<'_>) -> u16 {
    lines(screen.width, most(screen.height), listed, cx).len() as u16
}

/// Draws it in as many lines as it has.
pub fn draw(area: Rect, listed: bool, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    for (y, parts) in (area.y..area.bottom()).zip(lines(area.width, area.height.into(), listed, cx)) {
        pen.line(area.x, y, area.width, &parts);
    }
}

fn lines<'a>(width: u16, most: usize, listed: bool, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let mut lines: Vec<Vec<Part<'a>>> = before_after::line(cx).into_iter().collect();
    if !listed && most > lines.len() {
        lines.extend(faults(width, most - lines.len(), cx));
    }
    lines
}

/// What is to be mended. Hints are only counted: nobody has to do anything about them.
fn faults<'a>(width: u16, most: usize, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let counts = cx.counts();
    let mut faults = cx.to_mend().into_iter().take_while(|(_, finding)| finding.severity > Severity::Info);
    let Some(first) = faults.next() else { return vec![calm(counts, cx)] };
    if most == 1 {
        let more = match counts.faults() - 1 {
            0 => String::new(),
            more => format!("  {} {} more", cx.look.symbols.ellipsis, text::count(more as u64)),
        };
        let room = usize::from(width).saturating_sub(text::width(&more) + usize::from(!more.is_empty()));
        let mut line = cut(one_line(first.1, room as u16, cx), room, cx);
        line.push(part(more, cx.look.style(Role::Dim)));
        return vec![line];
    }
    let rest: Vec<_> = faults.by_ref().take(most).collect();
    if rest.is_empty() {
        let mut lines = alone(first, width, most, cx);
        let quiet: Vec<String> = counts.quiet().collect();
        if lines.len() < most && !quiet.is_empty() {
            let words = format!(" {} {}: press 2", cx.look.symbols.info, quiet.join(", "));
            lines.push(vec![part(words, cx.look.style(Role::Dim))]);
        }
        return lines;
    }
    let all = counts.faults();
    let shown = if all > most { most - 1 } else { all };
    let mut lines: Vec<_> =
        std::iter::once(first).chain(rest).take(shown).map(|(_, f)| one_line(f, width, cx)).collect();
    let more = (all > shown).then(|| format!("{} more", text::count((all - shown) as u64)));
    let left: Vec<String> = more.into_iter().chain(counts.quiet()).collect();
    if lines.len() < most && !left.is_empty() {
        let words = format!(" {} {}: press 2", cx.look.symbols.ellipsis, left.join(", "));
        lines.push(vec![part(words, cx.look.style(Role::Dim))]);
    }
    lines
}

/// As much of a line as there is room for.
fn cut<'a>(line: Vec<Part<'a>>, room: usize, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let mut left = room;
    let fit = |(words, style): Part<'a>| {
        let words = text::fit(&words, left, cx.look.symbols.ellipsis).into_owned();
        left -= text::width(&words).min(left);
        (!words.is_empty()).then(|| part(words, style))
    };
    line.into_iter().map_while(fit).collect()
}

/// Nothing is to be mended.
fn calm<'a>(counts: Counts, cx: &Cx<'a>) -> Vec<Part<'a>> {
    if let Some(output) = cx.output.filter(|output| output.has_failed()) {
        let (state, role) = output::state(output, cx.status.now_ns);
        let words = format!(" {} the command {state}: what it printed last says why", cx.look.symbols.error);
        return vec![part(words, cx.look.style(role))];
    }
    if cx.session.store.trace_count() == 0 {
        return vec![part(String::new(), Style::new())];
    }
    let so_far = if matches!(cx.status.feed, Feed::Replay { done: true, .. }) { "" } else { " so far" };
    let quiet: Vec<String> = counts.quiet().collect();
    let words = if quiet.is_empty() {
        format!("nothing found wrong with the instrumentation{so_far}")
    } else {
        format!("no faults of the instrumentation{so_far}; {}: press 2", quiet.join(", "))
    };
    vec![part(format!(" {} {words}", cx.look.symbols.good), cx.look.style(Role::Dim))]
}

/// The message and the known issue. Where there is no room for both: what is wrong, what mends it, and then as much of
/// the rest as there is room for.
fn one_line<'a>(finding: &'a Finding, width: u16, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let mut parts = lead(finding, cx);
    let message = nodes::message(finding);
    let Some(known) = &finding.known_issue else {
        parts.push(part(message, Style::new()));
        return parts;
    };
    let (dot, dim) = (cx.look.symbols.dot, cx.look.style(Role::Dim));
    let label = known.label();
    let used: usize = parts.iter().map(|(words, _)| text::width(words)).sum();
    let columns = used + text::width(&message) + 3 + text::width(&label);
    match message.split_once(", ") {
        Some((what, rest)) if columns > usize::from(width) && !known.fixed_in.is_empty() => {
            parts.push(part(what.to_owned(), Style::new()));
            parts.push(part(format!(" {dot} fixed in {}", known.fixed_in), dim));
            parts.push(part(format!(" {dot} {rest}"), Style::new()));
        }
        _ => {
            parts.push(part(message, Style::new()));
            parts.push(part(format!(" {dot} {label}"), dim));
        }
    }
    parts
}

fn lead<'a>(finding: &'a Finding, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let (symbol, role) = sign(finding.severity, cx.look);
    let blank = || part(" ", Style::new());
    let mut parts = vec![blank(), part(symbol, cx.look.style(role)), blank()];
    if finding.state == State::Provisional {
        parts.push(part("(provisional) ", cx.look.style(Role::Dim)));
    }
    parts
}

/// A single headline has all lines to itself: the message, wrapped; the known issue and the fix; what it explains.
fn alone<'a>(
    (index, finding): (usize, &'a Finding),
    width: u16,
    most: usize,
    cx: &Cx<'a>,
) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let fix = finding.remedy.first().map(|fix| format!("fix: {fix}"));
    let issue = finding.known_issue.as_ref().map(KnownIssueMatch::label);
    let both = [issue.clone(), fix.clone()].into_iter().flatten().collect::<Vec<_>>();
    let both = both.join(&format!(" {} ", look.symbols.dot));
    // A fix that is cut helps nobody; it names the version too.
    let fits = text::width(&both) + 3 <= usize::from(width);
    let known = if fits { both } else { fix.or(issue).unwrap_or_default() };
    let folded: Vec<String> = (cx.session.diagnosis.findings().iter())
        .filter(|f| f.folded_under == Some(index))
        .map(|f| format!("{} {}{}", f.rule.id, look.symbols.times, text::count(f.span_count)))
        .collect();
    let mut below = Vec::new();
    if !known.is_empty() {
        below.push(vec![part("   ", Style::new()), part(known, Style::new())]);
    }
    if !folded.is_empty() {
        let words = format!("   {} folded under it: {}", look.symbols.under, folded.join(", "));
        below.push(vec![part(words, look.style(Role::Dim))]);
    }
    // The message may take two lines; what lies below it gives way.
    let room = 2.min(most);
    let indent = if finding.state == State::Provisional { 17 } else { 3 };
    let columns = usize::from(width).saturating_sub(indent + 1);
    // One line more than there is room for tells whether the last must carry the mark of a cut.
    let mut message = text::wrap(&nodes::message(finding), columns, room + 1);
    if message.len() > room {
        let cut = message.split_off(room - 1).join(" ");
        message.push(cut);
    }
    let mut lines = Vec::new();
    for (at, words) in message.into_iter().enumerate() {
        let mut parts = if at == 0 { lead(finding, cx) } else { vec![part("   ", Style::new())] };
        parts.push(part(words, look.style(Role::TitleFocused)));
        lines.push(parts);
    }
    lines.extend(below);
    lines.truncate(most);
    lines
}
