//! The bounded channel from receivers and dump readers to the owner of the store, and what it turned away.
//!
//! Everything that comes in passes here, once. Knows [`model`](crate::model) only: no socket, no file, no store.

use crate::model::Batch;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a request waits for room before its sender is told to send it again. Well below the 10 s after which
/// SDKs give up on an export by default (`OTEL_EXPORTER_OTLP_TIMEOUT`).
pub const MAX_WAIT: Duration = Duration::from_secs(2);

/// How many requests may wait for room at a time.
pub const MAX_WAITING: u64 = 64;

/// As many requests as one sender may have in flight and still find a place to wait beside a flood from others:
/// half of [`MAX_WAITING`] is kept for senders with fewer waiting than this.
pub const IN_FLIGHT: u64 = 8;

/// What came in and what did not, for the screen to read. Only ever added to, but for the gauges.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests over OTLP/gRPC, whatever became of them.
    pub grpc_requests: AtomicU64,
    /// Requests over OTLP/HTTP with protobuf, whatever became of them.
    pub http_protobuf_requests: AtomicU64,
    /// Requests over OTLP/HTTP with JSON, whatever became of them.
    pub http_json_requests: AtomicU64,
    /// Of these, gRPC at the port for HTTP, and HTTP at the port for gRPC.
    pub wrong_port_requests: AtomicU64,
    /// Requests that nobody will send again in this form: broken, too large, too slow, of an unknown type or path.
    pub bad_requests: AtomicU64,
    /// Requests turned away for lack of room; their senders were told to send them again.
    pub refused_requests: AtomicU64,
    /// Spans in the requests turned away for lack of room.
    pub refused_spans: AtomicU64,
    /// Log records in the requests turned away for lack of room.
    pub refused_log_records: AtomicU64,
    /// Single spans and log records that could not be taken out of requests that were.
    pub rejected_spans: AtomicU64,
    /// Connections ever accepted.
    pub connections: AtomicU64,
    /// Gauge: connections open now.
    pub open_connections: AtomicU64,
    /// Gauge: requests waiting for room now.
    pub waiting: AtomicU64,
    /// Gauge: bytes of requests that are being received or wait for room.
    pub held_bytes: AtomicU64,
}

/// The sending side: receivers [`offer`](Self::offer), dump readers [`send_blocking`](Self::send_blocking).
#[derive(Clone, Debug)]
pub struct Intake {
    batches: mpsc::Sender<Batch>,
    counters: Arc<Counters>,
    /// Requests of this sender that wait now.
    waiting_here: Arc<AtomicU64>,
}

/// The receiving side, held by the owner of the store.
#[derive(Debug)]
pub struct Arrivals(mpsc::Receiver<Batch>);

/// There was no room within [`MAX_WAIT`], nor a place to wait for it, or the owner has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The owner of the store has gone: nothing will be taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// A channel with room for `capacity` batches (at least one).
pub fn channel(capacity: usize) -> (Intake, Arrivals) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    let intake = Intake { batches: sender, counters: Arc::default(), waiting_here: Arc::default() };
    (intake, Arrivals(receiver))
}

impl Intake {
    /// Hands over a batch, waiting for room up to [`MAX_WAIT`]. An owner that keeps taking batches never makes a
    /// sender with [`IN_FLIGHT`] requests in flight see [`Full`].
    pub async fn offer(&self, batch: Batch) -> Result<(), Full> {
        let room = match self.batches.try_reserve() {
            Ok(room) => Some(room),
            Err(mpsc::error::TrySendError::Full(())) => self.wait().await,
            Err(mpsc::error::TrySendError::Closed(())) => None,
        };
        match room {
            Some(room) => {
                self.counters.rejected_spans.fetch_add(batch.rejections.len() as u64, Relaxed);
                room.send(batch);
                Ok(())
            }
            None => {
                self.counters.refused_requests.fetch_add(1, Relaxed);
                self.counters.refused_spans.fetch_add(batch.records.len() as u64, Relaxed);
                self.counters.refused_log_records.fetch_add(batch.logs.records.len() as u64, Relaxed);
                Err(Full)
            }
        }
    }

