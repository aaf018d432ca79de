//! Queues and runs: BEHAVIOUR B, row by row. What needs no cluster is tested beside the code.

use std::time::Duration;

use crate::support::*;
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::{RunFinished, RunResult};
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
async fn a_hook_that_fails_for_ever_blocks_its_queue_only() {
    let cluster = cluster(&[ns()]).await;
    let quiet = |queue: &str, name: &str| json!({"kubernetes": [maps(json!({"queue": queue, "executeHookOnSynchronization": false, "nameSelector": {"matchNames": [name]}}))]});
    let hooks = [
        ("fail", quiet("bad", "first")),
        ("echo-behind", quiet("bad", "second")),
        ("echo", quiet("good", "second")),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    apply(&cluster, &[config_map("ns", "first", "1")]).await;
    assert!(failed(&bench.run("fail").await));
    apply(&cluster, &[config_map("ns", "second", "1")]).await;
    assert!(!failed(&bench.run("echo").await));
    bench.catch_up().await;
    let bad = bench
        .running
        .queues()
        .into_iter()
        .find(|q| q.name == "bad")
        .unwrap();
    assert_eq!(
        bad.tasks
            .iter()
            .map(|t| (t.hook.as_str(), t.failures > 0))
            .collect::<Vec<_>>(),
        [("fail", true), ("echo-behind", false)]
    );
}

#[tokio::test]
async fn a_failing_run_takes_in_what_came_and_waits_longer_and_longer() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::settled(
        &cluster,
        &[(
            "fail",
            json!({"kubernetes": [maps(json!({"executeHookOnSynchronization": false}))]}),
        )],
    )
    .await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    let first = bench.run("fail").await;
    assert_eq!(
        (
            first.attempt,
            contexts(&first).as_array().unwrap().len(),
            retry(&first)
        ),
        (1, 1, 5.0)
    );
    apply(&cluster, &[config_map("ns", "b", "1")]).await;
    let second = bench.run("fail").await;
    assert_eq!(
        (second.attempt, contexts(&second).as_array().unwrap().len()),
        (2, 2)
    );
    assert!((6.0..7.0).contains(&retry(&second)), "{second:?}");
}

