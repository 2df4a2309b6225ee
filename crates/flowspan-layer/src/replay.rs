//! Spans of events that were observed earlier, or elsewhere.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use flowspan_model::{Event, Field, Moment, SpanIds, SpanKind as WorkKind, Status as WorkStatus};
use flowspan_span::of_value;
use opentelemetry::{
    InstrumentationScope, Key, KeyValue, TraceFlags,
    trace::{Event as OtelEvent, SpanContext, SpanId, SpanKind, Status, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::names::{names_its_agent, span_name};

/// How many open spans are remembered at least; when there are twice as many, the older half is
/// forgotten.
const OPEN: usize = 16_384;
/// How many occurrences a span keeps: the default of the specification.
const MAX_EVENTS: usize = 128;

/// Makes the OpenTelemetry spans that were there when these events happened, with their times and
/// identifiers.
///
/// The event of an end has nearly all of a span. What it has not, is remembered from the events before:
/// when the work began, if its duration is not known, and what occurred in it. Links that somebody
/// made by hand are in no event; those that follow from what spans say, [`Normalizer`](crate::Normalizer) adds.
///
/// ```
/// use flowspan_layer::Replay;
/// use flowspan_model::{Event, Field, Kind, Moment, SpanIds};
///
/// let mut event = Event::new(Moment::Ended, Kind::Step).with(Field::StepName, "build");
/// event.ids = SpanIds { trace: [1; 16], span: [2; 8], parent: None };
/// let span = Replay::new("bot").take(&event).expect("it ended");
/// assert_eq!(span.name, "step build");
/// ```
#[derive(Debug)]
pub struct Replay {
    scope: InstrumentationScope,
    young: HashMap<Place, Open>,
    old: HashMap<Place, Open>,
}

type Place = ([u8; 16], [u8; 8]);

/// What is remembered of a span that has not ended.
#[derive(Debug, Default)]
struct Open {
    started: Option<SystemTime>,
    events: Vec<OtelEvent>,
    dropped: u32,
}

impl Replay {
    /// A replay in which nothing has happened, with the name of the instrumentation scope.
    pub fn new(scope: &'static str) -> Self {
        let scope = InstrumentationScope::builder(scope).build();
        Replay { scope, young: HashMap::new(), old: HashMap::new() }
    }

    /// Takes the next event, and gives the span that it ends. Events outside of every trace make none.
    pub fn take(&mut self, event: &Event) -> Option<SpanData> {
        let place = (event.ids.trace, event.ids.span);
        if place.0 == [0; 16] || place.1 == [0; 8] {
            return None;
        }
        match event.moment {
            Moment::Started => {
                self.open(place).started = Some(event.time);
                None
            }
            Moment::Occurred => {
                let open = self.open(place);
                if open.events.len() < MAX_EVENTS {
                    open.events.push(occurrence(event));
                } else {
                    open.dropped += 1;
                }
                None
            }
            Moment::Ended => {
                let open = self.young.remove(&place).or_else(|| self.old.remove(&place));
                Some(self.span(event, open.unwrap_or_default()))
            }
        }
    }

    fn open(&mut self, place: Place) -> &mut Open {
        if self.young.len() >= OPEN {
            self.old = std::mem::take(&mut self.young);
        }
        let known = self.old.remove(&place);
        self.young.entry(place).or_insert_with(|| known.unwrap_or_default())
    }

    fn span(&self, event: &Event, open: Open) -> SpanData {
        let lasted = |duration: Duration| event.time.checked_sub(duration);
        let start_time = event.duration.and_then(lasted).or(open.started).unwrap_or(event.time);
        let name = span_name(event.kind, &event.fields);
        let mut events = SpanEvents::default();
        events.events = open.events;
        events.dropped_count = open.dropped;
        let SpanIds { trace, span, parent } = event.ids;
        SpanData {
            span_context: SpanContext::new(
                TraceId::from_bytes(trace),
                SpanId::from_bytes(span),
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: parent.map_or(SpanId::INVALID, SpanId::from_bytes),
            parent_span_is_remote: false,
            span_kind: match event.kind.span_kind() {
                WorkKind::Client => SpanKind::Client,
                WorkKind::Internal => SpanKind::Internal,
            },
            name: name.map_or(event.kind.name().into(), Into::into),
            start_time: start_time.min(event.time),
            end_time: event.time,
            attributes: attributes(event),
            dropped_attributes_count: 0,
            events,
            links: SpanLinks::default(),
            status: status(event),
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn occurrence(event: &Event) -> OtelEvent {
    OtelEvent::new(event.kind.name(), event.time, attributes(event), 0)
}

/// What an event says of its own kind. What it has taken over from around it stands there.
fn attributes(event: &Event) -> Vec<KeyValue> {
    let is_own = |field: Field| {
        field == Field::AgentName && names_its_agent(event.kind)
            || field != Field::ErrorMessage
                && [event.kind.fields(), Field::OF_AN_END, Field::ROLL_UP, Field::ADDED]
                    .iter()
                    .any(|own| own.contains(&field))
    };
    let own = event.fields.iter().filter(|(field, _)| is_own(*field));
    own.map(|(field, value)| KeyValue::new(Key::from_static_str(field.key()), of_value(field, value)))
        .collect()
}

/// As the handles set it: what has an error, or did not come to its end, has failed.
fn status(event: &Event) -> Status {
    let message = event.fields.text(Field::ErrorMessage);
    let has_failed = matches!(event.status(), Some(WorkStatus::Failed | WorkStatus::Timeout));
    if has_failed || message.is_some() || event.fields.get(Field::ErrorType).is_some() {
        Status::error(message.unwrap_or_default().to_owned())
    } else {
        Status::Unset
    }
}
