//! How many webhook runs happen and wait at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::queue::HookIndex;

/// Runs at a time, with a bounded line before them. Where there are several hooks, each gets three quarters of both at
/// most: one that is slow, and asked often, leaves room for the others.
#[derive(Debug)]
pub(crate) struct Pool {
    all: Places,
    each: Vec<Places>,
}

/// Places, and a line before them.
#[derive(Debug)]
struct Places {
    runs: Arc<Semaphore>,
    waiting: AtomicUsize,
    longest: usize,
}

/// A place, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

/// Why there was no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// Too many wait already.
    Full,
    /// The time was over first.
    Late,
}

/// Counts one who waits.
struct Waiting<'p>(&'p AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Places {
    fn new(runs: usize, longest: usize) -> Self {
        Self {
            runs: Arc::new(Semaphore::new(runs.clamp(1, Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            longest,
        }
    }

    async fn enter(&self, until: Instant) -> Result<OwnedSemaphorePermit, NoPlace> {
        if let Ok(place) = self.runs.clone().try_acquire_owned() {
            return Ok(place);
        }
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let _waiting = Waiting(&self.waiting);
        if before >= self.longest {
            return Err(NoPlace::Full);
        }
        match tokio::time::timeout_at(until, self.runs.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(NoPlace::Late),
        }
    }
}

impl Pool {
    /// For as many hooks.
    pub(crate) fn new(runs: usize, longest: usize, hooks: usize) -> Self {
        let share = |all: usize| all - all / 4;
        let own = |_| Places::new(share(runs), share(longest));
        let several = if hooks > 1 { hooks } else { 0 };
        Self {
            all: Places::new(runs, longest),
            each: (0..several).map(own).collect(),
        }
    }

    /// A place for a run of this hook.
    pub(crate) async fn enter(&self, hook: HookIndex, until: Instant) -> Result<Place, NoPlace> {
        // First its own line: who waits there is in nobody's way.
        let own = match self.each.get(hook) {
            Some(own) => Some(own.enter(until).await?),
            None => None,
        };
        Ok(Place {
            _all: self.all.enter(until).await?,
            _own: own,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_in_length_and_time() {
        let pool = Arc::new(Pool::new(1, 1, 1));
        let until = Instant::now() + Duration::from_secs(9);
        let first = pool.enter(0, until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(0, until).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(pool.enter(0, until).await.unwrap_err(), NoPlace::Full);
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!(pool.enter(0, until).await.unwrap_err(), NoPlace::Late);
        assert_eq!(Instant::now(), until);
        drop(second);
        assert!(pool.enter(0, until).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_line() {
        let pool = Arc::new(Pool::new(1, 1, 1));
        let until = Instant::now() + Duration::from_secs(9);
        let first = pool.enter(0, until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(0, until).await }
        });
        tokio::task::yield_now().await;
        second.abort();
        let _ = second.await;
        assert_eq!(pool.all.waiting.load(Ordering::Acquire), 0);
        drop(first);
        assert!(pool.enter(0, until).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_that_is_slow_leaves_places_for_the_others() {
        let pool = Arc::new(Pool::new(4, 4, 2));
        let until = Instant::now() + Duration::from_secs(9);
        let mut slow = Vec::new();
        for _ in 0..3 {
            slow.push(pool.enter(0, until).await.unwrap());
        }
        let line: Vec<_> = (0..4)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.enter(0, until).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        // Three wait, the fourth is told; the other hook has its place at once.
        let before = Instant::now();
        assert!(pool.enter(1, until).await.is_ok());
        assert_eq!(Instant::now(), before);
        drop(slow);
        let mut told = Vec::new();
        for waiting in line {
            told.push(waiting.await.unwrap());
        }
        let full = told.iter().filter(|t| **t == Err(NoPlace::Full)).count();
        assert_eq!(full, 1, "{told:?}");
    }
}
