//! BEHAVIOUR D1: what hooks answer, and what the API server is told.

use serde_json::{Value, json};

use super::client::*;
use crate::support::*;

fn refused(code: u16, message: &str) -> Value {
    json!({"uid": "u1", "allowed": false, "status": {"metadata": {}, "code": code, "message": message}})
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_reach_the_api_server() {
    let cluster = cluster(&[ns()]).await;
    let mutating = |name: &str| hook("kubernetesMutating", name, json!({}));
    let hooks = [
        ("allow", validating("allow.example.com")),
        ("deny", validating("deny.example.com")),
        ("silent", validating("silent.example.com")),
        ("warn", validating("warn.example.com")),
        ("patch", mutating("patch.example.com")),
        ("allow-2", mutating("Upper.example.com")),
        ("nonsense", mutating("nonsense.example.com")),
        ("fail", validating("fail.example.com")),
        ("panic", validating("panic.example.com")),
    ];
    let bench = serve(&cluster, &hooks).await;
    let client = Client::of(&bench).await;
    let mut silent = refused(403, "");
    silent["status"].as_object_mut().unwrap().remove("message");
    let allowed = json!({"uid": "u1", "allowed": true});
    let patch =
        "W3sib3AiOiJhZGQiLCJwYXRoIjoiL21ldGFkYXRhL2xhYmVscyIsInZhbHVlIjp7InBhdGNoZWQiOiJ5ZXMifX1d";
    for (id, expected) in [
        ("allow-example-com", allowed.clone()),
        ("deny-example-com", refused(403, "deny.example.com says no")),
        ("silent-example-com", silent),
        (
            "warn-example-com",
            json!({"uid": "u1", "allowed": true, "warnings": ["careful", "ä \"quoted\""], "auditAnnotations": {"seen": "yes"}}),
        ),
        (
            "patch-example-com",
            json!({"uid": "u1", "allowed": true, "patch": patch, "patchType": "JSONPatch"}),
        ),
        ("-upper-example-com", allowed),
        ("nonsense-example-com", refused(403, "Hook failed")),
        ("fail-example-com", refused(403, "Hook failed")),
        ("panic-example-com", refused(403, "Hook failed")),
        (
            "none",
            refused(
                500,
                "handle AdmissionReview: no hook found for 'hooks' 'none'",
            ),
        ),
    ] {
        assert_eq!(client.review(id, json!({})).await, expected, "{id}");
    }
    assert!(
        counted(
            &bench,
            r#"webhook_requests_total{kind="validating",outcome="denied",webhook="deny.example.com"} 1"#
        ),
        "{}",
        bench.running.metrics_text()
    );
    assert!(counted(
        &bench,
        r#"webhook_requests_total{kind="validating",outcome="failed",webhook="fail.example.com"} 1"#
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_to_be_ignored_lets_the_request_go_on_with_a_warning() {
    let cluster = cluster(&[ns()]).await;
    let ignoring = |name| {
        hook(
            "kubernetesValidating",
            name,
            json!({"failurePolicy": "Ignore"}),
        )
    };
    let hooks = [
        ("fail", ignoring("fail.example.com")),
        ("deny", ignoring("deny.example.com")),
    ];
    let bench = serve(&cluster, &hooks).await;
    let client = Client::of(&bench).await;
    assert_eq!(
        client.review("fail-example-com", json!({})).await,
        json!({"uid": "u1", "allowed": true, "warnings": ["webhook fail.example.com was ignored: Hook failed"]})
    );
    let denied = client.review("deny-example-com", json!({})).await;
    assert_eq!(denied["allowed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_reaches_the_hook_as_it_came() {
    let cluster = cluster(&[ns()]).await;
    let bench = serve(&cluster, &[("echo", validating("a.b.c"))]).await;
    let client = Client::of(&bench).await;
    let request = r#"{"uid":"u1", "object":{"n":12345678901234567890, "t":"\u00e4"} }"#;
    for version in ["v1", "v1beta1"] {
        let body = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/{version}","request":{request}}}"#
        );
        let answer = client.post("/hooks/a-b-c", &body).await.json();
        assert_eq!(answer["response"]["status"]["message"], request);
        // The API server takes no other version than the one that it sent.
        assert_eq!(answer["apiVersion"], format!("admission.k8s.io/{version}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_are_applied_before_the_answer() {
    let cluster = cluster(&[ns()]).await;
    // What it writes does not ask it again.
    let labels = json!({"labelSelector": {"matchLabels": {"reviewed": "yes"}}});
    let config = hook("kubernetesValidating", "a.b.c", labels);
    let bench = serve(&cluster, &[("write", config)]).await;
    let client = Client::of(&bench).await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
    let path = "/api/v1/namespaces/default/configmaps/reviewed";
    let written = object(&cluster, path).await.unwrap();
    assert_eq!(written["data"], json!({"by": "a.b.c"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_those_of_the_moment() {
    let cluster = cluster(&[ns()]).await;
    let mut config = hook(
        "kubernetesValidating",
        "a.b.c",
        json!({"includeSnapshotsFrom": ["switch"]}),
    );
    config["kubernetes"] = json!([binding(
        "switch",
        json!({"executeHookOnSynchronization": false, "executeHookOnEvent": []})
    )]);
    let bench = serve(&cluster, &[("switch", config)]).await;
    let client = Client::of(&bench).await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], false);
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    bench.catch_up().await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
}

/// A3: `validating / mutating`, also with a group.
#[tokio::test(flavor = "multi_thread")]
async fn contexts_are_written_as_shell_operator_does() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = hook("kubernetesMutating", "a.b.c", json!({"group": "g"}));
    config["kubernetes"] = json!([binding(
        "maps",
        json!({"group": "g", "jqFilter": ".data.v", "keepFullObjectsInMemory": false, "executeHookOnSynchronization": false})
    )]);
    let hooks = [("allow", config), ("allow-2", validating("d.e.f"))];
    let bench = serve_with(&cluster, &hooks, options(), |options| {
        options.journal = Some(folder.path().join("journal"));
    })
    .await;
    let client = Client::of(&bench).await;
    let request =
        json!({"uid": "u1", "namespace": "ns", "operation": "CREATE", "object": {"a": 1}});
    client.review("a-b-c", request.clone()).await;
    client.review("d-e-f", request).await;
    bench.running.stop().await;
    let file = folder.path().join("journal/runs-00000001.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let contexts: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["contexts"].take())
        .collect();
    let names = |last: &str| json!({"group": "", "version": "", last: ""});
    let request = json!({"uid": "u1", "kind": names("kind"), "resource": names("resource"), "namespace": "ns", "operation": "CREATE",
        "userInfo": {}, "object": {"a": 1}, "oldObject": null, "options": null});
    assert_eq!(
        contexts,
        [
            json!([{"binding": "a.b.c", "type": "Mutating", "review": {"request": request}, "snapshots": {"maps": [{"filterResult": "1"}]}}]),
            json!([{"binding": "d.e.f", "type": "Validating", "review": {"request": request}}]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_late_is_answered_for_and_keeps_nobody_else_waiting() {
    let cluster = cluster(&[ns()]).await;
    let slow = hook(
        "kubernetesValidating",
        "spin.example.com",
        json!({"timeoutSeconds": 1}),
    );
    let hooks = [("spin", slow), ("allow", validating("allow.example.com"))];
    let mut bench = serve(&cluster, &hooks).await;
    let client = Client::of(&bench).await;
    let spinning = tokio::spawn({
        let client = client.clone();
        async move { client.review("spin-example-com", json!({})).await }
    });
    assert_eq!(bench.started("spin").await, 1);
    assert_eq!(
        client.review("allow-example-com", json!({})).await["allowed"],
        true
    );
    assert!(!spinning.is_finished());
    let answer = spinning.await.unwrap();
    assert_eq!(
        answer,
        refused(500, "hook `spin` did not answer within 0.9 s")
    );
    // The run itself is ended, too.
    assert!(failed(&bench.run("spin").await));
    assert!(counted(
        &bench,
        r#"webhook_requests_total{kind="validating",outcome="late",webhook="spin.example.com"} 1"#
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_line_full_is_told_at_once() {
    let cluster = cluster(&[ns()]).await;
    let slow = hook(
        "kubernetesValidating",
        "spin.example.com",
        json!({"timeoutSeconds": 1}),
    );
    let hooks = [("spin", slow), ("allow", validating("allow.example.com"))];
    let mut webhook = options();
    (webhook.limits.runs, webhook.limits.waiting) = (1, 0);
    let mut bench = serve_with(&cluster, &hooks, webhook, |_| {}).await;
    let client = Client::of(&bench).await;
    let spinning = tokio::spawn({
        let client = client.clone();
        async move { client.review("spin-example-com", json!({})).await }
    });
    assert_eq!(bench.started("spin").await, 1);
    assert_eq!(
        client.review("allow-example-com", json!({})).await,
        refused(
            429,
            "hook `allow` was not asked: too many requests wait for hooks"
        )
    );
    spinning.await.unwrap();
    bench.run("spin").await;
    until("a place", async || {
        client.review("allow-example-com", json!({})).await["allowed"] == true
    })
    .await;
}

/// B6: webhook runs take tokens, and a run whose token comes too late is not begun.
#[tokio::test(flavor = "multi_thread")]
async fn rate_limits_hold_for_webhooks() {
    let cluster = cluster(&[ns()]).await;
    let mut config = validating("a.b.c");
    config["settings"] = json!({"executionMinInterval": "1h", "executionBurst": 2});
    let bench = serve(&cluster, &[("allow", config)]).await;
    let client = Client::of(&bench).await;
    for _ in 0..2 {
        assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
    }
    for _ in 0..2 {
        let answer = client.review("a-b-c", json!({})).await;
        assert_eq!(
            answer,
            refused(500, "hook `allow` did not answer within 9 s")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_servers_own_patience_counts_too() {
    let cluster = cluster(&[ns()]).await;
    let bench = serve(&cluster, &[("spin", validating("a.b.c"))]).await;
    let client = Client::of(&bench).await;
    let answer = client.review("a-b-c?timeout=500ms", json!({})).await;
    assert_eq!(
        answer,
        refused(500, "hook `spin` did not answer within 0.45 s")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_webhook_answers_for_its_namespace_only() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("allow", validating("a.b.c"))];
    let bench = serve_with(&cluster, &hooks, options(), |options| {
        options.hooks[0].tenant = Some(hookbox_operator::Tenant {
            namespace: "team".to_owned(),
            service_account: "hooks".to_owned(),
        });
    })
    .await;
    let client = Client::of(&bench).await;
    let own = client.review("a-b-c", json!({"namespace": "team"})).await;
    assert_eq!(own["allowed"], true);
    for other in ["ns", ""] {
        assert_eq!(
            client.review("a-b-c", json!({"namespace": other})).await,
            refused(403, "webhook `a.b.c` answers for namespace `team` only")
        );
    }
    let config = object(&cluster, VALIDATING).await.unwrap();
    assert_eq!(
        config["webhooks"][0]["namespaceSelector"]["matchExpressions"],
        json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team"]}])
    );
    assert_eq!(config["webhooks"][0]["rules"][0]["scope"], "Namespaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_that_come_before_snapshots_are_known_wait_for_them() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let mut config = hook(
        "kubernetesValidating",
        "a.b.c",
        json!({"includeSnapshotsFrom": ["switch"]}),
    );
    config["kubernetes"] = json!([binding(
        "switch",
        json!({"executeHookOnSynchronization": false})
    )]);
    let webhook = options();
    let bench = Bench::with(&cluster, &[("switch", config)], |options| {
        options.webhook = Some(webhook);
    })
    .await;
    // The operator is asked as soon as the API server knows of it, ready or not.
    let client = Client::of(&bench).await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
}
