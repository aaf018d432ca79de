use std::time::Duration;

use hookbox_sandbox::Usage;

use super::*;
use crate::queue::{Action, ActionTimes};
use crate::{Quota, QuotaSettings};

const RUN: RunLabels<'static> = RunLabels {
    hook: "a.wasm",
    binding: "pods",
    queue: "main",
};

#[test]
fn runs_are_counted_under_shell_operators_names() {
    let metrics = SelfMetrics::new("shell_operator_");
    let usage = Usage {
        wall_clock: Duration::from_millis(30),
        cpu_time: Duration::from_millis(3),
        instantiate: Duration::from_millis(1),
        memory: 65536,
        ..Usage::default()
    };
    metrics.run_used(RUN, &usage);
    metrics.run_failed(RUN, false);
    metrics.run_failed(RUN, true);
    metrics.run_succeeded(RUN);
    metrics.run_succeeded(RUN);
    let text = metrics.text();
    let labels = "{binding=\"pods\",hook=\"a.wasm\",queue=\"main\"}";
    for line in [
        format!("shell_operator_hook_run_success_total{labels} 2"),
        format!("shell_operator_hook_run_errors_total{labels} 1"),
        format!("shell_operator_hook_run_allowed_errors_total{labels} 1"),
        format!("shell_operator_hook_run_max_rss_bytes{labels} 65536"),
        format!("shell_operator_hook_run_seconds_sum{labels} 0.03"),
        format!("shell_operator_hook_run_user_cpu_seconds_sum{labels} 0.002"),
        format!("shell_operator_hook_run_sys_cpu_seconds_sum{labels} 0.001"),
        "shell_operator_hook_run_seconds_bucket{binding=\"pods\",hook=\"a.wasm\",queue=\"main\",le=\"0.02\"} 0".to_owned(),
        "shell_operator_hook_run_seconds_bucket{binding=\"pods\",hook=\"a.wasm\",queue=\"main\",le=\"0.05\"} 1".to_owned(),
        "# TYPE shell_operator_hook_run_seconds histogram".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn an_empty_queue_label_is_shown() {
    let metrics = SelfMetrics::default();
    metrics.run_succeeded(RunLabels { queue: "", ..RUN });
    assert!(metrics.text().contains(
        "shell_operator_hook_run_success_total{binding=\"pods\",hook=\"a.wasm\",queue=\"\"} 1"
    ));
}

#[test]
fn a_prefix_that_no_name_can_have_is_mended() {
    let metrics = SelfMetrics::new("9my-op ");
    metrics.live_tick();
    assert!(metrics.text().contains("\n_my_op_live_ticks 1\n"));
}

const RUN_TIMES: &str = "0 0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 50 100 200 500";
const KUBE_TIMES: &str = "0 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10";
const REQUEST_TIMES: &str = "0 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 50";
const QUEUE_TIMES: &str = "0 0.0001 0.0002 0.0005 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5";

/// BEHAVIOUR C3: name, type, labels, upper bounds of buckets.
const SHELL_OPERATORS: &[(&str, &str, &str, &str)] = &[
    ("shell_operator_live_ticks", "counter", "", ""),
    ("shell_operator_tasks_queue_length", "gauge", "queue", ""),
    (
        "shell_operator_tasks_queue_action_duration_seconds",
        "histogram",
        "queue_action queue_name",
        QUEUE_TIMES,
    ),
    (
        "d8_telemetry_shell_operator_tasks_queue_compaction_operations_total",
        "counter",
        "hook queue_name",
        "",
    ),
    (
        "d8_telemetry_shell_operator_tasks_queue_compaction_tasks_by_hook",
        "gauge",
        "hook queue_name",
        "",
    ),
    (
        "shell_operator_hook_enable_kubernetes_bindings_seconds",
        "gauge",
        "hook",
        "",
    ),
    (
        "shell_operator_hook_enable_kubernetes_bindings_errors_total",
        "counter",
        "hook",
        "",
    ),
    (
        "shell_operator_hook_enable_kubernetes_bindings_success",
        "gauge",
        "hook",
        "",
    ),
    (
        "shell_operator_hook_run_seconds",
        "histogram",
        "binding hook queue",
        RUN_TIMES,
    ),
    (
        "shell_operator_hook_run_user_cpu_seconds",
        "histogram",
        "binding hook queue",
        RUN_TIMES,
    ),
    (
        "shell_operator_hook_run_sys_cpu_seconds",
        "histogram",
        "binding hook queue",
        RUN_TIMES,
    ),
    (
        "shell_operator_hook_run_max_rss_bytes",
        "gauge",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_hook_run_errors_total",
        "counter",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_hook_run_allowed_errors_total",
        "counter",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_hook_run_success_total",
        "counter",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_task_wait_in_queue_seconds_total",
        "counter",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_kube_snapshot_objects",
        "gauge",
        "binding hook queue",
        "",
    ),
    (
        "shell_operator_kube_jq_filter_duration_seconds",
        "histogram",
        "binding hook queue",
        KUBE_TIMES,
    ),
    (
        "shell_operator_kube_event_duration_seconds",
        "histogram",
        "binding hook queue",
        KUBE_TIMES,
    ),
    (
        "shell_operator_kubernetes_client_request_latency_seconds",
        "histogram",
        "component url verb",
        REQUEST_TIMES,
    ),
    (
        "shell_operator_kubernetes_client_request_result_total",
        "counter",
        "code component host method",
        "",
    ),
    (
        "shell_operator_kubernetes_client_watch_errors_total",
        "counter",
        "error_type",
        "",
    ),
    (
        "shell_operator_binding_monitor_missing_total",
        "counter",
        "binding",
        "",
    ),
    (
        "shell_operator_factory_informer_dead_total",
        "counter",
        "gvr namespace",
        "",
    ),
];

/// What hookbox has in addition.
const OURS: &[(&str, &str, &str, &str)] = &[
    (
        "shell_operator_kube_snapshot_bytes",
        "gauge",
        "binding hook queue",
        "",
    ),
    ("shell_operator_kube_snapshots_held_bytes", "gauge", "", ""),
    (
        "shell_operator_kube_jq_filter_errors_total",
        "counter",
        "binding code hook queue",
        "",
    ),
    (
        "shell_operator_effects_applied_total",
        "counter",
        "hook operation",
        "",
    ),
    (
        "shell_operator_effects_failed_total",
        "counter",
        "code hook operation",
        "",
    ),
    (
        "shell_operator_effects_refused_total",
        "counter",
        "code hook",
        "",
    ),
    (
        "shell_operator_hook_metrics_dropped_total",
        "counter",
        "code hook",
        "",
    ),
    ("shell_operator_journal_written_total", "counter", "", ""),
    ("shell_operator_journal_dropped_total", "counter", "", ""),
];

#[test]
fn all_names_types_labels_and_buckets_are_as_they_should_be() {
    let metrics = SelfMetrics::default();
    everything(&metrics);
    let mut expected: Vec<_> = SHELL_OPERATORS
        .iter()
        .chain(OURS)
        .map(|(name, kind, labels, bounds)| [*name, *kind, *labels, *bounds].map(str::to_owned))
        .collect();
    expected.sort();
    assert_eq!(exposed(&metrics.text()), expected);
}

#[test]
fn the_prefix_is_inside_of_telemetry_names() {
    let metrics = SelfMetrics::new("my_");
    metrics.queue_compacted("main", "a");
    let name = "d8_telemetry_my_tasks_queue_compaction_operations_total";
    let line = format!("{name}{{hook=\"a\",queue_name=\"main\"}} 1\n");
    assert!(metrics.text().contains(&line), "{}", metrics.text());
}

#[test]
fn a_hook_that_no_longer_has_many_tasks_is_shown_with_none() {
    let metrics = SelfMetrics::default();
    metrics.queue_tasks_by_hook("main", [("a", 30), ("b", 21)]);
    metrics.queue_tasks_by_hook("other", [("a", 40)]);
    metrics.queue_tasks_by_hook("main", [("b", 22)]);
    let text = metrics.text();
    let name = "d8_telemetry_shell_operator_tasks_queue_compaction_tasks_by_hook";
    for line in [
        format!("{name}{{hook=\"a\",queue_name=\"main\"}} 0"),
        format!("{name}{{hook=\"b\",queue_name=\"main\"}} 22"),
        format!("{name}{{hook=\"a\",queue_name=\"other\"}} 40"),
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn what_is_looked_at_only_when_asked_for_is_fresh() {
    let metrics = SelfMetrics::default();
    metrics.refresh_with(|metrics| metrics.live_tick());
    assert!(metrics.text().contains("shell_operator_live_ticks 1\n"));
    assert!(metrics.text().contains("shell_operator_live_ticks 2\n"));
}

/// Every metric that there is.
fn everything(metrics: &SelfMetrics) {
    let second = Duration::from_secs(1);
    metrics.live_tick();
    metrics.queue_length("main", 3);
    let mut times = ActionTimes::default();
    times.add(Action::AddLast, second);
    metrics.queue_actions("main", &times);
    metrics.queue_compacted("main", "a");
    metrics.queue_tasks_by_hook("main", [("a", 21)]);
    metrics.enable_kubernetes_bindings("a", second, true);
    metrics.kubernetes_bindings_failed("a", 1.0);
    metrics.run_used(RUN, &Usage::default());
    metrics.run_succeeded(RUN);
    metrics.waited_in_queue(RUN, second);
    metrics.snapshot(RUN, 1, 2);
    metrics.snapshots(5);
    metrics.filter_took(RUN, second);
    metrics.filter_failed(RUN, "runtime");
    metrics.event_took(RUN, second);
    let request = Request {
        component: "main",
        method: "GET",
        url: "https://a/api/v1/pods",
        host: "a",
    };
    metrics.client_request(request, Some(200), second);
    metrics.watch_error("expired");
    metrics.binding_begins("pods");
    metrics.watches_died("/v1, Resource=pods", "", 0.0);
    metrics.effect_applied("a", "Create");
    metrics.effect_failed("a", "Create", "conflict");
    metrics.effects_refused("a", "invalid");
    metrics.hook_metric_dropped("a", "type-conflict");
    metrics.journal(1, 0);
}

/// Name, type, labels and buckets of all that a text exposes, sorted.
fn exposed(text: &str) -> Vec<[String; 4]> {
    let mut all: Vec<[String; 4]> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            let (name, kind) = head.split_once(' ').unwrap();
            all.push([name, kind, "", ""].map(str::to_owned));
        }
        let sample = line.strip_prefix(|c: char| c != '#').map(|_| line);
        if let (Some(line), Some([_, _, labels, bounds])) = (sample, all.last_mut()) {
            let pairs = line.split_once('{').map_or("", |(_, rest)| rest);
            let pairs = pairs.rsplit_once('}').map_or("", |(pairs, _)| pairs);
            let named = |pair: &str| pair.split_once("=\"").map(|(n, _)| n.to_owned());
            let names: Vec<String> = pairs.split("\",").filter_map(named).collect();
            let own: Vec<&str> = names
                .iter()
                .map(String::as_str)
                .filter(|n| *n != "le")
                .collect();
            *labels = own.join(" ");
            if let Some((_, le)) = pairs.split_once("le=\"")
                && let Some(bound) = le.strip_suffix('"')
                && bound != "+Inf"
            {
                bounds.push_str(if bounds.is_empty() { "" } else { " " });
                bounds.push_str(bound);
            }
        }
    }
    all.sort();
    all
}

#[test]
fn of_a_tenant_that_is_gone_no_quota_is_shown() {
    let metrics = SelfMetrics::new("");
    let [a, b] = ["team-a", "team-b"].map(|name| Quota::new(name, QuotaSettings::default()));
    metrics.access_checks(3);
    let shows = |tenant: &str| {
        let text = metrics.text();
        assert!(text.contains("tenant_access_checks_total 3"));
        let label = format!("tenant=\"{tenant}\"");
        text.lines().filter(|line| line.contains(&label)).count()
    };
    // Two Hooks of one tenant.
    metrics.quotas([&*a, &*b, &*a]);
    assert_eq!((shows("team-a"), shows("team-b")), (7, 7));
    metrics.quotas([&*b]);
    assert_eq!((shows("team-a"), shows("team-b")), (0, 7));
    metrics.quotas([&*a]);
    assert_eq!((shows("team-a"), shows("team-b")), (7, 0));
}
