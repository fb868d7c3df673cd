//! Findings: listed, explained, copied, accepted, before and after a fix.

use crate::golden::check;
use crate::made::{backwards, span};
use crate::stage::{MERGED, SIZES, Stage, select, write_line};
use otoscope::diagnosis::{Diagnosis, Policy, Suppression};
use otoscope::session::{Clock, Session};
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};

#[test]
fn a_finding_is_copied_for_a_report() {
    let mut small = Stage::new((80, 24), MERGED);
    small.act(&[Action::Tab(1), Action::Copy]);
    check("copy-finding-80x24", &mut small);
    small.act(&[Action::Open, Action::Copy, Action::Down, Action::Open]);
    let [text, markdown] = small.outside.copied.as_slice() else { panic!("{:?}", small.outside.copied) };
    assert!(text.contains("24 unrelated requests") && text.contains("\nfix: "), "{text}");
    assert!(markdown.starts_with("### shop: ") && markdown.contains("**Evidence**"), "{markdown}");
    assert!(markdown.contains("opentelemetry.instrumentation.flask"), "{markdown}");
}

#[test]
fn a_finding_is_accepted_in_place() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Tab(1), Action::Accept]);
        check(&format!("accept-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open, Action::Open]);
        check(&format!("accept-no-reason-{columns}x{rows}"), &mut stage);
        assert!(stage.text().contains("a reason is needed"), "{}", stage.text());
        assert_eq!(stage.app.context(), Context::Prompt, "it stays open");
        stage.write("x");
        assert!(!stage.text().contains("a reason is needed"), "{}", stage.text());
        assert!(stage.session.diagnosis.suppressed().is_empty());
        stage.act(&[Action::Back, Action::Accept, Action::Down, Action::Open]);
        write_line(&mut stage, "2027-02-30");
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("a day, as in"), "it stays open: {}", stage.text());
        write_line(&mut stage, "2027-02-28");
        stage.act(&[Action::Open]);
        write_line(&mut stage, "the upgrade is planned");
        check(&format!("accept-reason-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        let [one] = stage.outside.suppressed.as_slice() else { panic!("{:?}", stage.outside.suppressed) };
        assert_eq!(
            (one.rule, one.reason.as_str()),
            (Some("merged-under-local-span"), "the upgrade is planned")
        );
        assert_eq!(one.until.map(|day| day.to_string()).as_deref(), Some("2027-02-28"));
        assert_eq!(one.service.as_ref().map(|name| name.0.as_str()), Some("shop"));
        assert!(stage.text().contains("accepted: written to otoscope.toml:7"), "{}", stage.text());
        assert!(!stage.session.diagnosis.suppressed().is_empty(), "it holds at once");
        stage.act(&[Action::First, Action::Last]);
        assert!(stage.text().contains("suppressed"), "{}", stage.text());
    }
}

#[test]
fn the_line_of_the_culprit_leads_to_the_culprit() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigint"]);
    stage.act(&[Action::Tab(1)]);
    select(&mut stage, "culprit run");
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
    assert!(stage.selected_lines()[0].1.contains("run"), "{:?}", stage.selected_lines());
    stage.act(&[Action::Open]);
    assert!(stage.text().contains("holds the requests together"), "{}", stage.text());
}

