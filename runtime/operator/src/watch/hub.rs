//! One watch for all who want the same collection.
//!
//! The first subscriber gets the watch's own list. One that comes later gets what another one knows, where that one keeps
//! whole objects, or else lists for itself, while the watch's changes are put aside for it; it joins the watch once it is
//! level with it: what its list held already is skipped by resource version. What others know may be some moments old. So
//! where something was written through this operator just now ([`Hub::acted`]), one that comes lists for itself. When the
//! watch itself has to list again, all subscribers share that list. A subscriber that falls too far behind is set aside,
//! so that it holds up nobody, and joins again with a list of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use kube::Client;
use tokio::time::Instant;

use super::WatchSpec;
use super::feed::Events;
use super::shared::{Membership, Watch};
use super::states::{States, Watching};
use super::tenants::{Guard, TenantHub, View, Who};
use crate::snapshot::Texts;

/// Hears of a watch how often it died: 0 when it begins, then 1 each time.
pub(super) type Deaths = Arc<dyn Fn(&WatchSpec, u32) + Send + Sync>;

/// What a subscriber calls the watch.
pub type Tag = u64;

/// All watches of one client, or of [`States`]. Clones are the same.
#[derive(Clone)]
pub struct Hub {
    source: Source,
    texts: Texts,
}

#[derive(Clone)]
enum Source {
    Server(Arc<Watches>, Client),
    Tenant(View),
    States(States),
}

pub(super) struct Watches {
    open: Mutex<HashMap<WatchSpec, Weak<Watch>>>,
    deaths: Deaths,
    /// When something was last written, that is known of.
    acted: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// A hub without watches.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self::with_deaths(client, |_, _| {})
    }

    /// A hub without watches. `deaths` hears of each watch how often it died: 0 when it begins, then 1 each time.
    #[must_use]
    pub fn with_deaths(
        client: Client,
        deaths: impl Fn(&WatchSpec, u32) + Send + Sync + 'static,
    ) -> Self {
        let watches = Watches {
            open: Mutex::default(),
            deaths: Arc::new(deaths),
            acted: Mutex::default(),
        };
        Self::over(Source::Server(Arc::new(watches), client))
    }

    /// A hub of tenants, without watches. It has none of this one's: what the operator itself may see is not for tenants.
    /// Texts of objects are kept once for all.
    #[must_use]
    pub fn for_tenants(&self) -> TenantHub {
        let deaths = match &self.source {
            Source::Server(watches, _) => watches.deaths.clone(),
            Source::Tenant(view) => view.watches.deaths.clone(),
            Source::States(_) => Arc::new(|_: &WatchSpec, _| {}) as Deaths,
        };
        // Tenants name namespaces as they like, and each would be a series of metrics: only what does die is told.
        let deaths = move |spec: &WatchSpec, times| {
            if times > 0 {
                deaths(spec, times);
            }
        };
        let watches = Watches {
            open: Mutex::default(),
            deaths: Arc::new(deaths),
            acted: Mutex::default(),
        };
        TenantHub::new(Arc::new(watches), self.texts.clone())
    }

    /// What a tenant sees of its hub.
    pub(super) fn of_tenant(view: View, texts: Texts) -> Self {
        Self {
            source: Source::Tenant(view),
            texts,
        }
    }

    /// A hub that watches objects which the program holds itself.
    #[must_use]
    pub fn of(states: States) -> Self {
        Self::over(Source::States(states))
    }

    fn over(source: Source) -> Self {
        Self {
            source,
            texts: Texts::default(),
        }
    }

    /// The texts that all who keep objects of these watches share.
    #[must_use]
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Something was, or may have been, written to the cluster just now: whoever subscribes next has to see it in its
    /// first list.
    pub fn acted(&self) {
        match &self.source {
            Source::Server(watches, _) => watches.acted(),
            Source::Tenant(view) => view.watches.acted(),
            Source::States(_) => {}
        }
    }

    /// Watches that are open; for a tenant, those of all tenants.
    #[must_use]
    pub fn open(&self) -> usize {
        match &self.source {
            Source::Server(watches, _) => watches.count(),
            Source::Tenant(view) => view.watches.count(),
            Source::States(states) => states.watches(),
        }
    }

    /// Subscribes to a collection: a list, then its changes, each with `tag`. Ends when the subscription is dropped.
    #[must_use]
    pub fn watch(&self, spec: WatchSpec, tag: Tag, events: Events) -> Subscription {
        Subscription(match &self.source {
            Source::Server(watches, client) => {
                Part::Watch(watches.join(spec, tag, events, client, None))
            }
            Source::Tenant(view) => Part::Tenant(view.watch(spec, tag, events)),
            Source::States(states) => Part::States(states.watch(spec, tag, events)),
        })
    }
}

impl Watches {
    fn acted(&self) {
        *lock(&self.acted) = Some(Instant::now());
    }

    pub(super) fn count(&self) -> usize {
        let open = lock(&self.open);
        open.values().filter(|w| w.strong_count() > 0).count()
    }

    /// Takes part in a watch, which is opened by `client` where there is none. A tenant (`who`) may have to take it over.
    pub(super) fn join(
        &self,
        spec: WatchSpec,
        tag: Tag,
        events: Events,
        client: &Client,
        who: Option<&Arc<Who>>,
    ) -> Membership {
        let mut watches = lock(&self.open);
        if let Some(watch) = watches.get(&spec).and_then(Weak::upgrade) {
            let id = watch.join(tag, events, *lock(&self.acted), who.cloned());
            return Membership::new(watch, id);
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let deaths = self.deaths.clone();
        let client = client.clone();
        let watch = Watch::start(client, spec.clone(), deaths, tag, events, who.cloned());
        watches.insert(spec, Arc::downgrade(&watch));
        Membership::new(watch, 0)
    }
}

/// A subscriber's part in a watch.
#[derive(Debug)]
pub struct Subscription(
    #[expect(dead_code, reason = "ends the subscription when it is dropped")] Part,
);

#[derive(Debug)]
#[expect(dead_code, reason = "ends the subscription when it is dropped")]
enum Part {
    Watch(Membership),
    Tenant(Guard),
    States(Watching),
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
