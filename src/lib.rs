//! otoscope: a terminal inspector that says what is wrong with the instrumentation behind a trace.
//!
//! # The house
//!
//! One owner, one direction: receive → ingest → assemble → diagnose → render. The main task owns the store and
//! the diagnosis; receivers and dump readers only send batches down one bounded channel; views only read.
//! Keys are the only thing that travels the other way.
//!
//! | room | what it holds | may use |
//! |---|---|---|
//! | [`model`] | what telemetry is: ids, records, facts, batches, decoded spans | nothing |
//! | [`otlp`] | the wire: one walk over request bytes, OTLP/JSON, decoding for display | `model` |
//! | [`dump`] | files: one file a format, sniffing, compression, pacing | `model`, `otlp` |

pub mod dump;
pub mod model;
pub mod otlp;
