use std::time::Duration;

use hookbox_sandbox::Usage;

use super::*;

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
    assert!(
        metrics.text().contains(
            "hookbox_hook_run_success_total{binding=\"pods\",hook=\"a.wasm\",queue=\"\"} 1"
        )
    );
}

#[test]
fn a_prefix_that_no_name_can_have_is_mended() {
    let metrics = SelfMetrics::new("9my-op ");
    metrics.live_tick();
    assert!(metrics.text().contains("\n_my_op_live_ticks 1\n"));
}
