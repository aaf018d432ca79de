//! The document that the macros write, and that the operator's parser reads it as meant.

#![allow(clippy::expect_used, reason = "a test's helpers")]

use hookbox_sdk::prelude::*;
use hookbox_sdk::{Hook, Snapshots};

#[derive(Snapshots)]
struct Watches {
    #[watch(
        kind = "Pod",
        namespace = "default",
        labels = "app=web,tier in (a,b)",
        jq = ".metadata.name",
        on_event = [Added],
        queue = "pods"
    )]
    _pods: Option<Vec<String>>,
    #[watch(kind = "ConfigMap", name = "config-maps", namespace_labels = "team", names = ["a", "b"], group = "g")]
    _configs: Lazy<serde_json::Value>,
    #[watch(kind = "Node", fields = "spec.unschedulable!=true", include_snapshots = [_configs], on_synchronization = false, metadata_only = true)]
    _nodes: Option<Vec<serde_json::Value>>,
    #[watch(kind = "Secret", include_snapshots = [], group = "g", keep_full_objects = true, jq = ".data")]
    _secrets: Option<Vec<serde_json::Value>>,
}

#[hook(
    schedule(crontab = "*/5 * * * *"),
    schedule(name = "own", crontab = "@daily", include_snapshots = ["_pods", "config-maps"], allow_failure = true),
    settings(min_interval = "1s", warm_instance = false)
)]
fn watching(_input: Input<Watches>, _out: &mut Effects) {}

#[hook(
    on_startup = 1,
    capabilities(
        kubernetes(kinds = ["ConfigMap", Secret], namespaces = "team-a", verbs = [get, list]),
        kubernetes(groups = [apps], kinds = "*", namespaces = "*", verbs = [list]),
        http(hosts = ["api.example.org", "*.example.com"]),
        http(hosts = "10.0.0.1", schemes = [http, https], ports = [8080, 8443], methods = [GET, POST], addresses = ["10.0.0.0/8"]),
        files(path = "/srv/templates", mount = "/templates"),
        environment(name = "REGION", value = "eu"),
        environment(name = "ZONE"),
        wall_clock = true,
    )
)]
fn wanting(_input: Input, _out: &mut Effects) {}

#[validate(
    webhook = "a.example.com",
    rule(resources = ["pods"]),
    capabilities(wall_clock = true)
)]
fn asked(_review: Review) -> Result<Verdict> {
    Ok(Verdict::allow())
}

#[hook(name = "other/name", on_startup = -3, settings(warm_instance = true))]
fn starting(_input: Input, _out: &mut Effects) {}

fn document<H: Hook>() -> serde_json::Value {
    serde_json::from_str(&H::config()).expect("JSON")
}

#[test]
fn the_document_holds_what_was_said_and_all_snapshots_where_nothing_was() {
    let all = json!(["_pods", "config-maps", "_nodes", "_secrets"]);
    assert_eq!(
        document::<watching>(),
        json!({
            "configVersion": "v1",
            "settings": {"executionMinInterval": "1s", "executionBurst": 1},
            "schedule": [
                {"name": "schedule", "crontab": "*/5 * * * *", "includeSnapshotsFrom": all},
                {"name": "own", "crontab": "@daily", "allowFailure": true,
                 "includeSnapshotsFrom": ["_pods", "config-maps"]},
            ],
            "kubernetes": [
                {"name": "_pods", "kind": "Pod", "jqFilter": ".metadata.name", "queue": "pods",
                 "executeHookOnEvent": ["Added"], "keepFullObjectsInMemory": false,
                 "namespace": {"nameSelector": {"matchNames": ["default"]}},
                 "labelSelector": {"matchExpressions": [
                     {"key": "app", "operator": "In", "values": ["web"]},
                     {"key": "tier", "operator": "In", "values": ["a", "b"]},
                 ]},
                 "includeSnapshotsFrom": all},
                {"name": "config-maps", "kind": "ConfigMap", "group": "g", "keepFullObjectsInMemory": true,
                 "namespace": {"labelSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}},
                 "nameSelector": {"matchNames": ["a", "b"]},
                 "includeSnapshotsFrom": all},
                {"name": "_nodes", "kind": "Node", "keepFullObjectsInMemory": true,
                 "executeHookOnSynchronization": false, "metadataOnly": true,
                 "fieldSelector": {"matchExpressions": [
                     {"field": "spec.unschedulable", "operator": "NotEquals", "value": "true"},
                 ]},
                 "includeSnapshotsFrom": ["config-maps"]},
                {"name": "_secrets", "kind": "Secret", "group": "g", "jqFilter": ".data",
                 "keepFullObjectsInMemory": true},
            ],
        })
    );
    assert_eq!(
        document::<starting>(),
        json!({"configVersion": "v1", "onStartup": -3, "settings": {"warmInstance": true}})
    );
    assert_eq!((watching::NAME, starting::NAME), ("watching", "other/name"));
}

#[test]
fn what_a_hook_wants_stands_in_its_document() {
    let document = document::<wanting>();
    assert_eq!(
        document["capabilities"],
        json!({
            "kubernetes": [
                {"apiGroups": [""], "kinds": ["ConfigMap", "Secret"], "namespaces": ["team-a"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps"], "kinds": ["*"], "namespaces": ["*"], "verbs": ["list"]},
            ],
            "http": [
                {"hosts": ["api.example.org", "*.example.com"]},
                {"hosts": ["10.0.0.1"], "schemes": ["http", "https"], "ports": [8080, 8443],
                 "methods": ["GET", "POST"], "addresses": ["10.0.0.0/8"]},
            ],
            "files": [{"path": "/srv/templates", "mount": "/templates"}],
            "environment": [{"name": "REGION", "value": "eu"}, {"name": "ZONE"}],
            "wallClock": true,
        })
    );
    let config = hookbox_config::parse(&wanting::config()).expect("valid");
    assert_eq!(
        config.capabilities.as_ref(),
        Some(&document["capabilities"])
    );
    let config = hookbox_config::parse(&asked::config()).expect("valid");
    assert_eq!(config.capabilities, Some(json!({"wallClock": true})));
}

#[test]
fn the_operators_parser_reads_the_document() {
    let config = hookbox_config::parse(&watching::config()).expect("valid");
    assert_eq!(config.kubernetes.len(), 4);
    assert_eq!(
        config.schedule[1].include_snapshots_from,
        ["_pods", "config-maps"]
    );
    hookbox_config::parse(&starting::config()).expect("valid");
}
