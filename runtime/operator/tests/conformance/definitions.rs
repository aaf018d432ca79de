//! Kinds that come and go with their definitions while the operator runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use hookbox_operator::OperatorEvent;
use serde_json::{Value, json};

fn widgets() -> Value {
    definition("example.com", "Widget", "Namespaced", "v1")
}

fn widget(name: &str, size: &str) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name, "namespace": "ns"}, "size": size})
}

async fn delete_widgets(cluster: &Cluster) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com";
    delete(cluster, path).await;
    cluster.settled().await;
}

/// A hook with a binding on widgets; the API version is left to the server.
fn on_widgets(more: Value) -> Value {
    let mut binding = json!({"name": "widgets", "kind": "Widget", "jqFilter": ".size", "executeHookOnSynchronization": false});
    for (key, value) in more.as_object().unwrap() {
        binding[key] = value.clone();
    }
    json!({"kubernetes": [binding]})
}

/// The next contexts of `hook`, until there are as many: what happened to which widget.
async fn told(bench: &mut Bench, hook: &str, many: usize) -> Vec<String> {
    let mut told = Vec::new();
    while told.len() < many {
        for context in bench.contexts(hook).await.as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            told.push(format!(
                "{} {} {}",
                text(&context["watchEvent"]),
                text(&context["object"]["metadata"]["name"]),
                text(&context["filterResult"])
            ));
        }
    }
    told.sort();
    told
}

/// Waits for the operator to know that there are no widgets.
async fn kind_missed(bench: &mut Bench) {
    let code = bench.event_where(|event| match event {
        OperatorEvent::BindingFailed { code, .. } if code == "unknown-kind" => Some(()),
        _ => None,
    });
    code.await;
}

#[tokio::test]
async fn a_kind_that_goes_and_comes_again_is_followed() {
    let cluster = cluster(&[ns(), widgets(), widget("a", "1"), widget("b", "1")]).await;
    let hooks = [("echo", on_widgets(json!({})))];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    leap();
    delete_widgets(&cluster).await;
    assert_eq!(
        told(&mut bench, "echo", 2).await,
        ["Deleted a 1", "Deleted b 1"]
    );
    kind_missed(&mut bench).await;
    assert_eq!(bench.running.held().0, 0);
    // The same kind again, with an object that had been there, and a new one.
    apply(&cluster, &[widgets(), widget("a", "2"), widget("c", "1")]).await;
    assert_eq!(
        told(&mut bench, "echo", 2).await,
        ["Added a 2", "Added c 1"]
    );
    // And it goes on as before.
    apply(&cluster, &[widget("a", "3")]).await;
    assert_eq!(told(&mut bench, "echo", 1).await, ["Modified a 3"]);
    bench.settle().await;
    assert!(bench.drain_contexts("echo").is_empty());
}

#[tokio::test]
async fn objects_of_a_kind_that_went_unseen_are_deleted_too() {
    let cluster = cluster(&[ns(), widgets(), widget("a", "1"), widget("b", "1")]).await;
    let hooks = [
        ("echo", on_widgets(json!({}))),
        (
            "echo-two",
            on_widgets(
                json!({"namespace": {"nameSelector": {"matchNames": ["ns", "default"]}}, "keepFullObjectsInMemory": false}),
            ),
        ),
        (
            "echo-labels",
            on_widgets(
                json!({"namespace": {"labelSelector": {"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}}}),
            ),
        ),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    leap();
    // While the definition goes nobody hears of its objects.
    let unheard = Matching::any().verb(Verb::Watch).resource("widgets");
    cluster.faults().fail_always(unheard, Failure::Unavailable);
    cluster.faults().cut_watches();
    delete_widgets(&cluster).await;
    cluster.faults().clear();
    let mut runs = BTreeMap::<String, Vec<String>>::new();
    while runs.values().map(Vec::len).sum::<usize>() < 6 {
        let run = bench.any_run().await;
        for context in contexts(&run).as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            runs.entry(run.hook.clone()).or_default().push(format!(
                "{} {}",
                text(&context["watchEvent"]),
                text(&context["object"]["metadata"]["name"])
            ));
        }
    }
    assert_eq!(runs["echo"], ["Deleted a", "Deleted b"]);
    assert_eq!(runs["echo-two"], ["Deleted -", "Deleted -"]);
    assert_eq!(runs["echo-labels"], ["Deleted a", "Deleted b"]);
    assert_eq!(bench.running.held().0, 0);
    // All come back.
    apply(&cluster, &[widgets(), widget("a", "2")]).await;
    let mut back = Vec::new();
    while back.len() < 3 {
        let run = bench.any_run().await;
        assert_eq!(contexts(&run)[0]["watchEvent"], "Added");
        back.push(run.hook);
    }
    back.sort();
    assert_eq!(back, ["echo", "echo-labels", "echo-two"]);
}

#[tokio::test]
async fn a_kind_that_comes_again_may_be_another() {
    let cluster = cluster(&[ns(), widgets(), widget("a", "1")]).await;
    let mut bench = Bench::settled(&cluster, &[("echo", on_widgets(json!({})))]).await;
    leap();
    delete_widgets(&cluster).await;
    assert_eq!(told(&mut bench, "echo", 1).await, ["Deleted a 1"]);
    kind_missed(&mut bench).await;
    let object = json!({"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "a"}, "size": "2"});
    apply(
        &cluster,
        &[definition("example.com", "Widget", "Cluster", "v2"), object],
    )
    .await;
    assert_eq!(told(&mut bench, "echo", 1).await, ["Added a 2"]);
}

#[tokio::test]
async fn a_server_that_denies_a_kind_by_mistake_loses_no_object() {
    let cluster = cluster(&[ns(), widgets(), widget("a", "1")]).await;
    let mut bench = Bench::settled(&cluster, &[("echo", on_widgets(json!({})))]).await;
    leap();
    // A proxy that knows the path no more, while discovery still has the kind.
    for verb in [Verb::Watch, Verb::List] {
        let denied = Matching::any().verb(verb).resource("widgets");
        cluster.faults().fail_always(denied, Failure::NotFound);
    }
    cluster.faults().cut_watches();
    tokio::time::sleep(Duration::from_secs(300)).await;
    apply(&cluster, &[widget("b", "1")]).await;
    cluster.faults().clear();
    bench.settle().await;
    assert_eq!(told(&mut bench, "echo", 1).await, ["Added b 1"]);
    assert_eq!(bench.running.held().0, 2);
}
