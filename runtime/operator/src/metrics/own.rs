//! Metrics about hookbox itself (BEHAVIOUR C3).
//!
//! The names after the prefix are shell-operator's, so that its dashboards and alerts work when the prefix is set to
//! `shell_operator_`; the default is `hookbox_`, because two operators in one cluster should not be mixed up. Where a
//! sandbox has no such thing as a process the nearest is meant: `hook_run_user_cpu_seconds` is the CPU time of the
//! guest, `hook_run_sys_cpu_seconds` the CPU time that making its instance took, `hook_run_max_rss_bytes` the greatest
//! memory of the run. Ours in addition: `kube_snapshot_bytes`, `effects_*`, `hook_metrics_dropped_total`,
//! `journal_*`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookbox_sandbox::Usage;

use super::registry::{Family, Labels, Type};

/// The prefix of all names unless another is set.
pub const DEFAULT_PREFIX: &str = "hookbox_";

const RUN_BOUNDS: &[f64] = &[
    0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0,
];
const EVENT_BOUNDS: &[f64] = &[
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
];
const NO_BOUNDS: &[f64] = &[];

/// Which run: the labels that most metrics have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLabels<'a> {
    /// Name of the hook.
    pub hook: &'a str,
    /// Name of the binding.
    pub binding: &'a str,
    /// Name of the queue; empty for onStartup, as in shell-operator.
    pub queue: &'a str,
}

