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
//! | [`otlp`] | the wire: one walk over request bytes, OTLP/JSON in and out, moving spans, decoding for display | `model` |
//! | [`store`] | what we hold: bytes, slots, trees, eviction | `model`, `otlp` |
//! | [`diagnosis`] | what is wrong: roles, un-merging, rules, findings | `model`, `store` |
//! | [`query`] | what to show: the query language, parsed once, matched span by span | `model`, `otlp`, `store`, `diagnosis` |
//! | [`stats`] | what is counted: services, operations, scopes, who calls whom | `model`, `store` |
//! | [`session`] | the owner: store, diagnosis, statistics and the memory limit | `model`, `store`, `diagnosis`, `stats` |
//! | [`own_traces`] | a trace of its own for every real request | `model`, `otlp`, `store`, `diagnosis` |
//! | [`dump`] | files: one file a format, read and written, sniffing, compression, pacing | `model`, `otlp` |
//! | [`intake`] | the bounded channel to the owner, and what it turned away | `model` |
//! | [`receiver`] | sockets: gRPC and HTTP on every port | `model`, `otlp`, `intake` |
//! | [`client`] | sockets the other way: requests to an OTLP endpoint, again and again where that is allowed | `otlp` |
//! | [`child`] | the command of `run`: a process in a terminal of its own, never left behind | nothing |
//! | [`harmless`] | text of telemetry made fit for a terminal | nothing |
//! | [`report`] | paper: findings for people, scripts and build servers | `model`, `store`, `diagnosis`, `session`, `harmless` |
//! | [`tui`] | pixels: event loop, keys, looks, one file a screen | `model`, `otlp`, `store`, `diagnosis`, `query`, `stats`, `session`, `intake`, `child`, `harmless` |
//! | [`config`] | `otoscope.toml`: found, read and checked | `model`, `diagnosis` |
//! | [`cli`] | the command line's definition | `diagnosis`, `report`, `dump`, `tui`, `query`, `client` |
//! | [`commands`] | wiring: one file a command | `*` |

pub mod child;
pub mod cli;
pub mod client;
pub mod commands;
pub mod config;
pub mod diagnosis;
pub mod dump;
pub mod harmless;
pub mod intake;
pub mod model;
pub mod otlp;
pub mod own_traces;
pub mod query;
pub mod receiver;
pub mod report;
pub mod session;
pub mod stats;
pub mod store;
#[cfg(test)]
mod testkit;
pub mod tui;
