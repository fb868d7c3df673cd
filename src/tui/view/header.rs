//! The top of the screen: tabs, where spans come from, how many are held, what was found, what was lost.

use super::footer::Buttons;
use super::{Cx, output};
use crate::diagnosis::Severity;
use crate::model::share;
use crate::tui::keymap::{self, Action};
use crate::tui::output::{Output, State};
use crate::tui::status::{Feed, Read};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::net::SocketAddr;
use std::ops::Range;

/// From this width on, everything is on one line.
const ONE_LINE: u16 = 150;

/// How many columns the name of a command takes.
const NAME: usize = 40;
const SHORT_NAME: usize = 16;

/// Between two segments, columns.
const RULE: usize = 3;

/// How many lines it takes.
pub fn height(width: u16) -> u16 {
    if width < ONE_LINE { 2 } else { 1 }
}

/// A part of the status line that is shown as a whole, shorter, or not at all.
struct Segment<'a> {
    long: Vec<Part<'a>>,
    short: Vec<Part<'a>>,
    /// The last to be left out is that with the highest number.
    weight: u8,
    /// The tab that says more, to which a click on it leads.
    tab: Option<usize>,
}

/// A line of segments, and where in it those are that lead to tabs.
type Line<'a> = (Vec<Part<'a>>, Vec<(usize, Range<u16>)>);

/// Draws it. `tab` is the place of the tab that is shown among the keys and titles of all. Answers with what leads to
/// other tabs when it is clicked.
pub fn draw(area: Rect, titles: &[(usize, &str)], tab: usize, pen: &mut Pen<'_>, cx: &Cx<'_>) -> Buttons {
    let mut buttons = Buttons::default();
    let tabs = tabs(titles, tab, cx);
    let used = pen.line(area.x, area.y, area.width, &tabs);
    let room = area.width.saturating_sub(used + 2);
    let mut place = Rect { x: area.right() - 1 - room, width: room, height: 1, ..area };
    let (mut first, mut second) = (vec![feed(cx), held(cx), memory(cx)], Vec::new());
    let verdicts = [findings(cx), losses(cx)];
    if area.height > 1 {
        std::mem::swap(&mut first, &mut second);
        // Where something was lost, its number may need the room of the second line.
        let both: usize = verdicts.iter().map(|verdict| columns(&verdict.long)).sum();
        let [findings, losses] = verdicts;
        let fits = both + RULE <= usize::from(room);
        first.push(findings);
        if fits {
            first.push(losses);
        } else {
            second.push(losses);
        }
        let line = compose(second, area.width.saturating_sub(1), cx);
        let own = Rect { x: area.x + 1, y: area.y + 1, width: columns(&line.0) as u16, height: 1 };
        put(own.intersection(area), &line, &mut buttons, pen);
    } else {
        first.extend(verdicts);
    }
    let line = compose(first, room, cx);
    let width = (columns(&line.0) as u16).min(room);
    (place.x, place.width) = (place.right() - width, width);
    put(place, &line, &mut buttons, pen);
    buttons
}

fn put(Rect { x, y, width, .. }: Rect, (line, leads): &Line<'_>, buttons: &mut Buttons, pen: &mut Pen<'_>) {
    pen.line(x, y, width, line);
    for (tab, place) in leads {
        let (from, to) = (place.start.min(width), place.end.min(width));
        buttons.add(Action::Tab(*tab), Rect { x: x + from, y, width: to - from, height: 1 });
    }
}

fn columns(parts: &[Part<'_>]) -> usize {
    parts.iter().map(|(what, _)| text::width(&text::clean(what))).sum()
}

fn tabs<'a>(titles: &[(usize, &str)], shown: usize, cx: &Cx<'a>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (at, (key, title)) in titles.iter().enumerate() {
        let style = if at == shown {
            Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
        } else {
            cx.look.style(Role::Dim)
        };
        parts.push(part(format!(" {key} {title} "), style));
    }
    parts
}

