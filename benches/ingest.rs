//! Live ingest: spans a second until they are taken in — held, indexed and diagnosed, not only accepted — beside a
//! server that decodes the same requests with prost and forgets them.
//!
//! ```text
//! cargo bench --bench ingest [-- --spans 400000 --repetitions 5 --screen]
//! ```
//!
//! Both servers are processes of their own on 127.0.0.1 and take turns; only ratios within one run mean anything.
//! `--screen` runs the real `otoscope` in a pseudo-terminal of 200×50 instead of its receiver alone, and counts spans
//! as taken when the screen says so.

mod common;

use bytes::Bytes;
use common::load::{Load, Shape};
use common::process::{Helper, resident};
use common::screen::Screen;
use common::send::{Protocol, send};
use common::{Failure, Spread, flag, option, word};
use std::time::Instant;

/// What one run came to.
struct Run {
    spans_a_second: f64,
    /// Growth of the server's peak memory, bytes a span.
    growth: f64,
}

fn main() -> Result<(), Failure> {
    match word("--serve").as_deref() {
        Some("reference") => return common::serve::reference(),
        Some(_) => return common::serve::otoscope(),
        None => {}
    }
    let spans = option("--spans", 400_000)?;
    let repetitions = option("--repetitions", 5)?;
    for shape in [Shape::Separate, Shape::Merged] {
        let requests = Load::new(shape, spans).until_now().requests();
        let encoded = requests.iter().map(|request| request.len() as f64).sum::<f64>() / spans as f64;
        println!("{shape:?}: {spans} spans in {} requests, {encoded:.0} bytes a span", requests.len());
        for protocol in [Protocol::Grpc, Protocol::Http] {
            let bodies = protocol.bodies(&requests);
            let (mut reference, mut otoscope) = (Vec::new(), Vec::new());
            for _ in 0..repetitions {
                reference.push(measure("reference", protocol, &bodies, spans)?);
                otoscope.push(measure("otoscope", protocol, &bodies, spans)?);
            }
            let pairs = otoscope.iter().zip(&reference);
            let ratio = Spread::of(pairs.map(|(ours, theirs)| ours.spans_a_second / theirs.spans_a_second));
            let thousands = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.spans_a_second / 1e3)).median;
            let memory = Spread::of(otoscope.iter().map(|run| run.growth / encoded));
            println!(
                "  {protocol:?}  reference {:.0} k/s  otoscope {:.0} k/s  ratio {:.2} ({:.2}–{:.2})  memory {:.2} × encoded",
                thousands(&reference),
                thousands(&otoscope),
                ratio.median,
                ratio.least,
                ratio.most,
                memory.median,
            );
        }
    }
    Ok(())
}

fn measure(server: &str, protocol: Protocol, bodies: &[Bytes], spans: u64) -> Result<Run, Failure> {
    if server == "otoscope" && flag("--screen") {
        let screen = Screen::open()?;
        let port = if protocol == Protocol::Grpc { screen.grpc } else { screen.http };
        return run(screen.pid(), protocol, port, bodies, spans, || screen.wait_for(spans));
    }
    let mut helper = Helper::start(&["--serve", server])?;
    let ports = helper.answer()?;
    let (grpc, http) = ports.split_once(' ').ok_or("the server did not say its ports")?;
    let port = if protocol == Protocol::Grpc { grpc } else { http }.parse()?;
    run(helper.pid(), protocol, port, bodies, spans, || {
        helper.ask(&spans.to_string())?;
        helper.answer().map(drop)
    })
}

/// Sends everything, waits until it is taken in, and looks at the clock and at the memory of the process behind it.
fn run(
    pid: u32,
    protocol: Protocol,
    port: u16,
    bodies: &[Bytes],
    spans: u64,
    taken_in: impl FnOnce() -> Result<(), Failure>,
) -> Result<Run, Failure> {
    let before = resident(pid).now;
    let bodies = bodies.to_vec();
    let start = Instant::now();
    send(protocol, port, bodies)?;
    taken_in()?;
    let seconds = start.elapsed().as_secs_f64();
    let growth = resident(pid).peak.saturating_sub(before) as f64 / spans as f64;
    Ok(Run { spans_a_second: spans as f64 / seconds, growth })
}
