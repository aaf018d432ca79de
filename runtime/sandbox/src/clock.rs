//! The one place where this crate reads the machine's clocks.

use std::time::{Duration, Instant, SystemTime};

/// Now, for measuring.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now, since the start of 1970; zero on a machine whose clock is before that.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn wall() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Whole milliseconds, as limits count.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
