//! A running operator.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hookbox_sandbox::{Answer, Ask, Context};
use tokio::sync::{Mutex, broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::engine::{Engine, Question, Unanswered, lead};
use crate::event::OperatorEvent;
use crate::http::{HttpLimits, HttpServer, Pages};
use crate::leader::{Elector, Leadership};
use crate::live::LiveServer;
use crate::load::{Hook, LoadProblem};
use crate::monitor::{MonitorId, Phase, Progress};
use crate::operator::{Options, StartError};
use crate::schedule::ScheduleId;
use crate::snapshot::Frozen;
use crate::tenants::Mounts;
use crate::webhook::{Sites, Webhooks};

/// Time to give the lease back.
const GIVE_BACK: Duration = Duration::from_secs(5);
/// Time between two counts of [`crate::metrics::SelfMetrics::live_tick`].
const TICK: Duration = Duration::from_secs(10);

/// A running operator. It goes on until [`Running::stop`], or until this is dropped, which ends it at once.
pub struct Running {
    engine: Arc<Engine>,
    problems: Vec<LoadProblem>,
    first: std::sync::Mutex<Option<broadcast::Receiver<Arc<OperatorEvent>>>>,
    server: Mutex<Option<HttpServer>>,
    address: Option<SocketAddr>,
    webhooks: Mutex<Option<Webhooks>>,
    webhook_addresses: Arc<OnceLock<Vec<SocketAddr>>>,
    election: Option<Election>,
    live: Mutex<Option<LiveServer>>,
    live_path: Option<PathBuf>,
    stop_time: Duration,
}

/// The part that it takes in an election.
struct Election {
    view: watch::Receiver<Leadership>,
    /// All runs have ended; the lease may be given back.
    left: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("hooks", &self.engine.hooks.len())
            .finish_non_exhaustive()
    }
}

/// What waits in one queue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    /// Its name.
    pub name: String,
    /// Its tasks, the one being done first.
    pub tasks: Vec<TaskView>,
}

/// One task of a queue.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// Its number.
    pub id: u64,
    /// The hook.
    pub hook: String,
    /// `Run`, `EnableKubernetes` or `EnableSchedules`.
    pub kind: &'static str,
    /// Bindings of the run's reasons.
    pub bindings: Vec<String>,
    /// How often it failed.
    pub failures: u32,
}

impl Running {
    pub(crate) async fn new(
        engine: Arc<Engine>,
        problems: Vec<LoadProblem>,
        first: broadcast::Receiver<Arc<OperatorEvent>>,
        (mounts, sites): (&Mounts, Option<&Sites>),
        options: &Options,
    ) -> Result<Self, StartError> {
        let server = match options.listen {
            None => None,
            Some(address) => {
                let pages = Pages {
                    own: engine.metrics.clone(),
                    hooks: engine.hook_metrics.clone(),
                    mounts: mounts.clone(),
                    readiness: engine.readiness.clone(),
                };
                Some(HttpServer::start(address, pages, HttpLimits::default()).await?)
            }
        };
        let address = server.as_ref().map(HttpServer::address);
        let live = match (&options.live, &engine.recent) {
            (Some(settings), Some(recent)) => {
                let webhooks = options.webhook.is_some();
                LiveServer::start(
                    engine.clone(),
                    recent.clone(),
                    &problems,
                    mounts.clone(),
                    webhooks,
                    settings,
                )?
            }
            _ => None,
        };
        let live_path = live.as_ref().map(|live| live.path().to_owned());
        let weak = Arc::downgrade(&engine);
        let mounted = mounts.clone();
        engine.metrics.refresh_with(move |metrics| {
            if let Some(engine) = weak.upgrade() {
                engine.count_queues(metrics);
                let tenants = mounted.all();
                for tenant in &tenants {
                    tenant.count_queues(metrics);
                }
                metrics.quotas(
                    tenants
                        .iter()
                        .filter_map(|tenant| tenant.quota().map(|q| &**q)),
                );
                mounted.forget_gone(metrics);
                if let Some(checks) = mounted.checks() {
                    metrics.access_checks(checks);
                }
                metrics.snapshots(engine.held_with(&tenants));
                engine.count_journal();
            }
        });
        let webhooks = match &options.webhook {
            None => None,
            Some(webhook) => Webhooks::start(&engine, webhook, sites).await?,
        };
        let webhook_addresses = webhooks
            .as_ref()
            .map(Webhooks::addresses)
            .unwrap_or_default();
        engine.tasks.spawn(tick(engine.clone()));
        Ok(Self {
            engine,
            problems,
            first: std::sync::Mutex::new(Some(first)),
            server: Mutex::new(server),
            address,
            webhooks: Mutex::new(webhooks),
            webhook_addresses,
            election: None,
            live: Mutex::new(live),
            live_path,
            stop_time: options.stop_time,
        })
    }

