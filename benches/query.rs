//! A query asked of 1,000,000 spans by one thread, none of which matches: nanoseconds a span, and the longest time that
//! a step of 1,000 spans keeps the owner from everything else.
//!
//! ```text
//! cargo bench --bench query [-- --spans 1000000]
//! ```

mod common;

use common::load::{Load, Shape};
use common::{Failure, option};
use otoscope::model::Origin;
use otoscope::otlp::walk;
use otoscope::query::{Progress, Query, Scan};
use otoscope::session::{Clock, Session};
use std::time::{Duration, Instant};

/// What is asked.
const QUERIES: &[&str] = &[
    "kind=producer",
    "span.http.response.status_code=999",
    "span.app.user.name=nobody",
    "resource.host.name=nowhere",
    "name=~\"nothing .*\"",
    "nowhere",
    "7777777",
    "finding=clock-skew",
    "{ kind=server } >> { span.app.user.name=nobody }",
    "{ name=nothing } >> { kind=client }",
    "{ name=nothing } ~ { kind=client }",
];

/// How many spans a step looks at.
const STEP: usize = 1_000;

fn main() -> Result<(), Failure> {
    let spans = option("--spans", 1_000_000)?;
    for (name, shape) in [("separate", Shape::Separate), ("merged", Shape::Merged)] {
        let mut session = Session::new(usize::MAX, Clock::Wall);
        for (number, request) in Load::new(shape, spans).requests().into_iter().enumerate() {
            session.take(walk(request, "bench".into(), Origin::Grpc, number as u64 * 1_000_000).0);
        }
        session.finish();
        println!(
            "{name}: {} spans, {} findings",
            session.store.span_count(),
            session.diagnosis.findings().len()
        );
        println!("{:>12}{:>14}{:>10}", "ns a span", "spans/s", "max ms");
        for text in QUERIES {
            let mut scan = Scan::new(Query::parse(text)?);
            let (start, mut longest) = (Instant::now(), Duration::ZERO);
            loop {
                let step = Instant::now();
                let progress = scan.step(&session.store, &session.diagnosis, STEP);
                longest = longest.max(step.elapsed());
                if progress == Progress::Done {
                    break;
                }
            }
            let seconds = start.elapsed().as_secs_f64();
            let (each, rate) = (seconds * 1e9 / spans as f64, spans as f64 / seconds);
            let matches = scan.matches();
            println!(
                "{each:>12.0}{rate:>14.0}{:>10.2}  {text}  {matches} traces",
                longest.as_secs_f64() * 1e3
            );
        }
    }
    Ok(())
}
