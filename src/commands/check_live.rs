//! `otoscope check -- CMD` and `check --listen`: diagnose what is sent, without a screen.

use super::check::{Read, baseline, conclude};
use super::receive::{Taker, command, listen, who, why_nothing};
use super::{Failure, UNUSABLE, complain, diagnosis, parse_size, parse_time};
use crate::child::Ended;
use crate::cli::Check;
use crate::diagnosis::{Baseline, Policy};
use crate::harmless::clean;
use crate::intake::Counters;
use crate::model::Batch;
use crate::report::Rejected;
use crate::session::{Clock, Session};
use std::process::ExitCode;

/// What came in.
struct Received {
    session: Session,
    rejected: Rejected,
}

impl Taker for Received {
    fn take(&mut self, batch: Batch) {
        self.rejected.extend(&batch.rejections);
        self.session.take(batch);
    }
}

pub(super) fn run(args: &Check, policy: Policy) -> Result<ExitCode, Failure> {
    let baseline = baseline(args)?;
    // Nothing settles before the end, as with a dump: then all is judged by all that came.
    let diagnosis = diagnosis(policy, &args.say)?;
    let session = Session::with(parse_size(&args.hold.max_memory)?, Clock::Stream, diagnosis);
    let time = args.receive.time.as_deref().map(parse_time).transpose()?;
    let received = Received { session, rejected: Rejected::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if args.receive.listen {
        let over = std::future::pending();
        let (received, counters) = runtime.block_on(listen(&args.receive.at, time, received, over))?;
        return judge(args, received, &counters, baseline.as_ref(), None);
    }
    let (received, counters, ended) =
        runtime.block_on(command(&args.receive.command, &args.receive.at, received))?;
    judge(args, received, &counters, baseline.as_ref(), Some(ended))
}

/// The report and the exit code; `ended` is how the command did, if there was one.
fn judge(
    args: &Check,
    received: Received,
    counters: &Counters,
    baseline: Option<&Baseline>,
    ended: Option<Ended>,
) -> Result<ExitCode, Failure> {
    let came = received.session.store.counters();
    if came.received == 0 {
        let who = who(&args.receive.command, ended, "no span");
        let other = (came.logs + came.unshown.metrics > 0).then_some("logs or metrics");
        let why = why_nothing(
            received.rejected.listed.first(),
            other,
            counters,
            ended.map(|ended| (&*args.receive.command, ended)),
        );
        complain(&format_args!("{}: {}", clean(&who), clean(&why)));
        return Ok(ExitCode::from(UNUSABLE));
    }
    let fails =
        conclude(args, received.session, baseline, Read { rejected: received.rejected, ..Read::default() })?;
    Ok(ExitCode::from(if fails { 1 } else { ended.map_or(0, Ended::code) }))
}
