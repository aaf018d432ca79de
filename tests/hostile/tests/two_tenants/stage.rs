//! The operator with its two tenants, on an embedded cluster, and how attacks are made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_guest_builder as guests;
use hookbox_hostile::heap;
use hookbox_hostile::tenants::{Brings, Comes, HOSTILE, NEIGHBOUR, Row};
use hookbox_jq::Jq;
use hookbox_operator::event::{RunFinished, RunResult};
use hookbox_operator::tenants::{TenantOptions, resources};
use hookbox_operator::{Operator, OperatorEvent, Options, Running};
use hookbox_registry::RegistryClient;
use hookbox_sandbox::{Sandbox, Settings};
use hookbox_test_teams as teams;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use crate::neighbour::Neighbour;
use crate::outside::{Outside, SECRET};
use crate::times::Times;

/// Longest wait for anything. Only a test that fails waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Changes that the neighbour must see to during an attack, at least.
const CHANGES: usize = 4;

/// Bytes that may be allocated after an attack and were not before it: what the cluster and the operator know of the past.
const SLACK: i64 = 2 << 20;

/// The operator and its tenants.
pub(crate) struct Stage {
    cluster: Cluster,
    running: Running,
    plain: Vec<u8>,
    neighbour: Neighbour,
    outside: Outside,
    live: i64,
}

/// What came of an attack.
pub(crate) struct Made {
    /// In short.
    pub(crate) outcome: String,
    /// What the neighbour's runs took meanwhile.
    pub(crate) times: Times,
}

pub(crate) async fn apply(cluster: &Cluster, objects: &[Value]) {
    for object in objects {
        cluster.apply_manifest(object.clone()).await.unwrap();
    }
}

/// An answer; null where there is none.
pub(crate) async fn request(cluster: &Cluster, method: &str, path: &str) -> Value {
    let request = http::Request::builder().method(method).uri(path);
    let request = request.body(Vec::new()).unwrap();
    cluster.client().request(request).await.unwrap_or_default()
}

fn options(cluster: &Cluster, sandbox: &Sandbox) -> Options {
    let registry = RegistryClient::new(hookbox_registry::Settings::default()).unwrap();
    let mut tenants = TenantOptions::new(registry, sandbox.clone());
    // Rights do not change here: nobody has to ask often.
    tenants.look = Duration::from_secs(600);
    let mut options = Options::default();
    options.client = Some(cluster.client());
    options.tenants = Some(tenants);
    // Only what the attacks take from it is to slow the neighbour.
    options.writer.qps = 0.0;
    options.server = Some(http::Uri::from_static("https://203.0.113.7:6443"));
    for (host, address) in [
        ("api.example", "127.0.0.1"),
        ("mapped.example", "::ffff:127.0.0.1"),
        ("metadata.example", "169.254.169.254"),
        ("apiserver.example", "203.0.113.7"),
        ("evil.example", "127.0.0.1"),
    ] {
        let addresses = vec![address.parse().unwrap()];
        options.http.hosts.insert(host.to_owned(), addresses);
    }
    options
}

impl Stage {
    /// Sets it up; the neighbour's hook runs.
    pub(crate) async fn start() -> Self {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = checkout.join("tests/tenants");
        let plain = guests::component(&folder, "hookbox_test_tenants").unwrap();
        let cluster = Cluster::new();
        let crds = resources::crds().into_iter();
        let crds: Vec<Value> = crds.map(|crd| serde_json::to_value(crd).unwrap()).collect();
        apply(&cluster, &crds).await;
        for team in [NEIGHBOUR, HOSTILE] {
            apply(&cluster, &teams::team(team, &plain)).await;
            let maps = ["target", "victim"].map(|name| teams::watched(team, name));
            if team == HOSTILE {
                apply(&cluster, &maps).await;
            }
        }
        apply(
            &cluster,
            &[
                // Its own quota is not to slow it.
                teams::policy("teams", &json!({"quota": {"runsPerMinute": 1_000_000, "apiCallsPerMinute": 1_000_000, "cpuPerMinute": "1h"}})),
                teams::hook(NEIGHBOUR, "probe", &json!({})),
            ],
        )
        .await;
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("components");
        let sandbox = Sandbox::new(Settings {
            cache_dir: Some(cache),
            compile_time: Duration::from_secs(20),
            ..Settings::default()
        })
        .unwrap();
        let jq = Jq::new(&sandbox).unwrap();
        let options = options(&cluster, &sandbox);
        let running = Operator::start(options, sandbox, jq).await.unwrap();
        let neighbour = Neighbour::new(cluster.clone(), running.events());
        let mut stage = Self {
            cluster,
            running,
            plain,
            neighbour,
            outside: Outside::new(),
            live: 0,
        };
        let path = format!("/api/v1/namespaces/{NEIGHBOUR}/configmaps/seen-a");
        stage
            .until(&path, |map| map["data"].is_object())
            .await
            .unwrap();
        // Its Synchronization is over; from here on each run is for one change.
        stage.neighbour = Neighbour::new(stage.cluster.clone(), stage.running.events());
        stage
    }

