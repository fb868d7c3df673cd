//! What mutants are made from: healthy traces of one request each, recorded and generated.

use crate::corpus::Capture;
use crate::spans::{Sent, apart, renew};
use fastrand::Rng;
use otoscope::model::{Resource, Scope, Span, SpanId, SpanKind, TraceId, Value};
use std::collections::{BTreeMap, HashSet};

/// A millisecond in nanoseconds.
pub(crate) const MS: u64 = 1_000_000;

/// How many traces of one process are taken.
const OF_ONE: usize = 24;

/// A request longer than this is no base, nanoseconds: a gap would mean nothing.
const LONGEST: u64 = 5_000 * MS;

/// Attributes that tell connections apart.
const PORTS: [&str; 4] = ["net.peer.port", "client.port", "network.peer.port", "net.sock.peer.port"];

/// The spans of one request, its entry first.
pub(crate) type Trace = Vec<Sent>;

/// Traces by the process that served them.
pub(crate) struct Pool {
    pub(crate) groups: Vec<Vec<Trace>>,
}

impl Pool {
    /// Healthy traces of the captures that are labelled so, and as many groups again that are generated.
    pub(crate) fn of(captures: &[Capture], rng: &mut Rng) -> Self {
        let healthy = captures.iter().filter(|capture| capture.healthy);
        let mut groups: Vec<Vec<Trace>> = healthy.flat_map(requests).collect();
        for number in 0..groups.len() {
            groups.push((0..12).map(|_| generated(number, rng)).collect());
        }
        Self { groups }
    }

    /// Some traces of one process, with new ids, one after the other as the cell wants it.
    pub(crate) fn pick(&self, cell: &Cell, rng: &mut Rng) -> Vec<Trace> {
        let group = &self.groups[rng.usize(..self.groups.len())];
        let mut order: Vec<usize> = (0..group.len()).collect();
        rng.shuffle(&mut order);
        let mut at = group[order[0]][0].span.start_ns;
        let mut picked = Vec::new();
        for turn in 0..cell.requests {
            let mut trace = group[order[turn % order.len()]].clone();
            renew(&mut trace, rng);
            move_to(&mut trace, at);
            set_port(&mut trace, cell.ports.then_some(40_000 + turn as i64));
            let lasts = end_ns(&trace) - at;
            at += match cell.gap_ms {
                None => lasts * rng.u64(10..=90) / 100 + 1,
                Some(gap) => lasts + gap * MS * rng.u64(80..=120) / 100,
            };
            picked.push(trace);
        }
        picked
    }
}

/// How many requests are put together, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cell {
    pub(crate) requests: usize,
    /// From the end of one to the start of the next; nothing where they overlap.
    pub(crate) gap_ms: Option<u64>,
    /// Spans have flags.
    pub(crate) flags: bool,
    /// Entries tell the port of their client.
    pub(crate) ports: bool,
}

/// Traces of a capture that are one request under one SERVER root with everything received, by process.
fn requests(capture: &Capture) -> Vec<Vec<Trace>> {
    let mut traces: BTreeMap<TraceId, Trace> = BTreeMap::new();
    for sent in apart(&capture.exports()) {
        traces.entry(sent.span.trace_id).or_default().push(sent);
    }
    let mut by_process: BTreeMap<String, Vec<Trace>> = BTreeMap::new();
    for mut trace in traces.into_values() {
        trace.sort_by_key(|sent| (!sent.span.parent_id.is_none(), sent.span.start_ns));
        let ids: HashSet<SpanId> = trace.iter().map(|sent| sent.span.span_id).collect();
        let whole = trace[1..].iter().all(|sent| ids.contains(&sent.span.parent_id));
        let root = &trace[0];
        let is_request = root.span.parent_id.is_none()
            && root.span.kind == SpanKind::Server
            && (root.text("http.method").is_some() || root.text("http.request.method").is_some());
        let lasts = end_ns(&trace).saturating_sub(root.span.start_ns);
        if whole && is_request && lasts < LONGEST {
            // Workers of one service differ by an id, a number or a port.
            let of_process = by_process.entry(format!("{:?}", root.resource.attributes)).or_default();
            if of_process.len() < OF_ONE {
                of_process.push(trace);
            }
        }
    }
    // Of a process that was asked only a few times, nothing can be put together.
    by_process.into_values().filter(|traces| traces.len() >= 8).collect()
}

pub(crate) fn end_ns(trace: &[Sent]) -> u64 {
    trace.iter().map(|sent| sent.span.end_ns).max().unwrap_or(0)
}

/// Moves a trace so that it starts then.
pub(crate) fn move_to(trace: &mut [Sent], start_ns: u64) {
    let Some(first) = trace.first().map(|sent| sent.span.start_ns) else { return };
    for sent in trace {
        let moved = |ns: u64| start_ns.wrapping_add(ns.wrapping_sub(first));
        (sent.span.start_ns, sent.span.end_ns) = (moved(sent.span.start_ns), moved(sent.span.end_ns));
        sent.span.events.iter_mut().for_each(|event| event.time_ns = moved(event.time_ns));
    }
}

