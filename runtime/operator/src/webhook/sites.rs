//! Webhooks of tenants' Hook objects: who answers for which, and what the API server is to be told of it.
//!
//! Those who keep Hooks say here what there is; the server asks who answers, and the [registrar](super::register) asks what
//! is to be registered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::routes::Routes;
use crate::engine::Engine;

/// Namespace and name of a Hook.
pub(crate) type Key = (String, String);

/// Hooks that answer, with the ways to them.
pub(crate) struct Site {
    pub(crate) engine: Arc<Engine>,
    pub(crate) routes: Routes,
}

/// Who answers for a Hook, and so what the API server is to be told of its webhooks.
#[derive(Clone, Default)]
pub(crate) enum Wanted {
    /// Nobody for now, and which webhooks it has is not known: what the API server was told last.
    #[default]
    AsItIs,
    /// Nobody, and nothing.
    Nothing,
    /// These, and their webhooks.
    Webhooks(Arc<Site>),
}

/// How far the API server was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Registered {
    /// It is going to be.
    #[default]
    NotYet,
    /// It was.
    Yes,
    /// It could not be.
    Failed(String),
}

#[derive(Default)]
struct Place {
    wanted: Wanted,
    registered: Registered,
}

impl Place {
    fn site(&self) -> Option<&Arc<Site>> {
        match &self.wanted {
            Wanted::Webhooks(site) => Some(site),
            Wanted::AsItIs | Wanted::Nothing => None,
        }
    }
}

#[derive(Default)]
struct State {
    places: BTreeMap<Key, Place>,
    /// Whether all Hooks of the cluster are in `places`.
    whole: bool,
    /// Why none of them can be served, if so.
    fault: Option<String>,
}

/// The webhooks of all Hooks. Clones are the same.
#[derive(Clone)]
pub(crate) struct Sites {
    state: Arc<Mutex<State>>,
    /// Each change, counted.
    changes: watch::Sender<u64>,
}

impl Default for Sites {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Sites {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changes.send_modify(|n| *n += 1);
    }

    /// Changes, as they come.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// There is such a Hook: who asks for it may wait until it answers.
    pub(crate) fn declare(&self, key: &Key) {
        self.change(|state| {
            state.places.entry(key.clone()).or_default();
        });
    }

    /// All Hooks of the cluster were declared: nothing stays registered for any other.
    pub(crate) fn is_whole(&self) {
        self.change(|state| state.whole = true);
    }

    /// There is no such Hook any more.
    pub(crate) fn forget(&self, key: &Key) {
        self.change(|state| {
            state.places.remove(key);
        });
    }

    /// These hooks answer from now on, and are registered.
    pub(crate) fn serve(&self, key: &Key, site: &Arc<Site>) {
        if self.site(key).is_some_and(|now| Arc::ptr_eq(&now, site)) {
            return;
        }
        self.change(|state| {
            if let Some(place) = state.places.get_mut(key) {
                place.registered = Registered::NotYet;
                place.wanted = Wanted::Webhooks(site.clone());
            }
        });
    }

    /// Nobody answers for now. What is registered stays so: what happens then is what the webhooks' `failurePolicy` says.
    pub(crate) fn rest(&self, key: &Key) {
        self.change(|state| {
            if let Some(place) = state.places.get_mut(key) {
                place.wanted = Wanted::AsItIs;
            }
        });
    }

    /// Nobody answers, and nothing is registered.
    pub(crate) fn withdraw(&self, key: &Key) {
        self.change(|state| {
            if let Some(place) = state.places.get_mut(key) {
                *place = Place {
                    wanted: Wanted::Nothing,
                    ..Place::default()
                };
            }
        });
    }

    /// Why none of them can be served.
    pub(crate) fn set_fault(&self, fault: Option<String>) {
        self.change(|state| state.fault = fault);
    }

    /// Whether there is such a Hook.
    pub(crate) fn knows(&self, key: &Key) -> bool {
        self.state().places.contains_key(key)
    }

    /// Who answers for a Hook right now.
    pub(crate) fn site(&self, key: &Key) -> Option<Arc<Site>> {
        self.state().places.get(key)?.site().cloned()
    }

    /// Who answers for a Hook, as soon as somebody does; none where that takes too long, or there is no such Hook.
    pub(crate) async fn site_by(&self, key: &Key, until: Instant) -> Option<Arc<Site>> {
        let mut changes = self.changes();
        let site = async {
            loop {
                changes.borrow_and_update();
                let site = self.state().places.get(key).map(|p| p.site().cloned());
                match site {
                    None => return None,
                    Some(Some(site)) => return Some(site),
                    // The sender is `self`'s.
                    Some(None) => changes.changed().await.ok()?,
                }
            }
        };
        tokio::time::timeout_at(until, site).await.ok()?
    }

    /// Waits until there is something to serve.
    pub(crate) async fn any(&self) {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let any = self.state().places.values().any(|p| p.site().is_some());
            if any || changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// What is to be registered for each Hook; none before all Hooks are known.
    pub(crate) fn wanted(&self) -> Option<BTreeMap<Key, Wanted>> {
        let state = self.state();
        let all = state.places.iter();
        let wanted = all.map(|(key, place)| (key.clone(), place.wanted.clone()));
        state.whole.then(|| wanted.collect())
    }

    /// What came of registering what `site` wants.
    pub(crate) fn tell(&self, key: &Key, site: &Arc<Site>, registered: Registered) {
        if let Some(place) = self.state().places.get_mut(key)
            && place.site().is_some_and(|now| Arc::ptr_eq(now, site))
        {
            place.registered = registered;
        }
    }

    /// How far the API server was told of a Hook's webhooks.
    pub(crate) fn registered(&self, key: &Key) -> Registered {
        let state = self.state();
        match (&state.fault, state.places.get(key)) {
            (Some(fault), _) => Registered::Failed(fault.clone()),
            (None, Some(place)) => place.registered.clone(),
            (None, None) => Registered::NotYet,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(name: &str) -> Key {
        ("team".to_owned(), name.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_waits_for_a_hook_that_is_declared_and_for_no_other() {
        let sites = Sites::default();
        let until = Instant::now() + Duration::from_secs(9);
        assert!(sites.site_by(&key("none"), until).await.is_none());
        assert_ne!(Instant::now(), until);
        sites.declare(&key("slow"));
        let waiting = tokio::spawn({
            let sites = sites.clone();
            async move { sites.site_by(&key("slow"), until).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sites.forget(&key("slow"));
        assert!(!waiting.await.unwrap());
        assert_ne!(Instant::now(), until);
        sites.declare(&key("slow"));
        assert!(sites.site_by(&key("slow"), until).await.is_none());
        assert_eq!(Instant::now(), until);
    }

    #[test]
    fn nothing_is_wanted_before_all_hooks_are_known() {
        let sites = Sites::default();
        sites.declare(&key("a"));
        assert!(sites.wanted().is_none());
        sites.is_whole();
        let wanted = sites.wanted().unwrap();
        assert!(matches!(wanted.get(&key("a")), Some(Wanted::AsItIs)));
        sites.withdraw(&key("a"));
        let wanted = sites.wanted().unwrap();
        assert!(matches!(wanted.get(&key("a")), Some(Wanted::Nothing)));
        sites.forget(&key("a"));
        assert!(sites.wanted().unwrap().is_empty());
    }
}
