//! Trace sketches: a trace in three readable lines, for tests of store and rules.
//!
//! One span a line, columns two spaces apart: name, service, kind, start..end in milliseconds, then words.
//! Indentation (two spaces a level) is parenthood. Spans arrive when they end. Words:
//!
//! - `local`, `remote`, `noflags`: what the flags say; without a word, local within a service and remote between two
//! - `lost`: never delivered (a parent that is missing); `trace=N`: another trace than that of the line above
//! - `scope=NAME@VERSION`, `error`, `ok` (its status), `links`, `same=N` (the id of the span on line N, from 0)
//! - `get=/path`: the attributes of an inbound GET, old names, from Flask; `call=URL`: of an outbound GET
//! - `key=value`: any attribute; whole numbers are sent as such, unless in quotes. `resource.key=value`: of the resource

use crate::diagnosis::{Diagnosis, Finding, Severity};
use crate::model::{
    Batch, Link, Origin, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TraceId, Value,
};
use crate::otlp::encode::{Group, request};
use crate::otlp::walk;
use crate::session::{Clock, Session};

/// Where the clock of a sketch starts, nanoseconds since the Unix epoch.
pub(crate) const EPOCH_NS: u64 = 1_795_000_000_000_000_000;
/// A millisecond in nanoseconds.
pub(crate) const MS: u64 = 1_000_000;

/// The spans of a sketch in the order of their lines, without those that are lost.
pub(crate) fn spans(sketch: &str) -> Vec<Group> {
    let mut ancestors: Vec<(usize, SpanId, String, TraceId)> = Vec::new();
    let mut ports: Vec<(usize, i64)> = Vec::new();
    let mut groups = Vec::new();
    let mut trace = TraceId([1; 16]);
    let lines = sketch.lines().filter(|line| !line.trim().is_empty());
    let margin = lines.clone().map(|l| l.len() - l.trim_start().len()).min().unwrap_or(0);
    for (number, line) in lines.enumerate() {
        let indent = line.len() - line.trim_start().len() - margin;
        let columns: Vec<&str> = line.trim().split("  ").map(str::trim).filter(|c| !c.is_empty()).collect();
        let [name, service, kind, interval, words @ ..] = columns.as_slice() else {
            panic!("a sketch line has at least four columns two spaces apart: {line}");
        };
        ancestors.retain(|(depth, ..)| *depth < indent);
        ports.retain(|(depth, _)| *depth < indent);
        if let Some(word) = words.iter().flat_map(|w| w.split(' ')).find_map(|w| w.strip_prefix("trace=")) {
            trace = TraceId([word.parse().unwrap(); 16]);
        }
        let parent = ancestors.last().filter(|(_, _, _, t)| *t == trace).cloned();
        let (start, end) = interval.split_once("..").unwrap();
        let at = |ms: &str| EPOCH_NS + (ms.parse::<f64>().unwrap() * MS as f64) as u64;
        let mut span = Span {
            trace_id: trace,
            span_id: SpanId(0x1000 + number as u64),
            parent_id: parent.as_ref().map_or(SpanId::NONE, |p| p.1),
            name: (*name).to_owned(),
            kind: kind_of(kind),
            start_ns: at(start),
            end_ns: at(end),
            flags: if parent.as_ref().is_some_and(|p| p.2 != *service) { 0x300 } else { 0x100 },
            ..Span::default()
        };
        let mut resource = Resource::default();
        resource.attributes.push(("service.name".into(), Value::Str((*service).to_owned())));
        let mut scope = Scope::default();
        let mut lost = false;
        for word in words.iter().flat_map(|w| w.split(' ')) {
            match word.split_once('=') {
                None => match word {
                    "local" => span.flags = 0x100,
                    "remote" => span.flags = 0x300,
                    "noflags" => span.flags = 0,
                    "lost" => lost = true,
                    "error" => span.status = StatusCode::Error,
                    "ok" => span.status = StatusCode::Ok,
                    "links" => span.links.push(Link {
                        trace_id: TraceId([9; 16]),
                        span_id: SpanId(9),
                        ..Link::default()
                    }),
                    other => panic!("unknown word {other}"),
                },
                Some(("trace", _)) => {}
                Some(("same", line)) => span.span_id = SpanId(0x1000 + line.parse::<u64>().unwrap()),
                Some(("scope", value)) => {
                    // npm names begin with the sign that a version follows.
                    let (name, version) = match value.rsplit_once('@') {
                        Some((name, version)) if !name.is_empty() => (name, version),
                        _ => (value, ""),
                    };
                    (scope.name, scope.version) = (name.to_owned(), version.to_owned());
                }
                Some(("get", path)) => {
                    for (key, value) in
                        [("http.method", "GET"), ("http.target", path), ("http.scheme", "http")]
                    {
                        span.attributes.push((key.into(), Value::Str(value.into())));
                    }
                    // A request inside of another came over the same connection.
                    let port = ports.last().map_or(40_000 + number as i64, |(_, port)| *port);
                    ports.push((indent, port));
                    span.attributes.push(("net.peer.port".to_owned(), Value::Int(port)));
                    if scope.name.is_empty() {
                        (scope.name, scope.version) =
                            ("opentelemetry.instrumentation.flask".into(), "0.50b0".into());
                    }
                }
                Some(("call", url)) => {
                    for (key, value) in [("http.method", "GET"), ("http.url", url)] {
                        span.attributes.push((key.into(), Value::Str(value.into())));
                    }
                }
                Some((key, value)) => {
                    let text = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                    let typed = match (text, value.parse()) {
                        (None, Ok(number)) => Value::Int(number),
                        _ => Value::Str(text.unwrap_or(value).to_owned()),
                    };
                    match key.strip_prefix("resource.") {
                        Some(key) => resource.attributes.push((key.to_owned(), typed)),
                        None => span.attributes.push((key.to_owned(), typed)),
                    }
                }
            }
        }
        ancestors.push((indent, span.span_id, (*service).to_owned(), trace));
        if !lost {
            groups.push(Group { resource, scope, spans: vec![span] });
        }
    }
    groups
}

