use hookbox_config::{NamespaceSelector, WatchEvent};

use super::{bad, binding, good, good_binding, warnings};

/// Rows "name" to "resynchronizationPeriod": defaults.
#[test]
fn defaults() {
    let binding = good("kubernetes: [{kind: Pod}]").kubernetes.remove(0);
    assert_eq!(binding.name, "kubernetes");
    assert_eq!(binding.api_version, None);
    assert_eq!(binding.kind, "Pod");
    assert_eq!(binding.execute_hook_on_event, WatchEvent::ALL);
    assert!(binding.execute_hook_on_synchronization);
    assert!(binding.wait_for_synchronization);
    assert!(binding.keep_full_objects_in_memory);
    assert_eq!(binding.jq_filter, None);
    assert_eq!(binding.name_selector, None);
    assert_eq!(binding.label_selector, None);
    assert_eq!(binding.field_selector, None);
    assert_eq!(binding.namespace, NamespaceSelector::All);
    assert!(!binding.allow_failure);
    assert_eq!(binding.queue, "main");
    assert_eq!(binding.group, None);
    assert!(binding.include_snapshots_from.is_empty());
    let empty = good_binding("name: '', apiVersion: '', jqFilter: '', queue: '', group: ''");
    assert_eq!(empty, *binding);
}

/// Row "apiVersion: must parse as group/version".
#[test]
fn api_version() {
    for version in ["v1", "apps/v1", "example.com/v1alpha1", "a.b-c.d/v2"] {
        let found = good_binding(&format!("apiVersion: {version}"));
        assert_eq!(found.api_version.as_deref(), Some(version));
    }
    for version in ["apps/v1/x", "/v1", "apps/", "'../v1'", "'a b'", "Apps/v1"] {
        bad(
            &binding(&format!("apiVersion: {version}")),
            &[("kubernetes[0].apiVersion", "invalid-api-version")],
        );
    }
}

/// Row "kind: required".
#[test]
fn kind() {
    for kind in ["Pod", "pods", "po", "POD"] {
        assert_eq!(
            good(&format!("kubernetes: [{{kind: {kind}}}]")).kubernetes[0].kind,
            kind
        );
    }
    bad(
        "kubernetes: [{name: x}]",
        &[("kubernetes[0].kind", "missing")],
    );
    bad(
        "kubernetes: [{kind: ''}]",
        &[("kubernetes[0].kind", "empty")],
    );
    bad(
        "kubernetes: [{kind: }]",
        &[("kubernetes[0].kind", "wrong-type")],
    );
}

/// Rows "executeHookOnEvent" and "watchEvent".
#[test]
fn events() {
    use WatchEvent::{Added, Deleted, Modified};
    for (fields, events, warned) in [
        ("executeHookOnEvent: [Added]", vec![Added], false),
        (
            "executeHookOnEvent: [Deleted, Added, Deleted]",
            vec![Deleted, Added],
            false,
        ),
        ("executeHookOnEvent: []", vec![], false),
        ("watchEvent: [Modified]", vec![Modified], true),
        ("watchEvent: []", vec![], true),
        (
            "watchEvent: [Modified], executeHookOnEvent: [Added]",
            vec![Added],
            true,
        ),
        (
            "watchEvent: [Modified], executeHookOnEvent: []",
            vec![],
            true,
        ),
    ] {
        let config = good(&binding(fields));
        assert_eq!(
            config.kubernetes[0].execute_hook_on_event, events,
            "{fields}"
        );
        let expected: &[_] = if warned {
            &[("kubernetes[0].watchEvent", "old-name")]
        } else {
            &[]
        };
        assert_eq!(warnings(&config), expected, "{fields}");
    }
    bad(
        &binding("executeHookOnEvent: [Created, added], watchEvent: Added"),
        &[
            ("kubernetes[0].executeHookOnEvent[0]", "unknown-word"),
            ("kubernetes[0].executeHookOnEvent[1]", "unknown-word"),
            ("kubernetes[0].watchEvent", "wrong-type"),
        ],
    );
}

