//! Spans of formats that are not OTLP, gathered into requests.

use super::outlet::Outlet;
use crate::model::{Resource, Scope, Span};
use crate::otlp::encode::{Group, request};
use crate::otlp::walk;
use std::ops::ControlFlow;

/// How many spans make a batch.
const FULL: usize = 1_024;

/// Said once of what has spans without their resource. Every SDK's has attributes.
const NO_RESOURCE: &str = "some spans are without their resource: which service they are of is not known (older SDKs print \
     none, and a text may begin after it)";

/// Spans that wait to become a batch.
pub(super) struct Gather {
    groups: Vec<Group>,
    spans: usize,
    /// Said of the next batch.
    remarks: Vec<&'static str>,
}

impl Gather {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { groups: Vec::new(), spans: 0, remarks: Vec::new() }
    }

    /// Says this with the next batch, once a file.
    pub(super) fn remark(&mut self, remark: &'static str) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Adds a span to others of its resource and scope.
    pub(super) fn add(&mut self, resource: Resource, scope: Scope, span: Span) {
        self.spans += 1;
        if resource == Resource::default() {
            self.remark(NO_RESOURCE);
        }
        // Backwards: neighbours mostly come from the same library.
        match self.groups.iter_mut().rev().find(|g| g.scope == scope && g.resource == resource) {
            Some(group) => group.spans.push(span),
            None => self.groups.push(Group { resource, scope, spans: vec![span] }),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.spans >= FULL
    }

    /// Every span that waits.
    pub(super) fn spans_mut(&mut self) -> impl Iterator<Item = (&Resource, &mut Span)> {
        self.groups.iter_mut().flat_map(|group| {
            let resource = &group.resource;
            group.spans.iter_mut().map(move |span| (resource, span))
        })
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self, outlet: &mut Outlet<'_>) -> ControlFlow<()> {
        if self.spans == 0 {
            return outlet.relieve();
        }
        let bytes = request(&self.groups);
        self.groups.clear();
        self.spans = 0;
        let (mut batch, malformed) = walk(bytes, outlet.source(), outlet.origin(), 0);
        debug_assert_eq!((malformed, batch.rejections.len()), (None, 0), "readers check what they add");
        batch.remarks.extend(self.remarks.drain(..).map(str::to_owned));
        outlet.send(batch)
    }
}
