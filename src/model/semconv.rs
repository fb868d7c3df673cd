//! Attribute names of earlier semantic conventions, and what took their place.
//!
//! From the `rename_attributes` of the schemas up to 1.44.0 and the migration guides for HTTP, databases, messaging, RPC
//! and code (<https://github.com/open-telemetry/semantic-conventions>). A name whose successor depends on more than the
//! kind of its span, or on which the sources differ, is not in here.

use super::SpanKind;

/// Old name and new name, sorted.
const RENAMED: &[(&str, &str)] = &[
    ("android.state", "android.app.state"),
    ("az.namespace", "azure.resource_provider.namespace"),
    ("az.service_request_id", "azure.service.request.id"),
    ("browser.user_agent", "user_agent.original"),
    ("code.column", "code.column.number"),
    ("code.filepath", "code.file.path"),
    ("code.function", "code.function.name"),
    ("code.lineno", "code.line.number"),
    ("code.namespace", "code.function.name"),
    ("container.runtime", "container.runtime.name"),
    ("db.cassandra.consistency_level", "cassandra.consistency.level"),
    ("db.cassandra.coordinator.dc", "cassandra.coordinator.dc"),
    ("db.cassandra.coordinator.id", "cassandra.coordinator.id"),
    ("db.cassandra.idempotence", "cassandra.query.idempotent"),
    ("db.cassandra.keyspace", "db.namespace"),
    ("db.cassandra.page_size", "cassandra.page.size"),
    ("db.cassandra.speculative_execution_count", "cassandra.speculative_execution.count"),
    ("db.cassandra.table", "db.collection.name"),
    ("db.cosmosdb.client_id", "azure.client.id"),
    ("db.cosmosdb.connection_mode", "azure.cosmosdb.connection.mode"),
    ("db.cosmosdb.consistency_level", "azure.cosmosdb.consistency.level"),
    ("db.cosmosdb.container", "db.collection.name"),
    ("db.cosmosdb.regions_contacted", "azure.cosmosdb.operation.contacted_regions"),
    ("db.cosmosdb.request_charge", "azure.cosmosdb.operation.request_charge"),
    ("db.cosmosdb.request_content_length", "azure.cosmosdb.request.body.size"),
    ("db.cosmosdb.sub_status_code", "azure.cosmosdb.response.sub_status_code"),
    ("db.elasticsearch.cluster.name", "db.namespace"),
    ("db.elasticsearch.node.name", "elasticsearch.node.name"),
    ("db.hbase.namespace", "db.namespace"),
    ("db.mongodb.collection", "db.collection.name"),
    ("db.mssql.instance_name", "db.namespace"),
    ("db.name", "db.namespace"),
    ("db.operation", "db.operation.name"),
    ("db.redis.database_index", "db.namespace"),
    ("db.sql.table", "db.collection.name"),
    ("db.statement", "db.query.text"),
    ("db.system", "db.system.name"),
    ("deployment.environment", "deployment.environment.name"),
    ("enduser.role", "user.roles"),
    ("faas.execution", "faas.invocation_id"),
    ("faas.id", "cloud.resource_id"),
    ("feature_flag.evaluation.error.message", "feature_flag.error.message"),
    ("feature_flag.evaluation.reason", "feature_flag.result.reason"),
    ("feature_flag.provider_name", "feature_flag.provider.name"),
    ("feature_flag.variant", "feature_flag.result.variant"),
    ("gen_ai.openai.request.seed", "gen_ai.request.seed"),
    ("gen_ai.openai.request.service_tier", "openai.request.service_tier"),
    ("gen_ai.openai.response.service_tier", "openai.response.service_tier"),
    ("gen_ai.openai.response.system_fingerprint", "openai.response.system_fingerprint"),
    ("gen_ai.system", "gen_ai.provider.name"),
    ("gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"),
    ("http.client_ip", "client.address"),
    ("http.flavor", "network.protocol.version"),
    ("http.host", "server.address"),
    ("http.method", "http.request.method"),
    ("http.request_content_length", "http.request.body.size"),
    ("http.resend_count", "http.request.resend_count"),
    ("http.response_content_length", "http.response.body.size"),
    ("http.retry_count", "http.request.resend_count"),
    ("http.scheme", "url.scheme"),
    ("http.server_name", "server.address"),
    ("http.status_code", "http.response.status_code"),
    ("http.target", "url.path, url.query"),
    ("http.url", "url.full"),
    ("http.user_agent", "user_agent.original"),
    ("ios.state", "ios.app.state"),
    ("message.compressed_size", "rpc.message.compressed_size"),
    ("message.id", "rpc.message.id"),
    ("message.type", "rpc.message.type"),
    ("message.uncompressed_size", "rpc.message.uncompressed_size"),
    ("messaging.client_id", "messaging.client.id"),
    ("messaging.consumer.id", "messaging.client.id"),
    ("messaging.consumer_id", "messaging.client.id"),
    ("messaging.conversation_id", "messaging.message.conversation_id"),
    ("messaging.destination", "messaging.destination.name"),
    ("messaging.eventhubs.consumer.group", "messaging.consumer.group.name"),
    ("messaging.kafka.client_id", "messaging.client.id"),
    ("messaging.kafka.consumer.group", "messaging.consumer.group.name"),
    ("messaging.kafka.consumer_group", "messaging.consumer.group.name"),
    ("messaging.kafka.destination.partition", "messaging.destination.partition.id"),
    ("messaging.kafka.message.offset", "messaging.kafka.offset"),
    ("messaging.kafka.message_key", "messaging.kafka.message.key"),
    ("messaging.kafka.partition", "messaging.destination.partition.id"),
    ("messaging.kafka.tombstone", "messaging.kafka.message.tombstone"),
    ("messaging.message_id", "messaging.message.id"),
    ("messaging.operation", "messaging.operation.type"),
    ("messaging.protocol", "network.protocol.name"),
    ("messaging.protocol_version", "network.protocol.version"),
    ("messaging.rabbitmq.routing_key", "messaging.rabbitmq.destination.routing_key"),
    ("messaging.rocketmq.client_group", "messaging.consumer.group.name"),
    ("messaging.rocketmq.client_id", "messaging.client.id"),
    ("messaging.rocketmq.message_keys", "messaging.rocketmq.message.keys"),
    ("messaging.rocketmq.message_tag", "messaging.rocketmq.message.tag"),
    ("messaging.rocketmq.message_type", "messaging.rocketmq.message.type"),
    ("messaging.servicebus.destination.subscription_name", "messaging.destination.subscription.name"),
    ("messaging.temp_destination", "messaging.destination.temporary"),
    ("net.app.protocol.name", "network.protocol.name"),
    ("net.app.protocol.version", "network.protocol.version"),
    ("net.host.carrier.icc", "network.carrier.icc"),
    ("net.host.carrier.mcc", "network.carrier.mcc"),
    ("net.host.carrier.mnc", "network.carrier.mnc"),
    ("net.host.carrier.name", "network.carrier.name"),
    ("net.host.connection.subtype", "network.connection.subtype"),
    ("net.host.connection.type", "network.connection.type"),
    ("net.host.ip", "network.local.address"),
    ("net.host.name", "server.address"),
    ("net.host.port", "server.port"),
    ("net.peer.ip", "network.peer.address"),
    ("net.peer.name", "server.address"),
    ("net.peer.port", "server.port"),
    ("net.protocol.name", "network.protocol.name"),
    ("net.protocol.version", "network.protocol.version"),
    ("net.sock.host.addr", "network.local.address"),
    ("net.sock.host.port", "network.local.port"),
    ("net.sock.peer.addr", "network.peer.address"),
    ("net.sock.peer.port", "network.peer.port"),
    ("net.transport", "network.transport"),
    ("peer.service", "service.peer.name"),
    ("process.executable.build_id.profiling", "process.executable.build_id.htlhash"),
    ("rpc.connect_rpc.error_code", "rpc.response.status_code"),
    ("rpc.grpc.status_code", "rpc.response.status_code"),
    ("rpc.jsonrpc.request_id", "jsonrpc.request.id"),
    ("rpc.jsonrpc.version", "jsonrpc.protocol.version"),
    ("rpc.service", "rpc.method"),
    ("rpc.system", "rpc.system.name"),
    ("server.socket.address", "network.peer.address"),
    ("server.socket.port", "network.peer.port"),
    ("telemetry.auto.version", "telemetry.distro.version"),
    ("tls.client.server_name", "server.address"),
    ("vcs.repository.change.id", "vcs.change.id"),
    ("vcs.repository.change.title", "vcs.change.title"),
    ("vcs.repository.ref.name", "vcs.ref.head.name"),
    ("vcs.repository.ref.revision", "vcs.ref.head.revision"),
    ("vcs.repository.ref.type", "vcs.ref.head.type"),
];

