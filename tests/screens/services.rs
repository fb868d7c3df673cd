//! Services and who calls whom.

use crate::golden::check;
use crate::made::{crowd, span};
use crate::stage::{SIZES, Stage, read, tab};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use otoscope::tui::Look;
use otoscope::tui::keymap::{Action, Context};

#[test]
fn services_and_who_calls_whom() {
    for (columns, rows) in SIZES {
        let mut mesh = Stage::new((columns, rows), &["mesh"]);
        mesh.act(&[Action::Tab(2), Action::First]);
        check(&format!("services-mesh-{columns}x{rows}"), &mut mesh);

        let mut demo = Stage::new((columns, rows), &[]);
        read(&mut demo, "assets/demo.jsonl");
        demo.act(&[Action::Tab(2)]);
        check(&format!("services-demo-{columns}x{rows}"), &mut demo);
    }
}

#[test]
fn no_pane_reaches_into_the_next_one() {
    for columns in [120, 124, 131, 140, 170] {
        let mut stage = Stage::new((columns, 36), &["mesh"]);
        stage.act(&[Action::Tab(2)]);
        let text = stage.text();
        let heads = text.lines().find(|line| line.contains("parent ")).unwrap();
        let cells: Vec<&str> = heads.split('│').map(str::trim).collect();
        assert!(cells.iter().any(|cell| cell.ends_with("unsaid")), "{columns}: {heads}");
        assert!(cells.iter().any(|cell| cell.starts_with("scope")), "{columns}: {heads}");
    }
}

#[test]
fn the_panes_of_services_one_at_a_time() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    read(&mut stage, "assets/demo.jsonl");
    stage.act(&[Action::Tab(2), Action::Last]);
    assert!(stage.selected_lines().iter().any(|(_, line)| line.contains("shop")), "{}", stage.text());
    for (name, words) in [
        ("map", "[sqlite]"),
        ("operations", "Operations · shop"),
        ("neighbours", "→ [sqlite]"),
        ("matrix", "✖ spans among them were found wrong"),
        ("scopes", "known issue G1, fixed in 0.51b0"),
    ] {
        stage.act(&[Action::NextPane]);
        assert!(stage.text().contains(words), "no {words} in {}", stage.text());
        check(&format!("services-{name}-80x24"), &mut stage);
    }
    stage.act(&[Action::NextPane]);
    assert!(stage.text().contains("4 services"), "around: {}", stage.text());
}

#[test]
fn the_map_shows_all_services_in_layers_and_each_call_once() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First, Action::NextPane]);
    let text = stage.text();
    for words in ["   gateway", "   ├─ seats", "   ╰─ films"] {
        assert_eq!(text.matches(words).count(), 1, "{words}: {text}");
    }
    // What is selected in the map is what the other panes are about.
    stage.act(&[Action::First, Action::Down]);
    assert!(stage.text().contains("Map · gateway → "), "{}", stage.text());
    stage.act(&[Action::Open]);
    let text = stage.text();
    assert_eq!(stage.app.context(), Context::Traces, "{text}");
    assert!(text.contains("/{ service = \"gateway\" } > { service = \""), "{text}");
    assert!(!text.contains("no trace matches"), "{text}");
}

#[test]
fn what_is_selected_in_services_leads_to_its_traces() {
    // How often Tab goes on, where all panes are there, and what is listed then.
    for (steps, words) in [
        (0, "/{ service = \"gateway\" }"),
        (1, "/{ service = \"gateway\" }"),
        (4, "/{ service = \"gateway\" && scope = \""),
        (5, "/{ service = \"gateway\" && kind = "),
    ] {
        let mut stage = Stage::new((200, 50), &["mesh"]);
        stage.act(&[Action::Tab(2), Action::First]);
        while !stage.text().contains("Calls · gateway") {
            stage.act(&[Action::Down]);
        }
        (0..steps).for_each(|_| stage.act(&[Action::NextPane]));
        stage.act(&[Action::Filter]);
        let text = stage.text();
        assert!(text.contains(words), "{words}: {text}");
        assert!(!text.contains("no trace matches"), "{text}");
    }
}

