//! The command line, and nothing but its definition.

use crate::query::Query;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use std::ffi::{OsStr, OsString};
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
    /// Dumps to open, directories of them, patterns: OTLP JSON or protobuf, Jaeger, Zipkin v2, text of console exporters
    /// and of the collector's debug exporter; gz, zst, xz and zip too
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
    /// Start a replay paused: `.` brings the next batch, Space goes on
    #[arg(long, help_heading = "Dumps", conflicts_with = "follow")]
    pub step: bool,
    /// Read on as the dumps grow, and anew when they are truncated or rotated; always at full speed
    #[arg(long, env = "OTOSCOPE_FOLLOW", help_heading = "Dumps", value_parser = clap::builder::FalseyValueParser::new())]
    pub follow: bool,
    /// An earlier JSON report of `check`: what is new, still there and gone since then is told
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_BASELINE", help_heading = "Screen")]
    pub baseline: Option<PathBuf>,
    /// Live: end when nothing has arrived for so long: 30s, 5m
    #[arg(long, value_name = "TIME", env = "OTOSCOPE_EXIT_AFTER_IDLE", help_heading = "Receiver")]
    pub exit_after_idle: Option<String>,
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
    /// Run a command and inspect what it sends, live; its output is a tab of the same terminal
    ///
    /// It finds a free port of ours, or the one of --http or --grpc, in `OTEL_EXPORTER_OTLP_ENDPOINT`, which takes gRPC,
    /// HTTP/protobuf and HTTP/JSON; nothing else changes for it. It has a terminal of its own: `6` shows its output, `Enter` there types into it,
    /// `Ctrl-]` stops that, `!` shows a few lines below any tab, `Ctrl-r` starts it again. Quitting ends it and all
    /// that it has started: SIGINT, after 5 s SIGTERM, after 5 s more SIGKILL; a signal for otoscope is passed on. The exit code is that
    /// of the command if it has ended (128+n for a signal), else 0.
    Run(Box<Run>),
    /// Replay the built-in capture of the story: 24 Flask requests merged into one trace
    Demo {
        /// How fast: 1x is as it happened, max is at once
        #[arg(long, value_name = "SPEED", default_value = "1x", env = "OTOSCOPE_SPEED")]
        speed: String,
        /// How to draw.
        #[command(flatten)]
        draw: Draw,
    },
    /// Diagnose dumps, or what a command sends, without a screen; the exit code tells: 0 fine, 1 findings, 2 unreadable
    Check(Box<Check>),
    /// Receive and save without a screen, or save what a command sends: every record is whole, whatever happens
    ///
    /// FILE can be read up to its last whole record after a crash, a kill or a full disk: what came is written as it
    /// comes or, compressed, once a second. A request is answered a moment before, so a kill may cost the last few. A
    /// FILE that is there already is kept as FILE.1 (traces.1.jsonl), as --max-size does when it is full. The exit code
    /// is 0, or that of the command (128+n for a signal); 2 if nothing came, or FILE could not be written.
    Record(Box<Record>),
    /// Write dumps in another format, or with a trace of its own for every real request
    Convert(Box<Convert>),
    /// Replay dumps into any OTLP endpoint, over http or https; the exit code is 1 if something was rejected for good
    ///
    /// What the receiver asks for later is sent again, as OTLP says: on UNAVAILABLE, 429, 502, 503, 504 and their like,
    /// when `Retry-After` or `RetryInfo` says, else after ever longer pauses. 0: all was accepted; 1: something was
    /// rejected for good or given up; 2: something could not be read.
    Send(Box<Send>),
    /// List the rules
    Rules,
    /// Explain one rule in full: what, why, how it is found, what looks alike, sources
    Explain {
        /// Its name, as `otoscope rules` lists it
        #[arg(value_parser = RuleName, hide_possible_values = true)]
        rule: String,
    },
    /// Print what makes a shell complete otoscope's options
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, as `man -l -` shows it
    Man {
        /// That of one command
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
}

/// Where to listen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Receiver")]
pub struct Listen {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", env = "OTOSCOPE_HOST")]
    pub host: String,
    /// Port where exporters expect gRPC; takes HTTP too. 0 picks a free one [default: 4317, or with CMD one free port for
    /// all]
    #[arg(long, value_name = "PORT", env = "OTOSCOPE_GRPC", alias = "otlp-grpc-port")]
    pub grpc: Option<u16>,
    /// Port where exporters expect HTTP; takes gRPC too. 0 picks a free one [default: 4318, or with CMD one free port for
    /// all]
    #[arg(long, value_name = "PORT", env = "OTOSCOPE_HTTP", alias = "otlp-http-port")]
    pub http: Option<u16>,
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
    /// Colours: auto is the terminal's own sixteen, for the background that it says it has; where it says nothing (over
    /// ssh, for one) a light one needs `terminal-light`
    #[arg(long, value_name = "THEME", default_value = "auto", env = "OTOSCOPE_THEME",
          value_parser = clap::builder::PossibleValuesParser::new(["auto"].into_iter().chain(crate::tui::palette::NAMES)))]
    pub theme: String,
    /// Leave the mouse to the terminal, to select text with
    #[arg(long, env = "OTOSCOPE_NO_MOUSE", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_mouse: bool,
}

