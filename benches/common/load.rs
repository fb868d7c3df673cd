//! Load: what three services of a shop would export, encoded before any clock starts.
//!
//! A *unit* is one request through `storefront` → `orders-api`, `pricing`: up to 12 spans, 4 a service, depth 4,
//! 10–14 attributes a span, 530 encoded bytes. Each service exports its own spans, so a trace arrives in pieces.
//! Ids, users, sessions and durations vary; the same load has the same bytes.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message;

/// How the spans hang together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A trace a unit, as it should be.
    Separate,
    /// One trace: every unit is under the first one's entry, all spans are INTERNAL.
    Merged,
    /// One trace of one service: INTERNAL entries with local flags under a span `run` that is exported last, or
    /// never.
    Run {
        /// Whether `run` is ever exported.
        received: bool,
    },
    /// Many such traces, of ten requests each, every `run` received: as many groups as there are traces.
    Runs,
    /// One trace of one service, each span the child of the one that started before it.
    Chain,
}

/// What to build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) shape: Shape,
    pub(crate) spans: u64,
    /// Spans a unit, at most 12.
    pub(crate) unit: u64,
    /// Spans a request.
    pub(crate) request: usize,
    /// When the first unit starts, nanoseconds since the Unix epoch.
    pub(crate) start_ns: u64,
}

impl Load {
    pub(crate) fn new(shape: Shape, spans: u64) -> Self {
        Self { shape, spans, unit: 12, request: 512, start_ns: 1_795_000_000_000_000_000 }
    }

    /// A load that ends about now.
    pub(crate) fn until_now(self) -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
        Self { start_ns: now - self.units() * STEP_NS, ..self }
    }

    fn units(&self) -> u64 {
        let unit = if matches!(self.shape, Shape::Run { .. } | Shape::Runs) { 4 } else { self.unit };
        self.spans.div_ceil(unit)
    }

    /// The encoded requests, in the order in which they are exported.
    pub(crate) fn requests(&self) -> Vec<Bytes> {
        match self.shape {
            Shape::Separate | Shape::Merged => self.shop(),
            Shape::Run { received } => self.flask(self.units(), received),
            Shape::Runs => self.flask(10, true),
            Shape::Chain => self.chain(),
        }
    }

    fn shop(&self) -> Vec<Bytes> {
        let mut out = Vec::new();
        let mut exporters: [Exporter; 3] = std::array::from_fn(|service| Exporter::of(service, self.request));
        for number in 0..self.spans {
            let (unit, role) = (number / self.unit, (number % self.unit) as usize);
            let mut span = self.span(unit, role);
            if self.shape == Shape::Merged {
                span.trace_id = trace_id(0);
                span.kind = span::SpanKind::Internal as i32;
                if role == 0 && unit > 0 {
                    span.parent_span_id = span_id(0, 0);
                } else if role == 0 {
                    span.end_time_unix_nano = self.start_ns + self.units() * STEP_NS + LONGEST_NS;
                }
            }
            exporters[role / 4].end(SCOPE_OF[role], span, &mut out);
        }
        for exporter in &mut exporters {
            exporter.flush(&mut out);
        }
        out
    }

    /// Four spans a unit, its entry exported last, as it ends last; and `run` after so many units.
    fn flask(&self, units: u64, received: bool) -> Vec<Bytes> {
        let mut out = Vec::new();
        let mut exporter = Exporter::flask(self.request);
        for unit in 0..self.units() {
            let trace = unit / units;
            let run = span_id(u64::MAX - trace, 0);
            for role in (0..4).rev() {
                let mut span = self.span(unit, role);
                span.trace_id = trace_id(trace);
                if role == 0 {
                    span.kind = span::SpanKind::Internal as i32;
                    span.parent_span_id.clone_from(&run);
                }
                exporter.end(SCOPE_OF[role], span, &mut out);
            }
            if received && (unit + 1 == self.units() || (unit + 1).is_multiple_of(units)) {
                let mut span = self.span(unit, 1);
                (span.trace_id, span.span_id, span.parent_span_id) = (trace_id(trace), run, Vec::new());
                (span.name, span.start_time_unix_nano) =
                    ("run".into(), self.start_ns + trace * units * STEP_NS);
                span.end_time_unix_nano += LONGEST_NS;
                exporter.end(3, span, &mut out);
            }
        }
        exporter.flush(&mut out);
        out
    }

    /// From the innermost out, as they end.
    fn chain(&self) -> Vec<Bytes> {
        let mut out = Vec::new();
        let mut exporter = Exporter::flask(self.request);
        for number in (0..self.spans).rev() {
            let mut span = self.span(number, 1);
            span.trace_id = trace_id(0);
            span.parent_span_id = if number == 0 { Vec::new() } else { span_id(number - 1, 1) };
            span.start_time_unix_nano = self.start_ns + number * 1_000;
            span.end_time_unix_nano = self.start_ns + (2 * self.spans - number) * 1_000;
            exporter.end(2, span, &mut out);
        }
        exporter.flush(&mut out);
        out
    }

    fn span(&self, unit: u64, role: usize) -> Span {
        let vary = Vary { unit };
        let failed = vary.of(7).is_multiple_of(50) && matches!(role, 0 | 2 | 4 | 5);
        // Mostly 2 ms, at times up to 64 ms.
        let scale = 1 + (64 / (1 + vary.of(8) % 64)).min(63);
        let at = |us: u64| self.start_ns + unit * STEP_NS + us * 1_000 * scale;
        let (start, end) = TIMES[role];
        let mut attributes = attributes(role, &vary, if failed { 500 } else { 200 });
        let mut events = Vec::new();
        if failed {
            attributes.push(text("error.type", "java.sql.SQLTransientConnectionException"));
        }
        if failed && role == 5 {
            events.push(event(at(end), "exception", vec![text("exception.stacktrace", STACK)]));
        } else if vary.of(20 + role as u64).is_multiple_of(10) {
            let reason =
                vec![int("app.retry.attempt", 1), text("app.retry.reason", "upstream connect timeout")];
            events.push(event(at(start), "app.retry", reason));
        }
        Span {
            trace_id: trace_id(unit),
            span_id: span_id(unit, role),
            parent_span_id: PARENTS[role].map_or(Vec::new(), |parent| span_id(unit, parent)),
            flags: if matches!(role, 4 | 8) { 0x301 } else { 0x101 },
            name: NAMES[role].into(),
            kind: KINDS[role] as i32,
            start_time_unix_nano: at(start),
            end_time_unix_nano: at(end),
            attributes,
            events,
            status: failed.then(|| Status { message: String::new(), code: 2 }),
            ..Span::default()
        }
    }
}

