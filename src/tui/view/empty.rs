//! What to do while nothing has arrived.

use super::{Cx, Outcome};
use crate::child::Ended;
use crate::tui::keymap::{Action, OUTPUT};
use crate::tui::output::{Output, State};
use crate::tui::status::Feed;
use crate::tui::text;
use crate::tui::theme::{Look, Role};
use crate::tui::widget::pen::{Part, Pen, part};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::net::SocketAddr;

/// Draws it in the middle of an area.
pub fn draw(area: Rect, pen: &mut Pen<'_>, cx: &Cx<'_>) {
    let lines = lines(cx);
    let top = area.y + area.height.saturating_sub(lines.len() as u16) / 3;
    let widest = lines.iter().map(|l| l.iter().map(|(w, _)| w.chars().count()).sum::<usize>()).max();
    let left = area.x + (area.width.saturating_sub(widest.unwrap_or(0) as u16) / 2).clamp(1, 12);
    for (y, line) in (top..area.bottom()).zip(lines) {
        pen.line(left, y, area.right().saturating_sub(left), &line);
    }
}

/// Why a key that shows something shows nothing, where no `what` has arrived; none if the key needs none of them.
pub fn refused(action: Action, what: &str) -> Option<Outcome> {
    let verb = match action {
        Action::Open
        | Action::NextPane
        | Action::PreviousPane
        | Action::NextError
        | Action::PreviousError
        | Action::ShowError
        | Action::Raw => "show",
        Action::Unmerge => "un-merge",
        Action::Compare => "compare",
        Action::Explain => "explain",
        _ => return None,
    };
    Some(Outcome::Notice(format!("no {what} has arrived: there is nothing to {verb}")))
}

/// The lines: also a part of the receiver's tab.
pub fn lines<'a>(cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    if let Some(output) = cx.output {
        return running(output, cx);
    }
    let mut lines = match &cx.status.feed {
        Feed::Live { grpc, http } => listening(*grpc, *http, cx.look),
        Feed::Replay { name, done: false } if cx.status.playback.as_ref().is_some_and(|it| it.paused) => {
            let key = |action| part(cx.keys.name_of(action, cx.look.symbols), cx.look.style(Role::Key));
            let plain = |words: &'static str| part(words, Style::new());
            let words = vec![
                key(Action::Step),
                plain(" brings the next batch, "),
                key(Action::Hold),
                plain(" goes on."),
            ];
            vec![vec![part(format!("{name} is paused."), Style::new())], words]
        }
        Feed::Replay { name, done: false } => vec![vec![part(format!("reading {name} …"), Style::new())]],
        Feed::Replay { name, done: true } if cx.session.store.counters().deleted_spans > 0 => {
            let words = format!("every span of {name} was deleted: open it again to read it anew");
            vec![vec![part(words, Style::new())]]
        }
        Feed::Replay { name, done: true } => {
            vec![vec![part(format!("{name} holds no span"), cx.look.style(Role::Warning))]]
        }
    };
    let logs = cx.session.store.log_count();
    if logs > 0 && cx.session.store.trace_count() == 0 {
        let words = format!("{} in the tab of logs.", text::plural(logs as u64, "log record"));
        lines.extend([Vec::new(), vec![part(words, cx.look.style(Role::Info))]]);
    }
    lines
}

/// While a command has sent no span.
fn running<'a>(output: &'a Output, cx: &Cx<'a>) -> Vec<Vec<Part<'a>>> {
    let look = cx.look;
    let (plain, dim, key) = (Style::new(), look.style(Role::Dim), look.style(Role::Key));
    let keyed = |action| cx.keys.name_of(action, look.symbols);
    let (tab, pane) = (keyed(Action::Tab(OUTPUT)), keyed(Action::OutputPane));
    let name = text::fit(output.name(), 30, look.symbols.ellipsis);
    let (lead, role) = match output.state() {
        State::Ended(how) => {
            let (words, _) = super::output::state(output, cx.status.now_ns);
            let role = if how == Ended::Status(0) { Role::Warning } else { Role::Error };
            (format!("`{name}` {words}, and {}. It was told:", came(cx)), role)
        }
        _ => (format!("Waiting for spans of `{name}`. It was told:"), Role::TitleFocused),
    };
    let mut lines = vec![
        vec![part(lead, look.style(role))],
        Vec::new(),
        vec![part(format!("  {}", output.endpoint()), key), part("  any OTLP protocol", dim)],
        Vec::new(),
    ];
    for remark in output.remarks() {
        lines.extend(
            text::wrap(remark, 72, 4).into_iter().map(|line| vec![part(line, look.style(Role::Warning))]),
        );
        lines.push(Vec::new());
    }
    if let State::Ended(how) = output.state() {
        lines.push(vec![part("What to check, the likeliest first:", plain)]);
        let checks = to_check(how, output, cx, &tab);
        lines.extend((1..).zip(checks).map(|(n, it)| vec![part(format!("  {n}  {it}"), dim)]));
        let again = keyed(Action::Restart);
        lines.push(vec![part(format!("{again} starts it again; {tab} shows what it printed."), plain)]);
        return lines;
    }
    lines.extend(
        text::wrap(&sentence(&output.instrumented().asks()), 76, 2)
            .into_iter()
            .map(|line| vec![part(line, plain)]),
    );
    lines.push(vec![part("SDKs send in batches: the first spans may take 5 s.", dim)]);
    let shows = format!("{tab} shows what it prints, {pane} a few lines of it below any tab.");
    lines.push(vec![part(shows, dim)]);
    lines
}

