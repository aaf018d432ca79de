//! Places for connections. When all are taken, whoever uses theirs least has to go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long one who has to go may take, before the next one has to.
const LEAVING: Duration = Duration::from_millis(50);

/// Whether a connection is used.
#[derive(Debug)]
pub(super) struct Activity {
    /// Requests that have begun.
    requests: AtomicUsize,
    /// Those of them that came whole: now it is ours to answer.
    working: AtomicUsize,
    /// Whether there ever was one.
    served: AtomicBool,
    last: Mutex<Instant>,
}

impl Activity {
    fn new() -> Self {
        Self {
            requests: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            served: AtomicBool::new(false),
            last: Mutex::new(Instant::now()),
        }
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::AcqRel);
        Busy(self.clone())
    }

    /// A request has come whole.
    pub(super) fn work(self: &Arc<Self>) -> Working {
        self.working.fetch_add(1, Ordering::AcqRel);
        self.served.store(true, Ordering::Release);
        Working(self.clone())
    }

    /// Since when nothing happens; none while something does.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        (self.requests.load(Ordering::Acquire) == 0).then(|| *self.last())
    }

    /// Since when it gives us nothing to do, those first that never did; none while there is something.
    fn useless_since(&self) -> Option<(bool, Instant)> {
        let works = self.working.load(Ordering::Acquire) > 0;
        (!works).then(|| (self.served.load(Ordering::Acquire), *self.last()))
    }
}

/// A request that is being read or answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.last() = Instant::now();
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::AcqRel);
    }
}

/// All places at one address.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
    /// Time that a connection may be useless while others wait.
    patience: Duration,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: BTreeMap<u64, (Arc<Activity>, CancellationToken)>,
}

/// A place of a connection, held until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    pub(super) activity: Arc<Activity>,
    /// Cancelled when the connection has to go.
    pub(super) gone: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().by.remove(&self.number);
    }
}

impl Slots {
    pub(super) fn new(places: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
            taken: Mutex::default(),
            patience,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection that is there.
    pub(super) async fn enter(self: &Arc<Self>) -> Option<Slot> {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break permit;
            }
            let look = self.make_room();
            tokio::select! {
                biased;
                permit = self.free.clone().acquire_owned() => break permit.ok()?,
                () = tokio::time::sleep_until(look) => {}
            }
        };
        let (activity, gone) = (Arc::new(Activity::new()), CancellationToken::new());
        let mut taken = self.taken();
        let number = taken.next;
        taken.next += 1;
        taken.by.insert(number, (activity.clone(), gone.clone()));
        drop(taken);
        Some(Slot {
            slots: self.clone(),
            number,
            activity,
            gone,
            _permit: permit,
        })
    }

    /// Sends one away, if there is one that was of no use for long enough. When to look again.
    fn make_room(&self) -> Instant {
        let now = Instant::now();
        let taken = self.taken();
        let useless = taken.by.values().filter(|(_, gone)| !gone.is_cancelled());
        let useless = useless.filter_map(|(activity, gone)| {
            let (served, since) = activity.useless_since()?;
            Some((since + self.patience > now, served, since, gone))
        });
        match useless.min_by_key(|(early, served, since, _)| (*early, *served, *since)) {
            Some((false, _, _, gone)) => {
                gone.cancel();
                now + LEAVING
            }
            Some((true, _, since, _)) => since + self.patience,
            None => now + self.patience,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn who_gives_nothing_to_do_has_to_go_when_others_wait() {
        let slots = Slots::new(3, PATIENCE);
        let silent = slots.enter().await.unwrap();
        let working = slots.enter().await.unwrap();
        let request = working.activity.begin();
        let work = working.activity.work();
        let served = slots.enter().await.unwrap();
        drop(served.activity.work());
        let start = Instant::now();
        let next = tokio::spawn({
            let slots = slots.clone();
            async move { slots.enter().await.unwrap() }
        });
        silent.gone.cancelled().await;
        assert_eq!(Instant::now() - start, PATIENCE);
        assert!(!working.gone.is_cancelled() && !served.gone.is_cancelled());
        drop(silent);
        let _next = next.await.unwrap();
        drop((request, work));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_come_is_no_work() {
        let slots = Slots::new(1, PATIENCE);
        let slow = slots.enter().await.unwrap();
        let _request = slow.activity.begin();
        assert_eq!(slow.activity.idle_since(), None);
        let other = tokio::spawn({
            let slots = slots.clone();
            async move { slots.enter().await.unwrap() }
        });
        slow.gone.cancelled().await;
        drop((_request, slow));
        other.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_works_may_stay_as_long_as_it_takes() {
        let slots = Slots::new(1, PATIENCE);
        let busy = slots.enter().await.unwrap();
        let (request, work) = (busy.activity.begin(), busy.activity.work());
        let other = tokio::spawn({
            let slots = slots.clone();
            async move { slots.enter().await.unwrap() }
        });
        tokio::time::sleep(PATIENCE * 100).await;
        assert!(!busy.gone.is_cancelled());
        drop((work, request, busy));
        other.await.unwrap();
    }
}
