//! `hookbox run` with all the examples on a real API server: each does what its page promises.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::time::Duration;

use hookbox_tests::hookbox::checkout;
use hookbox_tests::operator::{Hooks, Operator, Place};
use hookbox_tests::{RealCluster, Settings, ports, scratch, wait};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret};
use kube::ResourceExt;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// What the examples look at, in their folders' order.
fn examples() -> Vec<String> {
    let mut examples: Vec<String> = std::fs::read_dir(checkout().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    examples.sort();
    examples
}

async fn label(namespaces: &Api<Namespace>, name: &str, labels: serde_json::Value) {
    let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
    namespaces
        .patch(name, &PatchParams::default(), &patch)
        .await
        .expect("labelled");
}

fn data<'a>(map: Option<&'a ConfigMap>, key: &str) -> Option<&'a str> {
    map?.data.as_ref()?.get(key).map(String::as_str)
}

fn has_label<K: ResourceExt>(object: Option<&K>, key: &str, value: &str) -> bool {
    object.is_some_and(|object| object.labels().get(key).is_some_and(|given| given == value))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_examples_do_what_they_promise() {
    // Pods without a ServiceAccount's token need no controllers.
    let settings = Settings {
        controllers: false,
        apiserver_flags: vec!["--disable-admission-plugins=ServiceAccount".into()],
    };
    let Some(cluster) = RealCluster::start(settings).await else {
        return;
    };
    let client = cluster.client().await;
    let examples = examples();
    assert_eq!(
        examples.len(),
        7,
        "a new example wants a check here: {examples:?}"
    );
    for example in &examples {
        let example_folder = checkout().join("examples").join(example);
        let state = example_folder.join("cluster.yaml");
        // Each with its own manager, so that all their labels of one namespace stay.
        let manager = format!("--field-manager={example}");
        cluster
            .kubectl([
                "apply",
                "--server-side",
                &manager,
                "-f",
                &state.to_string_lossy(),
            ])
            .run()
            .await
            .ok();
    }
    let folders: Vec<String> = examples
        .iter()
        .map(|example| format!("examples/{example}"))
        .collect();
    let hooks = Hooks::build(&folders.iter().map(String::as_str).collect::<Vec<_>>()).await;
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
    let flags = ["--webhook-listen", &listen, "--webhook-url", &url];
    let flags = [&flags[..], &["--conversion-listen", &listen]].concat();
    let operator = Operator::start_with(&hooks, &place, &flags).await;

    startup(&client).await;
    pods_to_config_map(&client).await;
    namespace_labels(&client).await;
    copy_secret(&client).await;
    admission(&client).await;
    conversion(&cluster, &client).await;
    schedule_metrics(&operator).await;

    operator.stop().await;
}

async fn startup(client: &kube::Client) {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    wait::until(maps, "settings", |map| data(map, "colour") == Some("blue")).await;
}

async fn pods_to_config_map(client: &kube::Client) {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let lists = |wanted: &'static str| {
        wait::until(maps.clone(), "web-pods", move |map| {
            data(map, "pods") == Some(wanted)
        })
    };
    lists("web-1 Pending\nweb-2 Pending\n").await;

    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web-3", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "example/web"}]},
    }))
    .unwrap();
    pods.create(&PostParams::default(), &pod)
        .await
        .expect("created");
    let running = Patch::Merge(json!({"status": {"phase": "Running"}}));
    pods.patch_status("web-3", &PatchParams::default(), &running)
        .await
        .expect("patched");
    lists("web-1 Pending\nweb-2 Pending\nweb-3 Running\n").await;

    pods.delete("web-1", &DeleteParams::default())
        .await
        .expect("deleted");
    lists("web-2 Pending\nweb-3 Running\n").await;
}

async fn namespace_labels(client: &kube::Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    wait::until(pods.clone(), "cart", |pod| has_label(pod, "team", "blue")).await;
    wait::until(maps.clone(), "cart", |map| has_label(map, "team", "blue")).await;

    label(&namespaces, "shop", json!({"team": "green"})).await;
    wait::until(pods, "cart", |pod| has_label(pod, "team", "green")).await;
    wait::until(maps, "cart", |map| has_label(map, "team", "green")).await;

    let notes = Api::<ConfigMap>::namespaced(client.clone(), "sandbox")
        .get("notes")
        .await
        .expect("it is there");
    assert!(has_label(Some(&notes), "team", "nobody"), "{notes:?}");
}

