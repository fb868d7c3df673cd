//! What the user set: on the command line, else in the environment, else in `otoscope.toml`.
//!
//! Every option that has a variable in the environment may stand in the file, under its long name. A value from the
//! file becomes the option's default, and the command line is read again: so the order of precedence is clap's own.

use super::Failure;
use crate::cli::{Cli, Command, Say};
use crate::config::{self, Config, Options, Setting};
use crate::diagnosis::{Level, Policy};
use crate::dump::pace::Speed;
use crate::model::Day;
use crate::tui::keys::Keys;
use crate::tui::palette;
use clap::error::ErrorKind;
use clap::{Arg, CommandFactory, FromArgMatches};
use std::error::Error;
use std::path::PathBuf;

/// The option that names the file cannot stand in it.
const CONFIG: &str = "config";

/// Says what is wrong with a value, if anything.
type Check = fn(&str) -> Result<(), Failure>;

/// Options whose values the commands read, not clap, since a wrong one is worth a line and no more.
const READ_BY_COMMANDS: [(&str, Check); 3] = [
    ("max-memory", |value| super::parse_size(value).map(drop)),
    ("exit-after-idle", |value| super::parse_time(value).map(drop)),
    ("speed", |value| Ok(value.parse::<Speed>().map(drop)?)),
];

/// What the file wishes of the screen.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Wishes {
    /// Names of actions, and the keys that are to do them.
    pub(super) keys: Vec<(String, Vec<String>)>,
    /// Names of roles, and their styles.
    pub(super) styles: Vec<(String, String)>,
}

/// All that the user has set.
#[derive(Debug)]
pub(super) struct Settings {
    /// The command line with what the file says.
    pub(super) cli: Cli,
    /// What is wanted of the rules.
    pub(super) policy: Policy,
    /// What is wanted of the screen.
    pub(super) wishes: Wishes,
}

/// Reads the command line with what the file says.
pub(super) fn read(cli: Cli) -> Result<Settings, Failure> {
    let say = match &cli.command {
        // The catalogue is the same for everybody, and is to be had when a file names a rule wrongly.
        Some(
            Command::Rules | Command::Explain { .. } | Command::Completions { .. } | Command::Man { .. },
        ) => {
            return Ok(Settings { cli, policy: Policy::default(), wishes: Wishes::default() });
        }
        None => Some(&cli.say),
        Some(Command::Check(args)) => Some(&args.say),
        Some(Command::Run(args)) => Some(&args.say),
        Some(Command::Demo { .. } | Command::Convert(_) | Command::Record(_) | Command::Send(_)) => None,
    };
    let config = load(say.and_then(|say| say.config.clone()))?;
    let policy = policy(&config, say)?;
    let wishes = Wishes { keys: config.keys, styles: config.styles };
    if config.settings.is_empty() {
        return Ok(Settings { cli, policy, wishes });
    }
    let command = with_defaults(Cli::command(), &config.settings);
    let matches = command.try_get_matches().unwrap_or_else(|error| error.exit());
    Ok(Settings { cli: Cli::from_arg_matches(&matches)?, policy, wishes })
}

/// Reads the file that was named, else the nearest.
fn load(named: Option<PathBuf>) -> Result<Config, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let Some(path) = named.or_else(|| config::find(&here, config_home().as_deref())) else {
        return Ok(Config::default());
    };
    let name = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
    let text =
        std::fs::read_to_string(&path).map_err(|error| Failure(format!("{name} cannot be read: {error}")))?;
    let options = options(&Cli::command());
    let check = |option: &str, value: &str| match options.iter().find(|arg| arg.get_long() == Some(option)) {
        Some(arg) => check(arg, option, value),
        None => Ok(()),
    };
    let names = options.iter().filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
    let keys = |action: &str, keys: &[String]| Keys::default().bind(action, keys);
    let style = |role: &str, text: &str| palette::built_in()[0].clone().set(role, text);
    Ok(config::parse(&text, &name, &Options { names, check: &check, keys: &keys, style: &style })?)
}

