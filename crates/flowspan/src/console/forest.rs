//! Collects events into the trees of the runs that go on.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use flowspan_layer::Money;
use flowspan_model::{Event, EventSink, Field, Kind, Moment, Status, Usage, Value};

/// How many children of one node are remembered, and as many again that are notable; of the others
/// only the sums.
const CHILDREN: usize = 256;
/// How many nodes may be open at once; more are not drawn, their sums go to the nearest open node.
const OPEN: usize = 16_384;

/// One piece of work in the tree of its run.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) started: SystemTime,
    pub(super) duration: Duration,
    pub(super) error: Option<String>,
    pub(super) totals: Totals,
    pub(super) children: Vec<Node>,
    /// What there is no room for, by kind and status.
    pub(super) omitted: BTreeMap<(Kind, &'static str), u64>,
    parent: Option<[u8; 8]>,
}

/// What happened in a piece of work, everything inside it included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) usage: Usage,
    /// In US dollars, as far as it is known.
    pub(super) cost: Money,
    pub(super) model_calls: u64,
    pub(super) tool_calls: u64,
    pub(super) retries: u64,
    pub(super) recoveries: u64,
    pub(super) dead_letters: u64,
    pub(super) failed: u64,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.usage += other.usage;
        self.cost += other.cost;
        self.model_calls += other.model_calls;
        self.tool_calls += other.tool_calls;
        self.retries += other.retries;
        self.recoveries += other.recoveries;
        self.dead_letters += other.dead_letters;
        self.failed += other.failed;
    }
}

/// The runs that go on, and what to do with one that has ended.
pub(super) struct Forest<F> {
    open: Mutex<HashMap<[u8; 8], Node>>,
    when_ended: F,
}

impl<F: Fn(&Node) + Send + Sync> Forest<F> {
    pub(super) fn new(when_ended: F) -> Self {
        Forest { open: Mutex::default(), when_ended }
    }

    fn started(open: &mut HashMap<[u8; 8], Node>, event: &Event) {
        if open.len() < OPEN {
            let node = Node {
                kind: event.kind,
                name: name(event),
                status: Status::Success,
                started: event.time,
                duration: Duration::ZERO,
                error: None,
                totals: Totals::default(),
                children: Vec::new(),
                omitted: BTreeMap::new(),
                parent: event.ids.parent,
            };
            open.insert(event.ids.span, node);
        }
    }

    fn occurred(open: &mut HashMap<[u8; 8], Node>, event: &Event) {
        let Some(node) = open.get_mut(&event.ids.span) else { return };
        match event.kind {
            Kind::Retry => node.totals.retries += 1,
            Kind::Recovery => node.totals.recoveries += 1,
            Kind::DeadLetterAdded => node.totals.dead_letters += 1,
            _ => {}
        }
    }

    /// Closes a node. Gives it back if it was the root of its run.
    fn ended(open: &mut HashMap<[u8; 8], Node>, event: &Event) -> Option<Node> {
        let mut node = open.remove(&event.ids.span)?;
        node.status = event.status().unwrap_or(Status::Success);
        node.duration = event.duration.unwrap_or_default();
        node.error = event.fields.text(Field::ErrorMessage).map(str::to_owned);
        node.totals.failed += u64::from(!node.status.is_success());
        match node.kind {
            Kind::Inference | Kind::Embeddings => {
                node.totals.model_calls += u64::from(event.fields.get(Field::Duplicate).is_none());
                node.totals.usage += event.usage();
                node.totals.cost += dollars(event);
            }
            Kind::ToolCall => node.totals.tool_calls += 1,
            _ => {}
        }
        let Some(parent) = node.parent.and_then(|parent| open.get_mut(&parent)) else { return Some(node) };
        parent.totals.add(&node.totals);
        // In a wide run, a phase or a failure at its end must not go under in what went well before it.
        let is_notable = !node.status.is_success() || matches!(node.kind, Kind::Phase | Kind::Reduce);
        let room = if is_notable { 2 * CHILDREN } else { CHILDREN };
        if parent.children.len() < room {
            // It stays until the run is over, and nobody will be added to it.
            node.children.shrink_to_fit();
            parent.children.push(node);
        } else {
            *parent.omitted.entry((node.kind, node.status.as_str())).or_default() += 1;
        }
        None
    }
}

