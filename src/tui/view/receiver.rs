//! The tab of the receiver: who sends, what was refused and why, and what to export.

use super::{Cx, Mouse, Outcome, Screen, empty};
use crate::model::time;
use crate::tui::keymap::{Action, Context};
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The tab of the receiver: a page of text and where it is scrolled to.
#[derive(Debug, Default)]
pub struct Receiver {
    top: usize,
    height: usize,
    lines: usize,
}

impl Receiver {
    fn scroll(&mut self, lines: usize, up: bool) {
        let last = self.lines.saturating_sub(self.height);
        self.top = if up { self.top.saturating_sub(lines) } else { (self.top + lines).min(last) };
    }
}

impl Screen for Receiver {
    fn context(&self) -> Context {
        Context::Receiver
    }

    fn apply(&mut self, action: Action, _cx: &Cx<'_>) -> Outcome {
        let page = self.height.saturating_sub(1).max(1);
        match action {
            Action::Down => self.scroll(1, false),
            Action::Up => self.scroll(1, true),
            Action::PageDown => self.scroll(page, false),
            Action::PageUp => self.scroll(page, true),
            Action::First => self.top = 0,
            Action::Last => self.scroll(self.lines, false),
            Action::Back => return Outcome::Leave,
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn mouse(&mut self, mouse: Mouse, _cx: &Cx<'_>) -> Outcome {
        match mouse {
            Mouse::WheelUp(_) => self.scroll(3, true),
            Mouse::WheelDown(_) => self.scroll(3, false),
            _ => return Outcome::Ignored,
        }
        Outcome::Done
    }

    fn reconcile(&mut self, _touched: bool, _cx: &Cx<'_>) -> Option<String> {
        None
    }

    fn draw(&mut self, area: Rect, into: &mut Buffer, cx: &Cx<'_>) {
        let mut pen = Pen::new(into, cx.look);
        let title = match &cx.status.feed {
            Feed::Live { .. } => {
                format!("Receiver  {} open", text::plural(cx.status.open_connections, "connection"))
            }
            Feed::Replay { name, .. } => format!("Read from {name}"),
        };
        let lines = lines(area.width.saturating_sub(2), cx);
        (self.lines, self.height) = (lines.len(), area.height.saturating_sub(1) as usize);
        self.top = self.top.min(self.lines.saturating_sub(self.height));
        let below = self.lines.saturating_sub(self.top + self.height);
        let note = if below > 0 { format!("{} {below} more", cx.look.symbols.down) } else { String::new() };
        pen.title(area, true, &[part(title, Style::new())], &note);
        for (y, line) in (area.y + 1..area.bottom()).zip(lines.into_iter().skip(self.top)) {
            pen.line(area.x + 1, y, area.width.saturating_sub(2), &line);
        }
    }
}

/// `spans a second  ▁▂▅█▂  60 s, most 1 240`
fn history<'a>(width: u16, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let seconds = usize::from(width.saturating_sub(46)).min(cx.traffic.history().len());
    let shown = || cx.traffic.history().rev().take(seconds);
    let most = shown().max().unwrap_or(0);
    if most == 0 || !matches!(cx.status.feed, Feed::Live { .. }) {
        return Vec::new();
    }
    let level = |spans: u64| match spans {
        0 => " ",
        spans => look.symbols.levels[((spans * 8).div_ceil(most) as usize).clamp(1, 8) - 1],
    };
    let columns: String = shown().map(level).collect::<Vec<_>>().into_iter().rev().collect();
    let dim = look.style(Role::Dim);
    let words = format!("  the last {seconds} s, at most {}", text::count(most));
    vec![
        vec![
            part("spans a second  ", look.style(Role::TitleFocused)),
            part(columns, look.style(Role::Info)),
            part(words, dim),
        ],
        Vec::new(),
    ]
}

fn lines<'a>(width: u16, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let (plain, dim, bold) = (Style::new(), look.style(Role::Dim), look.style(Role::TitleFocused));
    let counters = cx.session.store.counters();
    let mut lines: Vec<Vec<Part<'a>>> = vec![Vec::new()];

