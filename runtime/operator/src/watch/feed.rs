//! The way of events from watches to the one who listens.
//!
//! What waits is bounded by number and bytes. The objects of a list wait for room, so that a cluster is not held in
//! memory while a slow filter looks at it; changes cannot wait, and are refused. A feed in which nothing waits holds
//! next to nothing, where tokio's channel holds a block of slots: there may be ten thousand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::collection::Gone;
use super::{Tag, WatchEvent};

/// How much may wait in a feed. One event always has room.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Events.
    pub events: usize,
    /// Bytes of objects, when a change is to be put in.
    pub bytes: usize,
    /// Bytes of objects, when one of a list is to be put in.
    pub list_bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            events: 64 << 10,
            bytes: 64 << 20,
            list_bytes: 256 << 10,
        }
    }
}

/// The listener's end. Events are refused once it is dropped.
#[derive(Debug)]
pub struct Feed(Arc<Shared>);

/// The end of the watches. Clones are the same.
#[derive(Debug, Clone)]
pub struct Events {
    shared: Arc<Shared>,
    /// Where it is there and closed, nothing goes in any more.
    gate: Option<Gate>,
}

/// Closes an end of the watches. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<AtomicBool>);

impl Gate {
    fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Shared {
    room: Room,
    /// Whether the listener lends what it knows.
    lends: bool,
    waiting: Mutex<Waiting>,
    filled: Notify,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(Tag, WatchEvent)>,
    bytes: usize,
    closed: bool,
}

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Gone,
}

impl Feed {
    /// An empty feed and its other end.
    #[must_use]
    pub fn new(room: Room) -> (Events, Self) {
        Self::made(room, false)
    }

    /// The same, whose listener answers [`WatchEvent::Asked`].
    #[must_use]
    pub fn lending(room: Room) -> (Events, Self) {
        Self::made(room, true)
    }

    fn made(room: Room, lends: bool) -> (Events, Self) {
        let shared = Arc::new(Shared {
            room,
            lends,
            waiting: Mutex::default(),
            filled: Notify::new(),
            emptied: Notify::new(),
        });
        let events = Events {
            shared: Arc::clone(&shared),
            gate: None,
        };
        (events, Self(shared))
    }

    /// The events that wait, at most so many; waits for the first. Nothing is lost when this is given up.
    pub async fn next(&mut self, most: usize) -> Vec<(Tag, WatchEvent)> {
        tokio::task::consume_budget().await;
        loop {
            // An event that is put in between leaves a permit.
            let filled = self.0.filled.notified();
            let batch = self.0.waiting().take(most);
            if !batch.is_empty() {
                self.0.emptied.notify_waiters();
                return batch;
            }
            filled.await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let events = {
            let mut waiting = self.0.waiting();
            waiting.closed = true;
            std::mem::take(&mut waiting.events)
        };
        drop(events);
        self.0.emptied.notify_waiters();
    }
}

impl Events {
    /// Whether the listener lends what it knows.
    pub(super) fn lends(&self) -> bool {
        self.shared.lends
    }

    /// The same end with a gate of its own, which is open.
    pub(super) fn gated(&self) -> (Self, Gate) {
        let gate = Gate::default();
        let events = Self {
            shared: Arc::clone(&self.shared),
            gate: Some(gate.clone()),
        };
        (events, gate)
    }

    /// Closes the gate, takes out all that waits of this watch, and puts `last` first. Nothing that came through the gate
    /// is heard of after it.
    pub(super) fn revoke(&self, gate: &Gate, tag: Tag, last: WatchEvent) {
        gate.0.store(true, Ordering::Release);
        let taken: VecDeque<_> = {
            let mut waiting = self.shared.waiting();
            if waiting.closed {
                return;
            }
            let (taken, left) = std::mem::take(&mut waiting.events)
                .into_iter()
                .partition(|(of, _)| *of == tag);
            waiting.events = left;
            waiting.bytes = waiting.events.iter().map(|(_, e)| e.bytes()).sum();
            waiting.events.push_front((tag, last));
            taken
        };
        drop(taken);
        self.shared.filled.notify_one();
        self.shared.emptied.notify_waiters();
    }

    /// Puts an event in, if there is room.
    pub(super) fn try_send(&self, tag: Tag, event: &WatchEvent) -> Result<(), Refused> {
        let bytes = event.bytes();
        {
            let (room, mut waiting) = (self.shared.room, self.shared.waiting());
            // Looked at under the lock: what comes after the gate was closed comes after what is said of that.
            if waiting.closed || self.gate.as_ref().is_some_and(Gate::is_closed) {
                return Err(Refused::Gone);
            }
            let most = match event {
                WatchEvent::Listed(_) => room.list_bytes,
                _ => room.bytes,
            };
            let full = waiting.events.len() >= room.events || waiting.bytes + bytes > most;
            if full && !waiting.events.is_empty() {
                return Err(Refused::Full);
            }
            waiting.bytes += bytes;
            waiting.events.push_back((tag, event.clone()));
        }
        self.shared.filled.notify_one();
        Ok(())
    }