/// Units start so far apart.
const STEP_NS: u64 = 100_000;
/// Longer than any unit.
const LONGEST_NS: u64 = 64_000_000;

const TIMES: [(u64, u64); 12] = [
    (0, 1000),
    (20, 120),
    (140, 700),
    (720, 960),
    (180, 660),
    (240, 520),
    (190, 235),
    (530, 640),
    (750, 930),
    (760, 790),
    (800, 880),
    (890, 925),
];

const PARENTS: [Option<usize>; 12] =
    [None, Some(0), Some(0), Some(0), Some(2), Some(4), Some(4), Some(4), Some(3), Some(8), Some(8), Some(8)];

const KINDS: [span::SpanKind; 12] = {
    use span::SpanKind::{Client, Internal, Producer, Server};
    [Server, Internal, Client, Client, Server, Client, Client, Internal, Server, Internal, Client, Producer]
};

const NAMES: [&str; 12] = [
    "POST /api/v1/carts/{cart_id}/checkout",
    "CheckoutHandler.priceItems",
    "POST",
    "shop.pricing.v1.Pricing/Quote",
    "POST /internal/orders",
    "INSERT orders",
    "GET",
    "OrderValidator.validate",
    "shop.pricing.v1.Pricing/Quote",
    "discount.Engine.Apply",
    "SELECT price_list",
    "send price-quotes",
];

/// Which scope of its service makes a span.
const SCOPE_OF: [usize; 12] = [0, 2, 1, 1, 0, 1, 1, 2, 0, 2, 1, 1];

type ScopeName = (&'static str, &'static str);

const SCOPES: [&[ScopeName]; 3] = [
    &[
        ("@opentelemetry/instrumentation-http", "0.208.0"),
        ("@opentelemetry/instrumentation-undici", "0.19.0"),
        ("storefront/checkout", "4.12.1"),
    ],
    &[
        ("io.opentelemetry.tomcat-10.0", "2.22.0-alpha"),
        ("io.opentelemetry.jdbc", "2.22.0-alpha"),
        ("com.example.shop.orders", "1.44.0"),
    ],
    &[
        ("go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc", "0.63.0"),
        ("go.nhat.io/otelsql", "0.16.0"),
        ("example.com/shop/pricing/internal/discount", "2.3.0"),
    ],
];

