//! The one place that reads the wall clock, for time stamps in objects.

use jiff::Timestamp;

/// Now, as `metav1.Time` is written: UTC, whole seconds.
pub(crate) fn now() -> String {
    after(0)
}

/// Now plus seconds, in the same form.
pub(crate) fn after(seconds: i64) -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second().saturating_add(seconds))
        .unwrap_or(now)
        .to_string()
}

/// Seconds since a time stamp; none when it is not one.
pub(crate) fn age(stamp: &str) -> Option<i64> {
    let at: Timestamp = stamp.parse().ok()?;
    Some(Timestamp::now().as_second().saturating_sub(at.as_second()))
}
