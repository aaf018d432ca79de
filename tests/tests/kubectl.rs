//! What kubectl shows on the real API server, and that it shows the same on the embedded one.
//!
//! The sessions are in `tests/kubectl/*.console`. What they show was recorded on the real server
//! (`HOOKBOX_BLESS=1 cargo test -p hookbox-tests --test kubectl real`); the embedded one must follow.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::fs;
use std::process::Command;

use hookbox_cluster::Cluster;
use hookbox_tests::transcript::{self, Authority, Session};
use hookbox_tests::{Kubebox, RealCluster, hookbox};

/// A test for each session.
macro_rules! sessions {
    ($($name:ident)*) => {
        mod real {
            $(#[tokio::test] async fn $name() { super::on_the_real_server(stringify!($name)).await; })*
        }

        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::on_the_embedded_server(stringify!($name)).await; })*
        }

        /// No session is forgotten.
        #[test]
        fn every_session_is_run() {
            let mut listed = vec![$(stringify!($name).replace('_', "-")),*];
            let folder = transcript::path("kubectl", "any").with_file_name("");
            let mut found: Vec<String> = fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            listed.sort();
            found.sort();
            assert_eq!(listed, found);
        }
    };
}

sessions! {
    access apply create custom delete describe diff discovery edit get labels patch server_side wait watch
}

async fn on_the_real_server(name: &str) {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let kubeconfig = fs::read_to_string(cluster.kubeconfig()).expect("a kubeconfig");
    check(name, &kubeconfig, Authority::Truth).await;
}

async fn on_the_embedded_server(name: &str) {
    let server = Cluster::new()
        .listen(([127, 0, 0, 1], 0).into())
        .await
        .expect("it listens");
    check(name, &server.kubeconfig(), Authority::Follower).await;
    server.shutdown().await;
}

async fn check(name: &str, kubeconfig: &str, authority: Authority) {
    let Some(kubebox) = Kubebox::get() else {
        return;
    };
    Session::new(authority)
        .program("kubectl", kubebox.path())
        .file("kubeconfig", kubeconfig)
        .env("KUBECONFIG", "kubeconfig")
        .check(&transcript::path("kubectl", &name.replace('_', "-")))
        .await;
}

/// The embedded server reads protobuf by a table that is made from the Go types.
#[test]
fn the_table_of_protobuf_types_is_current() {
    let Some(kubebox) = Kubebox::get() else {
        return;
    };
    let printed = Command::new(kubebox.path())
        .arg("protobuf-types")
        .output()
        .expect("it runs");
    let kept = hookbox::checkout().join("runtime/cluster/data/protobuf.txt");
    assert!(
        printed.stdout == fs::read(&kept).expect("the table"),
        "run `tests/kubebox/get.sh` and write what its binary prints for protobuf-types to {}",
        kept.display()
    );
}