const FLASK: &[ScopeName] = &[
    ("opentelemetry.instrumentation.flask", "0.50b0"),
    ("opentelemetry.instrumentation.requests", "0.50b0"),
    ("storefront.checkout", "4.12.1"),
    ("opentelemetry.instrumentation.click", "0.50b0"),
];

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "shop-android/8.31.2 (Android 15; Pixel 9)",
    "k6/1.3.0 (https://k6.io/)",
];

const STACK: &str = "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 3000ms\n\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)\n\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)\n\tat com.example.shop.orders.OrderRepository.insert(OrderRepository.java:91)\n";

/// What one process has not exported yet.
struct Exporter {
    resource: Resource,
    scopes: &'static [ScopeName],
    waiting: Vec<Vec<Span>>,
    request: usize,
}

impl Exporter {
    fn of(service: usize, request: usize) -> Self {
        let (name, language, sdk, runtime, pod) = [
            ("storefront", "nodejs", "2.2.0", "nodejs", "storefront-7c9d8b6f5-x2v4q"),
            ("orders-api", "java", "1.56.0", "OpenJDK Runtime Environment", "orders-api-5d4f7c8b9-m8k2z"),
            ("pricing", "go", "1.38.0", "go", "pricing-6b8f9d7c4-tt5lw"),
        ][service];
        let resource = resource(name, language, sdk, runtime, pod);
        Self { resource, scopes: SCOPES[service], waiting: vec![Vec::new(); 3], request }
    }

    fn flask(request: usize) -> Self {
        let resource = resource("storefront", "python", "1.29.0", "cpython", "storefront-7c9d8b6f5-x2v4q");
        Self { resource, scopes: FLASK, waiting: vec![Vec::new(); FLASK.len()], request }
    }

    fn end(&mut self, scope: usize, span: Span, out: &mut Vec<Bytes>) {
        self.waiting[scope].push(span);
        if self.waiting.iter().map(Vec::len).sum::<usize>() == self.request {
            self.flush(out);
        }
    }

    fn flush(&mut self, out: &mut Vec<Bytes>) {
        let spans = self.waiting.iter_mut().map(std::mem::take).zip(self.scopes);
        let scope_spans: Vec<ScopeSpans> = spans
            .filter(|(spans, _)| !spans.is_empty())
            .map(|(spans, (name, version))| ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: (*name).into(),
                    version: (*version).into(),
                    ..InstrumentationScope::default()
                }),
                spans,
                schema_url: "https://opentelemetry.io/schemas/1.37.0".into(),
            })
            .collect();
        if !scope_spans.is_empty() {
            let resource = Some(self.resource.clone());
            let resource_spans = vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
            out.push(ExportTraceServiceRequest { resource_spans }.encode_to_vec().into());
        }
    }
}

