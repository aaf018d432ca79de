//! The embedded cluster asks webhooks itself, as a real one does.

use http::Request;
use kube::client::Body;
use serde_json::{Value, json};

use super::client::*;
use crate::support::*;

struct Answer {
    status: u16,
    warnings: Vec<String>,
    body: Value,
}

async fn send(bench: &Bench, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap();
    let (head, body) = bench
        .cluster
        .client()
        .send(request)
        .await
        .unwrap()
        .into_parts();
    let warnings = head.headers.get_all("warning").iter();
    Answer {
        status: head.status.as_u16(),
        warnings: warnings
            .map(|w| String::from_utf8_lossy(w.as_bytes()).into_owned())
            .collect(),
        body: serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap_or_default(),
    }
}

const MAPS: &str = "/api/v1/namespaces/ns/configmaps";

/// A ConfigMap that the webhook of this label is asked about.
fn map(name: &str, label: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ns", "labels": {"ask": label}}})
}

fn labelled(kind: &str, label: &str, operations: &[&str], more: Value) -> Value {
    let mut fields = json!({
        "labelSelector": {"matchLabels": {"ask": label}},
        "rules": [{"apiGroups": [""], "apiVersions": ["*"], "resources": ["configmaps"], "operations": operations}],
    });
    for (key, value) in more.as_object().unwrap() {
        fields[key] = value.clone();
    }
    hook(kind, &format!("{label}.example.com"), fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hooks_answer_decides() {
    let cluster = cluster(&[ns(), namespace("other", json!({"out": "yes"}))]).await;
    let elsewhere = json!({"namespace": {"labelSelector": {"matchExpressions": [{"key": "out", "operator": "DoesNotExist"}]}}});
    let hooks = [
        (
            "deny",
            labelled("kubernetesValidating", "deny", &["*"], elsewhere),
        ),
        (
            "warn",
            labelled("kubernetesValidating", "warn", &["CREATE"], json!({})),
        ),
        (
            "patch",
            labelled(
                "kubernetesMutating",
                "patch",
                &["CREATE", "UPDATE"],
                json!({}),
            ),
        ),
        (
            "deny-2",
            labelled("kubernetesValidating", "keep", &["DELETE"], json!({})),
        ),
        (
            "fail",
            labelled(
                "kubernetesValidating",
                "lenient",
                &["CREATE"],
                json!({"failurePolicy": "Ignore"}),
            ),
        ),
    ];
    let bench = serve(&cluster, &hooks).await;

    let denied = send(&bench, "POST", MAPS, &map("a", "deny")).await;
    assert_eq!(denied.status, 403);
    assert_eq!(
        denied.body["message"],
        "admission webhook \"deny.example.com\" denied the request: deny.example.com says no"
    );
    assert!(object(&cluster, &format!("{MAPS}/a")).await.is_none());
    let other = send(&bench, "POST", &MAPS.replace("/ns/", "/other/"), &{
        let mut map = map("a", "deny");
        map["metadata"]["namespace"] = json!("other");
        map
    })
    .await;
    assert_eq!(other.status, 201, "{}", other.body);

    let warned = send(&bench, "POST", MAPS, &map("b", "warn")).await;
    assert_eq!(warned.status, 201);
    assert_eq!(warned.warnings[0], "299 - \"careful\"");
    // An update is not asked about.
    let path = format!("{MAPS}/b");
    assert!(
        send(&bench, "PUT", &path, &map("b", "warn"))
            .await
            .warnings
            .is_empty()
    );

    let patched = send(&bench, "POST", MAPS, &map("c", "patch")).await;
    assert_eq!(
        patched.body["metadata"]["labels"],
        json!({"patched": "yes"})
    );

    // What escapes by a change of labels is asked about all the same.
    assert_eq!(
        send(&bench, "POST", MAPS, &map("d", "keep")).await.status,
        201
    );
    let kept = send(&bench, "DELETE", &format!("{MAPS}/d"), &json!({})).await;
    assert_eq!(kept.status, 403, "{}", kept.body);
    let all = send(&bench, "DELETE", MAPS, &json!({})).await;
    assert_eq!(all.status, 403, "{}", all.body);
    assert!(object(&cluster, &format!("{MAPS}/d")).await.is_some());

    let ignored = send(&bench, "POST", MAPS, &map("e", "lenient")).await;
    assert_eq!((ignored.status, ignored.warnings.len()), (201, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_the_failure_policy_decides() {
    let cluster = cluster(&[ns()]).await;
    let ignore = json!({"failurePolicy": "Ignore"});
    let hooks = [
        (
            "allow",
            labelled("kubernetesValidating", "strict", &["CREATE"], json!({})),
        ),
        (
            "allow-2",
            labelled("kubernetesValidating", "lenient", &["CREATE"], ignore),
        ),
    ];
    let bench = serve(&cluster, &hooks).await;
    assert_eq!(
        send(&bench, "POST", MAPS, &map("a", "strict")).await.status,
        201
    );
    // Nobody listens where the webhooks are said to be.
    let mut config = object(&cluster, VALIDATING).await.unwrap();
    let Bench {
        cluster, running, ..
    } = bench;
    running.stop().await;
    config["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    let bench = Bench::start(&cluster, &[("allow", json!({"onStartup": 1}))]).await;
    let failed = send(&bench, "POST", MAPS, &map("b", "strict")).await;
    assert_eq!(failed.status, 500);
    let message = failed.body["message"].as_str().unwrap();
    assert!(message.contains("failed calling webhook \"strict.example.com\": failed to call webhook: Post \"https://127.0.0.1:"), "{message}");
    assert_eq!(
        send(&bench, "POST", MAPS, &map("c", "lenient"))
            .await
            .status,
        201
    );
    // There is no network behind services.
    let service = json!({"service": {"namespace": "ns", "name": "s", "path": "/x"}});
    config["webhooks"][0]["clientConfig"] = service;
    apply(&cluster, &[config]).await;
    let failed = send(&bench, "POST", MAPS, &map("d", "strict")).await;
    assert_eq!(failed.status, 500);
}
