//! What must have happened before the operator is ready.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The things that are still waited for. Starts with one, `hooks to be loaded`, so that nobody is told that all is
/// well before anything has been looked at. Clones are the same.
#[derive(Debug, Clone)]
pub struct Readiness {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// What is waited for: key to text, in the order of the keys.
    pending: BTreeMap<String, String>,
    /// What is done without.
    without: BTreeMap<String, String>,
    /// Who leads, where one of several does.
    role: Option<String>,
    /// It was ready once and stays so.
    latched: bool,
}

impl State {
    fn latch(&mut self) {
        self.latched |= self.role.is_some() && self.pending.is_empty();
    }
}

/// The key of what every operator waits for first.
const HOOKS: &str = "";

/// Things that are named one by one.
const SHOWN: usize = 50;

impl Default for Readiness {
    fn default() -> Self {
        let first = BTreeMap::from([(HOOKS.to_owned(), "hooks to be loaded".to_owned())]);
        Self {
            state: Arc::new(Mutex::new(State {
                pending: first,
                without: BTreeMap::new(),
                role: None,
                latched: false,
            })),
            changed: Arc::default(),
        }
    }
}

impl Readiness {
    /// Waiting for the hooks to be loaded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The hooks are loaded. Add what they wait for before: see [`Self::wait_for`].
    pub fn hooks_loaded(&self) {
        self.done(HOOKS);
    }

    /// Not ready before [`Self::done`] with the same key: `text` says for what, such as
    /// `the first Synchronization of binding pods of hook a`.
    pub fn wait_for(&self, key: &str, text: &str) {
        self.lock().pending.insert(key.to_owned(), text.to_owned());
    }

    /// That has happened.
    pub fn done(&self, key: &str) {
        let mut state = self.lock();
        state.pending.remove(key);
        state.latch();
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until nothing is waited for whose key begins like this.
    pub(crate) async fn until_done(&self, beginning: &str) {
        loop {
            let changed = self.changed.notified();
            let waits = |key: &String| key.starts_with(beginning);
            if !self.lock().pending.keys().any(waits) {
                return;
            }
            changed.await;
        }
    }

    /// One of several replicas: `role` says whether it leads. From here on, what was ready once stays ready: a standby
    /// that takes over answers webhooks all the while.
    pub fn set_role(&self, role: &str) {
        self.lock().role = Some(role.to_owned());
    }

    /// Whether this replica leads or stands by; none where there is no election.
    #[must_use]
    pub fn role(&self) -> Option<String> {
        self.lock().role.clone()
    }

    /// Whether there is nothing left to wait for, or was once where one of several replicas leads.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.lock();
        state.latched || state.pending.is_empty()
    }

    /// What is still waited for: the first fifty, and how many more.
    #[must_use]
    pub fn pending(&self) -> Vec<String> {
        shown(&self.lock().pending)
    }

    /// Ready or not, something is missing that is not waited for: `text` says what and why, such as
    /// `binding pods of hook a: …`. It is tried again.
    pub fn without(&self, key: &str, text: &str) {
        self.lock().without.insert(key.to_owned(), text.to_owned());
    }

    /// It is there now.
    pub fn without_no_more(&self, key: &str) {
        self.lock().without.remove(key);
    }

    /// What is missing and not waited for: the first fifty, and how many more.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        shown(&self.lock().without)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(texts: &BTreeMap<String, String>) -> Vec<String> {
    let mut shown: Vec<String> = texts.values().take(SHOWN).cloned().collect();
    if let Some(more) = texts.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    shown
}
