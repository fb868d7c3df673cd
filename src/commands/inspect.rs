//! The inspector: live, over dumps, and the demo.

use super::endpoint::listeners;
use super::follow::follow;
use super::inputs::{Input, Opened, Source, is_passed_over, open_later, sources};
use super::player::{self, Player, Reached};
use super::settings::Wishes;
use super::world::World;
use super::{
    Failure, complain, diagnosis, files, parse_size, parse_time, read_baseline, screen, wall_clock_ns,
};
use crate::cli::{Cli, Draw, Listen};
use crate::diagnosis::{Policy, Since};
use crate::dump::{self, DumpError, Format};
use crate::harmless::clean;
use crate::intake::{self, Arrivals, Counters, Intake};
use crate::model::{Batch, Origin, Rejection};
use crate::receiver::{self, BindError, Listeners};
use crate::session::{Clock, Session};
use crate::tui::text::plural;
use crate::tui::{self, Feed, Left, Options, Outside, Status};
use dump::pace::Speed;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How many batches may wait for the owner: two for each request that a sender may have in flight.
const QUEUE: usize = 16;
/// Memory that the demo may take, bytes; it needs a fraction of it.
const DEMO_MEMORY: usize = 64 << 20;
/// The built-in capture: `tools/record/README.md` tells how it was recorded.
const DEMO: &[u8] = include_bytes!("../../assets/demo.jsonl");

pub(super) fn run(cli: &Cli, policy: Policy, wishes: &Wishes) -> Result<ExitCode, Failure> {
    let files = files(cli);
    let mut world = World::new(cli.say.config.clone());
    let max_memory = parse_size(&cli.hold.max_memory)?;
    let diagnosis = diagnosis(policy, &cli.say)?;
    let options = || -> Result<Options, Failure> {
        Ok(Options { since: since(cli.baseline.as_deref())?, ..screen::options(&cli.draw, wishes)? })
    };
    if files.is_empty() {
        let session = Session::with(max_memory, Clock::Wall, diagnosis);
        let exit_after_idle = cli.exit_after_idle.as_deref().map(parse_time).transpose()?;
        return live(&cli.listen, session, &mut world, Options { exit_after_idle, ..options()? });
    }
    let from = cli.input.from.as_deref().and_then(dump::format);
    let speed = parse_speed(cli.speed.as_deref().unwrap_or("max"))?;
    if files.iter().any(|path| path.as_os_str() == "-") && io::stdin().is_terminal() {
        // Keys come from there.
        return Err(Failure("standard input is the terminal; pipe a dump into `otoscope -`".to_owned()));
    }
    let (sources, failed) = sources(&files);
    if let (true, Some(error)) = (sources.is_empty(), failed.first()) {
        return Err(error.clone().into());
    }
    for error in &failed {
        complain(error);
    }
    if cli.follow {
        let paths: Vec<PathBuf> = sources.into_iter().map(|source| source.path).collect();
        let session = Session::with(max_memory, Clock::Wall, diagnosis);
        return follow_all(&paths, from, session, &mut world, options()?);
    }
    let inputs = sources.iter().map(open_later).collect::<Result<Vec<Opened>, DumpError>>()?;
    let options = options()?;
    let session = Session::with(max_memory, Clock::Stream, diagnosis);
    let paced = Paced { from, speed, paused: cli.step, size: size(&sources) };
    replay(inputs, paced, session, &mut world, options)
}

pub(super) fn demo(speed: &str, draw: &Draw, wishes: &Wishes) -> Result<ExitCode, Failure> {
    let speed = parse_speed(speed)?;
    let inputs = vec![Opened::built_in(DEMO, "demo.jsonl")];
    let session = Session::new(DEMO_MEMORY, Clock::Stream);
    let options = screen::options(draw, wishes)?;
    let paced = Paced { from: None, speed, paused: false, size: Some(DEMO.len() as u64) };
    replay(inputs, paced, session, &mut World::new(None), options)
}

fn live(
    listen: &Listen,
    mut session: Session,
    world: &mut World,
    options: Options,
) -> Result<ExitCode, Failure> {
    // Sockets first: a busy port is one line, said before the screen is touched.
    let mut live = Live::start(|| listeners(listen))?;
    let shown = live.show(&mut session, world, options);
    part(&session);
    live.end()?;
    screen::remember(&shown?.remembered);
    Ok(ExitCode::SUCCESS)
}

