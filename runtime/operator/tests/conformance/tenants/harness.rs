//! Operators with tenants, and what to wait for.

use std::path::Path;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::event::RunResult;
use hookbox_operator::tenants::{TenantOptions, resources};
use hookbox_operator::{Operator, OperatorEvent, Options, Running};
use hookbox_registry::RegistryClient;
use hookbox_sandbox::Sandbox;
use hookbox_test_teams as teams;
use serde_json::Value;

use crate::support::*;

/// The component of `tests/tenants`.
pub(crate) fn component() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tenants");
    hookbox_guest_builder::component(&folder, "hookbox_test_tenants").unwrap()
}

pub(crate) fn policy(spec: Value) -> Value {
    teams::policy("teams", &spec)
}

pub(crate) fn hook(namespace: &str, spec: Value) -> Value {
    teams::hook(namespace, "probe", &spec)
}

/// A cluster with two tenants that may do everything with ConfigMaps of their own.
pub(crate) async fn two_tenants() -> Cluster {
    let cluster = Cluster::new();
    for crd in resources::crds() {
        cluster
            .apply_manifest(serde_json::to_value(crd).unwrap())
            .await
            .unwrap();
    }
    for team in ["team-a", "team-b"] {
        apply(&cluster, &teams::team(team, &component())).await;
    }
    cluster
}

pub(crate) struct Tenants {
    pub(super) cluster: Cluster,
    pub(crate) running: Running,
    pub(crate) events: tokio::sync::broadcast::Receiver<std::sync::Arc<OperatorEvent>>,
}

impl Tenants {
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        Self::with(cluster, |_| {}).await
    }

    pub(crate) async fn with(cluster: &Cluster, adjust: impl FnOnce(&mut Options)) -> Self {
        Self::start(cluster, sandbox(), adjust).await
    }

    /// With other options for tenants.
    pub(crate) async fn pulling(
        cluster: &Cluster,
        sandbox: Sandbox,
        adjust: impl FnOnce(&mut TenantOptions),
    ) -> Self {
        let adjust = |options: &mut Options| adjust(options.tenants.as_mut().unwrap());
        Self::start(cluster, sandbox, adjust).await
    }

    async fn start(cluster: &Cluster, sandbox: Sandbox, adjust: impl FnOnce(&mut Options)) -> Self {
        let jq = Jq::new(&sandbox).unwrap();
        let registry = RegistryClient::new(hookbox_registry::Settings::default()).unwrap();
        let mut tenants = TenantOptions::new(registry, sandbox.clone());
        tenants.access.period = Duration::from_millis(200);
        tenants.look = Duration::from_millis(200);
        let mut options = Options::default();
        options.client = Some(cluster.client());
        options.tenants = Some(tenants);
        adjust(&mut options);
        let running = Operator::start(options, sandbox, jq).await.unwrap();
        let events = running.events();
        Self {
            cluster: cluster.clone(),
            running,
            events,
        }
    }

    /// Waits until an object is as is asked for.
    pub(crate) async fn until(
        &self,
        path: &str,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let client = self.cluster.client();
        let last = std::sync::Mutex::new(Value::Null);
        let look = async {
            loop {
                let request = http::Request::get(path).body(Vec::new()).unwrap();
                let object: Value = client.request(request).await.unwrap_or_default();
                if holds(&object) {
                    return object;
                }
                *last.lock().unwrap() = object;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            object = patiently(what, look) => object,
            () = tokio::time::sleep(Duration::from_secs(40)) => panic!("{what}: {}", last.lock().unwrap()),
        }
    }

    /// Waits until a condition of the namespace's Hook has this status and reason.
    pub(crate) async fn condition(
        &self,
        namespace: &str,
        kind: &str,
        status: &str,
        reason: &str,
    ) -> Value {
        let path = format!("/apis/hookbox.dev/v1alpha1/namespaces/{namespace}/hooks/probe");
        let what = format!("{kind}={status}/{reason} of {namespace}");
        self.until(&path, &what, |hook| {
            let conditions = hook["status"]["conditions"].as_array();
            conditions
                .into_iter()
                .flatten()
                .any(|c| c["type"] == kind && c["status"] == status && c["reason"] == reason)
        })
        .await
    }

    pub(crate) async fn ready(&self, namespace: &str) -> Value {
        self.condition(namespace, "Ready", "True", "Running").await
    }

    /// The message of the `Ready` condition that has this reason.
    pub(crate) async fn broken(&self, namespace: &str, reason: &str) -> String {
        let hook = self.condition(namespace, "Ready", "False", reason).await;
        let conditions = hook["status"]["conditions"].as_array().unwrap();
        let ready = conditions.iter().find(|c| c["type"] == "Ready").unwrap();
        ready["message"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn map(&self, namespace: &str, name: &str, data: Value) {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        let what = format!("{namespace}/{name} with {data}");
        self.until(&path, &what, |map| map["data"] == data).await;
    }

    /// The next failed run of this hook: its code and its message.
    pub(crate) async fn failure(&mut self, hook: &str) -> (String, String) {
        let next = async {
            loop {
                if let OperatorEvent::RunFinished(run) = &*self.events.recv().await.unwrap()
                    && run.hook == hook
                    && let RunResult::Failed { code, message, .. } = &run.result
                {
                    return (code.clone(), message.clone());
                }
            }
        };
        patiently("a failed run", next).await
    }
}