    /// Puts an event in, once there is room.
    pub(super) async fn send(&self, tag: Tag, event: &WatchEvent) -> Result<(), Gone> {
        // A long list gives others their turn.
        tokio::task::consume_budget().await;
        loop {
            // Made before looking, so that no room that comes meanwhile goes unnoticed.
            let emptied = self.shared.emptied.notified();
            match self.try_send(tag, event) {
                Ok(()) => return Ok(()),
                Err(Refused::Gone) => return Err(Gone),
                Err(Refused::Full) => emptied.await,
            }
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self, most: usize) -> Vec<(Tag, WatchEvent)> {
        let count = self.events.len().min(most.max(1));
        let batch: Vec<_> = self.events.drain(..count).collect();
        let bytes: usize = batch.iter().map(|(_, event)| event.bytes()).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.events.is_empty() {
            // Its room too.
            self.events = VecDeque::new();
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;

    const SMALL: Room = Room {
        events: 3,
        bytes: 100,
        list_bytes: 10,
    };

    fn object(bytes: usize) -> Arc<Object> {
        Arc::new(Object {
            namespace: String::new(),
            name: "a".into(),
            resource_version: "1".into(),
            json: "x".repeat(bytes).into(),
        })
    }

    fn listed(bytes: usize) -> WatchEvent {
        WatchEvent::Listed(object(bytes))
    }

    fn applied(bytes: usize) -> WatchEvent {
        WatchEvent::Applied(object(bytes))
    }

    #[tokio::test]
    async fn events_come_in_their_order_and_in_batches() {
        let (events, mut feed) = Feed::new(SMALL);
        for tag in 0..3 {
            events.try_send(tag, &WatchEvent::Restarted).unwrap();
        }
        let tags = |batch: Vec<(Tag, WatchEvent)>| batch.iter().map(|b| b.0).collect::<Vec<_>>();
        assert_eq!(tags(feed.next(2).await), [0, 1]);
        events.try_send(3, &WatchEvent::Restarted).unwrap();
        assert_eq!(tags(feed.next(9).await), [2, 3]);
        assert_eq!(feed.0.waiting().events.capacity(), 0);
    }

    #[tokio::test]
    async fn number_and_bytes_are_bounded_and_one_event_has_room() {
        let (events, mut feed) = Feed::new(SMALL);
        events.try_send(0, &applied(1000)).unwrap();
        assert_eq!(events.try_send(0, &applied(1)), Err(Refused::Full));
        assert_eq!(feed.next(9).await.len(), 1);
        events.try_send(0, &applied(50)).unwrap();
        events.try_send(0, &applied(50)).unwrap();
        assert_eq!(events.try_send(0, &applied(1)), Err(Refused::Full));
        events.try_send(0, &WatchEvent::Restarted).unwrap();
        assert_eq!(
            events.try_send(0, &WatchEvent::Restarted),
            Err(Refused::Full)
        );
        assert_eq!(feed.next(1).await.len(), 1);
        events.try_send(0, &applied(50)).unwrap();
    }

    #[tokio::test]
    async fn a_list_waits_for_room_and_changes_pass_it() {
        let (events, mut feed) = Feed::new(SMALL);
        events.send(1, &listed(10)).await.unwrap();
        let second = listed(1);
        let mut waits = std::pin::pin!(events.send(2, &second));
        assert!(futures::poll!(&mut waits).is_pending());
        events.try_send(3, &applied(50)).unwrap();
        assert_eq!(feed.next(1).await.len(), 1);
        assert!(
            futures::poll!(&mut waits).is_pending(),
            "the change fills it"
        );
        assert_eq!(feed.next(1).await.len(), 1);
        waits.await.unwrap();
        assert_eq!(feed.next(9).await.len(), 1);
    }

    #[tokio::test]
    async fn what_is_revoked_is_not_heard_of_any_more() {
        let (events, mut feed) = Feed::new(SMALL);
        let (gated, gate) = events.gated();
        events.try_send(1, &applied(10)).unwrap();
        gated.try_send(2, &applied(80)).unwrap();
        let second = listed(1);
        let mut waits = std::pin::pin!(gated.send(2, &second));
        assert!(futures::poll!(&mut waits).is_pending());
        events.revoke(&gate, 2, WatchEvent::Restarted);
        assert!(waits.await.is_err());
        assert_eq!(gated.try_send(2, &applied(1)), Err(Refused::Gone));
        let batch = feed.next(9).await;
        assert!(matches!(
            &*batch,
            [(2, WatchEvent::Restarted), (1, WatchEvent::Applied(_))]
        ));
        assert_eq!(feed.0.waiting().bytes, 0);
        // Another gate is another one's.
        let (again, _gate) = events.gated();
        again.try_send(2, &applied(1)).unwrap();
    }

    #[tokio::test]
    async fn the_listener_is_woken_and_its_end_is_noticed() {
        let (events, mut feed) = Feed::new(SMALL);
        {
            let mut next = std::pin::pin!(feed.next(9));
            assert!(futures::poll!(&mut next).is_pending());
            events.try_send(0, &listed(10)).unwrap();
            assert_eq!(next.await.len(), 1);
        }
        events.try_send(0, &listed(10)).unwrap();
        let second = listed(1);
        let mut waits = std::pin::pin!(events.send(0, &second));
        assert!(futures::poll!(&mut waits).is_pending());
        drop(feed);
        assert!(waits.await.is_err());
        assert_eq!(
            events.try_send(0, &WatchEvent::Restarted),
            Err(Refused::Gone)
        );
    }
}
