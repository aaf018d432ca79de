use super::{bad, good, warnings};

/// Section "schedule[]", all rows.
#[test]
fn fields_and_defaults() {
    let config = good(
        "
schedule:
- crontab: '* * * * *'
- name: x
  crontab: '@every 5s'
  allowFailure: true
  queue: q
  group: g
  includeSnapshotsFrom: [a, a]
- {crontab: '@daily', name: '', queue: '', group: ''}
kubernetes: [{name: a, kind: Pod}]
",
    );
    let [default, full, empty] = &config.schedule[..] else {
        panic!("{config:?}")
    };
    for schedule in [default, empty] {
        assert_eq!(schedule.name, "schedule");
        assert_eq!(schedule.queue, "main");
        assert_eq!(schedule.group, None);
        assert!(!schedule.allow_failure);
        assert!(schedule.include_snapshots_from.is_empty());
    }
    assert_eq!(full.name, "x");
    assert_eq!(full.crontab.as_str(), "@every 5s");
    assert!(full.allow_failure);
    assert_eq!(full.queue, "q");
    assert_eq!(full.group.as_deref(), Some("g"));
    assert_eq!(full.include_snapshots_from, ["a"]);
}

#[test]
fn mistakes() {
    for (schedule, path, code) in [
        ("{}", "schedule[0].crontab", "missing"),
        ("{crontab: 5}", "schedule[0].crontab", "wrong-type"),
        (
            "{crontab: '@daily', allowFailure: 'true'}",
            "schedule[0].allowFailure",
            "wrong-type",
        ),
        (
            "{crontab: '@daily', name: 1}",
            "schedule[0].name",
            "wrong-type",
        ),
        (
            "{crontab: '@daily', queue: [q]}",
            "schedule[0].queue",
            "wrong-type",
        ),
        (
            "{crontab: '@daily', group: }",
            "schedule[0].group",
            "wrong-type",
        ),
        (
            "{crontab: '@daily', includeSnapshotsFrom: []}",
            "schedule[0].includeSnapshotsFrom",
            "too-few-items",
        ),
        (
            "{crontab: '@daily', includeSnapshotsFrom: a}",
            "schedule[0].includeSnapshotsFrom",
            "wrong-type",
        ),
        (
            "{crontab: '@daily', includeSnapshotsFrom: [1]}",
            "schedule[0].includeSnapshotsFrom[0]",
            "wrong-type",
        ),
        ("daily", "schedule[0]", "wrong-type"),
    ] {
        bad(&format!("schedule: [{schedule}]"), &[(path, code)]);
    }
    bad(
        "schedule: {crontab: '@daily'}",
        &[("schedule", "wrong-type")],
    );
    // One wrong crontab does not hide what is wrong beside it.
    bad(
        "schedule: [{crontab: x, queue: 1}, {crontab: z}]",
        &[
            ("schedule[0].crontab", "crontab-field-count"),
            ("schedule[0].queue", "wrong-type"),
            ("schedule[1].crontab", "crontab-field-count"),
        ],
    );
}

/// Row "impossible dates (31 Feb) parse, and never fire".
#[test]
fn a_schedule_that_never_fires_is_a_warning() {
    let config = good("schedule: [{crontab: '0 0 31 2 *'}]");
    assert_eq!(warnings(&config), [("schedule[0].crontab", "never-fires")]);
}
