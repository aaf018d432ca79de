//! The crontab dialect (robfig cron.v2), each fact as it was checked.

use hookbox_config::Crontab;
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn times(crontab: &str, after: &str, count: usize) -> Vec<String> {
    let crontab = Crontab::parse(crontab).unwrap();
    let mut at: Timestamp = after.parse().unwrap();
    let mut times = Vec::new();
    while times.len() < count {
        let Some(next) = crontab.next_after(at, &TimeZone::UTC) else {
            break;
        };
        at = next;
        times.push(next.strftime("%d %H:%M:%S").to_string());
    }
    times
}

const NOON: &str = "2026-03-01T12:00:00Z";

/// Row "5 fields, or 6 with seconds first".
#[test]
fn five_or_six_fields() {
    assert_eq!(
        times("*/20 * * * *", NOON, 2),
        ["01 12:20:00", "01 12:40:00"]
    );
    assert_eq!(
        times("*/20 * * * * *", NOON, 2),
        ["01 12:00:20", "01 12:00:40"]
    );
    for (crontab, message) in [
        ("* * * *", "Expected 5 or 6 fields, found 4: * * * *"),
        (
            "* * * * * * *",
            "Expected 5 or 6 fields, found 7: * * * * * * *",
        ),
        ("", "Expected 5 or 6 fields, found 0: "),
        (" @daily", "Expected 5 or 6 fields, found 1:  @daily"),
    ] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.help().is_some());
    }
    assert!(Crontab::parse("  *\t*  * * *  ").is_ok());
}

/// What robfig's cron answers, as recorded by `robfig/main.go`: a crontab, a start, and the next four times, or `error`.
#[test]
fn times_are_those_of_robfig() {
    let mut wrong = Vec::new();
    for line in include_str!("robfig.txt").lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [spec, from, expected] = cells.as_slice() else {
            panic!("not three cells: {line}");
        };
        let found = match Crontab::parse(spec) {
            Err(_) => "error".to_owned(),
            Ok(crontab) => {
                let next = |at: &Timestamp| crontab.next_after(*at, &TimeZone::UTC);
                let times = std::iter::successors(next(&from.parse().unwrap()), next).take(4);
                let times: Vec<String> = times.map(|time| time.to_string()).collect();
                times.join(" ")
            }
        };
        if found != *expected {
            wrong.push(format!(
                "{spec} after {from}\n  robfig {expected}\n  we     {found}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Row "optional prefix `TZ=Area/City `".
#[test]
fn time_zone_prefix() {
    assert_eq!(
        times("TZ=Europe/Berlin 0 6 * * *", NOON, 2),
        ["02 05:00:00", "03 05:00:00"]
    );
    assert_eq!(times("TZ=Asia/Tokyo @daily", NOON, 1), ["01 15:00:00"]);
    assert_eq!(times("TZ=UTC   @every 2s", NOON, 1), ["01 12:00:02"]);
    for (crontab, code) in [
        ("TZ=Nowhere/City * * * * *", "crontab-unknown-time-zone"),
        ("TZ=../../etc/passwd * * * * *", "crontab-unknown-time-zone"),
        ("TZ=/etc/localtime * * * * *", "crontab-unknown-time-zone"),
        ("TZ=Europe/Berlin", "crontab-only-time-zone"),
        ("TZ=Europe/Berlin ", "crontab-field-count"),
        ("CRON_TZ=Europe/Berlin * * * * * *", "crontab-field-count"),
    ] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.code(), code, "{crontab}");
        assert!(error.help().is_some(), "{crontab}");
    }
}

/// Row "descriptors".
#[test]
fn descriptors() {
    for (crontab, time) in [
        ("@yearly", "01 00:00:00"),
        ("@annually", "01 00:00:00"),
        ("@monthly", "01 00:00:00"),
        ("@weekly", "08 00:00:00"),
        ("@daily", "02 00:00:00"),
        ("@midnight", "02 00:00:00"),
        ("@hourly", "01 13:00:00"),
    ] {
        assert_eq!(times(crontab, NOON, 1), [time], "{crontab}");
    }
    for crontab in ["@often", "@Daily", "@daily ", "@", "@every", "@reboot"] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.code(), "crontab-unknown-descriptor", "{crontab}");
    }
}

/// Row "`@every <dur>` rounded down to whole seconds, minimum 1 s".
#[test]
fn every() {
    for (crontab, first) in [
        ("@every 500ms", "01 12:00:01"),
        ("@every 1500ms", "01 12:00:01"),
        ("@every 1m30s", "01 12:01:30"),
        ("@every 1h", "01 13:00:00"),
        ("@every 0s", "01 12:00:01"),
        ("@every -5s", "01 12:00:01"),
    ] {
        assert_eq!(times(crontab, NOON, 1), [first], "{crontab}");
    }
    assert_eq!(
        times("@every 10s", "2026-03-01T12:00:03.9Z", 1),
        ["01 12:00:13"]
    );
    for crontab in ["@every ", "@every x", "@every 5", "@every 1d", "@every  5s"] {
        assert_eq!(
            Crontab::parse(crontab).unwrap_err().code(),
            "crontab-every",
            "{crontab}"
        );
    }
}

