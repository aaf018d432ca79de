//! Metrics of runs and of what they ask for.

use std::time::Duration;

use hookbox_sandbox::Usage;

use super::{SelfMetrics, labels_of};

const RUN_BOUNDS: &[f64] = &[
    0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0,
];

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
    pub(super) fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("hook", self.hook),
            ("binding", self.binding),
            ("queue", self.queue),
        ]
    }
}

impl SelfMetrics {
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
        let labels = labels_of(&run.pairs());
        self.observe_in(
            "hook_run_seconds",
            "Time of a run.",
            RUN_BOUNDS,
            &labels,
            usage.wall_clock.as_secs_f64(),
        );
        let system = usage.instantiate.saturating_add(usage.system_time);
        let guest = usage.cpu_time.saturating_sub(system);
        self.observe_in(
            "hook_run_user_cpu_seconds",
            "CPU time of the guest in a run.",
            RUN_BOUNDS,
            &labels,
            guest.as_secs_f64(),
        );
        self.observe_in(
            "hook_run_sys_cpu_seconds",
            "CPU time for making the instance of a run, or that the kernel took for a native hook.",
            RUN_BOUNDS,
            &labels,
            system.as_secs_f64(),
        );
        self.set_to(
            "hook_run_max_rss_bytes",
            "Greatest memory of the last run.",
            &labels,
            usage.memory as f64,
        );
    }

    /// A run was in an instance that earlier runs had left.
    pub fn run_was_warm(&self, run: RunLabels<'_>) {
        self.add(
            "hook_run_warm_total",
            "Runs in an instance that was kept from an earlier run.",
            &run.pairs(),
            1.0,
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
        let labels = labels_of(&run.pairs());
        self.add_to(
            "hook_run_success_total",
            "Runs that succeeded.",
            &labels,
            success,
        );
        self.add_to(
            "hook_run_allowed_errors_total",
            "Runs that failed and were allowed to.",
            &labels,
            allowed,
        );
        self.add_to("hook_run_errors_total", "Runs that failed.", &labels, error);
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

    /// A run was refused so many things because they were not granted. There from a hook's first refusal on.
    pub fn grants_missing(&self, hook: &str, refusals: usize) {
        if refusals > 0 {
            self.add(
                "hook_missing_grants_total",
                "What runs were refused because it was not granted, each once a run.",
                &[("hook", hook)],
                refusals as f64,
            );
        }
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
}
