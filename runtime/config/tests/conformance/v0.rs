//! The section "v0 format".

use hookbox_config::{ConfigVersion, HookConfig, NamespaceSelector, WatchEvent, parse};
use serde_json::json;

use super::{offences, warnings};

#[track_caller]
fn good(text: &str) -> HookConfig {
    let config = parse(text).unwrap_or_else(|offences| panic!("{text}\n{offences}"));
    assert_eq!(config.version, ConfigVersion::V0);
    config
}

/// Offences as `path code`.
#[track_caller]
fn bad(text: &str, expected: &[(&str, &str)]) {
    let offences = offences(text);
    let found: Vec<_> = offences.iter().map(|o| (o.path.as_str(), o.code)).collect();
    assert_eq!(found, expected, "{text}");
    assert!(offences.iter().all(|o| o.position.is_some()), "{text}");
}

/// Row "onStartup, schedule[..], onKubernetesEvent[..]", with all defaults.
#[test]
fn defaults() {
    let config = good(
        r#"{"onStartup": 10, "schedule": [{"crontab": "0 */1 * * * *"}], "onKubernetesEvent": [{"kind": "pod"}]}"#,
    );
    assert_eq!(config.on_startup, Some(10));
    let schedule = &config.schedule[0];
    assert_eq!(
        (schedule.name.as_str(), schedule.queue.as_str()),
        ("schedule", "main")
    );
    assert!(!schedule.allow_failure);
    let binding = &config.kubernetes[0];
    assert_eq!(binding.name, "onKubernetesEvent");
    assert_eq!(
        (binding.kind.as_str(), binding.queue.as_str()),
        ("pod", "main")
    );
    assert_eq!(binding.execute_hook_on_event, WatchEvent::ALL);
    assert!(
        !binding.execute_hook_on_synchronization,
        "there is no Synchronization"
    );
    assert!(
        !binding.keep_full_objects_in_memory,
        "no context shows an object"
    );
    assert!(binding.namespace.is_all() && !binding.allow_failure);
    assert_eq!(warnings(&config), [] as [(&str, &str); 0]);
}

/// Row "onKubernetesEvent[..]": every field.
#[test]
fn all_fields() {
    let config = good(
        "
onKubernetesEvent:
- name: labels
  kind: Namespace
  event: [update, add, update]
  selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: In, values: [d]}]}
  objectName: one
  namespaceSelector: {matchNames: [x, z, x]}
  jqFilter: .metadata.labels
  allowFailure: true
  disableDebug: true
",
    );
    let binding = &config.kubernetes[0];
    assert_eq!(
        binding.execute_hook_on_event,
        [WatchEvent::Modified, WatchEvent::Added]
    );
    assert_eq!(
        binding
            .label_selector
            .as_ref()
            .map(|s| s.to_query())
            .as_deref(),
        Some("a=b,c in (d)")
    );
    assert_eq!(binding.name_selector, Some(vec!["one".to_owned()]));
    let names = vec!["x".to_owned(), "z".to_owned()];
    assert_eq!(binding.namespace, NamespaceSelector::Names(names));
    assert_eq!(binding.jq_filter.as_deref(), Some(".metadata.labels"));
    assert!(binding.allow_failure);
    assert_eq!(warnings(&config), [] as [(&str, &str); 0]);
}

/// What selects everything in one way or the other.
#[test]
fn selectors_of_everything() {
    for selector in [
        "namespaceSelector: {any: true}",
        "namespaceSelector: {any: true, matchNames: [x]}",
        "namespaceSelector: {matchNames: []}",
        "namespaceSelector: {}",
        "namespaceSelector: ",
        "selector: {}",
        "selector: {matchLabels: }",
        "objectName: ''",
        "name: ",
    ] {
        let config = good(&format!("onKubernetesEvent:\n- kind: Pod\n  {selector}"));
        let binding = &config.kubernetes[0];
        assert!(binding.namespace.is_all(), "{selector}");
        assert_eq!(binding.label_selector, None, "{selector}");
        assert_eq!(binding.name_selector, None, "{selector}");
        assert_eq!(binding.name, "onKubernetesEvent", "{selector}");
    }
}

