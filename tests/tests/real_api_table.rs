//! The table of API behaviours on a real kube-apiserver: the embedded one is held to the same rows.
//!
//! Each row is a test of its own name.
#![allow(
    clippy::expect_used,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hookbox_api_table::{Behaviour, behaviours};
use hookbox_tests::{RealCluster, Settings};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// How long a row may take on a busy machine; garbage collection of a new kind alone takes 20 s.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let runtime = Runtime::new().expect("a runtime");
    let cluster = match arguments.list {
        true => None,
        false => runtime
            .block_on(RealCluster::start(Settings::default()))
            .map(Arc::new),
    };
    let trials = behaviours()
        .into_iter()
        .map(|behaviour| {
            let cluster = cluster.clone();
            let handle = runtime.handle().clone();
            let missing = cluster.is_none();
            let run = move || match cluster {
                Some(cluster) => handle.block_on(hold(&cluster, behaviour)),
                None => Ok(()),
            };
            // Without a server the rows count as ignored.
            Trial::test(behaviour.name, run).with_ignored_flag(missing && !arguments.list)
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

async fn hold(cluster: &RealCluster, behaviour: Behaviour) -> Result<(), Failed> {
    let namespace = cluster.namespace("row").await;
    let row = (behaviour.run)(cluster.client().await, namespace);
    match tokio::time::timeout(LIMIT, row).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{error:#}").into()),
        Err(_) => Err(format!("not done in {LIMIT:?}").into()),
    }
}
