//! `otoscope send`: replay dumps into an OTLP endpoint.

use super::child::Signals;
use super::inputs::{PassedOver, Source, open, sources};
use super::{Failure, UNUSABLE, complain, parse_time, wall_clock_ns};
use crate::cli::Send;
use crate::client::{Client, Delivery, Endpoint, Protocol, Trust};
use crate::dump::pace::{Pace, Speed};
use crate::dump::{self, Format};
use crate::harmless::clean;
use crate::intake::{self, Intake};
use crate::model::{Batch, Rejection};
use crate::otlp::{Signal, retain, retain_logs, shift, shift_logs};
use crate::tui::text::plural;
use bytes::Bytes;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How many batches may wait to be sent.
const QUEUE: usize = 4;
/// How many requests may be under way.
const IN_FLIGHT: usize = 4;
/// Requests larger than this are sent in parts, bytes: gRPC takes no more than 4 MiB by default.
const LARGE: usize = 3 << 20;
/// How many reasons are said.
const NAMED: usize = 10;
/// Exit code where something was rejected for good.
const REJECTED: u8 = 1;

pub(super) fn run(args: &Send) -> Result<ExitCode, Failure> {
    let protocol = args.protocol.as_deref().and_then(Protocol::named);
    let endpoint = Endpoint::parse(&args.to, protocol).map_err(Failure)?;
    let speed: Speed = args.speed.parse()?;
    // A variable that is empty counts as unset, as the specification says.
    let file = |named: &Option<OsString>| named.clone().filter(|path| !path.is_empty()).map(PathBuf::from);
    let trust = Trust {
        certificate: file(&args.certificate),
        client_certificate: file(&args.client_certificate),
        client_key: file(&args.client_key),
    };
    let patience = parse_time(&args.retry_for)?;
    let mut client = Client::new(endpoint, &trust, args.gzip, patience).map_err(Failure)?;
    for header in &args.header {
        client.add_header(header).map_err(Failure)?;
    }
    let from = args.input.from.as_deref().and_then(dump::format);
    let (sources, failed) = sources(&args.files);
    for error in &failed {
        complain(error);
    }
    let shift_ns = match &args.shift_time {
        None => 0,
        Some(_) if sources.iter().any(|source| source.path.as_os_str() == "-") => {
            let why = "standard input can be read only once, and --shift-time must know the last span first: name a file";
            return Err(Failure(why.to_owned()));
        }
        Some(_) => until_now(&sources, from, speed),
    };
    let (intake, arrivals) = intake::channel(QUEUE);
    let reader = std::thread::spawn(move || failed.len() + read_all(&sources, from, speed, &intake));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let sent = runtime.block_on(send(Arc::new(client), arrivals, shift_ns, speed))?;
    // A reader that still waits for its pace ends with the process.
    let unreadable = if sent.interrupted || sent.is_cut { 0 } else { reader.join().unwrap_or(1) };
    Ok(sent.conclude(unreadable, &args.to))
}

/// How far times are moved, nanoseconds: so that the last span ends when it is sent, and none is of the future.
fn until_now(sources: &[Source], from: Option<&'static Format>, speed: Speed) -> i64 {
    let (mut pace, mut due) = (Pace::new(speed), Duration::ZERO);
    // Each request ends when it is due, at the latest: where they are not in the order of time, any may be the first to.
    let mut to: Option<i128> = None;
    for source in sources {
        // What cannot be read is said when it is to be sent.
        let Ok(mut opened) = open(source) else { continue };
        let _ = opened.read(from, &mut |batch| {
            if batch.arrived_ns > 0 {
                due = pace.wait(batch.arrived_ns, Duration::ZERO);
            }
            if let Some(end_ns) = batch.last_end_ns() {
                let by = i128::try_from(due.as_nanos()).unwrap_or(i128::MAX) - i128::from(end_ns);
                to = Some(to.map_or(by, |to| to.min(by)));
            }
            ControlFlow::Continue(())
        });
    }
    to.and_then(|by| i64::try_from(i128::from(wall_clock_ns()).saturating_add(by)).ok()).unwrap_or(0)
}