/// shell-operator's schema names three keys and looks no deeper; lists may be empty.
#[test]
fn only_the_topmost_keys_are_strict() {
    bad(
        "onStartup: 1\nafterHelm: 10\nschedules: []",
        &[("afterHelm", "unknown-key"), ("schedules", "unknown-key")],
    );
    let config = good(
        "
schedule:
- {crontab: '@hourly', queue: slow}
onKubernetesEvent:
- {kind: Pod, names: x, selector: {matchLabels: {a: b}, x: 1}}
",
    );
    assert_eq!(
        warnings(&config),
        [
            ("schedule[0].queue", "unknown-key"),
            ("onKubernetesEvent[0].names", "unknown-key"),
            ("onKubernetesEvent[0].selector.x", "unknown-key"),
        ]
    );
    assert_eq!(config.schedule[0].queue, "main");
    assert_eq!(
        config.warnings[1].to_string(),
        "5:15: onKubernetesEvent[0].names: is not a known key of the format v0, and ignored (did you mean `name`?)"
    );
    good("schedule: []\nonKubernetesEvent: []");
}

/// All mistakes at once, each with its place.
#[test]
fn mistakes() {
    bad(
        "
onStartup: soon
schedule:
- name: x
- crontab: '* * * *'
  allowFailure: maybe
- 5
onKubernetesEvent:
- event: [added]
- kind: ''
  objectName: a/b
  namespaceSelector: {matchNames: [A_]}
  selector: {matchExpressions: [{key: a, operator: Is}]}
- kind: [7]
",
        &[
            ("onStartup", "wrong-type"),
            ("schedule[0].crontab", "missing"),
            ("schedule[1].crontab", "crontab-field-count"),
            ("schedule[1].allowFailure", "wrong-type"),
            ("schedule[2]", "wrong-type"),
            ("onKubernetesEvent[0].kind", "missing"),
            ("onKubernetesEvent[0].event[0]", "unknown-word"),
            ("onKubernetesEvent[1].kind", "empty"),
            ("onKubernetesEvent[1].objectName", "invalid-name"),
            (
                "onKubernetesEvent[1].namespaceSelector.matchNames[0]",
                "invalid-name",
            ),
            (
                "onKubernetesEvent[1].selector.matchExpressions[0].operator",
                "unknown-word",
            ),
            ("onKubernetesEvent[2].kind", "wrong-type"),
        ],
    );
}

/// Go's decoder makes text of numbers and booleans where text is expected.
#[test]
fn numbers_and_booleans_are_text_where_text_is_expected() {
    let config = good(
        "onStartup: 3
schedule: [{name: 5, crontab: '@daily', allowFailure: yes}]
onKubernetesEvent: [{kind: Pod, name: no, objectName: 017, namespaceSelector: {matchNames: [1]}, selector: {matchLabels: {a: 1.5}}}]",
    );
    assert_eq!(config.on_startup, Some(3));
    assert_eq!(config.schedule[0].name, "5");
    assert!(config.schedule[0].allow_failure);
    let binding = &config.kubernetes[0];
    assert_eq!(binding.name, "false");
    assert_eq!(
        binding.name_selector.as_deref(),
        Some(&["15".to_owned()][..])
    );
    assert_eq!(
        binding.label_selector.as_ref().unwrap().match_labels["a"],
        "1.5"
    );
}

#[test]
fn what_never_runs_is_warned_of() {
    let config =
        good("onKubernetesEvent: [{kind: Pod, event: []}]\nschedule: [{crontab: '0 0 31 2 *'}]");
    assert_eq!(
        warnings(&config),
        [
            ("onKubernetesEvent[0].event", "never-runs"),
            ("schedule[0].crontab", "never-fires"),
        ]
    );
}

/// The normalised form is a v0 document, which shell-operator reads too: it refuses one that writes its version.
#[test]
fn the_normalised_form_reads_back_the_same() {
    let config = good(
        "
onStartup: 1
schedule: [{crontab: '@daily'}]
onKubernetesEvent:
- kind: pod
- {kind: cm, name: m, event: [delete], objectName: o, namespaceSelector: {matchNames: [x]}, selector: {matchLabels: {a: b}}, jqFilter: .data}
",
    );
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(
        written,
        json!({
            "onStartup": 1,
            "schedule": [{"name": "schedule", "crontab": "@daily", "allowFailure": false}],
            "onKubernetesEvent": [
                {
                    "name": "onKubernetesEvent", "kind": "pod", "event": ["add", "update", "delete"],
                    "namespaceSelector": {"any": true}, "allowFailure": false,
                },
                {
                    "name": "m", "kind": "cm", "event": ["delete"], "objectName": "o",
                    "namespaceSelector": {"matchNames": ["x"]}, "selector": {"matchLabels": {"a": "b"}},
                    "jqFilter": ".data", "allowFailure": false,
                },
            ],
        })
    );
    assert_eq!(parse(&written.to_string()).unwrap(), config);
}
