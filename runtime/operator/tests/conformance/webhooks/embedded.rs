//! The embedded cluster with webhooks behind it: conversion on every way to an object, services, conditions, scales, and
//! versions that are equivalent.

use hookbox_operator::webhook::Reach;
use http::Request;
use kube::client::Body;
use serde_json::{Value, json};

use super::client::*;
use super::conversion::{CRD, converting};
use crate::support::*;

async fn send(
    cluster: &hookbox_cluster::Cluster,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let media = match method {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media)
        .body(Body::from(body.to_string().into_bytes()))
        .unwrap();
    let (head, body) = cluster.client().send(request).await.unwrap().into_parts();
    let body = body.collect_bytes().await.unwrap();
    (
        head.status.as_u16(),
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

fn things(version: &str, name: &str) -> String {
    format!("/apis/g.io/{version}/namespaces/ns/things{name}")
}

fn thing(version: &str, name: &str) -> Value {
    json!({"apiVersion": format!("g.io/{version}"), "kind": "Thing", "metadata": {"name": name, "namespace": "ns"}, "spec": {"way": ""}})
}

/// Things in three versions, of which `v1` is kept.
fn definition() -> Value {
    let version = |name: &str| {
        json!({"name": name, "served": true, "storage": name == "v1", "schema": {"openAPIV3Schema":
            {"type": "object", "properties": {"spec": {"type": "object", "properties": {"way": {"type": "string"}}}}}}})
    };
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.g.io"},
        "spec": {"group": "g.io", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
            "versions": [version("v1"), version("v2"), version("v3")]}})
}

const BOTH_WAYS: &[(&str, &str)] = &[("v1", "v2"), ("v2", "v1"), ("v2", "v3"), ("v3", "v2")];