/// What to say. The environment has lists for it too, and `otoscope.toml` more.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub struct Say {
    /// Rules to allow.
    #[arg(
        short = 'A',
        long,
        value_parser = RuleName,
        hide_possible_values = true,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Do not report RULE; repeat it or write RULE,RULE [env: OTOSCOPE_ALLOW=]"
    )]
    pub allow: Vec<String>,
    /// Rules to warn.
    #[arg(
        short = 'W',
        long,
        value_parser = RuleName,
        hide_possible_values = true,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Report what RULE finds as a warning [env: OTOSCOPE_WARN=]"
    )]
    pub warn: Vec<String>,
    /// Rules to deny.
    #[arg(
        short = 'D',
        long,
        value_parser = RuleName,
        hide_possible_values = true,
        value_name = "RULE",
        value_delimiter = ',',
        help = "Report what RULE finds as an error [env: OTOSCOPE_DENY=]"
    )]
    pub deny: Vec<String>,
    /// Known issues of your own, rows as in assets/known-issues.toml; they come before the built-in ones
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_KNOWN_ISSUES")]
    pub known_issues: Option<PathBuf>,
    /// Configuration to use instead of the nearest otoscope.toml
    #[arg(long, value_name = "FILE", env = "OTOSCOPE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Run a command and inspect what it sends.
#[derive(Debug, Args)]
pub struct Run {
    /// The command and its arguments, after `--`
    #[arg(last = true, value_name = "CMD", required = true)]
    pub command: Vec<OsString>,
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// End when nothing has arrived for so long: 30s, 5m
    #[arg(long, value_name = "TIME", env = "OTOSCOPE_EXIT_AFTER_IDLE", help_heading = "Receiver")]
    pub exit_after_idle: Option<String>,
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

/// Diagnose dumps without a screen.
#[derive(Debug, Args)]
pub struct Check {
    /// Dumps to read, directories of them, patterns; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["listen", "command"])]
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
    /// Only findings that have to do with spans that match: 'service=shop kind=server', '{ duration > 1s }'. Where none
    /// does, nothing is checked and the exit code is 2
    #[arg(long, value_name = "QUERY", help_heading = "Report", value_parser = query, allow_hyphen_values = true)]
    pub query: Option<Query>,
    /// What to hold.
    #[command(flatten)]
    pub hold: Hold,
    /// What to say.
    #[command(flatten)]
    pub say: Say,
    /// What to receive instead.
    #[command(flatten)]
    pub receive: Receive,
}

/// What to receive without a screen.
#[derive(Debug, Args)]
#[command(next_help_heading = "Receiver")]
pub struct Receive {
    /// Run a command and diagnose what it sends to a port that it is told in `OTEL_EXPORTER_OTLP_ENDPOINT`. Its output
    /// goes to standard error; without findings its exit code is ours, 128+n for a signal, 2 if it sent nothing
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["files", "listen"], help_heading = None)]
    pub command: Vec<OsString>,
    /// Diagnose what arrives on --grpc and --http, for so long or until Ctrl-C
    #[arg(long, conflicts_with = "files")]
    pub listen: bool,
    /// How long to listen: 30s, 5m, 1h
    #[arg(long = "for", value_name = "TIME", requires = "listen", conflicts_with_all = ["files", "command"])]
    pub time: Option<String>,
    /// Where to listen.
    #[command(flatten)]
    pub at: Listen,
}

