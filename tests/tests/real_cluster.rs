//! The real control plane that other tests stand on does what they rely on.

use std::collections::BTreeMap;

use hookbox_tests::{RealCluster, Settings, wait};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::json;

fn config_map(name: &str, value: &str) -> ConfigMap {
    let data = BTreeMap::from([("key".to_owned(), value.to_owned())]);
    let mut map = ConfigMap {
        data: Some(data),
        ..ConfigMap::default()
    };
    map.metadata.name = Some(name.to_owned());
    map
}

#[tokio::test]
async fn objects_survive_a_kill_of_the_api_server() {
    let Some(cluster) = RealCluster::start(Settings {
        controllers: false,
        ..Settings::default()
    })
    .await
    else {
        return;
    };
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, "default");
    let made = maps
        .create(&PostParams::default(), &config_map("kept", "1"))
        .await
        .expect("created");

    cluster.kill_apiserver();
    assert!(maps.get("kept").await.is_err(), "nobody answers");
    cluster.start_apiserver().await;

    assert_eq!(maps.get("kept").await.expect("it is there"), made);
}

#[tokio::test]
async fn a_watch_from_a_compacted_version_is_answered_with_410() {
    let Some(cluster) = RealCluster::start(Settings {
        controllers: false,
        ..Settings::default()
    })
    .await
    else {
        return;
    };
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client().await, "default");
    let first = maps
        .create(&PostParams::default(), &config_map("first", "1"))
        .await
        .expect("created");
    maps.create(&PostParams::default(), &config_map("second", "1"))
        .await
        .expect("created");

    cluster.compact_history().await;
    cluster.restart_apiserver().await;

    let version = first.metadata.resource_version.expect("a version");
    let lines = cluster
        .kubectl([
            "get",
            "--raw",
            &format!("/api/v1/namespaces/default/configmaps?watch=1&resourceVersion={version}"),
        ])
        .run()
        .await;
    assert!(
        format!("{}{}", lines.stdout, lines.stderr).contains("too old resource version"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn controllers_make_pods_of_a_deployment_and_clean_up_a_namespace() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let namespace = cluster.namespace("controllers").await;
    let client = cluster.client().await;
    let deployment: Deployment = serde_json::from_value(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web"}]}}},
    }))
    .expect("a Deployment");
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
    deployments
        .create(&PostParams::default(), &deployment)
        .await
        .expect("created");
    wait::until(deployments, "web", |deployment| {
        let status = deployment.and_then(|deployment| deployment.status.as_ref());
        status.and_then(|status| status.replicas) == Some(2)
    })
    .await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let pods = pods
        .list(&ListParams::default().labels("app=web"))
        .await
        .expect("a list");
    assert_eq!(pods.items.len(), 2);

    let namespaces: Api<Namespace> = Api::all(client);
    namespaces
        .delete(&namespace, &DeleteParams::default())
        .await
        .expect("deleted");
    wait::until(namespaces, &namespace, |namespace| namespace.is_none()).await;
}

#[tokio::test]
async fn rbac_holds_for_those_who_are_impersonated() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let namespace = cluster.namespace("rbac").await;
    let user = format!("system:serviceaccount:{namespace}:default");
    let client = cluster
        .client_as(&user, &["system:serviceaccounts", "system:authenticated"])
        .await;
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    match maps.list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) => assert_eq!(status.code, 403, "{status}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn kubectl_speaks_to_it() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let version = cluster.kubectl(["version"]).run().await.ok();
    assert!(version.contains("Server Version: v1."), "{version}");
}