/// What is another name on a span that serves.
const RENAMED_ON_SERVERS: &[(&str, &str)] =
    &[("net.peer.name", "client.address"), ("net.peer.port", "client.port")];

/// Starts of names that end in a key of the sender's own.
const RENAMED_PREFIXES: &[(&str, &str)] = &[
    ("db.elasticsearch.path_parts.", "db.operation.parameter."),
    ("rpc.connect_rpc.request.metadata.", "rpc.request.metadata."),
    ("rpc.connect_rpc.response.metadata.", "rpc.response.metadata."),
    ("rpc.grpc.request.metadata.", "rpc.request.metadata."),
    ("rpc.grpc.response.metadata.", "rpc.response.metadata."),
];

/// The name, or names, that an attribute of an earlier convention has today.
pub fn successor(key: &str, kind: SpanKind) -> Option<String> {
    let serves = matches!(kind, SpanKind::Server | SpanKind::Consumer);
    let on_server = RENAMED_ON_SERVERS.iter().find(|(old, _)| serves && *old == key);
    let found = || RENAMED.binary_search_by_key(&key, |(old, _)| old).ok().map(|at| &RENAMED[at]);
    if let Some((_, new)) = on_server.or_else(found) {
        return Some((*new).to_owned());
    }
    let prefixed = |(old, new): &(&str, &str)| Some(format!("{new}{}", key.strip_prefix(old)?));
    RENAMED_PREFIXES.iter().find_map(prefixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_back_to_an_old_one() {
        assert!(RENAMED.is_sorted_by(|(a, _), (b, _)| a < b), "it is searched by halves");
        for (old, new) in RENAMED.iter().chain(RENAMED_ON_SERVERS).chain(RENAMED_PREFIXES) {
            assert!(!old.is_empty() && !new.is_empty(), "{old}");
            for new in new.split(", ") {
                assert_ne!(*old, new);
                for kind in [SpanKind::Client, SpanKind::Server] {
                    assert_eq!(successor(new, kind), None, "{old} leads to {new}, which is old itself");
                }
            }
        }
    }

    #[test]
    fn names_are_found() {
        for (old, kind, new) in [
            ("http.method", SpanKind::Server, Some("http.request.method")),
            ("http.request.method", SpanKind::Server, None),
            ("net.peer.name", SpanKind::Client, Some("server.address")),
            ("net.peer.name", SpanKind::Server, Some("client.address")),
            ("rpc.grpc.request.metadata.x-id", SpanKind::Client, Some("rpc.request.metadata.x-id")),
            ("my.own", SpanKind::Internal, None),
            ("", SpanKind::Internal, None),
        ] {
            assert_eq!(successor(old, kind).as_deref(), new, "{old}");
        }
    }
}
