//! The one pass over a request's bytes: a record a span, facts for spans with a role, nothing decoded.

use super::called::Called;
use super::signs;
use super::wire::{Broken, Field, Fields, key_value};
use crate::model::time::LATEST_NS;
use crate::model::{
    Batch, ByteRange, Facts, Key, KeySet, MessagingOperation, Method, Origin, Peer, Rejection, Source,
    SpanFlags, SpanId, SpanKind, SpanRecord, TraceId, hash32, hash64,
};
use bytes::Bytes;
use hashbrown::HashTable;
use std::fmt;

/// Bytes that are not (only) an `ExportTraceServiceRequest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where, from the start of the request.
    pub offset: usize,
    /// What was found there.
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not OTLP protobuf: {} at byte {}", self.what, self.offset)
    }
}

impl std::error::Error for Malformed {}

impl From<Broken> for Malformed {
    fn from(broken: Broken) -> Self {
        Self { offset: broken.offset, what: broken.what }
    }
}

/// The keys that give a span a role (rules: ground model, role inference); only such spans get facts.
const ROLE_KEYS: KeySet = KeySet::of(&[
    Key::HttpMethod,
    Key::HttpMethodOld,
    Key::RpcSystem,
    Key::MessagingSystem,
    Key::MessagingOperationOld,
    Key::MessagingOperationType,
    Key::FaasTrigger,
    Key::FaasInvocation,
    Key::GraphqlOperation,
    Key::McpMethod,
    Key::SamplingThreshold,
]);

/// Walks an `ExportTraceServiceRequest`. One bad span never loses its neighbours: it becomes a rejection.
///
/// Where the outer structure itself is broken, what lay before it is in the batch and the break is returned
/// beside it: a server refuses such a request, a file keeps what could be read.
pub fn walk(bytes: Bytes, source: Source, origin: Origin, arrived_ns: u64) -> (Batch, Option<Malformed>) {
    let mut walk = Walk {
        batch: Batch::empty(source, origin, arrived_ns.min(LATEST_NS)),
        strings: HashTable::new(),
        bytes: &bytes,
    };
    let malformed = if u32::try_from(bytes.len()).is_ok() {
        walk.request().err().map(Malformed::from)
    } else {
        Some(Malformed { offset: u32::MAX as usize, what: "a single message of more than 4 GiB" })
    };
    let mut batch = walk.batch;
    batch.records.shrink_to_fit();
    batch.trace_ids.shrink_to_fit();
    batch.facts.shrink_to_fit();
    batch.peers.shrink_to_fit();
    batch.size = bytes.len();
    batch.bytes = bytes;
    (batch, malformed)
}

struct Walk<'a> {
    batch: Batch,
    /// Numbers in `batch.strings`, by content.
    strings: HashTable<u32>,
    bytes: &'a [u8],
}

fn range(base: usize, bytes: &[u8]) -> ByteRange {
    ByteRange { offset: base as u32, len: bytes.len() as u32 }
}

