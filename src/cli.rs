//! The command line, and nothing but its definition.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A terminal inspector for OpenTelemetry traces that says what is wrong with the instrumentation that sent them.
///
/// Without FILE it listens for OTLP (gRPC and HTTP on both ports) and shows what arrives, live. With FILEs it opens
/// saved dumps; `-` is standard input.
#[derive(Debug, Parser)]
#[command(name = "otoscope", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    /// What to do instead of inspecting.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Dumps to open: OTLP JSON or protobuf, Zipkin v2, console exporter text; gz and zst too
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Another dump to open, as other tools spell it
    #[arg(long, value_name = "FILE", hide = true)]
    pub from_json_file: Vec<PathBuf>,
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// How to read dumps.
    #[command(flatten)]
    pub input: Input,
    /// How fast to replay a dump: 1x is its own pace
    #[arg(long, value_name = "SPEED", env = "OTOSCOPE_SPEED", help_heading = "Dumps")]
    pub speed: Option<String>,
    /// An earlier JSON report of `check`: what is new, still there and gone since then is told
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_BASELINE", help_heading = "Screen")]
    pub baseline: Option<PathBuf>,
    /// What to hold.
    #[command(flatten)]
    pub hold: Hold,
    /// How to draw.
    #[command(flatten)]
    pub draw: Draw,
    /// What to say.
    #[command(flatten)]
    pub say: Say,
}

/// What to do instead of inspecting.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay the built-in capture of the story: 24 Flask requests merged into one trace
    Demo {
        /// How fast: 1x is as it happened, max is at once
        #[arg(long, value_name = "SPEED", default_value = "1x", env = "OTOSCOPE_SPEED")]
        speed: String,
        /// How to draw.
        #[command(flatten)]
        draw: Draw,
    },
    /// Diagnose dumps without a screen; the exit code tells: 0 fine, 1 findings, 2 unreadable
    Check(Box<Check>),
    /// List the rules
    Rules,
    /// Explain one rule in full: what, why, how it is found, what looks alike, sources
    Explain {
        /// Its name, as `otoscope rules` lists it
        rule: String,
    },
}

/// Where to listen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Receiver")]
pub struct Listen {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", env = "OTOSCOPE_HOST")]
    pub host: String,
    /// Port where exporters expect gRPC; takes HTTP too. 0 picks a free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 4317,
        env = "OTOSCOPE_GRPC",
        alias = "otlp-grpc-port"
    )]
    pub grpc: u16,
    /// Port where exporters expect HTTP; takes gRPC too. 0 picks a free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 4318,
        env = "OTOSCOPE_HTTP",
        alias = "otlp-http-port"
    )]
    pub http: u16,
}

/// How to read dumps.
#[derive(Debug, Args)]
#[command(next_help_heading = "Dumps")]
pub struct Input {
    /// Format of the dumps, where it should not be guessed from their content
    #[arg(long, value_name = "FORMAT", env = "OTOSCOPE_FROM",
          value_parser = clap::builder::PossibleValuesParser::new(crate::dump::FORMATS.iter().map(|f| f.name)))]
    pub from: Option<String>,
}

/// What to hold.
#[derive(Debug, Args)]
pub struct Hold {
    /// Memory for batches, records, index and diagnosis; the oldest requests go first: 512MiB, 2GiB
    #[arg(long, value_name = "SIZE", default_value = "1GiB", env = "OTOSCOPE_MAX_MEMORY")]
    pub max_memory: String,
}

/// How to draw.
#[derive(Debug, Args)]
#[command(next_help_heading = "Screen")]
pub struct Draw {
    /// No colours (also with `NO_COLOR` set)
    #[arg(long, env = "OTOSCOPE_NO_COLOR", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_color: bool,
    /// Only ASCII symbols
    #[arg(long, env = "OTOSCOPE_ASCII", value_parser = clap::builder::FalseyValueParser::new())]
    pub ascii: bool,
}

/// What to say. The environment has lists for it too, and `otoscope.toml` more.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub struct Say {
    /// Rules to allow.
    #[arg(
        short = 'A',
        long,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Do not report RULE; repeat it or write RULE,RULE [env: OTOSCOPE_ALLOW=]"
    )]
    pub allow: Vec<String>,
    /// Rules to warn.
    #[arg(
        short = 'W',
        long,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Report what RULE finds as a warning [env: OTOSCOPE_WARN=]"
    )]
    pub warn: Vec<String>,
    /// Rules to deny.
    #[arg(
        short = 'D',
        long,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Report what RULE finds as an error [env: OTOSCOPE_DENY=]"
    )]
    pub deny: Vec<String>,
    /// Configuration to use instead of the nearest otoscope.toml
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Diagnose dumps without a screen.
#[derive(Debug, Args)]
pub struct Check {
    /// Dumps to read; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to read dumps.
    #[command(flatten)]
    pub input: Input,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "OTOSCOPE_FORMAT", help_heading = "Report",
          value_parser = clap::builder::PossibleValuesParser::new(crate::report::REPORTS.iter().map(|r| r.name)))]
    pub format: String,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Report")]
    pub output: Option<PathBuf>,
    /// The lowest severity that makes the exit code 1
    #[arg(
        long,
        value_name = "SEVERITY",
        default_value = "error",
        env = "OTOSCOPE_FAIL_ON",
        help_heading = "Report"
    )]
    pub fail_on: FailOn,
    /// An earlier JSON report: only what is new since then makes the exit code 1
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_BASELINE", help_heading = "Report")]
    pub baseline: Option<PathBuf>,
    /// What to hold.
    #[command(flatten)]
    pub hold: Hold,
    /// What to say.
    #[command(flatten)]
    pub say: Say,
}

/// The lowest severity that makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Info,
    /// Nothing.
    Never,
}