/// Rows of true or false: "bool only".
#[test]
fn flags() {
    let found = good_binding(
        "executeHookOnSynchronization: false, keepFullObjectsInMemory: false, allowFailure: true, jqFilter: .x",
    );
    assert!(!found.execute_hook_on_synchronization);
    assert!(!found.keep_full_objects_in_memory);
    assert!(found.allow_failure);
    for key in [
        "executeHookOnSynchronization",
        "waitForSynchronization",
        "keepFullObjectsInMemory",
        "allowFailure",
    ] {
        for (value, help) in [
            ("'false'", Some("write false without quotes")),
            ("'no'", Some("write false without quotes")),
            ("'on'", Some("write true without quotes")),
            ("0", None),
            ("", None),
        ] {
            let path = format!("kubernetes[0].{key}");
            let found = bad(
                &binding(&format!("{key}: {value}")),
                &[(&path, "wrong-type")],
            );
            assert_eq!(found[0].help.as_deref(), help);
        }
    }
}

/// Row "waitForSynchronization: `false` honoured only if `queue` is given explicitly".
#[test]
fn wait_for_synchronization() {
    for (fields, waits, warned) in [
        ("waitForSynchronization: false", true, true),
        ("waitForSynchronization: false, queue: ''", true, true),
        ("waitForSynchronization: false, queue: main", false, false),
        ("waitForSynchronization: false, queue: q", false, false),
        ("waitForSynchronization: true, queue: q", true, false),
    ] {
        let config = good(&binding(fields));
        assert_eq!(
            config.kubernetes[0].wait_for_synchronization, waits,
            "{fields}"
        );
        assert_eq!(config.warnings.len(), usize::from(warned), "{fields}");
    }
}

/// Row "jqFilter": text, compiled elsewhere.
#[test]
fn jq_filter() {
    let filter = good_binding("jqFilter: '.metadata | .labels'").jq_filter;
    assert_eq!(filter.as_deref(), Some(".metadata | .labels"));
    bad(
        &binding("jqFilter: 5"),
        &[("kubernetes[0].jqFilter", "wrong-type")],
    );
}

/// Row "resynchronizationPeriod: accepted and ignored".
#[test]
fn resynchronization_period() {
    let config = good(&binding("resynchronizationPeriod: 1h"));
    assert_eq!(
        warnings(&config),
        [("kubernetes[0].resynchronizationPeriod", "ignored")]
    );
    bad(
        &binding("resynchronizationPeriod: 5"),
        &[("kubernetes[0].resynchronizationPeriod", "wrong-type")],
    );
}

/// Row "name: not unique-checked unless referenced".
#[test]
fn duplicate_names() {
    let config = good("kubernetes: [{kind: Pod}, {kind: Node}, {kind: Node, name: kubernetes}]");
    assert_eq!(
        warnings(&config),
        [
            ("kubernetes[1]", "duplicate-name"),
            ("kubernetes[2].name", "duplicate-name"),
        ]
    );
}

/// Batch default: "with neither jqFilter nor kept objects an item is `{}`".
#[test]
fn nothing_kept_is_a_warning() {
    let config = good(&binding("keepFullObjectsInMemory: false"));
    assert_eq!(
        warnings(&config),
        [("kubernetes[0].keepFullObjectsInMemory", "nothing-kept")]
    );
    assert!(
        good(&binding("keepFullObjectsInMemory: false, jqFilter: .a"))
            .warnings
            .is_empty()
    );
}

/// Not of shell-operator: `metadataOnly`.
#[test]
fn metadata_only() {
    assert!(!good_binding("name: a").metadata_only);
    assert!(good_binding("metadataOnly: true").metadata_only);
    bad(
        &binding("metadataOnly: 'true'"),
        &[("kubernetes[0].metadataOnly", "wrong-type")],
    );
    let written = serde_json::to_value(good_binding("metadataOnly: true")).unwrap();
    assert_eq!(written["metadataOnly"], true);
    let written = serde_json::to_value(good_binding("name: a")).unwrap();
    assert_eq!(written.get("metadataOnly"), None);
}

/// Not of shell-operator: `filter`.
#[test]
fn a_filter_of_the_hooks_own() {
    assert!(!good_binding("filter: false, jqFilter: .a").filter);
    let config = good(&binding("filter: true, keepFullObjectsInMemory: false"));
    assert!(config.kubernetes[0].filter);
    assert_eq!(warnings(&config), [] as [(&str, &str); 0]);
    bad(
        &binding("filter: true, jqFilter: .a"),
        &[("kubernetes[0].filter", "exclusive")],
    );
    bad(
        &binding("filter: main"),
        &[("kubernetes[0].filter", "wrong-type")],
    );
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["kubernetes"][0]["filter"], true);
}