impl Walk<'_> {
    fn request(&mut self) -> Result<(), Broken> {
        let mut fields = Fields::new(self.bytes, 0);
        while let Some(field) = fields.next()? {
            if let (1, Field::Bytes(base, resource_spans)) = field {
                self.resource_spans(resource_spans, base)?;
            }
        }
        Ok(())
    }

    fn resource_spans(&mut self, bytes: &[u8], base: usize) -> Result<(), Broken> {
        let resource = self.batch.resources.len();
        self.batch.resources.push(Default::default());
        let mut fields = Fields::new(bytes, base);
        while let Some((number, field)) = fields.next()? {
            let Field::Bytes(at, content) = field else { continue };
            match number {
                1 => self.batch.resources[resource].0 = range(at, content),
                // 1000 is `instrumentation_library_spans`, the same shape before OTLP 0.19.
                2 | 1000 => self.scope_spans(content, at, resource as u32)?,
                3 => self.batch.resources[resource].1 = range(at, content),
                _ => {}
            }
        }
        Ok(())
    }

    fn scope_spans(&mut self, bytes: &[u8], base: usize, resource: u32) -> Result<(), Broken> {
        let scope = self.batch.scopes.len();
        self.batch.scopes.push(Default::default());
        let mut fields = Fields::new(bytes, base);
        while let Some((number, field)) = fields.next()? {
            let Field::Bytes(at, content) = field else { continue };
            match number {
                1 => self.batch.scopes[scope].0 = range(at, content),
                2 => {
                    if let Err(reason) = self.span(content, at, resource, scope as u32) {
                        let Refusal { reason, bad_id } = reason;
                        let rejection = Rejection::new(format!("byte {at}"), reason);
                        self.batch.rejections.push(Rejection { bad_id, ..rejection });
                    }
                }
                3 => self.batch.scopes[scope].1 = range(at, content),
                _ => {}
            }
        }
        Ok(())
    }

    fn span(&mut self, bytes: &[u8], base: usize, resource: u32, scope: u32) -> Result<(), Refusal> {
        let (mut trace_id, mut span_id, mut parent_id): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
        let mut name: (usize, &[u8]) = (base, &[]);
        let mut record = SpanRecord::new(SpanId::NONE, SpanId::NONE);
        let mut gathered = Gathered::default();
        let mut may_be_call = true;
        let mut fields = Fields::new(bytes, base);
        let broken = |b: Broken| Refusal {
            reason: format!("the span's bytes are broken: {} at byte {}", b.what, b.offset),
            bad_id: false,
        };
        while let Some(field) = fields.next().map_err(broken)? {
            match field {
                (1, Field::Bytes(_, id)) => trace_id = id,
                (2, Field::Bytes(_, id)) => span_id = id,
                (3, Field::Bytes(_, state)) => gathered.note_trace_state(state, &mut record.keys),
                (4, Field::Bytes(_, id)) => parent_id = id,
                (5, Field::Bytes(at, text)) => name = (at, text),
                (6, Field::Varint(kind)) => {
                    record.set_kind(kind as i32);
                    may_be_call = record.is_call();
                }
                (7, Field::Fixed64(ns)) => record.start_ns = ns.min(LATEST_NS),
                (8, Field::Fixed64(ns)) => record.end_ns = ns.min(LATEST_NS),
                (9, Field::Bytes(at, attribute)) => {
                    let (name, value_at, value) = key_value(attribute, at).map_err(broken)?;
                    if let Some(key) = Key::from_name(name) {
                        record.keys.insert(key);
                        // Encoders write the kind first: most spans are known to be no calls by now.
                        if may_be_call {
                            gathered.called.note(key, name, value_at, value);
                        }
                        gathered.note(key, value_at, value, &mut record.keys).map_err(broken)?;
                    }
                }
                (13, Field::Bytes(at, link)) => {
                    record.keys.insert(Key::HasLinks);
                    if has_zero_trace(link, at).map_err(broken)? {
                        record.keys.insert(Key::ZeroLink);
                    }
                }
                (11, Field::Bytes(at, event)) if is_exception(event, at).map_err(broken)? => {
                    record.keys.insert(Key::HasException);
                }
                (10 | 12 | 14, Field::Varint(1..)) => record.keys.insert(Key::Dropped),
                (15, Field::Bytes(at, status)) => {
                    let mut fields = Fields::new(status, at);
                    while let Some(field) = fields.next().map_err(broken)? {
                        if let (3, Field::Varint(code)) = field {
                            record.set_status(code as i32);
                        }
                    }
                }
                (16, Field::Fixed32(flags)) => record.flags = SpanFlags::from_wire(flags),
                _ => {}
            }
        }
        let trace_id = TraceId::from_wire(trace_id).ok_or_else(|| bad_id("trace_id", trace_id, 16))?;
        record.span_id = SpanId::from_wire(span_id).ok_or_else(|| bad_id("span_id", span_id, 8))?;
        match parent_id {
            [] => {}
            [0, 0, 0, 0, 0, 0, 0, 0] => record.keys.insert(Key::ZeroParent),
            id => {
                record.parent_id = SpanId::from_wire(id).ok_or_else(|| bad_id("parent_span_id", id, 8))?;
            }
        }
        self.note_peer(&record, &gathered);
        let facts_number = self.batch.facts.len() as u32;
        if record.keys.any(ROLE_KEYS) {
            let mut facts = gathered.facts;
            facts.route = gathered.route.map_or(0, |r| self.string(r) + 1);
            facts.destination = gathered.destination.map_or(0, |d| self.string(d) + 1);
            self.batch.facts.push(facts);
            record.facts = facts_number;
        }
        record.name = self.string(range(name.0, name.1));
        record.resource = resource;
        record.scope = scope;
        record.offset = base as u32;
        record.len = bytes.len() as u32;
        record.content_hash = hash64(bytes) as u32;
        self.batch.records.push(record);
        self.batch.trace_ids.push(trace_id);
        Ok(())
    }

    fn note_peer(&mut self, record: &SpanRecord, gathered: &Gathered) {
        if !record.is_call() {
            return;
        }
        let producer = record.kind() == SpanKind::Producer;
        let Some(named) = gathered.called.peer(self.bytes, gathered.destination, &gathered.facts, producer)
        else {
            return;
        };
        let mut string = |range: ByteRange| if range.len == 0 { 0 } else { self.string(range) + 1 };
        let (system, name) = (string(named.system), string(named.name));
        let span = self.batch.records.len() as u32;
        self.batch.peers.push(Peer { span, sort: named.sort, system, name, port: named.port });
    }

    fn string(&mut self, range: ByteRange) -> u32 {
        let (bytes, known) = (self.bytes, &mut self.batch.strings);
        let text = range.of(bytes);
        let hash = |text: &[u8]| hash64(text);
        match self.strings.find(hash(text), |i| known[*i as usize].of(bytes) == text) {
            Some(number) => *number,
            None => {
                let number = known.len() as u32;
                known.push(range);
                self.strings.insert_unique(hash(text), number, |i| hash(known[*i as usize].of(bytes)));
                number
            }
        }
    }
}

