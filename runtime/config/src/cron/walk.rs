//! The search for the next time, in the steps of robfig's.
//!
//! It goes on field by field, from the month to the second, and starts again where a field comes round. Most of the
//! time that finds the first time that fits. Near a change of a zone's offset at midnight, and where an offset is not
//! in whole hours, the steps miss some: hours begin where those of UTC do, and a midnight that does not exist moves all
//! days after it. A hook has to run at the same times in both operators, so here they miss the same ones.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::field::{Field, Fields};
use super::next::{second_of, whole_second};

/// Years after that of the start in which a time is looked for.
const YEARS: i16 = 5;

/// Steps after which a search has no end: one that ends takes some hundred for each year. A day that a zone skips
/// (30 December 2011 in Samoa) keeps robfig's in place for ever.
const STEPS: u32 = 100_000;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    At(Timestamp),
    /// Not within [`YEARS`].
    Never,
    /// It would go on for ever.
    Endless,
}

struct Walk<'a> {
    fields: &'a Fields,
    zone: &'a TimeZone,
    /// Seconds since 1970.
    at: i64,
    /// Whether a field was moved: the lesser ones are at their least since.
    moved: bool,
    steps: u32,
}

/// The time after `after` that robfig's steps come to.
pub(super) fn search(fields: &Fields, after: Timestamp, zone: &TimeZone) -> Found {
    let Some(start) = whole_second(after).and_then(|second| second.checked_add(1)) else {
        return Found::Never;
    };
    // A list without items, as in `, * * * *`: looking would take long, and come to nothing.
    let times = [fields.second, fields.minute, fields.hour];
    if times.iter().any(|field| field.first_from(0).is_none()) {
        return Found::Never;
    }
    let mut walk = Walk {
        fields,
        zone,
        at: start,
        moved: false,
        steps: 0,
    };
    walk.run().unwrap_or(Found::Never)
}

