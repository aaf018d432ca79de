//! Somebody else's hook, which runs all the time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use hookbox_sandbox::{Budget, Component, Run};

use crate::stage;

/// A hook that reads a snapshot and asks for one of each effect, over and over, on a thread of its own.
pub struct Neighbour {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    /// Held for each run.
    turn: Mutex<()>,
    told: Mutex<Told>,
}

/// How many times are kept.
const TIMES: usize = 4096;

/// What its runs were like.
#[derive(Debug, Default)]
pub struct Told {
    /// How long each took.
    pub times: Vec<Duration>,
    /// What was wrong with one.
    pub wrong: Option<String>,
}

impl Told {
    /// The median of the times, in seconds; none where it did not run.
    #[must_use]
    pub fn median(&mut self) -> Option<f64> {
        self.times.sort_unstable();
        self.times
            .get(self.times.len() / 2)
            .map(Duration::as_secs_f64)
    }
}

/// Effects and log, as text: what must be the same each time.
fn result(run: &Run) -> String {
    format!("{:?} {:?}", run.result, run.log)
}

impl Neighbour {
    /// Start it.
    ///
    /// # Panics
    /// When it does not even run alone.
    #[must_use]
    pub fn start(component: Component) -> Self {
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || live(&component, &shared)
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// What its runs were like since this was asked last. At least one run lies in between.
    #[must_use]
    pub fn told(&self) -> Told {
        loop {
            let told = std::mem::take(&mut *lock(&self.shared.told));
            if !told.times.is_empty() || told.wrong.is_some() {
                return told;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Let it rest as long as this is held.
    pub fn rest(&self) -> MutexGuard<'_, ()> {
        lock(&self.shared.turn)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn live(component: &Component, shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let run = |hook| {
        let _turn = lock(&shared.turn);
        runtime.block_on(component.run(hook, stage::input(100), &Budget::default()))
    };
    let expected = ["ok", "snapshots"].map(|hook| (hook, run(hook)));
    let expected = expected.map(|(hook, run)| {
        assert!(run.result.is_ok(), "the neighbour: {:?}", run.result);
        (hook, result(&run))
    });
    while !shared.ended.load(Ordering::Relaxed) {
        for (hook, expected) in &expected {
            let run = run(hook);
            let mut told = lock(&shared.told);
            if told.times.len() < TIMES {
                told.times.push(run.usage.wall_clock);
            }
            let got = result(&run);
            if got != *expected {
                told.wrong = Some(format!("{hook}: {got}, not {expected}"));
            }
        }
        // Whoever waits for the turn is to get it.
        std::thread::sleep(Duration::from_micros(200));
    }
}
