//! The world outside of a screen: clipboards, the configuration, files.

use super::player::Remote;
use super::save::Job;
use super::settings::config_home;
use crate::child::{self, Order, Told};
use crate::config;
use crate::diagnosis::Suppression;
use crate::session::Session;
use crate::tui::{NO_COMMAND, NO_REPLAY, Outside, Refused, Replay, Save, copy_by_terminal};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a step of what takes longer is: keys wait no longer than that.
const STEP: Duration = Duration::from_millis(2);

/// Programs that fill a clipboard from their standard input, and the variable that says that there is one to fill.
const CLIPBOARDS: &[(Option<&str>, &str, &[&str])] = &[
    (Some("WAYLAND_DISPLAY"), "wl-copy", &[]),
    (Some("DISPLAY"), "xclip", &["-selection", "clipboard"]),
    (Some("DISPLAY"), "xsel", &["--clipboard", "--input"]),
    (if cfg!(target_os = "macos") { None } else { Some("") }, "pbcopy", &[]),
];

/// What the inspector may do outside of its session.
#[derive(Debug)]
pub(super) struct World {
    /// The configuration that was named on the command line.
    config: Option<PathBuf>,
    /// The command of `otoscope run`.
    command: Option<child::Command>,
    /// The replay of `otoscope FILE`.
    replay: Option<Remote>,
    job: Option<Job>,
    tell: Sender<String>,
    told: Receiver<String>,
}

impl World {
    /// With the configuration that was named, if one was.
    pub(super) fn new(config: Option<PathBuf>) -> Self {
        let (tell, told) = channel();
        Self { config, command: None, replay: None, job: None, tell, told }
    }

    /// The same with the command of `otoscope run`.
    pub(super) fn with_command(self, command: child::Command) -> Self {
        Self { command: Some(command), ..self }
    }

    /// From now on with a replay.
    pub(super) fn plays(&mut self, replay: Remote) {
        self.replay = Some(replay);
    }

    /// The command, to be ended.
    pub(super) fn into_command(self) -> Option<child::Command> {
        self.command
    }
}

impl Outside for World {
    fn copy(&mut self, text: &str) -> Result<String, String> {
        let local = copy_locally(text, &self.tell);
        match (copy_by_terminal(text), local) {
            (Ok(()), None) => Ok("terminal".to_owned()),
            (Ok(()), Some(program)) => Ok(format!("terminal and {program}")),
            (Err(_), Some(program)) => Ok(program.to_owned()),
            (Err(why), None) => Err(why),
        }
    }

    fn suppress(&mut self, suppression: &Suppression) -> Result<String, String> {
        let here = std::env::current_dir().unwrap_or_default();
        let nearest = || config::find(&here, config_home().as_deref());
        let path = self.config.clone().or_else(nearest).unwrap_or_else(|| here.join(config::FILE));
        let name = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
        append(&path, &name, suppression)
    }

    fn save(&mut self, session: &Session, save: Save) -> Result<(), Refused> {
        if self.job.is_some() {
            return Err(Refused::Because("another file is being saved; wait for it".to_owned()));
        }
        self.job = Some(Job::begin(session, save)?);
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    fn step(&mut self, session: &Session) {
        let until = Instant::now() + STEP;
        if let Some(job) = self.job.take_if(|job| job.gather(session, &|| Instant::now() < until)) {
            let tell = self.tell.clone();
            // Nobody is left to hear it once the screen is gone.
            std::thread::spawn(move || drop(tell.send(job.write())));
        }
    }

    fn told(&mut self) -> Option<String> {
        self.told.try_recv().ok()
    }

    fn order(&mut self, order: Order) -> Result<(), String> {
        self.command.as_mut().ok_or(NO_COMMAND)?.order(order)
    }

    fn replay(&mut self, order: Replay) -> Result<(), String> {
        self.replay.as_ref().ok_or(NO_REPLAY)?.order(order)
    }

    fn poll_told(&mut self, cx: &mut Context<'_>) -> Poll<Told> {
        self.command.as_mut().map_or(Poll::Pending, |command| command.poll_told(cx))
    }
}

/// Puts a suppression at the end of a configuration. Says where, `file:line`.
fn append(path: &Path, name: &str, suppression: &Suppression) -> Result<String, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{name} cannot be read: {error}")),
    };
    let (added, line) = config::addition(&text, name, suppression)?;
    let written = OpenOptions::new().create(true).append(true).open(path);
    let written = written.and_then(|mut file| file.write_all(added.as_bytes()));
    written.map_err(|error| format!("{name} cannot be written: {error}"))?;
    Ok(format!("{name}:{line}"))
}

/// Hands a text to the first program there is for the clipboard of this machine. A failure is told later.
fn copy_locally(text: &str, tell: &Sender<String>) -> Option<&'static str> {
    let there = |variable: Option<&str>| {
        variable.is_none_or(|name| !name.is_empty() && std::env::var_os(name).is_some_and(|v| !v.is_empty()))
    };
    CLIPBOARDS.iter().filter(|(variable, ..)| there(*variable)).find_map(|(_, program, arguments)| {
        let mut command = Command::new(program);
        // Some stay to hold the text, and would be taken for orphans of the command.
        command.env(child::APART, "clipboard");
        command.args(*arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let (text, tell) = (text.to_owned(), tell.clone());
        std::thread::spawn(move || {
            let taken = child.stdin.take().map(|mut stdin| stdin.write_all(text.as_bytes()));
            let ended = child.wait().is_ok_and(|status| status.success());
            if !(ended && matches!(taken, Some(Ok(())))) {
                let _ = tell.send(format!("{program} did not take the text; the terminal may have"));
            }
        });
        Some(*program)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppression_goes_into_the_file_and_nothing_else_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(config::FILE);
        let suppression = |reason: &str| Suppression {
            rule: Some("negative-duration"),
            service: None,
            scope: None,
            span: None,
            reason: reason.to_owned(),
            until: None,
            origin: String::new(),
        };
        assert_eq!(append(&path, "otoscope.toml", &suppression("one")).as_deref(), Ok("otoscope.toml:1"));
        let before = format!("# ours\nmax-memory = \"1GiB\"\n\n{}", fs::read_to_string(&path).unwrap());
        fs::write(&path, &before).unwrap();
        assert_eq!(append(&path, "otoscope.toml", &suppression("two")).as_deref(), Ok("otoscope.toml:8"));
        let after = fs::read_to_string(&path).unwrap();
        let added = "\n[[suppress]]\nrule = \"negative-duration\"\nreason = \"two\"\n";
        assert_eq!(after, format!("{before}{added}"));
        fs::write(&path, "suppress = 1\n").unwrap();
        assert!(append(&path, "otoscope.toml", &suppression("three")).is_err());
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "suppress = 1\n",
            "a file that is wrong is left alone"
        );
    }
}
