//! A real kube-apiserver calls the webhooks of `hookbox run`.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use hookbox_test_teams as teams;
use hookbox_tests::operator::{Hooks, Operator, Place};
use hookbox_tests::{RealCluster, ports, scratch, wait};
use http::{Request, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// Webhooks of the operator's own hooks are asked about the whole cluster: one test at a time.
static CLUSTER: Mutex<()> = Mutex::const_new(());

/// What the API server answers, with its warnings.
struct Answer {
    status: StatusCode,
    warnings: Vec<String>,
    body: Value,
}

impl Answer {
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

struct World {
    client: Client,
    namespace: String,
}

impl World {
    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let (head, body) = self
            .client
            .send(request)
            .await
            .expect("an answer")
            .into_parts();
        let warnings = head.headers.get_all("warning").iter();
        Answer {
            status: head.status,
            warnings: warnings.map(|w| w.to_str().unwrap().to_owned()).collect(),
            body: serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap_or_default(),
        }
    }

    /// Creates a ConfigMap that the webhook of this label is asked about.
    async fn create(&self, label: &str, wish: &str) -> Answer {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-", "labels": {"webhook": label}}, "data": {"wish": wish}});
        let path = format!("/api/v1/namespaces/{}/configmaps", self.namespace);
        self.send("POST", &path, &map).await
    }

    async fn widget(&self, version: &str, name: &str) -> Answer {
        let path = format!(
            "/apis/test.example.com/{version}/namespaces/{}/widgets/{name}",
            self.namespace
        );
        self.send("GET", &path, &Value::Null).await
    }

    /// The API server follows webhook configurations and definitions with a delay.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + wait::LIMIT;
        while !holds().await {
            assert!(Instant::now() < end, "waited in vain for {what}");
            sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

fn definition() -> Value {
    let version = |name: &str, storage: bool| {
        json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema":
            {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}})
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.test.example.com"},
        "spec": {"group": "test.example.com", "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [version("v1alpha1", false), version("v1beta1", false), version("v1", true)]},
    })
}

const VALIDATING: &str =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hookbox-hooks";
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_asks_hooks_and_does_what_they_say() {
    let _alone = CLUSTER.lock().await;
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let namespace = cluster.namespace("webhooks").await;
    let hooks = Hooks::build(&["tests/webhooks"]).await;
    let folder = scratch();
    let place = Place {
        kubeconfig: cluster.kubeconfig(),
        folder: folder.path().into(),
    };
    let at = namespace.clone();
    let [port] = ports::free();
    let (listen, url) = (
        format!("127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
    );
    let flags = [
        "--webhook-listen",
        &listen,
        "--conversion-listen",
        &listen,
        "--webhook-url",
        &url,
        "--namespace",
        &at,
        "--webhook-unregister",
    ];
    let operator = Operator::start_with(&hooks, &place, &flags).await;
    let world = World {
        client: cluster.client().await,
        namespace,
    };

    // Allowed and changed; refused; with a warning.
    world
        .until("the webhooks", async || {
            world.create("guard", "deny").await.status == StatusCode::FORBIDDEN
        })
        .await;
    world
        .until("the changing webhook", async || {
            let made = world.create("guard", "").await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
            made.body["data"]["stamp"] == "yes"
        })
        .await;
    let denied = world.create("guard", "deny").await;
    assert_eq!(
        denied.message(),
        "admission webhook \"guard.test.example.com\" denied the request: as asked"
    );
    let warned = world.create("guard", "warn").await;
    assert_eq!(warned.status, StatusCode::CREATED);
    assert_eq!(warned.warnings, ["299 - \"careful\""]);

    // Hooks that fail, are late, or are to be ignored.
    let failed = world.create("guard", "fail").await;
    assert_eq!(
        (failed.status, failed.message()),
        (
            StatusCode::FORBIDDEN,
            "admission webhook \"guard.test.example.com\" denied the request: Hook failed"
        )
    );
    let late = world.create("guard", "spin").await;
    assert_eq!(
        late.message(),
        "admission webhook \"guard.test.example.com\" denied the request: hook `guard` did not answer within 1.8 s"
    );
    let ignored = world.create("lenient", "").await;
    assert_eq!(ignored.status, StatusCode::CREATED);
    assert_eq!(
        ignored.warnings,
        ["299 - \"webhook lenient.test.example.com was ignored: Hook failed\""]
    );

    conversions(&world).await;

    // Without hookbox the API server does as the webhook's failure policy says; with it, it asks again.
    let killed = operator.kill().await;
    assert!(!killed.stderr.contains("panicked"), "{}", killed.stderr);
    let alone = world.create("guard", "").await;
    assert_eq!(alone.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        world.create("lenient", "").await.status,
        StatusCode::CREATED
    );
    // Another authority: the Secret is gone, so that hookbox makes a new one and tells the API server.
    let bundle = |config: &Value| config["webhooks"][0]["clientConfig"]["caBundle"].clone();
    let before = bundle(&world.send("GET", VALIDATING, &Value::Null).await.body);
    let secret = format!(
        "/api/v1/namespaces/{}/secrets/hookbox-webhook",
        world.namespace
    );
    assert_eq!(
        world.send("DELETE", &secret, &Value::Null).await.status,
        StatusCode::OK
    );
    let operator = Operator::start_with(&hooks, &place, &flags).await;
    world
        .until("the webhook", async || {
            world.create("guard", "").await.status == StatusCode::CREATED
        })
        .await;
    let after = bundle(&world.send("GET", VALIDATING, &Value::Null).await.body);
    assert_ne!(before, after);
    let metrics = operator.get("/metrics").await.unwrap().body;
    assert!(
        metrics.contains(r#"webhook_requests_total{kind="validating",outcome="allowed",webhook="guard.test.example.com"}"#),
        "{metrics}"
    );

    // What was registered goes with it.
    operator.stop().await;
    let gone = world.send("GET", VALIDATING, &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let crd = format!("{CRDS}/widgets.test.example.com");
    let crd = world.send("GET", &crd, &Value::Null).await;
    assert_eq!(crd.body["spec"]["conversion"]["strategy"], "None");
}

/// Two namespaces, of which one has a Hook with the same webhooks. What rights it needs is what `tenants_real` shows.
#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_asks_a_tenants_hooks_about_its_own_namespace() {
    let _alone = CLUSTER.lock().await;
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let (namespace, other) = (
        cluster.namespace("asked").await,
        cluster.namespace("unasked").await,
    );
    let hooks = Hooks::build(&["tests/webhooks"]).await;
    cluster.define_tenants().await;
    let policy = json!({"namespaces": {"names": [namespace]}, "webhooks": true});
    let mut objects = vec![teams::policy("asked", &policy)];
    objects.extend(teams::team(&namespace, &hooks.component()));
    objects.push(teams::hook(&namespace, "guards", &json!({})));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let apply = cluster.kubectl(["apply", "--server-side", "-f", "-"]);
    apply.input(list.to_string()).run().await.ok();

    let folder = scratch();
    let place = Place {
        kubeconfig: cluster.kubeconfig(),
        folder: folder.path().into(),
    };
    let [port] = ports::free();
    let (listen, url) = (
        format!("127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
    );
    let flags = [
        "--tenants",
        "--webhook-configuration",
        "asked",
        "--webhook-listen",
        &listen,
        "--conversion-listen",
        &listen,
        "--webhook-url",
        &url,
        "--namespace",
        &other,
    ];
    let none = Hooks::build(&[]).await;
    let operator = Operator::start_with(&none, &place, &flags).await;
    let client = cluster.client().await;
    let (team, others) = (
        World {
            client: client.clone(),
            namespace: namespace.clone(),
        },
        World {
            client,
            namespace: other,
        },
    );
    team.until("the webhooks", async || {
        team.create("guard", "deny").await.status == StatusCode::FORBIDDEN
    })
    .await;
    team.until("the changing webhook", async || {
        team.create("guard", "").await.body["data"]["stamp"] == "yes"
    })
    .await;
    let unasked = others.create("guard", "deny").await;
    assert_eq!(unasked.status, StatusCode::CREATED, "{}", unasked.body);
    assert!(unasked.body["data"]["stamp"].is_null());

    // Deleting it is nothing that its webhooks are asked about, and takes them back.
    let path = format!("/apis/hookbox.dev/v1alpha1/namespaces/{namespace}/hooks/guards");
    let deleted = team.send("DELETE", &path, &Value::Null).await;
    assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.body);
    team.until("the webhooks to go", async || {
        team.create("guard", "deny").await.status == StatusCode::CREATED
    })
    .await;
    operator.stop().await;
}

/// The definition comes after hookbox; objects go along a chain, there and back.
async fn conversions(world: &World) {
    let made = world.send("POST", CRDS, &definition()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let path = |version: &str| {
        format!(
            "/apis/test.example.com/{version}/namespaces/{}/widgets",
            world.namespace
        )
    };
    let widget = |version: &str, name: &str, way: &str| json!({"apiVersion": format!("test.example.com/{version}"), "kind": "Widget", "metadata": {"name": name, "labels": {"l": "1"}}, "spec": {"way": way}});
    world
        .until("the conversion", async || {
            world
                .send("POST", &path("v1alpha1"), &widget("v1alpha1", "a", ""))
                .await;
            let found = world.widget("v1", "a").await;
            let converted = found.body["spec"]["way"] == "alpha>beta beta>stable ";
            if !converted {
                // Stored before the API server knew of the conversion.
                let one = format!("{}/a", path("v1"));
                world.send("DELETE", &one, &Value::Null).await;
            }
            converted
        })
        .await;
    let found = world.widget("v1beta1", "a").await;
    assert_eq!(found.body["apiVersion"], "test.example.com/v1beta1");
    assert_eq!(
        found.body["spec"]["way"],
        "alpha>beta beta>stable stable>beta "
    );
    assert_eq!(found.body["metadata"]["labels"], json!({"l": "1"}));
    world
        .send("POST", &path("v1"), &widget("v1", "b", ""))
        .await;
    let list = world.send("GET", &path("v1beta1"), &Value::Null).await;
    let ways: Vec<&str> = list.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["spec"]["way"].as_str().unwrap())
        .collect();
    assert_eq!(
        ways,
        ["alpha>beta beta>stable stable>beta ", "stable>beta "]
    );

    // No rule leads to v1alpha1, and one object cannot be converted: the reason is told.
    let none = world.widget("v1alpha1", "b").await;
    assert!(
        none.message().contains(
            "widgets.test.example.com: no hook converts from test.example.com/v1 to test.example.com/v1alpha1"
        ),
        "{}",
        none.body
    );
    let broken = world
        .send(
            "POST",
            &path("v1alpha1"),
            &widget("v1alpha1", "c", "broken"),
        )
        .await;
    assert_eq!(broken.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        broken
            .message()
            .contains("Hook failed to convert to v1beta1: ")
            && broken.message().contains("this one cannot be converted"),
        "{}",
        broken.body
    );
}
