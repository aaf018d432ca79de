//! What the tests share: one sandbox for all of them, so that each hostile run has harmless ones beside it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{
    Budget, Component, Context, Entry, Limit, Run, RunError, RunInput, Sandbox, Settings, Snapshot,
};
use serde_json::json;
use tokio::sync::OnceCell;

/// The guests of `tests/guests`, as bytes.
pub(crate) fn guest_bytes() -> Vec<u8> {
    hookbox_guest_builder::guests().unwrap_or_else(|error| panic!("{error}"))
}

/// The sandbox that tests share.
pub(crate) async fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    SANDBOX
        .get_or_init(async || Sandbox::new(Settings::default()).unwrap())
        .await
}

/// The guests, loaded.
pub(crate) async fn guests() -> &'static Component {
    static GUESTS: OnceCell<Component> = OnceCell::const_new();
    GUESTS
        .get_or_init(async || {
            let component = sandbox().await.load(guest_bytes()).await.unwrap();
            component.describe(&Budget::describe()).await.unwrap();
            component
        })
        .await
}

/// An entry whose object has this name.
pub(crate) fn entry(name: &str) -> Entry {
    Entry {
        object: Some(
            json!({"kind": "Pod", "metadata": {"name": name}})
                .to_string()
                .into(),
        ),
        filter_result: Some(json!(name).to_string().into()),
    }
}

/// An input with one snapshot `pods` and values for a module `m`.
pub(crate) fn input(pods: usize) -> RunInput {
    let pods: Vec<Entry> = (0..pods)
        .map(|index| entry(&format!("pod-{index}")))
        .collect();
    let snapshots = BTreeMap::from([("pods".to_owned(), Arc::new(pods) as Arc<dyn Snapshot>)]);
    RunInput {
        contexts: vec![Context {
            binding: "onStartup".to_owned(),
            ..Context::default()
        }],
        snapshots,
        values: Arc::new(json!({"m": {"on": true, "list": []}, "module": {}})),
        config_values: Arc::new(json!({"m": {"on": true}})),
        ..RunInput::default()
    }
}

/// A budget that no harmless guest comes near, and whose CPU time a hostile one does not burn for long.
pub(crate) fn budget() -> Budget {
    Budget {
        memory: 64 << 20,
        ..Budget::default()
    }
}

/// Run a guest's scenario.
pub(crate) async fn run(hook: &str, budget: &Budget) -> Run {
    guests().await.run(hook, input(3), budget).await
}

/// The messages of a run's log.
pub(crate) fn messages(run: &Run) -> Vec<&str> {
    run.log
        .iter()
        .map(|record| record.message.as_str())
        .collect()
}

/// The limit that a run came to, with its number; anything else is a failed test.
pub(crate) fn limit(run: &Run) -> (Limit, u64, u64) {
    match &run.result {
        Err(RunError::Limit {
            limit,
            used,
            allowed,
        }) => (*limit, *used, *allowed),
        other => panic!("no limit: {other:?}\n{:?}", run.log),
    }
}

/// The message of a run's trap.
pub(crate) fn trap(run: &Run) -> &str {
    match &run.result {
        Err(RunError::Trap { message }) => message,
        other => panic!("no trap: {other:?}"),
    }
}

/// A harmless run goes through, now.
pub(crate) async fn assert_others_work() {
    let run = run("ok", &Budget::default()).await;
    assert!(run.result.is_ok(), "{:?}", run.result);
}

/// Milliseconds.
pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
