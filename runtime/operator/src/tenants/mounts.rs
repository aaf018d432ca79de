//! The engines of all Hooks, for those who look at them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::identity::Access;
use crate::metrics::SelfMetrics;

/// Engines by the name of their Hook, `namespace/name`. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Mounts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    engines: RwLock<BTreeMap<String, Arc<Engine>>>,
    access: OnceLock<Access>,
    /// Names of hooks and queues that went lately, and when.
    gone: Mutex<Vec<(Instant, Vec<String>)>>,
}

/// How long something may still be counted of what is gone: its last runs end, and counts of a moment ago are written.
const LAST_COUNTS: Duration = Duration::from_secs(120);

impl std::fmt::Debug for Mounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mounts").finish_non_exhaustive()
    }
}

impl Mounts {
    /// Who checks the tenants' access. Only the first one given counts.
    pub(super) fn checked_by(&self, access: &Access) {
        let _ = self.0.access.set(access.clone());
    }

    /// SubjectAccessReviews made so far; none where there are no tenants.
    pub(crate) fn checks(&self) -> Option<u64> {
        Some(self.0.access.get()?.checks())
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Engine>>> {
        self.0
            .engines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Engine>>> {
        self.0
            .engines
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, engine: &Arc<Engine>) {
        let mut mounts = self.write();
        mounts.insert(engine.scope.clone(), engine.clone());
    }

    /// Takes this very one away; not the one that took its place.
    pub(super) fn remove(&self, engine: &Arc<Engine>) {
        let mut mounts = self.write();
        if mounts
            .get(&engine.scope)
            .is_some_and(|mounted| Arc::ptr_eq(mounted, engine))
        {
            mounts.remove(&engine.scope);
        }
    }

    /// These hooks and queues are gone.
    pub(super) fn bury(&self, names: Vec<String>) {
        let mut gone = self.0.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.push((Instant::now(), names));
    }

    /// Takes what was counted of hooks and queues that went lately out of the metrics, but for names that are there again.
    pub(crate) fn forget_gone(&self, metrics: &SelfMetrics) {
        let mut gone = self.0.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if gone.is_empty() {
            return;
        }
        let names = gone.iter().flat_map(|(_, names)| names);
        let names: Vec<&str> = names
            .map(String::as_str)
            .filter(|name| !self.has(name))
            .collect();
        metrics.forget(names);
        gone.retain(|(when, _)| when.elapsed() < LAST_COUNTS);
    }

    /// Whether there is a hook, a queue or a webhook of this whole name.
    fn has(&self, name: &str) -> bool {
        self.of_hook(name).is_some_and(|engine| {
            let mut webhooks = engine.hooks.iter().flat_map(|hook| hook.config.webhooks());
            engine.hooks.iter().any(|hook| *hook.name == *name)
                || engine.queues.values().any(|queue| queue.name == name)
                || webhooks.any(|webhook| engine.scoped(&webhook.name) == name)
        })
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Engine>> {
        let mounts = self.read();
        mounts.values().cloned().collect()
    }

    /// The one whose hook this is, by the whole name of the hook.
    pub(crate) fn of_hook(&self, name: &str) -> Option<Arc<Engine>> {
        let mut parts = name.splitn(3, '/');
        let object = format!("{}/{}", parts.next()?, parts.next()?);
        parts.next()?;
        self.of_object(&object)
    }

    /// That of a Hook object, by its namespace and name.
    pub(crate) fn of_object(&self, name: &str) -> Option<Arc<Engine>> {
        let mounts = self.read();
        mounts.get(name).cloned()
    }
}
