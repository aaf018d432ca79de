//! What the conformance tests stand on: an embedded cluster, an operator on it, and what its hooks saw.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::event::{RunFinished, RunResult};
use hookbox_operator::{HookSource, HookSpec, Operator, OperatorEvent, Options, Running};
use hookbox_sandbox::{HookDefinition, Sandbox, Settings};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Longest wait for anything. Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits, but not for ever. By the system's clock, so that it holds under paused timers too.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    let (sender, mut late) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        let _ = sender.send(());
    });
    tokio::select! {
        done = future => done,
        _ = &mut late => panic!("waited in vain for {what}"),
    }
}

/// From here on timers stand still as long as there is anything to do, and leap to the next one when there is not: an
/// hour takes no time, and every pause is exact.
///
/// Hooks and filters run on the test's own thread, so that no time passes while they do. Only compiling has a thread of
/// its own, and is over when the operator has started.
pub(crate) fn leap() {
    tokio::time::pause();
}

/// The guest of `tests/guest`.
pub(crate) fn guest() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
    hookbox_guest_builder::component(&folder, "hookbox_operator_guest").unwrap()
}

/// A sandbox of its own for each test, with compiled components shared through the disk.
pub(crate) fn sandbox() -> Sandbox {
    sandbox_with(|_| {})
}

pub(crate) fn sandbox_with(adjust: impl FnOnce(&mut Settings)) -> Sandbox {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
    let mut settings = Settings {
        cache_dir: Some(cache),
        ..Settings::default()
    };
    adjust(&mut settings);
    Sandbox::new(settings).unwrap()
}

/// All hooks in one component.
pub(crate) fn spec(hooks: &[(&str, Value)]) -> HookSpec {
    let definitions = hooks
        .iter()
        .map(|(name, config)| {
            let mut config = config.clone();
            let fields = config.as_object_mut().unwrap();
            fields.entry("configVersion").or_insert(json!("v1"));
            HookDefinition {
                name: (*name).to_owned(),
                config: config.to_string(),
            }
        })
        .collect();
    HookSpec {
        source: HookSource::Bytes {
            name: "guest.wasm".to_owned(),
            bytes: guest(),
        },
        definitions: Some(definitions),
        tenant: None,
    }
}

/// An operator under test.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    pub(crate) running: Running,
    events: Receiver<Arc<OperatorEvent>>,
}

impl Bench {
    /// An operator with these hooks on this cluster, all Synchronizations done.
    pub(crate) async fn settled(cluster: &Cluster, hooks: &[(&str, Value)]) -> Self {
        let bench = Self::start(cluster, hooks).await;
        patiently("the start", bench.running.idle()).await;
        bench
    }

    /// An operator with these hooks on this cluster.
    pub(crate) async fn start(cluster: &Cluster, hooks: &[(&str, Value)]) -> Self {
        Self::with(cluster, hooks, |_| {}).await
    }

