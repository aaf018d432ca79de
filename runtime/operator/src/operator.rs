//! The operator as its users hold it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hookbox_jq::Jq;
use hookbox_sandbox::{Budget, GrantError, HttpClient, HttpSettings, Sandbox};
use jiff::tz::TimeZone;
use kube::Client;
use kube::core::ApiResource;
use tokio::sync::{broadcast, watch};

use crate::api;
use crate::apply::{Gate, Writer, WriterSettings};
use crate::client::limited;
use crate::clock::Clock;
use crate::engine::{ClusterSide, Engine, Parts, Steps};
use crate::event::OperatorEvent;
use crate::grants::{GrantRules, equip};
use crate::kinds::Kinds;
use crate::leader::{Elector, LeaderOptions, LeaderOptionsError, Leadership, Term};
use crate::live::{LiveError, LiveSettings};
use crate::load::{self, Hook, LoadProblem, Loaded};
use crate::metrics::{Component, DEFAULT_PREFIX, SelfMetrics, counted};
use crate::running::Running;
use crate::source::HookSpec;
use crate::tenants::{self, Mounts, TenantOptions};
use crate::values::ModuleValues;
use crate::watch::Hub;
use crate::webhook::{Sites, WebhookError, WebhookOptions};

/// Events that a slow watcher may be behind before it misses some.
const EVENTS: usize = 4096;

/// How an operator is set up.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The cluster; none: only `onStartup` and schedules work.
    pub client: Option<Client>,
    /// The components, in the order of hooks.
    pub hooks: Vec<HookSpec>,
    /// Values that the hooks share; none: they belong to no module, and what they set is not kept. Hooks of tenants'
    /// objects have none.
    pub values: Option<ModuleValues>,
    /// What each run may use.
    pub budget: Budget,
    /// What hooks may do beyond reading their snapshots. A hook that was loaded with grants keeps those.
    pub grants: GrantRules,
    /// How HTTP requests of hooks are sent that were granted them.
    pub http: HttpSettings,
    /// Requests a second to the API server for discovery, lists and watches, and how many may go at once; none: no
    /// limit.
    pub client_rate: Option<(f64, u32)>,
    /// How object patches are written.
    pub writer: WriterSettings,
    /// The directory of the journal; none: no journal.
    pub journal: Option<std::path::PathBuf>,
    /// Where the HTTP server listens; none: no HTTP server.
    pub listen: Option<SocketAddr>,
    /// How webhooks are served; none: they are not.
    pub webhook: Option<WebhookOptions>,
    /// Prefix of the operator's own metrics.
    pub metrics_prefix: String,
    /// Live commands; none: no socket, and what happened lately is not kept.
    pub live: Option<LiveSettings>,
    /// Whether the actions on queues are timed, for the metric of that.
    pub queue_actions: bool,
    /// The API server's address, as metrics name it; none where it is not known.
    pub server: Option<http::Uri>,
    /// The time zone of crontabs that name none.
    pub time_zone: TimeZone,
    /// What time it is.
    pub clock: Clock,
    /// Whether nothing begins before [`Running::step`] lets it: for tests, whose runs must be the same each time.
    pub stepped: bool,
    /// Whether hooks run that tenants declare as objects of the cluster; none: only those that are given here.
    pub tenants: Option<TenantOptions>,
    /// How one of several replicas becomes the leader; none: this operator is alone.
    pub leader: Option<LeaderOptions>,
    /// How long [`Running::stop`] waits for runs to end.
    pub stop_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: None,
            hooks: Vec::new(),
            values: None,
            budget: Budget::default(),
            grants: GrantRules::default(),
            http: HttpSettings::default(),
            client_rate: None,
            writer: WriterSettings::default(),
            journal: None,
            listen: None,
            webhook: None,
            metrics_prefix: DEFAULT_PREFIX.to_owned(),
            live: None,
            queue_actions: true,
            server: None,
            time_zone: TimeZone::system(),
            clock: Clock::System,
            stepped: false,
            tenants: None,
            leader: None,
            stop_time: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("hooks", &self.hooks)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// Why an operator does not start. What is wrong with single hooks is no such reason: see [`Running::problems`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The HTTP server cannot listen.
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
    /// Webhooks cannot be served.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// No leader can be elected this way.
    #[error(transparent)]
    Leader(#[from] LeaderOptionsError),
    /// There is no cluster to elect a leader in.
    #[error("a leader is elected by a Lease, and there is no cluster")]
    NoCluster,
    /// There is no socket for live commands.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// HTTP requests of hooks cannot be sent.
    #[error("HTTP requests of hooks cannot be sent")]
    Requests(#[source] hookbox_sandbox::HttpError),
    /// A hook cannot be given what the rules grant it.
    #[error("hook `{hook}` cannot be given what it is granted")]
    Grant {
        /// Name of the hook.
        hook: String,
        /// Why.
        #[source]
        source: GrantError,
    },
    /// The journal cannot be written.
    #[error("the journal cannot be written")]
    Journal(#[source] crate::journal::JournalError),
}

impl StartError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Http(error) => error.code(),
            Self::Webhook(error) => error.code(),
            Self::Leader(error) => error.code(),
            Self::NoCluster => "no-cluster",
            Self::Requests(error) => error.code(),
            Self::Grant { source, .. } => source.code(),
            Self::Live(error) => error.code(),
            Self::Journal(error) => error.code(),
        }
    }
}

