//! What a span describes, whatever its kind says.

use crate::model::{Facts, Key, KeySet, MessagingOperation, SpanKind, SpanRecord};

/// The role of a span, from its attributes, its kind only where nothing else tells the sides apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) enum Role {
    /// No role that a rule knows.
    #[default]
    Other,
    /// Handling of an inbound HTTP request.
    HttpIn,
    /// An outbound HTTP request.
    HttpOut,
    /// Handling of an RPC.
    RpcIn,
    /// A call of an RPC.
    RpcOut,
    /// An RPC whose side is not known: no attribute tells it.
    RpcEither,
    /// Processing of a message.
    MessageIn,
    /// Receiving messages, before they are processed.
    MessageReceive,
    /// Creating or sending a message.
    MessageOut,
    /// Invocation of a function.
    FaasIn,
    /// Execution of a job.
    JobIn,
    /// A database call.
    DatabaseOut,
    /// A GraphQL operation. A part of a request, not an entry of its own.
    GraphQl,
    /// A request of the Model Context Protocol, on either side.
    Mcp,
    /// An operation of generative AI.
    GenAi,
    /// A run of a CI/CD pipeline, or a task of one.
    Pipeline,
    /// A page or a resource that a browser loaded, measured after the fact.
    WebLoad,
    /// A command of a command line.
    Cli,
}

impl Role {
    /// What two entries must have in common to be one request. Operations inside of requests have no say in it.
    pub(crate) fn of_request(self) -> Self {
        match self {
            Self::GraphQl | Self::Mcp | Self::GenAi | Self::Pipeline | Self::WebLoad => Self::Other,
            Self::RpcEither => Self::RpcOut,
            known => known,
        }
    }
}

const HTTP_METHOD: KeySet = KeySet::of(&[Key::HttpMethod, Key::HttpMethodOld]);
/// Only a server knows these (HTTP conventions, old and new).
const SERVER_SIDE: KeySet =
    KeySet::of(&[Key::UrlPath, Key::HttpTarget, Key::ClientAddress, Key::HttpClientIp, Key::HttpServerName]);
/// Only a client knows these.
const CLIENT_SIDE: KeySet = KeySet::of(&[Key::UrlFull, Key::UrlTemplate, Key::HttpResendCount]);
/// A client span of an old convention carries some of these beside a target.
const CALLED_HOST: KeySet = KeySet::of(&[Key::HttpUrl, Key::UrlFull, Key::NetPeerName, Key::ServerAddress]);
/// HTTP attributes on a layer inside of a request (ASGI messages, framework layers).
const INNER_LAYER: KeySet = KeySet::of(&[Key::AsgiEvent, Key::FrameworkLayer]);
const MESSAGING: KeySet =
    KeySet::of(&[Key::MessagingSystem, Key::MessagingOperationOld, Key::MessagingOperationType]);

/// What is known of a span's scope, once per scope.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeTraits {
    /// Chooses INTERNAL, and ignores the incoming headers, when any span is already current
    /// (opentelemetry-python-contrib, `_start_internal_or_server_span`).
    pub(crate) conditional_kind: bool,
    /// Opens a span around a command line.
    pub(crate) command_line: bool,
    /// Runs jobs.
    pub(crate) jobs: bool,
    /// A test runner.
    pub(crate) tests: bool,
    /// Describes page loads of a browser, with URLs, as INTERNAL spans.
    pub(crate) web_load: bool,
    /// Runs tasks of a workflow engine, whose contexts travel with the task.
    pub(crate) tasks: bool,
}

