//! How much of one thing there is left.

use std::time::Duration;

use tokio::time::Instant;

/// What is taken beyond what there is comes back within this time at the latest: one run that took very much does not
/// keep its tenant waiting for days.
const LONGEST_DEBT: Duration = Duration::from_secs(60 * 60);

/// How long one waits for what is never there.
const NEVER: Duration = Duration::from_secs(60 * 60);

/// An amount that comes back evenly over a period, and is never more than what comes in one. Kept as the time at which it
/// would be whole again, so that nothing has to be done while time passes.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    /// What comes back in a period; zero: there is never any.
    amount: u64,
    period: Duration,
    /// None: it is whole.
    whole_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(amount: u64, period: Duration) -> Self {
        Self {
            amount,
            period,
            whole_at: None,
        }
    }

    /// Another amount. What was taken stays taken, where that is less of a greater amount; of a smaller one as great a part
    /// is missing as before.
    pub(super) fn resize(&mut self, amount: u64, now: Instant) {
        let used = self.used(now);
        let grows = amount > self.amount && self.amount > 0;
        self.amount = amount;
        if grows {
            self.whole_at = None;
            self.take(used, now);
        }
    }

    pub(super) fn amount(&self) -> u64 {
        self.amount
    }

    /// When there is something left again. Whoever begins something then may take more than there is.
    pub(super) fn ready_at(&self, now: Instant) -> Instant {
        if self.amount == 0 {
            return now + NEVER;
        }
        let one = self.period / u32::try_from(self.amount).unwrap_or(u32::MAX);
        let empty_until = self.whole_at.and_then(|at| at.checked_sub(self.period));
        empty_until.map_or(now, |at| (at + one).max(now))
    }

    /// Takes, whether there is as much or not.
    pub(super) fn take(&mut self, amount: u64, now: Instant) {
        if self.amount == 0 || amount == 0 {
            return;
        }
        let nanoseconds = u128::from(amount) * self.period.as_nanos() / u128::from(self.amount);
        let cost = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
        let most = self.period + LONGEST_DEBT;
        let from = self.whole_at.map_or(now, |at| at.max(now));
        let missing = from
            .saturating_duration_since(now)
            .saturating_add(cost)
            .min(most);
        self.whole_at = Some(now + missing);
    }

    /// What was taken and did not come back yet: more than the amount where it is in debt.
    pub(super) fn used(&self, now: Instant) -> u64 {
        let missing = self
            .whole_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let used = missing.as_nanos() * u128::from(self.amount) / self.period.as_nanos().max(1);
        u64::try_from(used).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn waits(bucket: &Bucket, now: Instant) -> Duration {
        bucket.ready_at(now) - now
    }

    #[test]
    fn what_is_taken_comes_back_evenly() {
        let now = Instant::now();
        let mut bucket = Bucket::new(60, MINUTE);
        assert_eq!(waits(&bucket, now), Duration::ZERO);
        bucket.take(59, now);
        assert_eq!(waits(&bucket, now), Duration::ZERO);
        assert_eq!(bucket.used(now), 59);
        bucket.take(1, now);
        assert_eq!(waits(&bucket, now), Duration::from_secs(1));
        bucket.take(10, now);
        assert_eq!(waits(&bucket, now), Duration::from_secs(11));
        let later = now + Duration::from_secs(40);
        assert_eq!(waits(&bucket, later), Duration::ZERO);
        assert_eq!(bucket.used(later), 30);
        assert_eq!(bucket.used(later + MINUTE), 0);
    }

    #[test]
    fn a_debt_is_bounded() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1, MINUTE);
        bucket.take(u64::MAX, now);
        assert_eq!(waits(&bucket, now), LONGEST_DEBT + MINUTE);
    }

    #[test]
    fn of_nothing_there_is_never_any_until_there_is() {
        let now = Instant::now();
        let mut bucket = Bucket::new(0, MINUTE);
        bucket.take(5, now);
        assert_eq!(waits(&bucket, now), NEVER);
        bucket.resize(5, now);
        assert_eq!(waits(&bucket, now), Duration::ZERO);
    }

    #[test]
    fn another_amount_counts_from_now_on() {
        let now = Instant::now();
        let mut bucket = Bucket::new(10, MINUTE);
        bucket.take(20, now);
        assert_eq!(waits(&bucket, now), Duration::from_secs(66));
        // More: what was taken is less of it. Less again: as great a part is missing.
        bucket.resize(100, now);
        assert_eq!(bucket.used(now), 20);
        assert_eq!(waits(&bucket, now), Duration::ZERO);
        bucket.take(100, now);
        bucket.resize(10, now);
        assert_eq!(bucket.used(now), 12);
    }
}
