use std::time::Duration;

use super::{bad, good, warnings};

/// Section "settings": here right instead of like shell-operator, which wants both fields.
#[test]
fn interval_and_burst() {
    for (settings, interval, burst) in [
        ("{executionMinInterval: 1s, executionBurst: 5}", 1000, 5),
        ("{executionMinInterval: 1m30s}", 90_000, 1),
        ("{executionMinInterval: 100ms}", 100, 1),
        ("{executionMinInterval: '0'}", 0, 1),
        ("{executionBurst: 3}", 0, 3),
        ("{}", 0, 1),
    ] {
        let found = good(&format!("onStartup: 1\nsettings: {settings}"))
            .settings
            .unwrap();
        assert_eq!(
            found.execution_min_interval,
            Duration::from_millis(interval)
        );
        assert_eq!(found.execution_burst, burst);
    }
    assert_eq!(good("onStartup: 1").settings, None);
    let config = good("onStartup: 1\nsettings: {executionBurst: 3}");
    assert_eq!(warnings(&config), [("settings.executionBurst", "ignored")]);
}

#[test]
fn mistakes() {
    for (settings, path, code) in [
        (
            "{executionMinInterval: 5}",
            "settings.executionMinInterval",
            "wrong-type",
        ),
        (
            "{executionMinInterval: '5'}",
            "settings.executionMinInterval",
            "duration-without-unit",
        ),
        (
            "{executionMinInterval: 1d}",
            "settings.executionMinInterval",
            "unknown-duration-unit",
        ),
        (
            "{executionMinInterval: soon}",
            "settings.executionMinInterval",
            "malformed-duration",
        ),
        (
            "{executionMinInterval: -1s}",
            "settings.executionMinInterval",
            "negative-duration",
        ),
        (
            "{executionBurst: '3'}",
            "settings.executionBurst",
            "wrong-type",
        ),
        (
            "{executionBurst: 0}",
            "settings.executionBurst",
            "out-of-range",
        ),
        (
            "{executionBurst: 4294967296}",
            "settings.executionBurst",
            "out-of-range",
        ),
        ("[]", "settings", "wrong-type"),
        ("", "settings", "wrong-type"),
    ] {
        bad(
            &format!("onStartup: 1\nsettings: {settings}"),
            &[(path, code)],
        );
    }
    let found = bad(
        "onStartup: 1\nsettings: {executionMinInterval: 1 minute}",
        &[("settings.executionMinInterval", "unknown-duration-unit")],
    );
    assert!(found[0].help.as_ref().unwrap().contains("`1m30s`"));
}

/// `capabilities` is hookbox's own.
#[test]
fn capabilities_are_kept_as_they_are_written() {
    let config = good("onStartup: 1\ncapabilities: {wallClock: true, x: [1]}");
    let written = serde_json::json!({"wallClock": true, "x": [1]});
    assert_eq!(config.capabilities.as_ref(), Some(&written));
    let document = serde_json::to_value(&config).unwrap();
    assert_eq!(document["capabilities"], written);
    bad(
        "onStartup: 1\ncapabilities: [x]",
        &[("capabilities", "wrong-type")],
    );
    let alone = good("capabilities: {}");
    assert_eq!(alone.warnings[0].code, "no-bindings");
}
