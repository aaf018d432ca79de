//! The one place where this crate reads the machine's clocks.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Seconds since the start of 1970, for `now`; zero on a machine whose clock is before that.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn wall() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

/// Now, for measuring.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
fn now() -> Instant {
    Instant::now()
}

/// Not inside `poll`.
const OUT: u64 = u64::MAX;

/// How long a filter held a worker: the time inside `poll`, added up.
#[derive(Debug)]
pub(crate) struct Meter {
    start: Instant,
    used: AtomicU64,
    entered: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            start: now(),
            used: AtomicU64::new(0),
            entered: AtomicU64::new(OUT),
        }
    }

    /// Start anew.
    pub(crate) fn reset(&self) {
        self.used.store(0, Ordering::Relaxed);
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

    /// The time since the reset, the poll under way included.
    pub(crate) fn spent(&self) -> Duration {
        let current = match self.entered.load(Ordering::Relaxed) {
            OUT => 0,
            entered => self.elapsed().saturating_sub(entered),
        };
        Duration::from_nanos(self.used.load(Ordering::Relaxed).saturating_add(current))
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(OUT - 1)
    }
}
