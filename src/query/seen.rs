//! Keys and values that were seen: what completion offers, and which names are attributes for sure. A bounded sample, gathered some spans at a time.

use super::field::Asked;
use super::literal::as_text;
use super::named::Level;
use crate::model::{Attributes, Resource, Scope};
use crate::otlp::peek::{Message, Part, Raw, parts};
use crate::store::{HeldLog, SpanIx, Store};
use std::collections::{BTreeMap, BTreeSet};

/// How many keys are kept.
const KEYS: usize = 1_024;
/// How many values of a key are kept.
const VALUES: usize = 64;
/// Values longer than this are nothing to be typed.
const VALUE_LEN: usize = 80;
/// After so many spans only every second slot is looked at, after as many again every fourth, and so on.
const CLOSE: usize = 20_000;

/// What was seen of those that a query is asked of.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    asked: Asked,
    keys: BTreeMap<(Level, String), BTreeSet<String>>,
    names: BTreeSet<String>,
    services: BTreeSet<String>,
    scopes: BTreeSet<String>,
    versions: BTreeSet<String>,
    events: BTreeSet<String>,
    severity_texts: BTreeSet<String>,
    next: usize,
    next_log: u64,
    looked_at: usize,
    resources_noted: usize,
    scopes_noted: usize,
}

impl Seen {
    /// Nothing yet, of those that a query is asked of.
    pub fn of(asked: Asked) -> Self {
        Self { asked, ..Self::default() }
    }

    /// What a query is asked of.
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// Looks at so many more of them. Call it while a query is typed.
    pub fn look(&mut self, store: &Store, budget: usize) {
        match self.asked {
            Asked::Spans => self.look_at_spans(store, budget),
            Asked::Logs => self.look_at_logs(store, budget),
        }
    }

    fn look_at_spans(&mut self, store: &Store, budget: usize) {
        while self.resources_noted < store.resource_count().min(self.resources_noted + budget) {
            self.note_resource(store.resource(self.resources_noted as u32));
        }
        while self.scopes_noted < store.scope_count().min(self.scopes_noted + budget) {
            self.note_scope(store.scope(self.scopes_noted as u32));
        }
        for _ in 0..budget {
            if self.next >= store.slot_capacity() {
                return;
            }
            self.note_span(store, SpanIx(self.next as u32));
            self.next += self.stride() as usize;
        }
    }

    fn look_at_logs(&mut self, store: &Store, budget: usize) {
        store.log_resources().skip(self.resources_noted).take(budget).for_each(|own| self.note_resource(own));
        store.log_scopes().skip(self.scopes_noted).take(budget).for_each(|own| self.note_scope(own));
        for _ in 0..budget {
            let Some(key) = store.logs_arrived_from(self.next_log).next() else { return };
            if let Some(log) = store.log(key) {
                self.note_log(&log);
            }
            self.next_log = key.seq + self.stride();
        }
    }

    /// How far the next one to be looked at is.
    fn stride(&mut self) -> u64 {
        self.looked_at += 1;
        1 << (self.looked_at / CLOSE).min(16)
    }

    fn note_resource(&mut self, resource: &Resource) {
        insert(&mut self.services, KEYS, resource.service_name());
        self.note_all(Level::Resource, &resource.attributes);
        self.resources_noted += 1;
    }

    fn note_scope(&mut self, scope: &Scope) {
        insert(&mut self.scopes, KEYS, &scope.name);
        insert(&mut self.versions, KEYS, &scope.version);
        self.note_all(Level::Instrumentation, &scope.attributes);
        self.scopes_noted += 1;
    }

    fn note_log(&mut self, log: &HeldLog<'_>) {
        for part in parts(Message::Log, log.bytes) {
            match part {
                Part::Attribute(key, raw) => self.note(Level::Own, key, raw),
                Part::Name(name) => {
                    let name = String::from_utf8_lossy(name);
                    insert(&mut self.names, KEYS, &name);
                    insert(&mut self.events, KEYS, &name);
                }
                Part::SeverityText(text) => {
                    insert(&mut self.severity_texts, VALUES, &String::from_utf8_lossy(text));
                }
                _ => {}
            }
        }
    }

    fn note_span(&mut self, store: &Store, at: SpanIx) {
        let Some(bytes) = store.span_bytes(at) else { return };
        insert(&mut self.names, KEYS, &store.name(at));
        for part in parts(Message::Span, bytes) {
            match part {
                Part::Attribute(key, raw) => self.note(Level::Own, key, raw),
                Part::Event(event) => {
                    for part in parts(Message::Event, event) {
                        match part {
                            Part::Attribute(key, raw) => self.note(Level::Event, key, raw),
                            Part::Name(name) => {
                                insert(&mut self.events, KEYS, &String::from_utf8_lossy(name));
                            }
                            _ => {}
                        }
                    }
                }
                Part::Link(link) => {
                    for part in parts(Message::Link, link) {
                        if let Part::Attribute(key, raw) = part {
                            self.note(Level::Link, key, raw);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn note_all(&mut self, level: Level, attributes: &Attributes) {
        attributes.iter().for_each(|(key, value)| self.note(level, key.as_bytes(), value.into()));
    }

    fn note(&mut self, level: Level, key: &[u8], value: Raw<'_>) {
        let Ok(key) = std::str::from_utf8(key) else { return };
        if key.is_empty() || key.len() > VALUE_LEN {
            return;
        }
        let entry = (level, key.to_owned());
        if self.keys.len() == KEYS && !self.keys.contains_key(&entry) {
            return;
        }
        let values = self.keys.entry(entry).or_default();
        value.any(&mut |leaf| {
            as_text(leaf, &mut |text| {
                if text.len() <= VALUE_LEN {
                    insert(values, VALUES, &String::from_utf8_lossy(text));
                }
                false
            })
        });
    }

    /// Whether there is an attribute with this key, as [`Level::Any`] looks for it.
    pub fn has(&self, key: &str) -> bool {
        [Level::Own, Level::Resource]
            .into_iter()
            .any(|level| self.keys.contains_key(&(level, key.to_owned())))
    }

    /// Keys of attributes at a level, in order; of [`Level::Any`] those of spans or log records and of resources.
    pub fn keys(&self, level: Level) -> impl Iterator<Item = &str> {
        let keys = self.keys.keys().filter(move |(own, _)| is_at(*own, level)).map(|(_, key)| key.as_str());
        keys.collect::<BTreeSet<&str>>().into_iter()
    }

    /// Values of an attribute, in order.
    pub fn values(&self, level: Level, key: &str) -> impl Iterator<Item = &str> {
        let values = self.keys.iter().filter(move |((own, name), _)| is_at(*own, level) && name == key);
        values.flat_map(|(_, values)| values).map(String::as_str).collect::<BTreeSet<&str>>().into_iter()
    }

    /// Names of spans, or of events that log records are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Services.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// Names of instrumentation scopes.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    /// Versions of instrumentation scopes.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().map(String::as_str)
    }

    /// Names of events.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(String::as_str)
    }

    /// What sources of log records call their severities.
    pub fn severity_texts(&self) -> impl Iterator<Item = &str> {
        self.severity_texts.iter().map(String::as_str)
    }
}

fn is_at(own: Level, level: Level) -> bool {
    match level {
        Level::Any | Level::Parent => matches!(own, Level::Own | Level::Resource),
        level => own == level,
    }
}

fn insert(into: &mut BTreeSet<String>, most: usize, text: &str) {
    if !text.is_empty() && text.len() <= VALUE_LEN && into.len() < most && !into.contains(text) {
        into.insert(text.to_owned());
    }
}
