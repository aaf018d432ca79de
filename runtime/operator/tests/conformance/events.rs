//! When an event fires: BEHAVIOUR A4, row by row.

use crate::support::*;
use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::EventOutcome;
use serde_json::{Value, json};

fn quiet(more: Value) -> Value {
    let mut kubernetes = binding("maps", more);
    kubernetes["executeHookOnSynchronization"] = json!(false);
    json!({"kubernetes": [kubernetes]})
}

/// The events' watch event and object name, over all runs.
fn fired(runs: &[Value]) -> Vec<String> {
    let contexts = runs.iter().flat_map(|run| run.as_array().unwrap());
    contexts
        .map(|c| {
            format!(
                "{} {}",
                c["watchEvent"].as_str().unwrap_or("-"),
                c["object"]["metadata"]["name"].as_str().unwrap_or("-")
            )
        })
        .collect()
}

#[tokio::test]
async fn added_modified_and_deleted_fire() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::settled(&cluster, &[("echo", quiet(json!({})))]).await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    assert_eq!(bench.contexts("echo").await[0]["watchEvent"], "Added");
    apply(&cluster, &[config_map("ns", "a", "2")]).await;
    assert_eq!(
        bench.contexts("echo").await[0]["object"]["data"],
        json!({"v": "2"})
    );
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    let deleted = bench.contexts("echo").await;
    assert_eq!(deleted[0]["watchEvent"], "Deleted");
    assert_eq!(
        deleted[0]["object"]["data"],
        json!({"v": "2"}),
        "the last state"
    );
}

