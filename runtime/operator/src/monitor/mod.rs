//! Monitors: each keeps the objects of one `kubernetes` binding and tells of their changes.
//!
//! A monitor starts locked: changes wait in its buffer until its Synchronization run succeeded. A snapshot read while
//! it is locked empties the buffer, because it holds those changes (BEHAVIOUR A4).

mod changes;
mod scopes;
mod task;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookbox_config::{ConfigVersion, Kubernetes, WatchEvent};
use kube::core::ApiResource;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::filter::{Filter, FilterError};
use crate::kinds::{KindError, Kinds};
use crate::queue::{BindingIndex, Cause, HookIndex, Reason};
use crate::quota::{NoRoom, Quota};
use crate::snapshot::{Frozen, Keeps, Key, Store};
use crate::watch::{Hub, WatchError};

/// Which binding a monitor serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonitorId {
    /// The hook.
    pub hook: HookIndex,
    /// Its binding.
    pub binding: BindingIndex,
}

/// Who hears of a monitor's changes. Called in the order of the changes; must not wait.
pub trait Listener: Send + Sync + 'static {
    /// The hook shall run.
    fn fire(&self, id: MonitorId, reason: Reason);
    /// Something that only people and metrics care about.
    fn notice(&self, id: MonitorId, notice: Notice<'_>);
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The hook will run.
    Fired,
    /// The hook will run once the binding's Synchronization succeeded, unless that run sees the change itself.
    Buffered,
    /// What counts did not change.
    Unchanged,
    /// The binding does not want changes of this kind (`executeHookOnEvent`).
    NotWanted,
}

/// Something that only people and metrics care about.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A change was handled.
    Changed {
        /// What happened to the object.
        event: WatchEvent,
        /// Its namespace; empty for cluster-scoped objects.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
        /// What became of it.
        outcome: Outcome,
    },
    /// The filter failed on an object; what was known of it before stays.
    FilterFailed {
        /// Its namespace.
        namespace: &'a str,
        /// Its name.
        name: &'a str,
        /// Why.
        error: &'a FilterError,
    },
    /// The filter looked at objects.
    Filtered {
        /// How many.
        objects: usize,
        /// How long it took in all.
        took: Duration,
    },
    /// A batch of changes was handled.
    Handled {
        /// How long it took, filtering included.
        took: Duration,
        /// Objects held now.
        objects: usize,
        /// Bytes held now.
        bytes: usize,
    },
    /// A watch failed and tries again.
    WatchFailed {
        /// Why.
        error: &'a WatchError,
        /// Whether the binding was enabled before; else [`Notice::NotEnabled`] follows.
        enabled: bool,
    },
    /// The binding is enabled: its objects are known.
    Enabled {
        /// How many.
        objects: usize,
        /// Whether it was enabled before, and has forgotten its objects since. The monitor is locked again, and the hook
        /// is owed another Synchronization.
        again: bool,
    },
    /// The binding could not be enabled; it is tried again.
    NotEnabled {
        /// Why.
        error: &'a EnableError,
        /// When it is tried again, where the monitor itself waits.
        retry_in: Option<Duration>,
    },
}

/// Why a binding is not enabled yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnableError {
    /// Its kind is not served.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The kind cannot be watched.
    #[error("{kind} cannot be listed and watched")]
    NotWatchable {
        /// The kind.
        kind: String,
    },
    /// Its filter failed on an object that was there at the start, so that the snapshot would not be whole.
    #[error("the filter failed on `{namespace}/{name}`")]
    Filter {
        /// The object's namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: FilterError,
    },
    /// The tenant may not see the objects any more. The text says why.
    #[error("{message}")]
    Revoked {
        /// A stable word.
        code: &'static str,
        /// Why.
        message: String,
    },
    /// The objects are more than the tenant may hold.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// A list failed. The text says why.
    #[error("{message}")]
    List {
        /// A stable word.
        code: &'static str,
        /// Why.
        message: String,
    },
}

