//! Admission webhooks of Hook objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_operator::leader::LeaderOptions;
use kube::core::Status;

use super::*;
use crate::webhooks::client::{Client, object, options as served, until};

const GUARD: &str = "/tenants/team-a/probe/guard-test-example-com";

/// The component of `tests/webhooks`.
pub(super) fn guards() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/webhooks");
    hookbox_guest_builder::component(&folder, "hookbox_test_webhooks").unwrap()
}

fn configuration(kind: &str, name: &str) -> String {
    format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{name}")
}

/// Two tenants, of which `team-a` has webhooks, under a policy with these fields.
async fn with_guards(spec: Value) -> Cluster {
    let cluster = two_tenants().await;
    apply(
        &cluster,
        &[
            policy(spec),
            teams::component("team-a", &guards()),
            hook("team-a", json!({})),
        ],
    )
    .await;
    cluster
}

async fn serving(cluster: &Cluster) -> Tenants {
    Tenants::with(cluster, |options| options.webhook = Some(served())).await
}

impl Tenants {
    /// Waits until the webhooks of `team-a` are registered. Its conversions are not served.
    async fn registered(&self) -> Value {
        self.condition("team-a", "WebhooksServed", "False", "LeftOut")
            .await
    }

    /// Waits until there is no configuration of the Hook.
    async fn taken_back(&self, name: &str) {
        for kind in ["validating", "mutating"] {
            until("the configuration to go", async || {
                object(&self.cluster, &configuration(kind, name))
                    .await
                    .is_none()
            })
            .await;
        }
    }

    /// Creates a ConfigMap as a user would, which webhooks are asked about.
    async fn create(&self, namespace: &str, name: &str, wish: &str) -> Result<Value, Box<Status>> {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace, "labels": {"webhook": "guard"}},
            "data": {"wish": wish},
        });
        let path = format!("/api/v1/namespaces/{namespace}/configmaps");
        let request = http::Request::post(path)
            .header("content-type", "application/json")
            .body(map.to_string().into_bytes())
            .unwrap();
        match self.cluster.client().request(request).await {
            Ok(made) => Ok(made),
            Err(kube::Error::Api(status)) => Err(status),
            Err(error) => panic!("{error}"),
        }
    }
}

const HOOK: &str = "/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/probe";

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_a_tenant_are_asked_about_its_own_namespace_only() {
    let cluster = with_guards(json!({"webhooks": true})).await;
    let tenants = serving(&cluster).await;
    let hook = tenants.registered().await;
    let text = hook["status"]["conditions"].to_string();
    assert!(
        text.contains("conversion `alpha_to_beta` is left out"),
        "{text}"
    );
    let denied = tenants.create("team-a", "a", "deny").await.unwrap_err();
    assert!(denied.message.contains("as asked"), "{denied:?}");
    let made = tenants.create("team-a", "b", "").await.unwrap();
    assert_eq!(made["data"]["stamp"], "yes");
    let made = tenants.create("team-b", "a", "deny").await.unwrap();
    assert_eq!(made["data"], json!({"wish": "deny"}));
    for kind in ["validating", "mutating"] {
        let path = configuration(kind, "hookbox.team-a.probe");
        let found = object(&cluster, &path).await.unwrap();
        assert_eq!(
            found["metadata"]["labels"],
            json!({"app.kubernetes.io/managed-by": "hookbox", "hookbox.dev/operator": "hookbox"})
        );
        for webhook in found["webhooks"].as_array().unwrap() {
            assert_eq!(
                webhook["namespaceSelector"]["matchExpressions"],
                json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team-a"]}])
            );
            assert_eq!(webhook["rules"][0]["scope"], "Namespaced");
            assert_eq!(
                webhook["matchConditions"][0]["expression"],
                "request.resource.group != 'hookbox.dev'"
            );
        }
    }
    assert!(
        tenants
            .running
            .metrics_text()
            .contains(r#"outcome="denied",webhook="team-a/probe/guard.test.example.com"} 1"#),
        "{}",
        tenants.running.metrics_text()
    );
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_on_behalf_of_another_namespace_or_hook_is_refused() {
    let cluster = with_guards(json!({"webhooks": true})).await;
    let tenants = serving(&cluster).await;
    tenants.registered().await;
    let client = client(&cluster, &tenants).await;
    let review = |namespace: &str| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request":
            {"uid": "u1", "namespace": namespace, "operation": "CREATE", "object": {"data": {}}}})
        .to_string()
    };
    let answer = client.post(GUARD, &review("team-a")).await.json();
    assert_eq!(answer["response"]["allowed"], true, "{answer}");
    let answer = client.post(GUARD, &review("team-b")).await.json();
    assert_eq!(answer["response"]["status"]["code"], 403, "{answer}");
    for (path, status) in [
        ("/tenants/team-a/other/guard-test-example-com", 404),
        ("/tenants/team-b/probe/guard-test-example-com", 404),
        ("/tenants/team-a/probe", 404),
        ("/tenants//", 404),
        ("/tenants/team-a/probe/none", 503),
    ] {
        let answer = client.post(path, &review("team-a")).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    // The operator's own hooks have none.
    let answer = client
        .post("/hooks/guard-test-example-com", &review("team-a"))
        .await;
    assert!(answer.body.contains("no hook found"), "{answer:?}");
    tenants.running.stop().await;
}

