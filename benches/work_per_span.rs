//! Work per span of one thread, whatever the trace that it is in: nanoseconds for the walk over its bytes, for
//! ingest, statistics and diagnosis, and the longest time that one batch of 512 keeps the owner from everything else.
//!
//! ```text
//! cargo bench --bench work_per_span [-- --spans 1000000 --repetitions 3 --only merged]
//! ```
//!
//! Each measurement is made in a fresh process, all taking turns. The ratio is of the whole to that of `separate`.

mod common;

use common::load::{Load, Shape};
use common::process::Helper;
use common::{Failure, Spread, flag, option, word};
use otoscope::model::Origin;
use otoscope::otlp::walk;
use otoscope::session::{Clock, Session};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Names of the scenarios, what they send, and whether the requests arrive in reverse.
const SCENARIOS: &[(&str, Shape, bool)] = &[
    ("separate", Shape::Separate, false),
    ("merged", Shape::Merged, false),
    ("merged, reversed", Shape::Merged, true),
    ("run last", Shape::Run { received: true }, false),
    ("run first", Shape::Run { received: true }, true),
    ("run never", Shape::Run { received: false }, false),
    ("runs", Shape::Runs, false),
    ("chain", Shape::Chain, false),
    ("chain, reversed", Shape::Chain, true),
];

/// What one process measured, and in which order it says so.
const COLUMNS: [&str; 9] =
    ["walk", "take", "ingest", "stats", "diagnose", "cut", "memory()", "max ms", "held"];

fn main() -> Result<(), Failure> {
    let spans = option("--spans", 1_000_000)?;
    if let Some(name) = word("--scenario") {
        let scenario = SCENARIOS.iter().find(|(known, ..)| *known == name);
        let (_, shape, reversed) = scenario.ok_or("no such scenario")?;
        return measure(&Load { unit: 10, ..Load::new(*shape, spans) }, *reversed, flag("--in-parts"));
    }
    let repetitions = option("--repetitions", 3)?;
    let only = word("--only");
    let chosen: Vec<_> = SCENARIOS
        .iter()
        .filter(|(name, ..)| only.as_ref().is_none_or(|only| only == name || *name == "separate"))
        .collect();
    let mut measured = vec![Vec::new(); chosen.len()];
    for _ in 0..repetitions {
        for ((name, ..), runs) in chosen.iter().zip(&mut measured) {
            let whole = numbers(&["--scenario", name, "--spans", &spans.to_string()])?;
            let parts = numbers(&["--scenario", name, "--spans", &spans.to_string(), "--in-parts"])?;
            runs.push(whole.iter().zip(parts).map(|(whole, part)| whole.max(part)).collect::<Vec<f64>>());
        }
    }
    print!("{:>18}", "ns a span");
    for column in COLUMNS {
        print!("{column:>9}");
    }
    println!("    ratio");
    let whole = COLUMNS.iter().position(|column| *column == "take").unwrap_or(0);
    for ((name, ..), runs) in chosen.iter().zip(&measured) {
        print!("{name:>18}");
        for column in 0..COLUMNS.len() {
            let median = Spread::of(runs.iter().map(|run| run[column])).median;
            print!("{:>9}", if median < 20.0 { format!("{median:.2}") } else { format!("{median:.0}") });
        }
        let ratio = Spread::of(runs.iter().zip(&measured[0]).map(|(run, base)| run[whole] / base[whole]));
        println!("     {:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most);
    }
    Ok(())
}

fn numbers(arguments: &[&str]) -> Result<Vec<f64>, Failure> {
    let answer = Helper::start(arguments)?.answer()?;
    Ok(answer.split(' ').map(str::parse).collect::<Result<_, _>>()?)
}

/// What a batch costs, step by step as in [`Session::take`], or by calling that.
fn measure(load: &Load, reversed: bool, in_parts: bool) -> Result<(), Failure> {
    let mut requests = load.requests();
    if reversed {
        requests.reverse();
    }
    let mut session = Session::new(usize::MAX, Clock::Wall);
    let mut parts = [Duration::ZERO; COLUMNS.len() - 2];
    let mut longest = Duration::ZERO;
    let mut arrived = otoscope::store::Arrived::default();
    for (number, request) in requests.into_iter().enumerate() {
        let now_ns = load.start_ns + number as u64 * 1_000_000;
        let mut start = Instant::now();
        let mut part = |number: usize| {
            let time = start.elapsed();
            parts[number] += time;
            start = Instant::now();
            time
        };
        let (batch, malformed) = walk(request, "bench".into(), Origin::Grpc, now_ns);
        if let Some(malformed) = malformed {
            return Err(malformed.into());
        }
        part(0);
        if !in_parts {
            session.take(batch);
            longest = longest.max(part(1));
            continue;
        }
        session.store.ingest(batch, &mut arrived);
        part(2);
        session.stats.observe(&session.store, &arrived);
        part(3);
        session.diagnosis.observe(&session.store, &arrived, now_ns);
        part(4);
        for change in session.diagnosis.take_cuts() {
            session.store.set_cut(change.span, change.cut);
            session.stats.cut(&session.store, change.span, change.cut);
        }
        part(5);
        black_box(session.memory());
        part(6);
    }
    let spans = session.store.span_count() as f64;
    for part in parts {
        print!("{} ", part.as_nanos() as f64 / spans);
    }
    println!("{} {}", longest.as_secs_f64() * 1e3, session.memory() as f64 / spans);
    Ok(())
}
