//! Metrics about hookbox itself (BEHAVIOUR C3).
//!
//! The names after the prefix are shell-operator's, so that its dashboards and alerts work when the prefix is set to
//! `shell_operator_`; the default is `hookbox_`, because two operators in one cluster should not be mixed up. Where a
//! sandbox has no such thing as a process the nearest is meant: `hook_run_user_cpu_seconds` is the CPU time of the
//! guest, `hook_run_sys_cpu_seconds` the CPU time that making its instance took, `hook_run_max_rss_bytes` the greatest
//! memory of the run. Ours in addition: `kube_snapshot_bytes`, `effects_*`, `hook_metrics_dropped_total`,
//! `journal_*`.

mod cluster;
mod run;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::labels::Labels;
use super::registry::{Family, Type};

pub use run::RunLabels;

/// The prefix of all names unless another is set.
pub const DEFAULT_PREFIX: &str = "hookbox_";

const EVENT_BOUNDS: &[f64] = &[
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];
const NO_BOUNDS: &[f64] = &[];

/// The metrics about hookbox itself. Updates are short and take one lock.
#[derive(Debug)]
pub struct SelfMetrics {
    prefix: String,
    families: Mutex<BTreeMap<&'static str, Family<()>>>,
}

impl Default for SelfMetrics {
    fn default() -> Self {
        Self::new(DEFAULT_PREFIX)
    }
}

impl SelfMetrics {
    /// No metrics yet. Characters of `prefix` that a metric's name cannot have become `_`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        let fits = |(i, c): (usize, char)| {
            if c == '_' || c == ':' || c.is_ascii_alphabetic() || (i > 0 && c.is_ascii_digit()) {
                c
            } else {
                '_'
            }
        };
        let prefix = prefix.chars().enumerate().map(fits).collect();
        Self {
            prefix,
            families: Mutex::default(),
        }
    }

    /// Everything in Prometheus' text format: names sorted, series of a name sorted by their labels.
    #[must_use]
    pub fn text(&self) -> String {
        let families = self.lock();
        let mut out = String::new();
        for (name, family) in &*families {
            family.write(&mut out, &format!("{}{name}", self.prefix));
        }
        out
    }

    /// Ten seconds passed.
    pub fn live_tick(&self) {
        self.add(
            "live_ticks",
            "Counter that grows every 10 seconds while the operator is alive.",
            &[],
            1.0,
        );
    }

    /// A queue has this many tasks.
    pub fn queue_length(&self, queue: &str, tasks: usize) {
        self.set(
            "tasks_queue_length",
            "Tasks waiting in the queue.",
            &[("queue", queue)],
            tasks as f64,
        );
    }

    /// How many records the journal has written and dropped since the start.
    pub fn journal(&self, written: u64, dropped: u64) {
        self.raise(
            "journal_written_total",
            "Runs written to the journal.",
            written as f64,
        );
        self.raise(
            "journal_dropped_total",
            "Runs that could not be written to the journal.",
            dropped as f64,
        );
    }

    fn add(&self, name: &'static str, help: &str, labels: &[(&str, &str)], by: f64) {
        self.with(name, help, Type::Counter, NO_BOUNDS, labels, |value, _| {
            value.add(by)
        });
    }

    fn raise(&self, name: &'static str, help: &str, to: f64) {
        self.with(name, help, Type::Counter, NO_BOUNDS, &[], |value, _| {
            value.set(to)
        });
    }

    fn set(&self, name: &'static str, help: &str, labels: &[(&str, &str)], to: f64) {
        self.with(name, help, Type::Gauge, NO_BOUNDS, labels, |value, _| {
            value.set(to)
        });
    }

    fn observe(
        &self,
        name: &'static str,
        help: &str,
        bounds: &[f64],
        labels: &[(&str, &str)],
        what: f64,
    ) {
        self.with(
            name,
            help,
            Type::Histogram,
            bounds,
            labels,
            |value, bounds| value.observe(bounds, what),
        );
    }

    fn with(
        &self,
        name: &'static str,
        help: &str,
        kind: Type,
        bounds: &[f64],
        labels: &[(&str, &str)],
        act: impl FnOnce(&mut super::registry::Value, &[f64]),
    ) {
        let mut families = self.lock();
        let family = families
            .entry(name)
            .or_insert_with(|| Family::new(kind, help, bounds));
        // Label names are fixed for each name here, so that empty values stay as they are: `queue=""`.
        let labels: Labels = labels.iter().copied().collect();
        let bounds = std::sync::Arc::clone(&family.bounds);
        act(&mut family.series(labels, || ()).value, &bounds);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family<()>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
