//! Bindings that watch the metadata of their objects alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::*;
use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

/// A ConfigMap with much data.
fn heavy(name: &str, label: &str) -> Value {
    let mut map = config_map("ns", name, &"x".repeat(4000));
    map["metadata"]["labels"] = json!({"l": label});
    map
}

/// What contexts show of it.
fn light(name: &str, label: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "ns", "labels": {"l": label}}})
}

fn hook(more: Value) -> Value {
    let mut fields = json!({"metadataOnly": true});
    for (key, value) in more.as_object().unwrap() {
        fields[key] = value.clone();
    }
    json!({"kubernetes": [binding("maps", fields)]})
}

#[tokio::test]
async fn contexts_show_the_metadata_of_objects_under_their_own_kind() {
    for streaming in [true, false] {
        let cluster = cluster(&[ns(), heavy("a", "1")]).await;
        if !streaming {
            let watch = Matching::any().verb(Verb::Watch).resource("configmaps");
            cluster.faults().fail_next(2, watch, Failure::InternalError);
        }
        let hooks = [
            ("echo", hook(json!({}))),
            (
                "echo-jq",
                hook(json!({"jqFilter": "[keys, .metadata.labels.l]"})),
            ),
        ];
        let mut bench = Bench::settled(&cluster, &hooks).await;
        let shown = |run: &hookbox_operator::event::RunFinished| contexts(run)[0]["objects"].take();
        let first = bench.any_run().await;
        assert_eq!(shown(&first), json!([{"object": light("a", "1")}]));
        let result = json!([["apiVersion", "kind", "metadata"], "1"]);
        let second = bench.any_run().await;
        assert_eq!(
            shown(&second),
            json!([{"object": light("a", "1"), "filterResult": result}])
        );
        apply(&cluster, &[heavy("a", "2")]).await;
        assert_eq!(
            bench.contexts("echo").await,
            json!([{"binding": "maps", "type": "Event", "watchEvent": "Modified", "object": light("a", "2")}])
        );
        delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
        assert_eq!(
            bench.contexts("echo").await,
            json!([{"binding": "maps", "type": "Event", "watchEvent": "Deleted", "object": light("a", "2")}])
        );
    }
}

/// Bytes of all answers that the client gets.
fn counted(cluster: &Cluster) -> (kube::Client, Arc<AtomicUsize>) {
    let bytes = Arc::new(AtomicUsize::new(0));
    let (client, counter) = (cluster.client(), bytes.clone());
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (client, counter) = (client.clone(), counter.clone());
        async move {
            let answer = client.send(request).await?;
            Ok::<_, kube::Error>(answer.map(|body| {
                body.map_frame(move |frame| {
                    let length = frame.data_ref().map_or(0, bytes::Bytes::len);
                    counter.fetch_add(length, Ordering::Relaxed);
                    frame
                })
            }))
        }
    });
    (kube::Client::new(service, "default"), bytes)
}

#[tokio::test]
async fn neither_the_wire_nor_the_memory_holds_the_rest() {
    let mut objects = vec![ns()];
    objects.extend((0..100).map(|i| heavy(&format!("m{i:03}"), "1")));
    let cluster = cluster(&objects).await;
    let mut used = Vec::new();
    for metadata_only in [false, true] {
        let (client, received) = counted(&cluster);
        let config = hook(json!({"metadataOnly": metadata_only}));
        let hooks = [("names", config)];
        let bench = Bench::with(&cluster, &hooks, |options| options.client = Some(client)).await;
        patiently("the start", bench.running.idle()).await;
        let text = bench.running.metrics_text();
        let line = text
            .lines()
            .find(|l| l.contains("kube_snapshot_bytes{"))
            .unwrap();
        let held: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
        used.push((received.load(Ordering::Relaxed), held));
    }
    let [(all_received, all_held), (received, held)] = used[..] else {
        panic!()
    };
    assert!(all_received > 400_000 && all_held > 400_000, "{used:?}");
    assert!(
        received < all_received / 5 && held < all_held / 5,
        "{used:?}"
    );
}
