//! One watch for all who want the same collection.
//!
//! The first subscriber gets the watch's own list. One that comes later gets what another one knows, where that one keeps
//! whole objects, or else lists for itself, while the watch's changes are put aside for it; it joins the watch once it is
//! level with it: what its list held already is skipped by resource version. What others know may be some moments old. So
//! where something was written through this operator just now ([`Hub::acted`]), one that comes lists for itself. When the watch itself has to list again, all subscribers share that list. A subscriber that falls too far
//! behind is set aside, so that it holds up nobody, and joins again with a list of its own.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt;
use kube::Client;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::collection::{Collection, Gone, Sink};
use super::feed::{Events, Refused};
use super::states::{States, Watching};
use super::{Lent, Loan, WatchEvent, WatchSpec, follow};
use crate::snapshot::Texts;

/// Changes that may be put aside for a subscriber while it lists.
const ASIDE: usize = 100_000;
/// How long in all a list that several share waits for one subscriber.
const LIST_WAIT: Duration = Duration::from_secs(2);

/// After this time what was written is taken to have come by the watch.
const SETTLED: Duration = Duration::from_secs(2);
/// How long one that came later waits for what another one knows, before it lists for itself.
const LOAN_WAIT: Duration = Duration::from_secs(5);

/// Pause before a watch that died is started anew.
const REVIVE: Duration = Duration::from_secs(1);

/// Hears of a watch how often it died: 0 when it begins, then 1 each time.
type Deaths = Arc<dyn Fn(&WatchSpec, u32) + Send + Sync>;

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
    Server(Arc<Watches>),
    States(States),
}

struct Watches {
    client: Client,
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
        Self::over(Source::Server(Arc::new(Watches {
            client,
            open: Mutex::default(),
            deaths: Arc::new(deaths),
            acted: Mutex::default(),
        })))
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
        if let Source::Server(watches) = &self.source {
            *lock(&watches.acted) = Some(Instant::now());
        }
    }

    /// Watches that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        match &self.source {
            Source::Server(watches) => lock(&watches.open)
                .values()
                .filter(|w| w.strong_count() > 0)
                .count(),
            Source::States(states) => states.watches(),
        }
    }

    /// Subscribes to a collection: a list, then its changes, each with `tag`. Ends when the subscription is dropped.
    #[must_use]
    pub fn watch(&self, spec: WatchSpec, tag: Tag, events: Events) -> Subscription {
        Subscription(match &self.source {
            Source::Server(watches) => Part::Watch(watches.join(spec, tag, events)),
            Source::States(states) => Part::States(states.watch(spec, tag, events)),
        })
    }
}

