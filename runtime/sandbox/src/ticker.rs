//! The thread that ticks while guests run, and rests while none does.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A thread that calls something again and again, for as long as somebody holds a [`Ticking`]. It ends after the
/// ticker and the last of those are dropped.
pub(crate) struct Ticker(Arc<Shared>);

/// While it is held the epoch of the sandbox's engine advances, at least every 10 ms. Nothing else interrupts a guest:
/// who runs one holds this. See [`Sandbox::ticking`](crate::Sandbox::ticking).
#[must_use = "ticks end when it is dropped"]
pub struct Ticking(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the thread that `holders` is no longer 0, or that the ticker is gone.
    wake: Condvar,
}

#[derive(Default)]
struct State {
    holders: usize,
    /// The thread waits, and nobody has woken it yet. Set and cleared under the lock that `wake` gives up, so that
    /// none is woken too early.
    rests: bool,
    gone: bool,
}

impl Ticker {
    /// Start the thread. It rests until somebody asks for ticks; then `tick` is called each time that `every` is over.
    pub(crate) fn start(
        every: Duration,
        mut tick: impl FnMut() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("hookbox-epoch".to_owned())
            .spawn(move || {
                while of_thread.wait_for_holders() {
                    thread::sleep(every);
                    tick();
                }
            })?;
        Ok(Self(shared))
    }

    /// Ask for ticks.
    pub(crate) fn ticking(&self) -> Ticking {
        let mut state = self.0.state();
        state.holders += 1;
        let rests = std::mem::take(&mut state.rests);
        drop(state);
        if rests {
            self.0.wake.notify_one();
        }
        Ticking(Arc::clone(&self.0))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.state().gone = true;
        self.0.wake.notify_one();
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.holders = state.holders.saturating_sub(1);
    }
}

impl std::fmt::Debug for Ticking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticking").finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody wants ticks. False: nobody ever will.
    fn wait_for_holders(&self) -> bool {
        let mut state = self.state();
        while state.holders == 0 {
            if state.gone {
                return false;
            }
            state.rests = true;
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.rests = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::clock;

    const EVERY: Duration = Duration::from_micros(20);

    fn ticker() -> (Ticker, Arc<AtomicU64>) {
        let ticks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&ticks);
        let tick = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        (Ticker::start(EVERY, tick).unwrap(), ticks)
    }

    /// Only a test that fails waits for long.
    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let end = clock::now() + Duration::from_secs(60);
        while !holds() {
            assert!(clock::now() < end, "waited in vain: {what}");
            thread::yield_now();
        }
    }

    fn until_it_rests(ticker: &Ticker) {
        until("the thread rests", || ticker.0.state().rests);
    }

    #[test]
    fn it_ticks_while_it_is_wanted_and_rests_when_not() {
        let (ticker, ticks) = ticker();
        until_it_rests(&ticker);
        assert_eq!(ticks.load(Ordering::SeqCst), 0);
        for _ in 0..3 {
            let (one, two) = (ticker.ticking(), ticker.ticking());
            drop(one);
            let before = ticks.load(Ordering::SeqCst);
            until("it ticks", || ticks.load(Ordering::SeqCst) >= before + 3);
            assert!(!ticker.0.state().rests);
            drop(two);
            until_it_rests(&ticker);
        }
    }

    #[test]
    fn no_wake_up_is_lost_when_many_come_and_go() {
        let (ticker, ticks) = ticker();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..300 {
                        let _ticking = ticker.ticking();
                        let before = ticks.load(Ordering::SeqCst);
                        until("it ticks", || ticks.load(Ordering::SeqCst) > before);
                    }
                });
            }
        });
        // One alone, so that each time the thread may be on its way to rest.
        for _ in 0..1000 {
            let _ticking = ticker.ticking();
            let before = ticks.load(Ordering::SeqCst);
            until("it ticks", || ticks.load(Ordering::SeqCst) > before);
        }
        until_it_rests(&ticker);
    }

    #[test]
    fn the_thread_ends_with_the_last_who_wants_it() {
        let (resting, ticks) = ticker();
        until_it_rests(&resting);
        drop(resting);
        until("the thread ends", || Arc::strong_count(&ticks) == 1);

        let (ticker, ticks) = ticker();
        let ticking = ticker.ticking();
        drop(ticker);
        let before = ticks.load(Ordering::SeqCst);
        until("it ticks", || ticks.load(Ordering::SeqCst) > before + 3);
        drop(ticking);
        until("the thread ends", || Arc::strong_count(&ticks) == 1);
    }
}