#[test]
fn the_map_is_walked_and_its_calls_are_those_that_were_recorded() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First, Action::Down, Action::NextPane]);
    let text = stage.text();
    assert!(
        text.contains("Calls · gateway") && text.contains("→ seats") && text.contains("→ films"),
        "{text}"
    );
    stage.act(&[Action::Down, Action::Open]);
    let text = stage.text();
    assert!(text.contains("Calls · seats") && text.contains("gateway →"), "{text}");
    assert!(!text.contains("among them"), "nobody is accused of what was not found: {text}");
}

#[test]
fn an_operation_leads_to_its_slowest_span_and_to_its_latest_error() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    // The list, the map, the matrix, the scopes, the operations: sorted by calls.
    stage.act(&[Action::Tab(2), Action::First, Action::Down, Action::Down, Action::PreviousPane]);
    let first = |stage: &mut Stage| {
        let lines = stage.selected_lines();
        lines.into_iter().map(|(_, line)| line).find(|line| line.contains('/')).unwrap_or_default()
    };
    assert!(first(&mut stage).starts_with("INTERNAL POST /seats/"), "{}", stage.text());
    stage.act(&[Action::Sort]);
    assert!(first(&mut stage).starts_with("SERVER   POST /seats/"), "the most errors: {}", stage.text());
    assert!(stage.text().contains("sorted by errors, the largest share first"), "{}", stage.text());
    stage.act(&[Action::InvertSort]);
    assert!(first(&mut stage).contains("0%"), "{}", stage.text());
    stage.act(&[Action::InvertSort, Action::ShowError]);
    let text = stage.text();
    assert!(text.contains("1 Traces") && text.contains("POST /seats/"), "{text}");
    assert_eq!(stage.app.context(), Context::Tree, "{text}");
    stage.act(&[Action::Tab(2), Action::Open]);
    assert_eq!(stage.app.context(), Context::Tree, "{}", stage.text());
    stage.act(&[Action::Tab(2), Action::Sort, Action::Sort, Action::Sort, Action::Sort, Action::Sort]);
    assert!(stage.text().contains("sorted by name, A to Z"), "{}", stage.text());
}

#[test]
fn what_is_selected_in_services_is_copied() {
    let mut stage = Stage::new((200, 50), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First]);
    while !stage.text().contains("Calls · gateway") {
        stage.act(&[Action::Down]);
    }
    // From pane to pane: the list, the map, the neighbours, kinds and parents, the scopes, the operations.
    for _ in 0..6 {
        stage.act(&[Action::CopyNow, Action::NextPane]);
    }
    stage.act(&[Action::NextPane, Action::First, Action::Down, Action::CopyNow]);
    let copied = &stage.outside.copied;
    assert_eq!(copied.len(), 7, "{copied:?}");
    assert_eq!((copied[0].as_str(), copied[6].as_str()), ("gateway", "gateway -> seats"), "{copied:?}");
    assert_eq!(copied[4..6], ["opentelemetry.instrumentation.fastapi 0.66b1", "POST"]);
}

#[test]
fn the_service_with_the_worst_finding_is_open_without_a_key() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    read(&mut stage, "assets/demo.jsonl");
    stage.act(&[Action::Tab(2)]);
    assert!(stage.text().contains("Calls · shop"), "{}", stage.text());
    // From now on it stays.
    stage.live("a-service", (0..100).map(|n| span(n + 1, 0, n, "work")).collect());
    let text = stage.text();
    assert!(text.contains("Calls · shop") && text.contains("5 services"), "{text}");
}

