//! What the current thread is inside of.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering},
};

use opentelemetry::{Context as OtelContext, ContextGuard, trace::SpanId};

use super::record::Record;

/// One span that the thread has entered.
#[derive(Debug)]
struct Entered {
    record: Arc<Record>,
    /// The span that OpenTelemetry sees here: this one, or one around it.
    visible: SpanId,
    /// Takes the span's context away again.
    _guard: Option<ContextGuard>,
}

#[derive(Debug, Default)]
struct Here {
    entered: Vec<Entered>,
    /// The span that was made last. It is asked for again soon, and finding it here is quicker than
    /// finding it in the registry.
    latest: Option<Arc<Record>>,
}

thread_local! {
    static HERE: RefCell<Here> = RefCell::default();
}

/// The innermost span of this engine, and the one that OpenTelemetry sees in it.
pub(super) fn innermost(engine: u64) -> Option<(Arc<Record>, SpanId)> {
    HERE.try_with(|here| {
        let here = here.borrow();
        let entered = here.entered.iter().rev().find(|entered| entered.record.engine == engine)?;
        Some((Arc::clone(&entered.record), entered.visible))
    })
    .ok()
    .flatten()
}

/// A span of this engine, if it is at hand.
pub(super) fn find(engine: u64, id: u64) -> Option<Arc<Record>> {
    HERE.try_with(|here| {
        let here = here.borrow();
        let top = here.entered.last().map(|entered| &entered.record);
        let at_hand = [here.latest.as_ref(), top].into_iter().flatten();
        let is_it = |record: &&Arc<Record>| record.engine == engine && record.id == id;
        let found = at_hand.into_iter().find(is_it)?;
        // Numbers are used again when a span is closed, perhaps by another thread.
        (!found.is_closed.load(Ordering::Acquire)).then(|| Arc::clone(found))
    })
    .ok()
    .flatten()
}

/// Remembers the span that was made last.
pub(super) fn made(record: &Arc<Record>) {
    let before = HERE.try_with(|here| here.borrow_mut().latest.replace(Arc::clone(record)));
    drop(before);
}

/// The thread enters a span. With a context, OpenTelemetry sees it.
pub(super) fn enter(record: Arc<Record>, visible: SpanId, context: Option<OtelContext>) {
    let guard = context.map(OtelContext::attach);
    let _ = HERE.try_with(|here| here.borrow_mut().entered.push(Entered { record, visible, _guard: guard }));
}

/// The thread leaves a span: its innermost stay in it ends.
pub(super) fn exit(engine: u64, id: u64) {
    let left = HERE.try_with(|here| {
        let mut here = here.borrow_mut();
        let is_it = |entered: &Entered| entered.record.engine == engine && entered.record.id == id;
        let index = here.entered.iter().rposition(is_it)?;
        Some(here.entered.remove(index))
    });
    // The context goes when nothing is borrowed any more.
    drop(left);
}

/// The span is over.
pub(super) fn closed(record: &Arc<Record>) {
    let gone = HERE.try_with(|here| here.borrow_mut().latest.take_if(|latest| Arc::ptr_eq(latest, record)));
    drop(gone);
}