fn resource(name: &str, language: &str, sdk: &str, runtime: &str, pod: &str) -> Resource {
    let attributes = vec![
        text("service.name", name),
        text("service.namespace", "shop"),
        text("service.version", "4.12.1"),
        text("service.instance.id", &format!("0b6f3a52-6c1e-4f0e-9f60-{:0>12}", name.len())),
        text("deployment.environment.name", "staging"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", language),
        text("telemetry.sdk.version", sdk),
        text("host.name", "ip-10-20-31-7.eu-west-1.compute.internal"),
        text("os.type", "linux"),
        int("process.pid", 71),
        text("process.runtime.name", runtime),
        text("process.runtime.version", "22.19.0"),
        text("k8s.pod.name", pod),
    ];
    Resource { attributes, ..Resource::default() }
}

/// Values that differ from unit to unit.
struct Vary {
    unit: u64,
}

impl Vary {
    fn of(&self, salt: u64) -> u64 {
        mix(mix(self.unit) ^ salt)
    }

    fn user(&self) -> String {
        format!("u-{:06}", mix(self.of(1) % 20_000) % 5_000)
    }

    fn session(&self) -> String {
        let session = mix(self.of(1) % 20_000);
        format!("{session:016x}{:016x}", mix(session))
    }

    fn order(&self) -> String {
        format!("{:09}", self.unit.wrapping_mul(7_919) % 1_000_000_000)
    }

    fn request(&self) -> String {
        format!("{:016x}{:016x}", self.of(2), self.of(3))
    }

    fn port(&self) -> i64 {
        32_768 + (self.of(4) % 28_000) as i64
    }

    fn few(&self) -> i64 {
        (self.of(5) % 100) as i64
    }
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn attributes(role: usize, vary: &Vary, code: i64) -> Vec<KeyValue> {
    let thread = || int("thread.id", 30 + (vary.of(6) % 20) as i64);
    match role {
        0 => vec![
            text("http.request.method", "POST"),
            text("url.scheme", "https"),
            text("url.path", &format!("/api/v1/carts/{}/checkout", vary.order())),
            text("url.query", &format!("locale=en-GB&ref=p{:04}", vary.few())),
            text("http.route", "/api/v1/carts/{cart_id}/checkout"),
            int("http.response.status_code", code),
            text("server.address", "shop.staging.example.com"),
            int("server.port", 443),
            text("network.protocol.version", "1.1"),
            text("user_agent.original", AGENTS[(vary.of(9) % 6) as usize]),
            text("client.address", &format!("203.0.113.{}", 100 + vary.of(10) % 150)),
            int("network.peer.port", vary.port()),
            text("user.id", &vary.user()),
            text("session.id", &vary.session()),
        ],
        1 => vec![
            text("code.function.name", "CheckoutHandler.priceItems"),
            text("code.file.path", "/srv/app/dist/checkout/handler.js"),
            int("code.line.number", 118),
            int("thread.id", 1),
            text("thread.name", "main"),
            text("app.cart.id", &format!("cart-{}", vary.order())),
            int("app.cart.items", vary.few()),
            text("app.cart.currency", "GBP"),
            text("user.id", &vary.user()),
            text("session.id", &vary.session()),
            text("feature_flag.key", "new-pricing-engine"),
            text("app.cart.tags", "express gift"),
        ],
        2 => vec![
            text("http.request.method", "POST"),
            text(
                "url.full",
                &format!(
                    "http://orders-api.shop.svc.cluster.local:8080/internal/orders?cart={}&request_id={}",
                    vary.order(),
                    vary.request()
                ),
            ),
            text("server.address", "orders-api.shop.svc.cluster.local"),
            int("server.port", 8080),
            int("http.response.status_code", code),
            text("network.protocol.name", "http"),
            text("network.protocol.version", "1.1"),
            text("network.peer.address", "10.96.14.201"),
            int("network.peer.port", 8080),
            text("network.transport", "tcp"),
            int("http.request.body.size", vary.few() * 160),
            int("http.response.body.size", vary.few() * 170),
        ],
        3 => vec![
            text("rpc.system", "grpc"),
            text("rpc.service", "shop.pricing.v1.Pricing"),
            text("rpc.method", "Quote"),
            int("rpc.grpc.status_code", 0),
            text("server.address", "pricing.shop.svc.cluster.local"),
            int("server.port", 9090),
            text("network.peer.address", "10.96.88.12"),
            int("network.peer.port", 9090),
            text("network.transport", "tcp"),
            text("user.id", &vary.user()),
        ],
        4 => vec![
            text("http.request.method", "POST"),
            text("url.scheme", "http"),
            text("url.path", "/internal/orders"),
            text("url.query", &format!("cart={}&request_id={}", vary.order(), vary.request())),
            text("http.route", "/internal/orders"),
            int("http.response.status_code", code),
            text("server.address", "orders-api.shop.svc.cluster.local"),
            int("server.port", 8080),
            text("network.protocol.version", "1.1"),
            text("user_agent.original", "undici"),
            text("network.peer.address", "10.244.3.17"),
            int("network.peer.port", vary.port() + 1),
            text("session.id", &vary.session()),
        ],
        5 => vec![
            text("db.system.name", "postgresql"),
            text("db.namespace", "shop|orders"),
            text("db.collection.name", "orders"),
            text("db.operation.name", "INSERT"),
            text(
                "db.query.text",
                "INSERT INTO orders (id, cart_id, user_id, total_minor, currency, status, created_at) VALUES (?, ?, ?, ?, ?, ?, now()) RETURNING id",
            ),
            text("db.query.summary", "INSERT orders"),
            text("server.address", "orders-db.shop.svc.cluster.local"),
            int("server.port", 5432),
            text("network.peer.address", "10.96.201.9"),
            int("network.peer.port", 5432),
            thread(),
            text("thread.name", "http-nio-8080-exec-7"),
        ],
        6 => vec![
            text("db.system.name", "redis"),
            text("db.operation.name", "GET"),
            text("db.query.text", &format!("GET session:{}", vary.session())),
            text("db.namespace", "0"),
            text("server.address", "sessions.shop.svc.cluster.local"),
            int("server.port", 6379),
            text("network.peer.address", "10.96.77.40"),
            int("network.peer.port", 6379),
            text("network.transport", "tcp"),
            thread(),
        ],
        7 => vec![
            text("code.function.name", "com.example.shop.orders.OrderValidator.validate"),
            text("code.file.path", "OrderValidator.java"),
            int("code.line.number", 64),
            thread(),
            text("thread.name", "http-nio-8080-exec-7"),
            text("app.order.id", &format!("ord-{}", vary.order())),
            int("app.order.items", vary.few()),
            text("app.order.valid", "true"),
            text("user.id", &vary.user()),
            text("app.order.product", &format!("sku-{:04}", vary.few())),
        ],
        8 => vec![
            text("rpc.system", "grpc"),
            text("rpc.service", "shop.pricing.v1.Pricing"),
            text("rpc.method", "Quote"),
            int("rpc.grpc.status_code", 0),
            text("server.address", "pricing.shop.svc.cluster.local"),
            int("server.port", 9090),
            text("client.address", "10.244.1.33"),
            text("network.peer.address", "10.244.1.33"),
            int("network.peer.port", vary.port() + 2),
            text("network.transport", "tcp"),
            text("network.type", "ipv4"),
            text("user.id", &vary.user()),
        ],
        9 => vec![
            text("code.function.name", "discount.(*Engine).Apply"),
            text("code.file.path", "/src/internal/discount/engine.go"),
            int("code.line.number", 201),
            int("app.discount.rules", vary.few()),
            text("app.discount.campaign", ["autumn-25", "loyalty", "none"][(vary.of(11) % 3) as usize]),
            text("app.product.sku", &format!("sku-{:04}", vary.few())),
            text("user.id", &vary.user()),
            text("session.id", &vary.session()),
            text("feature_flag.key", "new-pricing-engine"),
            text("feature_flag.result.variant", ["on", "off"][(vary.of(12) % 2) as usize]),
        ],
        10 => vec![
            text("db.system.name", "postgresql"),
            text("db.namespace", "shop|pricing"),
            text("db.collection.name", "price_list"),
            text("db.operation.name", "SELECT"),
            text(
                "db.query.text",
                "SELECT sku, amount_minor, currency, valid_from, valid_to FROM price_list WHERE sku = ANY($1) AND currency = $2 AND valid_from <= now() ORDER BY valid_from DESC",
            ),
            text("db.query.summary", "SELECT price_list"),
            int("db.response.returned_rows", vary.few()),
            text("server.address", "pricing-db.shop.svc.cluster.local"),
            int("server.port", 5432),
            text("network.peer.address", "10.96.201.44"),
            int("network.peer.port", 5432),
        ],
        _ => vec![
            text("messaging.system", "kafka"),
            text("messaging.destination.name", "price-quotes"),
            text("messaging.operation.name", "send"),
            text("messaging.operation.type", "send"),
            text("messaging.client.id", "pricing-6b8f9d7c4-tt5lw"),
            text("messaging.message.id", &vary.request()),
            text("messaging.kafka.message.key", &format!("ord-{}", vary.order())),
            text("messaging.destination.partition.id", ["0", "1", "2", "3"][(vary.of(13) % 4) as usize]),
            int("messaging.message.body.size", vary.few() * 150),
            text("server.address", "kafka-0.kafka.shop.svc.cluster.local"),
            int("server.port", 9092),
        ],
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn event(time_unix_nano: u64, name: &str, attributes: Vec<KeyValue>) -> span::Event {
    span::Event { time_unix_nano, name: name.into(), attributes, ..span::Event::default() }
}

fn trace_id(trace: u64) -> Vec<u8> {
    [mix(!trace).to_be_bytes(), mix(trace).to_be_bytes()].concat()
}

fn span_id(unit: u64, role: usize) -> Vec<u8> {
    mix(mix(unit) ^ role as u64).max(1).to_be_bytes().to_vec()
}

/// A number that looks random (the finalizer of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