#[test]
fn many_services_with_many_operations() {
    for (columns, rows) in SIZES {
        let mut stage = Stage::new((columns, rows), &[]);
        for (service, spans) in crowd() {
            stage.live(&service, spans);
        }
        stage.act(&[Action::Tab(2), Action::First]);
        (0..7).for_each(|_| stage.act(&[Action::Down]));
        assert!(stage.text().contains("200 services"), "{}", stage.text());
        if columns >= 120 {
            assert!(stage.text().contains("Calls · service-007"), "{}", stage.text());
        }
        check(&format!("services-many-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open, Action::Last, Action::PageUp, Action::Up]);
        assert!(stage.text().contains("↓"), "{}", stage.text());
    }
    let mut stage = Stage::with_look((80, 24), &["mesh"], Look::new(false, true));
    stage.act(&[Action::Tab(2), Action::Open, Action::NextPane]);
    assert!(stage.text().is_ascii());
    check("services-ascii-80x24", &mut stage);
}

#[test]
fn services_by_mouse() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Tab(2), Action::First]);
    let find = |stage: &mut Stage, words: &str| {
        let text = stage.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
        let before = &line[..line.find(words).unwrap()];
        (before.chars().count() as u16 + 3, row as u16)
    };
    let at = find(&mut stage, "   seats ");
    let event = |kind, (column, row)| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let click = event(MouseEventKind::Down(MouseButton::Left), at);
    stage.app.mouse(click, &stage.session, &stage.status);
    assert!(stage.text().contains("Calls · seats"), "{}", stage.text());
    stage.app.mouse(event(MouseEventKind::ScrollUp, at), &stage.session, &stage.status);
    assert!(stage.text().contains("Calls · films"), "{}", stage.text());
    // The heads of tables sort them, those of the list of services first on their line.
    for (words, notice) in [
        ("   entries", "sorted by entry spans, most first"),
        ("   entries↓", "sorted by entry spans, fewest first"),
        ("   service", "sorted by name, A to Z"),
        ("   operation", "sorted by name, A to Z"),
        ("   scope", "sorted by name, A to Z"),
    ] {
        let click = event(MouseEventKind::Down(MouseButton::Left), find(&mut stage, words));
        stage.app.mouse(click, &stage.session, &stage.status);
        assert!(stage.text().contains(notice), "{words}: {}", stage.text());
    }
}

#[test]
fn one_click_on_the_row_that_is_selected_from_the_start_opens_nothing() {
    let mut stage = Stage::new((80, 24), &["mesh"]);
    stage.act(&[tab("Services")]);
    let (y, _) = stage.selected_lines().remove(0);
    let before = stage.text();
    stage.click(6, y);
    assert_eq!(stage.text(), before);
    stage.click(6, y);
    assert_ne!(stage.text(), before, "the second does");
}

#[test]
fn back_leads_from_the_traces_of_a_service_to_the_service() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[tab("Services"), Action::Down]);
    let before = stage.text();
    stage.act(&[Action::Filter]);
    assert_eq!(stage.app.context(), Context::Traces);
    assert!(stage.text().contains("/{ service = "), "{}", stage.text());
    stage.act(&[Action::Open, Action::Back, Action::Back]);
    assert_eq!(stage.text(), before);
    stage.act(&[tab("Traces")]);
    assert!(!stage.text().contains("/{ service"), "the filter went with it: {}", stage.text());
}

#[test]
fn services_are_sorted_by_the_columns_that_are_shown() {
    let orders = |size| {
        let mut stage = Stage::new(size, &["mesh"]);
        stage.act(&[tab("Services")]);
        let notice = |stage: &mut Stage| {
            stage.act(&[Action::Sort]);
            let text = stage.text();
            let said = text.lines().last().unwrap().split("sorted by ").nth(1).unwrap();
            said.split(',').next().unwrap().to_owned()
        };
        (0..6).map(|_| notice(&mut stage)).collect::<Vec<_>>()
    };
    assert_eq!(orders((140, 42)), ["entry spans", "errors", "p50", "p99", "worst finding", "name"]);
    assert_eq!(orders((80, 24)), ["spans", "entry spans", "errors", "p50", "p99", "worst finding"]);
}

/// Kinds have one order, and a cell stands for spans that traces are listed by.
#[test]
fn the_matrix_is_not_sorted_and_leads_to_the_traces_of_its_service() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[tab("Services")]);
    let (x, y) = stage.find("SERVER");
    stage.click(x, y);
    assert!(!stage.text().lines().last().unwrap().contains("s sort"), "{}", stage.text());
    stage.act(&[Action::Sort]);
    assert!(stage.text().contains("kinds are always in this order"), "{}", stage.text());
    stage.click(x, y);
    assert_eq!(stage.app.context(), Context::Traces, "{}", stage.text());
    assert!(stage.list()[0].contains("service = "), "{:?}", stage.list());
}

