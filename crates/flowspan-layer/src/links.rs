//! Links between spans that belong together without one being inside the other.

mod attempts;

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::{Field, FieldSet, Fields, Kind};
use flowspan_span::SpanFacts;
use opentelemetry::{
    KeyValue, Value,
    propagation::TextMapPropagator,
    trace::{Link, SpanContext, SpanId, TraceContextExt, TraceId},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{SpanData, SpanLinks},
};

use self::attempts::{Attempts, Work};

/// How many links a span has at most, unless somebody says otherwise: the default of the specification.
const MAX_LINKS: u32 = 128;
/// How many jobs are remembered with their items. Jobs that run beside so many others lose the links of
/// their reduction, and nothing else.
const JOBS: usize = 256;

/// The fields that links follow from.
const LINKING: FieldSet = FieldSet::of(Field::ItemId)
    .and(FieldSet::of(Field::Attempt))
    .and(FieldSet::of(Field::ResumedRun))
    .and(FieldSet::of(Field::Items));

/// Adds the links that follow from what ended spans say of themselves:
///
/// - a reduction to the items of its job, as many as a span has links, and the number of the others;
/// - an attempt at something to the attempt before;
/// - a run that resumes another one to the one that was interrupted.
///
/// An item of a job is inside the job already, and gets no link to it: Jaeger would show the link in place
/// of the parent.
///
/// The native engine has the fields of a span at hand; of all other spans, replayed ones among them, it reads
/// the attributes. What is remembered for it is bounded.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    most: usize,
    /// The items of jobs, by the place of the job.
    items: Arc<Mutex<Recent<InTrace, Items>>>,
    attempts: Arc<Attempts>,
}

/// A span in its trace.
type InTrace = (TraceId, SpanId);

#[derive(Debug, Default)]
struct Items {
    contexts: Vec<SpanContext>,
    others: u32,
}

/// What a span says that links follow from.
#[derive(Default)]
struct Said<'span> {
    item: Option<&'span str>,
    attempt: Option<i64>,
    resumes: Option<&'span str>,
    is_job: bool,
    is_reduction: bool,
}

/// Where a span stands, and how it is called.
struct Place<'span> {
    context: &'span SpanContext,
    parent: SpanId,
    name: &'span str,
}

/// What a span goes back to, and how many others that found no place.
#[derive(Default)]
struct Found {
    links: Vec<SpanContext>,
    others: u32,
}

impl Default for Links {
    fn default() -> Self {
        Links::at_most(MAX_LINKS)
    }
}

impl Links {
    /// No span has more links than this.
    pub(crate) fn at_most(most: u32) -> Self {
        Links {
            most: most as usize,
            items: Arc::new(Mutex::new(Recent::new(JOBS))),
            attempts: Arc::default(),
        }
    }

    /// Adds the links of a span that has ended, by what stands on it.
    pub(crate) fn add(&self, span: &mut SpanData) {
        let mut said = Said::of_attributes(&span.attributes);
        said.is_reduction = span.name.starts_with("reduce");
        if said.is_something() {
            let place = Place { context: &span.span_context, parent: span.parent_span_id, name: &span.name };
            self.follow(said, place).add_to(&mut span.links, self.most);
        }
    }

    /// Adds the links of work that has ended, by the fields that it has said.
    #[inline]
    pub(crate) fn add_to(&self, kind: Kind, span: &mut SpanFacts) {
        let is_reduction = kind == Kind::Reduce;
        let linking = span.own.both(LINKING);
        if linking.is_empty() && !is_reduction {
            return;
        }
        // A step that says which attempt it is, and nothing else that is linked: most that come here.
        if linking == FieldSet::of(Field::Attempt) && !is_reduction {
            let Some(number) = span.fields.integer(Field::Attempt) else { return };
            let place = Place { context: &span.context, parent: span.parent, name: &span.name };
            if let Some(before) = self.before(number, None, &place) {
                link(&mut span.extras.get_or_insert_default().links, before, self.most);
            }
            return;
        }
        self.add_found(is_reduction, span);
    }

    fn add_found(&self, is_reduction: bool, span: &mut SpanFacts) {
        let said = Said { is_reduction, ..Said::of_fields(span.own, &span.fields) };
        let place = Place { context: &span.context, parent: span.parent, name: &span.name };
        let found = self.follow(said, place);
        if !found.is_nothing() {
            found.add_to(&mut span.extras.get_or_insert_default().links, self.most);
        }
    }

