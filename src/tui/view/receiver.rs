//! The tab of the receiver: who sends, what was refused and why, and what to export.

use super::{Cx, Mouse, Outcome, Screen, empty};
use crate::model::{Origin, Rejection, time};
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

/// Columns of the content type and encoding, whole for what SDKs send: `application/x-protobuf, gzip`.
const FORM: usize = 28;

/// Who sends, how it is written, and how much.
fn senders<'a>(width: u16, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let (dim, bold) = (look.style(Role::Dim), look.style(Role::TitleFocused));
    let ellipsis = look.symbols.ellipsis;
    // The sender has what the other columns leave, and the last two are there where they have room.
    let roomy = width >= 126;
    let timed = width >= 96;
    // Nearly always nobody sends what is no OTLP: no column for it then.
    let any_bad = cx.traffic.senders().any(|(.., sent)| sent.bad_requests > 0);
    let longest = cx.traffic.senders().map(|(who, ..)| text::width(who)).max().unwrap_or(0);
    let others =
        FORM + 30 + if any_bad { 8 } else { 0 } + if roomy { 33 } else { 0 } + if timed { 15 } else { 0 };
    let who_columns = usize::from(width).saturating_sub(others).clamp(12, longest.clamp(50, 80));
    let line = |who: &str, form: &str, counts: [&str; 3], bad: &str, more: [&str; 3], last: &str| {
        let [batches, spans, rejected] = counts;
        let who = text::fit_end(who, who_columns, ellipsis).into_owned();
        let form = text::fit(form, FORM, ellipsis).into_owned();
        let mut line = format!("{who:<who_columns$} {form:<FORM$} {batches:>8} {spans:>9} {rejected:>8}");
        if any_bad {
            line.push_str(&format!(" {bad:>7}"));
        }
        if roomy {
            more.iter().for_each(|words| line.push_str(&format!(" {words:>10}")));
        }
        if timed {
            line.push_str(&format!("  {last}"));
        }
        line
    };
    let counts = ["requests", "spans", "rejected"];
    let head =
        line("sender", "content type, encoding", counts, "refused", ["average", "largest", "delay"], "last");
    let mut lines = vec![vec![part(head, bold)]];
    let mut delayed = false;
    for (who, origin, form, sent) in cx.traffic.senders() {
        let form = match origin {
            Origin::Dump(format) => format.to_owned(),
            _ if form.content_type.is_empty() => "no content type".to_owned(),
            _ => form.to_string(),
        };
        let counts = [sent.batches, sent.spans, sent.rejected].map(text::count);
        delayed |= sent.delay_ns.is_some();
        let more = [
            text::bytes(sent.bytes / (sent.batches - sent.bad_requests).max(1)),
            text::bytes(sent.largest),
            sent.delay_ns.map(time::duration).unwrap_or_default(),
        ];
        // A dump of which nothing could be read tells no time.
        let last = if sent.last_ns == 0 { String::new() } else { time::time_of_day(sent.last_ns) };
        let line = line(
            who,
            &form,
            counts.each_ref().map(String::as_str),
            &text::count(sent.bad_requests),
            more.each_ref().map(String::as_str),
            &last,
        );
        lines.push(vec![part(line, Style::new())]);
    }
    if roomy && delayed {
        let words = "sizes of requests, unpacked · delay: from the end of the last request's latest span to its arrival";
        lines.push(vec![part(words, dim)]);
    }
    if lines.len() == 1 {
        lines.push(vec![part("nobody yet", dim)]);
    }
    lines
}

fn lines<'a>(width: u16, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let (plain, dim, bold) = (Style::new(), look.style(Role::Dim), look.style(Role::TitleFocused));
    let counters = cx.session.store.counters();
    let mut lines: Vec<Vec<Part<'a>>> = vec![Vec::new()];

    lines.extend(history(width, cx));
    lines.extend(senders(width, cx));
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
            "export requests refused for lack of room, to be sent again",
            Role::Error,
        );
        say(cx.status.refused_spans, "spans in these", Role::Error);
        say(cx.status.refused_log_records, "log records in these", Role::Error);
        say(
            cx.status.bad_requests,
            "requests refused: no OTLP, too large, or of an unknown type",
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
    // The same again and again, as of a scraper or a client that retries, is said once.
    let mut rejections: Vec<(&Rejection, u64)> = Vec::new();
    for rejection in cx.session.store.rejections().rev() {
        match rejections.iter_mut().find(|(known, _)| *known == rejection) {
            Some((_, times)) => *times += 1,
            None => rejections.push((rejection, 1)),
        }
    }
    if !rejections.is_empty() {
        lines.push(Vec::new());
        lines.push(vec![part("rejected, the latest first", bold)]);
        for (rejection, times) in rejections {
            let times = if times > 1 { format!("  {}{times}", look.symbols.times) } else { String::new() };
            let words = format!("{}: {}{times}", rejection.position, rejection.reason);
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