/// Sockets that serve while a screen is shown.
pub(super) struct Live {
    pub(super) runtime: Runtime,
    pub(super) arrivals: Arrivals,
    counters: Arc<Counters>,
    feed: Feed,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Live {
    /// Takes ports and serves.
    pub(super) fn start(bind: impl FnOnce() -> Result<Listeners, BindError>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listeners = {
            let _context = runtime.enter();
            bind()?
        };
        let address = listeners.http_addr();
        let feed = Feed::Live { grpc: Some(listeners.grpc_addr()), http: Some(address) };
        let (intake, arrivals) = intake::channel(QUEUE);
        let counters = intake.counters();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = runtime.spawn(receiver::serve(listeners, intake, async {
            let _ = stopped.await;
        }));
        Ok(Self { runtime, arrivals, counters, feed, address, stop, server })
    }

    /// Where a command is told to send.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows what arrives.
    pub(super) fn show(
        &mut self,
        session: &mut Session,
        outside: &mut dyn Outside,
        options: Options,
    ) -> io::Result<Left> {
        let Self { runtime, arrivals, counters, feed, .. } = self;
        let status = || Status {
            feed: feed.clone(),
            now_ns: wall_clock_ns(),
            refused_requests: counters.refused_requests.load(Relaxed),
            refused_spans: counters.refused_spans.load(Relaxed),
            refused_log_records: counters.refused_log_records.load(Relaxed),
            bad_requests: counters.bad_requests.load(Relaxed),
            wrong_port_requests: counters.wrong_port_requests.load(Relaxed),
            open_connections: counters.open_connections.load(Relaxed),
            ..Status::default()
        };
        runtime.block_on(tui::run(session, status, arrivals, outside, options))
    }

    /// Answers the requests that have come, which a slow client may draw out: nobody has to wait for that.
    pub(super) fn end(self) -> Result<(), Failure> {
        let Self { runtime, arrivals, stop, server, .. } = self;
        drop((arrivals, stop));
        runtime.block_on(async {
            tokio::select! {
                served = server => served?.map_err(Failure::from),
                _ = tokio::signal::ctrl_c() => Ok(()),
            }
        })
    }
}

/// How dumps are replayed.
#[derive(Clone, Copy)]
struct Paced {
    from: Option<&'static Format>,
    speed: Speed,
    /// From the start.
    paused: bool,
    /// Bytes of all of them, where that is known.
    size: Option<u64>,
}

fn replay(
    inputs: Vec<Opened>,
    paced: Paced,
    mut session: Session,
    world: &mut World,
    options: Options,
) -> Result<ExitCode, Failure> {
    let name = named(inputs.iter().map(|input| input.name.clone()));
    // Standard input may be slow to say anything: nothing is waited for then.
    let wait = inputs.iter().all(|input| input.name != super::STDIN);
    let (intake, arrivals) = intake::channel(QUEUE);
    let reached = Arc::new(Reached::default());
    let (first, began) = channel();
    let (remote, player) = player::replay(paced.speed, paced.paused, &reached);
    let reader = std::thread::spawn({
        let reached = Arc::clone(&reached);
        move || read_all(inputs, paced.from, player, &intake, &reached, &first)
    });
    if wait {
        // Where no file yields a span, that is a line for each, said before the screen is touched.
        let unreadable = failures(&began);
        for error in &unreadable {
            complain(error);
        }
        if !unreadable.is_empty() {
            return Ok(ExitCode::from(super::UNUSABLE));
        }
    }
    let playback = remote.clone();
    world.plays(remote);
    let status = || Status {
        feed: Feed::Replay { name: name.clone(), done: reached.done.load(Relaxed) },
        now_ns: reached.time_ns.load(Relaxed),
        read: Some(tui::Read { bytes: reached.bytes.load(Relaxed), of: paced.size }),
        playback: playback.playback(),
        ..Status::default()
    };
    show(&mut session, status, arrivals, world, options)?;
    part(&session);
    // A reader that still waits for its pace ends with the process; one that is done tells what it could not read.
    let failed = if reader.is_finished() { reader.join() } else { Ok(Vec::new()) };
    for error in failed.iter().flatten() {
        complain(error);
    }
    let all_read = failed.is_ok_and(|failed| failed.is_empty());
    Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::from(super::UNUSABLE) })
}

/// Shows files as they grow, each read by a thread of its own.
fn follow_all(
    paths: &[PathBuf],
    from: Option<&'static Format>,
    mut session: Session,
    world: &mut World,
    options: Options,
) -> Result<ExitCode, Failure> {
    let (intake, arrivals) = intake::channel(QUEUE);
    for path in paths {
        let name = path.display().to_string();
        if name == "-" {
            return Err(Failure("standard input is read as it comes: leave --follow out".to_owned()));
        }
        File::open(path).map_err(|error| DumpError::unreadable(&name, &error))?;
        let (path, intake) = (path.clone(), intake.clone());
        std::thread::spawn(move || {
            if let Err(error) = follow(&path, from, &intake)
                && !error.is_told()
            {
                let _ = intake.send_blocking(failed_batch(name, &error));
            }
            intake
        });
    }
    let name = named(paths.iter().map(|path| path.display().to_string()));
    let status = || Status {
        feed: Feed::Replay { name: name.clone(), done: false },
        now_ns: wall_clock_ns(),
        following: true,
        ..Status::default()
    };
    show(&mut session, status, arrivals, world, options)?;
    part(&session);
    Ok(ExitCode::SUCCESS)
}

