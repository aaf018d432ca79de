//! How long a guest held a worker.
//!
//! A run is one future. While it is polled the guest (or a host function that it called) holds a worker; while it
//! waits it does not. So the time spent inside `poll`, added up, is what the run cost others.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::budget::{Limit, LimitHit};
use crate::clock;

/// Not inside `poll`.
const OUT: u64 = u64::MAX;

/// The time that futures held a worker, added up: the time inside their `poll`.
///
/// One future at a time; another thread may look at any time.
#[derive(Debug)]
pub struct WorkerTime {
    start: Instant,
    /// Nanoseconds of all polls that ended.
    used: AtomicU64,
    /// Nanoseconds from `start` to the beginning of the poll that is under way.
    entered: AtomicU64,
}

impl Default for WorkerTime {
    fn default() -> Self {
        Self {
            start: clock::now(),
            used: AtomicU64::new(0),
            entered: AtomicU64::new(OUT),
        }
    }
}

impl WorkerTime {
    /// Drives `future`, counting.
    pub async fn count<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            self.entered.store(self.elapsed(), Ordering::Relaxed);
            let answer = future.as_mut().poll(context);
            let entered = self.entered.swap(OUT, Ordering::Relaxed);
            self.used
                .fetch_add(self.elapsed().saturating_sub(entered), Ordering::Relaxed);
            answer
        })
        .await
    }

    /// Starts anew, between two futures.
    pub fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// The time so far, the poll under way included.
    #[must_use]
    pub fn spent(&self) -> Duration {
        let used = self.used.load(Ordering::Relaxed);
        let current = match self.entered.load(Ordering::Relaxed) {
            OUT => 0,
            entered => self.elapsed().saturating_sub(entered),
        };
        Duration::from_nanos(used.saturating_add(current))
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(OUT - 1)
    }
}

/// A run's time and its limit. Shared by the run's future and the callback that each tick of the epoch makes.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    time: WorkerTime,
    allowed: Duration,
}

impl CpuMeter {
    pub(crate) fn new(allowed: Duration) -> Self {
        Self {
            time: WorkerTime::default(),
            allowed,
        }
    }

    /// Drive `future`, counting.
    pub(crate) async fn count<F: Future>(&self, future: F) -> F::Output {
        self.time.count(future).await
    }

    /// The time so far, the poll under way included.
    pub(crate) fn spent(&self) -> Duration {
        self.time.spent()
    }

    /// The limit, when it has been reached.
    pub(crate) fn check(&self) -> Result<(), LimitHit> {
        let spent = self.spent();
        if spent < self.allowed {
            return Ok(());
        }
        Err(LimitHit {
            limit: Limit::CpuTime,
            used: clock::millis(spent),
            allowed: clock::millis(self.allowed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hold the worker until `meter` has counted at least this.
    async fn burn(meter: &CpuMeter, time: Duration) {
        while meter.spent() < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_costs_nothing() {
        let meter = CpuMeter::new(Duration::from_millis(20));
        let wall = tokio::time::Instant::now();
        meter
            .count(tokio::time::sleep(Duration::from_secs(3600)))
            .await;
        assert!(wall.elapsed() >= Duration::from_secs(3600));
        assert!(meter.spent() < Duration::from_secs(1));
    }

    #[tokio::test]
    async fn working_costs_and_adds_up() {
        let meter = CpuMeter::new(Duration::from_millis(5));
        meter.count(burn(&meter, Duration::from_millis(2))).await;
        assert!(meter.spent() >= Duration::from_millis(2));
        meter.count(burn(&meter, Duration::from_millis(5))).await;
        let hit = meter.check().unwrap_err();
        assert_eq!((hit.limit, hit.allowed), (Limit::CpuTime, 5));
        assert!(hit.used >= 5);
    }
}