/// Reads one dump after the other at the pace of all. How many could not be read.
fn read_all(sources: &[Source], from: Option<&'static Format>, speed: Speed, intake: &Intake) -> usize {
    let mut unreadable = 0;
    let (mut pace, mut passed_over) = (Pace::new(speed), PassedOver::default());
    let started = Instant::now();
    for source in sources {
        let read = open(source).and_then(|mut opened| {
            opened.read(from, &mut |batch| {
                if batch.arrived_ns > 0 {
                    std::thread::sleep(pace.wait(batch.arrived_ns, started.elapsed()));
                }
                match intake.send_blocking(batch) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(intake::Closed) => ControlFlow::Break(()),
                }
            })
        });
        match read {
            Ok(summary) => {
                for error in passed_over.failed_members(&summary) {
                    complain(error);
                    unreadable += 1;
                }
            }
            Err(error) if !passed_over.is(source.found, &error) => {
                complain(&error);
                unreadable += 1;
            }
            Err(_) => {}
        }
    }
    passed_over.conclude();
    unreadable
}

/// What became of everything.
#[derive(Default)]
struct Sent {
    requests: u64,
    spans: u64,
    logs: u64,
    /// Spans and log records that were not taken.
    rejected: u64,
    /// Whole requests that were not.
    refused: u64,
    reasons: BTreeSet<String>,
    /// Spans and records of the dumps that could not be read.
    unread: u64,
    metrics: u64,
    interrupted: bool,
    /// Spans and log records that nobody was there to take.
    unsent: u64,
    /// When somebody was last there.
    reached: Option<Instant>,
    /// There is more to come, at its own pace, that was not waited for.
    is_cut: bool,
}

/// One request on its way.
struct Part {
    signal: Signal,
    bytes: Bytes,
    items: u64,
}

async fn send(
    client: Arc<Client>,
    mut arrivals: intake::Arrivals,
    shift_ns: i64,
    speed: Speed,
) -> Result<Sent, Failure> {
    let mut sent = Sent::default();
    let mut signals = Signals::listen()?;
    let (tell, mut told) = unbounded_channel::<String>();
    let mut said = BTreeSet::new();
    let mut under_way = JoinSet::new();
    let mut waiting: Vec<Part> = Vec::new();
    let mut open = true;
    loop {
        while under_way.len() < IN_FLIGHT
            && let Some(part) = waiting.pop()
        {
            under_way.spawn(deliver(Arc::clone(&client), part, tell.clone()));
        }
        if !open && under_way.is_empty() {
            return Ok(sent);
        }
        tokio::select! {
            _ = signals.next() => {
                sent.interrupted = true;
                return Ok(sent);
            }
            Some(why) = told.recv() => {
                if said.len() < NAMED && said.insert(why.clone()) {
                    complain(&format_args!("{}: {}; trying again", client.endpoint(), clean(&why)));
                }
            }
            Some(done) = under_way.join_next() => {
                let (part, began, delivery) = done?;
                // Where nobody was there all the time, nobody need be waited for once more.
                let nobody = matches!(delivery, Delivery::Unreachable(_)) && sent.reached <= Some(began);
                sent.note(&part, delivery);
                if nobody {
                    sent.unsent += waiting.iter().map(|part| part.items).sum::<u64>();
                    tokio::select! {
                        passed = pass_over(&mut sent, &mut under_way, arrivals, speed) => passed?,
                        _ = signals.next() => sent.interrupted = true,
                    }
                    return Ok(sent);
                }
            }
            batch = arrivals.recv(), if open && waiting.is_empty() => match batch {
                Some(batch) => {
                    sent.read(&batch);
                    waiting = parts(&batch, shift_ns);
                    waiting.reverse();
                }
                None => open = false,
            },
        }
    }
}

/// Waits for what is under way, and counts the rest.
async fn pass_over(
    sent: &mut Sent,
    under_way: &mut JoinSet<(Part, Instant, Delivery)>,
    arrivals: intake::Arrivals,
    speed: Speed,
) -> Result<(), Failure> {
    while let Some(done) = under_way.join_next().await {
        let (part, _, delivery) = done?;
        sent.note(&part, delivery);
    }
    sent.pass_over(arrivals, speed).await;
    Ok(())
}

async fn deliver(
    client: Arc<Client>,
    part: Part,
    tell: UnboundedSender<String>,
) -> (Part, Instant, Delivery) {
    let began = Instant::now();
    let later = |why: &str| {
        let _ = tell.send(why.to_owned());
    };
    let delivery = client.deliver(part.signal, &part.bytes, &later).await;
    (part, began, delivery)
}

/// The requests of a batch, moved in time.
fn parts(batch: &Batch, shift_ns: i64) -> Vec<Part> {
    let moved = |bytes: &Bytes, shift: fn(&Bytes, i64) -> Bytes| match shift_ns {
        0 => bytes.clone(),
        by => shift(bytes, by),
    };
    let mut parts = Vec::new();
    let (spans, logs) = (batch.records.len() as u64, batch.logs.records.len() as u64);
    if spans > 0 {
        split(Signal::Traces, &moved(&batch.bytes, shift), spans, &mut parts);
    }
    if logs > 0 {
        split(Signal::Logs, &moved(&batch.logs.bytes, shift_logs), logs, &mut parts);
    }
    parts
}

