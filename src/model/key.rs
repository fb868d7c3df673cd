//! The attribute keys that diagnosis watches, and sets of them.

/// Declares [`Key`] and its table: one row a key, with every attribute name that sets it.
macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $($name:literal)|*;)*) => {
        /// A watched attribute key, or a pair of keys that mean the same. Old and new names of the
        /// semantic conventions are told apart (stable HTTP conventions: v1.23 and later).
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Key { $($(#[$doc])* $key,)* }

        const NAMES: &[(&str, Key)] = &[$($(($name, Key::$key),)*)*];
    };
}

keys! {
    /// HTTP method.
    HttpMethodOld = "http.method";
    /// HTTP method.
    HttpMethod = "http.request.method";
    /// HTTP status.
    HttpStatusOld = "http.status_code";
    /// HTTP status.
    HttpStatus = "http.response.status_code";
    /// Path and query as the server saw them.
    HttpTarget = "http.target";
    /// Path as the server saw it.
    UrlPath = "url.path";
    /// Query string.
    UrlQuery = "url.query";
    /// URL scheme.
    HttpScheme = "http.scheme";
    /// URL scheme.
    UrlScheme = "url.scheme";
    /// Absolute URL.
    HttpUrl = "http.url";
    /// Absolute URL.
    UrlFull = "url.full";
    /// `Host` header.
    HttpHost = "http.host";
    /// Configured name of the server.
    HttpServerName = "http.server_name";
    /// Local host.
    NetHostName = "net.host.name" | "net.host.port";
    /// Host that was called, or that serves.
    ServerAddress = "server.address";
    /// Port that was called, or that serves.
    ServerPort = "server.port";
    /// Peer by name.
    NetPeerName = "net.peer.name";
    /// Peer port.
    NetPeerPort = "net.peer.port" | "net.sock.peer.port";
    /// Client behind proxies.
    HttpClientIp = "http.client_ip";
    /// Client behind proxies.
    ClientAddress = "client.address";
    /// Client's port.
    ClientPort = "client.port";
    /// Peer by address.
    NetPeerIp = "net.peer.ip" | "net.sock.peer.addr";
    /// Peer by address.
    NetworkPeerAddress = "network.peer.address";
    /// Peer port.
    NetworkPeerPort = "network.peer.port";
    /// User agent.
    HttpUserAgent = "http.user_agent";
    /// User agent.
    UserAgent = "user_agent.original";
    /// Route template.
    HttpRoute = "http.route";
    /// Low-cardinality template of a called URL.
    UrlTemplate = "url.template";
    /// Ordinal of a resent request.
    HttpResendCount = "http.request.resend_count" | "http.resend_count";
    /// RPC system.
    RpcSystem = "rpc.system" | "rpc.system.name";
    /// RPC service.
    RpcService = "rpc.service";
    /// RPC method.
    RpcMethod = "rpc.method";
    /// RPC status.
    RpcStatus = "rpc.grpc.status_code" | "rpc.status_code" | "rpc.response.status_code";
    /// Database system.
    DbSystem = "db.system" | "db.system.name";
    /// Database facts under their old names.
    DbOld = "db.statement" | "db.operation" | "db.name";
    /// Database facts under their new names.
    DbNew = "db.query.text" | "db.operation.name" | "db.namespace";
    /// Messaging system.
    MessagingSystem = "messaging.system";
    /// Messaging operation.
    MessagingOperationOld = "messaging.operation";
    /// Messaging operation.
    MessagingOperationType = "messaging.operation.type";
    /// Messaging operation's name.
    MessagingOperationName = "messaging.operation.name";
    /// Destination of a message.
    MessagingDestination = "messaging.destination.name" | "messaging.destination";
    /// Trigger of a function.
    FaasTrigger = "faas.trigger";
    /// Invocation of a function.
    FaasInvocation = "faas.invocation_id" | "faas.execution";
    /// A function that is called, not served.
    FaasInvoked = "faas.invoked_name";
    /// GraphQL operation.
    GraphqlOperation = "graphql.operation.type" | "graphql.operation.name";
    /// MCP method.
    McpMethod = "mcp.method.name";
    /// Generative AI operation.
    GenAiOperation = "gen_ai.operation.name";
    /// Facts of a process on a span: a command line.
    ProcessCommand = "process.command_args" | "process.exit.code" | "process.exit_code" | "process.command";
    /// A rake task.
    RakeTask = "rake.task";
    /// An ASGI message inside of a request.
    AsgiEvent = "asgi.event.type";
    /// A layer of a framework, not a request of its own.
    FrameworkLayer = "express.type" | "koa.type" | "connect.type" | "hapi.type" | "restify.type"
        | "fastify.type" | "nestjs.type" | "hono.type" | "router.type";
    /// Source code location.
    Code = "code.function" | "code.function.name" | "code.namespace";
    /// Who the request is for.
    Identity = "session.id" | "enduser.id" | "user.id";
    /// Thread.
    ThreadId = "thread.id";
    /// Application protocol.
    NetworkProtocol = "network.protocol.name";
    /// A test case.
    Test = "test.name" | "test.case.name" | "test.suite.name" | "test.framework";
    /// A CI pipeline.
    Cicd = "cicd.pipeline.name" | "cicd.pipeline.run.id" | "cicd.pipeline.task.name";
    /// Size of a batch of messages.
    MessagingBatch = "messaging.batch.message_count";
    /// Error type.
    ErrorType = "error.type" | "exception.type";
    /// Facts of a resource on a span.
    ResourceFact = "service.name" | "service.namespace" | "service.instance.id" | "service.version" | "host.name"
        | "host.id" | "telemetry.sdk.name" | "telemetry.sdk.language" | "telemetry.sdk.version" | "k8s.pod.name"
        | "k8s.namespace.name" | "k8s.node.name" | "k8s.deployment.name" | "container.id";
    /// Protocol version under its old name.
    HttpFlavorOld = "http.flavor";
    /// Peer service.
    PeerService = "peer.service" | "service.peer.name";
    /// Old name of the message id and its kin.
    MessagingOld = "messaging.message_id" | "messaging.destination_kind" | "messaging.url";
    /// Not a key: a value looks like a credential that was not masked.
    Secret = "";
    /// Not a key: a status code or a port was sent as text.
    NumberAsText = "";
    /// Not a key: a websocket (`network.protocol.name`, URL scheme, status 101).
    Websocket = "";
    /// Not a key: the path or RPC service is one that takes telemetry.
    TelemetryCall = "";
    /// Not a key: the path is that of a health, readiness or metrics probe.
    ProbePath = "";
    /// Not a key: a database engine that runs inside of the process.
    EmbeddedDb = "";
    /// Not a key: a generative AI operation that runs inside of the process (an agent, a tool).
    GenAiInProcess = "";
    /// Not a key: an AWS SDK call.
    AwsApi = "";
    /// Not a key: `tracestate` has a sampling threshold (`ot=th:`).
    SamplingThreshold = "";
    /// Not a key: eight zero bytes were sent as the parent id.
    ZeroParent = "";
    /// Not a key: the span carries links.
    HasLinks = "";
    /// Not a key: the SDK discarded attributes, events or links.
    Dropped = "";
    /// Headers with credentials. Set as [`Key::Secret`] unless the value is masked.
    SecretHeader = "http.request.header.authorization" | "http.request.header.cookie"
        | "http.request.header.proxy_authorization" | "http.request.header.proxy-authorization"
        | "http.request.header.x-api-key" | "http.request.header.x_api_key"
        | "http.response.header.set-cookie" | "http.response.header.set_cookie"
        | "rpc.request.metadata.authorization" | "rpc.request.metadata.cookie"
        | "rpc.grpc.request.metadata.authorization" | "rpc.grpc.request.metadata.cookie";
    /// How a database is reached, as a URL with the credentials in some.
    DbConnection = "db.connection_string";
    /// Not a key: a link leads to a trace id of zeros.
    ZeroLink = "";
    /// Not a key: a list was sent as text.
    ListAsText = "";
    /// Not a key: an exception was recorded as an event.
    HasException = "";
}

const SLOTS: usize = 1024;
const VACANT: u8 = u8::MAX;

/// Open addressing over a hash of length and three bytes, made at compile time: most keys of a span are
/// nobody's business here, and a miss must cost one load.
static TABLE: [u8; SLOTS] = {
    let mut table = [VACANT; SLOTS];
    let mut i = 0;
    while i < NAMES.len() {
        let name = NAMES[i].0.as_bytes();
        if !name.is_empty() {
            let mut slot = slot(name);
            while table[slot] != VACANT {
                slot = (slot + 1) % SLOTS;
            }
            table[slot] = i as u8;
        }
        i += 1;
    }
    table
};

const fn slot(name: &[u8]) -> usize {
    let (len, last) = (name.len(), name.len() - 1);
    (len * 37 + name[0] as usize * 11 + name[len / 2] as usize * 59 + name[last] as usize * 113) % SLOTS
}

impl Key {
    /// The watched key with this attribute name.
    #[inline]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let mut slot = slot(name);
        loop {
            let (candidate, key) = *NAMES.get(usize::from(TABLE[slot]))?;
            if candidate.as_bytes() == name {
                return Some(key);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// The attribute names that set this key.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(_, key)| *key == self).map(|(name, _)| *name)
    }
}

/// A set of watched keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct KeySet(u128);

impl KeySet {
    /// The set of these keys.
    pub const fn of(keys: &[Key]) -> Self {
        let mut bits = 0_u128;
        let mut i = 0;
        while i < keys.len() {
            bits |= 1_u128 << keys[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Adds a key.
    #[inline]
    pub fn insert(&mut self, key: Key) {
        self.0 |= 1_u128 << key as u8;
    }

    /// Whether it holds this key.
    #[inline]
    pub fn has(self, key: Key) -> bool {
        self.0 & (1_u128 << key as u8) != 0
    }

    /// Whether it holds any of these.
    #[inline]
    pub fn any(self, keys: Self) -> bool {
        self.0 & keys.0 != 0
    }

    /// Whether it holds all of these.
    #[inline]
    pub fn all(self, keys: Self) -> bool {
        self.0 & keys.0 == keys.0
    }

    /// The keys that either holds.
    #[must_use]
    pub const fn or(self, keys: Self) -> Self {
        Self(self.0 | keys.0)
    }

    /// The keys that both hold.
    #[must_use]
    pub const fn and(self, keys: Self) -> Self {
        Self(self.0 & keys.0)
    }

    /// The attribute names behind the keys, for evidence.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(name, key)| !name.is_empty() && self.has(*key)).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_key_and_no_other_does() {
        for (name, key) in NAMES.iter().filter(|(name, _)| !name.is_empty()) {
            assert_eq!(Key::from_name(name.as_bytes()), Some(*key), "{name}");
            assert_ne!(Key::from_name(format!("{name}x").as_bytes()), Some(*key));
        }
        for other in ["", "a", "app.cart.id", "feature_flag.key", "http.methox"] {
            assert_eq!(Key::from_name(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn keys_fit_the_set() {
        assert!((Key::HasException as u8) < 128);
        let set = KeySet::of(&[Key::HttpMethod, Key::UrlPath]);
        assert!(set.has(Key::UrlPath) && !set.has(Key::HttpTarget));
        assert_eq!(set.names().collect::<Vec<_>>(), ["http.request.method", "url.path"]);
    }

    #[test]
    fn most_names_need_one_probe() {
        let far = NAMES
            .iter()
            .enumerate()
            .filter(|(i, (n, _))| !n.is_empty() && TABLE[slot(n.as_bytes())] != *i as u8);
        assert!(far.count() * 4 < NAMES.len());
    }
}
