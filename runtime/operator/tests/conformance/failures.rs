//! Runs that fail, and what becomes of their effects: BEHAVIOUR B3, B4 and B7, row by row.

use crate::support::*;
use hookbox_operator::event::RunResult;
use serde_json::{Value, json};

fn maps(more: Value) -> Value {
    binding("maps", more)
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
        metrics.contains(&format!(
            "shell_operator_hook_run_allowed_errors_total{labels} 1"
        )),
        "{metrics}"
    );
    // The Synchronization is over: events flow.
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    assert_eq!(contexts(&bench.run("fail").await)[0]["type"], "Event");
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
    // The first of two is done, the second is not, and the run has failed. Metrics come after patches.
    let run = bench.run("broken").await;
    assert!(
        matches!(run.result, RunResult::Failed { allowed: true, .. }),
        "{run:?}"
    );
    assert_eq!(run.patches.len(), 2);
    assert!(!bench.running.hook_metrics_text().contains("broken"));
    assert!(
        cluster
            .objects()
            .iter()
            .any(|o| o["metadata"]["name"] == "half")
    );
}

#[tokio::test]
async fn a_failed_run_has_no_effects_though_it_is_allowed_to_fail() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetes": [maps(json!({"allowFailure": true}))]});
    let mut bench = Bench::settled(&cluster, &[("lose", config)]).await;
    let run = bench.run("lose").await;
    assert!(
        matches!(run.result, RunResult::Failed { allowed: true, .. }),
        "{run:?}"
    );
    assert_eq!((run.effects, run.patches.len()), (None, 0));
    assert!(
        !cluster
            .objects()
            .iter()
            .any(|o| o["metadata"]["name"] == "lost")
    );
    assert_eq!(bench.running.hook_metrics_text(), "");
}

/// shell-operator has this for its compiled-in hooks only: of processes it reads nothing once they failed.
#[tokio::test]
async fn a_failed_run_may_still_say_so_in_a_status() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "ns"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let cluster = cluster(&[ns(), deployment]).await;
    let config = json!({"kubernetes": [maps(json!({"allowFailure": true}))]});
    let mut bench = Bench::settled(&cluster, &[("status", config)]).await;
    assert!(failed(&bench.run("status").await));
    let objects = cluster.objects();
    let deployment = objects.iter().find(|o| o["kind"] == "Deployment").unwrap();
    assert_eq!(
        (
            &deployment["status"]["replicas"],
            &deployment["status"]["readyReplicas"]
        ),
        (&json!(7), &Value::Null)
    );
}

#[tokio::test]
async fn the_first_binding_of_a_combined_run_says_whether_it_may_fail() {
    for (order, allowed) in [
        (["strict", "lenient"], false),
        (["lenient", "strict"], true),
    ] {
        let cluster = cluster(&[ns()]).await;
        let on_change = |name: &str, allowed: bool| {
            let more = json!({"executeHookOnSynchronization": false, "allowFailure": allowed, "nameSelector": {"matchNames": [name]}});
            binding(name, more)
        };
        // The two skipped Synchronizations take the tokens, so that both changes join one run.
        let config = json!({
            "kubernetes": [on_change("strict", false), on_change("lenient", true)],
            "settings": {"executionMinInterval": "10m", "executionBurst": 2},
        });
        let mut bench = Bench::settled(&cluster, &[("fail", config)]).await;
        for name in order {
            apply(&cluster, &[config_map("ns", name, "1")]).await;
            bench.catch_up().await;
        }
        leap();
        let run = bench.run("fail").await;
        let seen = contexts(&run);
        assert_eq!([&seen[0]["binding"], &seen[1]["binding"]], order);
        assert_eq!(pause(&run).is_none(), allowed, "{run:?}");
        tokio::time::resume();
    }
}
