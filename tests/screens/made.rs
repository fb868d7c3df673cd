//! Spans and log records made up for a test.

use crate::stage::NOW_NS;
use otoscope::model::{Batch, Event, Link, Origin, Span, SpanId, SpanKind, StatusCode, TraceId, Value};

pub(crate) fn span(id: u64, parent: u64, start_ms: u64, name: &str) -> Span {
    const MS: u64 = 1_000_000;
    Span {
        trace_id: TraceId([7; 16]),
        span_id: SpanId(id),
        parent_id: SpanId(parent),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start_ns: NOW_NS + start_ms * MS,
        end_ns: NOW_NS + start_ms * MS + MS,
        flags: 0x100,
        ..Span::default()
    }
}

/// A span that failed: an exception, names of earlier conventions, links, a sampling threshold.
pub(crate) fn failed() -> Vec<Span> {
    let text = |key: &str, text: &str| (key.to_owned(), Value::Str(text.to_owned()));
    let stack = "Traceback (most recent call last):
  File \"/venv/lib/python3.12/site-packages/flask/app.py\", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File \"/venv/lib/python3.12/site-packages/flask/app.py\", line 919, in full_dispatch_request
    rv = self.handle_user_exception(e)
  File \"/srv/shop.py\", line 41, in cart
    raise KeyError(item)
KeyError: 'tea'";
    let mut root = span(1, 0, 0, "GET /cart");
    root.kind = SpanKind::Server;
    root.status = StatusCode::Error;
    root.flags = 0x101;
    root.trace_state.push_str("ot=th:c;rv:6e6d1a75832a2f,vendor=x");
    let nested = Value::Map(vec![
        ("items".to_owned(), Value::Array(vec![Value::Str("tea".to_owned()), Value::Int(2)])),
        ("paid".to_owned(), Value::Bool(false)),
    ]);
    root.attributes = vec![
        text("http.method", "GET"),
        ("http.status_code".to_owned(), Value::Int(500)),
        text("http.target", "/cart?item=tea"),
        text("http.request.method", "GET"),
        text("net.peer.name", "10.0.0.7"),
        ("cart".to_owned(), nested),
        text("note", &"a long note on a cart that goes on and on ".repeat(100)),
    ];
    root.dropped_attributes = 2;
    root.events = vec![Event {
        time_ns: NOW_NS + 900_000,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", "KeyError"),
            text("exception.message", "'tea'"),
            text("exception.stacktrace", stack),
        ],
        dropped_attributes: 0,
    }];
    let link = |span: u64| Link { trace_id: TraceId([7; 16]), span_id: SpanId(span), ..Link::default() };
    root.links = vec![link(2), link(99)];
    vec![root, span(2, 1, 1, "query")]
}

/// A trace of one root and so many spans below it.
pub(crate) fn trace(id: u64, name: &str, spans: u64, ms: u64) -> Vec<Span> {
    let of = |n: u64, parent: u64| Span {
        trace_id: TraceId(u128::from(id).to_be_bytes()),
        ..span(n, parent, 0, name)
    };
    let mut all: Vec<Span> = (2..=spans).map(|n| of(n, 1)).collect();
    let root = of(1, 0);
    all.push(Span { end_ns: root.start_ns + ms * 1_000_000, ..root });
    all
}

/// Spans that end before they start.
pub(crate) fn backwards(ids: std::ops::Range<u64>) -> Vec<Span> {
    let odd = |id: u64| Span { end_ns: NOW_NS, flags: 0, ..span(id, 0, 1_000 + id, "count") };
    ids.map(odd).collect()
}

/// An `ExportLogsServiceRequest` in JSON: so many log records of a service, one a millisecond from `from` on.
pub(crate) fn logs(service: &str, from: u64, count: u64, log: impl Fn(u64) -> String) -> Batch {
    let records: Vec<String> = (from..from + count)
        .map(|n| format!("{{\"timeUnixNano\":\"{}\",{}}}", NOW_NS + n * 1_000_000, log(n)))
        .collect();
    let json = format!(
        "{{\"resourceLogs\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"service.name\",\"value\":\
         {{\"stringValue\":\"{service}\"}}}}]}},\"scopeLogs\":[{{\"scope\":{{\"name\":\"app.orders\"}},\"logRecords\":[{}]}}]}}]}}",
        records.join(",")
    );
    let batch = otoscope::otlp::walk_json(json.as_bytes(), "test".into(), Origin::HttpJson, NOW_NS).unwrap();
    assert_eq!((batch.logs.records.len() as u64, &batch.rejections[..]), (count, &[][..]));
    batch
}