/// With a capital at its start.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What came instead of spans.
fn came(cx: &Cx<'_>) -> String {
    let counted = cx.session.store.counters();
    let things = [
        (cx.session.store.log_count() as u64, "log record"),
        (counted.unshown.metrics, "metric"),
        (cx.status.bad_requests, "unreadable request"),
    ];
    match things.into_iter().find(|(count, _)| *count > 0) {
        Some((count, what)) => format!("no span has come, but {}", text::plural(count, what)),
        None => "nothing has come".to_owned(),
    }
}

/// Why a command that has ended may have sent no span.
fn to_check(how: Ended, output: &Output, cx: &Cx<'_>, tab: &str) -> Vec<String> {
    let bad = cx.status.bad_requests > 0;
    let others = cx.session.store.log_count() > 0 || cx.session.store.counters().unshown.metrics > 0;
    let first = match how {
        _ if bad => Some("the tab of the receiver says what could not be read".to_owned()),
        _ if others => Some("is tracing set up? What came shows that the endpoint is right".to_owned()),
        Ended::Status(0) => None,
        Ended::Status(127) => Some(format!("is the command there? {tab} says")),
        Ended::Status(_) => Some(format!("did it fail before it began to work? {tab} says")),
        Ended::Signal(9) => Some("it was killed: what its SDK had not sent yet is lost".to_owned()),
        Ended::Signal(_) => {
            Some("does it end at once at that signal? Then its last spans are lost".to_owned())
        }
    };
    let instrumented = output.instrumented().asks();
    let peace = "did it end in peace? SDKs send in batches, the last one at shutdown";
    let all = [
        (!others).then_some(instrumented.as_str()),
        (how.code() < 128).then_some(peace),
        Some("OTEL_TRACES_EXPORTER, OTEL_SDK_DISABLED or code may choose otherwise"),
        Some("without a request there may be no span, and a sampler may drop it"),
    ];
    first.into_iter().chain(all.into_iter().flatten().map(str::to_owned)).collect()
}

fn listening<'a>(grpc: Option<SocketAddr>, http: Option<SocketAddr>, look: Look) -> Vec<Vec<Part<'a>>> {
    let (plain, dim, key) = (Style::new(), look.style(Role::Dim), look.style(Role::Key));
    let Some(usual) = http.or(grpc) else { return vec![vec![part("waiting for spans", plain)]] };
    let line = |words: &str, style: Style| vec![part(words.to_owned(), style)];
    let protocol = |name: &str, address: SocketAddr, note: &str| {
        vec![
            part(format!("  export OTEL_EXPORTER_OTLP_PROTOCOL={name:<15}"), key),
            part(format!("# {note}{}", address.port()), dim),
        ]
    };
    let ports = match (grpc, http) {
        (Some(grpc), Some(http)) => format!(
            "Both ports, {} and {}, take all three: a wrong port works too.",
            grpc.port(),
            http.port()
        ),
        _ => "The port takes all three.".to_owned(),
    };
    vec![
        line("Waiting for spans. In the shell in which your app starts:", look.style(Role::TitleFocused)),
        Vec::new(),
        line(&format!("  export OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", reachable(usual)), key),
        Vec::new(),
        line("An SDK that must be told a protocol may use any of these:", plain),
        Vec::new(),
        protocol("grpc", grpc.unwrap_or(usual), "usual port "),
        protocol("http/protobuf", usual, "usual port "),
        protocol("http/json", usual, "not in Python; "),
        Vec::new(),
        line(&ports, plain),
        line("SDKs send in batches: the first spans may take 5 s. If none come, try:", dim),
        line("  1  start the app again: it was started before the variable was set", dim),
        line("  2  make a request: without one there may be no span", dim),
        line("  3  OTEL_TRACES_EXPORTER, OTEL_SDK_DISABLED or code may choose otherwise", dim),
        line("  4  a container has a localhost of its own: listen with --host 0.0.0.0", dim),
        line("     and send to host.docker.internal", dim),
        line("  5  a sampler may drop everything: OTEL_TRACES_SAMPLER=always_on", dim),
    ]
}

/// The address as an app on this machine would write it.
pub(super) fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}