/// Whether a link names no trace.
fn has_zero_trace(link: &[u8], base: usize) -> Result<bool, Broken> {
    let mut fields = Fields::new(link, base);
    while let Some(field) = fields.next()? {
        if let (1, Field::Bytes(_, id)) = field {
            return Ok(id.iter().all(|b| *b == 0));
        }
    }
    Ok(true)
}

/// Why a span is not taken.
struct Refusal {
    reason: String,
    bad_id: bool,
}

fn bad_id(field: &str, bytes: &[u8], length: usize) -> Refusal {
    let shown: String = bytes.iter().take(24).map(|b| format!("{b:02x}")).collect();
    let reason = match bytes.len() {
        0 => format!("{field} is missing"),
        n if n == length => format!("{field} is all zeros"),
        n => format!("{field} has {n} bytes instead of {length}: {shown}"),
    };
    Refusal { reason, bad_id: true }
}

/// Whether an event is a recorded exception: its name is fixed by the conventions.
fn is_exception(event: &[u8], base: usize) -> Result<bool, Broken> {
    let mut fields = Fields::new(event, base);
    while let Some(field) = fields.next()? {
        if let (2, Field::Bytes(_, name)) = field {
            return Ok(name == b"exception");
        }
    }
    Ok(false)
}

/// What the attributes of one span said, before it is known whether it has a role.
#[derive(Default)]
struct Gathered {
    facts: Facts,
    called: Called,
    route: Option<ByteRange>,
    destination: Option<ByteRange>,
    /// How good the known peer address is: the client behind proxies beats the socket's peer.
    peer_rank: u8,
}

/// An `AnyValue` that is text or a number.
enum Scalar<'a> {
    Text(usize, &'a [u8]),
    Int(i64),
    Other,
}

fn scalar(bytes: &[u8], base: usize) -> Result<Scalar<'_>, Broken> {
    Ok(match Fields::new(bytes, base).next()? {
        Some((1, Field::Bytes(at, text))) => Scalar::Text(at, text),
        Some((3, Field::Varint(number))) => Scalar::Int(number as i64),
        _ => Scalar::Other,
    })
}

