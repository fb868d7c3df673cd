use crate::MERGED;
use crate::pty::{ANSWERS, BACKGROUND, LARGE, SMALL, Term, contains};

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
        term.keys("23?qq");
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
    term.keys("qq");
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
    term.see(&["too small:", "60×12 needed"]);
    term.resize((120, 40));
    last_line(40, 120);
    term.keys("q");
    let ended = term.ended();
    assert!(ended.code == 0 && contains(&ended.raw, "\x1b[?1049l"));
    // Cells stay where they are in terminals that write from right to left, and only as long as the screen is ours.
    let last =
        |mode: &str| ended.raw.windows(mode.len()).rposition(|window| window == mode.as_bytes()).unwrap();
    assert!(last("\x1b[8l") < last("\x1b[8h"));
}

#[test]
fn the_first_time_says_how_to_find_ones_way_and_the_next_time_is_as_it_was_left() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().display().to_string();
    let env = [("XDG_STATE_HOME", state.as_str())];
    let mut term = Term::with_env(SMALL, &[MERGED], &env);
    term.see(&["new here? ? lists every key, : finds everything by name"]);
    term.keys(":");
    term.see(&["Commands"]);
    term.keys("colours: light");
    term.keys("\r");
    term.see(&["colours: light, also the next time"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);

    let mut term = Term::with_env(SMALL, &[MERGED], &env);
    term.see(&["24 requests", "j/k move"]);
    term.keys("q");
    let ended = term.ended();
    assert!(!String::from_utf8_lossy(&ended.raw).contains("new here?"));
    let of_256 = |parameters: &String| parameters.contains("38;5;160") || parameters.contains("38:5:160");
    assert!(colours(&ended.raw).iter().any(of_256), "the red of the light theme");
}

#[test]
fn a_light_background_that_says_so_has_no_yellow() {
    let mut yellow = Vec::new();
    // By a variable, by an answer; and one that answers only what it is.
    let said = [
        ("COLORFGBG", "15;0"),
        ("COLORFGBG", "0;15"),
        (BACKGROUND, "1c1c/1c1c/1c1c"),
        (BACKGROUND, "ffff/ffff/e8e8"),
        ("NOTHING", ""),
    ];
    for said in said {
        let env = [said, ANSWERS];
        let mut term = Term::with_env(SMALL, &[MERGED], &env[..if said.0 == "COLORFGBG" { 1 } else { 2 }]);
        term.see(&["24 requests"]);
        term.keys("?qq");
        let colours = colours(&term.ended().raw);
        yellow.push(colours.iter().any(|c| c.split(';').any(|part| part == "33") || c.contains("38;5;3")));
    }
    assert_eq!(yellow, [true, false, true, false, true]);
}

#[test]
fn keys_and_styles_are_the_users_own() {
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("own.toml");
    let write = |text: &str| std::fs::write(&config, text).unwrap();
    write("[keys]\nhelp = [\"F1\"]\n[styles]\nerror = \"#010203 bold\"\n");
    let config_name = config.display().to_string();
    let mut term = Term::otoscope(SMALL, &["--config", &config_name, MERGED]);
    term.see(&["24 requests", "F1 help"]);
    term.keys("\u{1b}OP");
    term.see(&["Esc closes"]);
    term.keys("qq");
    let raw = String::from_utf8_lossy(&term.ended().raw).into_owned();
    assert!(raw.contains("38;2;1;2;3"), "the user's own red");

    write("[keys]\nhelp = \"j\"\n");
    let term = Term::otoscope(SMALL, &["--config", &config_name, MERGED]);
    let ended = term.ended();
    assert_eq!(ended.code, 2);
    assert!(ended.text.contains("j is both down and help"), "{}", ended.text);
}