/// Replay dumps into an OTLP endpoint.
#[derive(Debug, Args)]
pub struct Send {
    /// Dumps to read, directories of them, patterns; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where to send: `http://localhost:4318`, `https://HOST:PORT`, or with a path to which `/v1/traces` is added. Without a
    /// scheme it is http
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Protocol; without it grpc for port 4317, else http/protobuf
    #[arg(long, value_name = "PROTOCOL",
          value_parser = clap::builder::PossibleValuesParser::new(crate::client::Protocol::NAMES))]
    pub protocol: Option<String>,
    /// A header of every request, such as `authorization: Bearer …`; repeat it for more. Those of
    /// `OTEL_EXPORTER_OTLP_HEADERS` are not sent: they may be meant for somebody else
    #[arg(long, value_name = "KEY:VALUE")]
    pub header: Vec<String>,
    /// Compress requests
    #[arg(long)]
    pub gzip: bool,
    /// For https: certificates (PEM) of the authorities to believe, instead of those that this machine trusts
    #[arg(long, value_name = "FILE", env = "OTEL_EXPORTER_OTLP_CERTIFICATE", help_heading = "TLS")]
    pub certificate: Option<OsString>,
    /// For https: the certificate (PEM) that says who we are, where that is asked for
    #[arg(long, value_name = "FILE", env = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", help_heading = "TLS")]
    pub client_certificate: Option<OsString>,
    /// For https: the key (PEM) of that certificate
    #[arg(long, value_name = "FILE", env = "OTEL_EXPORTER_OTLP_CLIENT_KEY", help_heading = "TLS")]
    pub client_key: Option<OsString>,
    /// How fast to replay: 1x is the dump's own pace
    #[arg(long, value_name = "SPEED", default_value = "max", env = "OTOSCOPE_SPEED")]
    pub speed: String,
    /// Move all times so that the last span ends when it is sent; ids and distances stay
    #[arg(long, value_name = "TO", value_parser = ["now"])]
    pub shift_time: Option<String>,
    /// How long a request is sent again before it is given up: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "1m")]
    pub retry_for: String,
    /// How to read dumps.
    #[command(flatten)]
    pub input: Input,
}

/// Receive and save without a screen.
#[derive(Debug, Args)]
pub struct Record {
    /// Where to write: .jsonl .json (OTLP/JSON lines) .binpb .pb (OTLP protobuf, length-delimited), and .gz or .zst
    /// after it; `-` is standard output, as JSON lines
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Begin a new file before this one grows larger: 100MiB. The one before becomes traces.1.jsonl, and so on
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<String>,
    /// How many earlier files are kept; the oldest is deleted, which is said
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub keep: usize,
    /// Mask what is secret or personal, as `convert --redact` does
    #[arg(long)]
    pub redact: bool,
    /// Another key to mask; `*` in it stands for anything. Repeat it or write KEY,KEY
    #[arg(long, value_name = "KEY", value_delimiter = ',', requires = "redact")]
    pub redact_key: Vec<String>,
    /// How long to record: 30s, 5m, 1h. Without it, Ctrl-C ends it
    #[arg(long = "for", value_name = "TIME", conflicts_with = "command", help_heading = "Receiver")]
    pub time: Option<String>,
    /// Where to listen.
    #[command(flatten)]
    pub at: Listen,
    /// Run a command and record what it sends to a port that it is told in `OTEL_EXPORTER_OTLP_ENDPOINT`. Its output
    /// goes to standard error
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// Write dumps in another format.
#[derive(Debug, Args)]
pub struct Convert {
    /// Dumps to read, directories of them, patterns; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where to write: .jsonl .json (OTLP/JSON lines) .binpb .pb (OTLP protobuf, length-delimited) .jaeger.json
    /// .zipkin.json, and .gz or .zst after it; `-` is standard output, as JSON lines
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Format to write, where the name of the file should not say it
    #[arg(long, value_name = "FORMAT",
          value_parser = clap::builder::PossibleValuesParser::new(crate::dump::written_formats()))]
    pub to: Option<String>,
    /// Mask values of attributes by their keys (passwords, tokens, cookies, sessions, users), literals of SQL, and in
    /// every text what looks like a credential, a mail address or a card number; equal values get equal masks
    #[arg(long)]
    pub redact: bool,
    /// Another key to mask; `*` in it stands for anything. Repeat it or write KEY,KEY
    #[arg(long, value_name = "KEY", value_delimiter = ',', requires = "redact")]
    pub redact_key: Vec<String>,
    /// Give every request of a merged trace a trace of its own, as `otoscope check` tells them apart
    #[arg(long)]
    pub unmerge: bool,
    /// Only traces that hold a match, each as a whole: 'status=error', '{ service = "shop" } >> { duration > 1s }'. Where
    /// none does, nothing is written and the exit code is 2
    #[arg(long, value_name = "QUERY", value_parser = query, allow_hyphen_values = true)]
    pub query: Option<Query>,
    /// How to read dumps.
    #[command(flatten)]
    pub input: Input,
    /// What to hold, with --unmerge and --query.
    #[command(flatten)]
    pub hold: Hold,
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

/// The name of a rule or of a known issue: shells are told all rules, but what is none is told apart later, with the
/// nearest.
#[derive(Clone)]
struct RuleName;

impl TypedValueParser for RuleName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        text: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, text)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(crate::diagnosis::RULES.iter().map(|rule| PossibleValue::new(rule.id))))
    }
}

/// The query that this text is; else what is wrong with it, with a sign under the character.
fn query(text: &str) -> Result<Query, String> {
    Query::parse(text).map_err(|wrong| {
        let indented: String = wrong.pointing(text).lines().map(|line| format!("\n    {line}")).collect();
        format!("{wrong}{indented}")
    })
}