impl Watches {
    fn join(&self, spec: WatchSpec, tag: Tag, events: Events) -> Membership {
        let mut watches = lock(&self.open);
        if let Some(watch) = watches.get(&spec).and_then(Weak::upgrade) {
            let id = watch.join(tag, events, *lock(&self.acted));
            return Membership { watch, id };
        }
        watches.retain(|_, watch| watch.strong_count() > 0);
        let deaths = self.deaths.clone();
        let watch = Watch::start(self.client.clone(), spec.clone(), deaths, tag, events);
        watches.insert(spec, Arc::downgrade(&watch));
        Membership { watch, id: 0 }
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
    States(Watching),
}

#[derive(Debug)]
struct Membership {
    watch: Arc<Watch>,
    id: u64,
}

impl Drop for Membership {
    fn drop(&mut self) {
        let gone = self.watch.members().all.remove(&self.id);
        // Not while the members are locked: this ends the member's own list.
        drop(gone);
    }
}

/// All subscribers of one watch.
struct Members {
    all: BTreeMap<u64, Member>,
    /// Number of the last one that came.
    last: u64,
    /// The watch lists right now, or will.
    in_list: bool,
}

impl Members {
    /// Asks one that follows the watch for what it knows. It answers when it has handled all that came before.
    fn ask(&self) -> Option<oneshot::Receiver<Lent>> {
        let mut members = self.all.values();
        members.find_map(|member| {
            if !member.events.lends() || !matches!(member.state, State::Live { .. }) {
                return None;
            }
            let (loan, answer) = Loan::new();
            let asked = member.events.try_send(member.tag, &WatchEvent::Asked(loan));
            asked.is_ok().then_some(answer)
        })
    }
}

/// One subscriber.
struct Member {
    tag: Tag,
    events: Events,
    state: State,
    /// How long the watch's own list has waited for it.
    waited: Duration,
    /// When something was last written before it came.
    acted: Option<Instant>,
}

enum State {
    /// It follows the watch; what is not newer than this resource version it has seen in a list of its own.
    Live { from: u64 },
    /// It lists for itself; changes wait here.
    Listing {
        aside: Vec<WatchEvent>,
        _list: AbortOnDropHandle<()>,
    },
    /// It came in the middle of the watch's own list, and lists for itself after that: what changes during a list is
    /// part of it, and would pass it by.
    Waiting,
}

struct Watch {
    client: Client,
    spec: WatchSpec,
    members: Mutex<Members>,
    /// Before its first list.
    began: Instant,
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Watch {
    fn start(
        client: Client,
        spec: WatchSpec,
        deaths: Deaths,
        tag: Tag,
        events: Events,
    ) -> Arc<Self> {
        deaths(&spec, 0);
        let first = Member {
            tag,
            events,
            state: State::Live { from: 0 },
            waited: Duration::ZERO,
            acted: None,
        };
        let watch = Arc::new(Self {
            client: client.clone(),
            spec: spec.clone(),
            began: Instant::now(),
            members: Mutex::new(Members {
                all: BTreeMap::from([(0, first)]),
                last: 0,
                in_list: true,
            }),
            task: Mutex::default(),
        });
        let fan = Arc::downgrade(&watch);
        let task = tokio::spawn(keep_alive(
            {
                let spec = spec.clone();
                move || {
                    let collection = Collection::new(client.clone(), spec.clone());
                    follow::run(collection, Fan(fan.clone()))
                }
            },
            move || {
                tracing::error!(
                    collection = spec.resource.plural,
                    "a watch died; it is started anew"
                );
                deaths(&spec, 1);
            },
        ));
        *lock(&watch.task) = Some(AbortOnDropHandle::new(task));
        watch
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    fn join(self: &Arc<Self>, tag: Tag, events: Events, acted: Option<Instant>) -> u64 {
        let mut members = self.members();
        members.last += 1;
        let id = members.last;
        let state = if members.in_list {
            State::Waiting
        } else {
            let answer = self.ask(&members, acted);
            self.listing(id, tag, events.clone(), answer)
        };
        let member = Member {
            tag,
            events,
            state,
            waited: Duration::ZERO,
            acted,
        };
        members.all.insert(id, member);
        id
    }

    /// Asks another member for what it knows, where that is no older than what was written before.
    fn ask(&self, members: &Members, acted: Option<Instant>) -> Option<oneshot::Receiver<Lent>> {
        let known = acted.is_none_or(|at| at < self.began || at.elapsed() > SETTLED);
        known.then(|| members.ask()).flatten()
    }

    /// Lets a member list for itself, unless it is answered. Called with the members locked, so that nothing passes it
    /// by.
    fn listing(
        self: &Arc<Self>,
        id: u64,
        tag: Tag,
        events: Events,
        answer: Option<oneshot::Receiver<Lent>>,
    ) -> State {
        let own = Own { tag, events };
        let list = tokio::spawn(level(Arc::downgrade(self), id, own, answer));
        State::Listing {
            aside: Vec::new(),
            _list: AbortOnDropHandle::new(list),
        }
    }

    /// Gives a change to all.
    fn change(self: &Arc<Self>, event: &WatchEvent) {
        let version = event.resource_version();
        for (id, member) in &mut self.members().all {
            let behind = match &mut member.state {
                State::Live { from } if version.is_some_and(|v| v <= *from) => false,
                State::Live { .. } => {
                    member.events.try_send(member.tag, event) == Err(Refused::Full)
                }
                State::Listing { aside, .. } if aside.len() < ASIDE => {
                    aside.push(event.clone());
                    false
                }
                State::Listing { .. } => true,
                State::Waiting => false,
            };
            if behind {
                tracing::warn!(
                    collection = self.spec.resource.plural,
                    "a binding is far behind its watch; it is listed again"
                );
                member.state = self.listing(*id, member.tag, member.events.clone(), None);
            }
        }
    }

    /// Gives a part of a list to a member that has no room for it yet. One that keeps others waiting for too long has to
    /// list for itself later.
    async fn wait_for(&self, id: u64, tag: Tag, events: &Events, event: &WatchEvent) {
        loop {
            let left = match self.members().all.get(&id) {
                Some(member) => LIST_WAIT.saturating_sub(member.waited),
                None => return,
            };
            let started = Instant::now();
            let sent = tokio::time::timeout(left, events.send(tag, event)).await;
            let mut members = self.members();
            let alone = members.all.len() == 1;
            let Some(member) = members.all.get_mut(&id) else {
                return;
            };
            match sent {
                Ok(_) => {
                    member.waited += started.elapsed();
                    return;
                }
                Err(_) if alone => member.waited = Duration::ZERO,
                Err(_) => {
                    member.state = State::Waiting;
                    return;
                }
            }
        }
    }

    /// Gives a part of the watch's own list, or of its failures, to all who can take it; the others list for themselves.
    async fn list(self: &Arc<Self>, event: WatchEvent) {
        let everybody: Vec<(u64, Tag, Events)> = {
            let mut members = self.members();
            if matches!(event, WatchEvent::Restarted) {
                members.in_list = true;
                // Whoever waits or lists takes part in this list instead.
                for member in members.all.values_mut() {
                    member.state = State::Live { from: 0 };
                    member.waited = Duration::ZERO;
                }
            }
            let failed = matches!(event, WatchEvent::Failed(_));
            let hears = |member: &Member| match member.state {
                State::Live { .. } => true,
                State::Waiting => failed,
                State::Listing { .. } => false,
            };
            members
                .all
                .iter()
                .filter(|(_, m)| hears(m))
                .map(|(id, m)| (*id, m.tag, m.events.clone()))
                .collect()
        };
        for (id, tag, events) in everybody {
            tokio::task::consume_budget().await;
            // A failure is only told; whoever has no room has heard enough.
            let tell = matches!(event, WatchEvent::Failed(_));
            if events.try_send(tag, &event) == Err(Refused::Full) && !tell {
                self.wait_for(id, tag, &events, &event).await;
            }
        }
        if matches!(event, WatchEvent::ListDone { .. }) {
            let mut members = self.members();
            members.in_list = false;
            let waiting = members.all.iter();
            let waiting: Vec<(u64, Option<Instant>)> = waiting
                .filter(|(_, member)| matches!(member.state, State::Waiting))
                .map(|(id, member)| (*id, member.acted))
                .collect();
            for (id, acted) in waiting {
                let answer = self.ask(&members, acted);
                if let Some(member) = members.all.get_mut(&id) {
                    let events = member.events.clone();
                    member.state = self.listing(id, member.tag, events, answer);
                }
            }
        }
    }
}

/// Does something until it ends by itself: what panics is done anew, and lists again. Else all who share the watch would
/// keep what they know for good.
async fn keep_alive<F: Future<Output = ()>>(mut make: impl FnMut() -> F, mut died: impl FnMut()) {
    while AssertUnwindSafe(make()).catch_unwind().await.is_err() {
        died();
        tokio::time::sleep(REVIVE).await;
    }
}

/// The sink of a shared watch.
struct Fan(Weak<Watch>);

impl Sink for Fan {
    async fn send(&self, event: WatchEvent) -> Result<(), Gone> {
        let watch = self.0.upgrade().ok_or(Gone)?;
        match event {
            WatchEvent::Applied(_) | WatchEvent::Deleted(_) | WatchEvent::Progress { .. } => {
                watch.change(&event)
            }
            WatchEvent::Restarted
            | WatchEvent::Listed(_)
            | WatchEvent::ListDone { .. }
            | WatchEvent::Failed(_) => watch.list(event).await,
            // Between subscribers only.
            WatchEvent::Asked(_) => {}
        }
        Ok(())
    }
}

/// The sink of a list for one member.
struct Own {
    tag: Tag,
    events: Events,
}

impl Sink for Own {
    async fn send(&self, event: WatchEvent) -> Result<(), Gone> {
        self.events.send(self.tag, &event).await
    }
}

/// Gives one member what another one lends.
async fn borrowed(lent: Lent, sink: &Own) -> Result<String, Gone> {
    let resource_version = lent.resource_version;
    sink.send(WatchEvent::Restarted).await?;
    for object in lent.objects {
        sink.send(WatchEvent::Listed(object.into())).await?;
    }
    let done = resource_version.clone();
    sink.send(WatchEvent::ListDone {
        resource_version: done,
    })
    .await?;
    Ok(resource_version)
}

/// Lists for one member, or gives it what another one lends, then what was put aside, until it is level with the watch.
async fn level(watch: Weak<Watch>, id: u64, sink: Own, answer: Option<oneshot::Receiver<Lent>>) {
    let lent = match answer {
        Some(answer) => tokio::time::timeout(LOAN_WAIT, answer).await.ok(),
        None => None,
    };
    let known = match lent {
        Some(Ok(lent)) => borrowed(lent, &sink).await,
        _ => {
            let Some(mut collection) = watch
                .upgrade()
                .map(|w| Collection::new(w.client.clone(), w.spec.clone()))
            else {
                return;
            };
            let listed = collection.list(&sink).await;
            listed.map(|listed| listed.resource_version)
        }
    };
    let Ok(known) = known else {
        return;
    };
    let from = known.parse().unwrap_or(0);
    loop {
        let aside = {
            let Some(watch) = watch.upgrade() else { return };
            let mut members = watch.members();
            let Some(member) = members.all.get_mut(&id) else {
                return;
            };
            let State::Listing { aside, .. } = &mut member.state else {
                return;
            };
            if aside.is_empty() {
                // Dropping the handle of this very task: it has nothing left to wait for.
                member.state = State::Live { from };
                return;
            }
            std::mem::take(aside)
        };
        for event in aside {
            if event.resource_version().is_none_or(|v| v > from) && sink.send(event).await.is_err()
            {
                return;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_panics_is_done_anew_until_it_ends() {
        let (begun, died) = (Cell::new(0), Cell::new(0));
        let make = || {
            begun.set(begun.get() + 1);
            let lives = begun.get() > 2;
            async move { assert!(lives, "a test of panics") }
        };
        let started = Instant::now();
        keep_alive(make, || died.set(died.get() + 1)).await;
        assert_eq!((begun.get(), died.get()), (3, 2));
        assert_eq!(started.elapsed(), REVIVE * 2);
    }
}
