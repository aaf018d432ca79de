//! The engine: hooks, their monitors and schedules, and the queues between them and the sandbox.

mod allow;
mod answer;
mod effects;
mod enable;
mod input;
mod lead;
mod listener;
mod record;
mod run;
mod serve;
mod steps;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookbox_config::{ConfigVersion, Crontab};
use hookbox_sandbox::{Budget, Lane};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kube::Client;
use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apply::{Gate, Writer};
use crate::clock::Clock;
use crate::event::OperatorEvent;
use crate::http::Readiness;
use crate::identity::TenantSide;
use crate::journal::{Journal, JournalError, JournalSettings};
use crate::kinds::Kinds;
use crate::leader::Term;
use crate::live::Recent;
use crate::load::Hook;
use crate::metrics::{HookMetrics, SelfMetrics, SeriesLimits};
use crate::monitor::{Monitor, MonitorId};
use crate::queue::{HookIndex, HookRun, Queue, Reason, Task, TokenBucket, Work};
use crate::quota::Quota;
use crate::running::{QueueView, TaskView};
use crate::schedule::Scheduler;
use crate::values::{ModuleValues, Shared};
use crate::watch::Hub;

pub(crate) use self::answer::Question;
pub use self::answer::Unanswered;
pub(crate) use self::lead::{Leading, lead};
pub(crate) use self::steps::Steps;

/// Name of the queue that is always there.
pub(crate) const MAIN: &str = "main";

/// More tasks of one hook in one queue than this are counted hook by hook.
const MANY_TASKS: usize = 20;

/// Time for the journal to write what it holds at the end.
const JOURNAL_TIME: Duration = Duration::from_secs(5);

/// The cluster, where there is one.
#[derive(Clone)]
pub(crate) struct ClusterSide {
    pub(crate) client: Client,
    pub(crate) hub: Hub,
    pub(crate) kinds: Kinds,
    pub(crate) writer: Writer,
    /// Whose side it is; none: the operator's own. See [`Identities`](crate::identity::Identities).
    pub(crate) tenant: Option<TenantSide>,
}

/// All that the parts of an operator share.
pub(crate) struct Engine {
    pub(crate) hooks: Vec<Hook>,
    limits: Vec<Mutex<TokenBucket>>,
    pub(crate) queues: BTreeMap<String, Arc<Queue>>,
    monitors: Mutex<HashMap<MonitorId, Arc<Monitor>>>,
    scheduler: Mutex<Option<Scheduler>>,
    leading: Mutex<Option<Arc<Leading>>>,
    /// Whether this is one of several replicas.
    pub(crate) elects: bool,
    /// Whether this is the replica that leads; where there is no election, it always is.
    pub(crate) leads: watch::Sender<bool>,
    pub(crate) cluster: Option<ClusterSide>,
    /// Namespace and name of the Hook object whose hooks these are; empty for the operator's own.
    pub(crate) scope: String,
    /// What a tenant's hooks read as config values.
    parameters: Arc<Value>,
    /// Values that the hooks share; none: they belong to no module.
    module: Option<Shared>,
    pub(crate) gate: Gate,
    pub(crate) budget: Budget,
    pub(crate) clock: Clock,
    zone: TimeZone,
    pub(crate) hook_metrics: HookMetrics,
    pub(crate) metrics: Arc<SelfMetrics>,
    pub(crate) readiness: Readiness,
    pub(crate) journal: Option<Journal>,
    pub(crate) events: broadcast::Sender<Arc<OperatorEvent>>,
    /// Where tasks go step by step.
    pub(crate) steps: Option<Steps>,
    /// What happened lately, where somebody may ask for it.
    pub(crate) recent: Option<Arc<Recent>>,
    /// Tasks in all queues.
    pending: watch::Sender<usize>,
    /// When it was made, in milliseconds: part of the ids of runs, so that those of two starts differ.
    started: i64,
    task_ids: AtomicU64,
    run_ids: Arc<AtomicU64>,
    /// Nothing new is begun once this is cancelled.
    pub(crate) stop: CancellationToken,
    /// What has to end before the operator is stopped.
    pub(crate) tasks: TaskTracker,
}

/// What sets apart the engine of a tenant's object from the operator's own.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Before the names of its queues, wherever they are shown: namespace and name of the object.
    pub(crate) name: String,
    /// What its hooks read as config values.
    pub(crate) parameters: Arc<Value>,
    /// Numbers of runs, and when they began: shared, so that no two runs have the same.
    pub(crate) runs: (i64, Arc<AtomicU64>),
}

