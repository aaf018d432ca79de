//! hookbox's operator in this process, with the recorder as a component or as executables.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hookbox_jq::Jq;
use hookbox_operator::event::{RunFinished, RunResult};
use hookbox_operator::native::NativeSettings;
use hookbox_operator::webhook::WebhookOptions;
use hookbox_operator::{HookSource, HookSpec, Operator, OperatorEvent, Options, Running};
use hookbox_sandbox::{Sandbox, Settings, Snapshot as _};
use kube::Client;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;

use crate::case::Case;
use crate::recorder::{self, Gate};
use crate::script::{Folder, SeenRun};

/// Time for a request that a gate may hold, and bytes that the contexts of a run may have.
const HELD: Duration = Duration::from_secs(120);
const LOG: u64 = 64 << 20;

/// hookbox's operator in this process.
pub struct Inside {
    options: Options,
    case: Case,
    hooks: Hooks,
    seen: Arc<Mutex<Seen>>,
    running: Option<(Running, AbortHandle)>,
}

/// The recorder in its two forms.
enum Hooks {
    Component(Gate),
    Native {
        folder: Folder,
        /// Where it lies; removed with this.
        _place: TempDir,
    },
}

#[derive(Default)]
struct Seen {
    runs: Vec<SeenRun>,
    /// What it said: loads, failures.
    words: Vec<String>,
}

fn sandbox() -> (Sandbox, Jq) {
    static SHARED: OnceLock<(Sandbox, Jq)> = OnceLock::new();
    let make = || {
        let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tmp/conformance");
        let settings = Settings {
            cache_dir: Some(cache),
            ..Settings::default()
        };
        let sandbox = Sandbox::new(settings).expect("a sandbox");
        let jq = Jq::new(&sandbox).expect("jq");
        (sandbox, jq)
    };
    SHARED.get_or_init(make).clone()
}