/// A service and spans, each of an operation of its own.
fn wide(service: &str, from: u64, many: u64) -> (String, Vec<otoscope::model::Span>) {
    (service.to_owned(), (from..from + many).map(|n| span(n, 0, n, &format!("operation {n}"))).collect())
}

/// Takes spans of services in, in one request, while the clock stands still, as that of a dump does.
fn take(stage: &mut Stage, of: impl IntoIterator<Item = (String, Vec<otoscope::model::Span>)>) {
    let groups = of.into_iter().map(|(service, spans)| {
        let mut group = otoscope::otlp::encode::Group { spans, ..Default::default() };
        let name = otoscope::model::Value::Str(service);
        group.resource.attributes.push(("service.name".to_owned(), name));
        group
    });
    let bytes = otoscope::otlp::encode::request(&groups.collect::<Vec<_>>());
    let origin = otoscope::model::Origin::Dump("test");
    stage.session.take(otoscope::otlp::walk(bytes, "test".into(), origin, 0).0);
}

#[test]
fn what_a_dump_brought_is_told_though_its_time_stands_still() {
    let mut stage = Stage::new((80, 24), &[]);
    take(&mut stage, [wide("gateway", 1, 3_001)]);
    stage.draw();
    take(&mut stage, (0..3_000).map(|n| wide(&format!("service {n:04}"), 10_000 + n, 1)));
    stage.session.finish();
    stage.act(&[tab("Services")]);
    stage.app.tick(&stage.session, stage.status.now_ns);
    let text = stage.text();
    assert!(text.contains("1 000 services · all others in (other)"), "{text}");
    assert!(text.contains("service 0000"), "{text}");
}

#[test]
fn another_service_that_is_selected_does_not_hide_what_has_come() {
    let mut stage = Stage::new((140, 42), &[]);
    take(&mut stage, (0..300).map(|n| wide(&format!("service {n:04}"), 10_000 + n, 1)));
    stage.act(&[tab("Services"), Action::First]);
    assert!(stage.text().contains("300 services"), "{}", stage.text());
    take(&mut stage, [wide("service 0000 b", 1, 9)]);
    stage.act(&[Action::Down]);
    stage.app.tick(&stage.session, stage.status.now_ns);
    let text = stage.text();
    assert!(text.contains("301 services") && text.contains("service 0000 b"), "{text}");
}

#[test]
fn services_start_anew_with_what_is_pinned() {
    let mut stage = Stage::new((140, 42), &[]);
    take(&mut stage, [wide("a gone one", 1, 3)]);
    let mut kept = wide("kept", 10, 1);
    kept.1[0].trace_id = otoscope::model::TraceId([9; 16]);
    take(&mut stage, [wide("another gone one", 5, 1), kept]);
    stage.act(&[tab("Services"), Action::Last]);
    assert!(stage.text().contains("Calls · kept") && stage.text().contains("3 services"), "{}", stage.text());
    stage.session.pin(otoscope::model::TraceId([9; 16]), true);
    stage.session.clear();
    let text = stage.text();
    assert!(text.contains("1 service ") && text.contains("Calls · kept"), "{text}");
    assert!(!text.contains("gone one"), "{text}");
    take(&mut stage, [wide("a new one", 20, 9)]);
    let text = stage.text();
    assert!(text.contains("2 services") && text.contains("Calls · kept"), "{text}");
}

#[test]
fn no_duration_is_told_that_is_longer_than_the_longest() {
    let mut stage = Stage::new((200, 50), &[]);
    let mut spans = wide("shop", 1, 1).1;
    spans[0].end_ns = spans[0].start_ns + 640_000_000;
    take(&mut stage, [("shop".to_owned(), spans)]);
    let mut spans = wide("archive", 3, 9).1;
    spans.iter_mut().for_each(|span| span.end_ns = span.start_ns + 480 * 3_600_000_000_000);
    take(&mut stage, [("archive".to_owned(), spans)]);
    stage.act(&[tab("Services"), Action::Last]);
    let text = stage.text();
    assert!(text.contains("640 ms") && text.contains("20 d"), "{text}");
    assert!(!text.contains("650 ms") && !text.contains("310 h"), "{text}");
}
