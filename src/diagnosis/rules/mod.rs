//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod child_before_parent;
pub mod child_outlives_parent;
pub mod clock_skew;
pub mod coarse_clock;
pub mod db_kind_mismatch;
pub mod dropped_data;
pub mod exporter_traces_itself;
pub mod http_call_not_client;
pub mod http_entry_not_server;
pub mod implausible_time;
pub mod internal_with_remote_parent;
pub mod kind_mismatch_other;
pub mod kind_unspecified;
pub mod merged_under_local_span;
pub mod messaging_kind_mismatch;
pub mod negative_duration;
pub mod nested_client_spans;
pub mod nested_server_spans;
pub mod overlong_span;
pub mod request_inherits_finished_request;
pub mod service_without_entry_kind;
pub mod unknown_service;
pub mod zero_duration_flood;
