//! The table against the embedded cluster, and against any other where a kubeconfig is given.

// Helpers of tests may fail, and say so, like tests.
#![allow(clippy::expect_used, clippy::print_stderr)]

use std::collections::BTreeMap;

use anyhow::Result;
use futures::StreamExt;
use hookbox_api_table::{Behaviour, behaviours};
use hookbox_cluster::Cluster;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

async fn row(client: Client, behaviour: Behaviour, number: usize) -> Result<()> {
    let namespace = format!("row{number}-{:08x}", fastrand::u32(..));
    let body = Namespace {
        metadata: ObjectMeta {
            name: Some(namespace.clone()),
            ..Default::default()
        },
        ..Default::default()
    };
    Api::all(client.clone())
        .create(&PostParams::default(), &body)
        .await?;
    (behaviour.run)(client, namespace).await
}

/// Runs all rows; gives what failed.
async fn run(client: Client) -> BTreeMap<&'static str, String> {
    let rows = behaviours().into_iter().enumerate();
    futures::stream::iter(rows)
        .map(|(number, behaviour)| {
            let client = client.clone();
            async move {
                let outcome = row(client, behaviour, number).await;
                if let Err(error) = &outcome {
                    eprintln!("{} does not hold: {error:#}", behaviour.name);
                }
                (behaviour.name, outcome)
            }
        })
        .buffer_unordered(16)
        .filter_map(|(name, outcome)| async move { Some((name, format!("{:#}", outcome.err()?))) })
        .collect()
        .await
}

fn report(failed: &BTreeMap<&'static str, String>) {
    let told: Vec<String> = failed
        .iter()
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} rows do not hold:\n{}",
        failed.len(),
        behaviours().len(),
        told.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_cluster_behaves() {
    let cluster = Cluster::new();
    report(&run(cluster.client()).await);
}

/// With `KUBECONFIG` set, against that cluster; the test harness of the workspace does so with a real kube-apiserver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs KUBECONFIG of a real cluster, on which it makes and deletes objects"]
async fn a_real_cluster_behaves() {
    report(&run(Client::try_default().await.expect("KUBECONFIG")).await);
}

#[test]
fn rows_have_names_of_their_own() {
    let mut names: Vec<_> = behaviours()
        .iter()
        .map(|behaviour| behaviour.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), behaviours().len());
}
