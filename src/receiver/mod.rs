//! Sockets: OTLP in, over gRPC and HTTP, on every port alike.
//!
//! A request's bytes are read into an allocation of exactly their size, walked on the worker that received them,
//! and offered to the [`intake`](crate::intake). gRPC is framed here by hand rather than by `tonic::server`: its
//! codec would collect a message in a buffer of its own first, where here it is copied once, from the socket's
//! buffer to where it stays; and both protocols share all but their framing and their replies.
//!
//! Knows no store, no diagnosis and no screen.

mod bind;
mod body;
mod cors;
mod export;
mod grpc;
mod hint;
mod http;
mod inflate;
mod overheard;
mod reply;
mod serve;
#[cfg(test)]
mod tests;

pub use bind::{BindError, Listeners, bind, bind_one};
pub use body::MAX_BYTES;
pub use serve::serve;
