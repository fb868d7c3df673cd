//! Links followed both ways, within a trace and to others.

use super::menu::{Choice, Menu};
use super::tree::Waterfall;
use super::{Cx, Outcome, Target, row, short_id};
use crate::model::{SpanId, TraceId, time};

/// How many are offered.
const OFFERED: usize = 64;
/// What is said of a link that leads nowhere else.
const ITSELF: &str = "this span links to itself";

impl Waterfall {
    /// Goes to the span that the selected one links to, or that links to it; where there are several, asks which.
    pub(super) fn follow_link(&self, back: bool, cx: &Cx<'_>) -> Outcome {
        let store = &cx.session.store;
        let Some(at) = self.selected(cx) else { return Outcome::Ignored };
        let own = (store.trace(store.slot(at).trace).id, store.record(at).span_id);
        let targets: Vec<(TraceId, SpanId)> = if back {
            let linking = store.linking_to(own.0, own.1).into_iter();
            linking.map(|at| (store.trace(store.slot(at).trace).id, store.record(at).span_id)).collect()
        } else {
            store.links_of(at).take(OFFERED).collect()
        };
        let held = |(trace, span): (TraceId, SpanId)| {
            let at = store.find_span(store.find_trace(trace)?, span)?;
            store.slot(at).is_held().then_some(at)
        };
        let go_to = |(trace, span)| Outcome::GoTo(Target { trace, span: Some(span) });
        match (targets.as_slice(), back) {
            ([], true) => Outcome::Notice("no span that is here links to this one".to_owned()),
            ([], false) => Outcome::Notice("this span links to no other".to_owned()),
            ([one], true) if *one == own => Outcome::Notice("only this span itself links to it".to_owned()),
            ([one], false) if *one == own => Outcome::Notice(ITSELF.to_owned()),
            ([one], _) if held(*one).is_some() => go_to(*one),
            ([(trace, span)], _) => Outcome::Notice(format!(
                "it links to span {} of trace {}, which was not received",
                short_id(span, cx.look),
                short_id(trace, cx.look)
            )),
            (several, _) => {
                let choice = |target: &(TraceId, SpanId)| {
                    let note = format!("{} of {}", short_id(target.1, cx.look), short_id(target.0, cx.look));
                    match held(*target) {
                        Some(at) => {
                            let itself = || Outcome::Notice(ITSELF.to_owned());
                            let leads = if *target == own { itself() } else { go_to(*target) };
                            let name = store.name(at);
                            let label = format!("{} {}", store.service(at), row::name_or_none(&name));
                            let lasted = time::duration(store.record(at).duration_ns());
                            Choice::new(label, format!("{lasted}  {note}"), leads)
                        }
                        None => Choice::new(
                            "(not received)",
                            note,
                            Outcome::Notice("that span was not received".to_owned()),
                        ),
                    }
                };
                let title = if back { "Spans that link here" } else { "Links" };
                let choices = several.iter().take(OFFERED).map(choice).collect();
                Outcome::Over(Box::new(Menu::new(title, choices)))
            }
        }
    }
}
