//! Objects on a terminal: Python's, Node's and Go's spans, and OTLP/JSON behind the prefix of a log line.

use super::console::REMARK;
use super::console_object::{Fed, Object, start};
use super::console_span::{Found, find};
use super::terminal::{LARGEST, PRINTERS, Printer, Sink};
use super::{go_stdout, inspect, node_console, outlet};
use crate::model::{Scope, Value};
use crate::otlp::{JsonError, Reading, read_document, tree};
use memchr::memmem;
use std::ops::ControlFlow;

/// Gathers the lines of objects.
#[derive(Default)]
pub(super) struct Objects {
    /// Objects whose end was not seen yet, one a prefix.
    open: Vec<Object>,
}

impl Printer for Objects {
    fn line(&mut self, mut line: &[u8], number: u64, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
        self.open.retain(|object| !object.is_stale(number));
        loop {
            // The newest first: an older one may never go on.
            let Some(at) = self.open.iter_mut().rposition(|object| object.owns(line)) else {
                let Some(bracket) = start(line) else { return ControlFlow::Continue(()) };
                if self.open.len() == PRINTERS {
                    cut_off(&self.open.remove(0), sink);
                }
                self.open.push(Object::new(line, bracket, number));
                continue;
            };
            match self.open[at].feed(line) {
                Fed::More if self.open[at].len() <= LARGEST => return ControlFlow::Continue(()),
                Fed::More | Fed::Another => cut_off(&self.open.remove(at), sink),
                Fed::Done { rest } => {
                    let object = self.open.remove(at);
                    take(&object, sink)?;
                    line = &line[line.len() - rest..];
                }
            }
        }
    }

    fn end(&mut self, sink: &mut Sink<'_, '_>) {
        for object in std::mem::take(&mut self.open) {
            cut_off(&object, sink);
        }
    }
}

/// An object that was never finished; other output that merely looked like one is none of ours.
fn cut_off(object: &Object, sink: &mut Sink<'_, '_>) {
    if object.is_span() {
        sink.reject(object.line, "the span is cut off");
    }
}

fn take(object: &Object, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
    if object.is_inspected() {
        match inspect::object(object.text()) {
            Ok(members) => add(node_console::find(members), node_console::REMARK, object, sink),
            Err(reason) if object.is_span() => sink.reject(object.line, reason),
            Err(_) => {}
        }
        return ControlFlow::Continue(());
    }
    if is_otlp(object.text()) {
        return take_document(object, sink);
    }
    match tree(object.text()) {
        Ok(Value::Map(members)) if members.iter().any(|(key, _)| key == "SpanContext") => {
            add(go_stdout::find(members), go_stdout::REMARK, object, sink);
        }
        Ok(Value::Map(members)) if node_console::is_json_span(object.text()) => {
            add(node_console::find(members), node_console::REMARK, object, sink);
        }
        Ok(value) => add(find(value), REMARK, object, sink),
        Err(error) if node_console::is_json_span(object.text()) => {
            // The documentation puts quotes around some keys and others not.
            match inspect::object(object.text()) {
                Ok(members) => add(node_console::find(members), node_console::REMARK, object, sink),
                Err(_) => reject_json(&error, object, sink),
            }
        }
        Err(error) if object.is_span() => reject_json(&error, object, sink),
        Err(_) => {}
    }
    ControlFlow::Continue(())
}

fn reject_json(error: &JsonError, object: &Object, sink: &mut Sink<'_, '_>) {
    let reason = format!("not JSON: {} in its line {}, column {}", error.what, error.line, error.column);
    sink.reject(object.line, reason);
}

fn add(found: Found, remark: &'static str, object: &Object, sink: &mut Sink<'_, '_>) {
    match found {
        Found::Span(found) => {
            let (resource, scope, span) = *found;
            sink.spans.remark(remark);
            sink.spans.add(resource, scope, span);
        }
        Found::Log => sink.outlet.count_logs(1),
        Found::Metrics(metrics) => sink.outlet.count_metrics(metrics),
        Found::Bad(reason) => sink.reject(object.line, reason),
        Found::Other => {}
    }
}

/// The keys that a `TracesData` or a `ResourceSpans` has and nobody else's object.
pub(super) const OTLP: [&[u8]; 2] = [b"\"scopeSpans\"", b"\"resourceSpans\""];

/// Whether this text is, or has the start of, an OTLP/JSON document.
pub(super) fn is_otlp(text: &[u8]) -> bool {
    OTLP.iter().any(|key| memmem::find(text, key).is_some())
}

/// Java's `logging-otlp` and `experimental-otlp/stdout` print whole documents.
fn take_document(object: &Object, sink: &mut Sink<'_, '_>) -> ControlFlow<()> {
    let outlet = &mut *sink.outlet;
    let Reading { mut batch, broken, .. } = read_document(object.text(), outlet.source(), outlet.origin(), 0);
    for rejection in &mut batch.rejections {
        let path = std::mem::replace(&mut rejection.position, outlet.at_line(object.line));
        rejection.reason = format!("{path}: {}", rejection.reason);
    }
    if let Some(error) = broken {
        let kept = outlet::kept(&batch);
        let reason = format!("{} in its line {}, column {}{kept}", error.what, error.line, error.column);
        outlet.reject(outlet.at_line(object.line), reason);
    }
    outlet.send(batch)
}

/// A printed span and what it belongs to.
pub(super) type Printed = (crate::model::Resource, Scope, crate::model::Span);