/// A client that trusts what is registered.
async fn client(cluster: &Cluster, tenants: &Tenants) -> Client {
    let path = configuration("validating", "hookbox.team-a.probe");
    let found = object(cluster, &path).await.unwrap();
    let bundle = found["webhooks"][0]["clientConfig"]["caBundle"].clone();
    let bundle = STANDARD.decode(bundle.as_str().unwrap()).unwrap();
    until("the address", async || {
        !tenants.running.webhook_addrs().is_empty()
    })
    .await;
    let client = Client::new(tenants.running.webhook_addrs()[0], &bundle, None);
    // It listens before it has a certificate: until then it is not ready.
    until("the certificate", async || client.connect().await.is_ok()).await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_and_go_with_the_policy_the_suspension_and_the_hook() {
    let cluster = with_guards(json!({})).await;
    let tenants = serving(&cluster).await;
    let hook = tenants
        .condition("team-a", "WebhooksServed", "False", "NotAllowed")
        .await;
    let digest = &hook["status"]["digest"];
    assert!(tenants.running.webhook_addrs().is_empty());
    assert!(tenants.create("team-a", "a", "deny").await.is_ok());
    apply(&cluster, &[policy(json!({"webhooks": true}))]).await;
    let hook = tenants.registered().await;
    assert_eq!(&hook["status"]["digest"], digest);
    assert!(tenants.create("team-a", "b", "deny").await.is_err());
    // Back, and once more: suspended, and deleted.
    let name = "hookbox.team-a.probe";
    apply(&cluster, &[policy(json!({}))]).await;
    tenants.taken_back(name).await;
    assert!(tenants.create("team-a", "b", "deny").await.is_ok());
    apply(&cluster, &[policy(json!({"webhooks": true}))]).await;
    tenants.registered().await;
    apply(&cluster, &[super::hook("team-a", json!({"suspend": true}))]).await;
    tenants.taken_back(name).await;
    apply(
        &cluster,
        &[super::hook("team-a", json!({"suspend": false}))],
    )
    .await;
    tenants.registered().await;
    delete(&cluster, HOOK).await;
    tenants.taken_back(name).await;
    assert!(tenants.create("team-a", "c", "deny").await.is_ok());
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_hook_from_running_takes_nothing_back() {
    let cluster = with_guards(json!({"webhooks": true})).await;
    let tenants = serving(&cluster).await;
    tenants.registered().await;
    delete(&cluster, "/api/v1/namespaces/team-a/serviceaccounts/runner").await;
    tenants.broken("team-a", "NoServiceAccount").await;
    // Nobody answers: `failurePolicy` decides.
    let failed = tenants.create("team-a", "a", "").await.unwrap_err();
    assert!(
        failed.message.contains("failed calling webhook"),
        "{failed:?}"
    );
    apply(&cluster, &[account("team-a", "runner")]).await;
    tenants.registered().await;
    let made = tenants.create("team-a", "a", "").await.unwrap();
    assert_eq!(made["data"]["stamp"], "yes");
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_hooks_that_are_gone_is_cleared_away_at_the_start() {
    let cluster = two_tenants().await;
    let left = |name: &str, operator: &str| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "hookbox", "hookbox.dev/operator": operator}},
            "webhooks": [],
        })
    };
    let others = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "hookbox.team-a.theirs"}, "webhooks": []});
    apply(
        &cluster,
        &[
            left("hookbox.team-a.gone", "hookbox"),
            left("second.team-a.gone", "second"),
            others,
            policy(json!({})),
        ],
    )
    .await;
    let tenants = serving(&cluster).await;
    tenants.taken_back("hookbox.team-a.gone").await;
    for name in ["second.team-a.gone", "hookbox.team-a.theirs"] {
        let path = configuration("validating", name);
        assert!(object(&cluster, &path).await.is_some(), "{name}");
    }
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_not_ours_is_left_alone_and_said() {
    let cluster = with_guards(json!({"webhooks": true})).await;
    let name = "hookbox.team-a.probe";
    let theirs = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": []});
    apply(&cluster, &[theirs]).await;
    let tenants = serving(&cluster).await;
    let hook = tenants
        .condition("team-a", "WebhooksServed", "False", "NotRegistered")
        .await;
    let text = hook["status"]["conditions"].to_string();
    assert!(text.contains("already exists"), "{text}");
    let path = configuration("validating", name);
    let found = object(&cluster, &path).await.unwrap();
    assert_eq!(found["webhooks"].as_array().map_or(0, Vec::len), 0);
    delete(&cluster, &path).await;
    tenants.registered().await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stands_by_answers_too_and_takes_over() {
    let cluster = with_guards(json!({"webhooks": true})).await;
    let replica = async |name: &'static str| {
        Tenants::with(&cluster, |options| {
            options.webhook = Some(served());
            let mut leader = LeaderOptions::new("default", "hookbox", name);
            leader.retry_period = Duration::from_millis(100);
            options.leader = Some(leader);
        })
        .await
    };
    let first = replica("first").await;
    first.registered().await;
    let second = replica("second").await;
    let client = client(&cluster, &second).await;
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request":
        {"uid": "u1", "namespace": "team-a", "operation": "CREATE", "object": {"data": {"wish": "deny"}}}})
    .to_string();
    let answer = client.post(GUARD, &review).await.json();
    assert_eq!(
        answer["response"]["status"]["message"], "as asked",
        "{answer}"
    );
    // It runs nothing else, and says nothing.
    assert!(!second.running.leadership().unwrap().leads);
    first.running.stop().await;
    second.registered().await;
    until("the second to lead", async || {
        second.running.leadership().unwrap().leads
    })
    .await;
    until("what is registered to lead to it", async || {
        second.create("team-a", "a", "").await.is_ok()
    })
    .await;
    assert!(second.create("team-a", "b", "deny").await.is_err());
    second.running.stop().await;
}