impl Gathered {
    #[inline]
    fn note(&mut self, key: Key, base: usize, value: &[u8], keys: &mut KeySet) -> Result<(), Broken> {
        let facts = &mut self.facts;
        match key {
            Key::HttpMethod | Key::HttpMethodOld => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.method = Method::from_wire(text);
                }
            }
            Key::UrlPath | Key::HttpTarget => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.set_path(text);
                    signs::of_url(text, keys);
                }
            }
            Key::UrlFull | Key::HttpUrl => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.set_url(text);
                    signs::of_url(text, keys);
                }
            }
            Key::RpcMethod => {
                if let (Scalar::Text(_, text), 0) = (scalar(value, base)?, facts.path[0]) {
                    facts.path[0] = hash32(text);
                }
            }
            Key::HttpRoute => {
                if let Scalar::Text(at, text) = scalar(value, base)? {
                    self.route = Some(range(at, text));
                }
            }
            Key::MessagingDestination => {
                if let Scalar::Text(at, text) = scalar(value, base)? {
                    self.destination = Some(range(at, text));
                }
            }
            Key::MessagingOperationOld | Key::MessagingOperationType => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.messaging = MessagingOperation::from_wire(text);
                }
            }
            Key::HttpStatus | Key::HttpStatusOld => {
                facts.http_status = number(&scalar(value, base)?, keys);
                if facts.http_status == 101 {
                    keys.insert(Key::Websocket);
                }
            }
            Key::ServerAddress | Key::NetPeerName | Key::HttpHost => {
                if let (Scalar::Text(_, text), 0) = (scalar(value, base)?, facts.host) {
                    facts.set_authority(text);
                }
            }
            Key::ServerPort => facts.server_port = number(&scalar(value, base)?, keys),
            Key::HttpClientIp | Key::ClientAddress => self.peer(&scalar(value, base)?, 2),
            Key::NetPeerIp | Key::NetworkPeerAddress => self.peer(&scalar(value, base)?, 1),
            Key::NetPeerPort | Key::NetworkPeerPort => facts.peer_port = number(&scalar(value, base)?, keys),
            Key::HttpUserAgent | Key::UserAgent => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.user_agent = hash32(text);
                    facts.tool_agent = is_tool(text);
                }
            }
            Key::Identity => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    facts.session = hash32(text);
                }
            }
            Key::ThreadId => {
                facts.thread = match scalar(value, base)? {
                    Scalar::Text(_, text) => hash32(text),
                    Scalar::Int(id) => hash32(&id.to_le_bytes()),
                    Scalar::Other => 0,
                }
            }
            Key::UrlQuery
            | Key::RpcService
            | Key::RpcSystem
            | Key::DbSystem
            | Key::GenAiOperation
            | Key::NetworkProtocol
            | Key::UrlScheme
            | Key::DbConnection
            | Key::ProcessCommand => {
                if let Scalar::Text(_, text) = scalar(value, base)? {
                    signs::of_value(key, text, keys);
                }
            }
            Key::SecretHeader => {
                // Conventions make a list of a header's values.
                let first = match Fields::new(value, base).next()? {
                    Some((5, Field::Bytes(at, list))) => Fields::new(list, at).next()?,
                    _ => Some((1, Field::Bytes(base, value))),
                };
                if let Some((1, Field::Bytes(at, value))) = first
                    && let Scalar::Text(_, text) = scalar(value, at)?
                {
                    signs::of_value(key, text, keys);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn note_trace_state(&mut self, state: &[u8], keys: &mut KeySet) {
        if let Some(threshold) = signs::sampling_threshold(state) {
            self.facts.threshold = threshold;
            keys.insert(Key::SamplingThreshold);
        }
    }

    fn peer(&mut self, address: &Scalar<'_>, rank: u8) {
        if let Scalar::Text(_, text) = address
            && rank > self.peer_rank
        {
            self.peer_rank = rank;
            self.facts.peer_address = hash32(text);
            self.facts.loopback = text.starts_with(b"127.") || matches!(*text, b"::1" | b"localhost");
        }
    }
}

/// A status or port, sent as a number or as text.
fn number(value: &Scalar<'_>, keys: &mut KeySet) -> u16 {
    match value {
        Scalar::Int(number) => u16::try_from(*number).unwrap_or(0),
        Scalar::Text(_, text) => {
            keys.insert(Key::NumberAsText);
            std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0)
        }
        Scalar::Other => 0,
    }
}

