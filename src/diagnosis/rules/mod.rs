//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod child_before_parent;
pub mod duplicate_span;
pub mod high_cardinality_name;
pub mod http_entry_not_server;
pub mod invalid_id;
pub mod leaked_secret;
pub mod low_entropy_ids;
pub mod merged_under_local_span;
pub mod negative_duration;
pub mod request_inherits_finished_request;
pub mod span_id_collision;
pub mod unknown_service;
pub mod zipkin_shared_span_id;