impl Inside {
    /// Start it with the case's hooks as a component.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn components(case: &Case, id: &str, client: Client) -> Self {
        let gate = Gate::new(case);
        let client = gate.before(client);
        let specs = vec![recorder::spec(case)];
        Self::start(case, id, client, specs, Hooks::Component(gate)).await
    }

    /// Start it with the case's hooks as executables.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn native(case: &Case, id: &str, client: Client) -> Self {
        let place = hookbox_tests::scratch();
        let folder = Folder::write(place.path(), case);
        let settings = Arc::new(NativeSettings::new(place.path().join("tmp")));
        let found = HookSource::all(&folder.hooks()).expect("hooks");
        let specs = found.with_native(&settings).into_iter().map(HookSpec::from);
        let hooks = Hooks::Native {
            folder,
            _place: place,
        };
        Self::start(case, id, client, specs.collect(), hooks).await
    }

    async fn start(
        case: &Case,
        id: &str,
        client: Client,
        specs: Vec<HookSpec>,
        hooks: Hooks,
    ) -> Self {
        let mut options = Options::default();
        options.client = Some(client);
        options.hooks = specs;
        options.budget.log_bytes = LOG;
        options.writer.timeout = HELD;
        options.stop_time = Duration::from_secs(1);
        options.webhook = case.webhooks.then(|| webhooks(id));
        let mut inside = Self {
            options,
            case: case.clone(),
            hooks,
            seen: Arc::default(),
            running: None,
        };
        inside.launch().await;
        inside
    }

    async fn launch(&mut self) {
        let (sandbox, jq) = sandbox();
        let running = Operator::start(self.options.clone(), sandbox, jq)
            .await
            .expect("an operator");
        let mut events = running.events();
        let seen = self.seen.clone();
        let task = tokio::spawn(async move {
            let mut places = BTreeMap::new();
            loop {
                match events.recv().await {
                    Ok(event) => note(&mut seen.lock().unwrap(), &mut places, &event),
                    Err(RecvError::Lagged(n)) => {
                        seen.lock()
                            .unwrap()
                            .words
                            .push(format!("missed {n} events"));
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
        self.running = Some((running, task.abort_handle()));
    }

    fn running(&self) -> &Running {
        &self.running.as_ref().expect("a running operator").0
    }

    pub(super) fn runs(&self) -> Vec<SeenRun> {
        match &self.hooks {
            Hooks::Component(_) => self.seen.lock().unwrap().runs.clone(),
            Hooks::Native { folder, .. } => folder.runs(),
        }
    }

    pub(super) fn queues(&self) -> BTreeMap<String, usize> {
        let queues = self.running().queues().into_iter();
        queues
            .map(|queue| (queue.name, queue.tasks.len()))
            .filter(|(_, tasks)| *tasks > 0)
            .collect()
    }

    pub(super) fn snapshot(&self, hook: &str, binding: &str) -> Option<usize> {
        let snapshots = self.running().snapshots(hook)?;
        let (_, snapshot) = snapshots.iter().find(|(name, _)| name == binding)?;
        Some(snapshot.len())
    }

    pub(super) fn webhook(&self, conversion: bool) -> SocketAddr {
        self.running().webhook_addrs()[usize::from(conversion)]
    }

    pub(super) fn release(&self, hook: &str) {
        match &self.hooks {
            Hooks::Component(gate) => gate.release(hook),
            Hooks::Native { folder, .. } => folder.release(hook, &self.case.hooks[hook].runs),
        }
    }

    pub(super) fn metrics(&self, own: bool) -> String {
        match own {
            true => self.running().metrics_text(),
            false => self.running().hook_metrics_text(),
        }
    }

    pub(super) async fn restart(&mut self) {
        if let Some((running, events)) = self.running.take() {
            running.stop().await;
            events.abort();
        }
        self.launch().await;
    }

    pub(super) fn words(&self) -> String {
        self.seen.lock().unwrap().words.join("\n")
    }

    pub(super) async fn stop(mut self) {
        if let Some((running, events)) = self.running.take() {
            running.stop().await;
            events.abort();
        }
    }
}

/// As shell-operator registers them, but for the certificates.
fn webhooks(id: &str) -> WebhookOptions {
    let mut options = WebhookOptions::default();
    id.clone_into(&mut options.configuration);
    options.namespace = Some(id.to_owned());
    options.secret = None;
    options.admission.listen.set_ip([127, 0, 0, 1].into());
    options.admission.listen.set_port(0);
    "shell-operator-validating-svc".clone_into(&mut options.admission.service);
    if let Some(conversion) = &mut options.conversion {
        conversion.listen.set_ip([127, 0, 0, 1].into());
        conversion.listen.set_port(0);
        "shell-operator-conversion-svc".clone_into(&mut conversion.service);
    }
    options
}

/// Runs are told by their numbers, which begin anew with each start.
fn note(seen: &mut Seen, places: &mut BTreeMap<u64, usize>, event: &OperatorEvent) {
    match event {
        OperatorEvent::RunStarted { run, hook, .. } => {
            places.insert(*run, seen.runs.len());
            seen.runs.push(SeenRun {
                hook: hook.clone(),
                contexts: Value::Null,
                ended: false,
            });
        }
        OperatorEvent::RunFinished(run) => {
            if let RunResult::Failed { message, .. } = &run.result {
                seen.words.push(format!("{} failed: {message}", run.hook));
            }
            if let Some(place) = places.get(&run.run) {
                seen.runs[*place].contexts = contexts(run);
                seen.runs[*place].ended = true;
            }
        }
        OperatorEvent::HookRefused { .. }
        | OperatorEvent::BindingFailed { .. }
        | OperatorEvent::FilterFailed { .. } => seen.words.push(format!("{event:?}")),
        _ => {}
    }
}

/// What the recorder logged.
fn contexts(run: &RunFinished) -> Value {
    run.log
        .iter()
        .find_map(|record| serde_json::from_str(&record.message).ok())
        .unwrap_or_else(|| Value::from(format!("no contexts: {run:?}")))
}