/// One of ten is a warning, one of a thousand an error in a span.
pub(crate) fn order(n: u64) -> String {
    let (severity, words) = match n {
        n if n % 1_000 == 999 => (17, "payment refused by the bank"),
        n if n % 10 == 5 => (13, "slow answer of the warehouse"),
        _ => (9, "order taken"),
    };
    let ids = if severity == 17 {
        format!(",\"traceId\":\"{}\",\"spanId\":\"{:016x}\"", "07".repeat(16), 100 + n / 1_000)
    } else {
        String::new()
    };
    format!("\"severityNumber\":{severity},\"body\":{{\"stringValue\":\"{words} no. {n}\"}}{ids}")
}

/// Many services, and one with many operations, names and durations.
pub(crate) fn crowd() -> Vec<(String, Vec<Span>)> {
    let mut all = Vec::new();
    for service in 0..200_u64 {
        let many = if service == 7 { 2_000 } else { 3 };
        let spans = (0..many).map(|n| {
            let id = 1 + service * 10_000 + n;
            let parent = if n == 0 && service > 7 { 1 + 7 * 10_000 } else { 0 };
            let mut span = span(id, parent, n, &format!("operation {n:04} with a name that goes on and on"));
            span.end_ns = span.start_ns + 1_000 * (1 + n * n);
            span.kind = SpanKind::Server;
            span.flags = 0x300;
            span
        });
        all.push((format!("service-{service:03}"), spans.collect()));
    }
    all
}

/// A request with everything that a waterfall shows: a hole, events and an exception, repeats, a call to another
/// service, a span that runs, and one that was cut off.
pub(crate) fn busy_request() -> Vec<Span> {
    const MS: u64 = 1_000_000;
    let lasting = |id, parent, start_ms: u64, end_ms: u64, name: &str| Span {
        end_ns: NOW_NS + end_ms * MS,
        ..span(id, parent, start_ms, name)
    };
    let event =
        |ms: u64, name: &str| Event { time_ns: NOW_NS + ms * MS, name: name.to_owned(), ..Event::default() };
    let mut spans = vec![
        Span { kind: SpanKind::Server, flags: 0x300, ..lasting(1, 0, 0, 1_000, "POST /checkout") },
        Span { events: vec![event(60, "cache.miss")], ..lasting(2, 1, 10, 120, "load basket") },
        Span {
            kind: SpanKind::Client,
            status: otoscope::model::StatusCode::Error,
            events: vec![event(180, "exception")],
            ..lasting(3, 1, 125, 200, "POST /pay")
        },
        lasting(4, 1, 700, 990, "render"),
        Span { end_ns: 0, ..lasting(5, 1, 800, 0, "flush log") },
        Span { flags: 0, ..lasting(6, 4, 710, 980, "template") },
    ];
    let select = |n: u64| Span {
        kind: SpanKind::Client,
        ..lasting(100 + n, 2, 12 + n / 4, 13 + n / 4, "SELECT basket")
    };
    spans.extend((0..240).map(select));
    spans
}

/// One trace of very many spans: batches of rows one after the other, with repeats, errors and clocks that jump, and one
/// call that goes down very deep.
pub(crate) fn wide(spans: u64) -> Vec<Span> {
    const ROWS: u64 = 240;
    let trace_id = TraceId([5; 16]);
    let of = |id: u64, parent: u64, (from, to): (u64, u64), name: &str| Span {
        trace_id,
        end_ns: NOW_NS + to * 1_000_000,
        ..span(id, parent, from, name)
    };
    let batches = spans / ROWS;
    let mut all = vec![of(1, 0, (0, batches * 1_000), "import everything")];
    for batch in 0..batches {
        let (id, start) = (1_000 * (batch + 2), batch * 1_000);
        all.push(of(id, 1, (start, start + 990), &format!("batch {batch}")));
        for row in 1..ROWS {
            let at = start + 4 * row;
            // The batch after the first goes down a level a row.
            let parent = if batch == 1 { id + row - 1 } else { id };
            let name = if row < ROWS / 2 { "INSERT row".to_owned() } else { format!("check {row}") };
            let mut span = of(id + row, parent, (at, at + 3), &name);
            match row {
                17 => span.status = StatusCode::Error,
                200 => span.end_ns = span.start_ns - 1_000_000,
                _ => {}
            }
            all.push(span);
        }
    }
    all
}

/// Traces of two spans each. One of a hundred failed.
pub(crate) fn several(ids: std::ops::Range<u64>) -> Vec<Span> {
    let of = |id: u64| {
        let trace_id = TraceId(u128::from(id + 1).to_be_bytes());
        let (name, ms) = (format!("GET /items/{}", id % 37), id * 7_919 % 1_009);
        let status = if id % 100 == 99 { StatusCode::Error } else { StatusCode::Unset };
        let kind = SpanKind::Server;
        let root = Span { trace_id, kind, status, flags: 0x300, ..span(1, 0, 2 * ms, &name) };
        let end_ns = root.start_ns + (ms + 1) * 1_000_000;
        [Span { end_ns, ..root }, Span { trace_id, ..span(2, 1, 2 * ms, "query") }]
    };
    ids.flat_map(of).collect()
}
