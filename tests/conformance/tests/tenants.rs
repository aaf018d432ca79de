//! A tenant's webhook on the real API server: it is asked about its own namespace only, and its registration says so.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use hookbox_jq::Jq;
use hookbox_operator::webhook::{Reach, WebhookOptions};
use hookbox_operator::{HookSource, HookSpec, Operator, OperatorEvent, Options, Tenant};
use hookbox_sandbox::{HookDefinition, Sandbox, Settings};
use hookbox_tests::operator::Hooks;
use hookbox_tests::{RealCluster, wait};
use http::Request;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, sleep};

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let media = match method {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media)
        .body(Body::from(body.to_string().into_bytes()))
        .expect("a request");
    let (head, body) = client.send(request).await.expect("an answer").into_parts();
    let body = body.collect_bytes().await.expect("a body");
    let body = serde_json::from_slice(&body).unwrap_or_default();
    (head.status.as_u16(), body)
}

/// How many reviews were answered since the last look.
fn reviews(events: &mut Receiver<Arc<OperatorEvent>>) -> usize {
    let mut found = 0;
    while let Ok(event) = events.try_recv() {
        found += usize::from(matches!(&*event, OperatorEvent::ReviewAnswered { .. }));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_webhook_is_asked_about_its_own_namespace_only() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let (team, other) = (
        cluster.namespace("team").await,
        cluster.namespace("other").await,
    );
    let client = cluster.client().await;
    let hooks = Hooks::build(&["tests/webhooks"]).await;
    let component = std::fs::read_dir(hooks.folder())
        .expect("the hooks")
        .map(|entry| entry.expect("a file").path())
        .find(|path| path.extension().is_some_and(|e| e == "wasm"))
        .expect("a component");
    // As much as a webhook can ask for.
    let config = json!({"configVersion": "v1", "kubernetesValidating": [{
        "name": "guard.test.example.com",
        "labelSelector": {"matchLabels": {"tenant": team}},
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "scope": "*", "resources": ["configmaps", "namespaces", "clusterroles"]}],
    }]});
    let spec = HookSpec {
        source: HookSource::file(&component),
        definitions: Some(vec![HookDefinition {
            name: "guard".to_owned(),
            config: config.to_string(),
        }]),
        tenant: Some(Tenant {
            namespace: team.clone(),
            service_account: "default".to_owned(),
        }),
    };
    let mut webhook = WebhookOptions::default();
    webhook.configuration = team.clone();
    webhook.admission.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    webhook.conversion = None;
    webhook.reach = Reach::Listener;
    webhook.secret = None;
    webhook.unregister = true;
    let mut options = Options::default();
    options.client = Some(client.clone());
    options.hooks = vec![spec];
    options.webhook = Some(webhook);
    let sandbox = Sandbox::new(Settings::default()).expect("a sandbox");
    let jq = Jq::new(&sandbox).expect("jq");
    let running = Operator::start(options, sandbox, jq)
        .await
        .expect("started");
    let mut events = running.events();

    let labels = json!({"tenant": team});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-", "labels": labels}, "data": {"wish": "deny"}});
    let maps = |namespace: &str| format!("/api/v1/namespaces/{namespace}/configmaps");
    // The API server follows the configuration with a delay.
    let end = Instant::now() + wait::LIMIT;
    loop {
        let (code, answer) = send(&client, "POST", &maps(&team), &map).await;
        if code == 403 {
            let denied =
                "admission webhook \"guard.test.example.com\" denied the request: as asked";
            assert_eq!(answer["message"], denied);
            break;
        }
        assert!(Instant::now() < end, "{answer}");
        sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(reviews(&mut events) > 0);

    // Another namespace, and what is in none: the tenant's own namespace as an object, too.
    assert_eq!(send(&client, "POST", &maps(&other), &map).await.0, 201);
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": team, "labels": labels}, "rules": []});
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    assert_eq!(send(&client, "POST", roles, &role).await.0, 201);
    let path = format!("/api/v1/namespaces/{team}");
    let label = json!({"metadata": {"labels": labels}});
    assert_eq!(send(&client, "PATCH", &path, &label).await.0, 200);
    assert_eq!(
        send(&client, "DELETE", &format!("{roles}/{team}"), &json!({}))
            .await
            .0,
        200
    );
    assert_eq!(reviews(&mut events), 0);
    // It is still asked about its own.
    assert_eq!(send(&client, "POST", &maps(&team), &map).await.0, 403);
    assert_eq!(reviews(&mut events), 1);

    let path = format!(
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{team}-hooks"
    );
    let (_, registered) = send(&client, "GET", &path, &Value::Null).await;
    let webhook = &registered["webhooks"][0];
    assert_eq!(
        webhook["namespaceSelector"],
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": [team]}]})
    );
    assert_eq!(webhook["rules"][0]["scope"], "Namespaced");
    running.stop().await;
    assert_eq!(send(&client, "GET", &path, &Value::Null).await.0, 404);
}
