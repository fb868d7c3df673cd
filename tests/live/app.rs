//! Real programs under real SDKs, started on free ports and ended by their process ids.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything real may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `done` says so. Fails, naming `what`, when that takes too long.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn apps() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    std::path::absolute(target.join("apps")).unwrap()
}

/// A command, to be started in a directory of `tests/apps` with what an installed app brings on its path.
pub(crate) fn command(app: &str, dir: &str, command: &[&str]) -> Command {
    let home = apps().join(app);
    assert!(home.exists(), "{} is missing: run tests/apps/setup.sh {app}", home.display());
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap());
    let dir = if dir.is_empty() { home } else { PathBuf::from("tests/apps").join(dir) };
    let mut started = Command::new("/usr/bin/env");
    started
        .args(command)
        .current_dir(dir)
        .env("PATH", path)
        .envs([
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
        ])
        .env("OTEL_BSP_SCHEDULE_DELAY", "300")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null());
    started
}

/// A program that is killed when the test ends.
pub(crate) struct App(Child);

impl App {
    /// Starts a command of an installed app in a directory of `tests/apps`, exporting to `endpoint`.
    pub(crate) fn start(app: &str, dir: &str, words: &[&str], endpoint: &str, env: &[(&str, &str)]) -> Self {
        let child = command(app, dir, words)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Waits until it listens.
    pub(crate) fn listening(mut self, port: u16) -> Self {
        until("the app to listen", || {
            assert!(self.0.try_wait().unwrap().is_none(), "the app ended before it listened");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        self
    }

    /// Sends a signal by name: `INT`, `TERM`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(mut self, signal: &str) {
        self.signal(signal);
        until("the app to end", || self.0.try_wait().unwrap().is_some());
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The shop of `tests/apps/flask` and the price service that it calls.
pub(crate) struct Shop {
    pub(crate) app: App,
    _prices: App,
    pub(crate) port: u16,
}

impl Shop {
    /// Starts it under `opentelemetry-instrument flask run`.
    pub(crate) fn start(version: &str, endpoint: &str, protocol: &str) -> Self {
        let (port, prices_port) = (free_port(), free_port());
        let (port_text, prices_text) = (port.to_string(), prices_port.to_string());
        let prices = App::start(version, "flask", &["python", "prices.py", &prices_text], endpoint, &[]);
        let prices = prices.listening(prices_port);
        let env = [
            ("FLASK_APP", "shop"),
            ("PRICES_PORT", prices_text.as_str()),
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ];
        let command = ["opentelemetry-instrument", "flask", "run", "-p", &port_text];
        let app = App::start(version, "flask", &command, endpoint, &env).listening(port);
        Self { app, _prices: prices, port }
    }
}

/// Visits an app: `count` requests over `seconds`, each on a connection of its own.
pub(crate) fn visit(port: u16, paths: &str, count: u32, seconds: f32) {
    let done = Command::new("python3")
        .arg("tests/apps/drive.py")
        .args(["--base", &format!("http://127.0.0.1:{port}"), "--paths", paths])
        .args(["-n", &count.to_string(), "--over", &seconds.to_string()])
        .status()
        .unwrap();
    assert!(done.success(), "a request got no answer");
}

/// Paths of the shop: pages, a call to the price service, a database, a 404 and a 500.
pub(crate) const SHOP_PATHS: &str =
    "/,/products/1,POST:/cart,/search?q=tea,/products/13,/cart,POST:/checkout,/wp-login.php";
