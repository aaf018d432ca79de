//! A real control plane to try things on: prints its kubeconfig's path, runs until Ctrl-C, then leaves nothing.
#![allow(clippy::print_stdout, reason = "a command for developers of hookbox")]

use std::process::ExitCode;

use hookbox_tests::{RealCluster, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(cluster) = RealCluster::start(Settings::default()).await else {
        return ExitCode::from(3);
    };
    println!("export KUBECONFIG={}", cluster.kubeconfig().display());
    println!("# kubectl: {} kubectl", cluster.kubebox().path().display());
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
