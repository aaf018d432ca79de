//! The one sandbox, and how attacks are made in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::{
    Ask, Budget, Component, Context, Entry, RunInput, Sandbox, Settings, Snapshot,
};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{Asked, Attack, Guest, Neighbour, Seen};

/// Time that a component has to compile: less than the default, so that a bomb is soon over.
const COMPILE: Duration = Duration::from_secs(20);

/// The stage.
pub struct Stage {
    runtime: Runtime,
    sandbox: Sandbox,
    /// The guest of `tests/guests`, with hooks that do what is right and hooks that do not.
    old: Component,
    /// The guest of `tests/hostile/guest`.
    new: Component,
    /// Somebody else.
    pub neighbour: Neighbour,
}

#[allow(
    clippy::needless_update,
    reason = "what is new is left as it is by default"
)]
/// What a run is given: a snapshot `pods`, one context, values for a module `m`.
pub(crate) fn input(pods: usize) -> RunInput {
    let entry = |index: usize| Entry {
        object: Some(
            json!({"kind": "Pod", "metadata": {"name": format!("pod-{index}")}})
                .to_string()
                .into(),
        ),
        filter_result: Some(format!("\"pod-{index}\"").into()),
    };
    let pods: Vec<Entry> = (0..pods).map(entry).collect();
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

/// The same component as a file of somebody else's: another digest, so that it is compiled and held apart.
fn of_another(mut bytes: Vec<u8>) -> Vec<u8> {
    let name = b"tenant";
    // A custom section: its number, its length, the length of its name, its name.
    bytes.extend([0, name.len() as u8 + 1, name.len() as u8]);
    bytes.extend(name);
    bytes
}

impl Stage {
    /// Set it up.
    ///
    /// # Panics
    /// When a guest does not build or load.
    #[must_use]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let settings = Settings {
            compile_time: COMPILE,
            ..Settings::default()
        };
        let sandbox = Sandbox::new(settings).expect("a sandbox");
        let load = |bytes: Vec<u8>| runtime.block_on(sandbox.load(bytes)).expect("it loads");
        let guests = hookbox_guest_builder::guests().unwrap_or_else(|error| panic!("{error}"));
        let attacks = hookbox_guest_builder::attacks().unwrap_or_else(|error| panic!("{error}"));
        let neighbour = load(of_another(guests.clone()));
        Self {
            old: load(guests),
            new: load(attacks),
            neighbour: Neighbour::start(neighbour),
            runtime,
            sandbox,
        }
    }

    /// Make an attack.
    #[must_use]
    pub fn attack(&self, attack: &Attack) -> Seen {
        self.runtime.block_on(self.make(attack))
    }

    async fn make(&self, attack: &Attack) -> Seen {
        let (component, hook) = match &attack.guest {
            Guest::Hook(hook) => (self.new.clone(), *hook),
            Guest::Old(hook) => (self.old.clone(), *hook),
            Guest::Made(bytes) => match self.sandbox.load(bytes()).await {
                Ok(component) => (component, "any"),
                Err(error) => return Seen::NotLoaded(error),
            },
        };
        let budget = &attack.budget;
        for before in &attack.after {
            let run = component.run(before, input(3), budget).await;
            assert!(run.result.is_ok(), "{before}: {:?}", run.result);
        }
        match attack.asked {
            Asked::Load => Seen::Loaded,
            Asked::Describe => match component.describe(budget).await {
                Ok(_) => Seen::Answered,
                Err(error) => Seen::Failed(error),
            },
            Asked::Filter => match component.filter(hook, "b", &["{}", "{}"], budget).await {
                Ok(_) => Seen::Answered,
                Err(error) => Seen::Failed(error),
            },
            Asked::Run(objects) => {
                let run = component.run(hook, input(objects), budget).await;
                Seen::Ran(Box::new(run))
            }
            asked => ask(&component, hook, asked, budget).await,
        }
    }
}

async fn ask(component: &Component, hook: &str, asked: Asked, budget: &Budget) -> Seen {
    let (binding, request) = ("b".to_owned(), "{}".to_owned());
    let ask = match asked {
        Asked::Mutate => Ask::Mutate { binding, request },
        Asked::Convert => Ask::Convert {
            binding,
            from_version: "example.com/v1".to_owned(),
            to_version: "example.com/v2".to_owned(),
            objects: vec!["{}".to_owned()],
        },
        _ => Ask::Validate { binding, request },
    };
    let (run, _) = component.ask(hook, &ask, input(3), budget).await;
    Seen::Ran(Box::new(run))
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}