/// Rows "`?`≡`*`" and "month/day names case-insensitive".
#[test]
fn question_marks_and_names() {
    assert_eq!(times("0 0 ? * ?", NOON, 2), times("0 0 * * *", NOON, 2));
    assert_eq!(
        times("0 0 1 JAN,mAr-apr *", "2026-01-01T00:00:00Z", 3),
        ["01 00:00:00"; 3]
    );
    assert_eq!(times("0 0 * * TUE", NOON, 1), ["03 00:00:00"]);
    assert_eq!(
        times("0 0 * * sun-Mon", NOON, 2),
        ["02 00:00:00", "08 00:00:00"]
    );
    for crontab in [
        "0 0 * * january",
        "0 0 * * jan",
        "0 0 * mon *",
        "jan * * * *",
    ] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.code(), "crontab-not-a-number", "{crontab}");
    }
}

/// Row "`N/step` means N..max/step".
#[test]
fn number_with_step() {
    assert_eq!(
        times("5/15 * * * *", NOON, 5),
        [
            "01 12:05:00",
            "01 12:20:00",
            "01 12:35:00",
            "01 12:50:00",
            "01 13:05:00"
        ]
    );
    assert_eq!(
        times("10-30/10 * * * *", NOON, 4),
        ["01 12:10:00", "01 12:20:00", "01 12:30:00", "01 13:10:00"]
    );
    assert_eq!(times("0/70 * * * *", NOON, 1), ["01 13:00:00"]);
}

/// Row "dow 0–6 only".
#[test]
fn bounds() {
    for (crontab, message) in [
        (
            "0 0 * * 7",
            "End of range (7) above maximum (6): 7 (day of week)",
        ),
        (
            "60 * * * *",
            "End of range (60) above maximum (59): 60 (minute)",
        ),
        (
            "60 * * * * *",
            "End of range (60) above maximum (59): 60 (second)",
        ),
        (
            "0 24 * * *",
            "End of range (24) above maximum (23): 24 (hour)",
        ),
        (
            "0 0 0 * *",
            "Beginning of range (0) below minimum (1): 0 (day of month)",
        ),
        (
            "0 0 32 * *",
            "End of range (32) above maximum (31): 32 (day of month)",
        ),
        (
            "0 0 * 0 *",
            "Beginning of range (0) below minimum (1): 0 (month)",
        ),
        (
            "0 0 * 13 *",
            "End of range (13) above maximum (12): 13 (month)",
        ),
        (
            "5-3 * * * *",
            "Beginning of range (5) beyond end of range (3): 5-3 (minute)",
        ),
        ("1-2-3 * * * *", "Too many hyphens: 1-2-3 (minute)"),
        ("1/2/3 * * * *", "Too many slashes: 1/2/3 (minute)"),
        ("x * * * *", "Failed to parse int from `x`: x (minute)"),
        ("-5 * * * *", "Failed to parse int from ``: -5 (minute)"),
    ] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.to_string(), message, "{crontab}");
    }
    let seven = Crontab::parse("0 0 * * 7").unwrap_err();
    assert_eq!(seven.help(), Some("Sunday is 0"));
}

/// Row "no `L W #`".
#[test]
fn no_extensions() {
    for crontab in ["0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 * * 5L"] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.code(), "crontab-not-a-number", "{crontab}");
        assert_eq!(error.help(), Some("`L`, `W` and `#` are not supported"));
    }
}

/// Row "a zero step makes the operator hang at load (refuse it)".
#[test]
fn zero_steps_are_refused() {
    for crontab in ["*/0 * * * *", "0 1-5/0 * * *", "0 0 ?/00 * *"] {
        let error = Crontab::parse(crontab).unwrap_err();
        assert_eq!(error.code(), "crontab-zero-step", "{crontab}");
    }
}

/// Row "both dom and dow restricted → OR rule of classic cron".
#[test]
fn either_day() {
    // 2026-03-01 is a Sunday.
    assert_eq!(
        times("0 0 10 * 2", NOON, 4),
        ["03 00:00:00", "10 00:00:00", "17 00:00:00", "24 00:00:00"]
    );
    assert_eq!(
        times("0 0 5 * 2", NOON, 3),
        ["03 00:00:00", "05 00:00:00", "10 00:00:00"]
    );
    assert_eq!(times("0 0 10 * *", NOON, 2), ["10 00:00:00", "10 00:00:00"]);
    assert_eq!(times("0 0 */5 * 0", NOON, 1), ["26 00:00:00"]);
}

/// Row "impossible dates (31 Feb) parse, and never fire".
#[test]
fn impossible_dates() {
    assert_eq!(times("0 0 31 2 *", NOON, 1), [] as [&str; 0]);
    assert_eq!(times("0 0 29 2 *", NOON, 1), ["29 00:00:00"]);
}
