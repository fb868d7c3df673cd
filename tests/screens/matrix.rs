//! Every view in its empty, small and huge state, at three sizes: `golden/VIEW-STATE-SIZE.txt`.
//!
//! A view that cannot be reached in a state is there too: then its key has to say why.

use crate::golden::check;
use crate::made::{crowd, logs, order, several, wide};
use crate::output;
use crate::stage::{NOW_NS, SIZES, Stage, select, tab};
use otoscope::model::{Batch, Origin};
use otoscope::tui::keymap::{Action, Context, OUTPUT};

/// How a view is reached from the first screen.
type Way = fn(&mut Stage);

/// A row of the table: what it is called, how it is reached, and at which sizes it is a screen of its own.
struct View {
    name: &'static str,
    way: Way,
    sizes: &'static [(u16, u16)],
}

const fn view(name: &'static str, way: Way) -> View {
    View { name, way, sizes: &SIZES }
}

/// A pane of services. A larger screen shows all of them at once, as `services` does.
const fn pane(name: &'static str, way: Way) -> View {
    View { name, way, sizes: &[(80, 24)] }
}

const VIEWS: &[View] = &[
    view("traces", |_| {}),
    view("trace", |stage| stage.act(&[Action::Open])),
    view("critical-path", |stage| in_trace(stage, &[Action::CriticalPath])),
    view("icicle", |stage| in_trace(stage, &[Action::Icicle])),
    view("compare", |stage| stage.act(&[Action::Compare, Action::First, Action::Compare])),
    // The first row is what held requests together, or a root.
    view("span", |stage| in_trace(stage, &[Action::Down, Action::Open])),
    view("raw", |stage| in_trace(stage, &[Action::Down, Action::Raw])),
    view("findings", |stage| stage.act(&[tab("Findings")])),
    view("finding", to_spans_of_finding),
    view("explain", |stage| stage.act(&[tab("Findings"), Action::Explain])),
    view("services", |stage| stage.act(&[tab("Services")])),
    pane("services-map", |stage| to_pane(stage, 1)),
    pane("services-operations", |stage| to_pane(stage, 2)),
    pane("services-neighbours", |stage| to_pane(stage, 3)),
    pane("services-matrix", |stage| to_pane(stage, 4)),
    pane("services-scopes", |stage| to_pane(stage, 5)),
    view("logs", |stage| stage.act(&[tab("Logs")])),
    view("log", |stage| stage.act(&[tab("Logs"), Action::PreviousError, Action::NextPane])),
    view("receiver", |stage| stage.act(&[tab("Receiver")])),
    view("output", |stage| stage.act(&[Action::Tab(OUTPUT)])),
];

/// Where there is no trace, the key that would open one is the last.
fn in_trace(stage: &mut Stage, actions: &[Action]) {
    stage.act(&[Action::Open]);
    if stage.app.context() != Context::Traces {
        stage.act(actions);
    }
}

fn to_spans_of_finding(stage: &mut Stage) {
    stage.act(&[tab("Findings")]);
    if stage.session.store.trace_count() == 0 {
        stage.act(&[Action::Open]);
    } else {
        stage.act(&[Action::First, Action::Unfold]);
        select(stage, " spans (");
        stage.act(&[Action::Unfold]);
    }
}

fn to_pane(stage: &mut Stage, at: usize) {
    stage.act(&[tab("Services")]);
    (0..at).for_each(|_| stage.act(&[Action::NextPane]));
}

/// Draws every view of what a stage holds.
fn all(state: &str, stage: &mut Stage, watch: fn(&mut Stage)) {
    for view in VIEWS {
        for (columns, rows) in view.sizes {
            stage.anew((*columns, *rows));
            if view.name == "output" {
                watch(stage);
            }
            (view.way)(stage);
            // What is counted between frames is counted to its end.
            while stage.draw() != stage.draw() {}
            check(&format!("{}-{state}-{columns}x{rows}", view.name), stage);
        }
    }
}

#[test]
fn every_view_of_nothing() {
    all("empty", &mut Stage::new(SIZES[0], &[]), output::watch);
}

#[test]
fn every_view_of_a_few_recorded_requests() {
    let mut stage = Stage::new(SIZES[0], &["mesh", "flask-logs", "flask-1.29-sigkill"]);
    all("small", &mut stage, |stage| {
        output::watch(stage);
        output::few(stage);
    });
}

#[test]
fn every_view_of_very_much() {
    let mut stage = Stage::new(SIZES[0], &[]);
    for (service, spans) in crowd() {
        stage.live(&service, spans);
    }
    stage.live("import", wide(24_000));
    for n in 0..20 {
        stage.live("shop", several(1_000 * n..1_000 * (n + 1)));
        stage.session.take(logs("shop", n * 1_000, 1_000, order));
        for port in 1..=9 {
            let source = format!("10.0.{n}.{port}:5000");
            stage.app.traffic.note(&Batch::empty(source.into(), Origin::Grpc, NOW_NS));
        }
    }
    stage.session.finish();
    all("huge", &mut stage, |stage| {
        output::watch(stage);
        output::many(stage);
    });
}