impl<F: Fn(&Node) + Send + Sync> EventSink for Forest<F> {
    fn event(&self, event: &Event) {
        let root = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            match event.moment {
                Moment::Started => {
                    Self::started(&mut open, event);
                    None
                }
                Moment::Occurred => {
                    Self::occurred(&mut open, event);
                    None
                }
                Moment::Ended => Self::ended(&mut open, event),
            }
        };
        if let Some(root) = root {
            (self.when_ended)(&root);
        }
    }
}

/// What a call cost, if that was in US dollars.
fn dollars(event: &Event) -> Money {
    let is_dollars = event.fields.text(Field::CostCurrency).is_none_or(|currency| currency == "USD");
    let amount = event.fields.get(Field::CostAmount).filter(|_| is_dollars).and_then(Value::as_number);
    amount.and_then(Money::from_f64).unwrap_or_default()
}

/// What the work is called in the tree.
fn name(event: &Event) -> String {
    let subject = match event.kind {
        Kind::Workflow => Field::WorkflowName,
        Kind::Phase => Field::PhaseName,
        Kind::Step => Field::StepName,
        Kind::Agent => Field::AgentName,
        Kind::Inference | Kind::Embeddings => Field::RequestModel,
        Kind::ToolCall => Field::ToolName,
        Kind::Plan => Field::AgentName,
        Kind::Retrieval => Field::DataSource,
        Kind::Memory => Field::Operation,
        Kind::MapItem => Field::ItemId,
        Kind::Session => Field::Provider,
        Kind::Worktree => Field::WorktreeName,
        Kind::Blocked => Field::Reason,
        _ => Field::Job,
    };
    event.fields.get(subject).map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowspan_model::SpanIds;

    use super::*;

    fn event(moment: Moment, kind: Kind, span: u64, parent: Option<u64>) -> Event {
        let mut event = Event::new(moment, kind);
        let parent = parent.map(u64::to_be_bytes);
        event.ids = SpanIds { trace: [1; 16], span: span.to_be_bytes(), parent };
        event
    }

    #[test]
    fn a_wide_run_keeps_its_sums_and_a_bounded_number_of_nodes() {
        let roots = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&roots);
        let forest = Forest::new(move |node: &Node| {
            let omitted: u64 = node.omitted.values().sum();
            seen.lock().unwrap().push((node.children.len(), omitted, node.totals));
        });
        forest.event(&event(Moment::Started, Kind::Workflow, 1, None));
        let calls = CHILDREN as u64 + 10;
        for call in 0..calls {
            let id = Some(1);
            forest.event(&event(Moment::Started, Kind::Inference, 100 + call, id));
            forest.event(
                &event(Moment::Ended, Kind::Inference, 100 + call, id).with(Field::InputTokens, 2_u64),
            );
        }
        forest.event(&event(Moment::Started, Kind::Phase, 2, Some(1)));
        forest.event(&event(Moment::Ended, Kind::Phase, 2, Some(1)));
        forest.event(&event(Moment::Ended, Kind::Workflow, 1, None));
        let roots = roots.lock().unwrap();
        let (children, omitted, totals) = roots[0];
        assert_eq!((children, omitted), (CHILDREN + 1, 10), "the late phase is kept");
        assert_eq!((totals.model_calls, totals.usage.input), (calls, Some(2 * calls)));
    }

    #[test]
    fn an_end_without_a_start_draws_nothing() {
        let forest = Forest::new(|_: &Node| panic!("there is no run"));
        forest.event(&event(Moment::Ended, Kind::Workflow, 1, None));
    }
}
