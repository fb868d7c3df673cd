//! What can be seen of the command of `otoscope run`: the screen of its terminal, and how it is doing. What it prints
//! becomes cells here; no byte of it goes to the real terminal.

use crate::child::{Ended, Instrumented, Signal, Told, signal_name};
use std::num::NonZeroU16;
use vt100::{Callbacks, Parser, Screen};

/// Lines that are kept above the screen, and how many cells they may have, at 32 bytes each.
const KEPT_LINES: usize = 5_000;
const KEPT_CELLS: usize = 800_000;
/// Answers that are kept for a command that does not read them, bytes.
const KEPT_ANSWERS: usize = 1 << 10;

/// How a command is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It runs.
    Running,
    /// It was told to end, to be started again.
    Ending,
    /// It has ended.
    Ended(Ended),
}

/// What can be seen of a command.
pub struct Output {
    name: String,
    endpoint: String,
    remarks: Vec<String>,
    instrumented: Instrumented,
    terminal: Parser<Answers>,
    state: State,
    /// The last signal that was sent to end it.
    sent: Option<Signal>,
    started_ns: u64,
    ended_ns: Option<u64>,
}

impl Output {
    /// That of a command that starts now, in a terminal of so many columns and rows.
    pub fn new(name: String, endpoint: String, (columns, rows): (u16, u16), now_ns: u64) -> Self {
        let (rows, columns) = (at_least_one(rows), at_least_one(columns));
        let kept = KEPT_LINES.min(KEPT_CELLS / usize::from(columns.get()));
        Self {
            name,
            endpoint,
            remarks: Vec::new(),
            instrumented: Instrumented::default(),
            terminal: Parser::new_with_callbacks(rows, columns, kept, Answers::default()),
            state: State::Running,
            sent: None,
            started_ns: now_ns,
            ended_ns: None,
        }
    }

    /// The command, as it was typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was told to send.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Tells what instruments it.
    pub fn instrument(&mut self, by: Instrumented) {
        self.instrumented = by;
    }

    /// What instruments it.
    pub fn instrumented(&self) -> &Instrumented {
        &self.instrumented
    }

    /// That it was started again, and what it took to end it before, once: that is forgotten then.
    pub fn started_again(&mut self) -> String {
        match self.sent.take() {
            Some(Signal::INT) => format!("{} ended it; started again", signal_name(Signal::INT)),
            Some(signal) => format!("started again; {}", ending(signal)),
            None => "started again".to_owned(),
        }
    }

    /// It has ended as programs do that fail: not as somebody wanted, with Ctrl-C or by killing it.
    pub fn has_failed(&self) -> bool {
        const WANTED: [i32; 5] = [1, 2, 3, 9, 15];
        match self.state {
            // A program may answer the signal that it was sent with any status.
            _ if self.sent.is_some() => false,
            State::Ended(Ended::Status(status)) => {
                status != 0 && !WANTED.iter().any(|signal| status == 128 + signal)
            }
            State::Ended(Ended::Signal(signal)) => !WANTED.contains(&signal),
            State::Running | State::Ending => false,
        }
    }

    /// Adds what its user should know of its environment.
    pub fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    /// What its user should know of its environment.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The columns and rows of its terminal.
    pub fn size(&self) -> (u16, u16) {
        let (rows, columns) = self.screen().size();
        (columns.get(), rows.get())
    }

    /// The screen of its terminal, as far up as it is scrolled.
    pub fn screen(&self) -> &Screen {
        self.terminal.screen()
    }

    /// How it is doing.
    pub fn state(&self) -> State {
        self.state
    }

    /// How long it has run, nanoseconds.
    pub fn ran_ns(&self, now_ns: u64) -> u64 {
        self.ended_ns.unwrap_or(now_ns).saturating_sub(self.started_ns)
    }

    /// Takes in what is told of the command. Answers with what its terminal says in reply.
    pub fn hear(&mut self, told: &Told, now_ns: u64) -> Vec<u8> {
        match told {
            Told::Printed(bytes) => return self.write(bytes),
            Told::Ending(signal) => {
                (self.state, self.sent) = (State::Ending, Some(*signal));
                // What it does at that of Ctrl-C it says itself.
                if *signal != Signal::INT {
                    self.note(&ending(*signal));
                }
            }
            Told::Started => {
                self.note("started again");
                (self.state, self.started_ns, self.ended_ns) = (State::Running, now_ns, None);
            }
            Told::Ended(how) => {
                self.note(&how.to_string());
                (self.state, self.ended_ns) = (State::Ended(*how), Some(now_ns));
            }
            Told::Failed(why) => {
                self.note(why);
                self.sent = None;
                // What a shell would say.
                (self.state, self.ended_ns) = (State::Ended(Ended::Status(127)), Some(now_ns));
            }
        }
        Vec::new()
    }

    /// Takes in what the command wrote. Answers with what its terminal says in reply.
    fn write(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.terminal.process(bytes);
        std::mem::take(&mut self.terminal.callbacks_mut().said)
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        self.terminal.set_size(at_least_one(rows), at_least_one(columns));
    }

    /// Scrolls by lines: up, or with a negative number down.
    pub fn scroll(&mut self, up: isize) {
        let screen = self.terminal.screen_mut();
        // More than there are is all there are.
        screen.set_scrollback(screen.scrollback().saturating_add_signed(up));
    }