/// Says which port the client of a request has, or nothing of ports at all.
fn set_port(trace: &mut [Sent], port: Option<i64>) {
    let is_port = |key: &str| PORTS.contains(&key);
    let value = |sent: &Sent| {
        sent.span.attributes.iter().find(|(key, _)| is_port(key)).map(|(_, value)| value.clone())
    };
    let old = value(&trace[0]);
    for (number, sent) in trace.iter_mut().enumerate() {
        // Layers of one request share its connection; what it called has others.
        let is_same = number == 0 || old.is_some() && value(sent) == old;
        let key = if sent.text("http.method").is_some() { "net.peer.port" } else { "network.peer.port" };
        let attributes = &mut sent.span.attributes;
        if is_same || port.is_none() {
            attributes.retain(|(key, _)| !is_port(key));
        }
        if is_same && let Some(port) = port {
            attributes.push((key.to_owned(), Value::Int(port)));
        }
    }
}

/// A resource with this service.
pub(crate) fn resource(service: &str) -> Resource {
    let text = |key: &str, value: &str| (key.to_owned(), Value::Str(value.to_owned()));
    let attributes = vec![
        text("service.name", service),
        text("service.instance.id", &format!("{service}-1")),
        text("telemetry.sdk.language", "go"),
    ];
    Resource { attributes, ..Resource::default() }
}

/// A span of a generated trace; words are attributes, `key=value`.
pub(crate) fn span(
    service: &str,
    name: &str,
    kind: SpanKind,
    (from_ms, to_ms): (u64, u64),
    words: &[(&str, &str)],
) -> Sent {
    const EPOCH_NS: u64 = 1_795_000_000_000_000_000;
    let typed = |value: &str| value.parse().map_or_else(|_| Value::Str(value.to_owned()), Value::Int);
    let span = Span {
        trace_id: TraceId([1; 16]),
        span_id: SpanId(1),
        name: name.to_owned(),
        kind,
        start_ns: EPOCH_NS + from_ms * MS,
        end_ns: EPOCH_NS + to_ms * MS,
        flags: 0x100,
        attributes: words.iter().map(|(key, value)| ((*key).to_owned(), typed(value))).collect(),
        ..Span::default()
    };
    let scope = Scope { name: format!("{service}/instrumentation"), ..Scope::default() };
    Sent { resource: resource(service), scope, span }
}

/// Hangs a span under another one, over a border if they are of two services.
pub(crate) fn under(mut child: Sent, parent: &Sent, rng: &mut Rng) -> Sent {
    child.span.trace_id = parent.span.trace_id;
    child.span.span_id = SpanId(rng.u64(1..));
    child.span.parent_id = parent.span.span_id;
    child.span.flags = if child.service() == parent.service() { 0x100 } else { 0x300 };
    child
}

/// A span that starts a trace.
pub(crate) fn root(mut sent: Sent, rng: &mut Rng) -> Sent {
    (sent.span.trace_id, sent.span.span_id) = (TraceId(rng.u128(1..).to_be_bytes()), SpanId(rng.u64(1..)));
    sent
}

/// A request to a made-up shop: a query, some work, and for two groups of three a call to a second service.
pub(crate) fn generated(group: usize, rng: &mut Rng) -> Trace {
    let (shop, stock) = (format!("shop-{group}"), format!("stock-{group}"));
    let lasts = rng.u64(20..200);
    let path = format!("/items/{}", rng.u8(0..6));
    let old = group.is_multiple_of(2);
    let keys = if old {
        [
            ("http.method", "GET"),
            ("http.route", "/items/{id}"),
            ("http.target", path.as_str()),
            ("http.status_code", "200"),
        ]
    } else {
        [
            ("http.request.method", "GET"),
            ("http.route", "/items/{id}"),
            ("url.path", path.as_str()),
            ("http.response.status_code", "200"),
        ]
    };
    let mut entry = root(span(&shop, "GET /items/{id}", SpanKind::Server, (0, lasts), &keys), rng);
    let client = if old { "net.peer.ip" } else { "client.address" };
    let address = format!("10.0.0.{}", rng.u8(1..200));
    entry.span.attributes.push((client.to_owned(), Value::Str(address)));
    let mut trace = vec![entry.clone()];
    let query = [("db.system", "postgresql"), ("db.statement", "SELECT 1"), ("server.address", "db")];
    trace.push(under(span(&shop, "SELECT", SpanKind::Client, (2, lasts / 4), &query), &entry, rng));
    trace.push(under(span(&shop, "render", SpanKind::Internal, (lasts / 4, lasts / 2), &[]), &entry, rng));
    if !group.is_multiple_of(3) {
        let url = format!("http://{stock}:8081/stock/1");
        let words = if old {
            [("http.method", "GET"), ("http.url", url.as_str()), ("http.status_code", "200")]
        } else {
            [("http.request.method", "GET"), ("url.full", url.as_str()), ("http.response.status_code", "200")]
        };
        let call = under(span(&shop, "GET", SpanKind::Client, (lasts / 2, lasts - 1), &words), &entry, rng);
        let keys = if old {
            [
                ("http.method", "GET"),
                ("http.route", "/stock/{id}"),
                ("http.target", "/stock/1"),
                ("http.status_code", "200"),
            ]
        } else {
            [
                ("http.request.method", "GET"),
                ("http.route", "/stock/{id}"),
                ("url.path", "/stock/1"),
                ("http.response.status_code", "200"),
            ]
        };
        let within = (lasts / 2 + 1, lasts - 2);
        trace.push(under(span(&stock, "GET /stock/{id}", SpanKind::Server, within, &keys), &call, rng));
        trace.push(call);
    }
    trace
}
