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

/// Adds up the time. Shared by the run's future and the callback that each tick of the epoch makes.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    start: Instant,
    allowed: Duration,
    /// Nanoseconds of all polls that ended.
    used: AtomicU64,
    /// Nanoseconds from `start` to the beginning of the poll that is under way.
    entered: AtomicU64,
}

impl CpuMeter {
    pub(crate) fn new(allowed: Duration) -> Self {
        Self {
            start: clock::now(),
            allowed,
            used: AtomicU64::new(0),
            entered: AtomicU64::new(OUT),
        }
    }

    /// Drive `future`, counting.
    pub(crate) async fn count<F: Future>(&self, future: F) -> F::Output {
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

    /// The time so far, the poll under way included.
    pub(crate) fn spent(&self) -> Duration {
        let used = self.used.load(Ordering::Relaxed);
        let current = match self.entered.load(Ordering::Relaxed) {
            OUT => 0,
            entered => self.elapsed().saturating_sub(entered),
        };
        Duration::from_nanos(used.saturating_add(current))
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

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(OUT - 1)
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
