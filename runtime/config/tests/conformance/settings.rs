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

/// `warmInstance` is hookbox's own.
#[test]
fn an_instance_is_kept_where_that_is_asked_for() {
    let asked = |settings: &str| {
        let config = good(&format!("onStartup: 1\nsettings: {settings}"));
        assert_eq!(warnings(&config), []);
        let written = serde_json::to_value(&config).unwrap();
        let warm = config.settings.unwrap().warm_instance;
        let expected = warm.then_some(serde_json::Value::Bool(true));
        assert_eq!(written["settings"].get("warmInstance"), expected.as_ref());
        warm
    };
    assert!(asked("{warmInstance: true}"));
    assert!(asked("{executionMinInterval: 1s, warmInstance: true}"));
    assert!(!asked("{warmInstance: false}"));
    assert!(!asked("{}"));
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
        ("{warmInstance: 1}", "settings.warmInstance", "wrong-type"),
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
    let config = good(
        "onStartup: 1\ncapabilities: {wallClock: true, http: [{hosts: [a.example], ports: [8443]}]}",
    );
    let written =
        serde_json::json!({"wallClock": true, "http": [{"hosts": ["a.example"], "ports": [8443]}]});
    assert_eq!(config.capabilities.as_ref(), Some(&written));
    let document = serde_json::to_value(&config).unwrap();
    assert_eq!(document["capabilities"], written);
    let alone = good("capabilities: {}");
    assert_eq!(alone.warnings[0].code, "no-bindings");
    let all = "{kubernetes: [{apiGroups: ['', '*'], kinds: [ConfigMap], namespaces: ['*'], verbs: [get, list]}],
        http: [{schemes: [http], hosts: ['*.a.example', '::1'], ports: [1], methods: [POST, '*', PURGE], addresses: [10.0.0.0/8]}],
        files: [{path: /srv/a, mount: /a}], environment: [{name: A, value: ''}, {name: B}], wallClock: false}";
    good(&format!("onStartup: 1\ncapabilities: {all}"));
}

#[test]
fn capabilities_that_can_never_be_are_told_where_they_stand() {
    let kubernetes = |entry: &str| {
        let rest = "apiGroups: [''], kinds: [Pod], namespaces: [a], verbs: [get]";
        let key = entry.split(':').next().unwrap_or_default();
        let rest: Vec<&str> = rest.split(", ").filter(|r| !r.starts_with(key)).collect();
        format!("kubernetes: [{{{entry}, {}}}]", rest.join(", "))
    };
    let http = |entry: &str| format!("http: [{{hosts: [a.example], {entry}}}]");
    for (text, path, code) in [
        ("[x]".to_owned(), "", "wrong-type"),
        ("{htpp: []}".to_owned(), ".htpp", "unknown-key"),
        ("{wallClock: 1}".to_owned(), ".wallClock", "wrong-type"),
        ("{http: {}}".to_owned(), ".http", "wrong-type"),
        ("{http: [{}]}".to_owned(), ".http[0].hosts", "missing"),
        (
            "{http: [{hosts: []}]}".to_owned(),
            ".http[0].hosts",
            "too-few-items",
        ),
        (
            "{http: [{hosts: ['https://a.example']}]}".to_owned(),
            ".http[0].hosts[0]",
            "host",
        ),
        (
            format!("{{{}}}", http("port: [1]")),
            ".http[0].port",
            "unknown-key",
        ),
        (
            format!("{{{}}}", http("ports: [0]")),
            ".http[0].ports[0]",
            "out-of-range",
        ),
        (
            format!("{{{}}}", http("ports: [65536]")),
            ".http[0].ports[0]",
            "out-of-range",
        ),
        (
            format!("{{{}}}", http("ports: ['80']")),
            ".http[0].ports[0]",
            "wrong-type",
        ),
        (
            format!("{{{}}}", http("schemes: [ftp]")),
            ".http[0].schemes[0]",
            "unknown-word",
        ),
        (
            format!("{{{}}}", http("methods: [get]")),
            ".http[0].methods[0]",
            "method",
        ),
        (
            format!("{{{}}}", http("methods: ['A B']")),
            ".http[0].methods[0]",
            "method",
        ),
        (
            format!("{{{}}}", http("addresses: [10.0.0.1]")),
            ".http[0].addresses[0]",
            "network",
        ),
        (
            format!("{{{}}}", kubernetes("verbs: [delete]")),
            ".kubernetes[0].verbs[0]",
            "unknown-word",
        ),
        (
            format!("{{{}}}", kubernetes("namespaces: [team-*]")),
            ".kubernetes[0].namespaces[0]",
            "wildcard",
        ),
        (
            format!("{{{}}}", kubernetes("kinds: []")),
            ".kubernetes[0].kinds",
            "too-few-items",
        ),
        (
            "{kubernetes: [{apiGroups: [''], kinds: [Pod], namespaces: [a]}]}".to_owned(),
            ".kubernetes[0].verbs",
            "missing",
        ),
        (
            "{files: [{mount: /a}]}".to_owned(),
            ".files[0].path",
            "missing",
        ),
        (
            "{files: [{path: srv}]}".to_owned(),
            ".files[0].path",
            "path",
        ),
        (
            "{files: [{path: /a, mount: /a/../b}]}".to_owned(),
            ".files[0].mount",
            "path",
        ),
        (
            "{environment: [{name: ''}]}".to_owned(),
            ".environment[0].name",
            "empty",
        ),
        (
            "{environment: [{name: A=B}]}".to_owned(),
            ".environment[0].name",
            "name",
        ),
        (
            "{environment: [{name: A, value: 1}]}".to_owned(),
            ".environment[0].value",
            "wrong-type",
        ),
    ] {
        bad(
            &format!("onStartup: 1\ncapabilities: {text}"),
            &[(&format!("capabilities{path}"), code)],
        );
    }
}
