//! Values that hooks of several queues change at once.

use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Matching, Verb};
use hookbox_operator::ModuleValues;
use hookbox_operator::event::{RunFinished, RunResult};
use serde_json::{Value, json};

/// Runs for one Secret, in a queue.
fn on_secret(name: &str, queue: &str) -> Value {
    let mut binding = binding(
        "secrets",
        json!({"queue": queue, "executeHookOnSynchronization": false, "nameSelector": {"matchNames": [name]}}),
    );
    binding["kind"] = json!("Secret");
    json!({"kubernetes": [binding]})
}

fn secret(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "ns"}})
}

/// What the guest says of the value.
fn said(run: &RunFinished) -> &str {
    &run.log.last().unwrap().message
}

#[tokio::test]
async fn a_change_that_another_queue_has_made_pointless_fails_the_run_which_is_tried_again() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [
        ("take-slow", on_secret("first", "slow")),
        ("take-now", on_secret("second", "fast")),
    ];
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        options.values = Some(ModuleValues {
            values: json!({"taken": true}),
            config_values: json!({}),
        });
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    // Its changes are checked and under way, for ten seconds.
    let writes = Matching::any().verb(Verb::Create).resource("configmaps");
    cluster.faults().delay(writes, Duration::from_secs(10));
    leap();
    apply(&cluster, &[secret("first")]).await;
    assert_eq!(bench.started("take-slow").await, 1);
    // Timers leap only when nobody has anything to do: it waits for the cluster by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    apply(&cluster, &[secret("second")]).await;
    let ended = bench.any_run().await;
    assert_eq!((ended.hook.as_str(), said(&ended)), ("take-now", "taken"));
    assert!(matches!(ended.result, RunResult::Succeeded), "{ended:?}");

    let slow = bench.any_run().await;
    assert_eq!((slow.hook.as_str(), said(&slow)), ("take-slow", "taken"));
    let RunResult::Failed {
        code,
        message,
        retry_in,
        ..
    } = &slow.result
    else {
        panic!("{slow:?}");
    };
    assert_eq!(code, "values-conflict");
    assert!(
        message.contains("the values cannot be changed"),
        "{message}"
    );
    assert_eq!(*retry_in, Some(Duration::from_secs(5)));

    // The next attempt sees what is there by now.
    let again = bench.run("take-slow").await;
    assert_eq!((again.attempt, said(&again)), (2, "gone"));
    assert!(matches!(again.result, RunResult::Succeeded), "{again:?}");
}
