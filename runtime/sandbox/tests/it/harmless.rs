//! What ordinary hooks do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{
    Budget, Context, Effects, Entry, HookError, LogLevel, LogRecord, Retry, RunError, RunInput,
    Sandbox, Settings, Snapshot,
};
use serde_json::json;

use crate::support::{entry, guest_bytes, guests, input, messages, run};

#[tokio::test]
async fn effects_come_back_in_order_as_data() {
    let run = run("ok", &Budget::default()).await;
    let effects = run.result.unwrap();
    assert_eq!(
        serde_json::to_value(&effects).unwrap(),
        json!({
            "objectPatches": [
                {"operation": "CreateOrUpdate",
                    "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}}},
                {"operation": "DeleteInBackground", "kind": "Pod", "namespace": "default", "name": "old"},
                {"operation": "MergePatch", "kind": "Pod", "namespace": "default", "name": "old",
                    "mergePatch": {"metadata": {"labels": {"a": "b"}}}, "ignoreMissingObject": true},
                {"operation": "JSONPatch", "kind": "Pod", "namespace": "default", "name": "old",
                    "jsonPatch": [{"op": "remove", "path": "/spec"}], "ignoreMissingObject": true},
                {"operation": "JQPatch", "kind": "Pod", "namespace": "default", "name": "old",
                    "jqFilter": ".x = 1", "ignoreMissingObject": true},
            ],
            "values": [{"op": "add", "path": "/module/done", "value": true}],
            "configValues": [{"op": "add", "path": "/module", "value": {"on": true}}],
            "metrics": [
                {"name": "runs_total", "action": "add", "value": 1.0, "labels": {"node": "n1"}},
                {"name": "size", "action": "set", "value": 2.5, "group": "g"},
                {"name": "seconds", "action": "observe", "value": 0.1, "buckets": [0.05, 0.5]},
                {"action": "expire", "group": "old"},
            ],
        })
    );
    // And back again: what the journal keeps is what the run gave.
    let text = serde_json::to_string(&effects).unwrap();
    assert_eq!(serde_json::from_str::<Effects>(&text).unwrap(), effects);
    let record = |level, message: &str, fields: &[(&str, &str)]| LogRecord {
        level,
        message: message.to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    assert_eq!(
        run.log,
        [
            record(LogLevel::Info, "hello", &[]),
            record(LogLevel::Warn, "careful", &[]),
            record(LogLevel::Debug, "looking", &[("contexts", "1")]),
        ]
    );
    assert!(run.surviving.is_empty());
    assert!(run.usage.memory > 64 << 10 && run.usage.host_calls > 10 && run.usage.log_bytes > 0);
    assert!(run.usage.cpu_time > Duration::ZERO && run.usage.wall_clock >= run.usage.instantiate);
}

#[tokio::test]
async fn a_failed_run_has_no_effects_but_a_retry() {
    let table = [
        ("fail", "it went wrong", Retry::BackOff),
        ("fail-never", "hopeless", Retry::Never),
        (
            "fail-after",
            "later",
            Retry::After(Duration::from_secs(24 * 60 * 60)),
        ),
    ];
    for (hook, message, retry) in table {
        let run = run(hook, &Budget::default()).await;
        let expected = RunError::Failed(HookError {
            message: message.to_owned(),
            retry,
        });
        assert_eq!(run.result, Err(expected));
        assert!(run.surviving.is_empty());
    }
}

#[tokio::test]
async fn status_patches_that_ignore_the_hooks_error_survive_it() {
    let run = run("status-then-fail", &Budget::default()).await;
    assert!(matches!(run.result, Err(RunError::Failed(_))));
    assert_eq!(
        serde_json::to_value(&run.surviving).unwrap(),
        json!([{"operation": "MergePatch", "kind": "Pod", "name": "p", "mergePatch": {"status": {"failed": true}},
            "subresource": "/status", "ignoreHookError": true}])
    );
}

#[tokio::test]
async fn contexts_are_read_field_by_field_and_as_a_whole() {
    let event = Context {
        binding: "pods".to_owned(),
        kind: Some("Event".to_owned()),
        watch_event: Some("Added".to_owned()),
        object: entry("a").object,
        filter_result: Some("null".into()),
        snapshot_names: Some(vec!["pods".to_owned()]),
        ..Context::default()
    };
    let synchronization = Context {
        binding: "all".to_owned(),
        kind: Some("Synchronization".to_owned()),
        objects: Some(Arc::new(vec![entry("b"), Entry::default()])),
        ..Context::default()
    };
    let group = Context {
        binding: "kubernetes".to_owned(),
        kind: Some("Group".to_owned()),
        group: Some("main".to_owned()),
        ..Context::default()
    };
    let input = RunInput {
        contexts: vec![event, synchronization, group],
        ..input(1)
    };
    let expected = hookbox_sandbox::render_contexts(&input);
    let run = guests()
        .await
        .run("contexts", input, &Budget::default())
        .await;
    assert_eq!(run.result, Ok(Effects::default()));
    let messages = messages(&run);
    assert_eq!(
        messages[0],
        "pods kind=Some(\"Event\") group=None event=Some(\"Added\") \
         object=Some(\"{\\\"kind\\\":\\\"Pod\\\",\\\"metadata\\\":{\\\"name\\\":\\\"a\\\"}}\") filter=Some(\"null\") \
         name=Some(\"\\\"a\\\"\") objects=None snapshots=[\"pods\"]"
    );
    assert!(
        messages[2].ends_with("name=None objects=Some(2) snapshots=[]"),
        "{}",
        messages[2]
    );
    assert!(messages[4].contains("group=Some(\"main\")"));
    for (index, context) in expected.as_array().unwrap().iter().enumerate() {
        let whole: serde_json::Value = serde_json::from_str(messages[index * 2 + 1]).unwrap();
        assert_eq!(&whole, context);
    }
    assert_eq!(messages[6], "invalid-pointer");
}

#[tokio::test]
async fn snapshots_are_read_lazily() {
    /// Counts what is read of it.
    struct Counted(usize, std::sync::atomic::AtomicUsize);
    impl Snapshot for Counted {
        fn len(&self) -> usize {
            self.0
        }

        fn entry(&self, index: usize) -> Option<Entry> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (index < self.0).then(|| entry(&format!("pod-{index}")))
        }
    }
    let pods = Arc::new(Counted(1_000_000, 0.into()));
    let of = |pods: &Arc<Counted>| RunInput {
        snapshots: BTreeMap::from([("pods".to_owned(), Arc::clone(pods) as Arc<dyn Snapshot>)]),
        ..input(0)
    };
    let run = guests()
        .await
        .run("pointers", of(&pods), &Budget::default())
        .await;
    assert_eq!(run.result, Ok(Effects::default()));
    assert_eq!(
        messages(&run),
        [
            "Some(\"\\\"pod-0\\\"\")",
            "Some(\"\\\"pod-0\\\"\")",
            "None",
            "None",
            "invalid-pointer"
        ]
    );
    assert!(pods.1.load(std::sync::atomic::Ordering::Relaxed) <= 5);

    let pods = Arc::new(Counted(10_000, 0.into()));
    let run = guests()
        .await
        .run("snapshots", of(&pods), &Budget::default())
        .await;
    assert_eq!(run.result, Ok(Effects::default()));
    assert_eq!(messages(&run)[0], "pods");
    assert!(messages(&run)[1].starts_with("10000 Some("));
    assert_eq!(messages(&run)[2], "10000 in 3");
}

#[tokio::test]
async fn values_are_seen_as_written_and_told_as_patches() {
    let run = run("values", &Budget::default()).await;
    let effects = run.result.clone().unwrap();
    assert_eq!(
        messages(&run),
        [
            "true",
            r#"{"list":[],"new":{"a":[1]},"on":false}"#,
            "false",
            "no-such-path",
            "invalid-path",
            "invalid-json",
            "invalid-value",
            "no-such-path",
        ]
    );
    assert_eq!(
        serde_json::to_value(&effects).unwrap(),
        json!({
            "values": [
                {"op": "add", "path": "/m/on", "value": false},
                {"op": "add", "path": "/m/new", "value": {"a": []}},
                {"op": "add", "path": "/m/new/a", "value": [1]},
                {"op": "remove", "path": "/m/on"},
            ],
            "configValues": [{"op": "remove", "path": "/m/on"}],
        })
    );
}

#[tokio::test]
async fn a_list_built_one_by_one_is_told_once_and_whole() {
    let run = run(
        "values-append",
        &Budget {
            effects: 1,
            ..Budget::default()
        },
    )
    .await;
    let list: Vec<u32> = (0..100).collect();
    assert_eq!(
        serde_json::to_value(run.result.unwrap()).unwrap(),
        json!({"values": [{"op": "add", "path": "/m/list", "value": list}]})
    );
}

#[tokio::test]
async fn standard_output_is_logged_line_by_line() {
    let run = run("print", &Budget::default()).await;
    assert_eq!(messages(&run), ["ab", "", "no end"]);
}

#[tokio::test]
async fn wasi_is_empty_and_its_clocks_are_coarse() {
    let run = run("random-and-clock", &Budget::default()).await;
    assert_eq!(run.result, Ok(Effects::default()));
    assert_eq!(messages(&run), ["2"]);
}

#[tokio::test]
async fn the_network_is_denied() {
    let denied = guests().await.denied_imports();
    assert!(
        denied
            .iter()
            .any(|import| import.starts_with("wasi:sockets/tcp@0.2.")),
        "{denied:?}"
    );
    let run = run("network", &Budget::default()).await;
    assert_eq!(run.result, Ok(Effects::default()));
    assert_eq!(messages(&run), ["PermissionDenied"]);
}

#[tokio::test]
async fn a_component_describes_its_hooks_and_knows_their_names() {
    let hooks = guests().await.describe(&Budget::describe()).await.unwrap();
    assert_eq!(hooks[0].name, "ok");
    assert!(hooks[0].config.contains("configVersion"));
    let run = run("none", &Budget::default()).await;
    assert_eq!(run.result, Err(RunError::NoSuchHook("none".to_owned())));
    assert_eq!(run.result.unwrap_err().code(), "no-such-hook");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_runs_than_may_run_at_once_wait_for_their_turn() {
    let settings = Settings {
        max_concurrent_runs: 2,
        spare_instances: 0,
        ..Settings::default()
    };
    let component = Sandbox::new(settings)
        .unwrap()
        .load(guest_bytes())
        .await
        .unwrap();
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let component = component.clone();
        runs.spawn(async move {
            component
                .run("random-and-clock", input(1), &Budget::default())
                .await
        });
    }
    while let Some(run) = runs.join_next().await {
        assert_eq!(run.unwrap().result, Ok(Effects::default()));
    }
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_nothing() {
    let settings = Settings {
        max_concurrent_runs: 1,
        spare_instances: 0,
        ..Settings::default()
    };
    let component = Sandbox::new(settings)
        .unwrap()
        .load(guest_bytes())
        .await
        .unwrap();
    for _ in 0..3 {
        let budget = Budget::default();
        let run = component.run("sleep", input(1), &budget);
        assert!(
            tokio::time::timeout(Duration::from_millis(20), run)
                .await
                .is_err()
        );
    }
    assert_eq!(
        component
            .run("nothing", input(1), &Budget::default())
            .await
            .result,
        Ok(Effects::default())
    );
}