    /// The neighbour has no other beside it.
    pub(crate) async fn alone(&mut self, changes: usize) -> Times {
        let mut times = Times::default();
        for _ in 0..changes {
            self.neighbour.change(&mut times).await.unwrap();
        }
        times
    }

    /// No run of the neighbour ever failed.
    pub(crate) fn never_failed(&self) {
        assert_eq!(self.neighbour.wrong(), None);
    }

    /// Makes an attack while the neighbour's objects change, and looks at what comes of it.
    pub(crate) async fn attack(&mut self, row: &Row) -> Result<Made, String> {
        self.live = self.settled(None, PATIENCE).await;
        let (component, key) = (self.component(row), row.object());
        let mut map = teams::component(HOSTILE, &component);
        map["metadata"]["name"] = key.as_str().into();
        let mut parameters = row.parameters.clone();
        parameters["namespace"] = HOSTILE.into();
        let component = match row.brings {
            Brings::Plain => json!({"configMap": {"name": "component", "key": "hook.wasm"}}),
            _ => json!({"configMap": {"name": key, "key": "hook.wasm"}}),
        };
        let spec = json!({"component": component, "parameters": parameters, "capabilities": row.capabilities});
        let spec = self.outside.filled_in(&spec);
        let capabilities = self.outside.filled_in(&row.capabilities);
        let policy = json!({
            "namespaces": {"names": [HOSTILE]}, "priority": 1,
            "capabilities": capabilities, "budget": row.budget, "quota": row.quota,
        });
        let events = self.running.events();
        apply(&self.cluster, &[teams::policy("hostile", &policy)]).await;
        // A Hook that is there before it would begin under another one.
        let path = "/apis/hookbox.dev/v1alpha1/hookpolicies/hostile";
        self.until(path, |policy| {
            policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
        })
        .await?;
        let mut objects = Vec::new();
        if !matches!(row.brings, Brings::Plain) {
            objects.push(map);
        }
        objects.push(teams::hook(HOSTILE, &key, &spec));
        apply(&self.cluster, &objects).await;
        drop(objects);
        let mut times = Times::default();
        let outcome = {
            let outcome = outcome(&self.cluster, row, events);
            tokio::pin!(outcome);
            let mut changes = 0;
            let mut known = None;
            while known.is_none() || changes < CHANGES {
                // A change that has begun is seen to its end.
                let mut change =
                    std::pin::pin!(timeout(PATIENCE, self.neighbour.change(&mut times)));
                let changed = loop {
                    tokio::select! {
                        biased;
                        found = &mut outcome, if known.is_none() => known = Some(found),
                        changed = &mut change => break changed,
                    }
                };
                changed.map_err(|_| "the neighbour does not run".to_owned())??;
                changes += 1;
            }
            known.unwrap_or_else(|| Err("nothing came of it".to_owned()))?
        };
        Ok(Made { outcome, times })
    }

    fn component(&self, row: &Row) -> Vec<u8> {
        match &row.brings {
            Brings::Hooks(hooks) => {
                let hooks: Vec<(&str, &str)> = hooks
                    .iter()
                    .map(|(name, config)| (*name, config.as_str()))
                    .collect();
                guests::with_hooks(guests::attacks().unwrap(), &hooks)
            }
            Brings::Old(hook) => {
                let config = r#"{"configVersion":"v1","onStartup":1}"#;
                guests::with_hooks(guests::guests().unwrap(), &[(hook, config)])
            }
            Brings::Plain => self.plain.clone(),
            Brings::Made(bytes) => bytes(),
        }
    }

