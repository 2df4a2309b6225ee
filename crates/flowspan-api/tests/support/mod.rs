//! A listener that writes down what it hears.

#![allow(
    clippy::allow_attributes,
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part of the support, so no expectation holds in all of them"
)]

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt as _, registry::LookupSpan};

/// A span or an event as it was heard.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub name: &'static str,
    pub target: &'static str,
    /// The name of the span around it.
    pub parent: Option<&'static str>,
    /// Every field that its callsite declares, set or not.
    pub declared: Vec<&'static str>,
    /// The names of the spans that it follows from.
    pub follows: Vec<&'static str>,
    pub fields: BTreeMap<&'static str, String>,
}

impl Heard {
    /// The value of a field, as text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    pub fn status(&self) -> Option<&str> {
        self.get("flowspan.status")
    }
}

/// What has been heard so far.
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    spans: Vec<Heard>,
    events: Vec<Heard>,
    /// `start step`, `end step` (the status was written), `close step`, in the order of time.
    order: Vec<String>,
}

impl Recording {
    /// Listens on this thread until the guard is dropped.
    pub fn start() -> (Recording, DefaultGuard) {
        let recording = Recording::default();
        let subscriber = tracing_subscriber::registry().with(Listener(recording.clone()));
        let guard = tracing::subscriber::set_default(subscriber);
        (recording, guard)
    }

    pub fn spans(&self) -> Vec<Heard> {
        self.with(|state| state.spans.clone())
    }

    pub fn events(&self) -> Vec<Heard> {
        self.with(|state| state.events.clone())
    }

    /// The one span of this name.
    #[track_caller]
    pub fn span(&self, name: &str) -> Heard {
        let mut named: Vec<_> = self.spans().into_iter().filter(|span| span.name == name).collect();
        assert_eq!(named.len(), 1, "spans called {name}: {named:?}");
        named.remove(0)
    }

    pub fn order(&self) -> Vec<String> {
        self.with(|state| state.order.clone())
    }

    #[track_caller]
    pub fn position(&self, step: &str) -> usize {
        let order = self.order();
        order.iter().position(|entry| entry == step).unwrap_or_else(|| panic!("no {step:?} in {order:?}"))
    }

    pub fn has(&self, step: &str) -> bool {
        self.order().iter().any(|entry| entry == step)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Some tests panic on purpose; what was heard until then still stands.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Listener(Recording);

/// Where the span stands in the recording.
struct Index(usize);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("a new span is in the registry");
        let mut heard = heard(attributes.metadata());
        heard.parent = span.parent().map(|parent| parent.name());
        attributes.record(&mut Fields(&mut heard.fields));
        let index = self.0.with(|state| {
            state.order.push(format!("start {}", heard.name));
            state.spans.push(heard);
            state.spans.len() - 1
        });
        span.extensions_mut().insert(Index(index));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.with_span(id, &context, |state, index, name| {
            let ended = state.spans[index].fields.contains_key("flowspan.status");
            values.record(&mut Fields(&mut state.spans[index].fields));
            if !ended && state.spans[index].fields.contains_key("flowspan.status") {
                state.order.push(format!("end {name}"));
            }
        });
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let follows = context.span(follows).expect("followed spans are open").name();
        self.with_span(id, &context, |state, index, _| state.spans[index].follows.push(follows));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut heard = heard(event.metadata());
        heard.parent = context.event_span(event).map(|span| span.name());
        event.record(&mut Fields(&mut heard.fields));
        self.0.with(|state| state.events.push(heard));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.with_span(&id, &context, |state, _, name| state.order.push(format!("close {name}")));
    }
}

impl Listener {
    fn with_span<S: Subscriber + for<'a> LookupSpan<'a>>(
        &self,
        id: &Id,
        context: &Context<'_, S>,
        work: impl FnOnce(&mut State, usize, &'static str),
    ) {
        let span = context.span(id).expect("the span is in the registry");
        let index = span.extensions().get::<Index>().expect("every span was heard").0;
        self.0.with(|state| work(state, index, span.name()));
    }
}

fn heard(metadata: &'static Metadata<'static>) -> Heard {
    Heard {
        name: metadata.name(),
        target: metadata.target(),
        declared: metadata.fields().iter().map(|field| field.name()).collect(),
        ..Heard::default()
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = self.0.entry(field.name()).or_default();
        text.clear();
        write!(text, "{value:?}").expect("a string takes everything");
    }
}
