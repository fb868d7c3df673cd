use crate::MERGED;
use crate::pty::{LARGE, SMALL, Term, contains};

/// Names and values.
type Env<'a> = &'a [(&'a str, &'a str)];

/// The parameters of every `ESC [ … m`.
fn colours(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    // 39, 49 and 59 are the terminal's own colours.
    let coloured =
        |part: &&str| matches!(part.parse(), Ok(30..=38 | 40..=48 | 58 | 90..=107_u16)) || part.contains(':');
    sequences.filter(|parameters| parameters.split(';').any(|part| coloured(&part))).collect()
}

#[test]
fn colours_can_be_switched_off() {
    let cases: [(&[&str], Env<'_>, bool); 5] = [
        (&[MERGED], &[], true),
        (&[MERGED], &[("NO_COLOR", "")], true),
        (&[MERGED], &[("NO_COLOR", "1")], false),
        (&[MERGED, "--no-color"], &[], false),
        (&[MERGED], &[("OTOSCOPE_NO_COLOR", "true")], false),
    ];
    for (args, env, coloured) in cases {
        let mut term = Term::with_env(SMALL, args, env);
        term.see(&["24 requests", "INTERNAL→SERVER"]);
        term.keys("23?q");
        let colours = colours(&term.ended().raw);
        assert_eq!(!colours.is_empty(), coloured, "{args:?} {env:?}: {colours:?}");
    }
}

#[test]
fn symbols_can_be_ascii_only() {
    let mut term = Term::otoscope(SMALL, &[MERGED, "--ascii"]);
    term.see(&["24 requests", "INTERNAL->SERVER"]);
    for keys in ["u", "\r", "2", "3", "?"] {
        term.keys(keys);
    }
    term.see(&["Esc closes"]);
    term.keys("q");
    let ended = term.ended();
    let strange: String = String::from_utf8_lossy(&ended.raw).chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(strange, "");
}

#[test]
fn a_new_size_is_drawn_anew() {
    let mut term = Term::otoscope(SMALL, &[MERGED]);
    let last_line = |rows: u16, columns: u16| {
        term.wait("the footer on the last line", move |screen| {
            let lines: Vec<String> = screen.rows(0, columns).collect();
            let full = lines[0].starts_with(" 1 Traces") && lines.concat().contains("24 requests");
            (full && lines[usize::from(rows) - 1].contains("q quit")).then_some(())
        });
    };
    last_line(24, 80);
    term.resize(LARGE);
    last_line(50, 200);
    term.see(&["folded under it"]);
    term.resize((60, 12));
    last_line(12, 60);
    term.resize((40, 10));
    term.see(&["otoscope needs 60 columns and 12 rows"]);
    term.resize((120, 40));
    last_line(40, 120);
    term.keys("q");
    let ended = term.ended();
    assert!(ended.code == 0 && contains(&ended.raw, "\x1b[?1049l"));
}
