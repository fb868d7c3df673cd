//! `otoscope run -- CMD`: a command and what it sends, in one terminal.

use super::child::Signals;
use super::endpoint::{ENDPOINT, SIGNAL_ENDPOINTS, diverted, listeners_for_command, set, switched_off, told};
use super::inspect::{Live, part, since};
use super::settings::Wishes;
use super::world::World;
use super::{Failure, complain, diagnosis, parse_size, parse_time, screen, wall_clock_ns};
use crate::child::{Command, Ended, Instrumented, Orphans, Signal};
use crate::cli::Run;
use crate::diagnosis::Policy;
use crate::harmless::clean;
use crate::session::{Clock, Session};
use crate::tui::{Options, Output, ending, output_size};
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

/// Columns and rows of a terminal that does not say.
const USUAL: (u16, u16) = (80, 24);
/// After this long, it is said what is waited for.
const SOON: Duration = Duration::from_millis(400);

pub(super) fn run(args: &Run, policy: Policy, wishes: &Wishes) -> Result<ExitCode, Failure> {
    let diagnosis = diagnosis(policy, &args.say)?;
    let mut session = Session::with(parse_size(&args.hold.max_memory)?, Clock::Wall, diagnosis);
    let mut options = Options {
        since: since(args.baseline.as_deref())?,
        exit_after_idle: args.exit_after_idle.as_deref().map(parse_time).transpose()?,
        ..screen::options(&args.draw, wishes)?
    };
    let mut live = Live::start(|| listeners_for_command(&args.listen))?;
    let endpoint = told(live.address());
    let (columns, rows) = crossterm::terminal::size().unwrap_or(USUAL);
    // The size that it keeps: a command that is told of another at once may not listen yet.
    let (name, size) = (name(&args.command), output_size(columns, rows));
    let mut output = Output::new(name.clone(), format!("{ENDPOINT}={endpoint}"), size, wall_clock_ns());
    let words: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
    output.instrument(Instrumented::of(words.iter().map(AsRef::as_ref), &set));
    for remark in diverted(&args.command).into_iter().chain(switched_off(&args.command)) {
        // On the screen it may go unread, here it may be gone by then.
        complain(&remark);
        output.remark(remark);
    }
    options.output = Some(output);
    let mut env = vec![(ENDPOINT.to_owned(), Some(endpoint))];
    env.extend(SIGNAL_ENDPOINTS.map(|name| (name.to_owned(), None)));
    let command = Command::start(args.command.clone(), env, size, Orphans::adopt())
        .map_err(|error| Failure(format!("cannot start `{name}`: {error}")))?;

    let mut world = World::new(args.say.config.clone()).with_command(command);
    let shown = live.show(&mut session, &mut world, options);
    let signal = shown.as_ref().ok().and_then(|left| left.signal).unwrap_or(Signal::INT);
    let mut ended = None;
    if let Some(command) = world.into_command() {
        ended = command.ended();
        end(command, signal, &mut live, &mut session, &name)?;
    }
    part(&session);
    live.end()?;
    screen::remember(&shown?.remembered);
    if let Some(ended) = ended {
        complain(&format_args!("`{name}` {ended}"));
    }
    Ok(ExitCode::from(ended.map_or(0, Ended::code)))
}

/// Ends the command, and takes in what it sends at its end: an exporter that is refused would try again and again.
fn end(
    command: Command,
    signal: Signal,
    live: &mut Live,
    session: &mut Session,
    name: &str,
) -> Result<(), Failure> {
    let Live { runtime, arrivals, .. } = live;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let hurry = async {
            let _ = signals.next().await;
        };
        let (tell, mut told) = unbounded_channel();
        let mut ended = std::pin::pin!(command.end(signal, hurry, |signal| {
            let _ = tell.send(signal);
        }));
        let mut soon = std::pin::pin!(tokio::time::sleep(SOON));
        let (mut open, mut said, mut sent) = (true, false, signal);
        loop {
            tokio::select! {
                () = &mut ended => return Ok(()),
                batch = arrivals.recv(), if open => match batch {
                    Some(batch) => session.take(batch),
                    None => open = false,
                },
                () = &mut soon, if !said => {
                    said = true;
                    complain(&format_args!("stopping `{name}` … Ctrl-C again: at once"));
                    complain(&ending(sent));
                }
                Some(signal) = told.recv() => {
                    sent = signal;
                    if said || signal == Signal::KILL {
                        complain(&ending(signal));
                    }
                }
            }
        }
    })
}

/// The command as it was typed, roughly: for reading.
fn name(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    clean(&words.join(" ")).into_owned()
}