impl ScopeTraits {
    pub(crate) fn of(scope: &str) -> Self {
        let python = scope.strip_prefix("opentelemetry.instrumentation.");
        Self {
            conditional_kind: matches!(
                python,
                Some(
                    "asgi"
                        | "fastapi"
                        | "starlette"
                        | "django"
                        | "falcon"
                        | "flask"
                        | "pyramid"
                        | "tornado"
                        | "wsgi"
                )
            ),
            command_line: matches!(python, Some("click" | "asyncclick"))
                || scope == "OpenTelemetry::Instrumentation::Rake",
            jobs: matches!(
                scope,
                "opentelemetry.instrumentation.celery"
                    | "OpenTelemetry.Instrumentation.Quartz"
                    | "Quartz"
                    | "OpenTelemetry::Instrumentation::Sidekiq"
                    | "OpenTelemetry::Instrumentation::ActiveJob"
                    | "OpenTelemetry::Instrumentation::Resque"
                    | "OpenTelemetry::Instrumentation::DelayedJob"
                    | "io.opentelemetry.spring-scheduling-3.1"
            ),
            tests: is_test_runner(scope),
            web_load: scope == "@opentelemetry/instrumentation-document-load",
            tasks: ["temporal", "airflow", "prefect", "dagster"].iter().any(|engine| scope.contains(engine)),
        }
    }
}

/// What is known of a span's name, once per name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NameTraits {
    /// The name of a command that starts a server or a worker.
    pub(crate) command: bool,
    /// A start-up, host or lifecycle span.
    pub(crate) startup: bool,
    /// A loop that polls or schedules.
    pub(crate) polls: bool,
    /// A test runner or a test.
    pub(crate) tests: bool,
    /// The name of a command that runs tests.
    pub(crate) test_command: bool,
    /// A websocket, stream or circuit.
    pub(crate) stream: bool,
}

impl NameTraits {
    pub(crate) fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        Self {
            command: matches!(
                lower.as_str(),
                "run"
                    | "serve"
                    | "server"
                    | "start"
                    | "runserver"
                    | "worker"
                    | "work"
                    | "listen"
                    | "consume"
                    | "watch"
                    | "daemon"
                    | "dev"
                    | "uvicorn"
                    | "gunicorn"
                    | "hypercorn"
            ) || lower.starts_with("command ")
                || lower == "artisan handler",
            startup: any(&[
                "startup",
                "bootstrap",
                "initializ",
                "lifecycle",
                "lifespan",
                "startasync",
                "node_assignments",
            ]) || matches!(lower.as_str(), "init" | "main" | "application" | "host"),
            polls: any(&["poll", "schedul"]) || lower.ends_with("receive"),
            tests: is_test_runner(name),
            test_command: matches!(lower.as_str(), "test" | "tests" | "check" | "spec"),
            stream: any(&["websocket", "/_blazor", "socket.io", "signalr"]) || lower.ends_with("hub"),
        }
    }
}

fn is_test_runner(name: &str) -> bool {
    const RUNNERS: &[&str] = &[
        "pytest",
        "unittest",
        "jest",
        "mocha",
        "vitest",
        "playwright",
        "cypress",
        "junit",
        "testng",
        "xunit",
        "nunit",
        "rspec",
        "phpunit",
        "go test",
    ];
    let lower = name.to_ascii_lowercase();
    RUNNERS.iter().any(|runner| lower.contains(runner))
}

