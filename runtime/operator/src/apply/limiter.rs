//! A token bucket for requests.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets `burst` requests through at once, and then `qps` a second. Kept as the time at which the bucket would be full
/// (the generic cell rate algorithm), so that a request is one addition.
#[derive(Debug)]
pub(crate) struct Limiter {
    interval: Duration,
    burst: Duration,
    full_at: Mutex<Option<Instant>>,
}

impl Limiter {
    /// No limit when `qps` is not a positive number.
    pub(crate) fn new(qps: f64, burst: u32) -> Self {
        let interval = if qps > 0.0 {
            Duration::try_from_secs_f64(1.0 / qps).unwrap_or(Duration::ZERO)
        } else {
            Duration::ZERO
        };
        Self {
            interval,
            burst: interval.saturating_mul(burst.max(1) - 1),
            full_at: Mutex::new(None),
        }
    }

    /// Takes a token, and waits until it is there.
    pub(crate) async fn take(&self) {
        let now = Instant::now();
        let at = self.reserve(now);
        if at > now {
            tokio::time::sleep_until(at).await;
        }
    }

    /// When the next request may go.
    fn reserve(&self, now: Instant) -> Instant {
        if self.interval.is_zero() {
            return now;
        }
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full = full_at.map_or(now, |at| at.max(now));
        *full_at = full.checked_add(self.interval).or(Some(full));
        full.checked_sub(self.burst).map_or(now, |at| at.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let limiter = Limiter::new(10.0, 3);
        let now = Instant::now();
        let waits: Vec<_> = (0..6)
            .map(|_| (limiter.reserve(now) - now).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 0, 100, 200, 300]);
    }

    #[test]
    fn the_bucket_fills_up_again_but_not_over() {
        let limiter = Limiter::new(10.0, 2);
        let now = Instant::now();
        for _ in 0..2 {
            assert_eq!(limiter.reserve(now), now);
        }
        let later = now + Duration::from_secs(60);
        let waits: Vec<_> = (0..3)
            .map(|_| (limiter.reserve(later) - later).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 100]);
    }

    #[test]
    fn no_rate_is_no_limit() {
        for qps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let limiter = Limiter::new(qps, 0);
            let now = Instant::now();
            assert!((0..1000).all(|_| limiter.reserve(now) == now), "{qps}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn take_waits_for_its_token() {
        let limiter = Limiter::new(2.0, 1);
        let start = Instant::now();
        for _ in 0..5 {
            limiter.take().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
