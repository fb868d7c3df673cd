//! `otoscope check -- CMD` and `check --listen`: diagnose what is sent, without a screen.

use super::check::{Read, baseline, conclude};
use super::child::{Running, Signals};
use super::endpoint::{ENDPOINT, diverted, switched_off};
use super::receive::{Received, Receiving};
use super::{Failure, UNUSABLE, complain, diagnosis, parse_size, parse_time};
use crate::child::Ended;
use crate::cli::Check;
use crate::diagnosis::{Baseline, Policy};
use crate::harmless::clean;
use crate::receiver;
use crate::session::{Clock, Session};
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

pub(super) fn run(args: &Check, policy: Policy) -> Result<ExitCode, Failure> {
    let baseline = baseline(args)?;
    // Nothing settles before the end, as with a dump: then all is judged by all that came.
    let diagnosis = diagnosis(policy, &args.say)?;
    let session = Session::with(parse_size(&args.hold.max_memory)?, Clock::Stream, diagnosis);
    let time = args.receive.time.as_deref().map(parse_time).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if args.receive.listen {
        let received = runtime.block_on(listen(args, time, session))?;
        return judge(args, received, baseline.as_ref(), None);
    }
    let (received, ended) = runtime.block_on(command(args, session))?;
    judge(args, received, baseline.as_ref(), Some(ended))
}

/// Until the time is up, or a signal.
async fn listen(args: &Check, time: Option<Duration>, session: Session) -> Result<Received, Failure> {
    let at = &args.receive.at;
    let listeners = receiver::bind(&at.host, at.grpc, at.http)?;
    let (grpc, http) = (listeners.grpc_addr(), listeners.http_addr());
    let mut signals = Signals::listen()?;
    let mut receiving = Receiving::start(listeners, session);
    let ends = time.map_or("Ctrl-C ends it".to_owned(), |time| {
        format!("for {} s, Ctrl-C ends it sooner", time.as_secs_f64())
    });
    complain(&format_args!("listening on {grpc} (gRPC) and {http} (HTTP); {ends}"));
    let over = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    receiving
        .until(async {
            tokio::select! {
                () = over => {}
                _ = signals.next() => {}
            }
        })
        .await;
    receiving.end().await
}

/// Until the command has ended, and what it sent last has arrived.
async fn command(args: &Check, session: Session) -> Result<(Received, Ended), Failure> {
    let listeners = receiver::bind_any()?;
    let endpoint = format!("http://{}", listeners.http_addr());
    for said in diverted() {
        complain(&said);
    }
    let mut signals = Signals::listen()?;
    let mut receiving = Receiving::start(listeners, session);
    let mut running = Running::start(&args.receive.command, (ENDPOINT, &endpoint))?;
    let ended = receiving.until(running.end(&mut signals)).await?;
    tokio::select! {
        () = receiving.until_quiet() => {}
        // Whoever asks again does not want to wait.
        _ = signals.next() => {}
    }
    Ok((receiving.end().await?, ended))
}

/// The report and the exit code; `ended` is how the command did, if there was one.
fn judge(
    args: &Check,
    received: Received,
    baseline: Option<&Baseline>,
    ended: Option<Ended>,
) -> Result<ExitCode, Failure> {
    if received.session.store.counters().received == 0 {
        let name = args.receive.command.first().map(|name| name.display().to_string());
        let who = match (&name, ended) {
            (Some(name), Some(Ended::Status(status))) => {
                format!("`{}` sent no span (it ended with status {status})", clean(name))
            }
            (Some(name), Some(Ended::Signal(signal))) => {
                format!("`{}` sent no span (it was ended by signal {signal})", clean(name))
            }
            _ => "no span arrived".to_owned(),
        };
        complain(&format_args!("{who}: {}", clean(&why_nothing(&received, ended.is_some()))));
        return Ok(ExitCode::from(UNUSABLE));
    }
    let fails =
        conclude(args, received.session, baseline, Read { rejected: received.rejected, ..Read::default() })?;
    Ok(ExitCode::from(if fails { 1 } else { ended.map_or(0, Ended::code) }))
}

/// The likely cause of there being no span, and what to look at.
fn why_nothing(received: &Received, is_command: bool) -> String {
    let of_store = received.session.store.counters();
    if let Some(first) = received.rejected.first() {
        return format!("what came could not be taken: {}: {}", first.position, first.reason);
    }
    if is_command && let Some(switch) = switched_off() {
        return switch;
    }
    if of_store.logs + of_store.unshown.metrics > 0 {
        return "only logs or metrics came; is tracing set up, and OTEL_TRACES_EXPORTER not `none`?"
            .to_owned();
    }
    match received.counters.connections.load(Relaxed) {
        0 if is_command => {
            "nothing connected. Is it instrumented (as `opentelemetry-instrument CMD` does for Python), \
             is its exporter OTLP, and does it end in peace, so that its last spans are sent?"
                .to_owned()
        }
        0 => "nothing connected. Does the app export to these ports?".to_owned(),
        _ => "something connected and sent no request that could be read".to_owned(),
    }
}