/// As many segments as there is room for: first all, then shorter ones, then without the lightest.
fn compose<'a>(mut segments: Vec<Segment<'a>>, room: u16, cx: &Cx<'a>) -> Line<'a> {
    let rule = format!(" {} ", cx.look.symbols.separator);
    let mut short: Vec<bool> = vec![false; segments.len()];
    loop {
        let (mut line, mut leads): (Vec<Part<'a>>, Vec<_>) = Default::default();
        for (segment, short) in segments.iter().zip(&short) {
            if !line.is_empty() {
                line.push(part(rule.clone(), cx.look.style(Role::Rule)));
            }
            let from = columns(&line) as u16;
            line.extend(if *short { &segment.short } else { &segment.long }.iter().cloned());
            leads.extend(segment.tab.map(|tab| (tab, from..columns(&line) as u16)));
        }
        if columns(&line) <= usize::from(room) || segments.is_empty() {
            return (line, leads);
        }
        let lightest = |only: &dyn Fn(usize) -> bool| {
            (0..segments.len()).filter(|at| only(*at)).min_by_key(|at| segments[*at].weight)
        };
        match lightest(&|at| !short[at]) {
            Some(at) => short[at] = true,
            None => match lightest(&|_| true) {
                Some(at) => {
                    segments.remove(at);
                    short.remove(at);
                }
                None => return (line, leads),
            },
        }
    }
}

/// `● live grpc 127.0.0.1:4317 http :4318`
fn feed<'a>(cx: &Cx<'a>) -> Segment<'a> {
    let (look, symbols) = (cx.look, cx.look.symbols);
    if let Some(output) = cx.output {
        return command(output, cx);
    }
    let held = part(format!("{} held", symbols.still), look.style(Role::Warning));
    match &cx.status.feed {
        Feed::Live { grpc, http } => {
            let same_host = grpc.zip(*http).is_some_and(|(a, b)| a.ip() == b.ip());
            let live = part(format!("{} live", symbols.live), look.style(Role::Good));
            let mut long = vec![if cx.held { held } else { live }];
            let mut short = long.clone();
            let mut say = |name: &str, address: SocketAddr, host: bool| {
                let port = format!(" {name} :{}", address.port());
                let whole = format!(" {name} {address}");
                long.push(part(if host { whole } else { port.clone() }, Style::new()));
                short.push(part(port, Style::new()));
            };
            if let Some(address) = grpc {
                say("grpc", *address, true);
            }
            if let Some(address) = http {
                say("http", *address, !same_host);
            }
            Segment { long, short, weight: 5, tab: None }
        }
        Feed::Replay { name, done } => {
            let playback = cx.status.playback.as_ref().filter(|_| !done);
            let paused = playback.is_some_and(|playback| playback.paused);
            let (symbol, word, role) = match (done, paused || cx.held) {
                (true, _) => (symbols.still, "read", Role::Good),
                (false, true) if cx.held => (symbols.still, "held", Role::Warning),
                (false, true) => (symbols.still, "paused", Role::Warning),
                (false, false) if cx.status.following => (symbols.live, "following", Role::Good),
                (false, false) => (symbols.replay, "reading", Role::Good),
            };
            // Where it keeps a pace, how far it has come is told by its times.
            let paced = playback.filter(|playback| paused || playback.speed != "max");
            let read = cx.status.read.filter(|_| !done && paced.is_none()).map_or(String::new(), progress);
            let lead = part(format!("{symbol} {word} {read}"), look.style(role));
            let file = name.rsplit('/').next().unwrap_or(name);
            let mut long = vec![lead.clone(), part(name.as_str(), Style::new())];
            let mut short = vec![lead, part(file, Style::new())];
            if let Some(playback) = paced {
                let at = playback.position_ns as f64 / 1e9;
                let how = part(format!("  {}  +{at:.1} s", playback.speed), look.style(Role::Dim));
                long.push(how.clone());
                short.push(how);
            }
            Segment { long, short, weight: 5, tab: None }
        }
    }
}

/// `● flask run  running 12s`
fn command<'a>(output: &Output, cx: &Cx<'a>) -> Segment<'a> {
    let (look, symbols) = (cx.look, cx.look.symbols);
    let (state, role) = output::state(output, cx.status.now_ns);
    let symbol = if output.state() == State::Running { symbols.live } else { symbols.still };
    let held = cx.held.then(|| part("held  ", look.style(Role::Warning)));
    let named = |columns: usize| {
        let name = text::fit(output.name(), columns, symbols.ellipsis).into_owned();
        let lead = part(format!("{symbol} "), look.style(role));
        let words = [part(format!("{name}  "), Style::new()), part(state.clone(), look.style(role))];
        held.clone().into_iter().chain([lead]).chain(words).collect()
    };
    Segment { long: named(NAME), short: named(SHORT_NAME), weight: 5, tab: None }
}

