//! `hookbox run` on a real API server: no event's effect is lost, whatever dies in between.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's failure is a panic that says what went wrong"
)]

use hookbox_tests::mirror::Sources;
use hookbox_tests::operator::{Hooks, Operator, Place};
use hookbox_tests::{RealCluster, Settings, scratch};
use kube::Api;

#[tokio::test(flavor = "multi_thread")]
async fn no_effect_is_lost_when_the_api_server_and_hookbox_are_killed() {
    // Its API server dies, so it is not the shared one.
    let Some(cluster) = RealCluster::start(Settings {
        controllers: false,
        ..Settings::default()
    })
    .await
    else {
        return;
    };
    let namespace = cluster.namespace("mirror").await;
    let hooks = Hooks::build(&["tests/hooks"]).await;
    let folder = scratch();
    let place = Place {
        kubeconfig: cluster.kubeconfig(),
        folder: folder.path().into(),
    };
    let mut sources = Sources::new(Api::namespaced(cluster.client().await, &namespace));

    // What is there before, and what comes while it runs.
    sources.create(5).await;
    let operator = Operator::start(&hooks, &place).await;
    sources.create(5).await;
    sources.change().await;
    sources.delete(2).await;
    sources.until_copied(&[&operator]).await;

    // The API server dies; what happens before hookbox is back at it is not missed.
    cluster.restart_apiserver().await;
    sources.create(5).await;
    sources.change().await;
    sources.delete(2).await;
    sources.until_copied(&[&operator]).await;

    // Again, and the history is gone: the watch cannot be resumed (410), the difference must be found by a list.
    sources.change().await;
    cluster.compact_history().await;
    cluster.restart_apiserver().await;
    sources.delete(2).await;
    sources.create(5).await;
    sources.until_copied(&[&operator]).await;

    // hookbox dies in the middle of its work, and starts again.
    sources.create(5).await;
    sources.change().await;
    operator.kill().await;
    sources.change().await;
    sources.create(5).await;
    let operator = Operator::start(&hooks, &place).await;
    sources.until_copied(&[&operator]).await;

    // Both die; hookbox says that it cannot work without an API server, and works when it is started again with one.
    sources.create(5).await;
    cluster.kill_apiserver();
    operator.kill().await;
    let alone = Operator::launch(&hooks, &place).finish().await;
    assert_eq!(alone.code, Some(3), "{alone:?}");
    assert!(alone.stderr.contains(cluster.url()), "{alone:?}");
    cluster.start_apiserver().await;
    let operator = Operator::start(&hooks, &place).await;
    sources.change().await;
    // A copy whose source went while nobody watched would stay: this hook sees events only.
    sources.until_copied(&[&operator]).await;
    sources.delete(3).await;
    sources.until_copied(&[&operator]).await;

    operator.stop().await;
}
