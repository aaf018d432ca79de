//! The binding contexts that one hook would get, step by step: without queues, and without running it.
//!
//! The hook's own monitors look at [`States`], and what they tell in one step becomes one list of contexts, combined and
//! compacted as for one run. This is what shell-operator's generator of contexts for tests does, and so what its users
//! compare with.

use std::sync::{Arc, Mutex, PoisonError};

use hookbox_config::{ConfigVersion, HookConfig};
use hookbox_sandbox::{RunInput, Snapshot};

use crate::api;
use crate::filter::Filter;
use crate::input::Taken;
use crate::kinds::Kinds;
use crate::monitor::{EnableError, Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase};
use crate::queue::{Cause, HookRun, Reason};
use crate::watch::{Hub, States};

/// Why there are no contexts: bindings that cannot be enabled, each with the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(|(binding, why)| format!("binding `{binding}` cannot be enabled: {why}")).collect::<Vec<_>>().join("; "))]
pub struct NotEnabled(pub Vec<(String, String)>);

impl NotEnabled {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "not-enabled"
    }
}

/// One hook whose bindings are enabled.
pub struct Contexts {
    config: HookConfig,
    monitors: Vec<Monitor>,
    heard: Arc<Heard>,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contexts")
            .field("monitors", &self.monitors)
            .finish_non_exhaustive()
    }
}

/// What the monitors told since it was last asked for.
#[derive(Default)]
struct Heard {
    reasons: Mutex<Vec<Reason>>,
    /// Filters that failed, in words.
    problems: Mutex<Vec<String>>,
    not_enabled: Mutex<Vec<(usize, String)>>,
}

impl Heard {
    fn take<T>(list: &Mutex<Vec<T>>) -> Vec<T> {
        std::mem::take(&mut list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add<T>(list: &Mutex<Vec<T>>, one: T) {
        list.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(one);
    }
}

impl Listener for Heard {
    fn fire(&self, _: MonitorId, reason: Reason) {
        Self::add(&self.reasons, reason);
    }

    fn notice(&self, id: MonitorId, notice: Notice<'_>) {
        match notice {
            Notice::FilterFailed {
                namespace,
                name,
                error,
            } => {
                let place = match namespace {
                    "" => name.to_owned(),
                    namespace => format!("{namespace}/{name}"),
                };
                let why = api::chain(error);
                Self::add(
                    &self.problems,
                    format!("the filter fails on {place}: {why}"),
                );
            }
            Notice::NotEnabled { error, .. } => {
                Self::add(&self.not_enabled, (id.binding, why(error)));
            }
            _ => {}
        }
    }
}

fn why(error: &EnableError) -> String {
    api::chain(error)
}

impl Contexts {
    /// Enables the bindings of a hook: its contexts of the first step are given, the Synchronizations.
    ///
    /// # Errors
    /// All bindings that cannot be enabled: their kind is unknown, or their filter fails on an object.
    pub async fn start(
        config: HookConfig,
        filters: Vec<Filter>,
        kinds: Kinds,
        states: States,
    ) -> Result<(Self, RunInput), NotEnabled> {
        let heard = Arc::new(Heard::default());
        let mut monitors = Vec::with_capacity(config.kubernetes.len());
        let hub = Hub::of(states);
        for (binding, (kubernetes, filter)) in config.kubernetes.iter().zip(filters).enumerate() {
            monitors.push(Monitor::start(MonitorSpec {
                id: MonitorId { hook: 0, binding },
                version: config.version,
                config: kubernetes.clone(),
                filter,
                hub: hub.clone(),
                kinds: kinds.clone(),
                listener: heard.clone(),
                quota: None,
            }));
        }
        for monitor in &monitors {
            monitor.reached(|p| p.phase != Phase::Starting).await;
        }
        let mut failed = Heard::take(&heard.not_enabled);
        failed.sort_by_key(|(binding, _)| *binding);
        if !failed.is_empty() {
            let name = |binding: usize| config.kubernetes.get(binding).map(|b| b.name.clone());
            let named = failed.into_iter();
            return Err(NotEnabled(
                named
                    .map(|(binding, why)| (name(binding).unwrap_or_default(), why))
                    .collect(),
            ));
        }
        let contexts = Self {
            config,
            monitors,
            heard,
        };
        let wanted = contexts.monitors.iter().filter(|monitor| {
            contexts.config.version == ConfigVersion::V1
                && monitor.config().execute_hook_on_synchronization
        });
        let input = contexts.input(wanted.map(Monitor::synchronization).collect());
        for monitor in &contexts.monitors {
            // The snapshot holds all there was.
            drop(monitor.snapshot());
            monitor.unlock();
        }
        Ok((contexts, input))
    }

    /// The contexts of one step that makes several changes; `changes` makes the next of them and gives its number, and
    /// none when there are no more. Each is seen by all bindings before the next is made.
    pub async fn changed(&self, mut changes: impl FnMut() -> Option<u64>) -> RunInput {
        let mut reasons = Vec::new();
        while let Some(revision) = changes() {
            for monitor in &self.monitors {
                monitor.reached(|p| p.seen >= Some(revision)).await;
            }
            let mut fired = Heard::take(&self.heard.reasons);
            // Monitors tell of one change in any order.
            fired.sort_by_key(|reason| match reason.cause {
                Cause::Event { binding, .. } => binding,
                _ => 0,
            });
            reasons.extend(fired);
        }
        self.input(reasons)
    }

    /// The contexts of all schedules with exactly this crontab, in the order of the configuration.
    #[must_use]
    pub fn scheduled(&self, crontab: &str) -> RunInput {
        let schedules = self.config.schedule.iter();
        let fired = schedules.filter(|schedule| schedule.crontab.as_str() == crontab);
        self.input(fired.map(Reason::of_schedule).collect())
    }

    /// What went wrong since this was last asked: filters that failed on changed objects.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        Heard::take(&self.heard.problems)
    }

    fn input(&self, reasons: Vec<Reason>) -> RunInput {
        let reasons = HookRun::compacted(reasons);
        let take = |binding: usize| -> Arc<dyn Snapshot> {
            match self.monitors.get(binding) {
                Some(monitor) => Arc::new(monitor.peek()),
                None => Arc::new(Vec::new()),
            }
        };
        Taken::new(&self.config.kubernetes, take).contexts(&reasons, self.config.version)
    }
}
