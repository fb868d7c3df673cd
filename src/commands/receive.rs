//! Receiving without a screen: until something ends it, and then what is still on its way.

use super::Failure;
use super::check::LISTED;
use crate::intake::{self, Arrivals, Counters};
use crate::model::{Batch, Rejection};
use crate::receiver::{self, Listeners};
use crate::session::Session;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// How many batches may wait for the owner: two for each request that a sender may have in flight.
const QUEUE: usize = 16;
/// After this long without a word and without a connection, nothing more will come.
const QUIET: Duration = Duration::from_millis(250);
/// Processes that a command has left behind may keep their connections open: they are waited for no longer than this.
const LONGEST: Duration = Duration::from_secs(5);

/// Sockets, and the session that what arrives goes to.
pub(super) struct Receiving {
    received: Received,
    arrivals: Arrivals,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

/// What came in.
pub(super) struct Received {
    pub(super) session: Session,
    pub(super) rejected: Vec<Rejection>,
    pub(super) counters: Arc<Counters>,
}

impl Received {
    fn take(&mut self, batch: Batch) {
        let room = LISTED - self.rejected.len();
        self.rejected.extend(batch.rejections.iter().take(room).cloned());
        self.session.take(batch);
    }
}

impl Receiving {
    /// Serves. To be called within the runtime.
    pub(super) fn start(listeners: Listeners, session: Session) -> Self {
        let (intake, arrivals) = intake::channel(QUEUE);
        let received = Received { session, rejected: Vec::new(), counters: intake.counters() };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(receiver::serve(listeners, intake, async {
            let _ = stopped.await;
        }));
        Self { received, arrivals, stop, server }
    }

    /// Takes in what arrives until `end`.
    pub(super) async fn until<T>(&mut self, end: impl Future<Output = T>) -> T {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                Some(batch) = self.arrivals.recv() => self.received.take(batch),
            }
        }
    }

    /// Takes in what arrives until nobody is connected and nothing has come for a moment, or some seconds have passed.
    pub(super) async fn until_quiet(&mut self) {
        let deadline = Instant::now() + LONGEST;
        loop {
            let pause = deadline.min(Instant::now() + QUIET);
            match timeout_at(pause, self.arrivals.recv()).await {
                Ok(Some(batch)) => self.received.take(batch),
                Ok(None) => return,
                Err(_) if Instant::now() >= deadline => return,
                Err(_) if self.received.counters.open_connections.load(Relaxed) == 0 => return,
                Err(_) => {}
            }
        }
    }

    /// Takes no more connections, answers the requests that have come, and takes in the last of them.
    pub(super) async fn end(self) -> Result<Received, Failure> {
        let Self { mut received, mut arrivals, stop, server } = self;
        drop(stop);
        while let Some(batch) = arrivals.recv().await {
            received.take(batch);
        }
        server.await??;
        Ok(received)
    }
}
