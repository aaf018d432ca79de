//! Queues: what waits to be done, in order.
//!
//! The order is a plain value, [`QueueState`]; [`Queue`] adds only that somebody can wait for it.

mod actions;
mod pause;
mod rate;
mod state;
mod status;
mod task;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use actions::{Action, ActionTimes, BOUNDS as ACTION_BOUNDS};
pub use pause::{after as pause_after, growing as growing_pause};
pub use rate::TokenBucket;
pub use state::QueueState;
pub use status::{Status, short};
pub use task::{BindingIndex, Cause, HookIndex, HookRun, Reason, Task, Work};

/// One named queue.
#[derive(Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    state: Mutex<QueueState>,
    changed: Notify,
    status: Mutex<Status>,
    /// How long actions take, where somebody wants to know.
    times: Option<Mutex<ActionTimes>>,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self {
            name,
            state: Mutex::default(),
            changed: Notify::new(),
            status: Mutex::default(),
            times: None,
        }
    }

    /// An empty queue whose actions are timed.
    #[must_use]
    pub fn timed(name: String) -> Self {
        Self {
            times: Some(Mutex::default()),
            ..Self::new(name)
        }
    }

    /// The order. Not to be held over anything that waits.
    pub fn state(&self) -> MutexGuard<'_, QueueState> {
        lock(&self.state)
    }

    /// What the queue is at.
    #[must_use]
    pub fn status(&self) -> Status {
        *lock(&self.status)
    }

    /// From now on the queue is at something else.
    pub fn set_status(&self, status: Status) {
        *lock(&self.status) = status;
    }

    /// How long its actions took; none where they are not timed.
    #[must_use]
    pub fn times(&self) -> Option<ActionTimes> {
        self.times.as_ref().map(|times| lock(times).clone())
    }

    /// Put a task at the end. Returns how many tasks were merged because the queue is long, or not taken because it is
    /// closed.
    pub fn push_back(&self, task: Task) -> usize {
        let merged = self.time(Action::AddLast, || self.state().push_back(task));
        self.changed.notify_one();
        merged
    }

    /// Put tasks at the head, behind the one being done. Returns how many were not taken because it is closed.
    pub fn push_front(&self, tasks: Vec<Task>) -> usize {
        let refused = self.time(Action::AddFirst, || self.state().push_front(tasks));
        self.changed.notify_one();
        refused
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
            let first = self.time(Action::GetFirst, || self.state().begin().cloned());
            if let Some(task) = first {
                self.set_status(Status::Running {
                    since: Instant::now(),
                });
                return task;
            }
            // A task that is pushed in between leaves a permit.
            self.changed.notified().await;
        }
    }

    /// The current task is done, well or for good. Whether there is nothing else to do.
    pub fn finish(&self) -> bool {
        let idle = self.time(Action::Remove, || {
            let mut state = self.state();
            state.finish();
            state.is_empty()
        });
        self.set_status(Status::Idle);
        idle
    }

    /// The current task failed, and stays for another attempt after `pause`.
    pub fn fail(&self, pause: Duration) {
        self.state().fail();
        self.set_status(Status::Sleeping {
            since: Instant::now(),
            pause,
        });
    }

    fn time<T>(&self, action: Action, act: impl FnOnce() -> T) -> T {
        let Some(times) = &self.times else {
            return act();
        };
        let started = Instant::now();
        let result = act();
        lock(times).add(action, started.elapsed());
        result
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
