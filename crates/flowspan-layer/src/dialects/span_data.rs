//! Spans that were made through the OpenTelemetry API.

use flowspan_model::{Event, Field, Kind, Moment, SpanIds, SpanKind as WorkKind};
use flowspan_span::of_value;
use opentelemetry::{
    Key, KeyValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;

use super::{Dialects, Keep, Notes, finish};
use crate::{
    accounting::{Accounting, Sums},
    content::Contents,
    names::span_name,
};

impl Dialects {
    /// Understands an ended span by its attributes alone. If it is work of the vocabulary, it gets the
    /// form of such a span, and what is to be told of its end comes back. `contents` judge what is content,
    /// unless that was done before. `sums` are those of what ended in it, and become those that the span
    /// around it gets.
    pub(crate) fn hear_span(
        &self,
        span: &mut SpanData,
        contents: Option<&Contents>,
        accounting: &Accounting,
        sums: &mut Sums,
    ) -> Option<Event> {
        let (foreign, kind) = {
            let attributes = &span.attributes;
            self.recognise_attributes(|name| match attributes.iter().find(|kv| kv.key.as_str() == name) {
                Some(KeyValue { value: Value::String(text), .. }) => Some(text.as_str()),
                _ => None,
            })?
        };
        let mut notes = Notes { status: failure(&span.status), ..Notes::default() };
        foreign.hear(std::mem::take(&mut span.attributes), &mut notes);
        if let Some(contents) = contents {
            contents.sweep(&mut notes.attributes, |name| foreign.is_content(name));
        }
        if let Status::Error { description } = &span.status
            && !description.is_empty()
        {
            notes.text(Field::ErrorMessage, description);
        }
        finish(&foreign, kind, &mut notes);
        let duration = span.end_time.duration_since(span.start_time).unwrap_or_default();
        let name = span_name(kind, &notes.fields);
        span.name = name.map_or_else(|| span.name.clone(), Into::into);
        span.span_kind = if kind == Kind::Agent { span.span_kind.clone() } else { span_kind(kind) };
        let mut event = Event {
            moment: Moment::Ended,
            kind,
            time: span.end_time,
            ids: SpanIds {
                trace: span.span_context.trace_id().to_bytes(),
                span: span.span_context.span_id().to_bytes(),
                parent: (span.parent_span_id != opentelemetry::trace::SpanId::INVALID)
                    .then(|| span.parent_span_id.to_bytes()),
            },
            duration: Some(duration),
            fields: std::mem::take(&mut notes.fields),
        };
        accounting.settle(&mut event, sums);
        notes.fields = event.fields.clone();
        span.attributes = attributes_of(&notes);
        span.status = notes.status;
        Some(event)
    }
}

/// The attributes of a span of which this is known.
pub(crate) fn attributes_of(notes: &Notes) -> Vec<KeyValue> {
    let fields = notes.fields.iter().filter(|(field, _)| *field != Field::ErrorMessage);
    fields
        .map(|(field, value)| KeyValue::new(Key::from_static_str(field.key()), of_value(field, value)))
        .chain(notes.attributes.iter().cloned())
        .collect()
}

/// The kind of OpenTelemetry span that work of this kind is.
pub(crate) fn span_kind(kind: Kind) -> SpanKind {
    match kind.span_kind() {
        WorkKind::Client => SpanKind::Client,
        WorkKind::Internal => SpanKind::Internal,
    }
}

/// A status that says something. The convention has no use for an explicit `ok`.
fn failure(status: &Status) -> Status {
    match status {
        Status::Error { .. } => status.clone(),
        _ => Status::Unset,
    }
}