/// One run was killed, so that its command's span is missing; the next one shows what it was.
#[test]
fn a_fault_of_two_runs_is_one_headline_whose_culprit_is_the_one_that_was_received() {
    let mut stage = Stage::new((140, 42), &["flask-1.29-sigkill", "flask-1.29-sigint"]);
    stage.act(&[Action::Tab(1)]);
    let rows = stage.text();
    assert_eq!(rows.matches("merged-under-local-span").count(), 1, "{rows}");
    assert!(rows.contains("48 unrelated requests share 2 traces, all under `run`"), "{rows}");
    select(&mut stage, "culprit run");
    stage.act(&[Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
    assert!(stage.selected_lines()[0].1.contains("run"), "{:?}", stage.selected_lines());
}

/// The row of a parent that has not come is where one asks why.
#[test]
fn a_missing_parent_is_explained_from_its_own_row() {
    let mut stage = Stage::new((140, 42), &["killed-before-flush"]);
    stage.act(&[Action::Open, Action::First]);
    assert!(stage.selected_lines()[0].1.contains("lost with its process"), "{}", stage.text());
    let missing = "missing-local-parent";
    assert!(stage.text().contains(missing), "{}", stage.text());
    stage.act(&[Action::Explain]);
    assert!(stage.text().contains(missing) && stage.app.context() == Context::Explain, "{}", stage.text());
}

#[test]
fn the_spans_of_a_finding_are_listed_and_lead_to_the_trace() {
    let mut stage = Stage::new((140, 42), MERGED);
    stage.act(&[Action::Tab(1)]);
    select(&mut stage, "spans (24)");
    stage.act(&[Action::Unfold, Action::PageDown, Action::PageDown]);
    check("finding-spans-140x42", &mut stage);
    stage.act(&[Action::Up, Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree);
}

#[test]
fn before_and_after_a_fix() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), &["flask-1.29-sigint"]);
        stage.live("stock", backwards(1..3));
        stage.act(&[Action::Tab(1), Action::TakeBaseline]);
        assert!(
            stage.text().contains("0 new · 0 still there · 2 not seen since · 0 gone"),
            "{}",
            stage.text()
        );
        stage.live_capture("flask-1.30");
        stage.live("stock", backwards(3..4));
        stage.live("till", backwards(10..11));
        stage.wait(40);
        let text = stage.text();
        assert!(text.contains("UTC: 1 new · 1 still there · 1 gone"), "{text}");
        assert!(text.contains("1 gone since the baseline"), "{text}");
        check(&format!("before-after-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Tab(0)]);
        let strip: String = stage.text().lines().take(6).collect();
        assert!(!strip.contains("unrelated requests"), "what is gone is in the strip no more: {strip}");
        stage.act(&[Action::Tab(1), Action::DropBaseline]);
        assert!(!stage.text().contains("still there"), "{}", stage.text());
    }
}

#[test]
fn many_findings_are_one_line_each_and_hints_are_one_line_together() {
    let captures = [
        "flask-1.29-sigint",
        "axum-no-kind",
        "seeded-traces",
        "negative-duration",
        "db-internal",
        "high-cardinality-names",
        "websocket-chat",
    ];
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &captures);
        stage.act(&[Action::Tab(1)]);
        let folded = |line: &str| line.trim().starts_with("▸ ") && line.trim().ends_with(" hints");
        assert!(stage.text().lines().any(folded), "{}", stage.text());
        stage.act(&[Action::Last, Action::Unfold]);
        assert!(stage.text().contains("high-cardinality-name"), "{}", stage.text());
        check(&format!("many-findings-{columns}x{rows}"), &mut stage);
    }
    let mut stage = Stage::with_look((80, 24), &captures, Look::new(false, true));
    stage.act(&[Action::Tab(1), Action::Last, Action::Open]);
    assert!(stage.text().is_ascii());
    check("many-findings-ascii-80x24", &mut stage);
}

#[test]
fn hints_alone_are_calm() {
    let mut stage = Stage::new((140, 42), &["high-cardinality-names"]);
    assert!(
        stage.text().contains("✓ no faults of the instrumentation so far; 1 hint: press 2"),
        "{}",
        stage.text()
    );
    stage.act(&[Action::Tab(1)]);
    check("hints-140x42", &mut stage);
}

#[test]
fn a_rule_is_explained_where_its_finding_is() {
    let mut stage = Stage::new((80, 24), &["flask-1.29-sigint"]);
    stage.act(&[Action::Tab(1), Action::Explain]);
    check("explain-80x24", &mut stage);
    stage.act(&[Action::Last]);
    assert!(stage.text().contains("FriendsOfOpenTelemetry/opentelemetry-bundle#172"), "{}", stage.text());
    stage.act(&[Action::Back, Action::Tab(0), Action::Open, Action::Down, Action::Explain]);
    assert!(stage.text().contains("merged-under-local-span (error at most)"), "{}", stage.text());
    stage.act(&[Action::Explain, Action::Open, Action::Down, Action::Down, Action::Down]);
    let mut fine = Stage::new((80, 24), &["click-job"]);
    fine.act(&[Action::Open, Action::Explain]);
    assert!(fine.text().contains("nothing was found wrong with this span"), "{}", fine.text());
}