#[tokio::test]
async fn an_equal_filter_result_fires_nothing_but_updates_the_snapshot() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let mut bench = Bench::settled(
        &cluster,
        &[("echo", quiet(json!({"jqFilter": ".metadata.name"})))],
    )
    .await;
    apply(&cluster, &[config_map("ns", "a", "2")]).await;
    bench.settle().await;
    let outcomes: Vec<_> = bench
        .drain()
        .iter()
        .filter_map(|event| match &**event {
            OperatorEvent::KubeEvent { outcome, .. } => Some(*outcome),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [EventOutcome::Unchanged]);
    let snapshots = bench.running.snapshots("echo").unwrap();
    let object = hookbox_sandbox::Snapshot::entry(&snapshots[0].1, 0)
        .unwrap()
        .object
        .unwrap();
    assert!(object.contains(r#""v":"2""#), "{object}");
}

#[tokio::test]
async fn the_event_types_are_filtered_after_the_snapshot() {
    let cluster = cluster(&[ns()]).await;
    let config =
        quiet(json!({"executeHookOnEvent": ["Deleted"], "includeSnapshotsFrom": ["maps"]}));
    let mut bench = Bench::settled(
        &cluster,
        &[
            ("echo", config),
            ("echo-none", quiet(json!({"executeHookOnEvent": []}))),
        ],
    )
    .await;
    apply(
        &cluster,
        &[config_map("ns", "a", "1"), config_map("ns", "b", "1")],
    )
    .await;
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    bench.settle().await;
    let events = bench.drain();
    let runs: Vec<_> = events
        .iter()
        .filter_map(|event| match &**event {
            OperatorEvent::RunFinished(run) => Some((run.hook.clone(), contexts(run))),
            _ => None,
        })
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(runs[0].0, "echo");
    assert_eq!(fired(&[runs[0].1.clone()]), ["Deleted a"]);
    assert_eq!(
        runs[0].1[0]["snapshots"]["maps"].as_array().unwrap().len(),
        1
    );
}

/// shell-operator drops the event and keeps the object for good; hookbox is right.
#[tokio::test]
async fn a_failing_filter_keeps_what_was_known_and_a_deletion_still_fires() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let filter = r#"if .data.v == "bad" then error("no") else .data.v end"#;
    let mut bench = Bench::settled(&cluster, &[("echo", quiet(json!({"jqFilter": filter})))]).await;
    apply(&cluster, &[config_map("ns", "a", "bad")]).await;
    let failed = bench.event_where(|event| match event {
        OperatorEvent::FilterFailed { name, .. } => Some(name.clone()),
        _ => None,
    });
    assert_eq!(failed.await, "a");
    let held = bench.running.snapshots("echo").unwrap();
    assert_eq!(
        hookbox_sandbox::Snapshot::entry(&held[0].1, 0)
            .unwrap()
            .filter_result
            .as_deref(),
        Some("\"1\"")
    );
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    let deleted = bench.contexts("echo").await;
    assert_eq!(
        (
            deleted[0]["watchEvent"].as_str(),
            deleted[0]["filterResult"].as_str()
        ),
        (Some("Deleted"), Some("1"))
    );
    assert_eq!(
        hookbox_sandbox::Snapshot::len(&bench.running.snapshots("echo").unwrap()[0].1),
        0
    );
}

#[tokio::test]
async fn namespaces_that_match_labels_come_and_go_without_events() {
    let label = json!({"watched": "yes"});
    let cluster = cluster(&[
        namespace("one", label.clone()),
        namespace("two", json!({})),
        config_map("one", "a", "1"),
        config_map("two", "b", "1"),
    ])
    .await;
    let config = json!({"kubernetes": [
        {"name": "maps", "kind": "cm", "namespace": {"labelSelector": {"matchLabels": label}, "nameSelector": {"matchNames": ["two"]}}, "includeSnapshotsFrom": ["maps"]},
    ]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let names = |contexts: &Value| -> Vec<String> {
        let items = contexts[0]["snapshots"]["maps"].as_array().unwrap();
        items
            .iter()
            .map(|i| i["object"]["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&bench.contexts("echo").await), ["a"]);
    apply(&cluster, &[namespace("two", label)]).await;
    bench.settle().await;
    assert!(
        bench.drain_contexts("echo").is_empty(),
        "no Added for what was there"
    );
    apply(&cluster, &[config_map("two", "c", "1")]).await;
    let added = bench.contexts("echo").await;
    assert_eq!(fired(std::slice::from_ref(&added)), ["Added c"]);
    assert_eq!(names(&added), ["a", "b", "c"]);
    apply(&cluster, &[namespace("one", json!({}))]).await;
    bench.settle().await;
    assert!(
        bench.drain_contexts("echo").is_empty(),
        "no Deleted for what is out of sight"
    );
    apply(
        &cluster,
        &[config_map("two", "c", "2"), config_map("one", "a", "2")],
    )
    .await;
    bench.settle().await;
    let runs = bench.drain_contexts("echo");
    assert_eq!(fired(&runs), ["Modified c"]);
    assert_eq!(names(&runs[0]), ["b", "c"]);
}

#[tokio::test]
async fn names_times_namespaces_and_selectors_narrow_what_is_seen() {
    let labelled = |namespace: &str, name: &str| {
        let mut object = config_map(namespace, name, "1");
        object["metadata"]["labels"] = json!({"app": "x"});
        object
    };
    let cluster = cluster(&[ns(), namespace("other", json!({}))]).await;
    let config = quiet(
        json!({"nameSelector": {"matchNames": ["a", "b"]}, "namespace": {"nameSelector": {"matchNames": ["ns", "other"]}}}),
    );
    let labels = quiet(
        json!({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]}}),
    );
    let fields = quiet(
        json!({"fieldSelector": {"matchExpressions": [{"field": "metadata.name", "operator": "NotEquals", "value": "a"}]}}),
    );
    let mut bench = Bench::settled(
        &cluster,
        &[
            ("echo", config),
            ("echo-labels", labels),
            ("echo-fields", fields),
        ],
    )
    .await;
    apply(
        &cluster,
        &[
            labelled("ns", "a"),
            config_map("ns", "c", "1"),
            config_map("other", "b", "1"),
            config_map("default", "a", "1"),
        ],
    )
    .await;
    bench.settle().await;
    let events = bench.drain();
    let of = |hook: &str| -> Vec<String> {
        let mut all: Vec<String> = events
            .iter()
            .filter_map(|event| match &**event {
                OperatorEvent::KubeEvent {
                    hook: h,
                    namespace,
                    name,
                    ..
                } if h == hook => Some(format!("{namespace}/{name}")),
                _ => None,
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(of("echo"), ["ns/a", "other/b"]);
    assert_eq!(of("echo-labels"), ["ns/a"]);
    assert_eq!(of("echo-fields"), ["ns/c"]);
}

#[tokio::test]
async fn an_object_that_begins_or_ends_to_match_labels_is_added_or_deleted() {
    let labelled = |app: &str, value: &str| {
        let mut object = config_map("ns", "a", value);
        object["metadata"]["labels"] = json!({"app": app});
        object
    };
    let cluster = cluster(&[ns(), labelled("other", "1")]).await;
    let selector = json!({"labelSelector": {"matchLabels": {"app": "mine"}}});
    let mut bench = Bench::settled(&cluster, &[("echo", quiet(selector))]).await;
    apply(&cluster, &[labelled("mine", "2")]).await;
    assert_eq!(fired(&[bench.contexts("echo").await]), ["Added a"]);
    apply(&cluster, &[labelled("other", "3")]).await;
    let gone = bench.contexts("echo").await;
    assert_eq!(fired(std::slice::from_ref(&gone)), ["Deleted a"]);
    assert_eq!(
        gone[0]["object"]["data"],
        json!({"v": "2"}),
        "as it last matched"
    );
    apply(&cluster, &[labelled("other", "4")]).await;
    bench.settle().await;
    assert!(bench.drain_contexts("echo").is_empty());
}

#[tokio::test]
async fn cut_watches_and_forgotten_history_lose_no_event() {
    let cluster = cluster(&[
        ns(),
        config_map("ns", "keep", "1"),
        config_map("ns", "change", "1"),
        config_map("ns", "go", "1"),
    ])
    .await;
    let mut bench = Bench::settled(&cluster, &[("echo", quiet(json!({})))]).await;
    // What happened while nobody watched, and what the server no longer remembers, is found by a new list.
    for verb in [Verb::List, Verb::Watch] {
        cluster.faults().fail_always(
            Matching::any().verb(verb).resource("configmaps"),
            Failure::Unavailable,
        );
    }
    cluster.faults().cut_watches();
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/go").await;
    apply(
        &cluster,
        &[
            config_map("ns", "change", "2"),
            config_map("ns", "new", "1"),
        ],
    )
    .await;
    cluster.compact();
    cluster.faults().clear();
    bench.settle().await;
    let mut all = fired(&bench.drain_contexts("echo"));
    all.sort();
    assert_eq!(all, ["Added new", "Deleted go", "Modified change"]);
    // A cut alone is taken up where it was, and doubles nothing.
    cluster.faults().cut_watches();
    apply(&cluster, &[config_map("ns", "later", "1")]).await;
    bench.settle().await;
    assert_eq!(fired(&bench.drain_contexts("echo")), ["Added later"]);
}