/// Where the user's own configuration lies (XDG Base Directory Specification).
pub(super) fn config_home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))
}

/// The options of all commands that a file may set, each once.
fn options(command: &clap::Command) -> Vec<Arg> {
    let mut options: Vec<Arg> = Vec::new();
    let commands = std::iter::once(command).chain(command.get_subcommands());
    for arg in commands.flat_map(clap::Command::get_arguments).filter(|arg| settable(arg)) {
        if !options.iter().any(|known| known.get_long() == arg.get_long()) {
            options.push(arg.clone());
        }
    }
    options
}

fn settable(arg: &Arg) -> bool {
    arg.get_env().is_some() && arg.get_long().is_some_and(|name| name != CONFIG)
}

/// Whether an option takes a value, else a sentence.
fn check(arg: &Arg, option: &str, value: &str) -> Result<(), String> {
    if !arg.get_action().takes_values() {
        return match value {
            "true" | "false" => Ok(()),
            _ => Err(format!("{option} is true or false")),
        };
    }
    let command = clap::Command::new("otoscope").no_binary_name(true).arg(arg.clone().required(false));
    let Err(error) = command.try_get_matches_from([format!("--{option}={value}")]) else {
        let read = READ_BY_COMMANDS.iter().find(|(name, _)| *name == option);
        return read.map_or(Ok(()), |(_, check)| check(value).map_err(|wrong| format!("{option}: {wrong}")));
    };
    let choices = arg.get_possible_values();
    let choices: Vec<&str> = choices.iter().map(clap::builder::PossibleValue::get_name).collect();
    Err(match (error.kind(), config::nearest(value, choices.iter().copied())) {
        (ErrorKind::InvalidValue, Some(near)) => format!("{option} cannot be {value}; did you mean {near}?"),
        (ErrorKind::InvalidValue, None) => format!("{option} is one of {}, not {value}", choices.join(", ")),
        _ => match error.source() {
            Some(source) => format!("{option}: {source}"),
            None => format!("{option} cannot be {value}"),
        },
    })
}

fn with_defaults(command: clap::Command, settings: &[Setting]) -> clap::Command {
    let default = |arg: Arg| {
        let set = settings.iter().find(|setting| settable(&arg) && arg.get_long() == Some(&setting.option));
        match set {
            Some(setting) => arg.default_value(setting.value.clone()),
            None => arg,
        }
    };
    command.mut_args(default).mut_subcommands(|sub| with_defaults(sub, settings))
}

/// Levels of rules, the weightiest word last.
fn policy(config: &Config, say: Option<&Say>) -> Result<Policy, Failure> {
    let mut policy = Policy::default();
    policy.on(Day::of(super::wall_clock_ns()));
    config.levels.iter().for_each(|(rule, level)| policy.set(rule, *level));
    config.suppressions.iter().for_each(|suppression| policy.suppress(suppression.clone()));
    let listed = |name: &str| {
        let list = std::env::var(name).unwrap_or_default();
        list.split(',').map(|rule| rule.trim().to_owned()).filter(|rule| !rule.is_empty()).collect()
    };
    let environment =
        [("OTOSCOPE_ALLOW", Level::Allow), ("OTOSCOPE_WARN", Level::Warn), ("OTOSCOPE_DENY", Level::Deny)]
            .map(|(name, level)| (name, level, listed(name)));
    set(&mut policy, &environment)?;
    if let Some(Say { allow, warn, deny, .. }) = say {
        let line = [("-A", Level::Allow, allow), ("-W", Level::Warn, warn), ("-D", Level::Deny, deny)];
        set(&mut policy, &line.map(|(name, level, rules)| (name, level, rules.clone())))?;
    }
    Ok(policy)
}

