//! One file a rule: what it says, in which words, and the sketches on which it fires and keeps silent.

pub mod http_entry_not_server;
pub mod merged_under_local_span;
pub mod request_inherits_finished_request;
