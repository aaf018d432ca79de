//! Metrics about hookbox itself (BEHAVIOUR C3).
//!
//! Names, types, labels and buckets are shell-operator's, and so is the default prefix, so that its dashboards and
//! alerts work as they are. Where a sandbox has no such thing as a process the nearest is meant:
//! `hook_run_user_cpu_seconds` is the CPU time of the guest, `hook_run_sys_cpu_seconds` the CPU time that making its
//! instance took, `hook_run_max_rss_bytes` the greatest memory of the run. Ours in addition: `kube_snapshot_bytes`,
//! `kube_snapshots_held_bytes`, `hook_run_warm_total`, `kube_jq_filter_errors_total`, `effects_*`, `hook_metrics_dropped_total`, `journal_*`, `tenant_*`.

mod cluster;
mod queue;
mod run;
mod tenant;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::labels::Labels;
use super::registry::{Family, Type};

pub use cluster::Request;
pub use run::RunLabels;

/// The prefix of all names unless another is set.
pub const DEFAULT_PREFIX: &str = "shell_operator_";

/// What stands before the prefix in the names of some of shell-operator's metrics.
const TELEMETRY: &str = "d8_telemetry_";

const EVENT_BOUNDS: &[f64] = &[
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];
const NO_BOUNDS: &[f64] = &[];

/// Brings values up to date that are looked at only when somebody asks.
type Refresh = Box<dyn Fn(&SelfMetrics) + Send + Sync>;

/// The metrics about hookbox itself. Updates are short and take one lock.
pub struct SelfMetrics {
    prefix: String,
    families: Mutex<BTreeMap<&'static str, Family<()>>>,
    refresh: OnceLock<Refresh>,
}

impl std::fmt::Debug for SelfMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SelfMetrics")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
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
            refresh: OnceLock::new(),
        }
    }

    /// Forgets all that was counted of these hooks, queues and webhooks, which are gone. They are named by the labels
    /// `hook`, `queue` and `webhook`.
    pub fn forget<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let gone = |labels: &Labels| {
            ["hook", "queue", "queue_name", "webhook"]
                .iter()
                .any(|label| {
                    let value = labels.get(label);
                    value.is_some_and(|value| names.contains(value))
                })
        };
        for family in self.lock().values_mut() {
            family.series.retain(|labels, _| !gone(labels));
        }
    }

    /// Calls `refresh` each time before the text is made. Only the first one given counts.
    pub fn refresh_with(&self, refresh: impl Fn(&Self) + Send + Sync + 'static) {
        let _ = self.refresh.set(Box::new(refresh));
    }

    /// Everything in Prometheus' text format: names sorted, series of a name sorted by their labels.
    #[must_use]
    pub fn text(&self) -> String {
        if let Some(refresh) = self.refresh.get() {
            refresh(self);
        }
        let families = self.lock();
        let mut named: Vec<_> = families
            .iter()
            .map(|(name, family)| (self.exposed(name), family))
            .collect();
        named.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut out = String::new();
        for (name, family) in named {
            family.write(&mut out, &name);
        }
        out
    }

    fn exposed(&self, name: &str) -> String {
        match name.strip_prefix(TELEMETRY) {
            Some(rest) => format!("{TELEMETRY}{}{rest}", self.prefix),
            None => format!("{}{name}", self.prefix),
        }
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
        self.add_to(name, help, &labels_of(labels), by);
    }

    fn add_to(&self, name: &'static str, help: &str, labels: &Labels, by: f64) {
        self.with(name, help, Type::Counter, NO_BOUNDS, labels, |value, _| {
            value.add(by)
        });
    }

    fn raise(&self, name: &'static str, help: &str, to: f64) {
        let labels = labels_of(&[]);
        self.with(name, help, Type::Counter, NO_BOUNDS, &labels, |value, _| {
            value.set(to)
        });
    }

    fn set(&self, name: &'static str, help: &str, labels: &[(&str, &str)], to: f64) {
        self.set_to(name, help, &labels_of(labels), to);
    }

    fn set_to(&self, name: &'static str, help: &str, labels: &Labels, to: f64) {
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
        self.observe_in(name, help, bounds, &labels_of(labels), what);
    }

    fn observe_in(
        &self,
        name: &'static str,
        help: &str,
        bounds: &[f64],
        labels: &Labels,
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
        labels: &Labels,
        act: impl FnOnce(&mut super::registry::Value, &[f64]),
    ) {
        let mut families = self.lock();
        let family = families
            .entry(name)
            .or_insert_with(|| Family::new(kind, help, bounds));
        let bounds = std::sync::Arc::clone(&family.bounds);
        // A label set is copied only where it is new: most updates are of series that are there.
        match family.known(labels) {
            Some(series) => act(&mut series.value, &bounds),
            None => act(&mut family.series(labels.clone(), || ()).value, &bounds),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family<()>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Label names are fixed for each name here, so that empty values stay as they are: `queue=""`.
fn labels_of(labels: &[(&str, &str)]) -> Labels {
    labels.iter().copied().collect()
}

#[cfg(test)]
mod tests;