/// Runs hooks.
#[derive(Debug)]
pub struct Operator;

impl Operator {
    /// Loads the hooks and starts to work.
    ///
    /// A hook that cannot be loaded is left out and the others go on, unlike in shell-operator, where it ends the
    /// operator; [`Running::problems`] has them all.
    ///
    /// # Errors
    /// The HTTP server or the journal cannot be set up.
    pub async fn start(options: Options, sandbox: Sandbox, jq: Jq) -> Result<Running, StartError> {
        let loaded = load::load(options.hooks.clone(), &sandbox, &jq, &Budget::describe()).await;
        Self::start_loaded(options, loaded, jq).await
    }

    /// As [`Operator::start`], with hooks that are loaded already; [`Options::hooks`] are not looked at.
    ///
    /// # Errors
    /// The HTTP server or the journal cannot be set up.
    pub async fn start_loaded(
        options: Options,
        loaded: Loaded,
        jq: Jq,
    ) -> Result<Running, StartError> {
        if let Some(leader) = &options.leader {
            leader.check()?;
            if options.client.is_none() {
                return Err(StartError::NoCluster);
            }
        }
        let Loaded { hooks, problems } = loaded;
        let (events, first) = broadcast::channel(EVENTS);
        let metrics = Arc::new(SelfMetrics::new(&options.metrics_prefix));
        let cluster = options.client.clone().map(|client| {
            let counting = |component| {
                let server = options.server.as_ref();
                counted(client.clone(), metrics.clone(), component, server)
            };
            let main = limited(counting(Component::Main), options.client_rate);
            let kinds = Kinds::new(main.clone());
            let patcher = counting(Component::ObjectPatcher);
            let writer = Writer::with_settings(patcher, kinds.clone(), options.writer.clone());
            ClusterSide {
                client: main.clone(),
                hub: Hub::with_deaths(main, {
                    let metrics = metrics.clone();
                    move |spec, times| {
                        let ApiResource {
                            group,
                            version,
                            plural,
                            ..
                        } = &spec.resource;
                        let gvr = format!("{group}/{version}, Resource={plural}");
                        let namespace = spec.namespace.as_deref().unwrap_or_default();
                        metrics.watches_died(&gvr, namespace, times.into());
                    }
                }),
                kinds,
                writer,
                tenant: None,
            }
        });
        let hooks = granted(hooks, &options, cluster.as_ref())?;
        let journal =
            crate::engine::journal(options.journal.as_deref()).map_err(StartError::Journal)?;
        let engine = Engine::new(Parts {
            hooks,
            cluster,
            scope: None,
            values: options.values.clone(),
            gate: Gate::new(Some(jq.clone())),
            budget: options.budget.clone(),
            elects: options.leader.is_some(),
            clock: options.clock,
            zone: options.time_zone.clone(),
            metrics,
            journal,
            events,
            steps: options.stepped.then(Steps::default),
            keep_recent: options.live.is_some(),
            queue_actions: options.queue_actions,
        });
        let client = engine
            .cluster
            .as_ref()
            .map(|cluster| cluster.client.clone());
        let elector = match (client, options.leader.clone()) {
            (Some(client), Some(leader)) => Some(elector(&engine, client, leader)),
            _ => None,
        };
        let mounts = Mounts::default();
        let sites = (options.tenants.is_some() && options.webhook.is_some()).then(Sites::default);
        let mut running = Running::new(
            engine.clone(),
            problems,
            first,
            (&mounts, sites.as_ref()),
            &options,
        )
        .await?;
        announce(&engine, running.problems(), options.webhook.is_some());
        if options.webhook.as_ref().is_some_and(|w| w.register_first) {
            engine.readiness.until_done("webhook ").await;
        }
        match elector {
            Some((elector, view)) => {
                engine.stand_by();
                running.elect(elector, view);
            }
            None => {
                engine.begin(Term::always());
            }
        }
        if let Some(tenants) = options.tenants.clone() {
            let http = requests(&options).map_err(StartError::Requests)?;
            let parts = tenants::Parts {
                jq,
                http: Arc::new(http),
                zone: options.time_zone.clone(),
                queue_actions: options.queue_actions,
                mounts,
                sites,
            };
            tenants::start(&engine, tenants, parts);
        }
        Ok(running)
    }
}