/// Load and API tools, by the start of their user agent.
fn is_tool(agent: &[u8]) -> bool {
    const TOOLS: &[&str] = &[
        "curl",
        "k6",
        "locust",
        "apache-jmeter",
        "gatling",
        "artillery",
        "wrk",
        "apachebench",
        "hey/",
        "vegeta",
        "go-vegeta",
        "postman",
        "insomnia",
        "httpie",
        "oha",
        "vscode-restclient",
    ];
    TOOLS
        .iter()
        .any(|tool| agent.get(..tool.len()).is_some_and(|start| start.eq_ignore_ascii_case(tool.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ParentLocality, SpanKind};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
    use prost::Message;

    fn attribute(key: &str, value: &str) -> KeyValue {
        KeyValue {
            key: key.into(),
            value: Some(AnyValue { value: Some(any_value::Value::StringValue(value.into())) }),
            ..KeyValue::default()
        }
    }

    fn span(id: u8) -> Span {
        Span {
            trace_id: vec![7; 16],
            span_id: vec![id; 8],
            parent_span_id: vec![9; 8],
            name: "GET /".into(),
            kind: 1,
            start_time_unix_nano: 5,
            end_time_unix_nano: 8,
            flags: 0x101,
            attributes: vec![
                attribute("http.method", "GET"),
                attribute("http.target", "/api/x?y=1"),
                attribute("other", "z"),
            ],
            status: Some(Status { code: 2, message: String::new() }),
            ..Span::default()
        }
    }

    fn request(spans: Vec<Span>) -> Bytes {
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
    }

    fn walked(bytes: Bytes) -> (Batch, Option<Malformed>) {
        walk(bytes, "test".into(), Origin::Grpc, 0)
    }

    #[test]
    fn a_record_holds_what_was_sent() {
        let (batch, malformed) = walked(request(vec![span(1), span(2)]));
        assert_eq!((malformed, batch.records.len(), batch.strings.len()), (None, 2, 1));
        let r = batch.records[1];
        assert_eq!((r.kind(), r.locality(), r.duration_ns()), (SpanKind::Internal, ParentLocality::Local, 3));
        assert_eq!(batch.strings[r.name as usize].of(&batch.bytes), b"GET /");
        let mut expected = Facts::default();
        expected.set_path(b"/api/x");
        assert!(batch.facts[r.facts as usize].path_matches(&expected));
        assert_eq!(r.keys.names().collect::<Vec<_>>(), ["http.method", "http.target"]);
        let own = &batch.bytes[r.offset as usize..][..r.len as usize];
        assert_eq!(Span::decode(own).unwrap(), span(2));
    }

    #[test]
    fn a_bad_span_does_not_lose_its_neighbours() {
        let bad = Span { span_id: vec![1, 2, 3], ..span(2) };
        let zero = Span { trace_id: vec![0; 16], ..span(3) };
        let (batch, malformed) = walked(request(vec![span(1), bad, zero, span(4)]));
        assert_eq!((malformed, batch.records.len()), (None, 2));
        let reasons: Vec<_> = batch.rejections.iter().map(|r| r.reason.as_str()).collect();
        assert_eq!(reasons, ["span_id has 3 bytes instead of 8: 010203", "trace_id is all zeros"]);
    }

    #[test]
    fn eight_zero_bytes_are_no_parent() {
        let (batch, _) = walked(request(vec![Span { parent_span_id: vec![0; 8], ..span(1) }]));
        assert_eq!(batch.records[0].locality(), ParentLocality::Root);
        assert!(batch.records[0].keys.has(Key::ZeroParent));
    }

    #[test]
    fn a_header_is_a_list_of_values() {
        let value = |text: &str| AnyValue { value: Some(any_value::Value::StringValue(text.into())) };
        for (text, told) in [("Bearer abc", true), ("[REDACTED]", false)] {
            let mut header = attribute("http.request.header.authorization", "");
            let list = opentelemetry_proto::tonic::common::v1::ArrayValue { values: vec![value(text)] };
            header.value = Some(AnyValue { value: Some(any_value::Value::ArrayValue(list)) });
            let (batch, _) = walked(request(vec![Span { attributes: vec![header], ..span(1) }]));
            assert_eq!(batch.records[0].keys.has(Key::Secret), told, "{text}");
        }
    }

    #[test]
    fn cut_anywhere_it_neither_panics_nor_invents() {
        let whole = request(vec![span(1), span(2), span(3)]);
        for cut in 0..whole.len() {
            let (batch, malformed) = walked(whole.slice(..cut));
            assert!(batch.records.is_empty() && (cut == 0 || malformed.is_some()), "{cut}");
        }
        let (batch, malformed) = walked(Bytes::from_static(b"\x89PNG\r\n\x1a\n"));
        assert!(batch.records.is_empty() && malformed.is_some());
    }
}
