//! Dates: seconds since 1970, or `[year, month - 1, day, hours, minutes, seconds, weekday, day of the year]`.
//! The sandbox has no time zones: local time is UTC.

mod format;
mod parse;

use jaq_core::native::Fun;

use super::text::string;
use super::{Data, op};
use crate::err::{self, ValR};
use crate::num;
use crate::val::Val;

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    /// Whole seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanos: i64,
}

/// A moment as people name it.
#[derive(Debug, Clone, Copy)]
pub struct Civil {
    pub year: i64,
    /// From 1.
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// Sunday is 0.
    pub weekday: i64,
    /// From 1.
    pub yearday: i64,
}

/// Days from 1970-01-01 in the Gregorian calendar; the month and day need not be within bounds.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let months = month - 1;
    let year = year.saturating_add(months.div_euclid(12));
    let month = months.rem_euclid(12) + 1;
    // Years begin in March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.saturating_mul(146_097)
        .saturating_add(days - 719_468)
        .saturating_add(day - 1)
}

impl Time {
    pub fn new(year: i64, month: i64, day: i64, clock: [i64; 3], nanos: i64) -> Self {
        let [hour, minute, second] = clock.map(|part| part.clamp(-1 << 40, 1 << 40));
        let limit = 1 << 40;
        let days = days(
            year.clamp(-limit, limit),
            month.clamp(-limit, limit),
            day.clamp(-limit, limit),
        );
        Self {
            seconds: days
                .saturating_mul(86_400)
                .saturating_add(hour * 3600 + minute * 60 + second),
            nanos,
        }
    }

    fn from_f64(f: f64) -> Self {
        let seconds = if f.is_nan() {
            0
        } else {
            (f as i64).clamp(-1 << 60, 1 << 60)
        };
        let nanos = ((f - f.floor()) * 1e9) as i64;
        // Seconds are cut towards zero while the fraction counts from below: that is what the peers' jq does.
        Self { seconds, nanos }
    }

    pub fn civil(self) -> Civil {
        let day = self.seconds.div_euclid(86_400);
        let clock = self.seconds.rem_euclid(86_400);
        let z = day + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Civil {
            year,
            month,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            weekday: (day + 4).rem_euclid(7),
            yearday: day - days(year, 1, 1) + 1,
        }
    }

    fn broken_down(self) -> Val {
        let c = self.civil();
        let seconds = c.second as f64 + self.nanos as f64 / 1e9;
        let ints = [c.year, c.month - 1, c.day, c.hour, c.minute];
        let mut parts: Vec<Val> = ints.into_iter().map(Val::Int).collect();
        parts.extend([
            Val::Float(seconds),
            Val::Int(c.weekday),
            Val::Int(c.yearday - 1),
        ]);
        Val::arr(parts)
    }

    fn epoch(self) -> Val {
        Val::Float(self.seconds as f64 + self.nanos as f64 / 1e9)
    }

    fn from_broken_down(parts: &[Val]) -> Option<Self> {
        let mut ints = [0; 8];
        let mut nanos = 0;
        for (i, (int, part)) in ints.iter_mut().zip(parts).enumerate() {
            if i == 5 {
                let f = num::to_f64(part)?;
                nanos = ((f - f.floor()) * 1e9) as i64;
            }
            *int = num::to_int(part)?;
        }
        let [year, month, day, hour, minute, second, ..] = ints;
        Some(Self::new(
            year,
            month.saturating_add(1),
            day,
            [hour, minute, second],
            nanos,
        ))
    }
}

const NOT_A_TIME: &str = "expected an array of 8 numbers";

fn gmtime(name: &str, v: &Val) -> ValR {
    num::to_f64(v)
        .map(|f| Time::from_f64(f).broken_down())
        .ok_or_else(|| err::not_for(name, v))
}

fn mktime(v: &Val) -> ValR {
    let Val::Arr(parts) = v else {
        return Err(err::not_for("mktime", v));
    };
    let time = Time::from_broken_down(parts).ok_or_else(|| {
        err::message(format!(
            "mktime cannot be applied to {}: {NOT_A_TIME}",
            crate::json::preview(v)
        ))
    })?;
    Ok(time.epoch())
}

fn strftime(name: &str, v: &Val, format: &Val) -> ValR {
    let broken_down = match v {
        Val::Arr(_) => v.clone(),
        v => gmtime(name, v).map_err(|_| err::not_for1(name, v, format))?,
    };
    let (Val::Arr(parts), Val::Str(text)) = (&broken_down, format) else {
        return Err(err::not_for1(name, v, format));
    };
    let time =
        Time::from_broken_down(parts).ok_or_else(|| err::failed1(name, v, format, NOT_A_TIME))?;
    Ok(Val::bytes(format::format(time, text)))
}

fn strptime(v: &Val, format: &Val) -> ValR {
    let (Ok(s), Ok(f)) = (string("strptime", v), string("strptime", format)) else {
        return Err(err::not_for1("strptime", v, format));
    };
    match parse::parse(s, f) {
        Ok(time) => Ok(time.broken_down()),
        Err(why) => Err(err::failed1("strptime", v, format, &why)),
    }
}

pub fn funs() -> Vec<Fun<Data>> {
    vec![
        op!("gmtime", |v| gmtime("gmtime", &v)),
        op!("localtime", |v| gmtime("localtime", &v)),
        op!("mktime", |v| mktime(&v)),
        op!("strftime", |v, format| strftime("strftime", &v, &format)),
        op!("strflocaltime", |v, format| strftime(
            "strflocaltime",
            &v,
            &format
        )),
        op!("strptime", |v, format| strptime(&v, &format)),
    ]
}
