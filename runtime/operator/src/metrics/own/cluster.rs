//! Metrics of bindings and of the API server.

use std::time::Duration;

use super::{EVENT_BOUNDS, RunLabels, SelfMetrics};

const REQUEST_BOUNDS: &[f64] = &[
    0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0,
];

/// Which request: the labels of its metrics, those of client-go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who asks: `main`, or `object_patcher` for patches.
    pub component: &'a str,
    /// The HTTP method.
    pub method: &'a str,
    /// Address of the API server with the path, names in it replaced by `{namespace}` and `{name}`.
    pub url: &'a str,
    /// Name and port of the API server.
    pub host: &'a str,
}

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

    /// All snapshots hold so many bytes together, what several hold counted once.
    pub fn snapshots(&self, bytes: usize) {
        self.set(
            "kube_snapshots_held_bytes",
            "Bytes that all snapshots hold together, what several hold counted once.",
            &[],
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
    pub fn client_request(&self, request: Request<'_>, status: Option<u16>, took: Duration) {
        // As client-go says it.
        let code = status.map_or_else(|| "<error>".to_owned(), |s| s.to_string());
        let (component, method) = (("component", request.component), request.method);
        self.observe(
            "kubernetes_client_request_latency_seconds",
            "Time of requests to the API server.",
            REQUEST_BOUNDS,
            &[component, ("verb", method), ("url", request.url)],
            took.as_secs_f64(),
        );
        self.add(
            "kubernetes_client_request_result_total",
            "Requests to the API server by their result.",
            &[
                component,
                ("method", method),
                ("code", &code),
                ("host", request.host),
            ],
            1.0,
        );
    }

    /// A binding begins to be served: from here on a rate over its failures starts from 0.
    pub fn binding_begins(&self, binding: &str) {
        self.bindings_missing(binding, 0.0);
    }

    /// A run was given an empty snapshot, because nobody watches for the binding.
    pub fn binding_missing(&self, binding: &str) {
        self.bindings_missing(binding, 1.0);
    }

    fn bindings_missing(&self, binding: &str, runs: f64) {
        self.add(
            "binding_monitor_missing_total",
            "Empty snapshots that runs got because nobody watches for the binding.",
            &[("binding", binding)],
            runs,
        );
    }

    /// A watch begins (0), or died and was started anew (1). `gvr` is as in `apps/v1, Resource=deployments`.
    pub fn watches_died(&self, gvr: &str, namespace: &str, times: f64) {
        self.add(
            "factory_informer_dead_total",
            "Watches that died and were started anew.",
            &[("gvr", gvr), ("namespace", namespace)],
            times,
        );
    }

    /// This replica leads, or stands by.
    pub fn leader(&self, leads: bool) {
        self.set(
            "leader",
            "1 while this replica leads, 0 while it stands by.",
            &[],
            f64::from(u8::from(leads)),
        );
    }

    /// The lease could not be read or written: `code` is the error's.
    pub fn lease_failed(&self, code: &str) {
        self.add(
            "leader_lease_errors_total",
            "Failed attempts to read or write the lease of the leader.",
            &[("code", code)],
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