    /// An operator with these hooks on this cluster and other options.
    pub(crate) async fn with(
        cluster: &Cluster,
        hooks: &[(&str, Value)],
        adjust: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = Options::default();
        options.client = Some(cluster.client());
        options.hooks = vec![spec(hooks)];
        adjust(&mut options);
        let sandbox = sandbox();
        let jq = Jq::new(&sandbox).unwrap();
        let running = Operator::start(options, sandbox, jq).await.unwrap();
        let events = running.events();
        assert!(running.problems().is_empty(), "{:?}", running.problems());
        Self {
            cluster: cluster.clone(),
            running,
            events,
        }
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Arc<OperatorEvent> {
        match patiently("an event", self.events.recv()).await {
            Ok(event) => event,
            Err(RecvError::Lagged(missed)) => panic!("missed {missed} events"),
            Err(RecvError::Closed) => panic!("the operator is gone"),
        }
    }

    /// The next event for which `pick` gives something.
    pub(crate) async fn event_where<T>(
        &mut self,
        mut pick: impl FnMut(&OperatorEvent) -> Option<T>,
    ) -> T {
        loop {
            let event = self.event().await;
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    }

    /// The next run of `hook` that ends.
    pub(crate) async fn run(&mut self, hook: &str) -> RunFinished {
        self.event_where(|event| match event {
            OperatorEvent::RunFinished(run) if run.hook == hook => Some((**run).clone()),
            _ => None,
        })
        .await
    }

    /// The next run of `hook` that begins: which attempt it is.
    pub(crate) async fn started(&mut self, hook: &str) -> u32 {
        self.event_where(|event| match event {
            OperatorEvent::RunStarted {
                hook: h, attempt, ..
            } if h == hook => Some(*attempt),
            _ => None,
        })
        .await
    }

    /// The next run that ends.
    pub(crate) async fn any_run(&mut self) -> RunFinished {
        self.event_where(|event| match event {
            OperatorEvent::RunFinished(run) => Some((**run).clone()),
            _ => None,
        })
        .await
    }

    /// The binding contexts of the next run of `hook`, as shell-operator writes them; `metadata` of objects is reduced
    /// to what tests give.
    pub(crate) async fn contexts(&mut self, hook: &str) -> Value {
        let run = self.run(hook).await;
        contexts(&run)
    }

    /// What happened is known to the operator, and all that came of it is done.
    pub(crate) async fn settle(&self) {
        loop {
            let revision = self.cluster.revision();
            self.catch_up().await;
            patiently("the operator to be idle", self.running.idle()).await;
            if self.cluster.revision() == revision {
                return;
            }
        }
    }

    /// What happened is known to the operator.
    pub(crate) async fn catch_up(&self) {
        let revision = self.cluster.revision();
        let caught_up = patiently("the operator to catch up", self.running.caught_up(revision));
        tokio::pin!(caught_up);
        loop {
            // A watch that is being taken up again right now misses a bookmark.
            self.cluster.faults().send_bookmarks();
            if tokio::time::timeout(Duration::from_millis(100), &mut caught_up)
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    /// All events that are there already.
    pub(crate) fn drain(&mut self) -> Vec<Arc<OperatorEvent>> {
        let mut all = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            all.push(event);
        }
        all
    }

    /// The contexts of all runs of `hook` that have ended by now.
    pub(crate) fn drain_contexts(&mut self, hook: &str) -> Vec<Value> {
        let events = self.drain();
        let runs = events.iter().filter_map(|event| match &**event {
            OperatorEvent::RunFinished(run) if run.hook == hook => Some(contexts(run)),
            _ => None,
        });
        runs.collect()
    }
}

/// What `echo` logged.
pub(crate) fn contexts(run: &RunFinished) -> Value {
    let text = &run
        .log
        .first()
        .unwrap_or_else(|| panic!("no log: {run:?}"))
        .message;
    let mut contexts: Value = serde_json::from_str(text).unwrap();
    reduce(&mut contexts);
    contexts
}

/// Drops what the API server adds to objects.
fn reduce(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(reduce),
        Value::Object(fields) => {
            if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
                for added in [
                    "uid",
                    "resourceVersion",
                    "creationTimestamp",
                    "managedFields",
                    "generation",
                ] {
                    metadata.remove(added);
                }
            }
            fields.values_mut().for_each(reduce);
        }
        _ => {}
    }
}

pub(crate) fn failed(run: &RunFinished) -> bool {
    matches!(run.result, RunResult::Failed { .. })
}

/// When a failed run is tried again; none when it is not.
pub(crate) fn pause(run: &RunFinished) -> Option<Duration> {
    match &run.result {
        RunResult::Failed { retry_in, .. } => *retry_in,
        other => panic!("{other:?}"),
    }
}

/// The answer to a GET request, head included.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// A ConfigMap in `namespace`.
pub(crate) fn config_map(namespace: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"v": value}})
}

pub(crate) fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A cluster with these objects.
pub(crate) async fn cluster(objects: &[Value]) -> Cluster {
    let cluster = Cluster::new();
    apply(&cluster, objects).await;
    cluster
}

pub(crate) async fn apply(cluster: &Cluster, objects: &[Value]) {
    for object in objects {
        cluster.apply_manifest(object.clone()).await.unwrap();
    }
}

pub(crate) async fn delete(cluster: &Cluster, path: &str) {
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    let answer: Value = cluster.client().request(request).await.unwrap();
    assert!(answer.is_object());
}

/// A `kubernetes` binding on the ConfigMaps of namespace `ns`, with more fields.
pub(crate) fn binding(name: &str, more: Value) -> Value {
    let mut binding = json!({"name": name, "apiVersion": "v1", "kind": "ConfigMap", "namespace": {"nameSelector": {"matchNames": ["ns"]}}});
    for (key, value) in more.as_object().unwrap() {
        binding[key] = value.clone();
    }
    binding
}

pub(crate) fn ns() -> Value {
    namespace("ns", json!({}))
}

/// The definition of a kind of its own, with any fields.
pub(crate) fn definition(group: &str, kind: &str, scope: &str, version: &str) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural, "singular": singular},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
    })
}

/// The ConfigMap as contexts show it.
pub(crate) fn shown(namespace: &str, name: &str, value: &str) -> Value {
    config_map(namespace, name, value)
}