impl EnableError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kind(error) => error.code(),
            Self::NotWatchable { .. } => "not-watchable",
            Self::Filter { .. } => "filter",
            Self::List { code, .. } | Self::Revoked { code, .. } => code,
            Self::NoRoom(error) => error.code(),
        }
    }

    /// Whether what is known of the objects has to be forgotten.
    fn forgets(&self) -> bool {
        matches!(self, Self::Revoked { .. } | Self::NoRoom(_))
    }
}

/// How far a monitor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is at its first attempt.
    Starting,
    /// The API server does not serve its kind (yet): there are no such objects.
    Absent,
    /// The first attempt failed; it tries again.
    Retrying,
    /// It knows its objects.
    Enabled,
}

impl Phase {
    /// Whether what the monitor knows of its objects is true: all of them, or that there can be none.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Enabled | Self::Absent)
    }
}

/// How far a monitor is, and how much it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How far it is.
    pub phase: Phase,
    /// Up to which resource version everything was seen and handled; none before the first list.
    pub seen: Option<u64>,
}

/// What a monitor needs.
pub struct MonitorSpec {
    /// Which binding.
    pub id: MonitorId,
    /// The format of its hook's configuration.
    pub version: ConfigVersion,
    /// Its configuration.
    pub config: Arc<Kubernetes>,
    /// Its filter, compiled.
    pub filter: Filter,
    /// The watches, which all monitors share.
    pub hub: Hub,
    /// What kinds there are.
    pub kinds: Kinds,
    /// Who hears of changes.
    pub listener: Arc<dyn Listener>,
    /// What the hook's tenant may use; none: the hook is the operator's own.
    pub quota: Option<Arc<Quota>>,
}

impl std::fmt::Debug for MonitorSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorSpec")
            .field("id", &self.id)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl MonitorSpec {
    fn keeps(&self) -> Keeps {
        Keeps {
            object: self.config.keep_full_objects_in_memory,
            filter_result: !self.filter.is_none(),
        }
    }

    fn empty_store(&self) -> Store {
        Store::sharing(self.keeps(), self.hub.texts().clone())
    }

    /// The key of an object in its store.
    fn key(&self, namespace: &str, name: &str) -> Key {
        Key::new(self.keeps(), namespace, name)
    }
}

/// What runs and monitor share.
struct State {
    store: Store,
    locked: bool,
    /// The operator stands by: changes are for the snapshot only.
    standing_by: bool,
    buffer: Vec<Reason>,
    /// Its objects are known, or were before their kind went.
    enabled: bool,
    /// They were known, and had to be forgotten.
    forgot: bool,
    /// What its objects are; none before it is found.
    resource: Option<ApiResource>,
}

pub(crate) struct Shared {
    spec: MonitorSpec,
    binding_name: Arc<str>,
    group: Option<Arc<str>>,
    snapshots: Arc<[String]>,
    state: Mutex<State>,
    /// Never locked for longer than it takes to read or change it.
    progress: Mutex<Progress>,
    /// The progress is another.
    progressed: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes to be at this phase, or has seen more, and tells those who wait for it.
    fn advance(&self, advance: impl FnOnce(&mut Progress)) {
        let changed = {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *progress;
            advance(&mut progress);
            *progress != before
        };
        if changed {
            self.progressed.notify_waiters();
        }
    }

    /// Forgets the objects, with no word of it to the hook: they are there still. What waits to be told of them too.
    fn forget(&self) {
        // First: whoever takes a snapshot and sees after it that the monitor is whole has taken a whole one.
        self.advance(|progress| {
            progress.phase = Phase::Retrying;
            progress.seen = None;
        });
        let mut state = self.state();
        state.forgot |= state.enabled;
        state.enabled = false;
        state.locked = true;
        state.buffer = Vec::new();
        let store = std::mem::replace(&mut state.store, self.empty_store());
        drop(state);
        drop(store);
        self.notice(Notice::Handled {
            took: Duration::ZERO,
            objects: 0,
            bytes: 0,
        });
    }

    fn notice(&self, notice: Notice<'_>) {
        self.spec.listener.notice(self.spec.id, notice);
    }