    /// Takes part in an election.
    pub(crate) fn elect(&mut self, elector: Elector, view: watch::Receiver<Leadership>) {
        let left = CancellationToken::new();
        let task = tokio::spawn(lead(self.engine.clone(), elector, left.clone()));
        self.election = Some(Election {
            view,
            left,
            task: AbortOnDropHandle::new(task),
        });
    }

    /// Who leads, as far as this replica knows; none where there is no election.
    #[must_use]
    pub fn leadership(&self) -> Option<Leadership> {
        Some(self.election.as_ref()?.view.borrow().clone())
    }

    /// What happens from now on. The first call gives everything since the start. A receiver that is slow misses
    /// events and is told how many.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<OperatorEvent>> {
        let first = self
            .first
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        first.unwrap_or_else(|| self.engine.events.subscribe())
    }

    /// The hooks, in their order.
    #[must_use]
    pub fn hooks(&self) -> &[Hook] {
        &self.engine.hooks
    }

    /// What could not be loaded.
    #[must_use]
    pub fn problems(&self) -> &[LoadProblem] {
        &self.problems
    }

    /// Where the HTTP server listens.
    #[must_use]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where webhooks are served: for admission first, then for conversions where that is another address. Empty as long as
    /// no hook has any. Before the first certificate is there (the operator is not ready until then), connections are closed.
    #[must_use]
    pub fn webhook_addrs(&self) -> &[SocketAddr] {
        self.webhook_addresses.get().map_or(&[], Vec::as_slice)
    }

    /// The socket of the live commands.
    #[must_use]
    pub fn live_path(&self) -> Option<&Path> {
        self.live_path.as_deref()
    }

    /// The operator's own metrics as text.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        self.engine.metrics.text()
    }

    /// The hooks' metrics as text.
    #[must_use]
    pub fn hook_metrics_text(&self) -> String {
        self.engine.hook_metrics.text()
    }

    /// Fires schedules now, as if their time had come: all of those whose hook and name `choose` accepts, in the order
    /// of hooks. How many they were.
    pub fn fire_schedules(&self, mut choose: impl FnMut(&str, &str) -> bool) -> usize {
        let mut fired = 0;
        for (hook, loaded) in self.engine.hooks.iter().enumerate() {
            for (schedule, binding) in loaded.config.schedule.iter().enumerate() {
                if choose(&loaded.name, &binding.name) {
                    self.engine.fire_schedule(ScheduleId { hook, schedule });
                    fired += 1;
                }
            }
        }
        fired
    }

    /// Asks a hook outside of queues, as a webhook does, and has its effects applied. The context names the snapshots
    /// that it is given.
    ///
    /// # Errors
    /// There is no answer within the time.
    pub async fn ask(
        &self,
        hook: &str,
        ask: Ask,
        context: Context,
        within: Duration,
    ) -> Result<Answer, Unanswered> {
        let hooks = &self.engine.hooks;
        let index = hooks.iter().position(|h| *h.name == *hook);
        let index = index.ok_or_else(|| Unanswered::NoSuchHook(hook.to_owned()))?;
        let until = Instant::now() + within;
        let question = Question {
            ask,
            context,
            until,
        };
        self.engine.answer(index, question).await
    }

    /// All queues.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueView> {
        self.engine.queue_views()
    }

    /// The snapshots of a hook's `kubernetes` bindings, by name and in the order of the configuration. Looking changes
    /// nothing. None when there is no such hook.
    #[must_use]
    pub fn snapshots(&self, hook: &str) -> Option<Vec<(String, Frozen)>> {
        let (index, hook) = self
            .engine
            .hooks
            .iter()
            .enumerate()
            .find(|(_, h)| &*h.name == hook)?;
        let bindings = hook.config.kubernetes.iter().enumerate();
        let look = |binding| {
            self.engine.monitor(MonitorId {
                hook: index,
                binding,
            })
        };
        Some(
            bindings
                .filter_map(|(i, b)| Some((b.name.clone(), look(i)?.peek())))
                .collect(),
        )
    }

    /// Objects and bytes that all snapshots hold, each of them counted for itself.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        self.engine
            .monitors()
            .iter()
            .map(|(_, m)| m.held())
            .fold((0, 0), |(o, b), (objects, bytes)| (o + objects, b + bytes))
    }

    /// Bytes that all snapshots hold together. What several hold, as bindings on the same objects do, is counted once.
    #[must_use]
    pub fn held_once(&self) -> usize {
        self.engine.held_once()
    }

    /// Lets one task begin and waits for none: where [`Options::stepped`] is set, waits until nothing is being done, puts
    /// the changes that came since the last step into the order in which they happened, and lets the next task of the
    /// first queue that has one begin, `main` before the others and those by name. Whether there was one; without
    /// [`Options::stepped`] never.
    ///
    /// With [`Running::still`] and [`Running::caught_up`] before each step, the same cluster leads to the same runs,
    /// each for the same reasons.
    pub async fn step(&self) -> bool {
        match &self.engine.steps {
            Some(steps) => self.engine.step(steps).await,
            None => false,
        }
    }

    /// Waits until nothing is being done, though tasks may wait for [`Running::step`]. Without [`Options::stepped`] it
    /// is as [`Running::idle`].
    pub async fn still(&self) {
        match &self.engine.steps {
            Some(steps) => self.engine.still(steps).await,
            None => self.idle().await,
        }
    }

    /// Waits until no queue has anything to do: what was started is done, Synchronizations included. A hook that fails
    /// is not done until it succeeds. Changes that are still on their way from the API server are not waited for: see
    /// [`Running::caught_up`].
    pub async fn idle(&self) {
        let mut pending = self.engine.pending();
        // The engine, which this borrows, holds the sender.
        let _ = pending.wait_for(|n| *n == 0).await;
    }

    /// Waits until every enabled binding has seen, and queued what comes of it, all that happened in the cluster up to
    /// `resource_version`. Bindings that cannot be enabled are not waited for.
    ///
    /// A watch that none of the changes concerns learns of the resource version by a bookmark: real API servers send
    /// one each minute, the embedded cluster on demand.
    pub async fn caught_up(&self, resource_version: u64) {
        for (_, monitor) in self.engine.monitors() {
            let there = |progress: Progress| {
                let seen = progress.seen.is_some_and(|seen| seen >= resource_version);
                seen || matches!(progress.phase, Phase::Retrying | Phase::Absent)
            };
            monitor.reached(there).await;
        }
    }

    /// Stops: nothing new is begun, and runs that are under way are given time to end ([`Options::stop_time`]). Those that
    /// do not change nothing more. A leader gives its lease back after that. Whether all runs ended.
    pub async fn stop(mut self) -> bool {
        // Reviews on their way are answered before runs are no longer begun.
        if let Some(webhooks) = self.webhooks.lock().await.take() {
            webhooks.stop().await;
        }
        self.engine.stop.cancel();
        self.engine.tasks.close();
        let ended = tokio::time::timeout(self.stop_time, self.engine.tasks.wait())
            .await
            .is_ok();
        self.engine.end_now();
        if let Some(election) = self.election.take() {
            election.left.cancel();
            // Late or not, the lease runs out by itself.
            let _ = tokio::time::timeout(GIVE_BACK, election.task).await;
        }
        self.engine.drop_monitors();
        // Before the pages go, so that they can tell of the last records.
        self.engine.close_journal().await;
        if let Some(live) = self.live.lock().await.take() {
            live.stop().await;
        }
        if let Some(server) = self.server.lock().await.take() {
            server.stop().await;
        }
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.engine.stop.cancel();
        self.engine.end_now();
        self.engine.drop_monitors();
    }
}

async fn tick(engine: Arc<Engine>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            () = engine.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        engine.metrics.live_tick();
    }
}
