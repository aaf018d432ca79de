//! Components from a registry: kept for whom they were pulled, so that a start does not need the registry, and never
//! given to who may not have them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_cluster::Cluster;
use hookbox_operator::tenants::TenantOptions;
use hookbox_registry::{
    Artifact, ComponentStore, Credentials, PrivateKey, Reference, RegistryClient, Settings,
};
use hookbox_test_teams::{account, role, rule, watched};
use serde_json::{Value, json};

use crate::registry::{Registry, challenge, silent, status};
use crate::support::*;
use crate::tenants::{Tenants, component, hook, policy, two_tenants};

/// A client that finds registries on this machine, and does not wait long for what never comes.
pub(crate) fn client() -> RegistryClient {
    RegistryClient::new(Settings {
        loopback: true,
        idle_time: Duration::from_millis(500),
        ..Settings::default()
    })
    .unwrap()
}

/// Put these bytes under a name as a component's image, signed with the key where there is one.
pub(crate) async fn push(
    registry: &Registry,
    repository: &str,
    bytes: &[u8],
    key: Option<&PrivateKey>,
) -> Reference {
    let reference = registry.reference(&format!("{repository}:1"));
    let artifact = Artifact {
        bytes: bytes.to_vec(),
        ..Artifact::default()
    };
    let nobody = Credentials::default();
    let digest = client().push(&reference, &nobody, artifact).await.unwrap();
    let reference = reference.with_digest(digest);
    if let Some(key) = key {
        client().sign(&reference, &nobody, key).await.unwrap();
    }
    reference
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate("").unwrap().0
}

/// A Hook of an image.
pub(crate) fn of_image(namespace: &str, image: &Reference, spec: Value) -> Value {
    let mut hook = hook(namespace, spec);
    hook["spec"]["component"] = json!({"image": image.to_string()});
    hook
}

fn signed_by(key: &PrivateKey) -> Value {
    policy(json!({"components": {"keys": [key.public_pem()]}}))
}

/// An operator that keeps what it pulls in a folder.
async fn keeping(cluster: &Cluster, folder: &Path) -> Tenants {
    let store = ComponentStore::open(folder, 1 << 30).unwrap();
    Tenants::pulling(cluster, sandbox(), |options: &mut TenantOptions| {
        options.registry = client();
        options.store = Some(store);
    })
    .await
}

