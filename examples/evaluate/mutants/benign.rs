//! m12: shapes that look like a fault and are none.

use super::base::{Cell, MS, Pool, end_ns, root, span, under};
use super::{Mutant, strip};
use crate::spans::Sent;
use crate::truth::Units;
use fastrand::Rng;
use otoscope::model::{Link, Scope, Span, SpanId, SpanKind, TraceId};

/// A shape and what it is.
pub(super) struct Benign {
    pub(super) name: &'static str,
    make: fn(&Pool, &Cell, &mut Rng) -> Vec<Sent>,
}

/// Every look-alike.
pub(super) const BENIGN: &[Benign] = &[
    Benign { name: "a test run, every call of the app under one root", make: test_run },
    Benign { name: "retries under one CLIENT span", make: retries },
    Benign { name: "a websocket that stays open", make: websocket },
    Benign { name: "a batch consumer with links", make: batch },
    Benign { name: "a gateway without CLIENT spans", make: gateway },
    Benign { name: "work that goes on after the response", make: tail },
    Benign { name: "a fan-out, each call under its own CLIENT span", make: fan_out },
    Benign { name: "one message, many consumers, some of them late", make: consumers },
    Benign { name: "a job that makes many calls", make: job },
];

impl Benign {
    pub(super) fn mutant(&self, pool: &Pool, cell: &Cell, rng: &mut Rng) -> Mutant {
        let mut spans = (self.make)(pool, cell, rng);
        if !cell.flags {
            strip(&mut spans);
        }
        Mutant { spans, units: Units::new(), control: Vec::new() }
    }
}

/// Start and end of each of the cell's parts of 20 ms, milliseconds.
fn turns(cell: &Cell, rng: &mut Rng) -> Vec<(u64, u64)> {
    let mut at = 10;
    (0..cell.requests as u64)
        .map(|_| {
            let turn = (at, at + 20);
            at = cell.gap_ms.map_or(at + rng.u64(2..18), |gap| at + 20 + gap);
            turn
        })
        .collect()
}

/// After the last of them.
fn after(turns: &[(u64, u64)]) -> u64 {
    turns.last().map_or(0, |(_, to)| *to) + 10
}

fn port(cell: &Cell, turn: usize) -> String {
    if cell.ports { (40_000 + turn).to_string() } else { String::new() }
}

/// A SERVER span of a GET.
fn server(service: &str, path: &str, at: (u64, u64), port: &str) -> Sent {
    let mut words = vec![
        ("http.request.method", "GET"),
        ("url.path", path),
        ("http.route", path),
        ("http.response.status_code", "200"),
    ];
    if !port.is_empty() {
        words.push(("network.peer.port", port));
    }
    span(service, &format!("GET {path}"), SpanKind::Server, at, &words)
}

/// A CLIENT span of a GET.
fn client(service: &str, url: &str, at: (u64, u64)) -> Sent {
    span(
        service,
        "GET",
        SpanKind::Client,
        at,
        &[("http.request.method", "GET"), ("url.full", url), ("http.response.status_code", "200")],
    )
}

fn test_run(pool: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut traces = pool.pick(cell, rng);
    let first = traces[0][0].clone();
    let mut run = root(first.clone(), rng);
    run.scope =
        Scope { name: "pytest-opentelemetry".to_owned(), version: "1.1.0".to_owned(), ..Scope::default() };
    run.span = Span {
        trace_id: run.span.trace_id,
        span_id: run.span.span_id,
        name: "test session".to_owned(),
        kind: SpanKind::Internal,
        start_ns: first.span.start_ns - 10 * MS,
        end_ns: traces.iter().map(|trace| end_ns(trace)).max().unwrap_or(0) + MS,
        flags: 0x100,
        ..Span::default()
    };
    for trace in &mut traces {
        // What a test client calls in its own process has no connection; instrumentations of Python's frameworks say
        // INTERNAL below a span, others say SERVER all the same.
        if trace[0].scope.name.starts_with("opentelemetry.instrumentation.") {
            trace[0].span.kind = SpanKind::Internal;
        }
        trace[0].span.parent_id = run.span.span_id;
        trace[0].span.flags = 0x100;
        trace.iter_mut().for_each(|sent| sent.span.trace_id = run.span.trace_id);
    }
    traces.into_iter().flatten().chain([run]).collect()
}

fn retries(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let turns: Vec<_> = turns(cell, rng).into_iter().take(4).collect();
    let entry = root(server("web", "/cart", (0, after(&turns) + 10), ""), rng);
    let call = under(client("web", "http://stock:8081/stock/7", (5, after(&turns))), &entry, rng);
    let mut out: Vec<Sent> = (turns.iter().enumerate())
        .map(|(turn, at)| under(server("stock", "/stock/7", *at, &port(cell, turn)), &call, rng))
        .collect();
    out.extend([call, entry]);
    out
}

