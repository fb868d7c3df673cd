//! How well otoscope does on captures whose faults are known: writes `docs/evaluation.md` anew.
//!
//! ```text
//! cargo run --release --example evaluate              # tests/captures → docs/evaluation.md
//! cargo run --release --example evaluate -- DIR       # other labelled captures → standard output
//! ```
//!
//! `corpus` reads captures and labels, `conditions` and `live` are the ways in which they come in, `judge` compares
//! findings with labels, `truth` and `score` requests with the recording, `mutants` makes broken traces from healthy
//! ones, `pages` writes it all down.

mod conditions;
mod corpus;
mod judge;
mod live;
mod md;
mod mutants;
mod pages;
mod results;
mod run;
mod score;
mod spans;
mod topology;
mod truth;

use std::fs;
use std::path::Path;

/// Whatever went wrong: the evaluation stops and says so.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Where results are kept.
const WRITTEN: &str = "docs/evaluation.md";

fn main() -> Result<(), Failure> {
    let directory = std::env::args_os().nth(1);
    let corpus = directory.as_deref().map_or(Path::new("tests/captures"), Path::new);
    let captures = corpus::read(corpus)?;
    if captures.is_empty() {
        return Err(format!("{}: no directory in it has a label.json", corpus.display()).into());
    }
    let results = results::Results::of(&captures);
    let (document, summary) = pages::document(&results);
    if directory.is_some() {
        print!("{document}");
        return Ok(());
    }
    fs::create_dir_all("docs")?;
    fs::write(WRITTEN, document)?;
    print!("{summary}");
    println!("{WRITTEN} was written: rules, topologies, live, baselines, every miss by name, mutants.");
    Ok(())
}