    lines.extend(history(width, cx));
    // The sender has what the other columns leave: 63 of them, and 22 more where there is room.
    let roomy = width >= 110;
    let who_columns = usize::from(width).saturating_sub(if roomy { 85 } else { 63 }).clamp(12, 60);
    let more = |size: &str, delay: &str| {
        if roomy { format!(" {size:>10} {delay:>10}") } else { String::new() }
    };
    let head = format!(
        "{:<who_columns$} {:<16} {:>9} {:>11} {:>9}{}  last",
        "sender",
        "as",
        "batches",
        "spans",
        "rejected",
        more("a batch", "delay")
    );
    lines.push(vec![part(head, bold)]);
    for (who, origin, sent) in cx.traffic.senders() {
        let size = text::bytes(sent.bytes / sent.batches.max(1));
        let delay = sent.delay_ns.map(time::duration).unwrap_or_default();
        let line = format!(
            "{:<who_columns$} {:<16} {:>9} {:>11} {:>9}{}  {}",
            text::fit(who, who_columns, look.symbols.ellipsis),
            origin.to_string(),
            text::count(sent.batches),
            text::count(sent.spans),
            text::count(sent.rejected),
            more(&size, &delay),
            time::time_of_day(sent.last_ns)
        );
        lines.push(vec![part(line, plain)]);
    }
    if roomy && cx.traffic.senders().any(|(_, _, sent)| sent.delay_ns.is_some()) {
        let words =
            "a batch: bytes on average · delay: from the end of the last batch's latest span to its arrival";
        lines.push(vec![part(words, dim)]);
    }
    if cx.traffic.senders().next().is_none() {
        lines.push(vec![part("nobody yet", dim)]);
    }
    lines.push(Vec::new());

    let mut say = |count: u64, what: &'static str, bad: Role| {
        let style = if count == 0 { dim } else { look.style(bad) };
        lines.push(vec![
            part(format!("{:>11}  ", text::count(count)), style),
            part(what, if count == 0 { dim } else { plain }),
        ]);
    };
    say(counters.received, "spans received, repeated deliveries included", Role::Text);
    say(counters.repeated, "of these repeated: a span that was already held, sent again", Role::Text);
    say(counters.rejected, "spans rejected: what was wrong with each is below", Role::Error);
    say(counters.evicted_spans, "spans evicted at the memory limit, oldest requests first", Role::Warning);
    say(counters.evicted_requests, "requests evicted with them", Role::Warning);
    if matches!(cx.status.feed, Feed::Live { .. }) {
        say(
            cx.status.refused_requests,
            "export requests refused for lack of room; the SDK was told to send them again",
            Role::Error,
        );
        say(cx.status.refused_spans, "spans in these", Role::Error);
        say(cx.status.refused_log_records, "log records in these", Role::Error);
        say(
            cx.status.bad_requests,
            "requests that were no OTLP, too large, or of an unknown type",
            Role::Error,
        );
        say(
            cx.status.wrong_port_requests,
            "requests at the port of another protocol, served all the same",
            Role::Text,
        );
    }
    say(counters.logs, "log records received", Role::Text);
    say(counters.evicted_logs, "log records evicted at the memory limit", Role::Warning);
    say(counters.unshown.metrics, "metrics received, counted and not shown", Role::Text);

    if cx.session.is_cramped() {
        let words = "memory: the limit is too small for what is pinned and learned: only the newest traces are kept beside \
                     pinned ones. Unpin some, or start with more: --max-memory";
        lines.push(vec![part(words, look.style(Role::Error))]);
    }

    let columns = usize::from(width);
    let mut rejections = cx.session.store.rejections().rev().peekable();
    if rejections.peek().is_some() {
        lines.push(Vec::new());
        lines.push(vec![part("rejected, the latest first", bold)]);
        for rejection in rejections {
            let words = format!("{}: {}", rejection.position, rejection.reason);
            lines.extend(text::wrap(&words, columns, 4).into_iter().map(|line| vec![part(line, plain)]));
        }
    }
    let mut remarks = cx.session.store.remarks().peekable();
    if remarks.peek().is_some() {
        lines.push(Vec::new());
        lines.push(vec![part("odd, and accepted", bold)]);
        for remark in remarks {
            lines.extend(text::wrap(remark, columns, 4).into_iter().map(|line| vec![part(line, plain)]));
        }
    }
    if matches!(cx.status.feed, Feed::Live { .. }) {
        lines.push(Vec::new());
        lines.extend(empty::lines(cx).into_iter().skip(usize::from(cx.session.store.trace_count() > 0) * 2));
    }
    lines
}
