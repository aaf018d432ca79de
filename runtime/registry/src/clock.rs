//! The one place where this crate reads the machine's clock.

use std::time::SystemTime;

/// Now.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
