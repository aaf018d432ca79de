//! Durations as Go writes them: `1s`, `1m30s`, `100ms`, `1.5h`.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Not numbers with units.
    #[error("`{0}` is not a duration")]
    Malformed(String),
    /// A number without a unit.
    #[error("`{0}` lacks a unit")]
    NoUnit(String),
    /// A unit that there is none of.
    #[error("`{unit}` is no unit of time")]
    UnknownUnit {
        /// What was written.
        unit: String,
    },
    /// More than about 292 years.
    #[error("`{0}` is too long")]
    TooLong(String),
    /// Less than nothing.
    #[error("`{0}` is negative")]
    Negative(String),
}

impl DurationError {
    /// A stable word to match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed-duration",
            Self::NoUnit(_) => "duration-without-unit",
            Self::UnknownUnit { .. } => "unknown-duration-unit",
            Self::TooLong(_) => "duration-too-long",
            Self::Negative(_) => "negative-duration",
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Negative(_) => "write a duration of zero or more, such as `1s`",
            Self::TooLong(_) => "the longest duration is about 292 years",
            Self::Malformed(_) | Self::NoUnit(_) | Self::UnknownUnit { .. } => {
                "write numbers with the units h, m, s, ms, us or ns, such as `1s`, `1m30s` or `100ms`"
            }
        }
    }
}

/// No duration is longer; it also bounds what an error repeats.
const LONGEST_TEXT: usize = 64;

/// Read a duration of zero or more.
///
/// # Errors
/// When the text is none of Go's durations, or is negative.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let nanoseconds = parse_signed(text)?;
    u64::try_from(nanoseconds)
        .map(Duration::from_nanos)
        .map_err(|_| DurationError::Negative(text.to_owned()))
}

/// Read a duration of either sign, in nanoseconds.
///
/// # Errors
/// When the text is none of Go's durations.
pub fn parse_signed(text: &str) -> Result<i64, DurationError> {
    if text.len() > LONGEST_TEXT {
        let start: String = text.chars().take(LONGEST_TEXT / 2).collect();
        return Err(DurationError::Malformed(format!("{start}…")));
    }
    let malformed = || DurationError::Malformed(text.escape_debug().to_string());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(malformed());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(DurationError::NoUnit(text.to_owned()));
        }
        let scale = scale(unit).ok_or_else(|| DurationError::UnknownUnit {
            unit: unit.escape_debug().to_string(),
        })?;
        total += amount(whole, fraction, scale)
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = after;
    }
    let signed = if negative { -total } else { total };
    i64::try_from(signed).map_err(|_| DurationError::TooLong(text.to_owned()))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

/// Nanoseconds of a unit.
fn scale(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn amount(whole: &str, fraction: &str, scale: i128) -> Option<i128> {
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // No unit has more than fifteen digits of nanoseconds: what comes later does not count.
    let fraction: &str = fraction.get(..15).unwrap_or(fraction);
    let mut part: i128 = 0;
    if !fraction.is_empty() {
        let exponent = u32::try_from(fraction.len()).ok()?;
        part = fraction.parse::<i128>().ok()? * scale / 10_i128.checked_pow(exponent)?;
    }
    whole
        .checked_mul(scale)?
        .checked_add(part)
        .filter(|n| *n <= 1 << 63)
}

/// Write a duration as Go does: `0s`, `100ms`, `1.5s`, `1m30s`, `2h0m0s`.
#[must_use]
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    for (limit, unit, scale) in [
        (1_000, "ns", 1),
        (1_000_000, "\u{b5}s", 1_000),
        (1_000_000_000, "ms", 1_000_000),
    ] {
        if nanoseconds < limit {
            return format!("{}{unit}", decimal(nanoseconds, scale));
        }
    }
    let minute = 60_000_000_000;
    let seconds = format!("{}s", decimal(nanoseconds % minute, 1_000_000_000));
    match nanoseconds / minute {
        0 => seconds,
        minutes if minutes < 60 => format!("{minutes}m{seconds}"),
        minutes => format!("{}h{}m{seconds}", minutes / 60, minutes % 60),
    }
}

/// `number / scale` with as many places as it needs.
fn decimal(number: u128, scale: u128) -> String {
    let rest = number % scale;
    if rest == 0 {
        return (number / scale).to_string();
    }
    let places = scale.ilog10() as usize;
    let fraction = format!("{rest:0places$}");
    format!("{}.{}", number / scale, fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("0s", 0),
            ("1s", 1_000_000_000),
            ("+5s", 5_000_000_000),
            ("-1.5s", -1_500_000_000),
            ("1m30s", 90_000_000_000),
            ("100ms", 100_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("3us", 3_000),
            ("3\u{b5}s", 3_000),
            ("1h1ns", 3_600_000_000_001),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("0.1000000000000000000001s", 100_000_000),
        ] {
            assert_eq!(parse_signed(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for (text, code) in [
            ("", "malformed-duration"),
            ("-", "malformed-duration"),
            ("s", "malformed-duration"),
            (".s", "malformed-duration"),
            ("1", "duration-without-unit"),
            ("1.5", "duration-without-unit"),
            ("1d", "unknown-duration-unit"),
            ("1 s", "unknown-duration-unit"),
            ("1m 30s", "unknown-duration-unit"),
            ("9223372036854775808ns", "duration-too-long"),
            ("99999999999999999h", "duration-too-long"),
            (
                "99999999999999999999999999999999999999999999h",
                "duration-too-long",
            ),
        ] {
            assert_eq!(parse_signed(text).unwrap_err().code(), code, "{text}");
        }
        assert_eq!(parse("-1s").unwrap_err().code(), "negative-duration");
        assert!(parse_signed(&"1h".repeat(1_000_000)).is_err());
    }

    #[test]
    fn writes_what_go_writes() {
        for text in [
            "0s",
            "1ns",
            "1.1\u{b5}s",
            "2.2ms",
            "100ms",
            "3.3s",
            "1m30s",
            "4m5s",
            "4m5.001s",
            "5h6m7.001s",
            "2h0m0s",
            "8m0.000000001s",
        ] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanoseconds in 0..=i64::MAX as u64) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+]?[0-9.hmsnuµ]{0,40}") {
            let _ = parse(&text);
        }
    }
}
