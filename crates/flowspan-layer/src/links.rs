//! Links between spans that belong together without one being inside the other.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::Field;
use opentelemetry::{
    Value,
    propagation::TextMapPropagator,
    trace::{Link, SpanContext, SpanId, TraceContextExt, TraceId},
};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SpanData};

/// How many links a span has at most, unless somebody says otherwise: the default of the specification.
const MAX_LINKS: u32 = 128;
/// How many jobs are remembered with their items. Jobs that run beside so many others lose the links of
/// their reduction, and nothing else.
const JOBS: usize = 256;
/// How many pieces of work are remembered with their last attempt.
const ATTEMPTS: usize = 4_096;

/// Adds the links that follow from what ended spans say of themselves:
///
/// - a reduction to the items of its job, as many as a span has links, and the number of the others;
/// - an attempt at something to the attempt before;
/// - a run that resumes another one to the one that was interrupted.
///
/// An item of a job is inside the job already, and gets no link to it: Jaeger would show the link in place
/// of the parent.
///
/// It looks at spans in their final form, so it is the same for both engines and for spans that are
/// replayed. What is remembered for it is bounded.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    most: usize,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    /// The items of jobs, by the place of the job.
    items: Recent<Place, Items>,
    attempts: Recent<Work, Option<Attempt>>,
}

/// A span in its trace.
type Place = (TraceId, SpanId);

#[derive(Debug, Default)]
struct Items {
    contexts: Vec<SpanContext>,
    others: u32,
}

/// Work of which there can be several attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Work {
    around: Place,
    name: String,
    item: Option<String>,
}

/// The last attempt at something.
#[derive(Debug)]
struct Attempt {
    number: i64,
    /// `None` if several pieces of work look the same, so that nobody can tell whose attempt it is.
    context: Option<SpanContext>,
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
        Links { most: most as usize, known: Arc::default() }
    }

    /// Adds the links of a span that has ended.
    pub(crate) fn add(&self, span: &mut SpanData) {
        let said = Said::of(span);
        let is_reduction = span.name.starts_with("reduce");
        if said.is_nothing() && !is_reduction {
            return;
        }
        let around = (span.span_context.trace_id(), span.parent_span_id);
        let mut links = Vec::new();
        let mut others = 0;
        links.extend(said.resumes.and_then(named));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = said.attempt {
            let item = said.item.map(str::to_owned);
            let work = Work { around, name: span.name.to_string(), item };
            links.extend(known.attempt(work, number, &span.span_context));
        }
        if said.item.is_some() {
            known.items.entry(around).take(&span.span_context, self.most);
        }
        if is_reduction && let Some(items) = known.items.get(&around) {
            links.extend(items.contexts.iter().cloned());
            others = items.others;
        }
        if said.is_job {
            known.items.remove(&(around.0, span.span_context.span_id()));
        }
        drop(known);
        for context in links {
            link(span, context, self.most);
        }
        span.links.dropped_count = span.links.dropped_count.saturating_add(others);
    }
}

impl<'span> Said<'span> {
    fn of(span: &'span SpanData) -> Self {
        let mut said = Said::default();
        for attribute in &span.attributes {
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

impl Default for Known {
    fn default() -> Self {
        Known { items: Recent::new(JOBS), attempts: Recent::new(ATTEMPTS) }
    }
}

impl Known {
    /// Remembers an attempt, and gives the one before.
    fn attempt(&mut self, work: Work, number: i64, context: &SpanContext) -> Option<SpanContext> {
        let known = self.attempts.entry(work);
        let before = match known {
            Some(known) if known.number > number => return None,
            Some(known) if known.number == number => {
                known.context = None;
                return None;
            }
            Some(known) if known.number.checked_add(1) == Some(number) => known.context.take(),
            _ => None,
        };
        *known = Some(Attempt { number, context: Some(context.clone()) });
        before
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
