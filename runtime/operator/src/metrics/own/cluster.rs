//! Metrics of bindings and of the API server.

use std::time::Duration;

use super::{EVENT_BOUNDS, RunLabels, SelfMetrics};

impl SelfMetrics {
    /// All of a hook's `kubernetes` bindings are enabled since `took` after the first attempt, or not yet.
    pub fn enable_kubernetes_bindings(&self, hook: &str, took: Duration, success: bool) {
        let labels = [("hook", hook)];
        self.set(
            "hook_enable_kubernetes_bindings_seconds",
            "Time to enable the hook's kubernetes bindings.",
            &labels,
            took.as_secs_f64(),
        );
        self.set(
            "hook_enable_kubernetes_bindings_success",
            "1 when all of the hook's kubernetes bindings are enabled, else 0.",
            &labels,
            f64::from(u8::from(success)),
        );
        // There from the start, so that a rate over it starts from 0.
        self.kubernetes_bindings_failed(hook, 0.0);
    }

    /// So many attempts to enable a `kubernetes` binding of the hook failed.
    pub fn kubernetes_bindings_failed(&self, hook: &str, attempts: f64) {
        self.add(
            "hook_enable_kubernetes_bindings_errors_total",
            "Failed attempts to enable the hook's kubernetes bindings.",
            &[("hook", hook)],
            attempts,
        );
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

    /// A filter failed on an object: `code` is the error's.
    pub fn filter_failed(&self, run: RunLabels<'_>, code: &str) {
        let [hook, binding, queue] = run.pairs();
        self.add(
            "kube_jq_filter_errors_total",
            "Objects on which the filter failed.",
            &[hook, binding, queue, ("code", code)],
            1.0,
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
}