/// What an engine is made of.
pub(crate) struct Parts {
    pub(crate) hooks: Vec<Hook>,
    pub(crate) cluster: Option<ClusterSide>,
    /// For an object's hooks in an operator of tenants; none: these are the operator's own.
    pub(crate) scope: Option<Scope>,
    /// Values that the hooks share; none: they belong to no module.
    pub(crate) values: Option<ModuleValues>,
    pub(crate) gate: Gate,
    pub(crate) budget: Budget,
    /// Whether it stands by until it is elected.
    pub(crate) elects: bool,
    pub(crate) clock: Clock,
    pub(crate) zone: TimeZone,
    pub(crate) metrics: Arc<SelfMetrics>,
    pub(crate) journal: Option<Journal>,
    pub(crate) events: broadcast::Sender<Arc<OperatorEvent>>,
    pub(crate) steps: Option<Steps>,
    /// Whether what happened lately is kept.
    pub(crate) keep_recent: bool,
    /// Whether the actions on queues are timed.
    pub(crate) queue_actions: bool,
}

fn scoped(scope: &str, name: &str) -> String {
    match scope.is_empty() {
        true => name.to_owned(),
        false => format!("{scope}/{name}"),
    }
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts {
            hooks,
            cluster,
            scope,
            values,
            gate,
            budget,
            elects,
            clock,
            zone,
            metrics,
            journal,
            events,
            steps,
            keep_recent,
            queue_actions,
        } = parts;
        let queue = |name: &str| {
            let shown = scoped(scope.as_ref().map_or("", |scope| &scope.name), name);
            let make = if queue_actions {
                Queue::timed
            } else {
                Queue::new
            };
            (name.to_owned(), Arc::new(make(shown)))
        };
        let mut queues = BTreeMap::from([queue(MAIN)]);
        for hook in &hooks {
            let named = hook
                .config
                .schedule
                .iter()
                .map(|s| &s.queue)
                .chain(hook.config.kubernetes.iter().map(|k| &k.queue));
            queues.extend(named.map(|name| queue(name)));
        }
        let limits = hooks
            .iter()
            .map(|hook| {
                let settings = hook.config.settings;
                let (interval, burst) = settings
                    .map(|s| (s.execution_min_interval, s.execution_burst))
                    .unwrap_or_default();
                Mutex::new(TokenBucket::new(interval, burst))
            })
            .collect();
        let recent = keep_recent.then(|| {
            let names = hooks.iter().map(|hook| hook.name.clone());
            Arc::new(Recent::new(names, scope.is_some(), clock))
        });
        let Scope {
            name: scope,
            parameters,
            runs: (started, run_ids),
        } = scope.unwrap_or_else(|| Scope {
            name: String::new(),
            parameters: Arc::new(Value::Object(Map::new())),
            runs: (clock.now().as_millisecond(), Arc::new(AtomicU64::new(1))),
        });
        let hook_metrics = match scope.is_empty() {
            true => HookMetrics::default(),
            false => HookMetrics::with_limits(SeriesLimits::of_tenants()),
        };
        Arc::new(Self {
            hooks,
            limits,
            queues,
            monitors: Mutex::default(),
            scheduler: Mutex::default(),
            leading: Mutex::default(),
            elects,
            leads: watch::Sender::new(!elects),
            cluster,
            scope,
            parameters,
            module: values.map(Shared::new),
            gate,
            budget,
            clock,
            zone,
            hook_metrics,
            readiness: Readiness::default(),
            metrics,
            journal,
            events,
            steps,
            recent,
            pending: watch::Sender::new(0),
            started,
            task_ids: AtomicU64::new(1),
            run_ids,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// How a queue or a webhook of its hooks is called where those of all engines are shown.
    pub(crate) fn scoped(&self, name: &str) -> String {
        scoped(&self.scope, name)
    }

    /// Whether anybody hears of events.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_watched() || self.recent.is_some()
    }

    /// Whether anybody hears of events as they come.
    pub(crate) fn is_watched(&self) -> bool {
        self.events.receiver_count() > 0
    }

    /// Tells those who watch, if anybody does.
    pub(crate) fn tell(&self, event: impl FnOnce() -> OperatorEvent) {
        if !self.is_heard() {
            return;
        }
        let event = event();
        if let Some(recent) = &self.recent {
            recent.observe(&event);
        }
        self.tell_others(|| event);
    }

    /// The same for what [`Engine::recent`] is told in another way.
    pub(crate) fn tell_others(&self, event: impl FnOnce() -> OperatorEvent) {
        if self.is_watched() {
            // Nobody listening any more is no error.
            let _ = self.events.send(Arc::new(event()));
        }
    }

    /// What waits and what is being done, for people.
    pub(crate) fn queue_views(&self) -> Vec<QueueView> {
        let task = |task: &Task| TaskView {
            id: task.id,
            hook: self.hook_name(task.hook).to_owned(),
            kind: match task.work {
                Work::EnableKubernetes => "EnableKubernetes",
                Work::EnableSchedules => "EnableSchedules",
                Work::Run(_) => "Run",
            },
            bindings: match &task.work {
                Work::Run(run) => run.reasons.iter().map(|r| r.binding.to_string()).collect(),
                _ => Vec::new(),
            },
            failures: task.failures,
        };
        self.queues
            .values()
            .map(|q| QueueView {
                name: q.name.clone(),
                tasks: q.state().tasks().map(task).collect(),
            })
            .collect()
    }

    pub(crate) fn hook(&self, index: HookIndex) -> Option<&Hook> {
        self.hooks.get(index)
    }

    /// What the tenant may use whose engine this is; none for the operator's own.
    pub(crate) fn quota(&self) -> Option<&Arc<Quota>> {
        let tenant = self.cluster.as_ref()?.tenant.as_ref()?;
        Some(&tenant.quota)
    }

    /// In which lane a hook's runs have their turns.
    pub(crate) fn lane(&self, hook: HookIndex) -> Lane {
        let component = self.hook(hook).and_then(|hook| hook.program.component());
        component
            .map(|component| component.lane().clone())
            .unwrap_or_default()
    }

    fn scheduler(&self) -> MutexGuard<'_, Option<Scheduler>> {
        self.scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn leading(&self) -> MutexGuard<'_, Option<Arc<Leading>>> {
        self.leading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hook_name(&self, index: HookIndex) -> &str {
        self.hook(index).map_or("", |hook| &hook.name)
    }

    pub(crate) fn monitor(&self, id: MonitorId) -> Option<Arc<Monitor>> {
        self.monitors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// All monitors, in the order of hooks and bindings.
    pub(crate) fn monitors(&self) -> Vec<(MonitorId, Arc<Monitor>)> {
        let monitors = self.monitors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = monitors
            .iter()
            .map(|(id, monitor)| (*id, monitor.clone()))
            .collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// Bytes that all snapshots hold together, what several hold counted once.
    pub(crate) fn held_once(&self) -> usize {
        self.held_with(&[])
    }

    /// The same of this engine and of others, which share its texts.
    pub(crate) fn held_with(&self, others: &[Arc<Self>]) -> usize {
        let texts = self.cluster.as_ref().map_or(0, |c| c.hub.texts().bytes());
        let own = |engine: &Self| -> usize {
            let monitors = engine.monitors();
            let own = monitors.iter().map(|(_, monitor)| {
                let (_, bytes) = monitor.held();
                bytes.saturating_sub(monitor.shared())
            });
            own.sum()
        };
        let others: usize = others.iter().map(|other| own(other)).sum();
        texts + own(self) + others
    }

    /// Ends all watches.
    pub(crate) fn drop_monitors(&self) {
        self.monitors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn task(&self, hook: HookIndex, work: Work) -> Task {
        let id = self.task_ids.fetch_add(1, Ordering::Relaxed);
        Task {
            id,
            hook,
            work,
            queued: Instant::now(),
            failures: 0,
        }
    }

    /// Puts a task at the end of a queue. All queues are made at the start, so that it is always there.
    pub(crate) fn push_back(&self, queue: &str, hook: HookIndex, work: Work) {
        let Some(queue) = self.queues.get(queue) else {
            tracing::error!(
                queue,
                hook = self.hook_name(hook),
                "no such queue; the task is lost"
            );
            return;
        };
        self.pending.send_modify(|n| *n += 1);
        let merged = queue.push_back(self.task(hook, work));
        if merged > 0 {
            let hook = self.hook_name(hook);
            self.metrics.queue_compacted(&queue.name, hook);
        }
        self.done(merged);
    }

    /// A run of a hook for one reason.
    fn hook_run(&self, hook: HookIndex, reason: Reason, allow_failure: bool) -> HookRun {
        let version = self.hook(hook).map(|h| h.config.version);
        let mut run = HookRun::new(reason, allow_failure);
        run.alone = version == Some(ConfigVersion::V0);
        run
    }

    /// Puts runs at the head of `main`, in their order.
    fn push_head(&self, hook: HookIndex, runs: Vec<HookRun>) {
        let Some(queue) = self.queues.get(MAIN) else {
            return;
        };
        let tasks: Vec<_> = runs
            .into_iter()
            .map(|run| self.task(hook, Work::Run(run)))
            .collect();
        self.pending.send_modify(|n| *n += tasks.len());
        let refused = queue.push_front(tasks);
        self.done(refused);
    }

    /// So many tasks are no longer in any queue.
    fn done(&self, tasks: usize) {
        if tasks == 0 {
            return;
        }
        let mut idle = false;
        self.pending.send_modify(|n| {
            *n = n.saturating_sub(tasks);
            idle = *n == 0;
        });
        if idle {
            self.tell(|| OperatorEvent::Idle);
        }
    }

    /// Brings the metrics of queues up to date.
    pub(crate) fn count_queues(&self, metrics: &SelfMetrics) {
        for queue in self.queues.values() {
            let mut tasks: HashMap<HookIndex, usize> = HashMap::new();
            let length = {
                let state = queue.state();
                for task in state.tasks() {
                    *tasks.entry(task.hook).or_default() += 1;
                }
                state.len()
            };
            metrics.queue_length(&queue.name, length);
            tasks.retain(|_, tasks| *tasks > MANY_TASKS);
            let named = tasks.into_iter().map(|(i, n)| (self.hook_name(i), n));
            metrics.queue_tasks_by_hook(&queue.name, named);
            if let Some(times) = queue.times() {
                metrics.queue_actions(&queue.name, &times);
            }
        }
    }

    /// Writes out what the journal still holds.
    pub(crate) async fn close_journal(&self) {
        if let Some(journal) = &self.journal {
            journal.close(JOURNAL_TIME).await;
        }
        self.count_journal();
    }

    /// How many tasks wait or are being done.
    pub(crate) fn pending(&self) -> watch::Receiver<usize> {
        self.pending.subscribe()
    }

    /// When the hook might run next; no token is taken.
    pub(crate) fn next_turn(&self, hook: HookIndex, now: Instant) -> Instant {
        self.limited(hook, |limit, _| limit.look(now))
            .unwrap_or(now)
    }

    /// When a crontab fires next.
    pub(crate) fn next_tick(&self, crontab: &Crontab) -> Option<Timestamp> {
        self.scheduler().as_ref()?.next(crontab)
    }

    /// The numbers of its runs, for engines whose runs shall have others.
    pub(crate) fn run_numbers(&self) -> (i64, Arc<AtomicU64>) {
        (self.started, self.run_ids.clone())
    }

    /// The present time of leading; none while this replica stands by.
    pub(crate) fn term(&self) -> Option<Term> {
        self.leading().as_ref().map(|leading| leading.term.clone())
    }

    /// A run's id in the journal.
    pub(crate) fn run_id(&self, run: u64) -> String {
        format!("{}-{run}", self.started)
    }

    /// When the hook may run next, a token taken.
    fn turn(&self, hook: HookIndex) -> Instant {
        self.limited(hook, |limit, now| limit.take(now))
            .unwrap_or_else(Instant::now)
    }

    /// As [`Self::turn`], unless it is after `until`: then no token is taken.
    fn turn_by(&self, hook: HookIndex, until: Instant) -> Option<Instant> {
        self.limited(hook, |limit, now| limit.take_by(now, until))
            .unwrap_or_else(|| Some(Instant::now()))
    }

    fn limited<T>(
        &self,
        hook: HookIndex,
        take: impl FnOnce(&mut TokenBucket, Instant) -> T,
    ) -> Option<T> {
        let limit = self.limits.get(hook)?;
        let mut limit = limit.lock().unwrap_or_else(PoisonError::into_inner);
        Some(take(&mut limit, Instant::now()))
    }
}

/// The journal in this directory, where one is named.
pub(crate) fn journal(path: Option<&std::path::Path>) -> Result<Option<Journal>, JournalError> {
    path.map(|path| Journal::open(path, JournalSettings::default()))
        .transpose()
}

/// What readiness waits for.
fn startup_key(hook: &str) -> String {
    format!("{hook} startup")
}

/// What readiness waits for.
fn binding_key(hook: &str, binding: usize) -> String {
    format!("{hook} {binding}")
}
