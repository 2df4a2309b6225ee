//! What the current thread is inside of, and what it has at hand.
//!
//! Nothing here is borrowed while something is dropped or called that may come back to it, with one
//! exception: spans at hand may be looked at while others are.

use std::{cell::RefCell, sync::Arc};

use flowspan_model::Fields;
use opentelemetry::{Context as OtelContext, ContextGuard, trace::SpanId};

use super::record::{Life, Record};
use crate::place::place;

/// How many spans a thread has at hand. Others are found among the open ones.
const AT_HAND: usize = 32;
/// How many records a thread keeps for its next spans.
const SPARE: usize = 16;

/// One span that the thread has entered. Who has entered a span keeps it open.
#[derive(Debug)]
struct Entered {
    engine: u64,
    id: u64,
    /// The span that OpenTelemetry sees here: this one, or one around it.
    visible: SpanId,
    /// Takes the span's context away again.
    _guard: Option<ContextGuard>,
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    /// Spans that the thread has made or met lately, and will soon ask for again.
    static RECENT: RefCell<[Option<Arc<Record>>; AT_HAND]> = const { RefCell::new([const { None }; AT_HAND]) };
    /// Records of spans that are over. Nobody else knows of them.
    static SPARES: RefCell<Vec<Arc<Record>>> = const { RefCell::new(Vec::new()) };
}

/// The innermost span of this engine, and the one that OpenTelemetry sees in it.
#[inline]
pub(super) fn innermost(engine: u64) -> Option<(u64, SpanId)> {
    ENTERED
        .try_with(|entered| {
            let entered = entered.borrow();
            let innermost = entered.iter().rev().find(|entered| entered.engine == engine)?;
            Some((innermost.id, innermost.visible))
        })
        .ok()
        .flatten()
}

/// Looks at a span of this engine, if it is at hand. Gives the look back if it is not.
#[inline]
pub(super) fn look<T, F: FnOnce(&Arc<Record>) -> T>(engine: u64, id: u64, look: F) -> Result<T, F> {
    let mut look = Some(look);
    let seen = RECENT.try_with(|recent| {
        let recent = recent.try_borrow().ok()?;
        let record = recent[place::<AT_HAND>(id)].as_ref()?;
        // Numbers are used again when a span is closed, perhaps by another thread.
        let is_it = record.id == id && record.engine == engine && !record.is(Life::Closed);
        is_it.then(|| look.take().map(|look| look(record))).flatten()
    });
    match (seen, look) {
        (Ok(Some(seen)), _) => Ok(seen),
        (_, Some(look)) => Err(look),
        (_, None) => unreachable!("who has looked has seen"),
    }
}

/// Has a span at hand from now on, unless the thread is looking at another.
#[inline]
pub(super) fn remember(record: Arc<Record>) {
    let before = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        recent[place::<AT_HAND>(record.id)].replace(record)
    });
    drop(before);
}

/// The span is over.
#[inline]
pub(super) fn forget(record: &Arc<Record>) {
    let gone = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        recent[place::<AT_HAND>(record.id)].take_if(|recent| Arc::ptr_eq(recent, record))
    });
    drop(gone);
}

/// The thread enters a span. With a context, OpenTelemetry sees it.
#[inline]
pub(super) fn enter(engine: u64, id: u64, visible: SpanId, context: Option<OtelContext>) {
    let guard = context.map(OtelContext::attach);
    let innermost = Entered { engine, id, visible, _guard: guard };
    let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(innermost));
}

/// The thread leaves a span: its innermost stay in it ends.
#[inline]
pub(super) fn exit(engine: u64, id: u64) {
    let is_it = |entered: &Entered| entered.id == id && entered.engine == engine;
    let left = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        if entered.last().is_some_and(is_it) {
            return entered.pop();
        }
        let index = entered.iter().rposition(is_it)?;
        Some(entered.remove(index))
    });
    drop(left);
}

/// A record that nobody else knows of.
#[inline]
pub(super) fn spare() -> Arc<Record> {
    let spare = SPARES.try_with(|spares| spares.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_else(|| Arc::new(Record::blank()))
}

/// The span of this record is over. If nobody else knows of it, it can be that of another one. `room` is
/// for the fields of that.
#[inline]
pub(super) fn give_back(mut record: Arc<Record>, room: Fields) {
    let Some(unshared) = Arc::get_mut(&mut record) else { return };
    unshared.clear(room);
    let left_over = SPARES.try_with(|spares| {
        let mut spares = spares.borrow_mut();
        if spares.len() == SPARE {
            return Some(record);
        }
        spares.push(record);
        None
    });
    drop(left_over);
}
