//! Real SDKs at pinned versions, over real sockets. Runs with `OTOSCOPE_LIVE=1` after `tests/apps/setup.sh`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod app;
mod owner;

use app::{App, SHOP_PATHS, Shop, free_port, visit};
use otoscope::diagnosis::State;
use otoscope::model::SpanKind;
use otoscope::session::Session;
use otoscope::store::View;
use owner::{Owner, merged_requests};

/// Whether the live tests were asked for. They need Python, Node and what `tests/apps/setup.sh` installs.
fn live() -> bool {
    let live = std::env::var_os("OTOSCOPE_LIVE").is_some_and(|v| !v.is_empty() && v != "0");
    if !live {
        eprintln!("skipped: set OTOSCOPE_LIVE=1 after tests/apps/setup.sh");
    }
    live
}

fn firm_with(requests: u64) -> impl Fn(&Session) -> bool {
    move |session| {
        merged_requests(session) == requests
            && session.diagnosis.findings().iter().all(|f| f.state == State::Firm)
    }
}

/// The founding story, over one protocol: running, then ended with a signal.
fn the_bug(protocol: &str, signal: &str) {
    let mut owner = Owner::start();
    let shop = Shop::start("flask-1.29", &owner.endpoint(protocol), protocol);
    visit(shop.port, SHOP_PATHS, 24, 3.0);
    owner.until("24 merged requests while the server still runs", firm_with(24));
    let [merged, kinds] = owner.findings() else { panic!("{:?}", owner.findings()) };
    assert_eq!((merged.rule.id, kinds.rule.id), ("merged-under-local-span", "http-entry-not-server"));
    assert_eq!((kinds.folded_under, kinds.span_count), (Some(0), 24));
    let culprit = merged.culprit.as_ref().unwrap();
    assert_eq!((culprit.received, &culprit.name), (false, &None), "no name is claimed");
    assert_eq!(merged.known_issue.as_ref().map(|k| k.id.as_str()), Some("G1"));
    assert!(merged.message.contains("has not ended (open ≥ "), "{}", merged.message);
    assert!(merged.message.contains(", very likely the click instrumentation's, that"), "{}", merged.message);

    let store = &owner.session.store;
    let trace = store.traces().next().unwrap();
    let entries = otoscope::diagnosis::requests_of(store, &owner.session.diagnosis, trace);
    assert_eq!(entries.len(), 24);
    for request in &entries {
        assert_eq!(store.record(request.entry).kind(), SpanKind::Internal);
        assert_eq!(
            owner.session.diagnosis.expected_kind(&owner.session.store, request.entry),
            Some(SpanKind::Server)
        );
        assert!(store.parent_row(request.entry, View::Unmerged).is_none());
    }

    shop.app.stop(signal);
    if signal == "INT" {
        owner.until("the span of the command", |session| {
            session.diagnosis.findings()[0].culprit.as_ref().is_some_and(|culprit| culprit.received)
        });
        let merged = &owner.findings()[0];
        assert_eq!(merged.culprit.as_ref().and_then(|c| c.name.as_deref()), Some("run"));
        assert!(
            merged.message.contains("24 unrelated requests share one trace, all under `run`"),
            "{}",
            merged.message
        );
        assert!(merged.known_issue.as_ref().is_some_and(|k| k.fixed_in.contains("1.30.0")));
    } else {
        owner.session.finish();
        assert!(
            owner.findings()[0].message.contains("was never received"),
            "{}",
            owner.findings()[0].message
        );
        assert_eq!(owner.findings()[0].request_count, Some(24));
    }
}

#[test]
fn flask_1_29_over_http_ended_with_sigint() {
    if live() {
        the_bug("http/protobuf", "INT");
    }
}

#[test]
fn flask_1_29_over_grpc_killed() {
    if live() {
        the_bug("grpc", "KILL");
    }
}

#[test]
fn flask_1_30_is_healthy() {
    if !live() {
        return;
    }
    let mut owner = Owner::start();
    let shop = Shop::start("flask-1.30", &owner.endpoint("grpc"), "grpc");
    visit(shop.port, SHOP_PATHS, 24, 2.0);
    shop.app.stop("INT");
    owner.until("24 traces", |session| session.store.trace_count() >= 24);
    owner.session.finish();
    assert!(owner.findings().is_empty(), "{:?}", owner.findings());
}