impl RunLabels<'_> {
    fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("hook", self.hook),
            ("binding", self.binding),
            ("queue", self.queue),
        ]
    }
}

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

    /// A queue is no longer there.
    pub fn queue_gone(&self, queue: &str) {
        self.remove("queue", queue);
    }

    /// A queue was acted on: `action` is the word for what was done, `took` how long it took.
    pub fn queue_action(&self, queue: &str, action: &str, took: Duration) {
        let labels = [("queue_name", queue), ("queue_action", action)];
        self.observe(
            "tasks_queue_action_duration_seconds",
            "Time for one action on a queue.",
            EVENT_BOUNDS,
            &labels,
            took.as_secs_f64(),
        );
    }

    /// The monitors of a hook's `kubernetes` bindings were started, or not.
    pub fn enable_kubernetes_bindings(&self, hook: &str, took: Duration, success: bool) {
        let labels = [("hook", hook)];
        self.set(
            "hook_enable_kubernetes_bindings_seconds",
            "Time to start the hook's kubernetes bindings.",
            &labels,
            took.as_secs_f64(),
        );
        self.set(
            "hook_enable_kubernetes_bindings_success",
            "1 when the hook's kubernetes bindings are started, else 0.",
            &labels,
            f64::from(u8::from(success)),
        );
        let errors = f64::from(u8::from(!success));
        self.add(
            "hook_enable_kubernetes_bindings_errors_total",
            "Failed attempts to start the hook's kubernetes bindings.",
            &labels,
            errors,
        );
    }

    /// A task waited in its queue before it was run.
    pub fn waited_in_queue(&self, run: RunLabels<'_>, waited: Duration) {
        self.add(
            "task_wait_in_queue_seconds_total",
            "Time that tasks waited in their queue.",
            &run.pairs(),
            waited.as_secs_f64(),
        );
    }

    /// A run is over: what it used, whether it succeeded or not.
    pub fn run_used(&self, run: RunLabels<'_>, usage: &Usage) {
        let labels = run.pairs();
        self.observe(
            "hook_run_seconds",
            "Time of a run.",
            RUN_BOUNDS,
            &labels,
            usage.wall_clock.as_secs_f64(),
        );
        let guest = usage.cpu_time.saturating_sub(usage.instantiate);
        self.observe(
            "hook_run_user_cpu_seconds",
            "CPU time of the guest in a run.",
            RUN_BOUNDS,
            &labels,
            guest.as_secs_f64(),
        );
        self.observe(
            "hook_run_sys_cpu_seconds",
            "CPU time for making the instance of a run.",
            RUN_BOUNDS,
            &labels,
            usage.instantiate.as_secs_f64(),
        );
        self.set(
            "hook_run_max_rss_bytes",
            "Greatest memory of the last run.",
            &labels,
            usage.memory as f64,
        );
    }

    /// A run succeeded, and all of its effects were applied.
    pub fn run_succeeded(&self, run: RunLabels<'_>) {
        self.outcome(run, [1.0, 0.0, 0.0]);
    }

    /// A run failed, or its effects could not be applied. `allowed`: the binding has `allowFailure`.
    pub fn run_failed(&self, run: RunLabels<'_>, allowed: bool) {
        self.outcome(
            run,
            if allowed {
                [0.0, 1.0, 0.0]
            } else {
                [0.0, 0.0, 1.0]
            },
        );
    }

    /// All three are there from the first run on, so that a rate over them starts from 0.
    fn outcome(&self, run: RunLabels<'_>, [success, allowed, error]: [f64; 3]) {
        let labels = run.pairs();
        self.add(
            "hook_run_success_total",
            "Runs that succeeded.",
            &labels,
            success,
        );
        self.add(
            "hook_run_allowed_errors_total",
            "Runs that failed and were allowed to.",
            &labels,
            allowed,
        );
        self.add("hook_run_errors_total", "Runs that failed.", &labels, error);
    }

    /// A binding's snapshot holds this many objects in so many bytes.
    pub fn snapshot(&self, run: RunLabels<'_>, objects: usize, bytes: usize) {
        self.set(
            "kube_snapshot_objects",
            "Objects in the binding's snapshot.",
            &run.pairs(),
            objects as f64,
        );
        self.set(
            "kube_snapshot_bytes",
            "Bytes that the binding's snapshot holds.",
            &run.pairs(),
            bytes as f64,
        );
    }

    /// A filter was applied to an object.
    pub fn filter_took(&self, run: RunLabels<'_>, took: Duration) {
        self.observe(
            "kube_jq_filter_duration_seconds",
            "Time to filter one object.",
            EVENT_BOUNDS,
            &run.pairs(),
            took.as_secs_f64(),
        );
    }

    /// An event of a watch was handled: filtered, compared, put into the snapshot and queued.
    pub fn event_took(&self, run: RunLabels<'_>, took: Duration) {
        self.observe(
            "kube_event_duration_seconds",
            "Time to handle one event of a watch.",
            EVENT_BOUNDS,
            &run.pairs(),
            took.as_secs_f64(),
        );
    }

    /// A request to the API server was answered with this status, or not answered.
    pub fn client_request(&self, method: &str, status: Option<u16>, took: Duration) {
        let code = status.map_or_else(|| "none".to_owned(), |s| s.to_string());
        self.observe(
            "kubernetes_client_request_latency_seconds",
            "Time of requests to the API server.",
            EVENT_BOUNDS,
            &[("verb", method)],
            took.as_secs_f64(),
        );
        self.add(
            "kubernetes_client_request_result_total",
            "Requests to the API server by their result.",
            &[("method", method), ("code", &code)],
            1.0,
        );
    }

    /// A watch broke: `kind` is a stable word for why.
    pub fn watch_error(&self, kind: &str) {
        self.add(
            "kubernetes_client_watch_errors_total",
            "Watches that ended with an error.",
            &[("error_type", kind)],
            1.0,
        );
    }

    /// An object patch was applied.
    pub fn effect_applied(&self, hook: &str, operation: &str) {
        self.add(
            "effects_applied_total",
            "Object patches that were applied.",
            &[("hook", hook), ("operation", operation)],
            1.0,
        );
    }

    /// An object patch failed: `code` is the error's.
    pub fn effect_failed(&self, hook: &str, operation: &str, code: &str) {
        let labels = [("hook", hook), ("operation", operation), ("code", code)];
        self.add(
            "effects_failed_total",
            "Object patches that could not be applied.",
            &labels,
            1.0,
        );
    }

    /// A run's effects were refused as a whole by the gate.
    pub fn effects_refused(&self, hook: &str, code: &str) {
        self.add(
            "effects_refused_total",
            "Runs whose effects were refused as a whole.",
            &[("hook", hook), ("code", code)],
            1.0,
        );
    }

    /// A metric operation of a hook was dropped.
    pub fn hook_metric_dropped(&self, hook: &str, code: &str) {
        self.add(
            "hook_metrics_dropped_total",
            "Metric operations of hooks that were dropped.",
            &[("hook", hook), ("code", code)],
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

    /// A hook is no longer there: its series go.
    pub fn forget_hook(&self, hook: &str) {
        self.remove("hook", hook);
    }

    fn remove(&self, label: &str, value: &str) {
        for family in self.lock().values_mut() {
            family.series.retain(|labels, _| {
                labels.get(label).is_none_or(|v| v != value)
                    || (label == "queue" && labels.contains_key("hook"))
            });
        }
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
        let labels: Labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let bounds = std::sync::Arc::clone(&family.bounds);
        act(&mut family.series(labels, || ()).value, &bounds);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family<()>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