/// `12 340 spans  210 traces  1.2 k/s`
fn held<'a>(cx: &Cx<'a>) -> Segment<'a> {
    let store = &cx.session.store;
    let spans = text::plural(store.span_count(), "span");
    let held = format!("{spans}  {}", text::plural(store.trace_count() as u64, "trace"));
    let short = vec![part(held.clone(), Style::new())];
    let words = match cx.status.feed {
        Feed::Live { .. } => format!("{held}  {}", rate(cx.traffic.rate)),
        Feed::Replay { .. } => held,
    };
    Segment { long: vec![part(words, Style::new())], short, weight: 3, tab: None }
}

/// `62 % of 1.2 GiB ` or, where nobody knows how much it is, `740 MiB `.
fn progress(read: Read) -> String {
    match read.of {
        Some(of) => format!("{} of {} ", share::percent(read.bytes.min(of), of), size(of)),
        None => format!("{} ", size(read.bytes)),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes.div_ceil(0x400)),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 999.5 => format!("{:.1} k/s", rate / 1e3),
        rate if rate >= 9.95 || rate == 0.0 => format!("{rate:.0}/s"),
        rate => format!("{rate:.1}/s"),
    }
}

/// `14 / 1024 MiB`
fn memory<'a>(cx: &Cx<'a>) -> Segment<'a> {
    let mib = |bytes: usize| (bytes as f64 / f64::from(1 << 20)).ceil() as u64;
    let (used, limit) = (mib(cx.session.memory()), mib(cx.session.max_memory()));
    let mut words = vec![part(format!("{used} / {limit} MiB"), Style::new())];
    if cx.session.is_cramped() {
        words.push(part(" limit too small", cx.look.style(Role::Error)));
    }
    Segment {
        long: words.clone(),
        short: words,
        weight: if cx.session.is_cramped() { 7 } else { 1 },
        tab: None,
    }
}

/// `✖ 1  ▲ 2  · 3`: headlines by severity.
fn findings<'a>(cx: &Cx<'a>) -> Segment<'a> {
    let counts = cx.counts();
    let mut words = Vec::new();
    for (severity, count, gap) in [
        (Severity::Error, counts.errors, ""),
        (Severity::Warning, counts.warnings, " "),
        (Severity::Info, counts.hints, " "),
    ] {
        let (symbol, role) = super::sign(severity, cx.look);
        let style = if count > 0 { cx.look.style(role) } else { cx.look.style(Role::Dim) };
        // Blanks have no style: it may underline.
        let blank = |words: &'static str| part(words, Style::new());
        words.extend([blank(gap), part(symbol, style), blank(" "), part(text::count(count as u64), style)]);
    }
    Segment { long: words.clone(), short: words, weight: 9, tab: Some(keymap::FINDINGS) }
}

/// `refused 0`, and whatever else was not kept, where there was some. Nothing is dropped without a number here.
fn losses<'a>(cx: &Cx<'a>) -> Segment<'a> {
    let counters = cx.session.store.counters();
    let live = matches!(cx.status.feed, Feed::Live { .. });
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut lost: Vec<Part<'a>> = Vec::new();
    let mut say = |name: &str, count: u64, always: bool, role: Role| {
        if count > 0 && role != Role::Dim {
            lost.push(part(format!("{name} {}", text::count(count)), cx.look.style(role)));
        }
        if count > 0 || always {
            let gap = if parts.is_empty() { "" } else { "  " };
            let style = if count > 0 { cx.look.style(role) } else { cx.look.style(Role::Dim) };
            parts.push(part(format!("{gap}{name} {}", text::count(count)), style));
        }
    };
    say("refused", cx.status.refused_requests, live, Role::Error);
    say("bad", cx.status.bad_requests, false, Role::Error);
    say("rejected", counters.rejected, !live, Role::Error);
    say("evicted", counters.evicted_spans, false, Role::Warning);
    say("evicted logs", counters.evicted_logs, false, Role::Warning);
    say("no room for pinned", counters.unroomed, false, Role::Error);
    say("deleted", counters.deleted_spans, false, Role::Dim);
    say("deleted logs", counters.deleted_logs, false, Role::Dim);
    say("repeated", counters.repeated, false, Role::Dim);
    // Where there is no room for all of them: the worst, and a mark where there are others.
    let more = part(format!(" {}", cx.look.symbols.ellipsis), cx.look.style(Role::Warning));
    let short = match lost.as_slice() {
        [] => parts.clone(),
        [one] => vec![one.clone()],
        [worst, ..] => vec![worst.clone(), more],
    };
    Segment { long: parts, short, weight: 8, tab: Some(keymap::RECEIVER) }
}