/// Sets levels that were said in one place, where a rule can have only one.
fn set(policy: &mut Policy, said: &[(&str, Level, Vec<String>)]) -> Result<(), Failure> {
    let mut before: Vec<(&str, &str)> = Vec::new();
    for (name, level, rules) in said {
        for rule in rules {
            let rule = config::rule(rule).map_err(|wrong| Failure(format!("{name}: {wrong}")))?.id;
            if let Some((other, _)) = before.iter().find(|(other, known)| *known == rule && other != name) {
                return Err(Failure(format!("{other} and {name} both name {rule}; leave one of them")));
            }
            before.push((name, rule));
            policy.set(rule, *level);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_options_may_stand_in_the_file() {
        let options = options(&Cli::command());
        let names: Vec<&str> = options.iter().filter_map(Arg::get_long).collect();
        for name in
            ["host", "grpc", "http", "max-memory", "speed", "from", "no-color", "ascii", "fail-on", "format"]
        {
            assert!(names.contains(&name), "{name}");
        }
        for name in ["config", "output", "allow", "help", "version"] {
            assert!(!names.contains(&name), "{name}");
        }
    }

    #[test]
    fn values_are_checked_as_the_command_line_checks_them() {
        let options = options(&Cli::command());
        let said = |option: &str, value: &str| {
            let arg = options.iter().find(|arg| arg.get_long() == Some(option)).unwrap();
            check(arg, option, value).err().unwrap_or_default()
        };
        for (option, value) in [
            ("max-memory", "512MiB"),
            ("grpc", "0"),
            ("fail-on", "never"),
            ("no-color", "false"),
            ("speed", "10x"),
            ("from", "zipkin-v2"),
        ] {
            assert_eq!(said(option, value), "", "{option} {value}");
        }
        assert_eq!(said("max-memory", "much"), "max-memory: much is not a size; write 512MiB or 2GiB");
        assert_eq!(said("grpc", "70000"), "grpc: 70000 is not in 0..=65535");
        assert_eq!(said("fail-on", "warnings"), "fail-on cannot be warnings; did you mean warning?");
        assert_eq!(said("fail-on", "x"), "fail-on is one of error, warning, info, never, not x");
        assert_eq!(said("no-color", "yes"), "no-color is true or false");
        assert!(said("speed", "fast").starts_with("speed: "));
    }

    #[test]
    fn what_a_file_says_is_a_default() {
        let setting =
            |option: &str, value: &str| Setting { option: option.to_owned(), value: value.to_owned() };
        let settings = [
            setting("max-memory", "64MiB"),
            setting("ascii", "true"),
            setting("fail-on", "info"),
            setting("grpc", "1"),
        ];
        let parse = |line: &str| {
            let matches =
                with_defaults(Cli::command(), &settings).try_get_matches_from(line.split(' ')).unwrap();
            Cli::from_arg_matches(&matches).unwrap()
        };
        let cli = parse("otoscope --grpc 2 a.jsonl");
        assert_eq!((cli.hold.max_memory.as_str(), cli.draw.ascii, cli.draw.no_color), ("64MiB", true, false));
        assert_eq!((cli.listen.grpc, cli.listen.http), (Some(2), None));
        let Some(Command::Check(args)) = parse("otoscope check --max-memory 1MiB a.jsonl").command else {
            panic!()
        };
        assert_eq!((args.hold.max_memory.as_str(), args.fail_on), ("1MiB", crate::cli::FailOn::Info));
    }

    #[test]
    fn one_place_says_one_thing_of_a_rule() {
        let said = |rules: [&str; 2]| {
            let list = |rule: &str| vec![rule.to_owned()];
            let mut policy = Policy::default();
            set(&mut policy, &[("-A", Level::Allow, list(rules[0])), ("-D", Level::Deny, list(rules[1]))])
                .map(|()| policy.level("http-entry-not-server"))
                .map_err(|failure| failure.to_string())
        };
        assert_eq!(said(["merged-under-local-span", "http-entry-not-server"]), Ok(Some(Level::Deny)));
        let twice = said(["http-entry-not-server", "http-entry-not-server"]).unwrap_err();
        assert_eq!(twice, "-A and -D both name http-entry-not-server; leave one of them");
        let unknown = said(["http-entry-not-sever", "http-entry-not-server"]).unwrap_err();
        assert_eq!(unknown, "-A: there is no rule http-entry-not-sever; did you mean http-entry-not-server?");
    }
}
