//! `hookbox try cron`: when a crontab fires.

use anyhow::anyhow;
use hookbox_config::cron::time_zone;
use hookbox_config::{CronError, Crontab};
use hookbox_operator::Clock;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Ui};

pub(super) fn cron(args: &args::Cron, ui: &Ui) -> Outcome {
    let zone = zone(args.time_zone.as_deref())?;
    let crontab = Crontab::parse(&args.spec).map_err(refused)?;
    let from = args.from.unwrap_or_else(|| Clock::System.now());
    let times = times(&crontab, from, &zone, usize::from(args.count));
    if times.is_empty() {
        ui.warn(format_args!("`{}` never fires", args.spec));
    }
    let zone = crontab.time_zone().unwrap_or(&zone);
    let texts: Vec<String> = times.iter().map(|time| rfc3339(*time, zone)).collect();
    ui.listing(args.output, &texts, |texts| {
        table(&times, texts, from, zone)
    })
}

/// As Go reads it: empty is UTC, a colon in front is left out.
fn zone(name: Option<&str>) -> Outcome<TimeZone> {
    match name.map(|name| name.strip_prefix(':').unwrap_or(name)) {
        None | Some("" | "UTC") => Ok(TimeZone::UTC),
        Some("Local") => Ok(TimeZone::system()),
        Some(name) => time_zone(name).ok_or_else(|| {
            Failure::usage(anyhow!("`{name}` is no time zone")).help(
                "--time-zone and TZ take a name of the time zone database, such as Europe/Berlin",
            )
        }),
    }
}

fn refused(error: CronError) -> Failure {
    let help = error.help();
    let failure = Failure::failed(anyhow::Error::new(error).context("the crontab is refused"));
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn times(crontab: &Crontab, from: Timestamp, zone: &TimeZone, count: usize) -> Vec<Timestamp> {
    let next = |after: &Timestamp| crontab.next_after(*after, zone);
    std::iter::successors(next(&from), next)
        .take(count)
        .collect()
}

/// With the zone's offset at that time; `Z` for UTC.
fn rfc3339(time: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return time.to_string();
    }
    time.display_with_offset(zone.to_offset(time)).to_string()
}

fn table(times: &[Timestamp], texts: &[String], from: Timestamp, zone: &TimeZone) -> String {
    let rows = times.iter().zip(texts).map(|(time, text)| {
        let day = time.to_zoned(zone.clone()).strftime("%a").to_string();
        vec![text.clone(), day, after(from, *time)]
    });
    ui::table(&["TIME", "DAY", "IN"], rows)
}

/// How long it is from one time to another: the two greatest units.
fn after(from: Timestamp, to: Timestamp) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = to.as_second() - from.as_second();
    let mut parts = Vec::new();
    for (seconds, unit) in UNITS {
        if left >= seconds {
            parts.push(format!("{}{unit}", left / seconds));
            left %= seconds;
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        return "0s".to_owned();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_have_the_offset_of_their_zone() {
        let berlin = time_zone("Europe/Berlin").unwrap();
        assert_eq!(
            rfc3339(at("2026-01-01T05:00:00Z"), &berlin),
            "2026-01-01T06:00:00+01:00"
        );
        assert_eq!(
            rfc3339(at("2026-07-01T05:00:00Z"), &berlin),
            "2026-07-01T07:00:00+02:00"
        );
        assert_eq!(
            rfc3339(at("2026-07-01T05:00:00Z"), &TimeZone::UTC),
            "2026-07-01T05:00:00Z"
        );
    }

    #[test]
    fn spans_are_told_by_their_two_greatest_units() {
        let from = at("2026-01-01T00:00:00Z");
        for (to, expected) in [
            ("2026-01-01T00:00:00.9Z", "0s"),
            ("2026-01-01T00:00:07Z", "7s"),
            ("2026-01-01T02:00:07Z", "2h 7s"),
            ("2027-01-01T06:30:15Z", "365d 6h"),
        ] {
            assert_eq!(after(from, at(to)), expected);
        }
    }

    #[test]
    fn zones_are_named_as_for_go() {
        assert_eq!(zone(None).unwrap(), TimeZone::UTC);
        assert_eq!(zone(Some("")).unwrap(), TimeZone::UTC);
        assert_eq!(
            zone(Some(":Europe/Berlin")).unwrap(),
            time_zone("Europe/Berlin").unwrap()
        );
        assert!(zone(Some("Nowhere/Town")).is_err());
    }
}