    fn empty_store(&self) -> Store {
        self.spec.empty_store()
    }

    fn reason(&self, cause: Cause) -> Reason {
        Reason {
            binding: self.binding_name.clone(),
            group: self.group.clone(),
            snapshots: self.snapshots.clone(),
            cause,
        }
    }
}

/// A running monitor. Its watches end when it is dropped.
pub struct Monitor {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("id", &self.shared.spec.id)
            .field("phase", &self.phase())
            .finish()
    }
}

impl Monitor {
    /// Starts a monitor, locked.
    #[must_use]
    pub fn start(spec: MonitorSpec) -> Self {
        let shared = Arc::new(Shared {
            binding_name: spec.config.name.as_str().into(),
            group: spec.config.group.as_deref().map(Arc::from),
            snapshots: spec.config.include_snapshots_from.clone().into(),
            state: Mutex::new(State {
                store: spec.empty_store(),
                locked: true,
                standing_by: false,
                buffer: Vec::new(),
                enabled: false,
                forgot: false,
                resource: None,
            }),
            progress: Mutex::new(Progress {
                phase: Phase::Starting,
                seen: None,
            }),
            progressed: Notify::new(),
            spec,
        });
        let task = AbortOnDropHandle::new(tokio::spawn(task::run(shared.clone())));
        Self {
            shared,
            _task: task,
        }
    }

    /// The binding's configuration.
    #[must_use]
    pub fn config(&self) -> &Kubernetes {
        &self.shared.spec.config
    }

    /// The reason for the binding's Synchronization run.
    #[must_use]
    pub fn synchronization(&self) -> Reason {
        self.shared.reason(Cause::Synchronization {
            binding: self.shared.spec.id.binding,
        })
    }

    /// The objects as they are now; none before the binding is enabled. While the monitor is locked, this empties the
    /// buffer.
    #[must_use]
    pub fn snapshot(&self) -> Frozen {
        let mut state = self.shared.state();
        if state.locked {
            state.buffer.clear();
        }
        if state.enabled {
            state.store.freeze()
        } else {
            self.shared.empty_store().freeze()
        }
    }

    /// As [`Monitor::snapshot`], but only looks: the buffer stays.
    #[must_use]
    pub fn peek(&self) -> Frozen {
        self.shared.state().store.freeze()
    }

    /// From now on changes go to the snapshot and to nobody else: another replica runs for them.
    pub fn stand_by(&self) {
        let mut state = self.shared.state();
        state.standing_by = true;
        state.locked = true;
        state.buffer = Vec::new();
    }

    /// As right after [`Monitor::start`]: locked, what happened before is known by the snapshot, and what happens from
    /// now on waits in the buffer.
    pub fn lock(&self) {
        let mut state = self.shared.state();
        state.standing_by = false;
        state.locked = true;
        state.buffer.clear();
    }

    /// Let changes flow: those in the buffer first.
    pub fn unlock(&self) {
        let mut state = self.shared.state();
        state.locked = false;
        for reason in std::mem::take(&mut state.buffer) {
            self.shared.spec.listener.fire(self.shared.spec.id, reason);
        }
    }

    /// Objects and bytes held.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        let state = self.shared.state();
        (state.store.len(), state.store.bytes())
    }

    /// Those of the bytes held that are objects which other bindings may hold too: see [`Hub::texts`].
    #[must_use]
    pub fn shared(&self) -> usize {
        self.shared.state().store.shared()
    }

    /// Changes that wait in the buffer; none where the monitor is not locked.
    #[must_use]
    pub fn put_aside(&self) -> Option<usize> {
        let state = self.shared.state();
        state.locked.then_some(state.buffer.len())
    }

    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.shared.progress().phase
    }

    /// Waits until it has come so far.
    pub async fn reached(&self, mut enough: impl FnMut(Progress) -> bool) {
        loop {
            // Made before looking, so that no progress that is made meanwhile goes unnoticed.
            let progressed = self.shared.progressed.notified();
            if enough(self.shared.progress()) {
                return;
            }
            progressed.await;
        }
    }
}