async fn converted(cluster: &hookbox_cluster::Cluster) {
    until("the conversion", async || {
        let found = object(cluster, CRD).await.unwrap();
        found["spec"]["conversion"]["strategy"] == "Webhook"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_converted_on_every_way_to_them() {
    let early = thing("v3", "early");
    let cluster = cluster(&[ns(), definition(), early]).await;
    let bench = serve(&cluster, &[("convert", converting(BOTH_WAYS))]).await;
    converted(&cluster).await;

    // A seed stays in its version until somebody writes it.
    let (_, early) = send(&cluster, "GET", &things("v3", "/early"), &Value::Null).await;
    assert_eq!(early["spec"]["way"], "");
    let (_, early) = send(&cluster, "GET", &things("v1", "/early"), &Value::Null).await;
    assert_eq!(early["spec"]["way"], "v2>v1 v3>v2 ", "{early}");
    assert_eq!(early["apiVersion"], "g.io/v1");

    // Written in another version than it is kept in: it comes back as it went, by way of the one that is kept.
    let (code, made) = send(&cluster, "POST", &things("v2", ""), &thing("v2", "a")).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["apiVersion"], "g.io/v2");
    assert_eq!(made["spec"]["way"], "v1>v2 v2>v1 ");
    let kept = cluster
        .objects()
        .into_iter()
        .find(|o| o["metadata"]["name"] == "a");
    assert_eq!(kept.unwrap()["apiVersion"], "g.io/v1");

    let patch = json!({"metadata": {"labels": {"l": "1"}}, "spec": {"way": ""}});
    let (code, patched) = send(&cluster, "PATCH", &things("v3", "/a"), &patch).await;
    assert_eq!(code, 200, "{patched}");
    assert_eq!(patched["spec"]["way"], "v2>v3 v1>v2 v2>v1 v3>v2 ");
    assert_eq!(patched["metadata"]["labels"], json!({"l": "1"}));

    let (_, list) = send(
        &cluster,
        "GET",
        &things("v3", "?labelSelector=l"),
        &Value::Null,
    )
    .await;
    assert_eq!(list["items"][0]["apiVersion"], "g.io/v3");
    let (_, all) = send(&cluster, "GET", &things("v2", ""), &Value::Null).await;
    let versions = all["items"].as_array().unwrap().iter();
    assert!(versions.clone().all(|o| o["apiVersion"] == "g.io/v2") && versions.count() == 2);

    // A watch of another version, from what is there and then on.
    let request = Request::get(things("v3", "?watch=true&timeoutSeconds=60"))
        .body(Vec::new())
        .unwrap();
    let lines = cluster.client().request_stream(request).await.unwrap();
    let mut lines = futures::AsyncBufReadExt::lines(lines);
    let mut next = async || -> Value {
        let line = futures::StreamExt::next(&mut lines);
        serde_json::from_str(&patiently("an event", line).await.unwrap().unwrap()).unwrap()
    };
    for _ in 0..2 {
        assert_eq!(next().await["object"]["apiVersion"], "g.io/v3");
    }
    assert_eq!(
        send(&cluster, "DELETE", &things("v1", "/a"), &json!({}))
            .await
            .0,
        200
    );
    let deleted = next().await;
    assert_eq!(deleted["type"], "DELETED");
    assert_eq!(deleted["object"]["apiVersion"], "g.io/v3", "{deleted}");

    // Nobody converts any more: what needs no conversion still works, the rest says why it does not.
    bench.running.stop().await;
    assert_eq!(
        send(&cluster, "GET", &things("v3", "/early"), &Value::Null)
            .await
            .0,
        200
    );
    let (code, failed) = send(&cluster, "GET", &things("v1", "/early"), &Value::Null).await;
    assert_eq!(code, 500);
    let message = failed["message"].as_str().unwrap();
    let start = "Internal error occurred: conversion webhook for g.io/v3, Kind=Thing failed: Post \"https://127.0.0.1:";
    assert!(message.starts_with(start), "{message}");
    apply(&cluster, &[thing("v1", "late")]).await;
    let event = next().await;
    assert_eq!(
        (&event["type"], &event["object"]["code"]),
        (&json!("ERROR"), &json!(500))
    );
    let end = patiently("the end", futures::StreamExt::next(&mut lines)).await;
    assert!(end.is_none(), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_that_fails_is_told_to_who_asked() {
    let cluster = cluster(&[ns(), definition(), thing("v1", "a")]).await;
    let hooks = [
        ("fail", converting(&[("v1", "v2")])),
        ("rename", converting(&[("v1", "v3")])),
    ];
    let _bench = serve(&cluster, &hooks).await;
    converted(&cluster).await;
    for (version, why) in [
        ("v2", "failed: Hook failed to convert to v2: as asked"),
        ("v3", "failed: hook `rename` converted to v3 wrongly: "),
    ] {
        for path in [things(version, "/a"), things(version, "")] {
            let (code, failed) = send(&cluster, "GET", &path, &Value::Null).await;
            assert_eq!(code, 500, "{failed}");
            let message = failed["message"].as_str().unwrap();
            let all = format!(
                "Internal error occurred: conversion webhook for g.io/v1, Kind=Thing {why}"
            );
            assert!(message.starts_with(&all), "{message}");
        }
    }
    // What cannot be kept is not made.
    let (code, failed) = send(&cluster, "POST", &things("v2", ""), &thing("v2", "b")).await;
    assert_eq!(code, 500, "{failed}");
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("no hook converts from g.io/v2 to g.io/v1"),
        "{failed}"
    );
    assert_eq!(
        send(&cluster, "GET", &things("v1", "/b"), &Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn services_lead_where_they_are_said_to() {
    let cluster = cluster(&[ns(), definition(), thing("v1", "a")]).await;
    let mut webhook = options();
    webhook.reach = Reach::Service;
    webhook.namespace = Some("ns".to_owned());
    webhook.secret = None;
    let hooks = [
        ("convert", converting(BOTH_WAYS)),
        ("deny", validating("maps.example.com")),
    ];
    let bench = serve_with(&cluster, &hooks, webhook, |_| {}).await;
    converted(&cluster).await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "ns"}});
    let maps = "/api/v1/namespaces/ns/configmaps";
    let (code, nowhere) = send(&cluster, "POST", maps, &map).await;
    assert_eq!(code, 500);
    assert!(
        nowhere["message"]
            .as_str()
            .unwrap()
            .contains("no endpoints available for service \"ns/hookbox-webhook\""),
        "{nowhere}"
    );

    cluster.lead_service(
        "ns",
        "hookbox-webhook",
        Some(bench.running.webhook_addrs()[0]),
    );
    let (code, denied) = send(&cluster, "POST", maps, &map).await;
    assert_eq!(
        (code, &denied["message"]),
        (
            403,
            &json!(
                "admission webhook \"maps.example.com\" denied the request: maps.example.com says no"
            )
        )
    );
    let (code, found) = send(&cluster, "GET", &things("v3", "/a"), &Value::Null).await;
    assert_eq!(
        (code, &found["spec"]["way"]),
        (200, &json!("v2>v3 v1>v2 ")),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_decide_who_is_asked() {
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}]);
    let conditions = |expressions: &[&str], policy: &str, label: &str| {
        let all: Vec<Value> = expressions
            .iter()
            .enumerate()
            .map(|(i, e)| json!({"name": format!("c{i}"), "expression": e}))
            .collect();
        hook(
            "kubernetesValidating",
            &format!("{label}.example.com"),
            json!({
            "rules": rules, "matchConditions": all, "failurePolicy": policy, "labelSelector": {"matchLabels": {"ask": label}}}),
        )
    };
    let cluster = cluster(&[ns()]).await;
    let hooks = [
        (
            "deny",
            conditions(
                &["object.data.a == '1'", "request.operation == 'CREATE'"],
                "Fail",
                "both",
            ),
        ),
        (
            "deny-2",
            conditions(&["object.none.none == 1"], "Fail", "strict"),
        ),
        (
            "deny-3",
            conditions(&["object.none.none == 1"], "Ignore", "lenient"),
        ),
    ];
    let _bench = serve(&cluster, &hooks).await;
    let make = async |name: &str, label: &str, a: &str| {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"ask": label}}, "data": {"a": a}});
        send(&cluster, "POST", "/api/v1/namespaces/ns/configmaps", &map).await
    };
    assert_eq!(make("a", "both", "1").await.0, 403);
    assert_eq!(make("b", "both", "2").await.0, 201);
    // Not the operation of the second condition.
    let patch = json!({"data": {"a": "1"}});
    assert_eq!(
        send(
            &cluster,
            "PATCH",
            "/api/v1/namespaces/ns/configmaps/b",
            &patch
        )
        .await
        .0,
        200
    );
    let (code, strict) = make("c", "strict", "").await;
    let message = strict["message"].as_str().unwrap();
    assert_eq!(code, 403, "{message}");
    assert!(
        message.starts_with("configmaps \"c\" is forbidden: match condition \"c0\": "),
        "{message}"
    );
    assert_eq!(make("d", "lenient", "").await.0, 201);

    // A mistake is found when it is written.
    let mut config = object(&cluster, VALIDATING).await.unwrap();
    config["webhooks"][0]["matchConditions"][0]["expression"] = json!("a ==");
    let (code, refused) = send(&cluster, "PUT", VALIDATING, &config).await;
    assert_eq!(code, 422);
    assert!(
        refused["message"].as_str().unwrap().contains(
            "webhooks[0].matchConditions[0].expression: Invalid value: \"a ==\": compilation failed"
        ),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scale_is_reviewed_as_a_scale() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "ns"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let cluster = cluster(&[ns(), deployment]).await;
    let rules = json!([{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments/scale"], "operations": ["UPDATE"]}]);
    let hooks = [(
        "echo",
        hook(
            "kubernetesValidating",
            "scale.example.com",
            json!({"rules": rules}),
        ),
    )];
    let _bench = serve(&cluster, &hooks).await;
    let path = "/apis/apps/v1/namespaces/ns/deployments/d";
    let scale = json!({"spec": {"replicas": 5}});
    let (code, denied) = send(&cluster, "PATCH", &format!("{path}/scale"), &scale).await;
    assert_eq!(code, 403);
    let message = denied["message"].as_str().unwrap();
    let (_, request) = message.split_once("denied the request: ").unwrap();
    let request: Value = serde_json::from_str(request).unwrap();
    assert_eq!(
        request["kind"],
        json!({"group": "autoscaling", "version": "v1", "kind": "Scale"})
    );
    assert_eq!(
        request["resource"],
        json!({"group": "apps", "version": "v1", "resource": "deployments"})
    );
    assert_eq!(
        (&request["subResource"], &request["name"]),
        (&json!("scale"), &json!("d"))
    );
    assert_eq!(request["object"]["kind"], "Scale");
    assert_eq!(
        (&request["object"]["spec"], &request["oldObject"]["spec"]),
        (&json!({"replicas": 5}), &json!({"replicas": 1}))
    );
    // The deployment itself is not what the webhook is asked about.
    assert_eq!(send(&cluster, "PATCH", path, &scale).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_sees_its_own_version_of_what_is_written_in_another() {
    let cluster = cluster(&[ns(), definition()]).await;
    let rules = json!([{"apiGroups": ["g.io"], "apiVersions": ["v1"], "resources": ["things"], "operations": ["CREATE"]}]);
    let hooks = [
        ("convert", converting(BOTH_WAYS)),
        (
            "echo",
            hook(
                "kubernetesValidating",
                "things.example.com",
                json!({"rules": rules, "labelSelector": {"matchLabels": {"ask": "echo"}}}),
            ),
        ),
        (
            "patch",
            hook(
                "kubernetesMutating",
                "change.example.com",
                json!({"rules": rules, "labelSelector": {"matchExpressions": [{"key": "ask", "operator": "DoesNotExist"}]}}),
            ),
        ),
    ];
    let _bench = serve(&cluster, &hooks).await;
    converted(&cluster).await;
    // Changed as v1, and given back as v2.
    let (code, made) = send(&cluster, "POST", &things("v2", ""), &thing("v2", "a")).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["metadata"]["labels"], json!({"patched": "yes"}));
    assert_eq!(made["apiVersion"], "g.io/v2");

    let mut asked = thing("v3", "b");
    asked["metadata"]["labels"] = json!({"ask": "echo"});
    let (code, denied) = send(&cluster, "POST", &things("v3", ""), &asked).await;
    assert_eq!(code, 403, "{denied}");
    let message = denied["message"].as_str().unwrap();
    let (_, request) = message.split_once("denied the request: ").unwrap();
    let request: Value = serde_json::from_str(request).unwrap();
    assert_eq!(request["kind"]["version"], "v1");
    assert_eq!(request["requestKind"]["version"], "v3");
    assert_eq!(request["object"]["apiVersion"], "g.io/v1");
    assert_eq!(request["object"]["spec"]["way"], "v2>v1 v3>v2 ");
}
