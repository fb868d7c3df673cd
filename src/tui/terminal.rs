//! The terminal: taken, and given back whatever happens.

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once};
use std::thread;

/// A whole frame in one write, as long as it is of a usual size.
const FRAME_BYTES: usize = 64 << 10;

/// Every cell stays where it is put, whatever is written from right to left in its row (ECMA-48, BDSM reset; *`BiDi` in
/// Terminal Emulators*: what programs that lay out the screen by themselves ask for). Others do not know it, and pass it over.
const CELLS_STAY: &str = "\x1b[8l";
/// As terminals have it from the start.
const CELLS_MAY_MOVE: &str = "\x1b[8h";

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What threads without a screen said while they panicked; printed once the terminal is given back.
static LAST_WORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A terminal that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal: raw, alternate screen, the mouse if it is wanted.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        restore_on_panic();
        let mut screen = Self { terminal: blank()?, mouse };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            Print(CELLS_STAY),
            cursor::Hide,
            Clear(ClearType::All)
        )?;
        if self.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        // Not `clear`: it asks the terminal where the cursor is, and some never answer.
        self.terminal = blank()?;
        Ok(())
    }

    /// Takes the terminal again after somebody else had it. Whoever that was may have changed its modes: it is not
    /// enough that we have once asked for raw ones.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        self.enter()
    }

    /// Draws a frame that the terminal shows at once or not at all.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Gives the terminal back.
    pub(super) fn give_back() {
        if !TAKEN.swap(false, Ordering::SeqCst) {
            return;
        }
        // Nobody is left to tell of an error here: the terminal may be gone.
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            Print(CELLS_MAY_MOVE),
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
        let _ = io::stdout().flush();
        if let Ok(mut words) = LAST_WORDS.lock() {
            words.drain(..).for_each(|words| eprintln!("{words}"));
        }
    }
}

/// A terminal of which nothing is known to be drawn.
fn blank() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout())))
}

impl Drop for Screen {
    fn drop(&mut self) {
        // After a panic in the middle of a frame, what is left of it must not freeze the terminal.
        let _ = execute!(self.terminal.backend_mut(), EndSynchronizedUpdate);
        Self::give_back();
    }
}

/// A panic of the thread with the screen gives the terminal back before it is printed. One of any other thread must
/// neither be printed over the screen nor be lost.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let screen_thread = thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let taken = TAKEN.load(Ordering::SeqCst);
            if taken && thread::current().id() != screen_thread {
                if let Ok(mut words) = LAST_WORDS.lock() {
                    words.push(panic.to_string());
                }
                return;
            }
            Screen::give_back();
            before(panic);
        }));
    });
}