    /// Room, when it comes in time. Those who wait are served in the order they came.
    async fn wait(&self) -> Option<mpsc::Permit<'_, Batch>> {
        let _place = Place::take(self)?;
        tokio::time::timeout(MAX_WAIT, self.batches.reserve()).await.ok()?.ok()
    }

    /// Hands over a batch from a thread that may wait as long as it takes: a dump loses nothing.
    ///
    /// Panics when called on a thread that runs async tasks.
    pub fn send_blocking(&self, batch: Batch) -> Result<(), Closed> {
        let rejected = batch.rejections.len() as u64;
        self.batches.blocking_send(batch).map_err(|_| Closed)?;
        self.counters.rejected_spans.fetch_add(rejected, Relaxed);
        Ok(())
    }

    /// Tells the owner why a request was not taken, by a batch with nothing but that rejection. Only if there is
    /// room at once: a flood of bad requests must not crowd out good ones, and the counters have it anyway.
    pub fn complain(&self, batch: Batch) {
        self.counters.bad_requests.fetch_add(1, Relaxed);
        // Half of the room stays free for spans.
        if self.batches.capacity() * 2 > self.batches.max_capacity() {
            let _ = self.batches.try_send(batch);
        }
    }

    /// The same channel for another sender, whose waiting requests are counted apart from this one's.
    #[must_use]
    pub fn for_another_sender(&self) -> Self {
        Self { waiting_here: Arc::default(), ..self.clone() }
    }

    /// What came in and what did not, over all senders.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }
}

impl Arrivals {
    /// The next batch; nothing once every [`Intake`] is gone and all they sent has been taken.
    pub async fn recv(&mut self) -> Option<Batch> {
        self.0.recv().await
    }

    /// The next batch if one has arrived already.
    pub fn try_recv(&mut self) -> Option<Batch> {
        self.0.try_recv().ok()
    }
}

/// A place to wait, given back when dropped: also when the client hangs up and its request is dropped.
struct Place<'a>(&'a Intake);

impl<'a> Place<'a> {
    fn take(intake: &'a Intake) -> Option<Self> {
        let all = intake.counters.waiting.fetch_add(1, Relaxed);
        let here = intake.waiting_here.fetch_add(1, Relaxed);
        let place = Self(intake);
        let places = if here < IN_FLIGHT { MAX_WAITING } else { MAX_WAITING / 2 };
        (all < places).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.counters.waiting.fetch_sub(1, Relaxed);
        self.0.waiting_here.fetch_sub(1, Relaxed);
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for this request at the moment; send it again")
    }
}

impl std::error::Error for Full {}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody takes batches any more")
    }
}

