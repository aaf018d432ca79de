//! The operator around its queues: journal, pages, start without a cluster, stop.

use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Failure, Matching};
use hookbox_operator::OperatorEvent;
use serde_json::json;

#[tokio::test]
async fn health_metrics_and_readiness_are_served() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("echo", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let bench = Bench::with(&cluster, &hooks, |options| {
        options.listen = Some(([127, 0, 0, 1], 0).into())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let address = bench.running.http_addr().unwrap();
    let get = |path| get(address, path);
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
async fn requests_to_the_api_server_are_counted() {
    let cluster = cluster(&[ns()]).await;
    cluster.faults().fail_next(
        1,
        Matching::any().resource("configmaps"),
        Failure::Forbidden,
    );
    let hooks = [(
        "write",
        json!({"kubernetes": [binding("watched", json!({}))]}),
    )];
    let mut bench = Bench::start(&cluster, &hooks).await;
    bench.run("write").await;
    let text = bench.running.metrics_text();
    let count = |labels: &str| -> u64 {
        let name = format!("hookbox_kubernetes_client_request_result_total{{{labels}}} ");
        let line = text.lines().find_map(|l| l.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    };
    assert_eq!(count(r#"code="403",method="GET""#), 1, "{text}");
    assert_eq!(count(r#"code="201",method="POST""#), 1, "{text}");
    // Discovery and the watch.
    assert!(count(r#"code="200",method="GET""#) >= 2, "{text}");
    assert!(
        text.contains(r#"hookbox_kubernetes_client_request_latency_seconds_count{verb="GET"}"#)
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
        (
            "echo-kube",
            json!({"kubernetes": [binding("maps", json!({}))]}),
        ),
    ];
    let mut bench = Bench::with(&nowhere, &hooks, |options| {
        options.client = None;
        options.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "schedule", "type": "Schedule"}])
    );
    // Nobody waits for bindings that never come.
    let ready = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
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
