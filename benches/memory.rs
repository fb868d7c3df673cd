//! Memory per held span: growth of the resident size of a fresh process that holds 1,000,000 spans, index and
//! diagnosis in, beside their encoded size; and what otoscope itself believes that it holds.
//!
//! ```text
//! cargo bench --bench memory [-- --spans 1000000]
//! ```

mod common;

use common::load::{Load, Shape};
use common::process::{Helper, resident};
use common::{Failure, option, word};
use otoscope::model::Origin;
use otoscope::otlp::walk;
use otoscope::session::{Clock, Session};
use std::io::Read;

const SHAPES: &[(&str, Shape)] =
    &[("separate", Shape::Separate), ("merged", Shape::Merged), ("run", Shape::Run { received: true })];

fn main() -> Result<(), Failure> {
    if word("--hold").is_some() {
        return hold();
    }
    let spans = option("--spans", 1_000_000)?;
    println!("{spans:>10}  bytes a span: encoded  resident  believed   resident ÷ encoded");
    for (name, shape) in SHAPES {
        let requests = Load::new(*shape, spans).requests();
        let encoded = requests.iter().map(|request| request.len() as f64).sum::<f64>() / spans as f64;
        let file = std::env::temp_dir().join(format!("otoscope-bench-{}", std::process::id()));
        std::fs::write(&file, framed(&requests))?;
        let mut helper = Helper::start(&["--hold", &file.to_string_lossy()])?;
        let answer = helper.answer();
        std::fs::remove_file(&file)?;
        let answer = answer?;
        let (before, believed) = answer.split_once(' ').ok_or("no numbers")?;
        let growth = resident(helper.pid()).now.saturating_sub(before.parse()?) as f64 / spans as f64;
        let believed = believed.parse::<f64>()? / spans as f64;
        println!("{name:>10}{encoded:>23.0}{growth:>10.0}{believed:>10.0}{:>21.2}", growth / encoded);
    }
    Ok(())
}

fn framed(requests: &[bytes::Bytes]) -> Vec<u8> {
    let framed =
        requests.iter().map(|request| [&(request.len() as u32).to_be_bytes(), &request[..]].concat());
    framed.collect::<Vec<_>>().concat()
}

/// Holds what is in a file until nobody asks any more. The requests come from a file so that building them leaves
/// nothing behind in this process's heap.
fn hold() -> Result<(), Failure> {
    let file = word("--hold").ok_or("no file")?;
    let mut requests = std::io::BufReader::new(std::fs::File::open(file)?);
    let mut session = Session::new(usize::MAX, Clock::Wall);
    let before = resident(std::process::id()).now;
    let mut prefix = [0; 4];
    while requests.read_exact(&mut prefix).is_ok() {
        let mut request = vec![0; u32::from_be_bytes(prefix) as usize];
        requests.read_exact(&mut request)?;
        session.take(walk(request.into(), "bench".into(), Origin::Grpc, 1).0);
    }
    println!("{before} {}", session.memory());
    std::io::stdin().read_line(&mut String::new())?;
    drop(session);
    Ok(())
}
