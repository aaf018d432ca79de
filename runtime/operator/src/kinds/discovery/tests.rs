use serde_json::json;

use super::plain::group_versions;
use super::*;

fn table() -> Table {
    let list: DiscoveryList = serde_json::from_value(json!({"kind": "APIGroupDiscoveryList", "items": [
        {"metadata": {"name": ""}, "versions": [{"version": "v1", "freshness": "Current", "resources": [
            {"resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced", "singularResource": "configmap", "shortNames": ["cm"], "verbs": ["get"]},
            {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "singularResource": "event", "shortNames": ["ev"]},
            {"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster", "singularResource": "namespace", "shortNames": ["ns"]}]}]},
        {"metadata": {"name": "events.k8s.io"}, "versions": [{"version": "v1", "resources": [
            {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "singularResource": "event"}]}]},
        {"metadata": {"name": "a.example"}, "versions": [
            {"version": "v2", "resources": [{"resource": "machines", "responseKind": {"kind": "CM"}, "scope": "Cluster", "shortNames": ["ev"]}]},
            {"version": "v1", "resources": [{"resource": "machines", "responseKind": {"kind": "CM"}, "scope": "Cluster"}]}]},
        {"metadata": {"name": "down.example"}, "versions": [{"version": "v1", "freshness": "Stale", "resources": []}]}
    ]}))
    .unwrap();
    let mut table = Table::default();
    list.add_to(&mut table, None);
    table
}

#[test]
fn any_name_in_any_case_finds_the_kind() {
    let table = table();
    for name in ["ConfigMap", "configmap", "CONFIGMAPS", "configmaps"] {
        assert_eq!(
            table.find(None, name).unwrap().resource.plural,
            "configmaps",
            "{name}"
        );
    }
    assert_eq!(table.find(None, "ns").unwrap().resource.kind, "Namespace");
    assert!(table.find(None, "nothing").is_none());
}

#[test]
fn a_kind_goes_before_another_kinds_short_name() {
    let table = table();
    assert_eq!(table.find(None, "cm").unwrap().resource.group, "a.example");
    assert_eq!(
        table.find(Some("v1"), "cm").unwrap().resource.kind,
        "ConfigMap"
    );
}

#[test]
fn the_core_group_and_the_preferred_version_go_first() {
    let table = table();
    assert_eq!(
        table.find(None, "Event").unwrap().resource.api_version,
        "v1"
    );
    assert_eq!(
        table.find(None, "machines").unwrap().resource.api_version,
        "a.example/v2"
    );
    assert_eq!(
        table
            .find(Some("a.example/v1"), "machines")
            .unwrap()
            .resource
            .version,
        "v1"
    );
    assert!(table.find(Some("a.example/v3"), "machines").is_none());
}

#[test]
fn a_stale_group_keeps_the_kinds_it_had() {
    let mut before = table();
    before.resources.push(Resource {
        resource: ApiResource {
            group: "down.example".into(),
            version: "v1".into(),
            api_version: "down.example/v1".into(),
            kind: "Lift".into(),
            plural: "lifts".into(),
        },
        namespaced: true,
        verbs: Vec::new(),
        singular: String::new(),
        short_names: Vec::new(),
    });
    let mut after = Table::default();
    let list: DiscoveryList =
        serde_json::from_value(json!({"items": [{"metadata": {"name": "down.example"}, "versions": [{"version": "v1", "freshness": "Stale"}]}]})).unwrap();
    list.add_to(&mut after, Some(&before));
    assert_eq!(after.failed, ["down.example/v1"]);
    assert!(after.find(None, "lift").is_some());
}

#[test]
fn the_preferred_version_of_a_plain_group_list_goes_first() {
    let versions = group_versions(json!({"groups": [{"name": "a", "versions": [{"version": "v1beta1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}}]})).unwrap();
    assert_eq!(
        versions,
        [
            ("a".to_owned(), "v1".to_owned()),
            ("a".to_owned(), "v1beta1".to_owned())
        ]
    );
}
