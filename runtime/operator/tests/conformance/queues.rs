//! Queues and runs: BEHAVIOUR B, row by row. What needs no cluster is tested beside the code.

use std::time::Duration;

use crate::support::*;
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::RunFinished;
use serde_json::{Value, json};

fn maps(more: Value) -> Value {
    binding("maps", more)
}

#[tokio::test]
async fn startup_hooks_go_by_their_order_then_bindings_by_the_order_of_hooks() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [
        (
            "echo-a",
            json!({"onStartup": 10, "kubernetes": [binding("one", json!({"queue": "other"})), binding("two", json!({}))]}),
        ),
        ("echo-b", json!({"onStartup": 1})),
        (
            "echo-c",
            json!({"kubernetes": [binding("three", json!({}))]}),
        ),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    let events = bench.drain();
    let order: Vec<_> = events
        .iter()
        .filter_map(|event| match &**event {
            OperatorEvent::RunStarted {
                hook,
                queue,
                reasons,
                ..
            } => Some(format!("{hook} {} {queue}", reasons[0].binding)),
            _ => None,
        })
        .collect();
    // A Synchronization always runs in main.
    assert_eq!(
        order,
        [
            "echo-b onStartup main",
            "echo-a onStartup main",
            "echo-a one main",
            "echo-a two main",
            "echo-c three main"
        ]
    );
    // Runs of the startup have neither binding nor queue in metrics.
    let metrics = bench.running.metrics_text();
    for labels in [
        r#"{binding="",hook="echo-a",queue=""}"#,
        r#"{binding="one",hook="echo-a",queue="main"}"#,
    ] {
        let line = format!("shell_operator_hook_run_success_total{labels} 1");
        assert!(metrics.lines().any(|l| l == line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn events_go_to_the_queue_of_their_binding() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::settled(
        &cluster,
        &[(
            "echo",
            json!({"kubernetes": [maps(json!({"queue": "other"}))]}),
        )],
    )
    .await;
    bench.run("echo").await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    assert_eq!(bench.run("echo").await.queue, "other");
}

#[tokio::test]
async fn a_thousand_events_arrive_in_order_however_they_are_combined() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [maps(json!({"executeHookOnSynchronization": false}))], "settings": {"executionMinInterval": "100ms", "executionBurst": 1}});
    let mut bench = Bench::settled(&cluster, &[("names", config)]).await;
    for i in 0..1000 {
        apply(&cluster, &[config_map("ns", &format!("m{i:04}"), "1")]).await;
    }
    bench.settle().await;
    let events = bench.drain();
    let runs: Vec<&RunFinished> = events
        .iter()
        .filter_map(|event| match &**event {
            OperatorEvent::RunFinished(run) => Some(&**run),
            _ => None,
        })
        .collect();
    let seen: Vec<String> = runs
        .iter()
        .flat_map(|run| run.log[0].message.split(',').map(str::to_owned))
        .collect();
    let expected: Vec<String> = (0..1000).map(|i| format!("Added m{i:04}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_thousand_events_that_wait_become_one_run_in_order() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [maps(json!({"executeHookOnSynchronization": false}))], "settings": {"executionMinInterval": "10m", "executionBurst": 1}});
    let mut bench = Bench::settled(&cluster, &[("names", config)]).await;
    for i in 0..1000 {
        apply(&cluster, &[config_map("ns", &format!("m{i:04}"), "1")]).await;
    }
    bench.catch_up().await;
    assert_eq!(
        bench.running.queues()[0]
            .tasks
            .iter()
            .map(|t| t.bindings.len())
            .sum::<usize>(),
        1000
    );
    // The ten minutes pass.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(600)).await;
    tokio::time::resume();
    let run = bench.run("names").await;
    let expected: Vec<String> = (0..1000).map(|i| format!("Added m{i:04}")).collect();
    assert_eq!(run.log[0].message.split(',').collect::<Vec<_>>(), expected);
}

// Two threads: a guest that spins must not hold up the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_run_in_parallel() {
    let cluster = cluster(&[ns()]).await;
    let quiet = |queue: &str| json!({"kubernetes": [maps(json!({"queue": queue, "executeHookOnSynchronization": false}))]});
    let mut bench = Bench::with(
        &cluster,
        &[("spin", quiet("slow")), ("echo", quiet("fast"))],
        |options| {
            options.budget.cpu_time = Duration::from_secs(4);
        },
    )
    .await;
    patiently("the start", bench.running.idle()).await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    let ended = [bench.any_run().await.hook, bench.any_run().await.hook];
    assert_eq!(ended, ["echo", "spin"]);
}

#[tokio::test]
async fn a_group_synchronization_unlocks_all_that_it_swallowed() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [
        maps(json!({"group": "g"})),
        {"name": "secrets", "kind": "Secret", "apiVersion": "v1"},
    ]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let first = bench.contexts("echo").await;
    assert_eq!(
        first
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["type"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["Group", "Synchronization"]
    );
    apply(&cluster, &[json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ns"}})]).await;
    assert_eq!(bench.contexts("echo").await[0]["watchEvent"], "Added");
}
