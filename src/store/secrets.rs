//! Which attributes hold credentials: by name, so that nothing repeats what should never have been sent.

use super::{SpanIx, Store};
use crate::model::{Attributes, Value};
use crate::otlp::is_secret;

impl Store {
    /// The keys of a held span's attributes whose values look like credentials.
    pub fn secret_keys(&self, at: SpanIx) -> Vec<String> {
        let attributes: Attributes = self.decode(at).map(|span| span.attributes).unwrap_or_default();
        let told = |key: &str, value: &Value| match value {
            Value::Str(text) => is_secret(key, text),
            Value::Array(items) => matches!(items.first(), Some(Value::Str(text)) if is_secret(key, text)),
            _ => false,
        };
        attributes.into_iter().filter(|(key, value)| told(key, value)).map(|(key, _)| key).collect()
    }
}
