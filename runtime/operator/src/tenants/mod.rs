//! Tenants: hooks that others bring, declared as objects of the cluster.
//!
//! A `Hook` names a component and a ServiceAccount; a `HookPolicy` says what the Hooks of some namespaces may have. What is
//! declared is planned ([`plan`]), prepared (pulled, its signature checked, loaded) and runs in an engine of its own,
//! under the ServiceAccount's identity. How it is stands in the Hook's status.
//!
//! Only the replica that leads runs tenants' hooks.

mod cell;
mod controller;
mod events;
mod keeper;
mod mounts;
mod plan;
mod policies;
mod prepare;
pub mod rbac;
pub mod resources;
mod status;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookbox_jq::Jq;
use hookbox_registry::RegistryClient;
use hookbox_sandbox::{HttpClient, Sandbox};
use jiff::tz::TimeZone;
use kube::Client;

use crate::engine::Engine;
use crate::identity::{AccessSettings, Identities, impersonating};
use crate::quota::{Quota, Quotas};
use crate::source::Tenant;

use events::Recorder;
pub(crate) use mounts::Mounts;
pub use plan::{Namespace, Plan, Policy, Problem, Source, plan};

/// How tenants' hooks are run.
#[derive(Clone)]
#[non_exhaustive]
pub struct TenantOptions {
    /// Where components are loaded.
    pub sandbox: Sandbox,
    /// Where components come from.
    pub registry: RegistryClient,
    /// How access to what several watch is checked.
    pub access: AccessSettings,
    /// Time between two looks at what no watch tells of: components in ConfigMaps, and whether ServiceAccounts are still
    /// there. 15 s.
    pub look: Duration,
}

impl TenantOptions {
    /// With defaults for the rest.
    #[must_use]
    pub fn new(registry: RegistryClient, sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            registry,
            access: AccessSettings::default(),
            look: Duration::from_secs(15),
        }
    }
}

/// What the keepers of all Hooks share.
pub(crate) struct Shared {
    /// The operator's own: clock, metrics, journal, events.
    engine: Arc<Engine>,
    client: Client,
    identities: Identities,
    quotas: Quotas,
    /// Those of all namespaces that had a Hook: whoever deletes its Hooks and makes them anew begins with nothing new.
    spent: Mutex<HashMap<String, Arc<Quota>>>,
    /// A namespace's turns at the registries: what holds up one holds up no other.
    lanes: Mutex<HashMap<String, RegistryClient>>,
    sandbox: Sandbox,
    jq: Jq,
    zone: TimeZone,
    registry: RegistryClient,
    http: Arc<HttpClient>,
    recorder: Recorder,
    mounts: Mounts,
    queue_actions: bool,
    look: Duration,
}

/// What else is needed to begin.
pub(crate) struct Parts {
    pub(crate) jq: Jq,
    pub(crate) http: Arc<HttpClient>,
    pub(crate) zone: TimeZone,
    pub(crate) queue_actions: bool,
    pub(crate) mounts: Mounts,
}

impl Shared {
    /// A client with a tenant's rights.
    fn client_of(&self, tenant: &Tenant) -> Client {
        impersonating(&self.client, tenant)
    }

    /// What the namespace of a plan may use over time, with the settings of the plan.
    fn quota(&self, plan: &Plan) -> Arc<Quota> {
        let namespace = &plan.tenant.namespace;
        let quota = self.quotas.of(namespace, plan.quota.clone());
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.insert(namespace.clone(), quota.clone());
        quota
    }

    /// A client of registries with a namespace's turns.
    fn registry_for(&self, namespace: &str) -> RegistryClient {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(namespace.to_owned());
        lane.or_insert_with(|| self.registry.lane()).clone()
    }

    /// A namespace is gone.
    fn forget(&self, namespace: &str) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.remove(namespace);
        drop(lanes);
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.remove(namespace);
    }
}

/// Runs tenants' hooks whenever this replica leads, until the operator stops. Nothing without a cluster.
pub(crate) fn start(engine: &Arc<Engine>, options: TenantOptions, parts: Parts) {
    let Some(cluster) = &engine.cluster else {
        return;
    };
    let identities = Identities::new(cluster, options.access);
    parts.mounts.checked_by(identities.access());
    let shared = Arc::new(Shared {
        client: cluster.client.clone(),
        identities,
        quotas: Quotas::default(),
        spent: Mutex::default(),
        lanes: Mutex::default(),
        recorder: Recorder::new(cluster.client.clone()),
        registry: options.registry,
        sandbox: options.sandbox,
        jq: parts.jq,
        http: parts.http,
        zone: parts.zone,
        mounts: parts.mounts,
        queue_actions: parts.queue_actions,
        look: options.look,
        engine: engine.clone(),
    });
    engine.tasks.spawn(whenever_leading(shared));
}

async fn whenever_leading(shared: Arc<Shared>) {
    let mut leads = shared.engine.leads.subscribe();
    loop {
        tokio::select! {
            biased;
            () = shared.engine.stop.cancelled() => return,
            leads = leads.wait_for(|leads| *leads) => if leads.is_err() { return },
        }
        match shared.engine.term() {
            Some(term) if !term.is_over() => controller::run(shared.clone(), term).await,
            // It is just about to begin or to end.
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
