//! How many webhook runs happen and wait at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Runs at a time, with a bounded line before them.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    runs: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    longest: usize,
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

impl Pool {
    pub(crate) fn new(runs: usize, longest: usize) -> Self {
        Self {
            runs: Arc::new(Semaphore::new(runs.clamp(1, Semaphore::MAX_PERMITS))),
            waiting: Arc::default(),
            longest,
        }
    }

    /// A place, held until it is dropped.
    pub(crate) async fn enter(&self, until: Instant) -> Result<OwnedSemaphorePermit, NoPlace> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_in_length_and_time() {
        let pool = Pool::new(1, 1);
        let until = Instant::now() + Duration::from_secs(9);
        let first = pool.enter(until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(until).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(pool.enter(until).await.unwrap_err(), NoPlace::Full);
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!(pool.enter(until).await.unwrap_err(), NoPlace::Late);
        assert_eq!(Instant::now(), until);
        drop(second);
        assert!(pool.enter(until).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_line() {
        let pool = Pool::new(1, 1);
        let until = Instant::now() + Duration::from_secs(9);
        let first = pool.enter(until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(until).await }
        });
        tokio::task::yield_now().await;
        second.abort();
        let _ = second.await;
        assert_eq!(pool.waiting.load(Ordering::Acquire), 0);
        drop(first);
        assert!(pool.enter(until).await.is_ok());
    }
}