/// The role of a span.
pub(crate) fn role(record: &SpanRecord, facts: Option<&Facts>, scope: ScopeTraits) -> Role {
    let keys = record.keys;
    let kind = record.kind();
    if scope.web_load {
        return Role::WebLoad;
    }
    if keys.any(HTTP_METHOD) && !keys.any(INNER_LAYER) {
        match http_side(keys, kind) {
            Some(true) => return Role::HttpIn,
            Some(false) => return Role::HttpOut,
            None => {}
        }
    }
    if (keys.has(Key::FaasTrigger) || keys.has(Key::FaasInvocation)) && !keys.has(Key::FaasInvoked) {
        return Role::FaasIn;
    }
    if keys.any(MESSAGING) {
        let operation = facts.map(|f| f.messaging).unwrap_or_default();
        let message = match operation {
            MessagingOperation::Process => Some(Role::MessageIn),
            MessagingOperation::Receive => Some(Role::MessageReceive),
            MessagingOperation::Create | MessagingOperation::Send => Some(Role::MessageOut),
            MessagingOperation::Settle | MessagingOperation::None => None,
        };
        if let Some(role) = message {
            return role;
        }
    }
    if keys.has(Key::RpcSystem) {
        return match kind {
            SpanKind::Server => Role::RpcIn,
            SpanKind::Client => Role::RpcOut,
            _ => Role::RpcEither,
        };
    }
    if keys.has(Key::DbSystem) {
        return Role::DatabaseOut;
    }
    if scope.jobs && kind == SpanKind::Consumer {
        return Role::JobIn;
    }
    if keys.has(Key::ProcessCommand) || keys.has(Key::RakeTask) || scope.command_line {
        return Role::Cli;
    }
    [
        (Key::McpMethod, Role::Mcp),
        (Key::GenAiOperation, Role::GenAi),
        (Key::GraphqlOperation, Role::GraphQl),
        (Key::Cicd, Role::Pipeline),
    ]
    .into_iter()
    .find(|(key, _)| keys.has(*key))
    .map_or(Role::Other, |(_, role)| role)
}

/// Whether a span with an HTTP method describes a request that came in (`true`) or went out (`false`).
fn http_side(keys: KeySet, kind: SpanKind) -> Option<bool> {
    // `url.scheme` is opt-in on client spans, so it speaks for a server only without `url.full`.
    let server = keys.any(SERVER_SIDE) || keys.has(Key::UrlScheme) && !keys.has(Key::UrlFull);
    let inside = keys.has(Key::HttpTarget) || keys.has(Key::HttpRoute);
    // Old server spans carry the absolute URL too (Django without a target); a client's never name the server or the
    // client's address.
    let seen_by_server = keys.any(KeySet::of(&[Key::HttpServerName, Key::HttpClientIp, Key::ClientAddress]));
    let client = keys.any(CLIENT_SIDE)
        || keys.has(Key::HttpUrl) && !keys.has(Key::HttpTarget) && !seen_by_server
        || keys.has(Key::NetPeerName) && !inside
        || keys.has(Key::ServerAddress) && !keys.has(Key::UrlPath) && !server;
    // Node's old client spans carry target and URL; so do its old server spans, with a client address or a route.
    let both = keys.has(Key::HttpUrl) && keys.has(Key::HttpTarget);
    let served = KeySet::of(&[Key::HttpRoute, Key::HttpClientIp, Key::HttpServerName, Key::ClientAddress]);
    match kind {
        // A target alone does not make a server of a span that says it calls: old clients carry one too.
        SpanKind::Client | SpanKind::Producer if keys.any(CALLED_HOST) || !keys.any(served) => Some(false),
        _ if server && !client => (!both || keys.any(served) || kind == SpanKind::Server).then_some(true),
        _ if client && !server => Some(false),
        _ => None,
    }
}

/// Whether a span starts the handling of something that came from outside of its process.
pub(crate) fn is_entry(role: Role, kind: SpanKind) -> bool {
    matches!(role, Role::HttpIn | Role::RpcIn | Role::MessageIn | Role::FaasIn | Role::JobIn)
        || kind == SpanKind::Server
        || (kind == SpanKind::Consumer && role != Role::MessageReceive)
}

