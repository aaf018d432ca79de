//! The recorder as a component, and the gate by which its runs last and fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hookbox_guest_builder::component;
use hookbox_operator::{HookSource, HookSpec};
use hookbox_sandbox::HookDefinition;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::case::{Case, Hook};

/// As in the guest.
const MARK: &[u8] = b"hookbox-conformance-script:";
const ROOM: usize = 32 << 10;
const GATE: &str = "/api/v1/namespaces/conformance-gate/configmaps/";

/// A component that holds the case's hooks.
pub(crate) fn spec(case: &Case) -> HookSpec {
    let folder = crate::folder().join("guest");
    let mut bytes =
        component(&folder, "hookbox_conformance_guest").unwrap_or_else(|e| panic!("{e}"));
    let scripts: BTreeMap<&String, Value> = case
        .hooks
        .iter()
        .map(|(name, hook)| (name, script(name, hook)))
        .filter(|(_, script)| !script.is_null())
        .collect();
    if !scripts.is_empty() {
        let text = serde_json::to_vec(&scripts).expect("JSON");
        let at = bytes
            .windows(MARK.len())
            .position(|window| window == MARK)
            .expect("the guest's script");
        assert!(
            text.len() <= ROOM - MARK.len(),
            "the case's effects are too long"
        );
        bytes[at + MARK.len()..][..text.len()].copy_from_slice(&text);
    }
    let definition = |(name, hook): (&String, &Hook)| HookDefinition {
        name: name.clone(),
        config: hook.config.clone(),
    };
    HookSpec {
        source: HookSource::Bytes {
            name: "recorder.wasm".to_owned(),
            bytes,
        },
        definitions: Some(case.hooks.iter().map(definition).collect()),
        tenant: None,
    }
}

/// What the guest is to do in each run of the hook: it does not know which one it is.
fn script(name: &str, hook: &Hook) -> Value {
    let gate = hook.runs.iter().any(|run| run.hold || run.exit != 0);
    let patches: Vec<&String> = hook.runs.iter().filter_map(|r| r.patch.as_ref()).collect();
    let metrics: Vec<&String> = hook
        .runs
        .iter()
        .filter_map(|r| r.metrics.as_ref())
        .collect();
    if !gate && patches.is_empty() && metrics.is_empty() {
        return Value::Null;
    }
    assert!(
        patches.len() <= 1 && metrics.len() <= 1,
        "{name}: a component cannot tell its runs apart: `not: {{component: …}}`"
    );
    let patches = patches.first().map(|text| {
        let parsed = hookbox_operator::apply::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        parsed.patches
    });
    let metrics = metrics.first().map(|text| {
        let parsed =
            hookbox_operator::metrics::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        parsed.operations
    });
    json!({"gate": gate, "patches": patches, "metrics": metrics})
}

/// Answers the patch with which a run of the recorder asks how it is to end.
#[derive(Clone)]
pub(crate) struct Gate {
    hooks: Arc<BTreeMap<String, Hook>>,
    /// How many runs of each hook came here.
    came: Arc<Mutex<BTreeMap<String, usize>>>,
    /// How many of the held runs of each hook may go on.
    released: watch::Sender<BTreeMap<String, usize>>,
}

impl Gate {
    pub(crate) fn new(case: &Case) -> Self {
        let hooks = case.hooks.iter();
        Self {
            hooks: Arc::new(
                hooks
                    .map(|(n, h)| (n.replace('/', "--"), h.clone()))
                    .collect(),
            ),
            came: Arc::default(),
            released: watch::Sender::default(),
        }
    }

    pub(crate) fn release(&self, hook: &str) {
        self.released.send_modify(|released| {
            *released.entry(hook.replace('/', "--")).or_default() += 1;
        });
    }

    /// The same client, but for the gate.
    pub(crate) fn before(&self, client: Client) -> Client {
        let gate = self.clone();
        let namespace = client.default_namespace().to_owned();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (gate, client) = (gate.clone(), client.clone());
            async move {
                let path = request.uri().path().to_owned();
                match path.strip_prefix(GATE) {
                    Some(hook) if request.method() == Method::PATCH => Ok(gate.answer(hook).await),
                    _ => client.send(request).await,
                }
            }
        });
        Client::new(service, namespace)
    }

    async fn answer(&self, hook: &str) -> Response<Body> {
        let index = {
            let mut came = self.came.lock().unwrap();
            let count = came.entry(hook.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let runs = &self.hooks[hook].runs;
        let run = runs.get(index).cloned().unwrap_or_default();
        if run.hold {
            let before = runs[..index].iter().filter(|run| run.hold).count();
            let mut released = self.released.subscribe();
            let free = |all: &BTreeMap<String, usize>| all.get(hook).is_some_and(|n| *n > before);
            released
                .wait_for(free)
                .await
                .expect("this holds the sender");
        }
        let (code, body) = match run.exit {
            0 => (
                200,
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": hook, "namespace": "conformance-gate"}}),
            ),
            code => {
                let message = format!("the run is to end with {code}");
                (
                    422,
                    json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422, "message": message}),
                )
            }
        };
        Response::builder()
            .status(code)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string().into_bytes()))
            .expect("an answer")
    }
}
