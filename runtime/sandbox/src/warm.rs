//! Instances that are kept from one run of a hook to its next.
//!
//! A [`Warm`] is a place for one instance, of one hook of one component with one set of grants. What runs with it takes
//! the instance out, and puts it back when it succeeded: so whoever holds a place decides how long an instance lives,
//! and runs that overlap never meet. Of an instance only the guest's own memory is kept, and what its libraries hold
//! open for good; all that the host held for the run is gone with the run ([`State::settle`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wasmtime::Store;
use wasmtime::component::Instance;

use crate::Grants;
use crate::component::Inner;
use crate::state::State;

/// Runs that one instance has at most.
pub const WARM_RUNS: u64 = 1000;

/// Time after which an instance that nobody used is dropped.
pub const WARM_IDLE: Duration = Duration::from_secs(600);

/// Bytes of memory of an instance that is kept; half of what a run may hold where that is less. What has more is
/// dropped after the run.
pub const WARM_MEMORY: u64 = 64 << 20;

/// A place for one instance that is kept between runs. Clones are the same place; with the last of them the instance
/// goes. Empty at first, and whenever the instance was not to be kept. Those that [`Default`] makes are of one group.
#[derive(Clone, Default)]
pub struct Warm(Arc<Place>);

#[derive(Default)]
struct Place {
    kept: Mutex<Option<Kept>>,
    /// How often it was cooled.
    cooled: AtomicU64,
    group: Arc<str>,
}

/// An instance between two runs.
pub(crate) struct Kept {
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
    /// Runs that it had.
    pub(crate) runs: u64,
    /// Whose it is. The pointers stay taken, so that nobody else comes to have them.
    component: Weak<Inner>,
    hook: String,
    grants: Arc<Grants>,
    /// Bytes of memory of the guest.
    memory: u64,
    until: Instant,
    /// Given back when the store is gone: the engine has room for so many.
    _permit: Option<OwnedSemaphorePermit>,
}

/// Whose an instance is.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) component: &'a Arc<Inner>,
    pub(crate) hook: &'a str,
    pub(crate) grants: &'a Arc<Grants>,
}

impl Kept {
    /// To be kept for its owner.
    pub(crate) fn new(
        store: Store<State>,
        instance: Instance,
        owner: Owner<'_>,
        runs: u64,
        memory: u64,
    ) -> Self {
        Self {
            store,
            instance,
            runs,
            component: Arc::downgrade(owner.component),
            hook: owner.hook.to_owned(),
            grants: Arc::clone(owner.grants),
            memory,
            until: Instant::now() + WARM_IDLE,
            _permit: None,
        }
    }

    fn is_of(&self, owner: Owner<'_>) -> bool {
        std::ptr::eq(self.component.as_ptr(), Arc::as_ptr(owner.component))
            && self.hook == owner.hook
            && Arc::ptr_eq(&self.grants, owner.grants)
    }
}

impl Place {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Warm {
    /// A place of a group, such as those of a tenant. Where more is to be kept than there is room for, groups share it:
    /// what comes takes the room of its own group, or of one that has more.
    #[must_use]
    pub fn of(group: &str) -> Self {
        Self(Arc::new(Place {
            group: group.into(),
            ..Place::default()
        }))
    }

    /// Whether there is an instance now.
    #[must_use]
    pub fn is_warm(&self) -> bool {
        self.0.kept().is_some()
    }

    /// Drops the instance, if there is one: the next run has a fresh one.
    /// That of a run which is under way is not kept either.
    pub fn cool(&self) {
        let kept = {
            let mut kept = self.0.kept();
            self.0.cooled.fetch_add(1, Ordering::Relaxed);
            kept.take()
        };
        drop(kept);
    }

    /// How often it was cooled, of which a run has to know that is to keep its instance.
    pub(crate) fn times_cooled(&self) -> u64 {
        self.0.cooled.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Warm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Warm").field(&self.is_warm()).finish()
    }
}

/// All instances that a sandbox keeps: so many, of which those of the group that has the most go first.
#[derive(Clone)]
pub(crate) struct Keeper(Arc<Shared>);

struct Shared {
    most: u32,
    room: Arc<Semaphore>,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    /// Places that were filled, the least recently used first. Some of them are empty again, or gone.
    places: Vec<Weak<Place>>,
    /// Drops what was idle for long. Ends when nothing is kept.
    sweeper: Option<JoinHandle<()>>,
}

impl Keeper {
    pub(crate) fn new(most: u32) -> Self {
        let room = usize::try_from(most).unwrap_or(usize::MAX);
        Self(Arc::new(Shared {
            most,
            room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
            list: Mutex::default(),
        }))
    }