/// What several dumps are called together.
fn named(mut names: impl ExactSizeIterator<Item = String>) -> String {
    let first = names.next().unwrap_or_default();
    if names.len() == 0 { first } else { format!("{first} and {} more", names.len()) }
}

/// That a dump could not be read, for the screen.
fn failed_batch(name: String, error: &DumpError) -> Batch {
    let mut said = Batch::empty(name.as_str().into(), Origin::Dump("dump"), 0);
    said.rejections.push(Rejection::new(name, error.to_string()));
    said
}

/// Waits for the first batch of any dump: a good one is not kept back by a bad one beside it. The failures of all of
/// them, where there is none.
fn failures(began: &Receiver<Result<(), DumpError>>) -> Vec<DumpError> {
    let mut failures = Vec::new();
    for said in began {
        match said {
            Ok(()) => return Vec::new(),
            Err(error) => failures.push(error),
        }
    }
    failures
}

fn show(
    session: &mut Session,
    status: impl FnMut() -> Status,
    mut arrivals: Arrivals,
    world: &mut World,
    options: Options,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shown = runtime.block_on(tui::run(session, status, &mut arrivals, world, options));
    screen::remember(&shown?.remembered);
    Ok(())
}

/// The bytes of all files together; nothing where one of them is no file, and may go on for ever.
fn size(sources: &[Source]) -> Option<u64> {
    let size =
        |source: &Source| source.path.metadata().ok().filter(std::fs::Metadata::is_file).map(|of| of.len());
    sources.iter().map(size).sum()
}

/// Counts what is read.
struct Counted<'a, R> {
    input: R,
    bytes: &'a AtomicU64,
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.bytes.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// Reads one dump after the other, each at its pace. That there are batches is told, and every failure.
fn read_all(
    inputs: Vec<Opened>,
    from: Option<&'static Format>,
    mut player: Player,
    intake: &Intake,
    reached: &Reached,
    first: &Sender<Result<(), DumpError>>,
) -> Vec<DumpError> {
    let mut failed = Vec::new();
    for opened in inputs {
        let found = opened.may_be_else();
        let Opened { input, name, .. } = opened;
        player.next_dump();
        let mut sink = |batch: Batch| {
            let _ = first.send(Ok(()));
            if !player.wait(batch.arrived_ns) {
                return ControlFlow::Break(());
            }
            match intake.send_blocking(batch) {
                Ok(()) => ControlFlow::Continue(()),
                Err(intake::Closed) => ControlFlow::Break(()),
            }
        };
        let bytes = &reached.bytes;
        let read = match input {
            Input::Stream(input) => dump::read(Counted { input, bytes }, &name, from, &mut sink),
            Input::File(input) => dump::read_file(Counted { input, bytes }, &name, from, &mut sink),
        };
        // Of an archive as of a directory: what is in it was not named.
        let errors = match read {
            Ok(read) => read.failed.into_iter().map(|error| (true, error)).collect(),
            Err(error) => {
                let _ = first.send(Err(error.clone()));
                vec![(found, error)]
            }
        };
        for (found, error) in errors {
            if is_passed_over(found, &error) {
                // Not on standard error: the screen is there.
                let mut said = Batch::empty(name.as_str().into(), Origin::Dump("dump"), 0);
                said.remarks.push(format!("passed over: {error}"));
                let _ = intake.send_blocking(said);
            } else {
                if !error.is_told() {
                    let _ = intake.send_blocking(failed_batch(name.clone(), &error));
                }
                failed.push(error);
            }
        }
    }
    reached.done.store(true, Relaxed);
    failed
}

/// What is found is held against an earlier report.
pub(super) fn since(baseline: Option<&Path>) -> Result<Option<Since>, Failure> {
    let Some(path) = baseline else { return Ok(None) };
    let name = path.file_name().unwrap_or(path.as_os_str()).display().to_string();
    Ok(Some(Since::report(name, read_baseline(path)?)))
}

fn parse_speed(text: &str) -> Result<Speed, Failure> {
    Ok(text.parse()?)
}

/// What is left to say once the screen is gone.
pub(super) fn part(session: &Session) {
    let store = &session.store;
    let counters = store.counters();
    let (spans, traces) = (plural(counters.received, "span"), plural(counters.traces, "trace"));
    complain(&format_args!("{spans} in {traces}"));
    for finding in
        session.diagnosis.findings().iter().filter(|finding| finding.folded_under.is_none()).take(5)
    {
        let line = format!("{} {}: {}", finding.severity, finding.service, finding.message);
        complain(&clean(&line));
    }
}
