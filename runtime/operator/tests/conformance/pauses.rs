//! Pauses before the next attempt and between runs: BEHAVIOUR B3 and B6, on timers that leap.

use std::time::Duration;

use crate::support::*;
use hookbox_operator::OperatorEvent;
use hookbox_operator::clock::Clock;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Timers count whole milliseconds, and round up.
const ROUNDING: Duration = Duration::from_millis(2);

/// Runs for changes of one ConfigMap, in a queue.
fn on_change(name: &str, queue: &str) -> Value {
    let more = json!({"queue": queue, "executeHookOnSynchronization": false, "nameSelector": {"matchNames": [name]}});
    binding("maps", more)
}

/// What the guest `switch` looks at.
fn switch() -> Value {
    json!({"name": "switch", "kind": "ConfigMap", "apiVersion": "v1", "nameSelector": {"matchNames": ["switch"]},
        "namespace": {"nameSelector": {"matchNames": ["default"]}}, "executeHookOnSynchronization": false, "executeHookOnEvent": []})
}

#[tokio::test]
async fn pauses_grow_and_the_head_keeps_its_place_while_other_queues_go_on() {
    let cluster = cluster(&[ns(), config_map("default", "switch", "on")]).await;
    let mut failing = on_change("first", "bad");
    failing["includeSnapshotsFrom"] = json!(["switch"]);
    let hooks = [
        ("switch", json!({"kubernetes": [failing, switch()]})),
        (
            "echo-behind",
            json!({"kubernetes": [on_change("second", "bad")]}),
        ),
        ("echo", json!({"kubernetes": [on_change("second", "good")]})),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    leap();
    apply(&cluster, &[config_map("ns", "first", "1")]).await;
    // In milliseconds: the least and the greatest pause after each failure.
    let expected = [
        (5000, 5000),
        (6000, 6900),
        (7000, 7900),
        (9000, 9900),
        (13000, 13900),
        (21000, 21900),
        (32000, 32000),
        (32000, 32000),
    ];
    let mut last: Option<(Instant, Duration)> = None;
    for (attempt, (least, greatest)) in (1..).zip(expected) {
        assert_eq!(bench.started("switch").await, attempt);
        if let Some((at, pause)) = last {
            let waited = at.elapsed();
            assert!(
                (pause..pause + ROUNDING).contains(&waited),
                "{waited:?} is not {pause:?}"
            );
        }
        let run = bench.run("switch").await;
        let ended = Instant::now();
        let pause = pause(&run).expect("another attempt");
        let millis = pause.as_millis();
        assert!((least..=greatest).contains(&millis), "{attempt}: {pause:?}");
        assert_eq!(millis % 100, 0, "in steps of 100 ms");
        last = Some((ended, pause));
        apply(
            &cluster,
            &[config_map("ns", "second", &attempt.to_string())],
        )
        .await;
        assert!(!failed(&bench.run("echo").await));
        assert_eq!(ended.elapsed(), Duration::ZERO, "another queue waits");
    }
    let queues = bench.running.queues();
    let bad = queues.iter().find(|q| q.name == "bad").unwrap();
    let waiting: Vec<_> = bad
        .tasks
        .iter()
        .map(|t| (t.hook.as_str(), t.failures))
        .collect();
    assert_eq!(waiting[0], ("switch", 8));
    assert_eq!(waiting[1..], [("echo-behind", 0); 8]);
    // The head succeeds at last, and who waited behind it goes at once.
    delete(&cluster, "/api/v1/namespaces/default/configmaps/switch").await;
    let run = bench.run("switch").await;
    assert_eq!((run.attempt, failed(&run)), (9, false));
    let ended = Instant::now();
    let behind = bench.contexts("echo-behind").await;
    assert_eq!(behind.as_array().unwrap().len(), 8);
    assert_eq!(ended.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_failing_run_takes_in_what_came_and_grows_with_every_attempt() {
    let cluster = cluster(&[ns()]).await;
    let config =
        json!({"kubernetes": [binding("maps", json!({"executeHookOnSynchronization": false}))]});
    let mut bench = Bench::settled(&cluster, &[("fail", config)]).await;
    leap();
    for (attempt, name) in (1..).zip(["a", "b", "c", "d"]) {
        apply(&cluster, &[config_map("ns", name, "1")]).await;
        let run = bench.run("fail").await;
        assert_eq!(
            (run.attempt, contexts(&run).as_array().unwrap().len()),
            (attempt, attempt as usize)
        );
    }
}

#[tokio::test]
async fn a_hook_may_ask_for_its_own_pause() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [binding("maps", json!({}))]});
    let mut bench = Bench::start(&cluster, &[("after", config)]).await;
    leap();
    let asked = Duration::from_secs(90);
    for attempt in 1..4 {
        let run = bench.run("after").await;
        assert_eq!((run.attempt, pause(&run)), (attempt, Some(asked)));
        let ended = Instant::now();
        bench.started("after").await;
        assert!((asked..asked + ROUNDING).contains(&ended.elapsed()));
    }
}

#[tokio::test]
async fn a_hook_may_ask_not_to_be_tried_again() {
    let cluster = cluster(&[ns()]).await;
    let config = || json!({"kubernetes": [binding("maps", json!({}))]});
    let mut bench = Bench::start(&cluster, &[("never", config()), ("echo", config())]).await;
    leap();
    let run = bench.run("never").await;
    assert_eq!((failed(&run), pause(&run)), (true, None));
    let ended = Instant::now();
    bench.run("echo").await;
    assert_eq!(ended.elapsed(), Duration::ZERO, "the queue goes on");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let again = |event: &OperatorEvent| matches!(event, OperatorEvent::RunStarted { .. });
    assert!(!bench.drain().iter().any(|e| again(e)));
    // The Synchronization counts as done: events flow, and each is tried afresh.
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    let run = bench.run("never").await;
    assert_eq!(
        (run.attempt, &contexts(&run)[0]["watchEvent"]),
        (1, &json!("Added"))
    );
}

#[tokio::test]
async fn a_startup_run_that_fails_keeps_all_that_follows_in_main() {
    let cluster = cluster(&[ns()]).await;
    let follows = json!({"onStartup": 2, "schedule": [{"crontab": "* * * * * *", "queue": "other"}], "kubernetes": [binding("maps", json!({"queue": "other"}))]});
    let hooks = [("fail", json!({"onStartup": 1})), ("echo", follows)];
    let mut bench = Bench::start(&cluster, &hooks).await;
    leap();
    for attempt in 1..6 {
        let run = bench.any_run().await;
        assert_eq!((run.hook.as_str(), run.attempt), ("fail", attempt));
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_another_attempt() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::start(&cluster, &[("after", json!({"onStartup": 1}))]).await;
    leap();
    assert!(failed(&bench.run("after").await));
    let Bench { running, .. } = bench;
    let asked = Instant::now();
    assert!(patiently("the stop", running.stop()).await);
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn ticks_that_come_while_the_hook_may_not_run_join_its_next_run() {
    let nowhere = cluster(&[]).await;
    // Not two seconds, as then a tick and the hook's turn would come at the same time.
    let config = json!({"schedule": [{"crontab": "* * * * * *"}], "settings": {"executionMinInterval": "2100ms", "executionBurst": 1}});
    let mut bench = Bench::with(&nowhere, &[("echo", config)], |options| {
        options.clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    })
    .await;
    leap();
    let mut lengths = Vec::new();
    for _ in 0..5 {
        lengths.push(bench.contexts("echo").await.as_array().unwrap().len());
    }
    assert_eq!(lengths, [1, 2, 2, 2, 2]);
}