    /// Whether anything may be kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.0.most > 0
    }

    /// The instance of a place, where it is this owner's and a run may hold as much `memory` as it does. What is of no
    /// use any more is dropped.
    pub(crate) fn take(&self, place: &Warm, owner: Owner<'_>, memory: u64) -> Option<Kept> {
        let mut kept = place.0.kept().take()?;
        let fits = kept.is_of(owner)
            && kept.until > Instant::now()
            && kept.memory <= allowed_memory(memory);
        // From here on it has the room of the run that it is for.
        kept._permit = None;
        fits.then_some(kept)
    }

    /// Keep an instance. Not where the place has one already: then two runs overlapped, and one is enough. And not where it
    /// was cooled more than `cooled` times, which is how often it was when the run began.
    pub(crate) fn keep(&self, place: &Warm, mut kept: Kept, cooled: u64) {
        // Before room is made for it: nobody else is to go for nothing.
        if place.is_warm() || place.times_cooled() != cooled {
            return;
        }
        let Some(permit) = self.room(&place.0.group) else {
            return;
        };
        kept._permit = Some(permit);
        let mut list = self.0.list();
        {
            let mut filled = place.0.kept();
            if filled.is_some() || place.times_cooled() != cooled {
                drop(filled);
                drop(list);
                drop(kept);
                return;
            }
            *filled = Some(kept);
        }
        list.places
            .retain(|other| other.strong_count() > 0 && !other.ptr_eq(&Arc::downgrade(&place.0)));
        list.places.push(Arc::downgrade(&place.0));
        let rests = list
            .sweeper
            .as_ref()
            .is_none_or(tokio::task::JoinHandle::is_finished);
        if rests {
            let shared = Arc::downgrade(&self.0);
            list.sweeper = Some(tokio::spawn(async move {
                while let Some(next) = shared.upgrade().and_then(|shared| shared.sweep()) {
                    tokio::time::sleep_until(next).await;
                }
            }));
        }
    }

    /// Room for one more of a group: where there is none, another one goes.
    fn room(&self, group: &str) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(permit) = Arc::clone(&self.0.room).try_acquire_owned() {
                return Some(permit);
            }
            let place = self.0.list().next_to_go(group)?;
            let gone = place.kept().take();
            drop(gone);
        }
    }
}

impl List {
    /// What goes when one of `group` comes: of the group that has the most then, and rather of its own than of another that
    /// has as many, the one that was used least recently.
    fn next_to_go(&self, group: &str) -> Option<Arc<Place>> {
        let places = self.places.iter().filter_map(Weak::upgrade);
        let filled: Vec<Arc<Place>> = places.filter(|place| place.kept().is_some()).collect();
        let mut counts = BTreeMap::from([(group, 1)]);
        for place in &filled {
            *counts.entry(&place.group).or_insert(0) += 1;
        }
        let most = counts.values().copied().max()?;
        let own = most > 1 && counts.get(group) == Some(&most);
        let goes = |place: &&Arc<Place>| match own {
            true => *place.group == *group,
            false => counts.get(&*place.group) == Some(&most),
        };
        filled.iter().find(goes).cloned()
    }
}

impl Shared {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what was idle for too long. When to look again; never where nothing is kept.
    fn sweep(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut gone = Vec::new();
        let mut next = None;
        let mut list = self.list();
        list.places.retain(|place| {
            let Some(place) = place.upgrade() else {
                return false;
            };
            let mut kept = place.kept();
            match kept.as_ref().map(|kept| kept.until) {
                None => false,
                Some(until) if until <= now => {
                    gone.push(kept.take());
                    false
                }
                Some(until) => {
                    next = Some(next.map_or(until, |next: Instant| next.min(until)));
                    true
                }
            }
        });
        if next.is_none() {
            // Under the lock: whoever keeps one from now on starts another.
            list.sweeper = None;
        }
        drop(list);
        next
    }
}

/// Bytes of memory of an instance that is kept for runs that may hold so many.
pub(crate) fn allowed_memory(run: u64) -> u64 {
    WARM_MEMORY.min(run / 2)
}
