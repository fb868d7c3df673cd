//! Any text, as a query that is being typed: read or refused with a place in it, and completed at every character.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otoscope::query::{Query, Seen, complete};

fuzz_target!(|text: &str| {
    if let Err(error) = Query::parse(text) {
        let _ = error.pointing(text);
    }
    let seen = Seen::default();
    for (at, _) in text.char_indices().take(64) {
        let _ = complete(text, at, &seen);
    }
    let _ = complete(text, text.len(), &seen);
});