    /// Takes away what the attack needed, and waits until the process has given back what it took.
    pub(crate) async fn clean(&mut self, row: &Row, patience: Duration) -> Result<(), String> {
        let key = row.object();
        let hooks = format!("/apis/hookbox.dev/v1alpha1/namespaces/{HOSTILE}/hooks/{key}");
        request(&self.cluster, "DELETE", &hooks).await;
        let gone = async {
            while self
                .running
                .metrics_text()
                .contains(&format!("{HOSTILE}/{key}/"))
            {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PATIENCE, gone).await.is_err() {
            return Err("its Hook is gone, and is known still".to_owned());
        }
        let maps = format!("/api/v1/namespaces/{HOSTILE}/configmaps");
        for name in [&key, "made", "updated", "loop"] {
            request(&self.cluster, "DELETE", &format!("{maps}/{name}")).await;
        }
        apply(
            &self.cluster,
            &["target", "victim"].map(|name| teams::watched(HOSTILE, name)),
        )
        .await;
        let live = self.settled(Some(self.live + SLACK), patience).await;
        let stays = live - self.live;
        match stays <= SLACK {
            true => Ok(()),
            false => Err(format!("{stays} bytes stay allocated")),
        }
    }

    /// What is allocated, when that is less than the goal; without a goal, when it changes no more.
    async fn settled(&mut self, goal: Option<i64>, patience: Duration) -> i64 {
        let mut last = i64::MAX;
        for _ in 0..patience.as_millis() / 20 {
            // What the cluster keeps of the past is not the operator's.
            self.cluster.compact();
            self.cluster.clear_requests();
            self.neighbour.forget();
            sleep(Duration::from_millis(20)).await;
            let live = heap::live();
            let settled = match goal {
                Some(goal) => live <= goal,
                None => (live - last).abs() < 16_384,
            };
            if settled {
                return live;
            }
            last = live;
        }
        last
    }

    async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Result<Value, String> {
        until(&self.cluster, path, holds).await
    }
}

/// Waits until an object is as is asked for.
async fn until(
    cluster: &Cluster,
    path: &str,
    holds: impl Fn(&Value) -> bool,
) -> Result<Value, String> {
    let mut last = Value::Null;
    let look = async {
        loop {
            last = request(cluster, "GET", path).await;
            if holds(&last) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    match timeout(PATIENCE, look).await {
        Ok(()) => Ok(last),
        Err(_) => Err(format!("waited in vain: {}", last["status"])),
    }
}

/// What came of an attack, when it is what must.
async fn outcome(
    cluster: &Cluster,
    row: &Row,
    mut events: Receiver<Arc<OperatorEvent>>,
) -> Result<String, String> {
    let key = row.object();
    let path = format!("/apis/hookbox.dev/v1alpha1/namespaces/{HOSTILE}/hooks/{key}");
    if let Comes::Condition(kind, reason, says) = &row.comes {
        let is = |condition: &Value| {
            let message = condition["message"].as_str().unwrap_or_default();
            condition["type"] == *kind
                && condition["status"] == "False"
                && condition["reason"] == *reason
                && message.contains(says)
        };
        let conditions = |hook: &Value| hook["status"]["conditions"].as_array().cloned();
        let holds = |hook: &Value| conditions(hook).into_iter().flatten().any(|c| is(&c));
        let hook = until(cluster, &path, holds).await?;
        let condition = conditions(&hook).into_iter().flatten().find(is);
        let message = condition.map(|c| c["message"].to_string());
        let short: String = message.unwrap_or_default().chars().take(120).collect();
        return Ok(format!("{kind}: {reason}: {short}"));
    }
    let prefix = format!("{HOSTILE}/{key}/");
    let mine = |hook: &str| match row.brings {
        // Its other hooks are as they are with everybody.
        Brings::Plain => hook == format!("{prefix}act"),
        _ => hook.starts_with(&prefix),
    };
    let first = async {
        loop {
            match events.recv().await.as_deref() {
                Ok(OperatorEvent::RunFinished(run)) if mine(&run.hook) => return Ok(run.clone()),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err("the operator is gone".to_owned()),
            }
        }
    };
    let run = match timeout(PATIENCE, first).await {
        Ok(run) => run?,
        Err(_) => {
            let hook = request(cluster, "GET", &path).await;
            return Err(format!("it does not run: {}", hook["status"]));
        }
    };
    judge(row, &run)
}

fn judge(row: &Row, run: &RunFinished) -> Result<String, String> {
    let said = || run.log.iter().map(|record| record.message.as_str());
    let short = |text: &str| text.chars().take(120).collect::<String>();
    match (&row.comes, &run.result) {
        (
            Comes::Fails(code, says),
            RunResult::Failed {
                code: is, message, ..
            },
        ) if (is == code || code.is_empty()) && message.contains(says) => {
            Ok(format!("{is}: {:?}", short(message)))
        }
        (Comes::Runs(lines), RunResult::Succeeded)
            if said().count() >= lines.len()
                && (lines.iter().any(|line| line.contains(SECRET))
                    || !said().any(|said| said.contains(SECRET)))
                && said()
                    .zip(*lines)
                    .all(|(said, line)| said.starts_with(line)) =>
        {
            Ok("it got nothing by it".to_owned())
        }
        (Comes::Drops(says), RunResult::Succeeded)
            if run.metrics_dropped.iter().any(|why| why.contains(says)) =>
        {
            Ok(format!(
                "{} reasons for what was dropped",
                run.metrics_dropped.len()
            ))
        }
        (must, result) => {
            let said: Vec<String> = said().take(5).map(short).collect();
            let dropped: Vec<_> = run.metrics_dropped.iter().take(5).collect();
            Err(format!(
                "it must be {must:?}, and is {result:?}; it said {said:?}; dropped {dropped:?}"
            ))
        }
    }
}
