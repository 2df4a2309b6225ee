//! Each kind can be said in three ways, and each feeds the same metrics: by a handle or function of
//! flowspan, by a plain `tracing` span or event, and by an event that is given to the recorder.

use std::{collections::BTreeSet, time::Duration};

use flowspan::model::{Event, EventSink, Field, Kind, Moment, Value, ValueType, catalog};
use flowspan_metrics::Recorder;

use crate::{
    by_handle::by_handle,
    by_tracing::by_tracing,
    support::{Bench, is_added},
};

fn moments(kind: Kind) -> &'static [Moment] {
    if kind.is_span() { &[Moment::Started, Moment::Ended] } else { &[Moment::Occurred] }
}

fn metrics_of(kind: Kind) -> BTreeSet<String> {
    let fed = moments(kind).iter().flat_map(|moment| catalog::fed_by(*moment, kind));
    fed.map(|(metric, _)| metric.name.to_owned()).filter(|name| !is_added(name)).collect()
}

fn fields_of(kind: Kind) -> BTreeSet<Field> {
    let ends: &[Field] = if kind.is_span() { Field::OF_AN_END } else { &[] };
    kind.fields().iter().chain(ends).copied().collect()
}

/// Gives the recorder an event with all fields of its kind, for each moment that the kind has.
fn by_event(kind: Kind, recorder: &Recorder) {
    for moment in moments(kind) {
        let mut event = Event::new(*moment, kind);
        event.duration = (*moment == Moment::Ended).then_some(Duration::from_secs(1));
        for field in fields_of(kind) {
            event.fields.set(field, value(field));
        }
        recorder.event(&event);
        // Some metrics count what went well.
        let error = |field: &Field| Field::OF_AN_END.contains(field);
        let mut well = Event::new(*moment, kind);
        for (field, value) in event.fields.iter().filter(|(field, _)| !error(field)) {
            well.fields.set(field, value.clone());
        }
        recorder.event(&well);
    }
}

fn value(field: Field) -> Value {
    match (field, field.value_type()) {
        (Field::CostCurrency, _) => "USD".into(),
        (Field::ChunkTimes, _) => "2x0.5".into(),
        (_, ValueType::Text) => "some".into(),
        (_, ValueType::Integer) => 1_i64.into(),
        (_, ValueType::Float) => 0.5.into(),
        (_, ValueType::Boolean) => true.into(),
    }
}

#[test]
fn every_kind_is_heard_from_its_handle_with_all_its_fields() {
    for kind in Kind::ALL {
        let bench = Bench::new();
        by_handle(*kind);
        assert!(bench.fields(*kind).is_superset(&fields_of(*kind)), "{kind:?}: {:?}", bench.fields(*kind));
        assert!(bench.metrics().is_superset(&metrics_of(*kind)), "{kind:?}: {:?}", bench.metrics());
    }
}

#[test]
fn every_kind_is_heard_from_plain_tracing_with_all_its_fields() {
    for kind in Kind::ALL {
        let bench = Bench::new();
        by_tracing(*kind);
        assert_eq!(bench.fields(*kind), fields_of(*kind), "{kind:?}");
        assert_eq!(bench.metrics(), metrics_of(*kind), "{kind:?}");
    }
}

#[test]
fn every_kind_is_measured_from_an_event() {
    for kind in Kind::ALL {
        let bench = Bench::new();
        by_event(*kind, &bench.recorder);
        assert_eq!(bench.metrics(), metrics_of(*kind), "{kind:?}");
    }
}
