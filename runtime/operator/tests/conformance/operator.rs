//! The operator around its queues: journal, pages, start without a cluster, stop.

use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Failure, Matching};
use hookbox_operator::OperatorEvent;
use serde_json::{Value, json};

#[tokio::test]
async fn health_metrics_and_readiness_are_served() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("echo", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let bench = Bench::with(&cluster, &hooks, |options| {
        options.listen = Some(([127, 0, 0, 1], 0).into())
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    let address = bench.running.http_addr().unwrap();
    let get = |path| get(address, path);
    assert!(get("/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get("/healthz").await.starts_with("HTTP/1.1 200"));
    let metrics = get("/metrics").await;
    assert!(
        metrics.contains(
            "shell_operator_hook_run_success_total{binding=\"maps\",hook=\"echo\",queue=\"main\"} 1"
        ),
        "{metrics}"
    );
    assert!(get("/metrics/hooks").await.starts_with("HTTP/1.1 200"));
}

/// BEHAVIOUR C3. Types and buckets are compared beside the code.
#[tokio::test]
async fn own_metrics_have_the_names_and_labels_of_shell_operator() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    cluster.faults().fail_next(
        1,
        Matching::any().resource("configmaps"),
        Failure::Forbidden,
    );
    let config =
        json!({"kubernetes": [binding("maps", json!({"jqFilter": ".data", "queue": "other"}))]});
    let mut bench = Bench::start(&cluster, &[("echo", config)]).await;
    bench.run("echo").await;
    bench.settle().await;
    let text = bench.running.metrics_text();
    let hook = r#"{hook="echo"}"#;
    // The Synchronization runs in main, whatever the binding's queue.
    let run = r#"{binding="maps",hook="echo",queue="main"}"#;
    let binding = r#"{binding="maps",hook="echo",queue="other"}"#;
    for (name, labels) in [
        ("live_ticks", ""),
        ("tasks_queue_length", r#"{queue="main"}"#),
        ("tasks_queue_length", r#"{queue="other"}"#),
        ("hook_enable_kubernetes_bindings_seconds", hook),
        ("hook_enable_kubernetes_bindings_errors_total", hook),
        ("hook_enable_kubernetes_bindings_success", hook),
        ("hook_run_seconds_count", run),
        ("hook_run_user_cpu_seconds_count", run),
        ("hook_run_sys_cpu_seconds_count", run),
        ("hook_run_max_rss_bytes", run),
        ("hook_run_errors_total", run),
        ("hook_run_allowed_errors_total", run),
        ("hook_run_success_total", run),
        ("task_wait_in_queue_seconds_total", run),
        ("kube_snapshot_objects", binding),
        ("kube_jq_filter_duration_seconds_count", binding),
        ("kube_event_duration_seconds_count", binding),
        (
            "tasks_queue_action_duration_seconds_count",
            r#"{queue_action="AddLast",queue_name="main"}"#,
        ),
        ("binding_monitor_missing_total", r#"{binding="maps"}"#),
        (
            "factory_informer_dead_total",
            r#"{gvr="/v1, Resource=configmaps",namespace="ns"}"#,
        ),
        (
            "kubernetes_client_watch_errors_total",
            r#"{error_type="forbidden"}"#,
        ),
    ] {
        let series = format!("shell_operator_{name}{labels} ");
        assert!(
            text.lines().any(|l| l.starts_with(&series)),
            "{series}: {text}"
        );
    }
}

#[tokio::test]
async fn requests_to_the_api_server_are_counted() {
    let cluster = cluster(&[ns()]).await;
    cluster.faults().fail_next(
        1,
        Matching::any().resource("configmaps"),
        Failure::Forbidden,
    );
    let hooks = [(
        "write",
        json!({"kubernetes": [binding("watched", json!({}))]}),
    )];
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        options.server = Some("https://me:secret@10.0.0.1:6443/path".parse().unwrap());
    })
    .await;
    bench.run("write").await;
    let text = bench.running.metrics_text();
    let count = |code: u16, component: &str, method: &str| -> u64 {
        let labels = format!(
            r#"code="{code}",component="{component}",host="10.0.0.1:6443",method="{method}""#
        );
        let name = format!("shell_operator_kubernetes_client_request_result_total{{{labels}}} ");
        let line = text.lines().find_map(|l| l.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    };
    assert_eq!(count(403, "main", "GET"), 1, "{text}");
    assert_eq!(count(201, "object_patcher", "POST"), 1, "{text}");
    // Discovery and the watch.
    assert!(count(200, "main", "GET") >= 2, "{text}");
    let labels = r#"component="main",url="https://10.0.0.1:6443/api/v1/namespaces/{namespace}/configmaps",verb="GET""#;
    let name =
        format!("shell_operator_kubernetes_client_request_latency_seconds_count{{{labels}}} ");
    assert!(text.contains(&name), "{text}");
}

#[tokio::test]
async fn a_binding_that_is_refused_is_told_with_the_rule_that_is_missing() {
    let cluster = cluster(&[ns()]).await;
    let service = cluster.service();
    let bob = http::HeaderValue::from_static("bob");
    let service = tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        request
            .headers_mut()
            .insert("impersonate-user", bob.clone());
        tower::Service::call(&mut service.clone(), request)
    });
    let hooks = [("echo", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        options.client = Some(kube::Client::new(service, "default"));
        options.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let told = bench
        .event_where(|event| match event {
            OperatorEvent::BindingFailed { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    let rule = "To allow it, bind a Role in namespace `ns` (or a ClusterRole) with the rule: apiGroups [\"\"], resources [\"configmaps\"], verbs [\"list\", \"watch\"]";
    assert!(told.ends_with(rule), "{told}");
    patiently("the start", bench.running.idle()).await;
    let address = bench.running.http_addr().unwrap();
    let ready = get(address, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("\nwithout binding maps of hook echo: "),
        "{ready}"
    );

    let allow = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "bob"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "bob"}]});
    apply(&cluster, &[allow]).await;
    bench.run("echo").await;
    let ready = get(address, "/readyz").await;
    assert!(ready.ends_with("\nok\n"), "{ready}");
}

#[tokio::test]
async fn a_schedule_never_runs_on_snapshots_that_nobody_knows() {
    let nowhere = cluster(&[]).await;
    let schedule = |name: &str, snapshots: Value| json!({"name": name, "crontab": "* * * * * *", "includeSnapshotsFrom": snapshots});
    let with = schedule("with", json!(["maps"]));
    let mut without = schedule("without", json!([]));
    without
        .as_object_mut()
        .unwrap()
        .remove("includeSnapshotsFrom");
    let config = json!({"kubernetes": [binding("maps", json!({}))], "schedule": [with, without]});
    let mut bench = Bench::with(&nowhere, &[("echo", config)], |options| {
        options.client = None;
    })
    .await;
    for _ in 0..2 {
        let contexts = bench.contexts("echo").await;
        assert_eq!(
            contexts,
            json!([{"binding": "without", "type": "Schedule"}])
        );
    }
}

#[tokio::test]
async fn without_a_cluster_startup_and_schedules_work() {
    let nowhere = cluster(&[]).await;
    let hooks = [
        (
            "echo",
            json!({"onStartup": 1, "schedule": [{"crontab": "* * * * * *"}]}),
        ),
        (
            "echo-kube",
            json!({"kubernetes": [binding("maps", json!({}))]}),
        ),
    ];
    let mut bench = Bench::with(&nowhere, &hooks, |options| {
        options.client = None;
        options.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    assert_eq!(
        bench.contexts("echo").await,
        json!([{"binding": "schedule", "type": "Schedule"}])
    );
    // Nobody waits for bindings that never come.
    let ready = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
}

// Two threads: a guest that spins must not hold up the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_waits_for_runs_and_begins_no_other() {
    let cluster = cluster(&[ns()]).await;
    let mut bench = Bench::with(
        &cluster,
        &[
            ("spin", json!({"onStartup": 1})),
            ("echo", json!({"onStartup": 2})),
        ],
        |options| {
            options.budget.cpu_time = Duration::from_millis(500);
        },
    )
    .await;
    bench
        .event_where(|event| matches!(event, OperatorEvent::RunStarted { .. }).then_some(()))
        .await;
    let Bench { running, .. } = bench;
    let mut events = running.events();
    assert!(
        patiently("the stop", running.stop()).await,
        "the run ends at its limit"
    );
    let mut ended = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let OperatorEvent::RunFinished(run) = &*event {
            ended.push(run.hook.clone());
        }
    }
    assert_eq!(ended, ["spin"]);
}

#[tokio::test]
async fn what_a_filter_says_of_a_secret_is_told_to_nobody() {
    let secret = |name: &str, value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "ns"}, "stringData": {"v": value}});
    let cluster = cluster(&[ns()]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = binding(
        "secrets",
        json!({"jqFilter": ".data.v | @base64d | tonumber"}),
    );
    secrets["kind"] = json!("secrets");
    let mut bench = Bench::with(
        &cluster,
        &[("echo", json!({"kubernetes": [secrets]}))],
        |options| {
            options.journal = Some(folder.path().to_owned());
            options.listen = Some(([127, 0, 0, 1], 0).into());
        },
    )
    .await;
    bench.run("echo").await;
    apply(&cluster, &[secret("a", "hunter2")]).await;
    let told = bench
        .event_where(|event| match event {
            OperatorEvent::FilterFailed { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert!(
        told.contains("left out") && !told.contains("hunter2"),
        "{told}"
    );
    let address = bench.running.http_addr().unwrap();
    let metrics = get(address, "/metrics").await;
    let count = "shell_operator_kube_jq_filter_errors_total{binding=\"secrets\",code=\"runtime\",hook=\"echo\",queue=\"main\"} 1";
    assert!(metrics.contains(count), "{metrics}");
    bench.running.stop().await;

    // From the start on, it keeps the binding from being enabled.
    let mut secrets = binding("secrets", json!({"jqFilter": ".data.v | @base64d | error"}));
    secrets["kind"] = json!("Secret");
    let mut bench = Bench::start(&cluster, &[("echo", json!({"kubernetes": [secrets]}))]).await;
    let told = bench
        .event_where(|event| match event {
            OperatorEvent::BindingFailed { message, .. } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert!(
        told.contains("left out") && !told.contains("hunter2"),
        "{told}"
    );
}

#[tokio::test]
async fn a_hook_is_counted_as_enabled_once_its_late_bindings_are() {
    let cluster = cluster(&[ns()]).await;
    let forbid = Matching::any().resource("configmaps");
    cluster.faults().fail_next(1, forbid, Failure::Forbidden);
    let hooks = [("echo", json!({"kubernetes": [binding("maps", json!({}))]}))];
    let mut bench = Bench::start(&cluster, &hooks).await;
    bench.run("echo").await;
    let metrics = bench.running.metrics_text();
    for line in [
        "shell_operator_hook_enable_kubernetes_bindings_success{hook=\"echo\"} 1",
        "shell_operator_hook_enable_kubernetes_bindings_errors_total{hook=\"echo\"} 1",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