fn websocket(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let turns = turns(cell, rng);
    let words = [
        ("http.request.method", "GET"),
        ("url.path", "/chat"),
        ("url.scheme", "ws"),
        ("network.protocol.name", "websocket"),
        ("http.response.status_code", "101"),
    ];
    let socket = root(span("chat", "GET /chat", SpanKind::Server, (0, after(&turns) + 60_000), &words), rng);
    let mut out = Vec::new();
    for at in turns {
        let message =
            under(span("chat", "/chat websocket receive", SpanKind::Internal, at, &[]), &socket, rng);
        let query = [("db.system", "postgresql"), ("db.statement", "INSERT"), ("server.address", "db")];
        let within = (at.0 + 1, at.1 - 1);
        out.push(under(span("chat", "INSERT", SpanKind::Client, within, &query), &message, rng));
        out.push(message);
    }
    out.push(socket);
    out
}

fn messaging(operation: &'static str) -> [(&'static str, &'static str); 3] {
    [
        ("messaging.system", "kafka"),
        ("messaging.destination.name", "orders"),
        ("messaging.operation.type", operation),
    ]
}

fn batch(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let turns: Vec<_> = (0..cell.requests as u64).map(|turn| (10 + turn * 22, 30 + turn * 22)).collect();
    let whole = (0, after(&turns));
    let receive = root(span("mailer", "receive orders", SpanKind::Client, whole, &messaging("receive")), rng);
    let mut out = Vec::new();
    for at in turns {
        let mut process = under(
            span("mailer", "process orders", SpanKind::Consumer, at, &messaging("process")),
            &receive,
            rng,
        );
        let (trace_id, span_id) = (TraceId(rng.u128(1..).to_be_bytes()), SpanId(rng.u64(1..)));
        process.span.links.push(Link { trace_id, span_id, ..Link::default() });
        out.push(process);
    }
    out.push(receive);
    out
}

fn gateway(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut out = Vec::new();
    // A gateway's back ends are asked while it answers, not seconds later.
    let calls = Cell { gap_ms: cell.gap_ms.filter(|gap| *gap <= 100), ..*cell };
    let turns = turns(&calls, rng);
    let entry = root(server("gateway", "/overview", (0, after(&turns)), ""), rng);
    for (turn, at) in turns.iter().enumerate() {
        let back = format!("back-{}", turn % 3);
        out.push(under(server(&back, &format!("/part/{turn}"), *at, &port(cell, turn)), &entry, rng));
    }
    out.push(entry);
    out
}

fn tail(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut out = Vec::new();
    let entry = root(server("web", "/signup", (0, 8), ""), rng);
    for at in turns(cell, rng).into_iter().take(4) {
        let work = under(span("web", "send welcome mail", SpanKind::Internal, at, &[]), &entry, rng);
        let within = (at.0 + 1, at.1 - 1);
        out.push(under(client("web", "http://mail:8025/send", within), &work, rng));
        out.push(work);
    }
    out.push(entry);
    out
}

fn fan_out(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut out = Vec::new();
    let turns = turns(cell, rng);
    let entry = root(server("web", "/search", (0, after(&turns)), ""), rng);
    for (turn, (from, to)) in turns.into_iter().enumerate() {
        let call = under(client("web", &format!("http://shard:8082/find/{turn}"), (from, to)), &entry, rng);
        let found = server("shard", &format!("/find/{turn}"), (from + 1, to - 1), &port(cell, turn));
        out.push(under(found, &call, rng));
        out.push(call);
    }
    out.push(entry);
    out
}

fn consumers(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut out = Vec::new();
    let entry = root(server("web", "/orders", (0, 8), ""), rng);
    let send = under(span("web", "send orders", SpanKind::Producer, (2, 4), &messaging("send")), &entry, rng);
    for (turn, at) in turns(cell, rng).into_iter().enumerate() {
        let service = format!("consumer-{turn}");
        out.push(under(
            span(&service, "process orders", SpanKind::Consumer, at, &messaging("process")),
            &send,
            rng,
        ));
    }
    out.extend([send, entry]);
    out
}

fn job(_: &Pool, cell: &Cell, rng: &mut Rng) -> Vec<Sent> {
    let mut out = Vec::new();
    let turns = turns(cell, rng);
    let job = root(span("nightly", "sync", SpanKind::Internal, (0, after(&turns)), &[]), rng);
    for (turn, (from, to)) in turns.into_iter().enumerate() {
        let call = under(client("nightly", &format!("http://shop:8080/items/{turn}"), (from, to)), &job, rng);
        let asked = server("shop", &format!("/items/{turn}"), (from + 1, to - 1), &port(cell, turn));
        out.push(under(asked, &call, rng));
        out.push(call);
    }
    out.push(job);
    out
}
