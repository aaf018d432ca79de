//! How long a failed run waits before it is tried again (BEHAVIOUR B3).

use std::time::Duration;

use hookbox_sandbox::Retry;

const FIRST: Duration = Duration::from_secs(5);
const GREATEST: Duration = Duration::from_secs(32);
/// A hook that asks for less gets this, so that it cannot spin.
const LEAST_ASKED: Duration = Duration::from_millis(100);
/// A hook that asks for more gets this.
const MOST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// The pause after a failure that `failures` others preceded: 5 s, then 5 s + 2^(n-1) s and up to a second at random
/// in steps of 100 ms, at most 32 s.
#[must_use]
pub fn growing(failures: u32, random: f64) -> Duration {
    match failures {
        0 => FIRST,
        1..=5 => {
            let tenths = (random.clamp(0.0, 0.999) * 10.0).floor() * 0.1;
            FIRST + Duration::from_secs(1 << (failures - 1)) + Duration::from_secs_f64(tenths)
        }
        _ => GREATEST,
    }
}

/// The pause that `retry` asks for; none when the run shall not be tried again.
#[must_use]
pub fn after(retry: Retry, failures: u32) -> Option<Duration> {
    match retry {
        Retry::BackOff => Some(growing(failures, fastrand::f64())),
        Retry::After(pause) => Some(pause.clamp(LEAST_ASKED, MOST_ASKED)),
        Retry::Never => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_those_of_shell_operator() {
        let millis = |failures, random| growing(failures, random).as_millis();
        assert_eq!(millis(0, 0.9), 5000);
        for (failures, whole) in [(1, 6000), (2, 7000), (3, 9000), (4, 13000), (5, 21000)] {
            assert_eq!(millis(failures, 0.0), whole);
            assert_eq!(millis(failures, 0.55), whole + 500);
            assert_eq!(millis(failures, 1.0), whole + 900);
        }
        assert_eq!(millis(6, 0.9), 32000);
        assert_eq!(millis(u32::MAX, 0.9), 32000);
    }

    #[test]
    fn a_hook_may_ask_for_another_pause_or_for_none() {
        assert_eq!(
            after(Retry::After(Duration::from_secs(90)), 3),
            Some(Duration::from_secs(90))
        );
        assert_eq!(after(Retry::After(Duration::ZERO), 3), Some(LEAST_ASKED));
        assert_eq!(after(Retry::After(Duration::MAX), 3), Some(MOST_ASKED));
        assert_eq!(after(Retry::Never, 0), None);
    }
}
