//! The engines of all Hooks, for those who look at them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::engine::Engine;
use crate::identity::Access;

/// Engines by the name of their Hook, `namespace/name`. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Mounts(Arc<Inner>);

#[derive(Default)]
struct Inner {
    engines: RwLock<BTreeMap<String, Arc<Engine>>>,
    access: OnceLock<Access>,
}

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

    pub(super) fn add(&self, engine: &Arc<Engine>) {
        let mut mounts = self
            .0
            .engines
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        mounts.insert(engine.scope.clone(), engine.clone());
    }

    /// Takes this very one away; not the one that took its place.
    pub(super) fn remove(&self, engine: &Arc<Engine>) {
        let mut mounts = self
            .0
            .engines
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if mounts
            .get(&engine.scope)
            .is_some_and(|mounted| Arc::ptr_eq(mounted, engine))
        {
            mounts.remove(&engine.scope);
        }
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Engine>> {
        let mounts = self
            .0
            .engines
            .read()
            .unwrap_or_else(PoisonError::into_inner);
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
        let mounts = self
            .0
            .engines
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        mounts.get(name).cloned()
    }
}
