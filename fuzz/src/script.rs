//! The boundary between guest and host: a guest calls the host as a text says.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hookbox_sandbox::{
    Budget, Component, Context, Effects, Entry, Run, RunError, RunInput, Sandbox, Settings,
    Snapshot,
};
use serde_json::{Value, json};

use crate::{files, runtime};

/// Any calls: the effects are as they were when they were a record, and the gate takes or refuses them.
pub fn effects(bytes: &[u8]) {
    let Ok(effects) = run(bytes).result else {
        return;
    };
    assert!(effects.object_patches.len() + effects.metrics.len() <= 1000);
    files::page(&effects.metrics);
    files::check(effects);
}

/// Calls that change values: what they come to is what the recorded patches say, one after the other.
pub fn values(bytes: &[u8]) {
    let Ok(Effects { values, .. }) = run(bytes).result else {
        return;
    };
    for operation in values {
        let operation = serde_json::to_value(operation).expect("a form");
        let path = operation["path"].as_str().expect("a path");
        // The empty one is the whole document.
        assert!(path.is_empty() || path.starts_with('/'), "{operation}");
        assert!(matches!(operation["op"].as_str(), Some("add" | "remove")));
    }
}

fn given() -> Value {
    json!({"m": {"on": true, "list": [1, {"a": "b"}], "~/": {}}})
}

/// Builds and loads the guest, so that the first input does not wait for it.
pub fn prepare() {
    guest();
}

fn guest() -> &'static Component {
    static GUEST: OnceLock<Component> = OnceLock::new();
    GUEST.get_or_init(|| {
        let attacks = hookbox_guest_builder::attacks().unwrap_or_else(|error| panic!("{error}"));
        let settings = Settings {
            max_concurrent_runs: 1,
            spare_instances: 0,
            ..Settings::default()
        };
        let sandbox = Sandbox::new(settings).expect("a sandbox");
        let component = runtime().block_on(sandbox.load(attacks));
        component.expect("the guest loads")
    })
}

fn run(bytes: &[u8]) -> Run {
    let budget = Budget {
        cpu_time: Duration::from_secs(5),
        effects: 1000,
        effect_bytes: 1 << 20,
        log_bytes: 1 << 20,
        ..Budget::default()
    };
    let run = runtime().block_on(guest().run("script", input(bytes), &budget));
    if let Err(error) = &run.result {
        // The script itself neither fails nor traps.
        assert!(matches!(error, RunError::Limit { .. }), "{error}");
    }
    run
}

#[allow(
    clippy::needless_update,
    reason = "what is new is left as it is by default"
)]
fn input(bytes: &[u8]) -> RunInput {
    let pod = Entry {
        object: Some(r#"{"kind":"Pod","metadata":{"name":"a","labels":{"a/b":"c"}}}"#.into()),
        filter_result: None,
    };
    let pods = Arc::new(vec![pod]) as Arc<dyn Snapshot>;
    RunInput {
        contexts: vec![Context {
            binding: "script".to_owned(),
            object: Some(String::from_utf8_lossy(bytes).into()),
            ..Context::default()
        }],
        snapshots: BTreeMap::from([("pods".to_owned(), pods)]),
        values: Arc::new(given()),
        config_values: Arc::new(given()),
        ..RunInput::default()
    }
}
