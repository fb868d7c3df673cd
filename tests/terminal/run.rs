//! `otoscope run -- CMD`: a command in a terminal within the terminal.

use crate::app::{self, until};
use crate::pty::{LARGE, SMALL, Term, contains, signal};
use std::fs;
use std::path::Path;

/// Runs a script of the shell. It finds a directory of its own in `$DIR`.
fn run(size: (u16, u16), dir: &Path, script: &str) -> Term {
    Term::with_env(size, &["run", "--", "bash", "-c", script], &[("DIR", dir.to_str().unwrap())])
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Waits until a script has written a file, and reads its words.
fn words(dir: &Path, name: &str) -> Vec<String> {
    let path = dir.join(name);
    until(name, || fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')));
    fs::read_to_string(path).unwrap().split_whitespace().map(str::to_owned).collect()
}

fn is_alive(pid: &str) -> bool {
    // A process that has ended and that nobody has asked about stays in the table.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn gone(pids: &[String]) {
    until("the processes to go", || !pids.iter().any(|pid| is_alive(pid)));
}

/// A server with a process of its own, one in another process group, and one that ignores being hung up.
const FAMILY: &str = r"sleep 1000 & child=$!
    set -m; sleep 1000 & other=$!; set +m
    (trap '' HUP; exec sleep 1000) & deaf=$!
    echo $$ $child $other $deaf >$DIR/pids; wait";

#[test]
fn its_output_is_a_tab_with_colours_and_its_status_is_ours() {
    let dir = dir();
    let script = r"printf '\033[31mred\033[0m \033[1;48;5;22mbold\033[0m\n\033]2;title\007\033[21t\033[?1003h'
        test -t 0 && test -t 1 && test -t 2 && echo a terminal of $TERM; exit 3";
    let mut term = run(SMALL, dir.path(), script);
    term.see(&["exited 3", "nothing has come", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:"]);
    term.see(&[
        "1  did it fail before it began to work? 6 says",
        "2  is it instrumented?",
        "a terminal of",
        "! hides",
    ]);
    term.keys("6");
    term.see(&["a terminal of xterm-256color", "[exited 3]"]);
    term.wait("the colours", |screen| {
        let (rows, columns) = screen.size();
        let cells = |text: &'static str| {
            (0..rows.get()).find_map(|row| {
                let line = screen.rows(0, columns.get()).nth(usize::from(row))?;
                screen.cell(row, line.find(text)? as u16)
            })
        };
        let (red, bold) = (cells("red bold")?, cells("bold")?);
        let is_red = red.fgcolor() == vt100::Color::Idx(1);
        (is_red && bold.bold() && bold.bgcolor() == vt100::Color::Idx(22)).then_some(())
    });
    term.keys("q");
    let ended = term.ended();
    assert_eq!(ended.code, 3);
    assert!(ended.text.contains("exited 3"), "{}", ended.text);
    for teeth in ["\x1b]2;title", "\x1b[21t"] {
        assert!(!contains(&ended.raw, teeth), "{teeth:?} came through");
    }
}

#[test]
fn a_key_starts_it_again_and_what_it_printed_stays() {
    let dir = dir();
    let mut term = run(
        SMALL,
        dir.path(),
        "echo run $(( $(cat $DIR/n 2>/dev/null) + 1 )) | tee -a $DIR/out
        echo $(( $(cat $DIR/n 2>/dev/null) + 1 )) >$DIR/n; [ $(cat $DIR/n) = 2 ] && echo ready && exec sleep 1000; exit 0",
    );
    term.keys("6");
    term.see(&["run 1", "[exited 0]"]);
    term.keys("\x12");
    term.see(&["run 1", "[exited 0]", "[started again]", "run 2", "ready", "running"]);
    // While it runs, it is ended first. A shell that waits for a program would leave that to the program.
    term.keys("\x12");
    term.see(&["[killed by signal 2]", "run 3"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn it_is_stopped_as_by_ctrl_c_and_only_then_otherwise() {
    let dir = dir();
    let script = "n=$(( $(cat $DIR/n 2>/dev/null) + 1 )); echo $n >$DIR/n; echo run $n
        [ $n = 1 ] && trap 'echo sent the last; exit 0' INT || trap '' INT; while :; do sleep 0.02; done";
    let mut term = run(SMALL, dir.path(), script);
    term.keys("6");
    term.see(&["run 1"]);
    term.keys("\x12");
    term.see(&["sent the last", "[exited 0]", "run 2"]);
    // One that is deaf to it.
    term.keys("\x12");
    term.see(&["[SIGTERM sent: up to 5 s of its spans may be lost]", "[killed by signal 15]", "run 3"]);
    let pid = term.pid();
    term.keys("q");
    term.see(&["stopping `bash -c n=", "Ctrl-C again: at once"]);
    signal("INT", pid);
    assert_eq!(term.ended().code, 0);
}

#[test]
fn one_can_type_into_it() {
    let dir = dir();
    let script =
        r#"read -rp 'name? ' name; echo "hello $name"; trap 'echo interrupted' INT; read -r x; sleep 1000"#;
    let mut term = run(SMALL, dir.path(), script);
    term.keys("6");
    term.see(&["name?"]);
    term.keys("i");
    term.see(&["every key goes to the command"]);
    // Quit, another tab, help: all are letters here.
    term.keys("q1?\r");
    term.see(&["hello q1?"]);
    term.keys("\x03");
    term.see(&["interrupted"]);
    term.keys("\x1d");
    term.lose("every key goes to the command");
    term.keys("1");
    term.see(&["Waiting for spans of"]);
    term.keys("!");
    term.see(&["Waiting for spans of", "hello q1?", "! hides"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn its_terminal_is_as_large_as_its_tab() {
    let dir = dir();
    let script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done";
    let mut term = run(SMALL, dir.path(), script);
    term.keys("6");
    term.see(&["20 80"]);
    term.resize((100, 30));
    term.see(&["26 100"]);
    term.resize(LARGE);
    term.see(&["47 200"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn what_scrolled_away_can_be_read() {
    let dir = dir();
    let mut term = run(SMALL, dir.path(), "seq -f 'line %g of it' 1 300; sleep 1000");
    term.keys("6");
    term.see(&["line 300 of it"]);
    term.keys("g");
    term.see(&["line 1 of it", "281 more: G"]);
    term.keys("jj\x04");
    term.see(&["line 22 of it", "260 more: G"]);
    term.keys("G");
    term.see(&["line 300 of it"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn quitting_ends_all_that_it_has_started() {
    let dir = dir();
    let mut term = run(SMALL, dir.path(), FAMILY);
    let pids = words(dir.path(), "pids");
    assert!(pids.len() == 4 && pids.iter().all(|pid| is_alive(pid)), "{pids:?}");
    term.keys("q");
    assert_eq!(term.ended().code, 0);
    gone(&pids);
}

#[test]
fn what_it_left_running_is_ended_too() {
    let dir = dir();
    let script = "trap '' HUP; sleep 1000 & echo $! >$DIR/pids; exit 0";
    let mut term = run(SMALL, dir.path(), script);
    let pids = words(dir.path(), "pids");
    term.see(&["exited 0"]);
    assert!(pids.iter().all(|pid| is_alive(pid)), "until then it may send");
    term.keys("q");
    assert_eq!(term.ended().code, 0);
    gone(&pids);
}

#[test]
fn signals_are_passed_on() {
    for name in ["INT", "TERM", "HUP"] {
        let dir = dir();
        let script = format!(
            "for s in INT TERM HUP; do trap \"echo $s >$DIR/got; exit 0\" $s; done
            echo $$ >$DIR/pids; while :; do sleep 0.02; done # {name}"
        );
        let term = run(SMALL, dir.path(), &script);
        let pids = words(dir.path(), "pids");
        signal(name, term.pid());
        assert_eq!(term.ended().code, 0);
        assert_eq!(words(dir.path(), "got"), [name]);
        gone(&pids);
    }
}

#[test]
fn who_does_not_want_to_end_is_killed() {
    let dir = dir();
    let script = "trap '' TERM INT HUP; echo $$ >$DIR/pids; while :; do sleep 0.05; done";
    let mut term = run(SMALL, dir.path(), script);
    let pids = words(dir.path(), "pids");
    term.keys("q");
    term.see(&["stopping `bash -c trap"]);
    // Whoever asks again does not want to wait.
    signal("INT", term.pid());
    assert_eq!(term.ended().code, 0);
    gone(&pids);
}

#[test]
fn if_we_are_killed_its_terminal_is_gone_and_so_is_it() {
    let dir = dir();
    let term = run(SMALL, dir.path(), "sleep 1000 & echo $$ $! >$DIR/pids; wait");
    let pids = words(dir.path(), "pids");
    signal("KILL", term.pid());
    gone(&pids);
}

#[test]
fn what_cannot_be_started_is_one_line_and_no_screen() {
    let term = Term::otoscope((200, 24), &["run", "--", "/no/such/command", "-x"]).ended();
    assert_eq!(term.code, 2);
    term.is_one_line_with(&["cannot start `/no/such/command -x`"]);
}

#[test]
fn an_endpoint_of_ones_own_is_overridden_and_that_is_said() {
    let mut term = Term::with_env(
        LARGE,
        &[
            "run",
            "--",
            "sh",
            "-c",
            "echo told $OTEL_EXPORTER_OTLP_ENDPOINT $OTEL_EXPORTER_OTLP_PROTOCOL ${OTEL_EXPORTER_OTLP_LOGS_ENDPOINT-none}",
        ],
        &[
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://192.0.2.1:4317/v1/logs"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://192.0.2.1:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ],
    );
    // On the screen it is wrapped.
    term.see(&["OTEL_EXPORTER_OTLP_ENDPOINT=http://192.0.2.1:4317 is overridden"]);
    term.see(&["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://192.0.2.1:4317/v1/logs is overridden"]);
    term.keys("6");
    term.see(&["told http://127.0.0.1:", " grpc none"]);
    term.keys("q");
    let ended = term.ended();
    assert!(ended.text.contains("192.0.2.1:4317 is overridden"), "{}", ended.text);
}

#[test]
fn what_has_left_its_session_is_ended_too() {
    let dir = dir();
    // A daemon; one that another has started, of whose environment nothing is left; one that ends by itself.
    let script = "(setsid bash -c 'sleep 1000 & echo $$ $! >$DIR/daemon; wait' &)
        (setsid bash -c 'echo $$ >$DIR/bare; exec env -i sleep 1000' &)
        (setsid bash -c 'echo $$ >$DIR/ended' &)
        exec sleep 1000";
    let mut term = run(SMALL, dir.path(), script);
    let daemons: Vec<String> = ["daemon", "bare"].iter().flat_map(|name| words(dir.path(), name)).collect();
    let [ended] = &words(dir.path(), "ended")[..] else { panic!("one id") };
    // Nobody but us could take it from the table.
    until("the one that ended to be buried", || !Path::new("/proc").join(ended).exists());
    assert!(daemons.len() == 3 && daemons.iter().all(|pid| is_alive(pid)), "{daemons:?}");
    term.keys("\x12");
    gone(&daemons);
    let again = || words(dir.path(), "daemon");
    until("it to be started again", || again()[0] != daemons[0]);
    let daemons = again();
    assert!(daemons.iter().all(|pid| is_alive(pid)), "{daemons:?}");
    term.keys("q");
    assert_eq!(term.ended().code, 0);
    gone(&daemons);
}

#[test]
fn it_listens_where_it_is_told() {
    let port = app::free_port().to_string();
    let script = "echo told $OTEL_EXPORTER_OTLP_ENDPOINT; sleep 1000";
    let mut term =
        Term::otoscope(SMALL, &["run", "--host", "0.0.0.0", "--grpc", &port, "--", "sh", "-c", script]);
    term.see(&[&format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}")]);
    term.keys("6");
    term.see(&[&format!("told http://127.0.0.1:{port}")]);
    let busy = Term::otoscope(LARGE, &["run", "--host", "0.0.0.0", "--http", &port, "--", "true"]).ended();
    assert_eq!(busy.code, 2);
    busy.is_one_line_with(&[&format!("port {port} is in use"), "--http PORT"]);
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn the_mouse_is_the_commands_where_it_asks_for_it() {
    let dir = dir();
    let script = r"seq -f 'line %g' 100; stty -echo; read -r; printf '\033[?1000h\033[?1006hasked\n'
        read -rsd M wheel; read -rsd M press; read -rsd m release
        echo got ${wheel:1}, ${press:1}, ${release:1}; printf '\033[?1000l'; sleep 1000";
    let mut term = run(SMALL, dir.path(), script);
    term.keys("6");
    term.see(&["line 100"]);
    // Nobody asked for it: it scrolls.
    term.keys("\x1b[<64;10;10M");
    term.see(&["3 more: G"]);
    term.keys("Gi\r");
    term.see(&["asked"]);
    // The fourth line is the first of the command's screen.
    term.keys("\x1b[<65;10;10M\x1b[<0;5;4M\x1b[<0;5;4m");
    term.see(&["got [<65;10;7, [<0;5;1, [<0;5;1"]);
    term.keys("\x1d");
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

#[test]
fn a_flood_of_output_does_not_keep_keys_waiting() {
    let dir = dir();
    let mut term = run(SMALL, dir.path(), "yes 'a line that is repeated without end'");
    term.keys("6");
    term.see(&["a line that is repeated"]);
    for _ in 0..5 {
        term.keys("2");
        term.lose("a line that is repeated");
        term.keys("6");
        term.see(&["a line that is repeated"]);
    }
    term.keys("q");
    assert_eq!(term.ended().code, 0);
}

/// Whether the live tests were asked for: `OTOSCOPE_LIVE=1` after `tests/apps/setup.sh`.
fn live() -> bool {
    let live = std::env::var_os("OTOSCOPE_LIVE").is_some_and(|v| !v.is_empty() && v != "0");
    if !live {
        eprintln!("skipped: set OTOSCOPE_LIVE=1 after tests/apps/setup.sh");
    }
    live
}

/// Runs a script of the shell in the directory of an installed app.
fn run_app(app: &str, dir: &str, script: &str, env: &[(&str, &str)]) -> Term {
    let command = app::command(app, dir, &[]);
    let cd = format!("cd {}; {script}", command.get_current_dir().unwrap().display());
    let text = |value: &std::ffi::OsStr| value.to_str().unwrap().to_owned();
    let brought: Vec<_> = command.get_envs().map(|(k, v)| (text(k), text(v.unwrap_or_default()))).collect();
    let brought = brought.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let env: Vec<_> = brought.chain(env.iter().copied()).collect();
    Term::with_env(LARGE, &["run", "--", "bash", "-c", &cd], &env)
}

/// Types Ctrl-C into the command.
fn interrupt(term: &mut Term) {
    term.keys("6i\x03");
    term.see(&["Ctrl-r starts it again"]);
}

#[test]
fn the_story_of_a_real_flask_under_it() {
    if !live() {
        return;
    }
    let (port, prices) = (app::free_port().to_string(), app::free_port().to_string());
    let env =
        [("FLASK_APP", "shop"), ("PORT", &*port), ("PRICES_PORT", &*prices), ("OTEL_SERVICE_NAME", "shop")];
    let script = "(exec python prices.py $PRICES_PORT) & exec opentelemetry-instrument flask run -p $PORT";
    let mut term = run_app("flask-1.29", "flask", script, &env);
    term.keys("6");
    term.see(&["Press CTRL+C to quit"]);
    app::visit(port.parse().unwrap(), app::SHOP_PATHS, 24, 3.0);
    term.see(&["\"GET /products/1 HTTP/1.1\" 200"]);
    term.keys("1");
    term.see(&["24 requests", "INTERNAL→SERVER", "has not ended", "1.30.0", "running"]);
    interrupt(&mut term);
    term.keys("1");
    term.see(&["24 requests", "all under `run`"]);
    term.keys("q");
    let ended = term.ended();
    assert!(ended.text.contains("all under `run`"), "{}", ended.text);
}

#[test]
fn logs_of_a_real_flask_under_it() {
    if !live() {
        return;
    }
    let (port, prices) = (app::free_port().to_string(), app::free_port().to_string());
    let env = [
        ("FLASK_APP", "shop"),
        ("PORT", &*port),
        ("PRICES_PORT", &*prices),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED", "true"),
    ];
    let script = "(exec python prices.py $PRICES_PORT) & exec opentelemetry-instrument flask run -p $PORT";
    let mut term = run_app("flask-1.30", "flask", script, &env);
    // What the SDK handles is no longer printed: nothing there says when it listens.
    until("the shop", || std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_ok());
    app::visit(port.parse().unwrap(), app::SHOP_PATHS, 8, 1.0);
    term.keys("4");
    term.see(&["GET /products/1 HTTP/1.1", "POST /cart HTTP/1.1"]);
    interrupt(&mut term);
    term.keys("q");
    term.ended();
}

#[test]
fn a_real_node_worker_under_it() {
    if !live() {
        return;
    }
    let dir = dir();
    let port = app::free_port().to_string();
    let env = [
        ("PORT", &*port),
        ("QUEUE", dir.path().to_str().unwrap()),
        ("LOOP", "worker"),
        // Far longer than a job takes on a slow machine: jobs without a pause between them would be a batch.
        ("POLL_MS", "500"),
        ("OTEL_SERVICE_NAME", "thumbnails"),
    ];
    let mut term = run_app("node", "", "(exec node photos.js) & exec node worker.js", &env);
    until("the photos", || std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).is_ok());
    for job in 0..8 {
        let text = format!(r#"{{"id":"{job}","url":"http://127.0.0.1:{port}/photos/{job}"}}"#);
        fs::write(dir.path().join("new"), text).unwrap();
        fs::rename(dir.path().join("new"), dir.path().join(format!("{job}.json"))).unwrap();
        until("the job to be taken", || !dir.path().join(format!("{job}.json")).exists());
    }
    term.see(&["8 requests", "has not ended", "running"]);
    interrupt(&mut term);
    term.keys("1");
    term.see(&["8 requests", "all under `worker`"]);
    term.keys("q");
    term.ended();
}

/// Posts a dump line by line, as an exporter would, then waits to be typed a line.
const SENDS: &str = r#"LC_ALL=C; port=${OTEL_EXPORTER_OTLP_ENDPOINT##*:}
    while IFS= read -r line; do
        exec 3<>/dev/tcp/127.0.0.1/$port
        printf 'POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n' >&3
        printf 'content-length: %d\r\n\r\n%s' ${#line} "$line" >&3
        cat <&3 >/dev/null; exec 3>&-
    done <$DUMP; echo sent; read -r; kill -KILL $$"#;

#[test]
fn when_it_has_ended_what_is_said_of_it_is_settled() {
    let dump = fs::canonicalize("tests/captures/flask-1.29-sigkill/capture.jsonl").unwrap();
    let env = [("DUMP", dump.to_str().unwrap())];
    let mut term = Term::with_env(LARGE, &["run", "--", "bash", "-c", SENDS], &env);
    term.see(&["24 requests", "INTERNAL→SERVER", "has not ended", "running"]);
    term.keys("6i");
    term.see(&["sent"]);
    term.keys("\r");
    term.see(&["killed by signal 9", "Ctrl-r starts it again"]);
    term.keys("1");
    term.see(&["24 requests", "was never received"]);
    term.keys("q");
    assert_eq!(term.ended().code, 137);
}

#[test]
fn it_ends_when_nothing_arrives_if_that_is_wanted() {
    let dir = dir();
    for args in [
        &["--grpc", "0", "--http", "0", "--exit-after-idle", "1"][..],
        &["run", "--exit-after-idle", "1s", "--", "bash", "-c", "echo $$ >$DIR/pids; sleep 1000"],
    ] {
        let term = Term::with_env(SMALL, args, &[("DIR", dir.path().to_str().unwrap())]);
        assert_eq!(term.ended().code, 0);
    }
    gone(&words(dir.path(), "pids"));
}
