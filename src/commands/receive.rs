//! Receiving without a screen: until something ends it, and then what is still on its way.

use super::child::{Running, Signals};
use super::endpoint::{ENDPOINT, diverted, kept_away, listeners, listeners_for_command, set, told};
use super::{Failure, complain};
use crate::child::{Ended, Instrumented};
use crate::cli::Listen;
use crate::intake::{self, Arrivals, Counters};
use crate::model::{Batch, Rejection};
use crate::receiver::{self, Listeners};
use std::ffi::OsString;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// How many batches may wait for the owner: two for each request that a sender may have in flight.
const QUEUE: usize = 16;
/// After this long without a word and without a connection, nothing more will come.
const QUIET: Duration = Duration::from_millis(250);
/// Processes that a command has left behind may keep their connections open: they are waited for no longer than this.
const LONGEST: Duration = Duration::from_secs(5);
/// How often who takes the batches is told that time passes.
const TICK: Duration = Duration::from_secs(1);

/// Whoever what arrives goes to.
pub(super) trait Taker {
    /// Takes a batch in.
    fn take(&mut self, batch: Batch);

    /// A second has passed.
    fn tick(&mut self) {}
}

/// Sockets, and who what arrives goes to.
pub(super) struct Receiving<T> {
    taker: T,
    counters: Arc<Counters>,
    arrivals: Arrivals,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl<T: Taker> Receiving<T> {
    /// Serves. To be called within the runtime.
    fn start(listeners: Listeners, taker: T) -> Self {
        let (intake, arrivals) = intake::channel(QUEUE);
        let counters = intake.counters();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(receiver::serve(listeners, intake, async {
            let _ = stopped.await;
        }));
        Self { taker, counters, arrivals, stop, server }
    }

    /// Takes in what arrives until `end`.
    async fn until<E>(&mut self, end: impl Future<Output = E>) -> E {
        let mut end = pin!(end);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = &mut end => return ended,
                Some(batch) = self.arrivals.recv() => self.taker.take(batch),
                _ = tick.tick() => self.taker.tick(),
            }
        }
    }

    /// Takes in what arrives until nobody is connected and nothing has come for a moment, or some seconds have passed.
    async fn until_quiet(&mut self) {
        let deadline = Instant::now() + LONGEST;
        loop {
            let pause = deadline.min(Instant::now() + QUIET);
            match timeout_at(pause, self.arrivals.recv()).await {
                Ok(Some(batch)) => self.taker.take(batch),
                Ok(None) => return,
                Err(_) if Instant::now() >= deadline => return,
                Err(_) if self.counters.open_connections.load(Relaxed) == 0 => return,
                Err(_) => {}
            }
        }
    }

    /// Takes no more connections, answers the requests that have come, and takes in the last of them.
    async fn end(self) -> Result<(T, Arc<Counters>), Failure> {
        let Self { mut taker, counters, mut arrivals, stop, server } = self;
        drop(stop);
        while let Some(batch) = arrivals.recv().await {
            taker.take(batch);
        }
        server.await??;
        Ok((taker, counters))
    }
}

/// Receives until the time is up, a signal, or `over`.
pub(super) async fn listen<T: Taker>(
    at: &Listen,
    time: Option<Duration>,
    taker: T,
    over: impl Future<Output = ()>,
) -> Result<(T, Arc<Counters>), Failure> {
    let listeners = listeners(at)?;
    let (grpc, http) = (listeners.grpc_addr(), listeners.http_addr());
    let mut signals = Signals::listen()?;
    let mut receiving = Receiving::start(listeners, taker);
    let ends = time.map_or("Ctrl-C ends it".to_owned(), |time| {
        format!("for {} s, Ctrl-C ends it sooner", time.as_secs_f64())
    });
    complain(&format_args!("listening on {grpc} (gRPC) and {http} (HTTP); {ends}"));
    let up = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    receiving
        .until(async {
            tokio::select! {
                () = up => {}
                () = over => {}
                _ = signals.next() => {}
            }
        })
        .await;
    receiving.end().await
}

/// Receives until the command has ended, and what it sent last has arrived.
pub(super) async fn command<T: Taker>(
    command: &[OsString],
    at: &Listen,
    taker: T,
) -> Result<(T, Arc<Counters>, Ended), Failure> {
    let listeners = listeners_for_command(at)?;
    let endpoint = told(listeners.http_addr());
    for said in diverted(command) {
        complain(&said);
    }
    let mut signals = Signals::listen()?;
    let mut receiving = Receiving::start(listeners, taker);
    let mut running = Running::start(command, (ENDPOINT, &endpoint))?;
    let ended = receiving.until(running.end(&mut signals)).await?;
    tokio::select! {
        () = receiving.until_quiet() => {}
        // Whoever asks again does not want to wait.
        _ = signals.next() => {}
    }
    let (taker, counters) = receiving.end().await?;
    Ok((taker, counters, ended))
}

/// The likely cause of nothing having come that is of use, and what to look at. `first` is what could not be taken,
/// `other` whether something else came.
pub(super) fn why_nothing(
    first: Option<&Rejection>,
    other: Option<&str>,
    counters: &Counters,
    command: Option<(&[OsString], Ended)>,
) -> String {
    if let Some(first) = first {
        return format!("what came could not be taken: {}", sentence(first));
    }
    if let Some(why) = command.and_then(|(command, _)| kept_away(command)) {
        return why;
    }
    if let Some(other) = other {
        return format!("only {other} came; is tracing set up, and OTEL_TRACES_EXPORTER not `none`?");
    }
    match (counters.connections.load(Relaxed), command) {
        (0, Some((command, ended))) => not_connected(command, ended),
        (0, None) => "nothing connected. Does the app export to these ports?".to_owned(),
        _ => "something connected and sent no request that could be read".to_owned(),
    }
}

/// Where something could not be taken, and why; a reason may say where by itself.
pub(super) fn sentence(of: &Rejection) -> String {
    let said = of.reason.split([' ', ':']).any(|word| word == of.position);
    if said { of.reason.clone() } else { format!("{}: {}", of.position, of.reason) }
}

/// What to look at where a command has connected to nothing.
fn not_connected(command: &[OsString], ended: Ended) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    let instrumented = Instrumented::of(words.iter().map(AsRef::as_ref), &set).asks();
    let failed = match ended {
        Ended::Status(0) => "",
        _ => "did it fail before there was anything to send (its own output says why)? ",
    };
    format!(
        "nothing connected: {failed}{instrumented}. Is its exporter OTLP, and does it end in peace, so that its last spans \
         are sent?"
    )
}

/// Who sent nothing, and how that ended.
pub(super) fn who(command: &[OsString], ended: Option<Ended>, nothing: &str) -> String {
    let name = command.first().map(|name| name.display().to_string()).unwrap_or_default();
    match ended {
        Some(Ended::Status(status)) => format!("`{name}` ended with status {status} and sent {nothing}"),
        Some(Ended::Signal(signal)) => format!("`{name}` was ended by signal {signal} and sent {nothing}"),
        None => format!("{nothing} arrived"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_said_once() {
        let of = |position: &str, reason: &str| sentence(&Rejection::new(position, reason));
        assert_eq!(of("/x", "nothing at /x: the path is unknown"), "nothing at /x: the path is unknown");
        assert_eq!(of("spans[0]", "no id"), "spans[0]: no id");
    }
}
