//! The clipboard of whoever looks at the terminal, by OSC 52: it works over ssh and in tmux, and needs no display.

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use std::io;

/// Who takes it, for notices.
pub(super) const NAME: &str = "terminal";

/// What a terminal takes at most: xterm and tmux cut off or drop more than 74,994 bytes of text (100,000 encoded).
const MAX_BYTES: usize = 74_994;

/// Copies a text; where that cannot be, says why.
pub fn copy(text: &str) -> Result<(), String> {
    if text.len() > MAX_BYTES {
        return Err(format!("terminals take at most {MAX_BYTES} bytes; save it to a file instead"));
    }
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text)).map_err(|error| error.to_string())
}