    /// The attempt before this one.
    #[inline]
    fn before(&self, number: i64, item: Option<&str>, span: &Place<'_>) -> Option<SpanContext> {
        let around = (span.context.trace_id(), span.parent);
        self.attempts.take(&Work { around, name: span.name, item }, number, span.context)
    }

    fn follow(&self, said: Said<'_>, span: Place<'_>) -> Found {
        let around = (span.context.trace_id(), span.parent);
        let mut found = Found::default();
        if let Some(resumed) = said.resumes {
            found.links.extend(named(resumed));
        }
        if let Some(number) = said.attempt {
            found.links.extend(self.before(number, said.item, &span));
        }
        if said.item.is_some() || said.is_reduction || said.is_job {
            let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
            if said.item.is_some() {
                items.entry(around).take(span.context, self.most);
            }
            if said.is_reduction
                && let Some(items) = items.get(&around)
            {
                found.links.extend(items.contexts.iter().cloned());
                found.others = items.others;
            }
            if said.is_job {
                items.remove(&(around.0, span.context.span_id()));
            }
        }
        found
    }
}

impl<'span> Said<'span> {
    fn of_fields(own: FieldSet, fields: &'span Fields) -> Self {
        let text = |field| if own.has(field) { fields.text(field) } else { None };
        Said {
            item: text(Field::ItemId),
            attempt: if own.has(Field::Attempt) { fields.integer(Field::Attempt) } else { None },
            resumes: text(Field::ResumedRun),
            is_job: own.has(Field::Items),
            is_reduction: false,
        }
    }

    fn of_attributes(attributes: &'span [KeyValue]) -> Self {
        let mut said = Said::default();
        for attribute in attributes {
            let key = attribute.key.as_str();
            if !key.starts_with("flowspan.") {
                continue;
            }
            match &attribute.value {
                Value::String(text) if key == Field::ItemId.key() => said.item = Some(text.as_str()),
                Value::String(text) if key == Field::ResumedRun.key() => said.resumes = Some(text.as_str()),
                Value::I64(number) if key == Field::Attempt.key() => said.attempt = Some(*number),
                Value::I64(_) if key == Field::Items.key() => said.is_job = true,
                _ => {}
            }
        }
        said
    }

    fn is_something(&self) -> bool {
        self.is_job
            || self.is_reduction
            || self.item.is_some()
            || self.attempt.is_some()
            || self.resumes.is_some()
    }
}

impl Found {
    fn is_nothing(&self) -> bool {
        self.links.is_empty() && self.others == 0
    }

    /// Adds each link once, as far as there is room.
    fn add_to(self, links: &mut SpanLinks, most: usize) {
        for context in self.links {
            link(links, context, most);
        }
        links.dropped_count = links.dropped_count.saturating_add(self.others);
    }
}

impl Items {
    fn take(&mut self, context: &SpanContext, most: usize) {
        if self.contexts.len() < most {
            self.contexts.push(context.clone());
        } else {
            self.others = self.others.saturating_add(1);
        }
    }
}

/// The values of the keys that came last.
#[derive(Debug)]
struct Recent<K, V> {
    room: usize,
    keys: VecDeque<K>,
    values: HashMap<K, V>,
}

impl<K: Clone + Eq + Hash, V: Default> Recent<K, V> {
    fn new(room: usize) -> Self {
        Recent { room, keys: VecDeque::new(), values: HashMap::new() }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// The value of a key, an empty one if there is none. The oldest makes room for it.
    fn entry(&mut self, key: K) -> &mut V {
        if !self.values.contains_key(&key) {
            if self.keys.len() >= self.room
                && let Some(oldest) = self.keys.pop_front()
            {
                self.values.remove(&oldest);
            }
            self.keys.push_back(key.clone());
        }
        self.values.entry(key).or_default()
    }

    fn remove(&mut self, key: &K) {
        if self.values.remove(key).is_some() {
            self.keys.retain(|known| known != key);
        }
    }
}

/// Adds a link, once, if there is room for it.
fn link(links: &mut SpanLinks, context: SpanContext, most: usize) {
    if links.links.iter().any(|known| known.span_context.span_id() == context.span_id()) {
        return;
    }
    if links.links.len() < most {
        links.links.push(Link::with_context(context));
    } else {
        links.dropped_count = links.dropped_count.saturating_add(1);
    }
}

/// The span that a `traceparent` names, if it is one.
fn named(traceparent: &str) -> Option<SpanContext> {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context =
        TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}