fn down(registry: &Registry) {
    registry.lie(|_| Some(status(503)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_does_not_need_the_registry_but_a_wanted_signature() {
    let (registry, cluster) = (Registry::start().await, two_tenants().await);
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let folder = folder.path().join("pulled");
    let image = push(&registry, "team/hook", &component(), Some(&key)).await;
    apply(
        &cluster,
        &[signed_by(&key), of_image("team-a", &image, json!({}))],
    )
    .await;
    let tenants = keeping(&cluster, &folder).await;
    tenants.ready("team-a").await;
    tenants.running.stop().await;
    // What is there does not count: it starts again from what is declared.
    apply(&cluster, &[watched("team-a", "one")]).await;
    down(&registry);
    let asked = registry.seen().len();
    let tenants = keeping(&cluster, &folder).await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    let hook = tenants.ready("team-a").await;
    assert_eq!(
        hook["status"]["signedBy"],
        key.public().id().to_string().as_str()
    );
    assert_eq!(registry.seen().len(), asked);
    // Another namespace has to ask the registry itself.
    apply(&cluster, &[of_image("team-b", &image, json!({}))]).await;
    let message = tenants.broken("team-b", "PullFailed").await;
    assert!(message.contains("503"), "{message}");
    // The key is wanted no longer.
    apply(&cluster, &[signed_by(&self::key())]).await;
    let message = tenants.broken("team-a", "SignatureRefused").await;
    assert!(
        message.contains("stored") && message.contains("503"),
        "{message}"
    );
    tenants.running.stop().await;
    // Nor does it run after another start.
    let tenants = keeping(&cluster, &folder).await;
    tenants.broken("team-a", "SignatureRefused").await;
    apply(&cluster, &[signed_by(&key)]).await;
    tenants.ready("team-a").await;
    tenants.running.stop().await;
}

/// A Secret with a password for the registry, which the ServiceAccount `runner` can read.
async fn pull_secret(cluster: &Cluster, registry: &Registry, namespace: &str) {
    let auth = STANDARD.encode("alice:s3cret");
    let config = json!({"auths": {registry.address.to_string(): {"auth": auth}}});
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "pull", "namespace": namespace},
        "data": {".dockerconfigjson": STANDARD.encode(config.to_string())},
    });
    apply(cluster, &[secret]).await;
    let rules = [rule("", "secrets", &["get"])];
    apply(cluster, &role(namespace, "pull", namespace, &rules)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pull_secret_opened_is_kept_for_who_has_it() {
    let (registry, cluster) = (Registry::start().await, two_tenants().await);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("pulled");
    let image = push(&registry, "private/hook", &component(), None).await;
    let wants = format!("Basic {}", STANDARD.encode("alice:s3cret"));
    let guard = move |parts: &http::request::Parts| {
        let shown = parts.headers.get("authorization");
        let known = shown.is_some_and(|value| *value == wants);
        (!known).then(|| challenge("Basic realm=\"x\""))
    };
    registry.lie(guard.clone());
    pull_secret(&cluster, &registry, "team-a").await;
    let with = json!({"imagePullSecrets": [{"name": "pull"}]});
    let of_a = of_image("team-a", &image, with.clone());
    let of_b = of_image("team-b", &image, json!({}));
    apply(&cluster, &[policy(json!({})), of_a, of_b]).await;
    let tenants = keeping(&cluster, &folder).await;
    tenants.ready("team-a").await;
    let message = tenants.broken("team-b", "PullFailed").await;
    assert!(message.contains("refuses access"), "{message}");
    // Of its own namespace neither has it who does not name the Secret.
    let mut other = of_image("team-a", &image, json!({}));
    other["metadata"]["name"] = "other".into();
    apply(&cluster, &[other]).await;
    let path = "/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/other";
    tenants
        .until(path, "a refusal", |hook| {
            hook["status"]["conditions"][0]["reason"] == "PullFailed"
        })
        .await;
    tenants.running.stop().await;
    down(&registry);
    let tenants = keeping(&cluster, &folder).await;
    apply(&cluster, &[watched("team-a", "one")]).await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    let message = async |tenants: &Tenants| tenants.broken("team-b", "PullFailed").await;
    let mut said = message(&tenants).await;
    while !said.contains("503") {
        tokio::time::sleep(Duration::from_millis(20)).await;
        said = message(&tenants).await;
    }
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_asks_for_few_components_at_a_time_and_holds_up_no_other() {
    let (registry, cluster) = (Registry::start().await, two_tenants().await);
    let slow = push(&registry, "slow/hook", &component(), None).await;
    let quick = push(&registry, "quick/hook", &component(), None).await;
    registry.lie(|parts| {
        let held = parts.uri.path().starts_with("/v2/slow/") && parts.method == http::Method::GET;
        held.then(|| silent(b"{"))
    });
    let mut hooks = vec![policy(json!({}))];
    for number in 0..50 {
        let mut hook = of_image("team-a", &slow, json!({}));
        hook["metadata"]["name"] = format!("probe{number}").into();
        hooks.push(hook);
    }
    apply(&cluster, &hooks).await;
    let tenants = Tenants::pulling(&cluster, sandbox(), |options| {
        options.registry = RegistryClient::new(Settings {
            loopback: true,
            ..Settings::default()
        })
        .unwrap();
        options.preparing = 3;
        options.preparing_each = 2;
    })
    .await;
    let asked = || {
        let seen = registry.seen();
        let manifest = |what: &&String| what.starts_with("GET /v2/slow/hook/manifests/");
        seen.iter().filter(manifest).count()
    };
    let both = async {
        while asked() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    patiently("two pulls", both).await;
    // Whoever comes later has its turn all the same.
    apply(&cluster, &[of_image("team-b", &quick, json!({}))]).await;
    tenants.ready("team-b").await;
    assert_eq!(asked(), 2);
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_cannot_be_kept_runs_all_the_same() {
    let (registry, cluster) = (Registry::start().await, two_tenants().await);
    let folder = tempfile::tempdir().unwrap();
    let image = push(&registry, "team/hook", &component(), None).await;
    let store = ComponentStore::open(&folder.path().join("pulled"), 1000).unwrap();
    let kept = store.clone();
    let tenants = Tenants::pulling(&cluster, sandbox(), |options| {
        options.registry = client();
        options.store = Some(kept);
    })
    .await;
    apply(&cluster, &[account("team-a", "runner"), policy(json!({}))]).await;
    apply(&cluster, &[of_image("team-a", &image, json!({}))]).await;
    tenants.ready("team-a").await;
    assert_eq!(store.bytes(), 0);
    tenants.running.stop().await;
}

/// A client whose requests for paths with any of these parts wait for a permit; with how many wait now, and how many
/// waited at most.
fn held(
    cluster: &Cluster,
    parts: &'static [&'static str],
    gate: Arc<tokio::sync::Semaphore>,
) -> (kube::Client, Arc<[AtomicUsize; 2]>) {
    let (client, counts) = (cluster.client(), Arc::<[AtomicUsize; 2]>::default());
    let counted = counts.clone();
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (client, counts, gate) = (client.clone(), counted.clone(), gate.clone());
        let held = parts.iter().any(|part| request.uri().path().contains(part));
        async move {
            if held {
                let now = counts[0].fetch_add(1, Ordering::SeqCst) + 1;
                counts[1].fetch_max(now, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                counts[0].fetch_sub(1, Ordering::SeqCst);
            }
            client.send(request).await
        }
    });
    (kube::Client::new(service, "default"), counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_hooks_there_are_they_do_not_ask_all_at_once() {
    let cluster = two_tenants().await;
    let mut hooks = vec![policy(json!({}))];
    for number in 0..200 {
        let component = json!({"configMap": {"name": "nothing", "key": "x"}});
        let mut hook = hook("team-a", json!({"component": component}));
        hook["metadata"]["name"] = format!("probe{number}").into();
        hooks.push(hook);
    }
    apply(&cluster, &hooks).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let parts = &["/serviceaccounts/", "/status"];
    let (client, counts) = held(&cluster, parts, gate.clone());
    let tenants = Tenants::with(&cluster, |options| options.client = Some(client)).await;
    let waiting = async |count: usize| {
        let all = async {
            while counts[0].load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        patiently("requests", all).await;
    };
    // The policy's status is one of them.
    waiting(9).await;
    // Another namespace has turns of its own.
    apply(&cluster, &[hook("team-b", json!({}))]).await;
    waiting(10).await;
    gate.add_permits(100_000);
    tenants.ready("team-b").await;
    for number in [0, 100, 199] {
        let path = format!("/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/probe{number}");
        tenants
            .until(&path, "its reason", |hook| {
                hook["status"]["conditions"][0]["reason"] == "ComponentUnavailable"
            })
            .await;
    }
    let most = counts[1].load(Ordering::SeqCst);
    assert!(most <= 8 + 8 + 2, "{most}");
    tenants.running.stop().await;
}