    /// Writes a line of ours between those of the command, whatever state it has left its terminal in.
    fn note(&mut self, words: &str) {
        // Off: the alternate screen, arrows for applications, pastes and the mouse; then, where the cursor is, origin
        // mode, margins and styles. On: the cursor.
        if self.screen().alternate_screen() {
            self.terminal.process(b"\x1b[?1049l");
        }
        self.terminal.process(
            b"\x1b[?1l\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?2004l\
              \x1b[m\x1b7\x1b[?6l\x1b[r\x1b8\x1b[?25h",
        );
        let starts_line = self.screen().cursor_position().1 == 0;
        let line = format!("{}\x1b[2m[{words}]\x1b[m\r\n", if starts_line { "" } else { "\r\n" });
        self.terminal.process(line.as_bytes());
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("name", &self.name).field("state", &self.state).finish_non_exhaustive()
    }
}

/// That a signal was sent to end a command, and what that costs. SDKs send every 5 s (`OTEL_BSP_SCHEDULE_DELAY`) and at an
/// orderly end, which Python's is at SIGINT only.
pub fn ending(signal: Signal) -> String {
    let lost = match signal {
        Signal::INT => "it sends what it still holds, if its SDK does at that",
        Signal::KILL => "up to 5 s of its spans are lost",
        _ => "up to 5 s of its spans may be lost",
    };
    format!("{} sent: {lost}", signal_name(signal))
}

/// What a terminal says when it is asked who and how it is, and where its cursor stands: some programs wait for that.
#[derive(Default)]
struct Answers {
    said: Vec<u8>,
}

impl Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        i1: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        c: char,
    ) {
        let asked = params.first().and_then(|param| param.first()).copied().unwrap_or(0);
        let answer = match (i1, c, asked) {
            (None, 'n', 5) => "\x1b[0n".to_owned(),
            (None, 'n', 6) => {
                let (row, column) = screen.cursor_position();
                format!("\x1b[{};{}R", row + 1, column + 1)
            }
            (None, 'c', 0) => "\x1b[?6c".to_owned(),
            _ => return,
        };
        if self.said.len() < KEPT_ANSWERS {
            self.said.extend_from_slice(answer.as_bytes());
        }
    }
}

fn at_least_one(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> Output {
        Output::new("app".to_owned(), String::new(), (20, 4), 0)
    }

    #[test]
    fn what_scrolls_off_is_kept_and_bounded() {
        let mut output = output();
        for n in 0..2 * KEPT_LINES {
            output.write(format!("line {n}\r\n").as_bytes());
        }
        assert_eq!(output.screen().scrollback_len(), KEPT_LINES);
        output.scroll(isize::MAX);
        let first = 2 * KEPT_LINES + 1 - 4 - KEPT_LINES;
        assert!(output.screen().contents().starts_with(&format!("line {first}\n")));
        output.scroll(-isize::MAX);
        assert!(output.screen().contents().ends_with(&format!("line {}", 2 * KEPT_LINES - 1)), "and back");
        let wide = Output::new("app".to_owned(), String::new(), (1_600, 4), 0);
        assert_eq!(wide.screen().scrollback_capacity(), 500, "fewer where they are long");
    }

    #[test]
    fn where_it_is_scrolled_to_stays_while_more_is_written() {
        let mut output = output();
        (0..100).for_each(|n| drop(output.write(format!("line {n}\r\n").as_bytes())));
        output.scroll(10);
        let before = output.screen().contents();
        output.write(b"more\r\nand more\r\n");
        assert_eq!(output.screen().contents(), before);
    }

    #[test]
    fn a_terminal_answers_what_it_is_asked() {
        let mut output = output();
        assert_eq!(output.write(b"ab\x1b[6n\x1b[5n\x1b[c"), b"\x1b[1;3R\x1b[0n\x1b[?6c");
        assert_eq!(output.write(b"\x1b]52;c;?\x07\x1b[21t\x1b[?u"), b"", "but nothing that could be abused");
        let asks = b"\x1b[6n".repeat(1_000);
        assert!(output.write(&asks).len() < 2 * KEPT_ANSWERS);
    }

    #[test]
    fn a_line_of_ours_stands_apart_from_whatever_was_left() {
        let mut output = output();
        output.write(b"before\r\n\x1b[?1049h\x1b[2;3r\x1b[31;7mvim\x1b[?25l");
        output.note("exited 1");
        assert!(
            output.screen().contents().starts_with("before\n[exited 1]"),
            "{}",
            output.screen().contents()
        );
        assert!(!output.screen().alternate_screen() && !output.screen().hide_cursor());
        assert!(!output.screen().inverse());
    }

    #[test]
    fn noise_and_any_size_are_survived() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut output = output();
        let pieces: &[&[u8]] = &[
            b"\x1b[",
            b";",
            b"65535",
            b"H",
            b"m",
            b"r",
            b"L",
            b"@",
            b"\x1b]",
            b"\x07",
            b"\xe4\xbd\xa0",
            b"e\xcc\x81",
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\n",
            b"\x1bM",
            b"T",
            b"b",
        ];
        for _ in 0..20_000 {
            if rng.u8(0..200) == 0 {
                output.resize((rng.u16(0..300), rng.u16(0..100)));
                output.scroll(rng.isize(-50..50));
            } else if rng.bool() {
                output.write(pieces[rng.usize(0..pieces.len())]);
            } else {
                output.write(&[rng.u8(..)]);
            }
        }
        let (rows, columns) = output.screen().size();
        for row in 0..rows.get() {
            for cell in (0..columns.get()).filter_map(|column| output.screen().cell(row, column)) {
                assert!(!cell.contents().chars().any(char::is_control), "{:?}", cell.contents());
            }
        }
    }
}
