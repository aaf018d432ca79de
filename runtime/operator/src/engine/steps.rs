//! Tasks one at a time, each when it is told to: for tests, whose runs must be the same each time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{oneshot, watch};

use super::{Engine, MAIN};
use crate::queue::Queue;

/// Queues whose next task waits to be let go: `main` first, then by name.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    parked: watch::Sender<BTreeMap<(bool, String), oneshot::Sender<()>>>,
    /// The first task that came after the last step.
    mark: AtomicU64,
}

impl Steps {
    /// Waits until the queue's next task may begin.
    pub(super) async fn wait(&self, queue: &str) {
        let (go, told) = oneshot::channel();
        let key = (queue != MAIN, queue.to_owned());
        self.parked.send_modify(|parked| {
            parked.insert(key, go);
        });
        // The steps live as long as the engine; nobody else drops the sender.
        let _ = told.await;
    }

    fn is_parked(&self, queue: &str) -> bool {
        let key = (queue != MAIN, queue.to_owned());
        self.parked.borrow().contains_key(&key)
    }
}

impl Engine {
    /// Waits until nothing is being done: each queue is empty, or its next task waits to be let go.
    pub(crate) async fn still(&self, steps: &Steps) {
        let (mut pending, mut parked) = (self.pending(), steps.parked.subscribe());
        loop {
            pending.mark_unchanged();
            parked.mark_unchanged();
            let still = |queue: &Queue| queue.state().is_empty() || steps.is_parked(&queue.name);
            if self.queues.values().all(|queue| still(queue)) {
                return;
            }
            // This engine holds both senders.
            tokio::select! {
                _ = pending.changed() => {}
                _ = parked.changed() => {}
            }
        }
    }

    /// Lets the first task that waits begin, with all changes that came since the last step in the order in which they
    /// happened. Whether there was one.
    pub(crate) async fn step(&self, steps: &Steps) -> bool {
        self.still(steps).await;
        let next = self.task_ids.load(Ordering::Relaxed);
        let first = steps.mark.swap(next, Ordering::Relaxed);
        for queue in self.queues.values() {
            queue.state().order_changes(first);
        }
        let mut go = None;
        steps.parked.send_modify(|parked| go = parked.pop_first());
        go.is_some_and(|(_, go)| go.send(()).is_ok())
    }
}
