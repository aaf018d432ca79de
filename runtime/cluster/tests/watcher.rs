//! kube's own watcher against the embedded server, with both ways to begin.

// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Config, Event, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.into()),
            ..Default::default()
        },
        ..Default::default()
    }
}

fn told(event: &Event<ConfigMap>) -> String {
    match event {
        Event::Init => "init".into(),
        Event::InitApply(object) => format!("init {}", object.name_any()),
        Event::InitDone => "done".into(),
        Event::Apply(object) => format!("apply {}", object.name_any()),
        Event::Delete(object) => format!("delete {}", object.name_any()),
    }
}

async fn next(
    stream: &mut (impl futures::Stream<Item = watcher::Result<Event<ConfigMap>>> + Unpin),
) -> String {
    told(&stream.next().await.unwrap().unwrap())
}

async fn follows(config: Config) {
    let cluster = Cluster::new();
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    for name in ["a", "b", "c"] {
        maps.create(&PostParams::default(), &config_map(name))
            .await
            .unwrap();
    }
    let mut events = Box::pin(watcher(maps.clone(), config));
    for wanted in ["init", "init a", "init b", "init c", "done"] {
        assert_eq!(next(&mut events).await, wanted);
    }
    maps.patch(
        "a",
        &PatchParams::default(),
        &Patch::Merge(json!({"data": {"x": "1"}})),
    )
    .await
    .unwrap();
    assert_eq!(next(&mut events).await, "apply a");
    maps.delete("b", &DeleteParams::default()).await.unwrap();
    assert_eq!(next(&mut events).await, "delete b");
    // A broken watch goes on where it was.
    cluster.faults().cut_watches();
    maps.create(&PostParams::default(), &config_map("d"))
        .await
        .unwrap();
    assert_eq!(next(&mut events).await, "apply d");
    // A history that is gone means a new beginning.
    cluster.compact();
    cluster.faults().cut_watches();
    let error = events.next().await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("too old resource version"),
        "{error}"
    );
    for wanted in ["init", "init a", "init c", "init d", "done"] {
        assert_eq!(next(&mut events).await, wanted);
    }
}

#[tokio::test]
async fn with_paged_lists() {
    follows(Config::default().page_size(2)).await;
}

#[tokio::test]
async fn with_streaming_lists() {
    follows(Config::default().streaming_lists()).await;
}

#[tokio::test]
async fn faults_are_told_and_the_requests_noted() {
    let cluster = Cluster::new();
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    cluster.faults().fail_next(
        1,
        Matching::any().verb(Verb::Get).resource("configmaps"),
        Failure::Forbidden,
    );
    let error = maps.get("x").await.unwrap_err();
    assert!(
        matches!(&error, kube::Error::Api(status) if status.code == 403),
        "{error:?}"
    );
    let error = maps.get("x").await.unwrap_err();
    assert!(
        matches!(&error, kube::Error::Api(status) if status.code == 404),
        "{error:?}"
    );
    cluster
        .faults()
        .fail_next(1, Matching::any(), Failure::Disconnect);
    assert!(matches!(
        maps.get("x").await.unwrap_err(),
        kube::Error::Service(_)
    ));
    let statuses: Vec<u16> = cluster
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [403, 404, 0]);
    cluster.clear_requests();
    assert!(cluster.requests().is_empty());
}

#[tokio::test]
async fn a_hundred_watchers_see_every_change_in_order() {
    let cluster = Cluster::new();
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let watchers: Vec<_> = (0..100)
        .map(|_| {
            let events = watcher(maps.clone(), Config::default().streaming_lists());
            tokio::spawn(
                events
                    .map_ok(|event| told(&event))
                    .try_filter(|told| futures::future::ready(told.starts_with("apply")))
                    .take(50)
                    .try_collect::<Vec<_>>(),
            )
        })
        .collect();
    while cluster
        .requests()
        .iter()
        .filter(|request| request.verb == Verb::Watch)
        .count()
        < 100
    {
        tokio::task::yield_now().await;
    }
    for number in 0..50 {
        maps.create(&PostParams::default(), &config_map(&format!("n{number}")))
            .await
            .unwrap();
    }
    let wanted: Vec<String> = (0..50).map(|number| format!("apply n{number}")).collect();
    for watcher in watchers {
        assert_eq!(watcher.await.unwrap().unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_watch_tells_of_the_objects_of_a_definition_that_goes_and_then_ends() {
    let cluster = Cluster::new();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "lifts.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Lift", "plural": "lifts"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    cluster.apply_manifest(definition).await.unwrap();
    let client = cluster.client();
    let open = |query: &str| {
        let path = format!("/apis/example.com/v1/lifts?watch=1{query}");
        client.request_stream(http::Request::get(path).body(Vec::new()).unwrap())
    };
    // One sees an object go, the other nothing at all.
    let lift = json!({"apiVersion": "example.com/v1", "kind": "Lift", "metadata": {"name": "a"}});
    cluster.apply_manifest(lift).await.unwrap();
    let mut all = Box::pin(open("").await.unwrap().lines());
    let none = Box::pin(open("&labelSelector=x%3Dy").await.unwrap().lines());
    let first: serde_json::Value =
        serde_json::from_str(&all.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(first["type"], "ADDED");
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/lifts.example.com";
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    client.request::<serde_json::Value>(request).await.unwrap();
    let last: serde_json::Value =
        serde_json::from_str(&all.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(
        (&last["type"], &last["object"]["metadata"]["name"]),
        (&json!("DELETED"), &json!("a"))
    );
    for mut watch in [all, none] {
        let end = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
        assert!(end.expect("the watch ends").is_none());
    }
}
