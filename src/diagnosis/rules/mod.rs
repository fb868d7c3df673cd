//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod child_before_parent;
pub mod client_span_adopted;
pub mod fixed_remote_parent;
pub mod http_entry_not_server;
pub mod merged_under_local_span;
pub mod negative_duration;
pub mod request_inherits_finished_request;
pub mod unknown_service;
