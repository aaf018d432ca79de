//! What is left of runs in the journal, and what happens when its disk is full.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::support::*;
use hookbox_operator::event::RunResult;
use serde_json::{Value, json};

/// All lines of the journal's files, each of which must be JSON.
fn lines(folder: &Path) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    texts
        .flat_map(|text| {
            text.lines()
                .map(|l| serde_json::from_str(l).unwrap())
                .collect::<Vec<Value>>()
        })
        .collect()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
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
        records[0].contexts.value()[0]["objects"][0]["object"]["metadata"]["name"],
        "a"
    );
    assert_eq!(
        records[0].effects.as_ref().unwrap()["objectPatches"][0]["operation"],
        "CreateOrUpdate"
    );
    assert_eq!(records[0].patches.len(), 1);
}

/// The names are those of docs/operating.md.
#[tokio::test]
async fn a_record_has_the_fields_that_are_documented() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let dir = tempfile::tempdir().unwrap();
    let watched = || json!({"kubernetes": [binding("watched", json!({"includeSnapshotsFrom": ["watched"], "allowFailure": true}))]});
    let hooks = [("write", watched()), ("after", watched())];
    let bench = Bench::with(&cluster, &hooks, |options| {
        options.journal = Some(dir.path().to_owned())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let Bench { running, .. } = bench;
    assert!(patiently("the stop", running.stop()).await);
    let lines = lines(dir.path());
    let of = |hook: &str| lines.iter().find(|l| l["hook"] == hook).unwrap();
    let (failed, done) = (of("after"), of("write"));
    let always = [
        "version",
        "id",
        "time",
        "hook",
        "queue",
        "attempt",
        "component",
        "result",
        "contexts",
        "log",
        "timings",
        "usage",
    ];
    assert_eq!(keys(failed), BTreeSet::from(always));
    let with_effects: BTreeSet<_> = always.into_iter().chain(["effects", "patches"]).collect();
    assert_eq!(keys(done), with_effects);
    let used = [
        "wallClockSeconds",
        "instantiateSeconds",
        "cpuSeconds",
        "memoryBytes",
        "hostCalls",
        "logBytes",
    ];
    for record in [failed, done] {
        assert_eq!(keys(&record["usage"]), BTreeSet::from(used));
        assert!(record["usage"]["wallClockSeconds"].as_f64().unwrap() > 0.0);
        assert!(record["usage"]["memoryBytes"].as_u64().unwrap() > 0);
        assert_eq!(
            keys(&record["timings"]),
            BTreeSet::from(["queued", "started", "finished"])
        );
        assert_eq!(record["time"], record["timings"]["started"]);
        assert_eq!(
            (&record["version"], &record["queue"], &record["attempt"]),
            (&json!(1), &json!("main"), &json!(1))
        );
        assert_eq!(record["log"][0]["level"], "info");
    }
    assert_eq!(done["result"], json!({"outcome": "success"}));
    assert_eq!(
        failed["result"],
        json!({"outcome": "run-failed", "code": "hook-failed", "message": "as asked", "retry": {"afterSeconds": 90.0}, "allowedToFail": true})
    );
    assert_eq!(
        done["patches"],
        json!([{"index": 0, "operation": "CreateOrUpdate", "object": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "default", "name": "written"}, "verb": "create", "changed": true}])
    );
    assert_eq!(
        done["effects"]["metrics"],
        json!([{"name": "watched_objects", "action": "set", "value": 1.0}])
    );
}

#[tokio::test]
async fn what_a_failed_run_wrote_all_the_same_can_be_seen() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "ns"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let cluster = cluster(&[ns(), deployment]).await;
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"kubernetes": [binding("maps", json!({"allowFailure": true}))]});
    let bench = Bench::with(&cluster, &[("status", config)], |options| {
        options.journal = Some(dir.path().to_owned())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let Bench { running, .. } = bench;
    assert!(patiently("the stop", running.stop()).await);
    let lines = lines(dir.path());
    let record = &lines[0];
    assert_eq!(record["result"]["outcome"], "run-failed");
    assert!(record.get("effects").is_none());
    assert_eq!(
        record["survivingPatches"],
        json!([{"operation": "MergePatch", "kind": "Deployment", "namespace": "ns", "name": "d",
            "mergePatch": {"status": {"replicas": 7}}, "subresource": "/status", "ignoreHookError": true}])
    );
    assert_eq!(record["patches"][0]["index"], 0);
    assert_eq!(record["patches"][0]["changed"], true);
}

#[tokio::test]
async fn runs_go_on_when_the_disk_is_full_and_are_written_again_when_it_is_not() {
    let cluster = cluster(&[ns()]).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("runs-00000001.jsonl");
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    let config =
        json!({"kubernetes": [binding("maps", json!({"executeHookOnSynchronization": false}))]});
    let mut bench = Bench::with(&cluster, &[("echo", config)], |options| {
        options.journal = Some(dir.path().to_owned())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    leap();
    for value in ["1", "2"] {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        assert_eq!(bench.run("echo").await.result, RunResult::Succeeded);
    }
    // No run follows that could bring the counts up to date.
    counted(&bench, 0, 2).await;
    // Somebody makes room.
    std::fs::remove_file(&file).unwrap();
    for value in ["3", "4"] {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        assert_eq!(bench.run("echo").await.result, RunResult::Succeeded);
    }
    counted(&bench, 2, 2).await;
    let values: Vec<_> = lines(dir.path())
        .iter()
        .map(|l| l["contexts"][0]["object"]["data"]["v"].clone())
        .collect();
    assert_eq!(values, ["3", "4"]);
}

/// Waits until the operator's own metrics say so many records written and lost.
async fn counted(bench: &Bench, written: u64, dropped: u64) {
    let lines = [
        format!("shell_operator_journal_written_total {written}"),
        format!("shell_operator_journal_dropped_total {dropped}"),
    ];
    patiently(&lines.join(", "), async {
        loop {
            let text = bench.running.metrics_text();
            if lines.iter().all(|line| text.lines().any(|l| l == line)) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
}
