//! How often a hook may run (`settings`, BEHAVIOUR B6).

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: one token comes each interval, and at most `burst` are kept.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    interval: Duration,
    burst: u32,
    /// When the bucket would be full again, were no more tokens taken.
    full_at: Option<Instant>,
}

impl TokenBucket {
    /// A full bucket. No limit when `interval` is zero; a burst below one counts as one.
    #[must_use]
    pub fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            burst: burst.max(1),
            full_at: None,
        }
    }

    /// When a token could be used next; none is taken.
    #[must_use]
    pub fn look(&self, now: Instant) -> Instant {
        self.next(now).0
    }

    /// Take a token at `now`, perhaps one that is yet to come: when it may be used.
    pub fn take(&mut self, now: Instant) -> Instant {
        let (turn, full_at) = self.next(now);
        self.full_at = full_at;
        turn
    }

    /// As [`Self::take`], if the token may be used before `until`. Otherwise none is taken.
    pub fn take_by(&mut self, now: Instant, until: Instant) -> Option<Instant> {
        let (turn, full_at) = self.next(now);
        (turn <= until).then(|| {
            self.full_at = full_at;
            turn
        })
    }

    /// When the next token may be used, and when the bucket is full once it is taken.
    fn next(&self, now: Instant) -> (Instant, Option<Instant>) {
        if self.interval.is_zero() {
            return (now, None);
        }
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + self.interval;
        // The token can be used when the bucket, refilled in time, is not emptier than empty.
        let empty_to_full = self.interval.saturating_mul(self.burst);
        let turn = full_at
            .checked_sub(empty_to_full)
            .map_or(now, |at| at.max(now));
        (turn, Some(full_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(bucket: &mut TokenBucket, start: Instant, at: &[u64]) -> Vec<u64> {
        at.iter()
            .map(|ms| {
                bucket
                    .take(start + Duration::from_millis(*ms))
                    .duration_since(start)
                    .as_millis() as u64
            })
            .collect()
    }

    #[test]
    fn tokens_come_one_an_interval() {
        let mut bucket = TokenBucket::new(Duration::from_secs(2), 1);
        assert_eq!(
            waits(&mut bucket, Instant::now(), &[0, 0, 100, 9000]),
            [0, 2000, 4000, 9000]
        );
    }

    #[test]
    fn a_burst_goes_at_once_and_refills() {
        let mut bucket = TokenBucket::new(Duration::from_secs(1), 3);
        let start = Instant::now();
        assert_eq!(
            waits(&mut bucket, start, &[0, 0, 0, 0, 0]),
            [0, 0, 0, 1000, 2000]
        );
        assert_eq!(
            waits(&mut bucket, start, &[10_000, 10_000, 10_000, 10_000]),
            [10_000, 10_000, 10_000, 11_000]
        );
    }

    #[test]
    fn a_token_that_comes_too_late_is_left_for_others() {
        let mut bucket = TokenBucket::new(Duration::from_secs(10), 1);
        let start = Instant::now();
        let until = start + Duration::from_secs(9);
        assert_eq!(bucket.take_by(start, until), Some(start));
        for _ in 0..5 {
            assert_eq!(bucket.take_by(start, until), None);
        }
        let next = start + Duration::from_secs(10);
        assert_eq!(bucket.take_by(start, next), Some(next));
    }

    #[test]
    fn no_interval_is_no_limit() {
        let mut bucket = TokenBucket::new(Duration::ZERO, 0);
        assert_eq!(waits(&mut bucket, Instant::now(), &[0, 0, 0]), [0, 0, 0]);
    }
}
