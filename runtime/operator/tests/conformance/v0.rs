//! Hooks of the format `v0` (BEHAVIOUR A2, "v0 format").

use crate::support::*;
use serde_json::{Value, json};

fn v0(mut config: Value) -> Value {
    config["configVersion"] = json!("v0");
    config
}

fn watched(more: Value) -> Value {
    let mut binding = json!({"kind": "configmaps", "namespaceSelector": {"matchNames": ["ns"]}});
    for (key, value) in more.as_object().unwrap() {
        binding[key] = value.clone();
    }
    binding
}

fn seen(binding: &str, event: &str, name: &str) -> Value {
    json!([{"binding": binding, "resourceEvent": event, "resourceKind": "ConfigMap", "resourceName": name,
        "resourceNamespace": "ns"}])
}

#[tokio::test]
async fn startup_and_schedule_have_a_binding_and_nothing_else() {
    let cluster = cluster(&[]).await;
    let config = v0(json!({"onStartup": 1, "schedule": [{"crontab": "* * * * * *"}]}));
    let mut bench = Bench::start(&cluster, &[("echo", config)]).await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "schedule"}])
    );
}

#[tokio::test]
async fn an_event_says_what_happened_to_which_object_and_what_was_there_is_none() {
    let cluster = cluster(&[ns(), config_map("ns", "old", "1")]).await;
    let some = json!({"name": "some", "event": ["delete"], "objectName": "a"});
    let config = v0(json!({"onKubernetesEvent": [
        watched(json!({"jqFilter": ".data.v"})), watched(some),
    ]}));
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    assert!(
        bench.drain_contexts("echo").is_empty(),
        "there is no Synchronization"
    );
    for value in ["1", "2"] {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        bench.settle().await;
    }
    // Not in what the filter gives.
    let mut labelled = config_map("ns", "a", "2");
    labelled["metadata"]["labels"] = json!({"x": "y"});
    apply(&cluster, &[labelled, config_map("ns", "old", "2")]).await;
    bench.settle().await;
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    bench.settle().await;
    let mut runs = bench.drain_contexts("echo");
    // The two bindings have watches of their own: either may be the first to tell of the deletion.
    let last = runs.split_off(runs.len() - 2);
    assert_eq!(
        runs,
        [
            seen("onKubernetesEvent", "add", "a"),
            seen("onKubernetesEvent", "update", "a"),
            seen("onKubernetesEvent", "update", "old"),
        ]
    );
    assert!(last.contains(&seen("onKubernetesEvent", "delete", "a")));
    assert!(last.contains(&seen("some", "delete", "a")));
}

#[tokio::test]
async fn objects_outside_of_namespaces_have_an_empty_one() {
    let cluster = cluster(&[]).await;
    let config =
        v0(json!({"onKubernetesEvent": [{"kind": "ns", "selector": {"matchLabels": {"a": "b"}}}]}));
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    apply(
        &cluster,
        &[namespace("x", json!({"a": "b"})), namespace("y", json!({}))],
    )
    .await;
    bench.settle().await;
    assert_eq!(
        bench.drain_contexts("echo"),
        [
            json!([{"binding": "onKubernetesEvent", "resourceEvent": "add", "resourceKind": "Namespace",
            "resourceName": "x", "resourceNamespace": ""}])
        ]
    );
}

/// One run for each event, however many wait: nor does a run that fails take in what comes meanwhile.
#[tokio::test]
async fn contexts_are_never_combined() {
    let cluster = cluster(&[ns()]).await;
    let config = v0(json!({"onKubernetesEvent": [watched(json!({}))]}));
    let mut bench = Bench::settled(&cluster, &[("fail", config)]).await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    let first = bench.run("fail").await;
    assert!(failed(&first));
    apply(
        &cluster,
        &[config_map("ns", "b", "1"), config_map("ns", "c", "1")],
    )
    .await;
    bench.catch_up().await;
    leap();
    for _ in 0..2 {
        assert_eq!(
            bench.contexts("fail").await,
            seen("onKubernetesEvent", "add", "a")
        );
    }
    let waiting = &bench.running.queues()[0].tasks;
    assert_eq!(waiting.len(), 3, "{waiting:?}");
}
