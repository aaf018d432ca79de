//! BEHAVIOUR D1 and D2: what the API server is told.

use hookbox_operator::webhook::Reach;
use serde_json::{Value, json};

use super::client::*;
use crate::support::*;

/// What the cluster has, without the authority and what the API server adds.
async fn webhooks(cluster: &hookbox_cluster::Cluster, path: &str) -> Value {
    let mut config = object(cluster, path).await.unwrap();
    let mut webhooks = config["webhooks"].take();
    for webhook in webhooks.as_array_mut().unwrap() {
        let config = webhook["clientConfig"].as_object_mut().unwrap();
        assert!(config.remove("caBundle").is_some());
    }
    webhooks
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_have_every_field_of_the_bindings() {
    let cluster = cluster(&[ns()]).await;
    let full = hook(
        "kubernetesValidating",
        "full.example.com",
        json!({
            "failurePolicy": "Ignore", "sideEffects": "NoneOnDryRun", "timeoutSeconds": 7,
            "labelSelector": {"matchLabels": {"a": "b"}}, "namespace": {"labelSelector": {"matchExpressions": [{"key": "c", "operator": "Exists"}]}},
            "matchConditions": [{"name": "d", "expression": "true"}],
            "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "resources": ["deployments/scale"], "operations": ["CREATE", "UPDATE"], "scope": "Namespaced"}],
        }),
    );
    let hooks = [
        ("allow", full),
        ("allow-2", validating("plain.example.com")),
        (
            "allow-3",
            hook("kubernetesMutating", "Mutates.example.com_x", json!({})),
        ),
    ];
    let mut webhook = options();
    webhook.reach = Reach::Service;
    webhook.namespace = Some("ns".to_owned());
    let _bench = serve_with(&cluster, &hooks, webhook, |_| {}).await;
    let plain = |path: &str| json!({"service": {"namespace": "ns", "name": "hookbox-webhook", "path": path, "port": 443}});
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"], "scope": "*"}]);
    let versions = json!(["v1", "v1beta1"]);
    assert_eq!(
        webhooks(&cluster, VALIDATING).await,
        json!([
            {"name": "full.example.com", "clientConfig": plain("/hooks/full-example-com"), "failurePolicy": "Ignore", "sideEffects": "NoneOnDryRun",
             "timeoutSeconds": 7, "objectSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {"matchExpressions": [{"key": "c", "operator": "Exists"}]},
             "matchConditions": [{"name": "d", "expression": "true"}], "matchPolicy": "Equivalent", "admissionReviewVersions": versions,
             "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "resources": ["deployments/scale"], "operations": ["CREATE", "UPDATE"], "scope": "Namespaced"}]},
            {"name": "plain.example.com", "clientConfig": plain("/hooks/plain-example-com"), "failurePolicy": "Fail", "sideEffects": "None",
             "timeoutSeconds": 10, "objectSelector": {}, "namespaceSelector": {}, "matchPolicy": "Equivalent",
             "admissionReviewVersions": versions, "rules": rules},
        ])
    );
    assert_eq!(
        webhooks(&cluster, MUTATING).await,
        json!([
            {"name": "Mutates.example.com_x", "clientConfig": plain("/hooks/-mutates-example-com-x"), "failurePolicy": "Fail", "sideEffects": "None",
             "timeoutSeconds": 10, "objectSelector": {}, "namespaceSelector": {}, "matchPolicy": "Equivalent",
             "reinvocationPolicy": "Never", "admissionReviewVersions": versions, "rules": rules},
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_updated_in_place_and_kept_as_it_should_be() {
    let before = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hookbox-hooks", "annotations": {"kept": "yes"}},
        "webhooks": [{"name": "old.example.com", "clientConfig": {"url": "https://x"}, "sideEffects": "None", "admissionReviewVersions": ["v1"]}],
    });
    let cluster = cluster(&[ns(), before.clone()]).await;
    let bench = serve(&cluster, &[("allow", validating("a.b.c"))]).await;
    let config = object(&cluster, VALIDATING).await.unwrap();
    assert_eq!(config["metadata"]["annotations"], json!({"kept": "yes"}));
    let name = |config: &Value| config["webhooks"][0]["name"].clone();
    assert_eq!(name(&config), "a.b.c");
    // Somebody else writes, or deletes.
    apply(&cluster, &[before]).await;
    let is_ours = async || {
        object(&cluster, VALIDATING)
            .await
            .is_some_and(|c| name(&c) == "a.b.c")
    };
    until("the configuration", is_ours).await;
    delete(&cluster, VALIDATING).await;
    until("the configuration", is_ours).await;
    // Without need nothing is written.
    let revision =
        object(&cluster, VALIDATING).await.unwrap()["metadata"]["resourceVersion"].clone();
    let writes = || {
        let requests = cluster.requests();
        requests
            .iter()
            .filter(|r| r.verb != hookbox_cluster::Verb::Get)
            .count()
    };
    let (before, looks) = (writes(), cluster.requests().len());
    until("some looks", async || cluster.requests().len() > looks + 10).await;
    assert_eq!(writes(), before);
    let now = object(&cluster, VALIDATING).await.unwrap();
    assert_eq!(now["metadata"]["resourceVersion"], revision);
    // Not asked for, it stays.
    bench.running.stop().await;
    assert!(object(&cluster, VALIDATING).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_is_taken_back_when_that_is_asked_for() {
    let foreign = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "hookbox-hooks"}, "webhooks": [],
    });
    let cluster = cluster(&[
        ns(),
        foreign,
        definition("g.io", "Thing", "Namespaced", "v1"),
    ])
    .await;
    let mut config = validating("a.b.c");
    config["kubernetesCustomResourceConversion"] = json!([{"name": "c", "crdName": "things.g.io", "conversions": [{"fromVersion": "v1", "toVersion": "v2"}]}]);
    let mut webhook = options();
    webhook.unregister = true;
    let bench = serve_with(&cluster, &[("allow", config)], webhook, |_| {}).await;
    let crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.g.io";
    let strategy = async || {
        let crd = object(&cluster, crd).await.unwrap();
        crd["spec"]["conversion"]["strategy"].clone()
    };
    until("the conversion", async || strategy().await == "Webhook").await;
    assert!(bench.running.stop().await);
    assert!(object(&cluster, VALIDATING).await.is_none());
    assert!(object(&cluster, MUTATING).await.is_some(), "it is not ours");
    assert_eq!(strategy().await, "None");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_whose_hooks_are_gone_goes_too() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("allow", validating("a.b.c"))];
    serve(&cluster, &hooks).await.running.stop().await;
    assert!(object(&cluster, VALIDATING).await.is_some());
    let hooks = [("allow", hook("kubernetesMutating", "a.b.c", json!({})))];
    let _bench = serve(&cluster, &hooks).await;
    until("the end of the old one", async || {
        object(&cluster, VALIDATING).await.is_none()
    })
    .await;
    assert!(object(&cluster, MUTATING).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_comes_later_is_waited_for() {
    let cluster = cluster(&[ns()]).await;
    let config = json!({"kubernetesCustomResourceConversion": [{"name": "c", "crdName": "things.g.io", "conversions": [{"fromVersion": "v1", "toVersion": "v2"}]}]});
    let bench = serve(&cluster, &[("allow", config)]).await;
    let page = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(
        page.contains("without CustomResourceDefinition things.g.io: it is not there yet"),
        "{page}"
    );
    apply(&cluster, &[definition("g.io", "Thing", "Namespaced", "v1")]).await;
    let crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.g.io";
    until("the conversion", async || {
        let crd = object(&cluster, crd).await.unwrap();
        crd["spec"]["conversion"]["webhook"]["conversionReviewVersions"] == json!(["v1", "v1beta1"])
    })
    .await;
    until("the line to go", async || {
        let page = get(bench.running.http_addr().unwrap(), "/readyz").await;
        !page.contains("without")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_would_clash_are_told_apart_or_left_out() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [
        ("allow", validating("a.b.c")),
        ("deny", validating("a.b.c")),
        ("deny-2", validating("a-b.c.d")),
        ("deny-3", validating("a.b-c.d")),
    ];
    let bench = serve(&cluster, &hooks).await;
    let config = object(&cluster, VALIDATING).await.unwrap();
    let names: Vec<_> = config["webhooks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a.b.c", "a-b.c.d", "a.b-c.d"]);
    let client = Client::of(&bench).await;
    assert_eq!(client.review("a-b-c", json!({})).await["allowed"], true);
    for (id, name) in [("a-b-c-d", "a-b.c.d"), ("a-b-c-d-2", "a.b-c.d")] {
        let message = client.review(id, json!({})).await["status"]["message"].clone();
        assert_eq!(message, format!("{name} says no"));
    }
    let page = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(
        page.contains("without hook deny: webhook `a.b.c` is left out"),
        "{page}"
    );
}
