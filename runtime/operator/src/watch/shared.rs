//! A watch that several share, and how each of them is given what it tells.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use futures::FutureExt;
use kube::Client;
use tokio::sync::{oneshot, watch as channel};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::collection::{Collection, Gone, Identity, Sink};
use super::feed::{Events, Refused};
use super::hub::{Deaths, Tag, lock};
use super::level::{Own, level};
use super::tenants::Who;
use super::{Lent, Loan, WatchError, WatchEvent, WatchSpec, follow};

/// Changes that may be put aside for a subscriber while it lists.
const ASIDE: usize = 100_000;
/// How long in all a list that several share waits for one subscriber.
const LIST_WAIT: Duration = Duration::from_secs(2);
/// How long it waits in all, where there are many.
const LIST_WAIT_ALL: Duration = Duration::from_secs(10);

/// After this time what was written is taken to have come by the watch.
const SETTLED: Duration = Duration::from_secs(2);
/// Pause before a watch that died is started anew.
const REVIVE: Duration = Duration::from_secs(1);

/// A subscriber's part in a watch, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Membership {
    watch: Arc<Watch>,
    id: u64,
}

impl Membership {
    pub(super) fn new(watch: Arc<Watch>, id: u64) -> Self {
        Self { watch, id }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let gone = {
            let mut members = self.watch.members();
            let gone = members.all.remove(&self.id);
            self.watch.hand_over(&mut members, self.id);
            gone
        };
        // Not while the members are locked: this ends the member's own list.
        drop(gone);
    }
}

/// All subscribers of one watch.
pub(super) struct Members {
    pub(super) all: BTreeMap<u64, Member>,
    /// Number of the last one that came.
    last: u64,
    /// Number of the one as whom the watch is open, where each is somebody else.
    holder: u64,
    /// The watch lists right now, or will.
    in_list: bool,
    /// How long its own list has waited for all of them.
    waited: Duration,
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
pub(super) struct Member {
    tag: Tag,
    events: Events,
    pub(super) state: State,
    /// How long the watch's own list has waited for it.
    waited: Duration,
    /// When something was last written before it came.
    acted: Option<Instant>,
    /// Which tenant it is; none: the operator.
    who: Option<Arc<Who>>,
}

pub(super) enum State {
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

/// One watch, and all who take part in it.
pub(super) struct Watch {
    /// As whom it is open.
    pub(super) client: channel::Sender<Client>,
    pub(super) spec: WatchSpec,
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
    pub(super) fn start(
        client: Client,
        spec: WatchSpec,
        deaths: Deaths,
        tag: Tag,
        events: Events,
        who: Option<Arc<Who>>,
    ) -> Arc<Self> {
        deaths(&spec, 0);
        let (holder, held) = channel::channel(client.clone());
        let identity = match who {
            Some(_) => Identity::Holder(held),
            None => Identity::One(client),
        };
        let first = Member {
            tag,
            events,
            state: State::Live { from: 0 },
            waited: Duration::ZERO,
            acted: None,
            who,
        };
        let watch = Arc::new(Self {
            client: holder,
            spec: spec.clone(),
            began: Instant::now(),
            members: Mutex::new(Members {
                all: BTreeMap::from([(0, first)]),
                last: 0,
                holder: 0,
                in_list: true,
                waited: Duration::ZERO,
            }),
            task: Mutex::default(),
        });
        let fan = Arc::downgrade(&watch);
        let task = tokio::spawn(keep_alive(
            {
                let spec = spec.clone();
                move || {
                    let collection = Collection::new(identity.clone(), spec.clone());
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

    pub(super) fn members(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    /// Opens the watch as somebody else, where the one as whom it is open has left.
    fn hand_over(&self, members: &mut Members, left: u64) {
        if members.holder != left {
            return;
        }
        let next = members.all.iter().next();
        if let Some((id, who)) = next.and_then(|(id, member)| Some((*id, member.who.as_ref()?))) {
            let client = who.client.clone();
            members.holder = id;
            self.client.send_replace(client);
        }
    }

    /// RBAC refused the watch: that is for the one as whom it is open, and for nobody else. Whether it was for one.
    fn refused(&self, error: &WatchError) -> bool {
        let members = self.members();
        let holder = members.all.get(&members.holder);
        match holder.and_then(|member| member.who.as_ref()) {
            Some(who) => {
                who.refused(&self.spec, error);
                true
            }
            None => false,
        }
    }

    pub(super) fn join(
        self: &Arc<Self>,
        tag: Tag,
        events: Events,
        acted: Option<Instant>,
        who: Option<Arc<Who>>,
    ) -> u64 {
        let mut members = self.members();
        members.last += 1;
        let id = members.last;
        let state = if members.in_list {
            State::Waiting
        } else {
            let answer = self.ask(&members, acted);
            let own = self.own(tag, &events, who.as_ref());
            self.listing(id, own, answer)
        };
        let member = Member {
            tag,
            events,
            state,
            waited: Duration::ZERO,
            acted,
            who,
        };
        members.all.insert(id, member);
        id
    }

    /// Asks another member for what it knows, where that is no older than what was written before.
    fn ask(&self, members: &Members, acted: Option<Instant>) -> Option<oneshot::Receiver<Lent>> {
        let known = acted.is_none_or(|at| at < self.began || at.elapsed() > SETTLED);
        known.then(|| members.ask()).flatten()
    }

    fn own(self: &Arc<Self>, tag: Tag, events: &Events, who: Option<&Arc<Who>>) -> Own {
        Own {
            tag,
            events: events.clone(),
            who: who.cloned(),
            watch: Arc::downgrade(self),
        }
    }

    /// Lets a member list for itself, unless it is answered. Called with the members locked, so that nothing passes it
    /// by.
    fn listing(
        self: &Arc<Self>,
        id: u64,
        own: Own,
        answer: Option<oneshot::Receiver<Lent>>,
    ) -> State {
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
                let own = self.own(member.tag, &member.events, member.who.as_ref());
                member.state = self.listing(*id, own, None);
            }
        }
    }

    /// Gives a part of a list to a member that has no room for it yet. One that keeps others waiting for too long has to
    /// list for itself later.
    async fn wait_for(&self, id: u64, tag: Tag, events: &Events, event: &WatchEvent) {
        loop {
            let left = {
                let members = self.members();
                let Some(member) = members.all.get(&id) else {
                    return;
                };
                let left = LIST_WAIT.saturating_sub(member.waited);
                left.min(LIST_WAIT_ALL.saturating_sub(members.waited))
            };
            let started = Instant::now();
            let sent = tokio::time::timeout(left, events.send(tag, event)).await;
            let mut members = self.members();
            let alone = members.all.len() == 1;
            if !alone {
                members.waited += started.elapsed();
            }
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
        if let WatchEvent::Failed(error) = &event
            && error.is_denied()
            && self.refused(error)
        {
            return;
        }
        let everybody: Vec<(u64, Tag, Events)> = {
            let mut members = self.members();
            if matches!(event, WatchEvent::Restarted) {
                members.in_list = true;
                members.waited = Duration::ZERO;
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
                    let own = self.own(member.tag, &member.events, member.who.as_ref());
                    member.state = self.listing(id, own, answer);
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
            // Not of the collection.
            WatchEvent::Asked(_) | WatchEvent::Revoked(_) => {}
        }
        Ok(())
    }
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
