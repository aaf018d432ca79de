//! The cluster over HTTP, and its options.

// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use hookbox_cluster::{Cluster, Options, Server};
use http::Request;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::api::{ObjectMeta, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::json;

async fn client(server: &Server) -> Client {
    let config = Kubeconfig::from_yaml(&server.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default())
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

fn config_map(name: &str, size: usize) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.into()),
            ..Default::default()
        },
        data: Some([("x".to_owned(), "y".repeat(size))].into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_client_over_a_socket_sees_what_one_in_process_does() {
    let cluster = Cluster::new();
    let server = cluster.listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let outside: Api<ConfigMap> = Api::default_namespaced(client(&server).await);
    let inside: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let made = outside
        .create(&PostParams::default(), &config_map("a", 10))
        .await
        .unwrap();
    assert_eq!(inside.get("a").await.unwrap(), made);
    let mut watch = outside
        .watch(
            &WatchParams::default(),
            made.metadata.resource_version.as_deref().unwrap(),
        )
        .await
        .unwrap()
        .boxed();
    inside
        .create(&PostParams::default(), &config_map("b", 10))
        .await
        .unwrap();
    let event = watch.try_next().await.unwrap().unwrap();
    assert!(
        matches!(&event, WatchEvent::Added(object) if object.metadata.name.as_deref() == Some("b")),
        "{event:?}"
    );
    // Nothing outlives the listener.
    tokio::time::timeout(Duration::from_secs(30), server.shutdown())
        .await
        .unwrap();
    assert!(!matches!(watch.try_next().await, Ok(Some(_))));
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let error = Cluster::new()
        .listen(([0, 0, 0, 0], 0).into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("loopback"), "{error}");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let cluster = Cluster::new();
    let server = cluster.listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    for client in [cluster.client(), client(&server).await] {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        let error = maps
            .create(&PostParams::default(), &config_map("a", 4 << 20))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, kube::Error::Api(status) if status.code == 413),
            "{error}"
        );
        let error = maps
            .create(&PostParams::default(), &config_map("a", 2 << 20))
            .await
            .unwrap_err();
        assert!(
            matches!(&error, kube::Error::Api(status) if status.code == 422),
            "{error}"
        );
    }
}

#[tokio::test]
async fn namespaces_get_defaults_when_asked() {
    let cluster = Cluster::with_options(Options {
        namespace_defaults: true,
        ..Options::default()
    });
    let accounts: Api<ServiceAccount> = Api::all(cluster.client());
    assert_eq!(
        accounts
            .list(&Default::default())
            .await
            .unwrap()
            .items
            .len(),
        4
    );
    cluster
        .apply_manifest(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "more"}}),
        )
        .await
        .unwrap();
    cluster.settled().await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), "more");
    assert!(maps.get("kube-root-ca.crt").await.is_ok());
    assert_eq!(
        accounts
            .list(&Default::default())
            .await
            .unwrap()
            .items
            .len(),
        5
    );
}

#[tokio::test]
async fn seeds_are_put_as_they_are() {
    let cluster = Cluster::new();
    let pod = |phase: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}, "status": {"phase": phase}})
    };
    for phase in ["Running", "Failed"] {
        cluster.apply_manifest(pod(phase)).await.unwrap();
        let objects = cluster.objects();
        let pod = objects
            .iter()
            .find(|object| object["kind"] == "Pod")
            .unwrap();
        assert_eq!(pod["status"]["phase"], phase);
        assert_eq!(pod["metadata"]["namespace"], "default");
    }
    let revision = cluster.revision();
    cluster.apply_manifest(pod("Failed")).await.unwrap();
    assert_eq!(cluster.revision(), revision, "the same seed is no write");
    for (wrong, code) in [
        (
            json!({"apiVersion": "v1", "kind": "Nonsense", "metadata": {"name": "a"}}),
            "NotFound",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "missing"}, "spec": {}}),
            "NotFound",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "dta": {}}),
            "BadRequest",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A"}}),
            "Invalid",
        ),
        (json!("nothing"), "NotFound"),
    ] {
        assert_eq!(
            cluster
                .apply_manifest(wrong.clone())
                .await
                .unwrap_err()
                .code(),
            code,
            "{wrong}"
        );
    }
}

#[test]
fn a_cluster_outlives_runtimes() {
    let cluster = Cluster::new();
    for number in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "gone"});
            let name = format!("a{number}");
            cluster
                .apply_manifest(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": [owner]}}))
                .await
                .unwrap();
            if number == 1 {
                // The work of this runtime is left to the next.
                return;
            }
            cluster.settled().await;
            let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
            assert!(maps.get_opt(&name).await.unwrap().is_none());
        });
    }
}

#[tokio::test]
async fn hostile_requests_get_answers() {
    let client = Cluster::new().client();
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let wide = format!("labelSelector={}", "a=b,".repeat(100_000));
    let long = "x".repeat(100_000);
    let paths = [
        (
            "POST",
            "/api/v1/namespaces/default/configmaps".to_owned(),
            deep.clone(),
        ),
        (
            "PATCH",
            "/api/v1/namespaces/default/configmaps/a".to_owned(),
            deep,
        ),
        ("GET", format!("/api/v1/configmaps?{wide}"), String::new()),
        (
            "GET",
            format!("/api/v1/configmaps?continue={long}"),
            String::new(),
        ),
        (
            "GET",
            format!("/api/v1/namespaces/{long}/configmaps/%00%ff"),
            String::new(),
        ),
        (
            "GET",
            "//api///v1//configmaps?limit=-1&watch=maybe&timeoutSeconds=99999999999999999999"
                .to_owned(),
            String::new(),
        ),
        (
            "DELETE",
            "/api/v1/namespaces/default/configmaps/..%2f..".to_owned(),
            "[".to_owned(),
        ),
        (
            "OPTIONS",
            "/api/v1/namespaces/default/configmaps".to_owned(),
            String::new(),
        ),
    ];
    for (method, path, body) in paths {
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .header("content-type", "application/json");
        // What is no URI at all does not get as far as the server.
        let Ok(request) = request.body(body.into_bytes().into()) else {
            continue;
        };
        let answer = client.send(request).await.unwrap();
        assert!(
            answer.status().as_u16() < 500,
            "{method} {}: {}",
            &path[..path.len().min(80)],
            answer.status()
        );
    }
}