#[test]
fn findings_that_arrive_do_not_move_what_is_selected() {
    let mut stage = Stage::new((100, 24), &[]);
    for n in 0..30 {
        stage.live(&format!("service-{n:02}"), backwards(n * 10..n * 10 + 1));
    }
    stage.act(&[Action::Tab(1), Action::Down, Action::Down, Action::Down, Action::Unfold]);
    let selected = stage.selected_lines();
    let text = stage.text();
    assert!(selected.iter().any(|(_, text)| text.contains("service-04")), "{selected:?}");
    // A service whose name comes first, and a worse fault than all of them.
    stage.live("a-service", backwards(900..901));
    stage.live_capture("flask-1.29-sigint");
    let now = stage.text();
    assert_eq!(stage.selected_lines(), selected, "{now}");
    let below = |text: &str| text.lines().skip(9).take(8).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(below(&now), below(&text));
    assert!(now.contains("↑"), "{now}");
    // Far down, a page at a time: the same.
    stage.act(&[Action::Last]);
    let selected = stage.selected_lines();
    stage.live("b-service", backwards(910..911));
    assert_eq!(stage.selected_lines(), selected);
}

#[test]
fn what_is_accepted_is_counted_and_told_why() {
    let mut policy = Policy::default();
    policy.suppress(Suppression {
        rule: Some("negative-duration"),
        service: None,
        scope: None,
        span: None,
        reason: "the clock of that host is known to jump".to_owned(),
        until: None,
        origin: "otoscope.toml:3".to_owned(),
    });
    let mut stage = Stage::new((100, 30), &[]);
    stage.session = Session::with(1 << 30, Clock::Stream, Diagnosis::with_policy(policy));
    stage.live("stock", backwards(1..3));
    assert!(
        stage.text().contains("no faults of the instrumentation so far; 1 suppressed: press 2"),
        "{}",
        stage.text()
    );
    stage.act(&[Action::Tab(1), Action::Open, Action::Down, Action::Unfold]);
    assert!(
        stage.text().contains("accepted: the clock of that host is known to jump (otoscope.toml:3)"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_finding_that_lists_no_spans_leads_to_one_of_its_service() {
    let mut stage = Stage::new((140, 42), &["unknown-service"]);
    stage.act(&[Action::Tab(1)]);
    let (_, y) = stage.find("unknown-service");
    stage.click(2, y);
    stage.act(&[Action::Open]);
    let screen = stage.text();
    assert!(screen.contains("─ Span GET /papers/{number} http send"), "{screen}");
}

/// Under what is read there, the strip keeps its height: what it has no room for is counted.
#[test]
fn a_headline_that_is_not_shown_is_counted() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &[]);
        stage.live("shop", vec![span(1, 0, 0, "GET /")]);
        stage.act(&[Action::Down, Action::Up]);
        let before = stage.find("▌ Traces");
        for capture in ["flask-1.29-sigint", "express-no-http", "leaked-secret"] {
            stage.live_capture(capture);
        }
        stage.wait(5);
        assert_eq!(stage.find("▌ Traces"), before, "{}", stage.text());
        let text = stage.text();
        let faults: usize = ["✖ ", "▲ "]
            .iter()
            .map(|sign| {
                text.lines()
                    .next()
                    .unwrap()
                    .split(sign)
                    .nth(1)
                    .unwrap()
                    .split_whitespace()
                    .next()
                    .unwrap()
                    .parse::<usize>()
                    .unwrap()
            })
            .sum();
        assert!(faults > 1, "{text}");
        assert!(text.contains(&format!("… {} more", faults - 1)), "{text}");
    }
}
