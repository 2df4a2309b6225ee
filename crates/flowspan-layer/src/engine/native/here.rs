//! What the current thread is inside of, and what it has at hand.
//!
//! Nothing here is borrowed while something is dropped or called that may come back to it, with one
//! exception: spans at hand may be looked at while others are.

use std::cell::RefCell;

use flowspan_model::Fields;
use opentelemetry::ContextGuard;

use super::record::{Life, Record, Shared, Unshared};
use crate::place::place_of_span;

/// How many spans a thread has at hand. Others are found among the open ones. One that another thread has closed
/// stays until its place is needed, so they are no more than a thread of many tasks is in the middle of.
const AT_HAND: usize = 64;
/// How many records a thread keeps for its next spans.
const SPARE: usize = 16;

/// A span as OpenTelemetry knows it, by its identifier as a number: it goes from hand to hand in a register, where
/// eight bytes would go through memory.
pub(super) type Visible = u64;

thread_local! {
    static INSIDE: RefCell<Inside> = const { RefCell::new(Inside { places: Vec::new(), depth: 0 }) };
    /// Spans that the thread has made or met lately, and will soon ask for again.
    static RECENT: RefCell<[Option<Shared>; AT_HAND]> = const { RefCell::new([const { None }; AT_HAND]) };
    /// Records of spans that are over. Nobody else knows of them.
    static SPARES: RefCell<Vec<Unshared>> = const { RefCell::new(Vec::new()) };
}

/// The innermost span of this engine, and the one that OpenTelemetry sees in it.
#[inline]
pub(super) fn innermost(engine: u64) -> Option<(u64, Visible)> {
    INSIDE
        .try_with(|inside| {
            let inside = inside.borrow();
            let innermost = inside.entered().iter().rfind(|entered| entered.engine == engine)?;
            Some((innermost.id, innermost.visible))
        })
        .ok()
        .flatten()
}

/// Looks at a span of this engine, if it is at hand. Gives the look back if it is not.
#[inline]
pub(super) fn look<T, F: FnOnce(&Shared) -> T>(engine: u64, id: u64, look: F) -> Result<T, F> {
    let mut look = Some(look);
    let seen = RECENT.try_with(|recent| {
        let recent = recent.try_borrow().ok()?;
        let record = recent[place_of_span::<AT_HAND>(id)].as_ref()?;
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
pub(super) fn remember(record: Shared) {
    let before = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        recent[place_of_span::<AT_HAND>(record.id)].replace(record)
    });
    drop(before);
}

/// The span is over.
#[inline]
pub(super) fn forget(record: &Shared) {
    let gone = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        recent[place_of_span::<AT_HAND>(record.id)].take_if(|recent| Shared::ptr_eq(recent, record))
    });
    drop(gone);
}

/// The thread enters a span. What OpenTelemetry sees is its context, as long as the guard is there.
#[inline]
pub(super) fn enter(engine: u64, id: u64, visible: Visible, mut guard: Option<ContextGuard>) {
    // Lent, because what is handed over is moved first, as a whole, as soon as it is there.
    let mut enter = |inside: &RefCell<Inside>| inside.borrow_mut().enter(engine, id, visible, guard.take());
    let _ = INSIDE.try_with(&mut enter);
}

/// The thread leaves a span: its innermost stay in it ends.
#[inline]
pub(super) fn exit(engine: u64, id: u64) {
    let guard = INSIDE.try_with(|inside| inside.borrow_mut().exit(engine, id));
    drop(guard);
}

/// A record that nobody else knows of.
#[inline]
pub(super) fn spare() -> Unshared {
    let spare = SPARES.try_with(|spares| spares.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_else(|| Unshared::new(Record::blank()))
}

/// The span of this record is over. If nobody else knows of it, it can be that of another one, which takes
/// over the room of these fields, if there are any.
#[inline]
pub(super) fn give_back(record: Shared, room: Option<&mut Fields>) {
    let Ok(mut record) = Shared::try_unique(record) else { return };
    if let Some(room) = room {
        std::mem::swap(&mut record.state_mut().fields, room);
    }
    record.clear();
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

/// The spans that a thread is inside of.
///
/// Places are filled where they are and used again: what is pushed onto a list is made elsewhere first, and moved as
/// soon as it is written, for which it has to wait.
#[derive(Debug)]
struct Inside {
    places: Vec<Entered>,
    depth: usize,
}

/// One span that the thread has entered. Who has entered a span keeps it open.
#[derive(Debug)]
struct Entered {
    engine: u64,
    id: u64,
    /// The span that OpenTelemetry sees here: this one, or one around it.
    visible: Visible,
    /// Takes the span's context away again.
    guard: Option<ContextGuard>,
}

impl Inside {
    fn entered(&self) -> &[Entered] {
        &self.places[..self.depth]
    }

    #[inline]
    fn enter(&mut self, engine: u64, id: u64, visible: Visible, guard: Option<ContextGuard>) {
        if self.depth == self.places.len() {
            self.deepen();
        }
        let place = &mut self.places[self.depth];
        (place.engine, place.id, place.visible, place.guard) = (engine, id, visible, guard);
        self.depth += 1;
    }

    #[cold]
    fn deepen(&mut self) {
        self.places.push(Entered { engine: u64::MAX, id: 0, visible: 0, guard: None });
    }

    /// Leaves the innermost stay in a span. Gives what takes its context away.
    #[inline]
    fn exit(&mut self, engine: u64, id: u64) -> Option<ContextGuard> {
        let is_it = |entered: &Entered| entered.id == id && entered.engine == engine;
        let index = self.entered().iter().rposition(is_it)?;
        let guard = self.places[index].guard.take();
        // Nearly always it is the last one, and nothing moves.
        if index + 1 < self.depth {
            self.places[index..self.depth].rotate_left(1);
        }
        self.depth -= 1;
        guard
    }
}

impl Drop for Inside {
    /// The thread ends inside of spans, or the program does by an exit. What OpenTelemetry keeps for the thread may be
    /// gone by then, and to ask for it would end the program with a panic in a place where none may pass.
    fn drop(&mut self) {
        self.places.iter_mut().for_each(|place| std::mem::forget(place.guard.take()));
    }
}
