//! Instances that are warm, shared by all filters.
//!
//! The engine has room for a fixed number of instances. Those that run and those that are kept warm share it: a filter
//! that needs a new one takes the place of the instance that was idle for longest. So ten thousand filters that do
//! nothing hold a handful of instances between them, and one that is busy keeps its own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::JqError;
use crate::instance::Guest;

/// Which filter an instance has compiled.
pub(crate) type FilterId = u64;

pub(crate) struct Pool {
    room: usize,
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    /// The one that is idle for longest comes first.
    idle: VecDeque<(FilterId, Guest)>,
    last_id: FilterId,
}

/// The right to one instance. Given back when dropped.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    filter: FilterId,
    /// A warm one, or the caller's to make.
    pub(crate) guest: Option<Guest>,
    _turn: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(room: usize) -> Self {
        let room = room.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            room,
            turns: Arc::new(Semaphore::new(room)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_id(&self) -> FilterId {
        let mut state = self.state();
        state.last_id += 1;
        state.last_id
    }

    /// Wait for a place, and take a warm instance of the filter if there is one.
    pub(crate) async fn lease(self: &Arc<Self>, filter: FilterId) -> Result<Lease, JqError> {
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(JqError::host)?;
        let mut evicted = None;
        let guest = {
            let mut state = self.state();
            state.running += 1;
            match state.idle.iter().rposition(|(id, _)| *id == filter) {
                Some(at) => state.idle.remove(at).map(|(_, guest)| guest),
                None => {
                    if state.running + state.idle.len() > self.room {
                        evicted = state.idle.pop_front();
                    }
                    None
                }
            }
        };
        drop(evicted);
        Ok(Lease {
            pool: Arc::clone(self),
            filter,
            guest,
            _turn: turn,
        })
    }

    /// Drop what is kept warm for a filter that is gone.
    pub(crate) fn forget(&self, filter: FilterId) {
        let mut state = self.state();
        let (gone, kept) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition(|(id, _)| *id == filter);
        state.idle = kept;
        drop(state);
        let gone: VecDeque<_> = gone;
        drop(gone);
    }

    /// How many instances are kept warm.
    pub(crate) fn idle(&self) -> usize {
        self.state().idle.len()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A spent instance goes before its place is given to another.
        let guest = self.guest.take().filter(Guest::is_good);
        let mut state = self.pool.state();
        state.running -= 1;
        state.idle.extend(guest.map(|guest| (self.filter, guest)));
    }
}
