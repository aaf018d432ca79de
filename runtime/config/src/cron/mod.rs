//! Crontabs in the dialect of shell-operator (robfig cron.v2), and when they fire.
//!
//! - Five fields (minute, hour, day of month, month, day of week), or six with seconds first.
//! - A field is a list of `*`, `?` (the same), `N`, `A-B`, each with `/step`; `N/step` means from N to the maximum.
//! - Months and days of the week may be written as `jan`…`dec` and `sun`…`sat`, in any case. Days of the week are 0
//!   (Sunday) to 6. There is no `L`, `W` or `#`.
//! - When both day fields are restricted, a day that fits either is a fit. A field that starts with `*` (also `*/2`)
//!   is not restricted.
//! - `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`; `@every 1m30s` counts from the
//!   time asked about, in whole seconds, at least one.
//! - `TZ=Area/City ` in front sets the time zone.
//! - A date that never comes (31 February) is no error: such a crontab never fires.
//! - Times that clocks skip in spring do not fire that day; times that come twice in autumn fire twice.
//! - A time that is not within five years is not looked for.
//! - Where clocks change at midnight, or a zone's offset is not in whole hours, robfig's search misses some times; so
//!   does this one, so that hooks run at the same times.
//!
//! What differs: a step of zero, with which robfig's parser never ends, is refused; and a day that a zone skips, at
//! which its search never ends, is gone over.

mod field;
mod next;
mod parse;
mod walk;

use std::fmt;
use std::hash::{Hash, Hasher};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

pub use self::parse::CronError;

/// A schedule. Two are equal when their texts are, because bindings with the same text share one timer.
#[derive(Debug, Clone)]
pub struct Crontab {
    text: String,
    zone: Option<TimeZone>,
    when: When,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    /// At times of the clock.
    Fields(field::Fields),
    /// Every so many seconds.
    Every(i64),
}

/// The time zone of that name in the time zone database: the system's, or else the one that the feature `timezones`
/// carries along.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    parse::named(name)
}

impl Crontab {
    /// Read a crontab.
    ///
    /// # Errors
    /// What is wrong with it, with the words of robfig's parser.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        parse::parse(text)
    }

    /// The first whole second after `after` at which this fires; none when it never does (31 February).
    ///
    /// `default` is the time zone of crontabs without `TZ=`.
    #[must_use]
    pub fn next_after(&self, after: Timestamp, default: &TimeZone) -> Option<Timestamp> {
        match &self.when {
            When::Every(seconds) => next::every(*seconds, after),
            When::Fields(fields) => {
                let zone = self.zone.as_ref().unwrap_or(default);
                match walk::search(fields, after, zone) {
                    walk::Found::At(next) => Some(next),
                    walk::Found::Never => None,
                    walk::Found::Endless => next::matching(fields, after, zone),
                }
            }
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The time zone that the crontab itself names.
    #[must_use]
    pub fn time_zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// Whether there is no date at all on which this fires, whatever the time zone's clocks do.
    #[must_use]
    pub fn never_fires(&self) -> bool {
        match &self.when {
            When::Every(_) => false,
            When::Fields(fields) => {
                next::matching(fields, Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_none()
            }
        }
    }
}

impl std::str::FromStr for Crontab {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Crontab {}

impl Hash for Crontab {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl Serialize for Crontab {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
