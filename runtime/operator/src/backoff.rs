//! Growing pauses between attempts to reach something.

use std::time::Duration;

/// Doubles from the first pause to the greatest, with up to a quarter taken off at random so that many do not ask at
/// the same moment.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    greatest: Duration,
    attempts: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, greatest: Duration) -> Self {
        Self {
            first,
            greatest,
            attempts: 0,
        }
    }

    /// The next pause.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self
            .first
            .saturating_mul(2_u32.saturating_pow(self.attempts))
            .min(self.greatest);
        self.attempts = self.attempts.saturating_add(1);
        pause.mul_f64(1.0 - fastrand::f64() / 4.0)
    }

    /// Whether nothing failed since the last success.
    pub(crate) fn is_fresh(&self) -> bool {
        self.attempts == 0
    }

    /// Count a failure that is not paused for.
    pub(crate) fn spend(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Start small again, because something worked.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A pause for people: in seconds, to the millisecond.
pub(crate) fn seconds(pause: Duration) -> f64 {
    (pause.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_greatest() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        for whole in [1, 2, 4, 8, 16, 30, 30] {
            let pause = backoff.next_pause().as_secs_f64();
            let whole = f64::from(whole);
            assert!(
                (whole * 0.75..=whole).contains(&pause),
                "{pause} of {whole}"
            );
        }
        backoff.reset();
        assert!(backoff.next_pause() <= Duration::from_secs(1));
    }

    #[test]
    fn a_pause_is_told_without_noise() {
        for (pause, told) in [
            (Duration::from_secs(5), "5"),
            (Duration::from_millis(6300), "6.3"),
            (Duration::from_nanos(873_261_234), "0.873"),
            (Duration::from_secs(90_000), "90000"),
        ] {
            assert_eq!(seconds(pause).to_string(), told);
        }
    }
}
