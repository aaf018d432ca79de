//! The one place where this crate reads the machine's clocks.

use std::time::SystemTime;

/// Seconds since the start of 1970, for `now`; zero on a machine whose clock is before that.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn wall() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
