//! The connections that are open, and who has to go when there are too many.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// How many connections may be open.
pub(crate) const LIMIT: usize = 64;

/// The open connections, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    evict: oneshot::Sender<()>,
    has_asked: bool,
}

/// What there is for a new connection.
pub(crate) enum Room {
    /// There was a place.
    Free(Place, oneshot::Receiver<()>),
    /// There is one, because another connection was closed.
    Made(Place, oneshot::Receiver<()>),
    /// There is none: all connections are being answered.
    None,
}

impl Connections {
    /// Finds room for a new connection; the receiver tells it that it has to go.
    ///
    /// If there are too many, the oldest one that has not sent a request goes. Whoever really wants
    /// something sends it at once.
    pub(crate) fn enter(self: &Arc<Self>) -> Room {
        let mut open = self.lock();
        let mut room: fn(Place, oneshot::Receiver<()>) -> Room = Room::Free;
        if open.connections.len() >= LIMIT {
            let Some(id) = open.silent().next() else { return Room::None };
            open.evict(id);
            room = Room::Made;
        }
        let id = open.next;
        open.next += 1;
        let (evict, evicted) = oneshot::channel();
        open.connections.insert(id, Connection { evict, has_asked: false });
        room(Place { connections: Arc::clone(self), id }, evicted)
    }

    /// Closes every connection that has not sent a request.
    pub(crate) fn evict_silent(&self) {
        let mut open = self.lock();
        let silent: Vec<_> = open.silent().collect();
        silent.into_iter().for_each(|id| open.evict(id));
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn silent(&self) -> impl Iterator<Item = u64> {
        self.connections.iter().filter(|(_, connection)| !connection.has_asked).map(|(id, _)| *id)
    }

    fn evict(&mut self, id: u64) {
        if let Some(connection) = self.connections.remove(&id) {
            // It may have ended by itself at this moment.
            let _ = connection.evict.send(());
        }
    }
}

/// The place of one connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    id: u64,
}

impl Place {
    /// The connection has sent a request, and may stay until it is answered.
    pub(crate) fn has_asked(&self) {
        if let Some(connection) = self.connections.lock().connections.get_mut(&self.id) {
            connection.has_asked = true;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().connections.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_silent_connection_makes_room() {
        let connections = Arc::new(Connections::default());
        let mut open = Vec::new();
        for _ in 0..LIMIT {
            let Room::Free(place, evicted) = connections.enter() else { panic!("there is room") };
            open.push((place, evicted));
        }
        open[0].0.has_asked();
        let Room::Made(last, _evicted) = connections.enter() else { panic!("room is made") };
        assert!(open[0].1.try_recv().is_err(), "who has asked may stay");
        assert_eq!(open[1].1.try_recv(), Ok(()));
        assert!(open[2].1.try_recv().is_err());

        open.iter().for_each(|(place, _)| place.has_asked());
        last.has_asked();
        assert!(matches!(connections.enter(), Room::None));
        drop(last);
        assert!(matches!(connections.enter(), Room::Free(..)));
    }
}
