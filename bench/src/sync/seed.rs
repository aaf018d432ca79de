//! The objects that are synchronised.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hookbox_cluster::Cluster;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::print;

/// Objects in each namespace.
pub(super) const NAMESPACES: [(&str, u32); 2] = [("sync-small", 20_000), ("sync-large", 80_000)];
/// Time to make them on a real API server.
const PATIENCE: Duration = Duration::from_secs(420);
const AT_ONCE: usize = 24;

/// A ConfigMap of such a size that 20,000 of them are listed in 37 MB.
fn object(namespace: &str, number: u32) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": format!("object-{number:05}"), "namespace": namespace,
            "labels": {"bench": "sync", "app.kubernetes.io/name": "web", "number": number.to_string()},
            "annotations": {"example.com/checksum": format!("{number:064x}")},
        },
        "data": {"mode": "active", "file.conf": "a line of some configuration file\n".repeat(30)},
    })
}

fn objects() -> impl Iterator<Item = Value> {
    NAMESPACES
        .into_iter()
        .flat_map(|(namespace, count)| (0..count).map(move |number| object(namespace, number)))
}

fn namespaces() -> impl Iterator<Item = Value> {
    NAMESPACES.into_iter().map(
        |(name, _)| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
    )
}

/// Makes them on a real API server. Whether there was time for all.
pub(super) async fn real(client: &Client) -> Result<bool> {
    let all: Api<Namespace> = Api::all(client.clone());
    for namespace in namespaces() {
        let namespace = serde_json::from_value(namespace)?;
        all.create(&PostParams::default(), &namespace).await?;
    }
    let make = stream::iter(objects())
        .map(|object| async move {
            let object: ConfigMap = serde_json::from_value(object)?;
            let namespace = object
                .metadata
                .namespace
                .as_deref()
                .context("its namespace")?;
            let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
            maps.create(&PostParams::default(), &object).await?;
            anyhow::Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>();
    match tokio::time::timeout(PATIENCE, make).await {
        Ok(made) => made.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// The process that holds them in an embedded cluster, until its standard input ends.
pub(crate) async fn cluster(kubeconfig: &Path) -> Result<()> {
    let cluster = Cluster::new();
    for object in namespaces().chain(objects()) {
        cluster.apply_manifest(object).await?;
    }
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = cluster.listen(address).await?;
    std::fs::write(kubeconfig, server.kubeconfig())?;
    print::line("ready 1");
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    server.shutdown().await;
    Ok(())
}
