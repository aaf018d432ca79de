//! The wall clock, for schedules and records. The one place where it is read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// What time it is.
#[derive(Debug, Clone, Copy, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that showed `start` at `at` and goes on with the runtime's timers; with paused timers it stands still
    /// until they are advanced.
    Timers {
        /// What it showed.
        start: Timestamp,
        /// When.
        at: Instant,
    },
}

impl Clock {
    /// A clock that shows `start` now and follows the runtime's timers.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Timers {
            start,
            at: Instant::now(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Timers { start, at } => {
                let gone = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
                start.checked_add(gone).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How long it is until `then`; zero when that has passed.
    #[must_use]
    pub fn until(&self, then: Timestamp) -> Duration {
        Duration::try_from(then.duration_since(self.now())).unwrap_or_default()
    }
}