/// In as many parts as keep each below what receivers take. A log record without a span stays with all of its kind.
fn split(signal: Signal, bytes: &Bytes, items: u64, parts: &mut Vec<Part>) {
    let count = (bytes.len() / LARGE + 1) as u64;
    let has_ids =
        signal == Signal::Traces || retain_logs(bytes, &|_, _| true).is_some_and(|(_, n)| n == items);
    if count == 1 || items < 2 || !has_ids {
        parts.push(Part { signal, bytes: bytes.clone(), items });
        return;
    }
    let each = items.div_ceil(count);
    for part in 0..count {
        let seen = Cell::new(0);
        let of_part = |_, _| {
            seen.set(seen.get() + 1);
            (seen.get() - 1) / each == part
        };
        let kept =
            if signal == Signal::Logs { retain_logs(bytes, &of_part) } else { retain(bytes, &of_part) };
        parts.extend(kept.map(|(bytes, items)| Part { signal, bytes, items }));
    }
}

impl Sent {
    fn read(&mut self, batch: &Batch) {
        for Rejection { position, reason, .. } in &batch.rejections {
            if self.unread < NAMED as u64 {
                complain(&format_args!("not read: {}: {}", clean(position), clean(reason)));
            }
            self.unread += 1;
        }
        self.metrics += batch.unshown.metrics;
    }

    /// Counts what will not be sent; of what comes at its own pace, only that there is more.
    async fn pass_over(&mut self, mut arrivals: intake::Arrivals, speed: Speed) {
        self.is_cut = !matches!(speed, Speed::Max);
        while !self.is_cut
            && let Some(batch) = arrivals.recv().await
        {
            self.read(&batch);
            self.unsent += (batch.records.len() + batch.logs.records.len()) as u64;
        }
    }

    fn note(&mut self, part: &Part, delivery: Delivery) {
        let (rejected, reason) = match delivery {
            Delivery::Accepted { rejected, message } => (rejected.min(part.items), message),
            Delivery::Refused(why) => {
                self.refused += 1;
                (part.items, why)
            }
            Delivery::GivenUp(why) => {
                self.reached = Some(Instant::now());
                self.give_up(part, &why);
                return;
            }
            Delivery::Unreachable(why) => {
                self.give_up(part, &why);
                return;
            }
        };
        self.requests += 1;
        self.reached = Some(Instant::now());
        let taken = part.items - rejected;
        match part.signal {
            Signal::Logs => self.logs += taken,
            _ => self.spans += taken,
        }
        self.rejected += rejected;
        if !reason.is_empty() && self.reasons.len() < NAMED && self.reasons.insert(reason.clone()) {
            let what = if rejected > 0 { "rejected" } else { "note" };
            complain(&format_args!("{what}: {}", clean(&reason)));
        }
    }

    /// Nobody takes this part in time: that is no fault of it.
    fn give_up(&mut self, part: &Part, why: &str) {
        self.unsent += part.items;
        if self.reasons.len() < NAMED && self.reasons.insert(why.to_owned()) {
            complain(&format_args!("not sent: {}", clean(why)));
        }
    }

    /// Says what became of everything.
    fn conclude(&self, unreadable: usize, to: &str) -> ExitCode {
        if self.metrics > 0 {
            complain(&format_args!("left out: {}", plural(self.metrics, "metric")));
        }
        if self.unread > NAMED as u64 {
            complain(&format_args!("not read: {} more", self.unread - NAMED as u64));
        }
        let (spans, logs) = (plural(self.spans, "span"), plural(self.logs, "log record"));
        let mut line =
            format!("{spans} and {logs} of {} accepted by {}", plural(self.requests, "request"), clean(to));
        if self.rejected > 0 {
            line += &format!("; rejected: {}, {} as a whole", self.rejected, plural(self.refused, "request"));
        }
        if self.unsent > 0 {
            let more = if self.is_cut { ", and all that was still to come" } else { "" };
            line += &format!("; not sent: {} spans or log records{more}", self.unsent);
        }
        if self.interrupted {
            line += "; interrupted before the end";
        }
        complain(&line);
        if unreadable > 0 || self.requests == 0 && self.unsent == 0 && !self.interrupted {
            ExitCode::from(UNUSABLE)
        } else if self.rejected > 0 || self.refused > 0 || self.unsent > 0 || self.interrupted {
            ExitCode::from(REJECTED)
        } else {
            ExitCode::SUCCESS
        }
    }
}
