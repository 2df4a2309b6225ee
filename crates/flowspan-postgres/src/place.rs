//! What an event stands inside of.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use flowspan_model::{Event, Kind, Moment};
use uuid::Uuid;

use crate::id::{execution_id, parent_execution_id};

/// How many spans are remembered while they are open. What is open beyond that is stored all the
/// same, without what it stands inside of.
pub(crate) const MOST_OPEN: usize = 100_000;

/// The rows that an event belongs to, as far as this program knows: the nearest of each kind, the
/// event's own span included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) workflow: Option<Uuid>,
    pub(crate) step: Option<Uuid>,
    pub(crate) agent: Option<Uuid>,
    pub(crate) job: Option<Uuid>,
}

impl Place {
    /// The place of a span of this kind that stands here.
    fn of(mut self, kind: Kind, id: Uuid) -> Self {
        match kind {
            Kind::Workflow => self.workflow = Some(id),
            Kind::Step => self.step = Some(id),
            Kind::Agent => self.agent = Some(id),
            Kind::MapReduce => self.job = Some(id),
            _ => {}
        }
        self
    }
}

/// The places of all open spans.
///
/// It is asked on the thread on which an event happens: there, what is around has always begun
/// before what is inside, whatever becomes of the events afterwards.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<Uuid, Place>>);

impl Places {
    /// The place of an event; remembers spans that begin and forgets those that end.
    pub(crate) fn of(&self, event: &Event) -> Place {
        let Some(own) = execution_id(&event.ids) else { return Place::default() };
        let around = parent_execution_id(&event.ids);
        let mut open = self.open();
        let inside = |open: &HashMap<Uuid, Place>| {
            around.and_then(|around| open.get(&around).copied()).unwrap_or_default()
        };
        match event.moment {
            Moment::Started => {
                let place = inside(&open).of(event.kind, own);
                if open.len() < MOST_OPEN {
                    open.insert(own, place);
                }
                place
            }
            Moment::Ended => open.remove(&own).unwrap_or_else(|| inside(&open).of(event.kind, own)),
            Moment::Occurred => open.get(&own).copied().unwrap_or_else(|| inside(&open)),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Uuid, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::SpanIds;

    use super::*;

    fn event(moment: Moment, kind: Kind, span: u8, parent: Option<u8>) -> Event {
        let parent = parent.map(|parent| [parent; 8]);
        Event { ids: SpanIds { trace: [1; 16], span: [span; 8], parent }, ..Event::new(moment, kind) }
    }

    #[test]
    fn an_event_knows_the_nearest_of_each_kind_around_it() {
        let places = Places::default();
        let workflow = places.of(&event(Moment::Started, Kind::Workflow, 1, None)).workflow;
        places.of(&event(Moment::Started, Kind::Phase, 2, Some(1)));
        let step = places.of(&event(Moment::Started, Kind::Step, 3, Some(2)));
        assert!(workflow.is_some() && step.step.is_some());
        assert_eq!(step.workflow, workflow);
        let agent = places.of(&event(Moment::Started, Kind::Agent, 4, Some(3)));
        let retry = places.of(&event(Moment::Occurred, Kind::Retry, 4, Some(3)));
        assert_eq!(retry, agent);
        assert_eq!((retry.workflow, retry.step), (workflow, step.step));
        assert_eq!(places.of(&event(Moment::Ended, Kind::Step, 3, Some(2))), step);
    }

    #[test]
    fn a_span_that_ended_is_forgotten() {
        let places = Places::default();
        places.of(&event(Moment::Started, Kind::Workflow, 1, None));
        places.of(&event(Moment::Ended, Kind::Workflow, 1, None));
        assert!(places.open().is_empty());
        assert_eq!(places.of(&event(Moment::Started, Kind::Step, 2, Some(1))).workflow, None);
    }

    #[test]
    fn no_more_spans_than_the_limit_are_remembered() {
        let places = Places::default();
        for number in 1..=(MOST_OPEN as u64 + 10) {
            let mut event = event(Moment::Started, Kind::Step, 1, None);
            event.ids.span = number.to_be_bytes().map(|byte| byte.rotate_left(3) ^ 0x5a);
            let place = places.of(&event);
            assert!(place.step.is_some());
        }
        assert_eq!(places.open().len(), MOST_OPEN);
    }
}
