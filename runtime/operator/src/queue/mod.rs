//! Queues: what waits to be done, in order.
//!
//! The order is a plain value, [`QueueState`]; [`Queue`] adds only that somebody can wait for it.

mod pause;
mod rate;
mod state;
mod task;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use pause::{after as pause_after, growing as growing_pause};
pub use rate::TokenBucket;
pub use state::QueueState;
pub use task::{BindingIndex, Cause, HookIndex, HookRun, Reason, Task, Work};

/// One named queue.
#[derive(Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    state: Mutex<QueueState>,
    changed: Notify,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self {
            name,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// The order. Not to be held over anything that waits.
    pub fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Put a task at the end. Returns how many tasks were merged because the queue is long.
    pub fn push_back(&self, task: Task) -> usize {
        let merged = self.state().push_back(task);
        self.changed.notify_one();
        merged
    }

    /// Put tasks at the head, behind the one being done.
    pub fn push_front(&self, tasks: Vec<Task>) {
        self.state().push_front(tasks);
        self.changed.notify_one();
    }

    /// Wait until there is a task to do.
    pub async fn filled(&self) {
        while self.state().is_empty() {
            self.changed.notified().await;
        }
    }

    /// Wait until there is a task to do, which becomes the current one.
    pub async fn begin(&self) -> Task {
        loop {
            if let Some(task) = self.state().begin() {
                return task.clone();
            }
            // A task that is pushed in between leaves a permit.
            self.changed.notified().await;
        }
    }
}
