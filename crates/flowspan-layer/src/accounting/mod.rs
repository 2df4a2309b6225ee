//! What model calls consumed and cost, settled once for all outputs.
//!
//! Every span of the vocabulary passes through here when it has ended, before anybody is told: numbers
//! that make no sense are refused, a call that has been counted as another span says so and keeps nothing
//! that would be counted again, costs are computed, and agents and workflows get the sums of everything
//! inside them. The rules, each with its test, are in `docs/tokens-and-cost.md`.

mod cost;
mod findings;
mod lately;
mod passed;
mod seen;
mod sums;
mod usage;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use flowspan_model::{Event, Field, Fields, Kind};
use flowspan_prices::Prices;
use opentelemetry::trace::SpanId;

pub use self::findings::{Findings, Refusal, Unpriced};
use self::{
    cost::Cost,
    passed::Passed,
    seen::Seen,
    sums::{Counted, Tokens},
};
pub(crate) use self::{sums::Sums, usage::set};

/// What the accounting may add to a span.
pub(crate) const ADDED: &[&[Field]] =
    &[&[Field::CostAmount, Field::CostCurrency], Field::ROLL_UP, Field::ADDED];

/// What it may change, or take away.
pub(crate) const CHANGED: &[Field] = usage::TOKENS;

/// Settles what model calls consumed and cost. Clones are the same accounting: layers that belong
/// together share one, so that a call is counted once among all of them.
///
/// ```
/// use std::sync::Arc;
/// use flowspan_layer::{Accounting, FlowspanLayer, Normalizer, Prices, Spans};
/// # struct Nobody;
/// # impl flowspan_model::EventSink for Nobody { fn event(&self, _: &flowspan_model::Event) {} }
///
/// let accounting = Accounting::new(Prices::builtin());
/// let spans = Spans::new(Normalizer::new(Vec::new()));
/// let layer: FlowspanLayer<tracing_subscriber::Registry> =
///     FlowspanLayer::native(spans, Arc::new(Nobody)).with_accounting(accounting.clone());
/// assert!(accounting.findings().unpriced().is_empty());
/// # drop(layer);
/// ```
#[derive(Clone, Debug)]
pub struct Accounting(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Its own among all accountings of the process.
    number: u64,
    prices: Prices,
    seen: Seen,
    passed: Passed,
    findings: Findings,
}

/// Numbers the accountings of the process, so that none takes another's prices for its own.
static ACCOUNTINGS: AtomicU64 = AtomicU64::new(0);

impl Accounting {
    /// An accounting by these prices. Without prices, only costs that the program reports are known.
    pub fn new(prices: Prices) -> Self {
        Accounting(Arc::new(Shared {
            number: ACCOUNTINGS.fetch_add(1, Ordering::Relaxed),
            prices,
            seen: Seen::default(),
            passed: Passed::default(),
            findings: Findings::default(),
        }))
    }

    /// What it had to refuse, what was said twice, and which models have no price.
    pub fn findings(&self) -> &Findings {
        &self.0.findings
    }

    /// The work of a span has ended: settles what its event says. `sums` are those of what ended in it, and
    /// become those that the span around it gets.
    #[inline]
    pub(crate) fn settle(&self, event: &mut Event, sums: &mut Sums) {
        match event.kind {
            Kind::Step => sums.step(),
            Kind::ToolCall => sums.tool_call(),
            Kind::Inference | Kind::Embeddings => self.call(event, sums),
            Kind::Agent | Kind::Workflow => roll_up(event, sums),
            _ => {}
        }
    }

    /// A span that knows the span around it by its identifier alone has ended: hands on its sums.
    pub(crate) fn pass(&self, to: SpanId, sums: &Sums) {
        if to != SpanId::INVALID && *sums != Sums::default() {
            self.0.passed.pass(to, sums);
        }
    }

    /// The sums of such spans inside this one, which is over.
    #[inline]
    pub(crate) fn passed(&self, span: impl FnOnce() -> SpanId) -> Option<Sums> {
        self.0.passed.take(span)
    }

    /// So many reports of a usage were less than the one before.
    #[inline]
    pub(crate) fn fell(&self, times: u32) {
        if times > 0 {
            self.0.findings.refused(Refusal::Fell, times.into());
        }
    }

    fn call(&self, event: &mut Event, sums: &mut Sums) {
        let shared = &*self.0;
        let fields = &mut event.fields;
        let mut tokens = match event.kind {
            Kind::Embeddings => usage::check_embeddings(fields, &shared.findings),
            _ => usage::check(fields, &shared.findings),
        };
        let said = cost::check(fields, &shared.findings);
        let is_said = said.is_some();
        let mut cost = said.or_else(|| Cost::local(shared, &tokens, fields));
        let counts = tokens.counts().and(cost.is_some().then_some(Counted::COST));

        // What ended inside is this call, as somebody nearer to it has told it; and so is what had the
        // same identifier.
        let inside = sums.counted();
        let before = match fields.text(Field::ResponseId) {
            Some(id) if !id.is_empty() => shared.seen.note(&event.ids.trace, id, counts.and(Some(inside))),
            _ => Counted::default(),
        };
        let counted = inside.and(Some(before));
        if counted.has(Counted::CALL) {
            shared.findings.duplicate(inside.has(Counted::CALL));
            fields.set(Field::Duplicate, true);
            tokens.forget(counted, fields);
            if !is_said {
                cost = Cost::local(shared, &tokens, fields);
            } else if counted.has(Counted::COST) {
                cost::forget(fields);
                cost = None;
            }
        } else {
            sums.call(event.kind);
        }
        match &cost {
            Some(cost) => cost.write(fields),
            None if tokens.is_known() => cost::unpriced(shared, fields),
            None => {}
        }
        sums.count(&tokens, cost.and_then(|cost| cost.dollars()), counts.and(Some(before)));
    }
}

impl Default for Accounting {
    /// An accounting without prices.
    fn default() -> Self {
        Accounting::new(Prices::none())
    }
}

/// Writes down the sums over everything inside.
fn roll_up(event: &mut Event, sums: &mut Sums) {
    let fields = &mut event.fields;
    // What an agent says of its calls has been said by themselves; two spans with the same usage would
    // be added up by whoever adds up spans.
    Tokens::default().forget(sums.counted(), fields);
    if sums.counted().has(Counted::COST) {
        cost::forget(fields);
    }
    sums.write(fields);
    if event.kind == Kind::Agent {
        sums.end_of_agent(fields);
    }
}

/// Removes fields.
fn remove(fields: &mut Fields, unwanted: &[Field]) {
    fields.retain(|field| !unwanted.contains(&field));
}