/// The attributes that prove an inbound HTTP request.
pub(crate) fn inbound_proof(keys: KeySet) -> KeySet {
    keys.and(KeySet::of(&[
        Key::UrlPath,
        Key::HttpTarget,
        Key::ClientAddress,
        Key::HttpClientIp,
        Key::HttpServerName,
        Key::UrlScheme,
        Key::NetPeerIp,
        Key::NetPeerPort,
        Key::HttpUserAgent,
        Key::UserAgent,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SpanId;

    fn role_of(kind: SpanKind, names: &[&str]) -> Role {
        let mut record = SpanRecord::new(SpanId(1), SpanId(2));
        record.set_kind(kind.to_wire());
        names.iter().filter_map(|n| Key::from_name(n.as_bytes())).for_each(|key| record.keys.insert(key));
        role(&record, None, ScopeTraits::default())
    }

    #[test]
    fn sides_of_http() {
        use SpanKind::{Client, Internal, Server};
        let method = "http.request.method";
        for (kind, names, expected) in [
            (Internal, &["http.method", "http.target", "net.peer.ip"][..], Role::HttpIn),
            (Server, &[method, "url.path", "url.scheme", "server.address"], Role::HttpIn),
            (Internal, &[method, "url.path", "url.scheme", "server.address"], Role::HttpIn),
            (Client, &["http.method", "http.url"], Role::HttpOut),
            (Client, &[method, "url.full", "url.path", "server.address"], Role::HttpOut),
            (Client, &["http.method", "http.url", "http.target", "net.peer.name"], Role::HttpOut),
            (Internal, &["http.method", "http.url", "http.target", "net.peer.name"], Role::Other),
            (Client, &["http.method", "http.target", "http.host"], Role::HttpOut),
            (Client, &["http.method", "http.target", "http.route", "http.client_ip"], Role::HttpIn),
            (Internal, &[method, "url.full", "url.path"], Role::Other),
            (Internal, &["http.method", "http.target", "asgi.event.type"], Role::Other),
            (Internal, &["http.route", "http.method"], Role::Other),
            (Internal, &["http.route", "express.type"], Role::Other),
            (Internal, &["http.method", "http.route", "http.url"], Role::HttpOut),
            (
                Internal,
                &["http.method", "http.url", "http.server_name", "http.host", "net.peer.ip"],
                Role::HttpIn,
            ),
            (Client, &["http.method", "http.url", "net.peer.name"], Role::HttpOut),
        ] {
            assert_eq!(role_of(kind, names), expected, "{kind} {names:?}");
        }
    }

    #[test]
    fn operations_inside_of_requests() {
        use SpanKind::{Client, Internal, Server};
        for (kind, names, expected) in [
            (Internal, &["graphql.operation.type", "graphql.operation.name"][..], Role::GraphQl),
            (Server, &["http.request.method", "url.path", "graphql.operation.type"], Role::HttpIn),
            (Client, &["mcp.method.name", "gen_ai.operation.name"], Role::Mcp),
            (Internal, &["gen_ai.operation.name"], Role::GenAi),
            (Internal, &["cicd.pipeline.task.name"], Role::Pipeline),
            (Internal, &["cicd.pipeline.task.name", "process.command"], Role::Cli),
            (Server, &["rpc.system"], Role::RpcIn),
            (Client, &["rpc.system"], Role::RpcOut),
            (Internal, &["rpc.system"], Role::RpcEither),
        ] {
            assert_eq!(role_of(kind, names), expected, "{kind} {names:?}");
        }
        let mut page = SpanRecord::new(SpanId(1), SpanId::NONE);
        page.keys.insert(Key::HttpMethod);
        page.keys.insert(Key::UrlFull);
        let scope = ScopeTraits::of("@opentelemetry/instrumentation-document-load");
        assert_eq!(role(&page, None, scope), Role::WebLoad);
    }

    #[test]
    fn operations_inside_of_requests_are_no_entries_by_themselves() {
        for role in [Role::GraphQl, Role::Mcp, Role::GenAi, Role::Pipeline, Role::WebLoad, Role::RpcEither] {
            assert!(!is_entry(role, SpanKind::Internal), "{role:?}");
            assert!(is_entry(role, SpanKind::Server), "{role:?}");
        }
        assert_eq!(
            Role::GraphQl.of_request(),
            Role::Other.of_request(),
            "one request, as before they were told apart"
        );
        assert_ne!(Role::HttpIn.of_request(), Role::Other.of_request());
    }
}