async fn copy_secret(client: &kube::Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let secrets = |namespace| Api::<Secret>::namespaced(client.clone(), namespace);
    let is = |secret: Option<&Secret>, password: &str| {
        let given = secret
            .and_then(|secret| secret.data.as_ref())
            .and_then(|data| data.get("password"));
        given.is_some_and(|given| given.0 == password.as_bytes())
    };
    wait::until(secrets("shop"), "registry", |secret| is(secret, "secret")).await;
    assert!(
        secrets("sandbox")
            .get_opt("registry")
            .await
            .expect("an answer")
            .is_none()
    );

    label(&namespaces, "sandbox", json!({"registry": "yes"})).await;
    wait::until(secrets("sandbox"), "registry", |secret| {
        is(secret, "secret")
    })
    .await;

    let renewed = Patch::Merge(json!({"stringData": {"password": "renewed"}}));
    secrets("default")
        .patch("registry", &PatchParams::default(), &renewed)
        .await
        .expect("patched");
    wait::until(secrets("shop"), "registry", |secret| is(secret, "renewed")).await;
    wait::until(secrets("sandbox"), "registry", |secret| {
        is(secret, "renewed")
    })
    .await;

    label(&namespaces, "shop", json!({"registry": null})).await;
    wait::until(secrets("shop"), "registry", |secret| secret.is_none()).await;
}

async fn admission(client: &kube::Client) {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "guarded");
    let pod = |image: &str| -> Pod {
        serde_json::from_value(json!({
            "metadata": {"generateName": "web-"},
            "spec": {"containers": [{"name": "web", "image": image}]},
        }))
        .unwrap()
    };
    // The API server follows webhook configurations with a delay.
    let end = Instant::now() + wait::LIMIT;
    let refused = loop {
        match pods.create(&PostParams::default(), &pod("nginx")).await {
            Err(kube::Error::Api(status)) => break status.message,
            other => assert!(Instant::now() < end, "{other:?}"),
        }
        sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(
        refused,
        "admission webhook \"images.policy.example.com\" denied the request: container web: nginx is from docker.io, not from quay.io, ghcr.io"
    );
    let params = PostParams::default();
    let created = pods.create(&params, &pod("quay.io/nginx")).await;
    let created = created.expect("created");
    assert!(created.labels().contains_key("requested-by"), "{created:?}");
}

async fn conversion(cluster: &RealCluster, client: &kube::Client) {
    let file = checkout().join("examples/07-conversion/widget.yaml");
    let widgets = |version: &str| {
        let kind = GroupVersionKind::gvk("example.com", version, "Widget");
        Api::<DynamicObject>::namespaced_with(
            client.clone(),
            "default",
            &ApiResource::from_gvk(&kind),
        )
    };
    // The API server follows definitions with a delay too: an object in another version shows when it does.
    let end = Instant::now() + wait::LIMIT;
    loop {
        let applied = cluster
            .kubectl(["apply", "-f", &file.to_string_lossy()])
            .run()
            .await;
        if applied.code == Some(0) {
            break;
        }
        assert!(Instant::now() < end, "{applied:?}");
        sleep(Duration::from_millis(100)).await;
    }
    for (version, spec) in [
        ("v1", json!({"dimensions": {"width": 3, "height": 4}})),
        ("v1beta1", json!({"width": 3, "height": 4})),
        ("v1alpha1", json!({"size": "3x4"})),
    ] {
        let widget = widgets(version).get("door").await.expect("converted");
        assert_eq!(widget.data.get("spec"), Some(&spec), "{version}");
    }
}

/// The schedule fires at each full minute.
async fn schedule_metrics(operator: &Operator) {
    let wanted = ["namespace=\"shop\"", "phase=\"Pending\""];
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let metrics = operator
            .get("/metrics/hooks")
            .await
            .expect("an answer")
            .body;
        let found = metrics
            .lines()
            .any(|line| wanted.iter().all(|part| line.contains(part)) && line.ends_with(" 2"));
        if found {
            return;
        }
        assert!(
            Instant::now() < end,
            "no metrics of the schedule:\n{metrics}\n{}",
            operator.program().printed()
        );
        sleep(Duration::from_millis(250)).await;
    }
}
