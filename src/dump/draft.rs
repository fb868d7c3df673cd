//! The span that a process is printing line by line, and what it belongs to.

use super::printed::checked;
use super::terminal::Sink;
use crate::model::{Resource, Scope, Span};

/// What was read of a span and of what it belongs to.
#[derive(Default)]
pub(super) struct Draft {
    /// Of this span and of those that follow.
    pub(super) resource: Resource,
    /// Of this span and of those that follow.
    pub(super) scope: Scope,
    /// The span, and the line where it started.
    span: Option<(u64, Span)>,
    is_whole: bool,
    /// What of it could not be read.
    bad: Option<String>,
}

impl Draft {
    /// A resource starts here.
    pub(super) fn start_resource(&mut self) {
        let span = self.span.take();
        *self = Self { span, is_whole: self.is_whole, bad: self.bad.take(), ..Self::default() };
    }

    /// A span starts in this line.
    pub(super) fn start(&mut self, line: u64) {
        (self.is_whole, self.bad) = (false, None);
        self.span = Some((line, Span::default()));
    }

    /// The span that is being printed.
    pub(super) fn span(&mut self) -> Option<&mut Span> {
        self.span.as_mut().map(|(_, span)| span)
    }

    /// The last member of its head has come, which nothing printed goes without.
    pub(super) fn head_is_whole(&mut self) {
        self.is_whole = true;
    }

    /// Whether there is a span whose head is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.span.is_some() && self.is_whole
    }

    /// Remembers the first of its members that could not be read.
    pub(super) fn note(&mut self, member: Result<(), String>) {
        if let Err(reason) = member {
            self.bad.get_or_insert(reason);
        }
    }

    /// The span, if there is one, is over. `remark` tells what its format does not carry.
    pub(super) fn finish(&mut self, remark: &'static str, sink: &mut Sink<'_, '_>) {
        let Some((line, mut span)) = self.span.take() else { return };
        // Links without ids were printed as such; they are none.
        span.links.retain(|link| !link.span_id.is_none());
        match self.bad.take().map_or_else(|| checked(span), Err) {
            _ if !self.is_whole => sink.reject(line, "the span is cut off"),
            Ok(mut span) => {
                // A root's parent is known: there is none.
                span.flags |= if span.parent_id.is_none() { 0x100 } else { 0 };
                sink.spans.remark(remark);
                sink.spans.add(self.resource.clone(), self.scope.clone(), span);
            }
            Err(reason) => sink.reject(line, reason),
        }
    }
}