fn retry(run: &RunFinished) -> f64 {
    match &run.result {
        RunResult::Failed {
            retry_in: Some(pause),
            ..
        } => pause.as_secs_f64(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn ticks_that_come_while_the_hook_may_not_run_join_its_next_run() {
    let nowhere = cluster(&[]).await;
    let config = json!({"schedule": [{"crontab": "* * * * * *"}], "settings": {"executionMinInterval": "2s", "executionBurst": 1}});
    let mut bench = Bench::start(&nowhere, &[("echo", config)]).await;
    let mut lengths = Vec::new();
    for _ in 0..3 {
        lengths.push(bench.contexts("echo").await.as_array().unwrap().len());
    }
    // The first run is for the first tick; then two ticks pass in each interval, or three when the machine is slow.
    assert_eq!(lengths[0], 1);
    assert!(lengths[1..].iter().all(|n| *n >= 2), "{lengths:?}");
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

#[tokio::test]
async fn runs_are_recorded_in_the_journal_with_their_contexts() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let dir = tempfile::tempdir().unwrap();
    let hooks = [(
        "write",
        json!({"kubernetes": [binding("watched", json!({"includeSnapshotsFrom": ["watched"]}))]}),
    )];
    let bench = Bench::with(&cluster, &hooks, |options| {
        options.journal = Some(dir.path().to_owned())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let Bench { running, .. } = bench;
    assert!(patiently("the stop", running.stop()).await);
    let records: Vec<_> = hookbox_operator::journal::read(dir.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(records.len(), 1);
    assert_eq!(
        records[0].contexts[0]["objects"][0]["object"]["metadata"]["name"],
        "a"
    );
    assert_eq!(
        records[0].effects.as_ref().unwrap()["objectPatches"][0]["operation"],
        "CreateOrUpdate"
    );
    assert_eq!(records[0].patches.len(), 1);
}

#[tokio::test]
async fn health_metrics_and_readiness_are_served() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("echo", json!({"kubernetes": [maps(json!({}))]}))];
    let bench = Bench::with(&cluster, &hooks, |options| {
        options.listen = Some(([127, 0, 0, 1], 0).into())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let address = bench.running.http_addr().unwrap();
    let get = |path: &'static str| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(
                format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
            )
            .await
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    assert!(get("/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get("/healthz").await.starts_with("HTTP/1.1 200"));
    let metrics = get("/metrics").await;
    assert!(
        metrics.contains(
            "hookbox_hook_run_success_total{binding=\"maps\",hook=\"echo\",queue=\"main\"} 1"
        ),
        "{metrics}"
    );
    assert!(get("/metrics/hooks").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_failure_that_is_allowed_counts_as_done() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::settled(
        &cluster,
        &[(
            "fail",
            json!({"kubernetes": [maps(json!({"allowFailure": true}))]}),
        )],
    )
    .await;
    let run = bench.run("fail").await;
    assert!(
        matches!(
            run.result,
            RunResult::Failed {
                allowed: true,
                retry_in: None,
                ..
            }
        ),
        "{run:?}"
    );
    let labels = r#"{binding="maps",hook="fail",queue="main"}"#;
    let metrics = bench.running.metrics_text();
    assert!(
        metrics.contains(&format!("hookbox_hook_run_allowed_errors_total{labels} 1")),
        "{metrics}"
    );
    // The Synchronization is over: events flow.
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    assert_eq!(contexts(&bench.run("fail").await)[0]["type"], "Event");
}

#[tokio::test]
async fn a_hook_may_ask_for_its_own_pause_or_for_no_retry() {
    let cluster = cluster(&[ns()]).await;
    let sync = || json!({"kubernetes": [maps(json!({}))]});
    let mut bench = Bench::start(&cluster, &[("never", sync()), ("after", sync())]).await;
    let never = bench.run("never").await;
    assert!(
        matches!(
            never.result,
            RunResult::Failed {
                allowed: false,
                retry_in: None,
                ..
            }
        ),
        "{never:?}"
    );
    assert_eq!(retry(&bench.run("after").await), 90.0);
}

#[tokio::test]
async fn a_trap_is_a_failure() {
    let cluster = cluster(&[]).await;
    let mut bench = Bench::start(&cluster, &[("panic", json!({"onStartup": 1}))]).await;
    let run = bench.run("panic").await;
    assert!(
        matches!(&run.result, RunResult::Failed { code, .. } if code == "trap"),
        "{run:?}"
    );
}

#[tokio::test]
async fn effects_are_written_and_a_failed_one_fails_the_run() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let hooks = [
        (
            "write",
            json!({"kubernetes": [binding("watched", json!({"includeSnapshotsFrom": ["watched"]}))]}),
        ),
        (
            "broken",
            json!({"kubernetes": [maps(json!({"allowFailure": true}))]}),
        ),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    let run = bench.run("write").await;
    assert_eq!(run.result, RunResult::Succeeded);
    assert_eq!(run.patches.len(), 1);
    let written: Value = cluster
        .client()
        .request(
            http::Request::get("/api/v1/namespaces/default/configmaps/written")
                .body(Vec::new())
                .unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(written["data"], json!({"count": "1"}));
    assert!(
        bench
            .running
            .hook_metrics_text()
            .contains("watched_objects{hook=\"write\"} 1"),
        "{}",
        bench.running.hook_metrics_text()
    );
    // The first of two is done, the second is not, and the run has failed.
    let run = bench.run("broken").await;
    assert!(
        matches!(run.result, RunResult::Failed { allowed: true, .. }),
        "{run:?}"
    );
    assert_eq!(run.patches.len(), 2);
    assert!(
        cluster
            .objects()
            .iter()
            .any(|o| o["metadata"]["name"] == "half")
    );
}

#[tokio::test]
async fn without_a_cluster_startup_and_schedules_work() {
    let nowhere = cluster(&[]).await;
    let hooks = [
        (
            "echo",
            json!({"onStartup": 1, "schedule": [{"crontab": "* * * * * *"}]}),
        ),
        ("echo-kube", json!({"kubernetes": [maps(json!({}))]})),
    ];
    let mut bench = Bench::with(&nowhere, &hooks, |options| options.client = None).await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "schedule", "type": "Schedule"}])
    );
}

// Two threads: a guest that spins must not hold up the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_waits_for_runs_and_begins_no_other() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::with(
        &cluster,
        &[
            ("spin", json!({"onStartup": 1})),
            ("echo", json!({"onStartup": 2})),
        ],
        |options| {
            options.budget.cpu_time = Duration::from_millis(500);
        },
    )
    .await;
    bench
        .event_where(|event| matches!(event, OperatorEvent::RunStarted { .. }).then_some(()))
        .await;
    let Bench { running, .. } = bench;
    let mut events = running.events();
    assert!(
        patiently("the stop", running.stop()).await,
        "the run ends at its limit"
    );
    let mut ended = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let OperatorEvent::RunFinished(run) = &*event {
            ended.push(run.hook.clone());
        }
    }
    assert_eq!(ended, ["spin"]);
}

#[tokio::test]
async fn nobody_runs_with_a_snapshot_that_is_not_known() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "bad")]).await;
    let config = json!({"kubernetes": [
        binding("broken", json!({"jqFilter": r#"if .data.v == "bad" then error("no") else .data.v end"#})),
        binding("needs", json!({"includeSnapshotsFrom": ["broken"], "nameSelector": {"matchNames": ["other"]}})),
        {"name": "fine", "kind": "Secret", "apiVersion": "v1"},
        {"name": "absent", "kind": "Nothing", "apiVersion": "example.com/v1"},
        {"name": "needs-absent", "kind": "Secret", "apiVersion": "v1", "includeSnapshotsFrom": ["absent"]},
    ]});
    let mut bench = Bench::settled(&cluster, &[("echo", config)]).await;
    let ran: Vec<_> = bench
        .drain_contexts("echo")
        .iter()
        .map(|c| c[0]["binding"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ran, ["fine", "needs-absent"]);
    apply(&cluster, &[config_map("ns", "a", "good")]).await;
    let mut ran = Vec::new();
    while ran.len() < 2 {
        let contexts = bench.contexts("echo").await;
        if contexts[0]["binding"] == "needs" {
            assert_eq!(
                contexts[0]["snapshots"]["broken"][0]["filterResult"],
                "good"
            );
        }
        ran.push(contexts[0]["binding"].as_str().unwrap().to_owned());
    }
    ran.sort();
    assert_eq!(ran, ["broken", "needs"]);
}
