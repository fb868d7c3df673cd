//! Reading a request's body, bounded in size and time.

use super::export::Refusal;
use crate::intake::{Counters, IN_FLIGHT};
use axum::body::{Body, BodyDataStream, HttpBody};
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The most that a request may hold, packed or unpacked, in bytes. Four times what the collector's gRPC receiver
/// is commonly raised to (16 MiB), and three times what its HTTP receiver takes by default (20 MiB).
pub const MAX_BYTES: usize = 64 << 20;

/// How long a client may take to send one request: three times what SDKs allow an export by default (10 s).
const MAX_TIME: Duration = Duration::from_secs(30);

/// Allocated on a client's word alone; more only as bytes arrive. Most requests are smaller, and so allocated once.
const ON_TRUST: usize = 1 << 20;

/// How much of a body that is not wanted is read, so that its sender gets to read the reply: a socket closed with
/// bytes unread resets the connection.
const MAX_DISCARDED: usize = 4 * MAX_BYTES;
const MAX_DISCARD_TIME: Duration = Duration::from_secs(2);

/// The most that all requests together may hold before they are handed over, in bytes: eight of the largest, since
/// a sender may have eight in flight. Without it, clients could have [`MAX_BYTES`] for every stream they open.
const MAX_HELD: u64 = IN_FLIGHT * MAX_BYTES as u64;

/// What one request holds in memory, given back when dropped.
pub(super) struct Held<'a> {
    counters: &'a Counters,
    bytes: u64,
}

impl Held<'_> {
    /// It holds this many bytes now.
    pub(super) fn set(&mut self, bytes: usize) -> Result<(), Refusal> {
        let bytes = bytes as u64;
        let before = std::mem::replace(&mut self.bytes, bytes);
        let others = self.counters.held_bytes.fetch_add(bytes, Relaxed) - before;
        self.counters.held_bytes.fetch_sub(before, Relaxed);
        // Who gives back is never refused.
        if bytes > before && others + bytes > MAX_HELD {
            self.counters.refused_requests.fetch_add(1, Relaxed);
            return Err(Refusal::Busy);
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.counters.held_bytes.fetch_sub(self.bytes, Relaxed);
    }
}

/// A body, read piece by piece.
pub(super) struct Reader<'a> {
    /// What has been read of it, or what that was unpacked to.
    pub(super) held: Held<'a>,
    /// Its length in bytes, where the client said so.
    pub(super) announced: Option<usize>,
    pieces: BodyDataStream,
    rest: Bytes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: Body, counters: &'a Counters) -> Self {
        let announced = body.size_hint().exact().and_then(|len| usize::try_from(len).ok());
        let held = Held { counters, bytes: 0 };
        Self { held, announced, pieces: body.into_data_stream(), rest: Bytes::new() }
    }

    /// A buffer for `len` bytes that a client announced.
    pub(super) fn buffer(len: usize) -> Vec<u8> {
        Vec::with_capacity(len.min(ON_TRUST))
    }

    /// Appends up to `most` bytes to `out`; fewer only at the end of the body.
    pub(super) async fn read(&mut self, out: &mut Vec<u8>, most: usize) -> Result<(), Refusal> {
        let until = out.len() + most;
        self.held.set(out.capacity())?;
        while out.len() < until && self.more().await? {
            let len = self.rest.len().min(until - out.len());
            if out.capacity() < out.len() + len {
                // Doubled, but never past the end: where the end is known, the last allocation is exact.
                let capacity = (out.len() + len).max(2 * out.capacity()).min(until);
                self.held.set(capacity)?;
                out.reserve_exact(capacity - out.len());
            }
            out.extend_from_slice(&self.rest[..len]);
            self.rest.advance(len);
        }
        Ok(())
    }

    /// Whether unread bytes follow.
    pub(super) async fn more(&mut self) -> Result<bool, Refusal> {
        while self.rest.is_empty() {
            match self.pieces.next().await {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(error)) => return Err(Refusal::Malformed(format!("the body broke off: {error}"))),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads on without keeping anything, for as long as that may help the sender.
    pub(super) async fn discard(mut self) {
        let discard = async {
            let _ = self.held.set(0);
            let mut discarded = 0;
            while discarded < MAX_DISCARDED && matches!(self.more().await, Ok(true)) {
                discarded += self.rest.len();
                self.rest.clear();
            }
        };
        let _ = tokio::time::timeout(MAX_DISCARD_TIME, discard).await;
    }
}

/// What `read` yields, unless the client takes too long.
pub(super) async fn in_time<T>(read: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    tokio::time::timeout(MAX_TIME, read).await.unwrap_or(Err(Refusal::TooSlow(MAX_TIME)))
}

/// The bytes in an allocation of exactly their size, as the store keeps them.
pub(super) fn exact(buffer: Vec<u8>) -> Bytes {
    if buffer.len() == buffer.capacity() { buffer.into() } else { Bytes::copy_from_slice(&buffer) }
}
