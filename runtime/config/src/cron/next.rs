//! When a crontab fires next.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::field::Fields;

const NANOSECONDS: i128 = 1_000_000_000;

/// A 29 February that has to be on a certain day of the week (`29 2 */7`) is never more than forty years away (2088 to
/// 2128 for a Sunday), and no other date is further.
const HORIZON_SECONDS: i64 = 41 * 366 * 24 * 3600;

/// The start of the second that `at` is in.
pub(super) fn whole_second(at: Timestamp) -> Option<i64> {
    i64::try_from(at.as_nanosecond().div_euclid(NANOSECONDS)).ok()
}

pub(super) fn every(seconds: i64, after: Timestamp) -> Option<Timestamp> {
    let next = whole_second(after)?.checked_add(seconds)?;
    Timestamp::from_second(next).ok()
}

/// The first second after `after` whose local time fits.
///
/// Between two changes of the zone's offset, local time runs evenly. So each such stretch is searched by itself: what
/// a change skips is in no stretch, what it repeats is in two.
pub(super) fn matching(fields: &Fields, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let mut start = whole_second(after)?.checked_add(1)?;
    let horizon = start.checked_add(HORIZON_SECONDS)?;
    while start < horizon {
        let at = Timestamp::from_second(start).ok()?;
        let offset = zone.to_offset(at);
        let end = zone
            .following(at)
            .next()
            .and_then(|transition| whole_second(transition.timestamp()))
            .map_or(horizon, |end| end.min(horizon));
        let from = offset.to_datetime(at);
        let seconds = i64::from(offset.seconds());
        // The local date at which the stretch ends; a search beyond it would be in vain.
        let until =
            Timestamp::from_second(end).map_or(Date::MAX, |end| offset.to_datetime(end).date());
        if let Some(found) = first_civil(fields, from, until) {
            let second = second_of(found) - seconds;
            if second < end {
                return Timestamp::from_second(second).ok();
            }
        }
        if end <= start {
            return None;
        }
        start = end;
    }
    None
}

/// Seconds since 1970 as if the local time were UTC's.
pub(super) fn second_of(local: DateTime) -> i64 {
    let days = i64::from(days_since_epoch(local.date()));
    let time = local.time();
    days * 86_400
        + i64::from(time.hour()) * 3600
        + i64::from(time.minute()) * 60
        + i64::from(time.second())
}

fn days_since_epoch(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    // The span is in days unless asked otherwise, and no two dates are further apart than an i32 can say.
    (date - epoch).get_days()
}

/// The first local time from `from` on that fits, not after the date `until`.
fn first_civil(fields: &Fields, from: DateTime, until: Date) -> Option<DateTime> {
    let mut date = from.date();
    let mut least = from.time();
    while date <= until {
        if !fields.month.contains(date.month()) {
            date = date.last_of_month().tomorrow().ok()?;
            least = Time::MIN;
            continue;
        }
        let weekday = date.weekday().to_sunday_zero_offset();
        if fields.day_fits(date.day(), weekday)
            && let Some(time) = first_time(fields, least)
        {
            return Some(date.to_datetime(time));
        }
        date = date.tomorrow().ok()?;
        least = Time::MIN;
    }
    None
}

/// The first time of day from `least` on that fits.
fn first_time(fields: &Fields, least: Time) -> Option<Time> {
    let hour = fields.hour.first_from(least.hour())?;
    if hour == least.hour() {
        if let Some(minute) = fields.minute.first_from(least.minute()) {
            if minute == least.minute()
                && let Some(second) = fields.second.first_from(least.second())
            {
                return Time::new(hour, minute, second, 0).ok();
            }
            let minute = if minute > least.minute() {
                Some(minute)
            } else {
                fields.minute.first_from(minute + 1)
            };
            if let (Some(minute), Some(second)) = (minute, fields.second.first_from(0)) {
                return Time::new(hour, minute, second, 0).ok();
            }
        }
        let hour = fields.hour.first_from(hour + 1)?;
        return earliest(fields, hour);
    }
    earliest(fields, hour)
}

/// The first time in that hour that fits.
fn earliest(fields: &Fields, hour: i8) -> Option<Time> {
    let minute = fields.minute.first_from(0)?;
    let second = fields.second.first_from(0)?;
    Time::new(hour, minute, second, 0).ok()
}