/// Under `check`, a script that starts the shop and its prices, visits it and ends both needs nothing else.
fn under_check(app: &str, protocol: &str) -> (serde_json::Value, Option<i32>) {
    // With -m, because a shell without job control starts what runs beside it deaf to SIGINT.
    let script = "set -m
        python prices.py $PRICES_PORT & prices=$!
        FLASK_APP=shop opentelemetry-instrument flask run -p $PORT & shop=$!
        for port in $PORT $PRICES_PORT; do until (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.1; done; done
        python ../drive.py --base http://127.0.0.1:$PORT --paths /,/products/1,POST:/cart -n 9 --over 1
        kill -INT $shop; wait $shop; kill $prices; exit 5";
    let (port, prices) = (free_port().to_string(), free_port().to_string());
    let out = app::command(app, "flask", &[env!("CARGO_BIN_EXE_otoscope")])
        .args(["check", "--format", "json", "--", "bash", "-c", script])
        .envs([("PORT", &port), ("PRICES_PORT", &prices)])
        .envs([("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_SERVICE_NAME", "shop")])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    let report = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    (report, out.status.code())
}

#[test]
fn a_healthy_script_under_check_keeps_its_status() {
    if !live() {
        return;
    }
    for protocol in ["grpc", "http/protobuf"] {
        let (report, code) = under_check("flask-1.30", protocol);
        assert_eq!((code, &report["findings"]), (Some(5), &serde_json::json!([])), "{protocol}");
        assert_eq!(report["input"]["traces"], 9, "{protocol}");
    }
}

#[test]
fn the_bug_in_a_script_under_check_is_found() {
    if !live() {
        return;
    }
    let (report, code) = under_check("flask-1.29", "http/protobuf");
    let merged = &report["findings"][0];
    assert_eq!((code, &merged["rule"]), (Some(1), &"merged-under-local-span".into()));
    assert_eq!((&merged["request_count"], &merged["culprit"]["name"]), (&9.into(), &"run".into()));
}

#[test]
fn flask_inside_wsgi_middleware_is_healthy() {
    if !live() {
        return;
    }
    let mut owner = Owner::start();
    let port = free_port();
    let env = [("OTEL_SERVICE_NAME", "words"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")];
    let command = ["python", "app.py", &port.to_string()];
    let app = App::start("flask-1.30", "wsgi", &command, &owner.endpoint("http"), &env).listening(port);
    visit(port, "/length/ear,/longest,/nowhere", 12, 1.0);
    owner.until("12 traces", |session| session.store.trace_count() >= 12);
    app.stop("INT");
    owner.session.finish();
    assert!(owner.findings().is_empty(), "{:?}", owner.findings());
    assert!(owner.session.store.span_count() >= 24, "an INTERNAL span under each SERVER span");
}

#[test]
fn express_over_http_json_is_healthy() {
    if !live() {
        return;
    }
    let mut owner = Owner::start();
    let (gateway_port, quotes_port) = (free_port(), free_port());
    let quotes_text = quotes_port.to_string();
    let start = |script: &str, service: &str, port: u16| {
        let port_text = port.to_string();
        let env = [
            ("PORT", port_text.as_str()),
            ("QUOTES_PORT", quotes_text.as_str()),
            ("OTEL_SERVICE_NAME", service),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_NODE_RESOURCE_DETECTORS", "env,host,process"),
        ];
        let command = ["node", "--require", "@opentelemetry/auto-instrumentations-node/register", script];
        App::start("express", "", &command, &owner.endpoint("http"), &env).listening(port)
    };
    let quotes = start("quotes.js", "quotes", quotes_port);
    let gateway = start("gateway.js", "gateway", gateway_port);
    visit(gateway_port, "/quote/1,/any,/quote/77,/nowhere", 12, 1.0);
    owner.until("spans of both services", |session| {
        let services: std::collections::BTreeSet<&str> = (0..session.store.resource_count())
            .map(|r| session.store.resource(r as u32).service_name())
            .collect();
        session.store.trace_count() >= 12 && services.len() == 2
    });
    gateway.stop("TERM");
    quotes.stop("TERM");
    owner.until("the last spans", |session| session.store.span_count() > 40);
    owner.session.finish();
    assert!(owner.findings().is_empty(), "{:?}", owner.findings());
    assert_eq!(owner.session.store.counters().rejected, 0);
}
