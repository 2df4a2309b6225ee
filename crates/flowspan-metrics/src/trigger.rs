//! From an event's labels to the bound instruments, in one look-up.

use std::sync::Arc;

use flowspan_model::{
    AskedEvent, Event, Field, Kind, Moment, Repeated, Value,
    catalog::{Amount, Label, Source},
};

use crate::{
    family::{Family, Given, Way},
    routes::{self, Mark, Route},
    schema::Row,
    texts::Texts,
};

/// The most labels that the metrics fed by one kind of event have together. It only sizes an array
/// on the stack; a schema with more is refused.
pub(crate) const MAX_KEY: usize = 16;

/// An event that is asked so often has its fields numbered first.
const MANY: usize = 8;

/// The place of a field that fills none.
const NO_PLACE: u8 = u8::MAX;

/// Everything that events of one moment and kind feed.
///
/// The labels of all those metrics together form the key, so that one look-up finds the series of
/// every one of them.
#[derive(Debug)]
pub(crate) struct Trigger {
    labels: Vec<&'static Label>,
    /// The place in the key that each field fills, by the field's number.
    places: [u8; Field::ALL.len()],
    /// The labels that another field may fill, too, by their places.
    others: Vec<(usize, &'static Label)>,
    feeds: Vec<Feed>,
    /// How often an event is asked for one of its fields, beside its labels.
    asks: usize,
    /// Its own among all triggers of the process.
    number: usize,
    texts: Arc<Texts>,
}

/// One metric that is fed, with the places where its labels get their values.
#[derive(Debug)]
struct Feed {
    source: &'static Source,
    family: Arc<Family>,
    labels: Vec<LabelSource>,
}

/// Where a metric's label gets its value.
#[derive(Clone, Copy, Debug)]
enum LabelSource {
    Key(usize),
    Fixed(&'static str),
}

impl Trigger {
    /// What events of this moment and kind feed, or `None` if that is nothing.
    pub(crate) fn new(
        moment: Moment,
        kind: Kind,
        metrics: &[(&Row, Arc<Family>)],
        texts: &Arc<Texts>,
    ) -> Option<Self> {
        let mut trigger = Trigger {
            labels: Vec::new(),
            places: [NO_PLACE; Field::ALL.len()],
            others: Vec::new(),
            feeds: Vec::new(),
            asks: 0,
            number: usize::MAX,
            texts: Arc::clone(texts),
        };
        for (row, family) in metrics {
            for source in row.feeding(moment, kind) {
                let labels = row.shape.labels.iter().filter_map(|label| label.source);
                let labels = labels.map(|label| trigger.label_source(label, source)).collect();
                trigger.asks += source.conditions.len() + usize::from(source.amount.is_of_a_field());
                trigger.feeds.push(Feed { source, family: Arc::clone(family), labels });
            }
        }
        if trigger.feeds.is_empty() {
            return None;
        }
        trigger.number = routes::number();
        trigger.place();
        Some(trigger)
    }

    /// Notes which field fills which place of the key.
    fn place(&mut self) {
        for (number, label) in self.labels.iter().enumerate() {
            let first = label.from.first().map(|field| &mut self.places[*field as usize]);
            match (first, label.from.len(), u8::try_from(number)) {
                (Some(place @ &mut NO_PLACE), 1, Ok(number)) => *place = number,
                _ => self.others.push((number, label)),
            }
        }
    }

    fn label_source(&mut self, label: &'static Label, source: &Source) -> LabelSource {
        if let Some((_, value)) = source.fixed.filter(|(name, _)| *name == label.name) {
            return LabelSource::Fixed(value);
        }
        let known = self.labels.iter().position(|known| known.from == label.from);
        LabelSource::Key(known.unwrap_or_else(|| {
            self.labels.push(label);
            self.labels.len() - 1
        }))
    }

    /// Adds what an event says to every metric that it feeds.
    pub(crate) fn measure(&self, event: &Event) {
        let mut marks = [Mark::NONE; MAX_KEY];
        for (field, value) in event.fields.iter() {
            if let Some(mark) = marks.get_mut(usize::from(self.places[field as usize])) {
                *mark = Mark::of(value);
            }
        }
        let event = match self.asks < MANY {
            true => AskedEvent::once(event),
            false => AskedEvent::often(event),
        };
        for (place, label) in &self.others {
            marks[*place] = label.value(&event).map_or(Mark::NONE, Mark::of);
        }
        let begin = |route: &mut Route| {
            let values = self.labels.iter().map(|label| label.value(&event));
            route.begin(values, self.feeds.len(), &self.texts);
        };
        routes::with(self.number, &marks[..self.labels.len()], begin, |route| self.add(&event, route));
    }

    fn add(&self, event: &AskedEvent<'_>, route: &Route) {
        for (feed, way) in self.feeds.iter().zip(route.ways()) {
            let way = || way.get_or_init(|| feed.find(route));
            if let Amount::Each(field) = feed.source.amount {
                feed.add_each(event, field, way);
            } else if let Some(amount) = feed.source.amount_of(event) {
                feed.family.add(way(), amount);
            }
        }
    }
}

/// The fields that the events of one moment and kind are asked for, if these metrics are fed.
pub(crate) fn fields_asked(moment: Moment, kind: Kind, rows: &[Row]) -> Vec<&'static [Field]> {
    let mut fields = Vec::new();
    for row in rows {
        for source in row.feeding(moment, kind) {
            let labels = row.shape.labels.iter().filter_map(|label| label.source);
            for label in labels.filter(|label| source.fixed.is_none_or(|(name, _)| name != label.name)) {
                if !fields.contains(&label.from) {
                    fields.push(label.from);
                }
            }
        }
    }
    fields
}

impl Feed {
    /// Adds each of the numbers that a field lists, as often as it says. What is no number is refused.
    fn add_each<'way>(&self, event: &AskedEvent<'_>, field: Field, way: impl Fn() -> &'way Way) {
        let text = event.get(field).and_then(Value::as_text);
        let Some(text) = text.filter(|_| self.source.counts(event)) else { return };
        for part in Repeated::of(text) {
            match part {
                Ok((times, number)) => self.family.add_repeated(way(), number, times),
                Err(_) => self.family.refuse(),
            }
        }
    }

    fn find(&self, route: &Route) -> Way {
        self.family.find(self.labels.iter().map(|label| match label {
            LabelSource::Key(position) => match route.value(*position) {
                Some((value, id)) => Given::Value(value, id),
                None => Given::Nothing,
            },
            LabelSource::Fixed(value) => Given::Fixed(value),
        }))
    }
}
