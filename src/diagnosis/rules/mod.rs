//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod background_loop_inherits_request;
pub mod child_before_parent;
pub mod client_span_adopted;
pub mod cross_talk;
pub mod duplicate_span;
pub mod ever_growing_trace;
pub mod fixed_remote_parent;
pub mod high_cardinality_name;
pub mod http_entry_not_server;
pub mod instance_id_shared;
pub mod invalid_id;
pub mod leaked_secret;
pub mod long_lived_connection_trace;
pub mod low_entropy_ids;
pub mod merged_under_local_span;
pub mod missing_http_route;
pub mod mixed_sdk;
pub mod negative_duration;
pub mod request_inherits_finished_request;
pub mod service_name_churn;
pub mod span_id_collision;
pub mod status_misuse;
pub mod trace_id_collision;
pub mod unknown_service;
pub mod zipkin_shared_span_id;