impl Walk<'_> {
    /// None at the end of time.
    fn run(&mut self) -> Option<Found> {
        let last_year = self.local()?.year().saturating_add(YEARS);
        loop {
            if self.local()?.year() > last_year {
                return Some(Found::Never);
            }
            if self.steps > STEPS {
                return Some(Found::Endless);
            }
            if self.month()? && self.day()? && self.clock()? {
                return Timestamp::from_second(self.at).ok().map(Found::At);
            }
        }
    }

    /// Goes on to the first month that fits; false when that led into another year.
    fn month(&mut self) -> Option<bool> {
        while !self.fields.month.contains(self.local()?.month()) {
            let date = self.local()?.date();
            if !std::mem::replace(&mut self.moved, true) {
                self.at = self.second_at(date.first_of_month().to_datetime(Time::MIN))?;
            }
            let local = self.local()?;
            let month = (local.date().first_of_month())
                .checked_add(1.month())
                .ok()?;
            // A day that the next month does not have is counted on into the one after it.
            let days = i64::from(local.day()) - 1;
            self.at = self.second_at(
                month
                    .checked_add(days.days())
                    .ok()?
                    .to_datetime(local.time()),
            )?;
            if self.local()?.month() == 1 || self.is_tired() {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Goes on to the first day that fits; false when that led into another month.
    fn day(&mut self) -> Option<bool> {
        loop {
            let local = self.local()?;
            let weekday = local.date().weekday().to_sunday_zero_offset();
            if self.fields.day_fits(local.day(), weekday) {
                return Some(true);
            }
            if !std::mem::replace(&mut self.moved, true) {
                self.at = self.second_at(local.date().to_datetime(Time::MIN))?;
            }
            let local = self.local()?;
            self.at = self.second_at(local.date().tomorrow().ok()?.to_datetime(local.time()))?;
            if self.local()?.day() == 1 || self.is_tired() {
                return Some(false);
            }
        }
    }

    /// Goes on to the first hour, minute and second that fit; false when one of them came round.
    fn clock(&mut self) -> Option<bool> {
        let fields = self.fields;
        Some(
            self.tick(3600, |local| (local.hour(), fields.hour))?
                && self.tick(60, |local| (local.minute(), fields.minute))?
                && self.tick(1, |local| (local.second(), fields.second))?,
        )
    }

    /// Goes on in steps of so many seconds until the part of the local time fits; false when it came to 0.
    fn tick(&mut self, seconds: i64, part: impl Fn(DateTime) -> (i8, Field)) -> Option<bool> {
        loop {
            let (now, field) = part(self.local()?);
            if field.contains(now) {
                return Some(true);
            }
            if !std::mem::replace(&mut self.moved, true) {
                // Of UTC: not a whole hour where the zone's offset is none.
                self.at -= self.at.rem_euclid(seconds);
            }
            self.at = self.at.checked_add(seconds)?;
            if part(self.local()?).0 == 0 || self.is_tired() {
                return Some(false);
            }
        }
    }

    /// Counts a step. Whether they are too many.
    fn is_tired(&mut self) -> bool {
        self.steps += 1;
        self.steps > STEPS
    }

    fn local(&self) -> Option<DateTime> {
        let at = Timestamp::from_second(self.at).ok()?;
        Some(self.zone.to_offset(at).to_datetime(at))
    }

    /// The second at which it is this local time. One that does not exist is moved as Go does: by the offset on one of
    /// both sides of the change.
    fn second_at(&self, local: DateTime) -> Option<i64> {
        let second = second_of(local);
        let offset = |second| -> Option<(i64, Timestamp)> {
            let at = Timestamp::from_second(second).ok()?;
            Some((i64::from(self.zone.to_offset(at).seconds()), at))
        };
        // A guess: the offset that holds when UTC's clock shows this time.
        let (guess, near) = offset(second)?;
        if guess == 0 {
            return Some(second);
        }
        let found = Timestamp::from_second(second - guess).ok()?;
        let (earlier, later) = if found < near {
            (found, near)
        } else {
            (near, found)
        };
        // Whether the guess holds at the time that it leads to.
        let changes = self.zone.following(earlier).next();
        if changes.is_none_or(|change| change.timestamp() > later) {
            return Some(second - guess);
        }
        Some(second - offset(second - guess)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cron::{Crontab, When};

    fn found(crontab: &str, after: &str) -> Found {
        let crontab = Crontab::parse(crontab).unwrap();
        let When::Fields(fields) = &crontab.when else {
            panic!("fields");
        };
        let zone = crontab.zone.clone().unwrap_or(TimeZone::UTC);
        search(fields, after.parse().unwrap(), &zone)
    }

    fn at(text: &str) -> Found {
        Found::At(text.parse().unwrap())
    }

    #[test]
    fn hours_begin_where_those_of_utc_do() {
        // 00:10 in Kolkata: its 06:00 of this day is between two steps.
        assert_eq!(
            found("TZ=Asia/Kolkata 0 6 * * *", "2026-01-01T18:40:00Z"),
            at("2026-01-03T00:30:00Z")
        );
        assert_eq!(
            found("TZ=Asia/Kolkata 0 6 * * *", "2026-01-03T00:30:00Z"),
            at("2026-01-04T00:30:00Z")
        );
    }

    #[test]
    fn a_time_that_is_far_away_is_not_looked_for() {
        assert_eq!(found("0 0 29 2 *", "2096-02-29T00:00:00Z"), Found::Never);
        assert_eq!(found("0 0 31 2 *", "2026-01-01T00:00:00Z"), Found::Never);
        assert_eq!(found(", * * * *", "2026-01-01T00:00:00Z"), Found::Never);
    }

    #[test]
    fn a_day_that_a_zone_skips_ends_the_search() {
        let crontab = "TZ=Pacific/Apia 31 4-13 31 * 0";
        let after = "2011-12-29T20:00:00Z";
        assert_eq!(found(crontab, after), Found::Endless);
        let next = Crontab::parse(crontab).unwrap();
        let next = next.next_after(after.parse().unwrap(), &TimeZone::UTC);
        assert_eq!(
            next.map(|t| t.to_string()).as_deref(),
            Some("2011-12-30T14:31:00Z")
        );
    }
}