impl std::error::Error for Closed {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Rejection, SpanId, SpanRecord, TraceId};
    use std::time::Instant;

    fn batch() -> Batch {
        let mut batch = Batch::empty("test".into(), Origin::Grpc, 0);
        batch.records.push(SpanRecord::new(SpanId::NONE, SpanId::NONE));
        batch.trace_ids.push(TraceId::from_wire(&[1; 16]).unwrap());
        batch
    }

    /// Lets every spawned task run until it waits: the runtime of these tests has one thread and runs them in turn.
    async fn settle() {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }

    fn flood(intake: &Intake, requests: u64) -> tokio::task::JoinSet<Result<(), Full>> {
        (0..requests)
            .map(|_| {
                let intake = intake.clone();
                async move { intake.offer(batch()).await }
            })
            .collect()
    }

    #[tokio::test]
    async fn what_is_offered_arrives_in_order_and_rejections_are_counted() {
        let (intake, mut arrivals) = channel(2);
        let rejection = Rejection::new("byte 3", "a reason");
        intake.offer(Batch { arrived_ns: 1, rejections: vec![rejection; 3], ..batch() }).await.unwrap();
        intake.offer(Batch { arrived_ns: 2, ..batch() }).await.unwrap();
        assert_eq!(arrivals.recv().await.unwrap().arrived_ns, 1);
        assert_eq!(arrivals.try_recv().unwrap().arrived_ns, 2);
        assert!(arrivals.try_recv().is_none());
        assert_eq!(intake.counters().rejected_spans.load(Relaxed), 3);
        drop(intake);
        assert!(arrivals.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_stalled_owner_makes_a_request_wait_and_then_be_refused() {
        let (intake, _arrivals) = channel(1);
        intake.offer(batch()).await.unwrap();
        let start = Instant::now();
        assert_eq!(intake.offer(batch()).await, Err(Full));
        assert!(start.elapsed() >= MAX_WAIT);
        let counters = intake.counters();
        assert_eq!(counters.refused_requests.load(Relaxed), 1);
        assert_eq!(counters.refused_spans.load(Relaxed), 1);
        assert_eq!(counters.waiting.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn eight_in_flight_are_never_refused_beside_a_flood() {
        let (intake, mut arrivals) = channel(1);
        intake.offer(batch()).await.unwrap();
        let flood_sender = intake.for_another_sender();
        let mut flooding = flood(&flood_sender, 100);
        settle().await;
        // Half of the places are taken; the other 68 requests were refused without waiting.
        assert_eq!(intake.counters().waiting.load(Relaxed), MAX_WAITING / 2);
        let polite = intake.for_another_sender();
        let mut polite = flood(&polite, IN_FLIGHT);
        settle().await;
        while polite.len() + flooding.len() > 0 {
            while arrivals.try_recv().is_some() {
                settle().await;
            }
            while let Some(offered) = polite.try_join_next() {
                assert_eq!(offered.unwrap(), Ok(()));
            }
            while flooding.try_join_next().is_some() {}
        }
        assert_eq!(intake.counters().refused_requests.load(Relaxed), 100 - MAX_WAITING / 2);
    }

    #[tokio::test]
    async fn no_more_than_64_wait() {
        let (intake, mut arrivals) = channel(1);
        intake.offer(batch()).await.unwrap();
        let senders: Vec<_> = (0..100).map(|_| intake.for_another_sender()).collect();
        let mut all = tokio::task::JoinSet::new();
        for sender in senders {
            all.spawn(async move { sender.offer(batch()).await });
        }
        settle().await;
        assert_eq!(intake.counters().waiting.load(Relaxed), MAX_WAITING);
        assert_eq!(intake.counters().refused_requests.load(Relaxed), 100 - MAX_WAITING);
        all.shutdown().await;
        assert_eq!(intake.counters().waiting.load(Relaxed), 0, "hanging up gives the place back");
        assert!(arrivals.try_recv().is_some());
    }

    #[test]
    fn a_reader_thread_waits_as_long_as_it_takes_and_hears_when_the_owner_has_gone() {
        let (intake, mut arrivals) = channel(1);
        let reader = std::thread::spawn(move || {
            for _ in 0..50 {
                intake.send_blocking(batch()).unwrap();
            }
            intake
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..50 {
            runtime.block_on(arrivals.recv()).unwrap();
        }
        let intake = reader.join().unwrap();
        drop(arrivals);
        assert_eq!(intake.send_blocking(batch()), Err(Closed));
        assert_eq!(runtime.block_on(intake.offer(batch())), Err(Full));
    }

    #[tokio::test]
    async fn complaints_leave_half_of_the_room_to_spans() {
        let (intake, mut arrivals) = channel(4);
        for _ in 0..10 {
            intake.complain(Batch::empty("test".into(), Origin::HttpJson, 0));
        }
        assert_eq!(intake.counters().bad_requests.load(Relaxed), 10);
        assert_eq!(std::iter::from_fn(|| arrivals.try_recv()).count(), 2);
    }
}