fn kind_of(word: &str) -> SpanKind {
    match word {
        "internal" => SpanKind::Internal,
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        "unspecified" => SpanKind::Unspecified,
        other => panic!("unknown kind {other}"),
    }
}

/// One batch a span, in the order given, each arriving when its span ends.
pub(crate) fn batches(groups: &[Group]) -> Vec<Batch> {
    let batch = |group: &Group| {
        let arrived = group.spans.iter().map(|s| s.end_ns).max().unwrap_or(0);
        let (batch, malformed) =
            walk(request(std::slice::from_ref(group)), "sketch".into(), Origin::Grpc, arrived);
        assert_eq!((malformed, batch.rejections.len()), (None, 0));
        batch
    };
    groups.iter().map(batch).collect()
}

/// The same spans again, with the same ids, so many milliseconds later.
pub(crate) fn again(groups: &[Group], later_ms: u64) -> Vec<Group> {
    let mut groups = groups.to_vec();
    for span in groups.iter_mut().flat_map(|group| &mut group.spans) {
        span.start_ns += later_ms * MS;
        span.end_ns += later_ms * MS;
    }
    groups
}

/// The spans of a sketch in the order in which they end.
pub(crate) fn by_end(sketch: &str) -> Vec<Batch> {
    let mut groups = spans(sketch);
    groups.sort_by_key(|g| g.spans[0].end_ns);
    batches(&groups)
}

/// A session as the main loop drives it.
pub(crate) struct Bench(pub(crate) Session);

impl Default for Bench {
    fn default() -> Self {
        Self(Session::new(1 << 30, Clock::Wall))
    }
}

impl Bench {
    /// Takes batches in.
    pub(crate) fn take(&mut self, batches: impl IntoIterator<Item = Batch>) -> &mut Self {
        batches.into_iter().for_each(|batch| self.0.take(batch));
        self
    }

    /// Tells the time, `after_ms` after the sketch's clock started.
    pub(crate) fn advance(&mut self, after_ms: u64) -> &mut Self {
        self.0.advance(EPOCH_NS + after_ms * MS);
        self
    }

    /// Says that nothing more will come.
    pub(crate) fn finish(&mut self) -> &mut Self {
        self.0.finish();
        self
    }

    /// Severity, rule, state and request or span count of each warning and error, one a line, symptoms indented.
    pub(crate) fn findings(&self) -> Vec<String> {
        // Ids of sketches are counted up.
        self.list(|finding| finding.severity > Severity::Info && finding.rule.id != "low-entropy-ids")
    }

    /// The same of the findings that are wanted.
    pub(crate) fn list(&self, wanted: impl Fn(&Finding) -> bool) -> Vec<String> {
        let findings = self.0.diagnosis.findings().iter().filter(|finding| wanted(finding));
        let line = |f: &Finding| {
            let indent = if f.folded_under.is_some() { "  " } else { "" };
            format!(
                "{indent}{} {} {} ×{}",
                f.severity,
                f.rule.id,
                f.state,
                f.request_count.unwrap_or(f.span_count)
            )
        };
        findings.map(line).collect()
    }
}

/// What one rule says of a sketch read as a file, hints too, whether it is on by default or not.
pub(crate) fn found(rule: &str, sketch: &str) -> Vec<String> {
    let mut groups = spans(sketch);
    groups.sort_by_key(|g| g.spans[0].end_ns);
    found_in(rule, &groups)
}

/// The same of spans in the order given, for what no sketch can say.
pub(crate) fn found_in(rule: &str, groups: &[Group]) -> Vec<String> {
    let diagnosis = Diagnosis::with_rules(&|known| known.enabled || known.id == rule);
    let mut bench = Bench(Session::with(1 << 30, Clock::Wall, diagnosis));
    bench.take(batches(groups)).finish().list(|finding| finding.rule.id == rule)
}

/// The warnings and errors of a sketch read as a file.
pub(crate) fn check(sketch: &str) -> Vec<String> {
    Bench::default().take(by_end(sketch)).finish().findings()
}