/// Gives hooks what the rules grant them.
fn granted(
    mut hooks: Vec<Hook>,
    options: &Options,
    cluster: Option<&ClusterSide>,
) -> Result<Vec<Hook>, StartError> {
    let names: Vec<&str> = hooks.iter().map(|hook| &*hook.name).collect();
    for name in options.grants.unused(&names) {
        tracing::warn!(name, "grants for a hook that is not there");
    }
    let mut http = None;
    for hook in &mut hooks {
        if !hook.grants.capabilities().is_empty() {
            continue;
        }
        let capabilities = options.grants.of(&hook.name);
        for missing in load::missing(&hook.config, &capabilities) {
            tracing::warn!(hook = &*hook.name, %missing, "the hook wants more than it is granted");
        }
        if capabilities.is_empty() {
            continue;
        }
        if !capabilities.http.is_empty() && http.is_none() {
            let client = requests(options).map_err(StartError::Requests)?;
            http = Some(Arc::new(client));
        }
        let grants = equip(capabilities, cluster, http.as_ref()).map_err(|source| {
            let hook = hook.name.to_string();
            StartError::Grant { hook, source }
        })?;
        hook.grants = Arc::new(grants);
    }
    Ok(hooks)
}

/// Who sends the requests of hooks: never to the API server, unless its address was granted.
fn requests(options: &Options) -> Result<HttpClient, hookbox_sandbox::HttpError> {
    let mut settings = options.http.clone();
    let host = options.server.as_ref().and_then(http::Uri::host);
    let host = host.map(|host| host.trim_matches(['[', ']']));
    if let Some(address) = host.and_then(|host| host.parse::<IpAddr>().ok()) {
        settings.refused.push(address.into());
    }
    HttpClient::new(settings)
}

/// Takes part in an election: who leads is shown by readiness, metrics and events.
fn elector(
    engine: &Arc<Engine>,
    client: Client,
    options: LeaderOptions,
) -> (Elector, watch::Receiver<Leadership>) {
    let weak = Arc::downgrade(engine);
    let (sender, view) = watch::channel(Leadership::default());
    let tell = Box::new(move |view: &Leadership| {
        sender.send_replace(view.clone());
        if let Some(engine) = weak.upgrade() {
            engine.leadership(view);
        }
    });
    let metrics = engine.metrics.clone();
    (
        Elector::new(client, options, engine.clock, metrics, tell),
        view,
    )
}

fn announce(engine: &Engine, problems: &[LoadProblem], webhooks: bool) {
    for hook in &engine.hooks {
        tracing::info!(hook = &*hook.name, source = hook.source, "hook loaded");
        for binding in webhook_names(hook).filter(|_| !webhooks) {
            tracing::warn!(
                hook = &*hook.name,
                binding,
                "webhooks are not served here: this binding never runs the hook"
            );
        }
        let component = hook.program.component();
        if component.is_none() {
            tracing::warn!(
                hook = &*hook.name,
                "a native hook: it runs without a sandbox, with all rights of hookbox itself"
            );
        }
        let denied = component.map_or(&[][..], |c| c.denied_imports());
        if !denied.is_empty() {
            let imports = denied.join(", ");
            tracing::warn!(
                hook = &*hook.name,
                source = hook.source,
                imports,
                "the component asks for a network: every call is refused"
            );
        }
        for warning in &hook.config.warnings {
            tracing::warn!(hook = &*hook.name, source = hook.source, "{warning}");
        }
        engine.tell(|| OperatorEvent::HookLoaded {
            hook: hook.name.to_string(),
            source: hook.source.clone(),
            digest: hook.program.digest().to_owned(),
            bindings: bindings(hook),
        });
    }
    for problem in problems {
        let message = api::chain(problem);
        tracing::error!(
            source = problem.source_name(),
            error = api::one_line(&message),
            "hook left out"
        );
        engine.tell(|| OperatorEvent::HookRefused {
            source: problem.source_name().to_owned(),
            code: problem.code().to_owned(),
            message,
        });
    }
}

/// Names of bindings that the API server calls.
fn webhook_names(hook: &Hook) -> impl Iterator<Item = &str> {
    let config = &hook.config;
    let conversions = config.kubernetes_custom_resource_conversion.iter();
    config
        .webhooks()
        .map(|w| w.name.as_str())
        .chain(conversions.map(|c| c.name.as_str()))
}

fn bindings(hook: &Hook) -> Vec<String> {
    let config = &hook.config;
    let startup = config.on_startup.iter().map(|_| "onStartup".to_owned());
    let schedules = config.schedule.iter().map(|s| s.name.clone());
    startup
        .chain(schedules)
        .chain(config.kubernetes.iter().map(|k| k.name.clone()))
        .chain(webhook_names(hook).map(str::to_owned))
        .collect()
}
