//! Links between spans that belong together without one being inside the other.

mod attempts;

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::{Field, Value as ModelValue};
use opentelemetry::{
    KeyValue, Value,
    propagation::TextMapPropagator,
    trace::{Link, SpanContext, SpanId, TraceContextExt, TraceId},
};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SpanData};

use self::attempts::{Attempts, Work};

/// How many links a span has at most, unless somebody says otherwise: the default of the specification.
const MAX_LINKS: u32 = 128;
/// How many jobs are remembered with their items. Jobs that run beside so many others lose the links of
/// their reduction, and nothing else.
const JOBS: usize = 256;

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
    items: Arc<Mutex<Recent<Place, Items>>>,
    attempts: Arc<Attempts>,
}

/// A span in its trace.
type Place = (TraceId, SpanId);

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
        let attributes = std::mem::take(&mut span.attributes);
        self.follow(Said::of_attributes(&attributes), span);
        span.attributes = attributes;
    }

    /// Adds the links of a span that has ended, by the fields that it has said.
    #[inline]
    pub(crate) fn add_by<'fields>(
        &self,
        field: impl Fn(Field) -> Option<&'fields ModelValue>,
        span: &mut SpanData,
    ) {
        self.follow(Said::of_fields(field), span);
    }

    fn follow(&self, said: Said<'_>, span: &mut SpanData) {
        let is_reduction = span.name.starts_with("reduce");
        if said.is_nothing() && !is_reduction {
            return;
        }
        let around = (span.span_context.trace_id(), span.parent_span_id);
        let mut links = Vec::new();
        links.extend(said.resumes.and_then(named));
        if let Some(number) = said.attempt {
            let work = Work { around, name: &span.name, item: said.item };
            links.extend(self.attempts.take(&work, number, &span.span_context));
        }
        let mut others = 0;
        if said.item.is_some() || is_reduction || said.is_job {
            let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
            if said.item.is_some() {
                items.entry(around).take(&span.span_context, self.most);
            }
            if is_reduction && let Some(items) = items.get(&around) {
                links.extend(items.contexts.iter().cloned());
                others = items.others;
            }
            if said.is_job {
                items.remove(&(around.0, span.span_context.span_id()));
            }
        }
        for context in links {
            link(span, context, self.most);
        }
        span.links.dropped_count = span.links.dropped_count.saturating_add(others);
    }
}

impl<'span> Said<'span> {
    fn of_fields(field: impl Fn(Field) -> Option<&'span ModelValue>) -> Self {
        Said {
            item: field(Field::ItemId).and_then(ModelValue::as_text),
            attempt: field(Field::Attempt).and_then(ModelValue::as_integer),
            resumes: field(Field::ResumedRun).and_then(ModelValue::as_text),
            is_job: field(Field::Items).is_some(),
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

    fn is_nothing(&self) -> bool {
        self.item.is_none() && self.attempt.is_none() && self.resumes.is_none() && !self.is_job
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
fn link(span: &mut SpanData, context: SpanContext, most: usize) {
    let links = &mut span.links;
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
