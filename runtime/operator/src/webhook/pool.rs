//! How many webhook runs happen and wait at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hookbox_sandbox::turns::{Lane, Turn, Turns};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::queue::HookIndex;

/// Runs at a time, with a bounded line before them. Where there are several hooks, each gets three quarters of both at
/// most: one that is slow, and asked often, leaves room for the others. The same holds for tenants, each of which has a
/// line of its own, and whose turns come one after the other.
#[derive(Debug)]
pub(crate) struct Pool {
    runs: Turns,
    lines: Mutex<HashMap<Lane, Arc<AtomicUsize>>>,
    /// Most that wait in the line of the operator's own hooks, and in that of a tenant.
    longest: usize,
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
    _turn: Turn,
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

impl<'p> Waiting<'p> {
    /// Joins a line, unless it is full.
    fn join(line: &'p AtomicUsize, longest: usize) -> Result<Self, NoPlace> {
        let before = line.fetch_add(1, Ordering::AcqRel);
        let waiting = Self(line);
        match before >= longest {
            true => Err(NoPlace::Full),
            false => Ok(waiting),
        }
    }
}

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
        let _waiting = Waiting::join(&self.waiting, self.longest)?;
        match tokio::time::timeout_at(until, self.runs.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(NoPlace::Late),
        }
    }
}

fn share(all: usize) -> usize {
    all - all / 4
}

impl Pool {
    /// For as many hooks of the operator's own.
    pub(crate) fn new(runs: usize, longest: usize, hooks: usize) -> Self {
        let own = |_| Places::new(share(runs), share(longest));
        let several = if hooks > 1 { hooks } else { 0 };
        Self {
            runs: Turns::new(runs, share(runs)),
            lines: Mutex::default(),
            longest,
            each: (0..several).map(own).collect(),
        }
    }

    /// A place for a run of one of the operator's own hooks, or of a tenant's: those share what their lane has.
    pub(crate) async fn enter(
        &self,
        hook: Option<HookIndex>,
        lane: &Lane,
        until: Instant,
    ) -> Result<Place, NoPlace> {
        // First its own line: who waits there is in nobody's way.
        let own = match hook.and_then(|hook| self.each.get(hook)) {
            Some(own) => Some(own.enter(until).await?),
            None => None,
        };
        let turn = match self.runs.try_take(lane) {
            Some(turn) => turn,
            None => self.wait(lane, until).await?,
        };
        Ok(Place {
            _turn: turn,
            _own: own,
        })
    }

    async fn wait(&self, lane: &Lane, until: Instant) -> Result<Turn, NoPlace> {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() >= 64 && lines.len().is_power_of_two() {
                lines.retain(|_, line| Arc::strong_count(line) > 1);
            }
            lines.entry(lane.clone()).or_default().clone()
        };
        let longest = match lane.is_own() {
            true => self.longest,
            false => share(self.longest),
        };
        let _waiting = Waiting::join(&line, longest)?;
        let turn = tokio::time::timeout_at(until, self.runs.take(lane)).await;
        turn.map_err(|_| NoPlace::Late)
    }

    /// How many wait in the line of the operator's own hooks.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .get(&Lane::default())
            .map_or(0, |line| line.load(Ordering::Acquire))
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
        let first = pool.enter(Some(0), &Lane::default(), until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(Some(0), &Lane::default(), until).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(
            pool.enter(Some(0), &Lane::default(), until)
                .await
                .unwrap_err(),
            NoPlace::Full
        );
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!(
            pool.enter(Some(0), &Lane::default(), until)
                .await
                .unwrap_err(),
            NoPlace::Late
        );
        assert_eq!(Instant::now(), until);
        drop(second);
        assert!(pool.enter(Some(0), &Lane::default(), until).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_line() {
        let pool = Arc::new(Pool::new(1, 1, 1));
        let until = Instant::now() + Duration::from_secs(9);
        let first = pool.enter(Some(0), &Lane::default(), until).await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.enter(Some(0), &Lane::default(), until).await }
        });
        tokio::task::yield_now().await;
        second.abort();
        let _ = second.await;
        assert_eq!(pool.waiting(), 0);
        drop(first);
        assert!(pool.enter(Some(0), &Lane::default(), until).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_that_is_slow_leaves_places_for_the_others() {
        let pool = Arc::new(Pool::new(4, 4, 2));
        let until = Instant::now() + Duration::from_secs(9);
        let mut slow = Vec::new();
        for _ in 0..3 {
            slow.push(pool.enter(Some(0), &Lane::default(), until).await.unwrap());
        }
        let line: Vec<_> = (0..4)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(
                    async move { pool.enter(Some(0), &Lane::default(), until).await.map(drop) },
                )
            })
            .collect();
        tokio::task::yield_now().await;
        // Three wait, the fourth is told; the other hook has its place at once.
        let before = Instant::now();
        assert!(pool.enter(Some(1), &Lane::default(), until).await.is_ok());
        assert_eq!(Instant::now(), before);
        drop(slow);
        let mut told = Vec::new();
        for waiting in line {
            told.push(waiting.await.unwrap());
        }
        let full = told.iter().filter(|t| **t == Err(NoPlace::Full)).count();
        assert_eq!(full, 1, "{told:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenant_that_asks_often_leaves_places_for_the_others() {
        let pool = Arc::new(Pool::new(4, 4, 1));
        let until = Instant::now() + Duration::from_secs(9);
        let (flood, other) = (Lane::of("flood"), Lane::of("other"));
        let mut slow = Vec::new();
        for _ in 0..3 {
            slow.push(pool.enter(None, &flood, until).await.unwrap());
        }
        let line: Vec<_> = (0..4)
            .map(|_| {
                let (pool, flood) = (pool.clone(), flood.clone());
                tokio::spawn(async move { pool.enter(None, &flood, until).await.map(drop) })
            })
            .collect();
        tokio::task::yield_now().await;
        // Three wait, the fourth is told; the other tenant has its place at once.
        let before = Instant::now();
        assert!(pool.enter(None, &other, until).await.is_ok());
        assert_eq!(Instant::now(), before);
        drop(slow);
        let mut full = 0;
        for waiting in line {
            full += usize::from(waiting.await.unwrap() == Err(NoPlace::Full));
        }
        assert_eq!(full, 1);
    }
}
