//! Tenants: hooks that others bring, declared as objects of the cluster.
//!
//! A `Hook` names a component and a ServiceAccount; a `HookPolicy` says what the Hooks of some namespaces may have. What is
//! declared is planned ([`plan`]), prepared (pulled, its signature checked, loaded) and runs in an engine of its own,
//! under the ServiceAccount's identity. How it is stands in the Hook's status.
//!
//! Only the replica that leads runs tenants' hooks and writes what their status is. The others have them loaded, and answer
//! their webhooks.

mod cell;
mod controller;
mod events;
mod keeper;
mod mounts;
mod plan;
mod policies;
mod policy;
mod prepare;
pub mod rbac;
pub mod resources;
mod status;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookbox_jq::Jq;
use hookbox_registry::{ComponentStore, RegistryClient};
use hookbox_sandbox::turns::{Lane, Turn, Turns};
use hookbox_sandbox::{HttpClient, Sandbox};
use jiff::tz::TimeZone;
use kube::Client;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::identity::{AccessSettings, Identities, impersonating};
use crate::leader::Term;
use crate::quota::Quota;
use crate::webhook::Sites;

use events::Recorder;
pub(crate) use mounts::Mounts;
pub use plan::{Plan, Problem, Source, plan};
pub use policy::{Namespace, Policy};

/// Requests to the API server for Hooks themselves, whether their ServiceAccounts are there and how they are: at a time,
/// and those of one namespace.
const ASKING: (usize, usize) = (32, 8);

/// How tenants' hooks are run.
#[derive(Clone)]
#[non_exhaustive]
pub struct TenantOptions {
    /// Where components are loaded.
    pub sandbox: Sandbox,
    /// Where components come from.
    pub registry: RegistryClient,
    /// Where pulled components are kept, so that they are there while the registry is not. None.
    pub store: Option<ComponentStore>,
    /// Hooks that are prepared (fetched, checked and compiled) at a time; further ones wait. 16.
    pub preparing: usize,
    /// Hooks of one namespace that are prepared at a time. 4.
    pub preparing_each: usize,
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
            store: None,
            preparing: 16,
            preparing_each: 4,
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
    /// All that had a Hook, until they are gone: whoever deletes its Hooks and makes them anew begins with nothing new.
    namespaces: Mutex<HashMap<String, OfNamespace>>,
    sandbox: Sandbox,
    jq: Jq,
    zone: TimeZone,
    registry: RegistryClient,
    store: Option<ComponentStore>,
    /// Turns of preparing: bounds the components that are in memory at a time, and the requests for them.
    preparing: Turns,
    /// Turns of asking the API server for what no watch tells, and of telling it how Hooks are.
    asking: Turns,
    http: Arc<HttpClient>,
    recorder: Recorder,
    mounts: Mounts,
    /// Where their webhooks are served; none: nowhere.
    sites: Option<Sites>,
    /// The term for which this replica leads; none: it stands by.
    role: watch::Receiver<Option<Term>>,
    queue_actions: bool,
    look: Duration,
}

/// What the Hooks of one namespace share.
struct OfNamespace {
    /// What it may use, and what it used. One for all of its ServiceAccounts: whoever may create those would otherwise have
    /// as many quotas as he likes.
    quota: Arc<Quota>,
    /// Its turns at the registries: what holds up one namespace holds up no other.
    registry: RegistryClient,
    /// A client for each of its ServiceAccounts: each asks once whom the API server takes it for.
    clients: HashMap<String, Client>,
}

/// What else is needed to begin.
pub(crate) struct Parts {
    pub(crate) jq: Jq,
    pub(crate) http: Arc<HttpClient>,
    pub(crate) zone: TimeZone,
    pub(crate) queue_actions: bool,
    pub(crate) mounts: Mounts,
    pub(crate) sites: Option<Sites>,
}

impl Shared {
    /// Does something with what the namespace of a plan has.
    fn of_namespace<T>(&self, plan: &Plan, take: impl FnOnce(&mut OfNamespace) -> T) -> T {
        let namespace = &plan.tenant.namespace;
        let mut namespaces = self
            .namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of = namespaces
            .entry(namespace.clone())
            .or_insert_with(|| OfNamespace {
                quota: Quota::new(namespace.as_str(), plan.quota.clone()),
                registry: self.registry.lane(),
                clients: HashMap::new(),
            });
        take(of)
    }

    /// A client with the rights of a plan's tenant, which is there.
    fn client_of(&self, plan: &Plan) -> Client {
        let tenant = &plan.tenant;
        self.of_namespace(plan, |of| {
            let client = of.clients.entry(tenant.service_account.clone());
            client
                .or_insert_with(|| impersonating(&self.client, tenant))
                .clone()
        })
    }

    /// What the namespace of a plan may use over time, with the settings of the plan.
    fn quota(&self, plan: &Plan) -> Arc<Quota> {
        let quota = self.of_namespace(plan, |of| of.quota.clone());
        quota.update(plan.quota.clone());
        quota
    }

    /// A client of registries with the turns of a plan's namespace.
    fn registry_for(&self, plan: &Plan) -> RegistryClient {
        self.of_namespace(plan, |of| of.registry.clone())
    }

    /// Waits for a turn of a plan's namespace to fetch, check and compile.
    async fn turn(&self, plan: &Plan) -> Turn {
        let lane = Lane::of(&plan.tenant.namespace);
        self.preparing.take(&lane).await
    }

    /// Forgets what namespaces had that are gone.
    fn forget_but(&self, is_there: impl Fn(&str) -> bool) {
        let mut namespaces = self
            .namespaces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.retain(|namespace, _| is_there(namespace));
    }
}

/// Runs tenants' hooks until the operator stops. Nothing without a cluster.
pub(crate) fn start(engine: &Arc<Engine>, options: TenantOptions, parts: Parts) {
    let Some(cluster) = &engine.cluster else {
        return;
    };
    let identities = Identities::new(cluster, options.access);
    parts.mounts.checked_by(identities.access());
    let (role, roles) = watch::channel(engine.term());
    let shared = Arc::new(Shared {
        client: cluster.client.clone(),
        identities,
        namespaces: Mutex::default(),
        recorder: Recorder::new(cluster.client.clone()),
        registry: options.registry,
        store: options.store,
        preparing: Turns::new(options.preparing, options.preparing_each),
        asking: Turns::new(ASKING.0, ASKING.1),
        sandbox: options.sandbox,
        jq: parts.jq,
        http: parts.http,
        zone: parts.zone,
        mounts: parts.mounts,
        sites: parts.sites,
        role: roles,
        queue_actions: parts.queue_actions,
        look: options.look,
        engine: engine.clone(),
    });
    engine.tasks.spawn(follow_role(engine.clone(), role));
    let unsettled = controller::ready_when_settled(engine);
    engine.tasks.spawn(controller::run(shared, unsettled));
}

/// Tells for which term this replica leads, whenever it does.
async fn follow_role(engine: Arc<Engine>, role: watch::Sender<Option<Term>>) {
    let mut leads = engine.leads.subscribe();
    loop {
        tokio::select! {
            biased;
            () = engine.stop.cancelled() => return,
            leads = leads.wait_for(|leads| *leads) => if leads.is_err() { return },
        }
        match engine.term().filter(|term| !term.is_over()) {
            Some(term) => {
                role.send_replace(Some(term.clone()));
                tokio::select! {
                    biased;
                    () = engine.stop.cancelled() => return,
                    () = term.over() => {}
                }
                role.send_replace(None);
            }
            // It is just about to begin or to end.
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
