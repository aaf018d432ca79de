//! The fields of a crontab, each a set of numbers.

use super::parse::CronError;

/// The numbers of one field as bits 0 to 59, and whether it was written as a star.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    star: bool,
}

impl Field {
    pub(super) fn contains(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|n| self.bits.checked_shr(n).unwrap_or(0) & 1 == 1)
    }

    /// The smallest number from `least` on.
    pub(super) fn first_from(self, least: i8) -> Option<i8> {
        let least = u32::try_from(least).ok()?;
        match self.bits.checked_shr(least)? {
            0 => None,
            bits => i8::try_from(bits.trailing_zeros() + least).ok(),
        }
    }
}

/// All six.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) second: Field,
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
}

impl Fields {
    /// Classic cron's rule of two day fields: both restricted, either fits.
    pub(super) fn day_fits(&self, day: i8, weekday: i8) -> bool {
        let day_fits = self.day.contains(day);
        let weekday_fits = self.weekday.contains(weekday);
        if self.day.star || self.weekday.star {
            day_fits && weekday_fits
        } else {
            day_fits || weekday_fits
        }
    }
}

/// What a field may hold.
pub(super) struct Bounds {
    name: &'static str,
    least: u64,
    most: u64,
    /// Names of numbers, from `least` on.
    names: &'static [&'static str],
}

pub(super) const SECOND: Bounds = Bounds {
    name: "second",
    least: 0,
    most: 59,
    names: &[],
};
pub(super) const MINUTE: Bounds = Bounds {
    name: "minute",
    ..SECOND
};
pub(super) const HOUR: Bounds = Bounds {
    name: "hour",
    most: 23,
    ..SECOND
};
pub(super) const DAY: Bounds = Bounds {
    name: "day of month",
    least: 1,
    most: 31,
    names: &[],
};
pub(super) const MONTH: Bounds = Bounds {
    name: "month",
    least: 1,
    most: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
pub(super) const WEEKDAY: Bounds = Bounds {
    name: "day of week",
    least: 0,
    most: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// A list of ranges. Empty items are passed over, as robfig does; a list of nothing never fires.
pub(super) fn parse(text: &str, bounds: &Bounds) -> Result<Field, CronError> {
    let mut field = Field {
        bits: 0,
        star: false,
    };
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let range = range(item, bounds)?;
        field.bits |= range.bits;
        field.star |= range.star;
    }
    Ok(field)
}

fn range(item: &str, bounds: &Bounds) -> Result<Field, CronError> {
    let field = bounds.name;
    let mut by_step = item.split('/');
    let range = by_step.next().unwrap_or_default();
    let step = by_step.next();
    if by_step.next().is_some() {
        return Err(CronError::TooManySlashes {
            field,
            text: item.to_owned(),
        });
    }
    let mut ends = range.split('-');
    let low = ends.next().unwrap_or_default();
    let high = ends.next();
    let star = matches!(low, "*" | "?");
    let (start, mut end) = if star {
        (bounds.least, bounds.most)
    } else {
        if ends.next().is_some() {
            return Err(CronError::TooManyHyphens {
                field,
                text: item.to_owned(),
            });
        }
        let start = number_or_name(low, bounds, item)?;
        let end = match high {
            Some(high) => number_or_name(high, bounds, item)?,
            None => start,
        };
        (start, end)
    };
    let step = match step {
        None => 1,
        Some(step) => {
            if high.is_none() {
                end = bounds.most;
            }
            number(step, field, item)?
        }
    };
    if start < bounds.least {
        return Err(CronError::BelowMinimum {
            field,
            number: start,
            least: bounds.least,
            text: item.to_owned(),
        });
    }
    if end > bounds.most {
        return Err(CronError::AboveMaximum {
            field,
            number: end,
            most: bounds.most,
            text: item.to_owned(),
        });
    }
    if start > end {
        return Err(CronError::Backwards {
            field,
            start,
            end,
            text: item.to_owned(),
        });
    }
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    if step == 0 {
        return Err(CronError::ZeroStep {
            field,
            text: item.to_owned(),
        });
    }
    let bits = (start..=end)
        .step_by(step)
        .fold(0, |bits, number| bits | 1 << number);
    Ok(Field { bits, star })
}

fn number_or_name(text: &str, bounds: &Bounds, item: &str) -> Result<u64, CronError> {
    let name = text.to_ascii_lowercase();
    match (bounds.least..)
        .zip(bounds.names)
        .find(|(_, n)| **n == name)
    {
        Some((number, _)) => Ok(number),
        None => number(text, bounds.name, item),
    }
}

fn number(text: &str, field: &'static str, item: &str) -> Result<u64, CronError> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CronError::NotANumber {
            field,
            number: text.to_owned(),
            text: item.to_owned(),
        });
    }
    digits.parse().map_err(|_| CronError::NotANumber {
        field,
        number: text.to_owned(),
        text: item.to_owned(),
    })
}
