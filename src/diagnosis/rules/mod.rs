//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod broken_hop;
pub mod broken_topology;
pub mod callee_parented_beside_call;
pub mod child_before_parent;
pub mod client_root;
pub mod consumer_unlinked;
pub mod hand_made_remote_context;
pub mod http_entry_not_server;
pub mod merged_under_local_span;
pub mod missing_local_parent;
pub mod missing_remote_parent;
pub mod negative_duration;
pub mod partially_instrumented;
pub mod request_inherits_finished_request;
pub mod sampling_fragments;
pub mod truncated_trace_id;
pub mod unknown_service;
pub mod work_outside_request;
