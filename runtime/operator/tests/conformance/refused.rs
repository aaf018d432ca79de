//! What cannot run: each kind of broken Hook, policy, key, signature, image and registry shows its reason as a condition
//! and as an event on the object, nothing of it runs, nothing of it is left on disk, and nobody else notices.

use std::collections::BTreeSet;
use std::path::Path;

use hookbox_operator::OperatorEvent;
use hookbox_registry::{ComponentStore, Digest, PrivateKey};
use hookbox_sandbox::{Sandbox, Settings};
use hookbox_test_teams::{account, watched};
use http::request::Parts;
use serde_json::{Value, json};

use crate::pulled::{client, key, of_image, push};
use crate::registry::{Body, Registry, challenge, endless, full, silent, status};
use crate::support::*;
use crate::tenants::{Tenants, component, hook, policy, two_tenants};

/// The beginning of a component's file, and nothing behind it.
const BYTES: &[u8] = b"\0asm\x0d\0\x01\0 not a component";

/// What is declared in a row's namespace, given the registry, its repository there, and the key that policies want.
type Declare = fn(&Registry, &str, &Signed) -> Value;
/// How the registry lies about the row's repository.
type Lie = fn(&str, &Signed) -> Option<http::Response<Body>>;

/// A component's image that the wanted key signed, and its digest.
struct Signed {
    namespace: String,
    image: hookbox_registry::Reference,
    manifest: String,
}

struct Row {
    /// Its namespace begins so, which says which policy counts.
    policy: &'static str,
    name: &'static str,
    declare: Declare,
    /// What the registry answers; none: honestly.
    lie: Option<Lie>,
    reason: &'static str,
    says: &'static str,
}

const fn row(
    policy: &'static str,
    name: &'static str,
    declare: Declare,
    lie: Option<Lie>,
    reason: &'static str,
    says: &'static str,
) -> Row {
    Row {
        policy,
        name,
        declare,
        lie,
        reason,
        says,
    }
}

/// A Hook of the row's image as it should be.
fn plain(_: &Registry, _: &str, signed: &Signed) -> Value {
    of_image(&signed.namespace, &signed.image, json!({}))
}

fn with(signed: &Signed, spec: Value) -> Value {
    of_image(&signed.namespace, &signed.image, spec)
}

/// An image of the row that nobody signed.
fn unsigned(registry: &Registry, repository: &str, signed: &Signed, manifest: &str) -> Value {
    let kind = "application/vnd.oci.image.manifest.v1+json";
    registry.put_blob(repository, BYTES);
    let digest = registry.put_manifest(repository, "other", kind, manifest.as_bytes());
    let image = registry
        .reference(&format!("{repository}:other"))
        .with_digest(digest);
    of_image(&signed.namespace, &image, json!({}))
}

fn is_blob(path: &str) -> bool {
    path.contains(&format!("/blobs/{}", Digest::of(BYTES)))
}

fn blob(path: &str, bytes: &'static [u8]) -> Option<http::Response<Body>> {
    is_blob(path).then(|| full(200, bytes.into()))
}

#[rustfmt::skip] // A table.
const ROWS: &[Row] = &[
    // The object.
    row("open", "fields", |_, _, s| with(s, json!({"capabilities": {"http": [{"hosts": ["a.org"], "addresses": ["everywhere"]}]}})),
        None, "InvalidSpec", "cannot be understood"),
    row("open", "no-digest", |registry, repository, s| of_image(&s.namespace, &registry.reference(&format!("{repository}:1")), json!({})),
        None, "InvalidSpec", "has no digest"),
    row("open", "no-reference", |_, _, s| hook(&s.namespace, json!({"component": {"image": "../../etc/passwd"}})),
        None, "InvalidSpec", "not a reference"),
    row("open", "two-components", |_, _, s| hook(&s.namespace, json!({"component": {"image": s.image.to_string(), "configMap": {"name": "a", "key": "b"}}})),
        None, "InvalidSpec", "exactly one"),
    row("open", "no-account", |_, _, s| with(s, json!({"serviceAccountName": "nobody"})),
        None, "NoServiceAccount", "no ServiceAccount `nobody`"),
    row("open", "account-path", |_, _, s| with(s, json!({"serviceAccountName": "../x"})),
        None, "InvalidSpec", "`../x` is no name"),
    row("open", "no-secret", |_, _, s| with(s, json!({"imagePullSecrets": [{"name": "nothing"}]})),
        None, "PullSecretUnavailable", "`nothing`"),
    // Policies and keys.
    row("keyless", "bad-key", plain, None, "InvalidPolicy", "key"),
    row("elsewhere", "other-registry", plain, None, "NotAllowed", "policy"),
    row("broken", "bad-policy", plain, None, "InvalidPolicy", "`broken` cannot be used"),
    // Signatures.
    row("signed", "unsigned", |registry, repository, s| unsigned(registry, repository, s, &(s.manifest.clone() + " ")),
        None, "SignatureRefused", "is not signed"),
    row("strange", "other-key", plain, None, "SignatureRefused", "by another key"),
    row("lenient", "other-key", plain, None, "SignatureRefused", "by another key"),
    row("signed", "moved-signature", |registry, repository, s| {
        // The good image's signatures under another image's name.
        let hook = unsigned(registry, repository, s, &(s.manifest.clone() + "  "));
        let image = hook["spec"]["component"]["image"].as_str().unwrap().to_owned();
        let other = image.rsplit("sha256:").next().unwrap().to_owned();
        let text = registry.manifest(repository, &format!("sha256-{}.sig", s.image.digest().unwrap().hex()));
        let kind = "application/vnd.oci.image.manifest.v1+json";
        registry.put_manifest(repository, &format!("sha256-{other}.sig"), kind, text.as_bytes());
        hook
    }, None, "SignatureRefused", "of another image"),
    row("signed", "signatures-that-never-end", plain, Some(|path, _| {
        (path.ends_with(".sig") || path.contains("/referrers/")).then(|| endless(&[b' '; 4096]))
    }), "PullFailed", "larger than"),
    // What the registry gives.
    row("signed", "other-manifest", plain, Some(|path, signed| {
        path.contains("/manifests/sha256:").then(|| full(200, (signed.manifest.clone() + " ").into()))
    }), "PullFailed", "something else than was asked for"),
    row("signed", "other-component", plain, Some(|path, _| blob(path, b"\0asm\x0d\0\x01\0 not A component")), "PullFailed", "has the digest"),
    row("open", "truncated", plain, Some(|path, _| blob(path, b"\0asm\x0d")), "PullFailed", "instead of"),
    row("open", "longer", plain, Some(|path, _| blob(path, b"\0asm\x0d\0\x01\0 not a component and more of it")), "PullFailed", "instead of"),
    row("open", "endless", plain, Some(|path, _| is_blob(path).then(|| endless(&[b' '; 4096]))), "PullFailed", "instead of"),
    row("open", "endless-manifest", plain, Some(|path, _| path.contains("/manifests/").then(|| endless(&[b' '; 4096]))), "PullFailed", "larger than"),
    row("open", "silent", plain, Some(|path, _| is_blob(path).then(|| silent(b"\0asm"))), "PullFailed", "did not"),
    row("open", "lies-about-size", |registry, repository, s| {
        let size = format!("\"size\":{}", BYTES.len());
        unsigned(registry, repository, s, &s.manifest.replace(&size, "\"size\":99999999999"))
    }, None, "PullFailed", "larger than"),
    row("open", "gone", plain, Some(|_, _| Some(status(404))), "PullFailed", "has no"),
    row("open", "denied", plain, Some(|_, _| Some(challenge("Basic realm=\"x\""))), "PullFailed", "refuses access"),
    row("open", "out-of-order", plain, Some(|_, _| Some(status(500))), "PullFailed", "500"),
    row("open", "no-registry", |_, _, s| hook(&s.namespace, json!({"component": {"image": format!("127.0.0.1:1/a@{}", Digest::of(b""))}})),
        None, "PullFailed", "cannot be reached"),
    // What it is.
    row("open", "other-kind", |registry, repository, s| {
        let other = s.manifest.replace("application/wasm", "application/vnd.oci.image.layer.v1.tar");
        unsigned(registry, repository, s, &other)
    }, None, "PullFailed", "not a WebAssembly component's image"),
    row("open", "an-index", |registry, repository, s| unsigned(registry, repository, s, r#"{"schemaVersion":2,"manifests":[]}"#),
        None, "PullFailed", "index"),
    row("open", "not-a-component", plain, None, "InvalidComponent", ""),
];

fn policies(key: &PrivateKey) -> Vec<Value> {
    let of = |name: &str, components: Value, priority: i32| {
        let mut policy = policy(json!({"components": components, "priority": priority}));
        policy["metadata"]["name"] = name.into();
        policy["spec"]["namespaces"]["names"] = json!([format!("{name}-*")]);
        policy
    };
    let keys = |key: &PrivateKey| json!({"keys": [key.public_pem()]});
    let mut broken = of("broken", json!({}), -1);
    broken["spec"]["namespaces"] =
        json!({"selector": {"matchExpressions": [{"key": "-", "operator": "Exists"}]}});
    vec![
        of("team", keys(key), 0),
        of("open", json!({"allowUnsigned": true}), 0),
        of("signed", keys(key), 0),
        of("strange", keys(&self::key()), 0),
        of(
            "lenient",
            json!({"allowUnsigned": true, "keys": [self::key().public_pem()]}),
            0,
        ),
        of(
            "keyless",
            json!({"keys": ["-----BEGIN PUBLIC KEY-----"]}),
            0,
        ),
        of(
            "elsewhere",
            json!({"allowUnsigned": true, "images": ["registry.example/a"]}),
            0,
        ),
        broken,
    ]
}

/// The names of all files below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => drop(all.insert(path.display().to_string())),
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_bad_input_says_why_and_leaves_nothing() {
    let (registry, cluster) = (Registry::start().await, two_tenants().await);
    let (key, folders) = (key(), tempfile::tempdir().unwrap());
    let (pulled, cache) = (folders.path().join("pulled"), folders.path().join("cache"));
    let good = push(&registry, "team/hook", &component(), Some(&key)).await;
    apply(&cluster, &policies(&key)).await;
    // Two Hooks of one name in two namespaces: both run.
    for team in ["team-a", "team-b"] {
        apply(&cluster, &[of_image(team, &good, json!({}))]).await;
    }
    let store = ComponentStore::open(&pulled, 1 << 30).unwrap();
    let sandbox = Sandbox::new(Settings {
        cache_dir: Some(cache.clone()),
        ..Settings::default()
    })
    .unwrap();
    let mut tenants = Tenants::pulling(&cluster, sandbox, |options| {
        options.registry = client();
        options.store = Some(store);
    })
    .await;
    tenants.ready("team-a").await;
    tenants.ready("team-b").await;
    let before = (files(&pulled), files(&cache));
    assert!(before.0.len() >= 4 && !before.1.is_empty(), "{before:?}");

    let mut lies: Vec<(String, Signed, Lie)> = Vec::new();
    let mut hooks = Vec::new();
    for row in ROWS {
        let namespace = format!("{}-{}", row.policy, row.name);
        let repository = format!("{namespace}/hook");
        let image = push(&registry, &repository, BYTES, Some(&key)).await;
        let signed = Signed {
            manifest: registry.manifest(&repository, "1"),
            namespace: namespace.clone(),
            image,
        };
        apply(
            &cluster,
            &[
                crate::support::namespace(&namespace, json!({})),
                account(&namespace, "runner"),
            ],
        )
        .await;
        hooks.push((row.declare)(&registry, &repository, &signed));
        if let Some(lie) = row.lie {
            lies.push((format!("/v2/{repository}/"), signed, lie));
        }
    }
    registry.lie(move |parts: &Parts| {
        let path = parts.uri.path();
        let (_, signed, lie) = lies.iter().find(|(of, ..)| path.starts_with(of.as_str()))?;
        lie(path, signed)
    });
    for hook in &hooks {
        apply(&cluster, std::slice::from_ref(hook)).await;
    }
    let mut wrong = Vec::new();
    for row in ROWS {
        let namespace = format!("{}-{}", row.policy, row.name);
        let said = tenants.broken(&namespace, row.reason).await;
        if !said.contains(row.says) {
            wrong.push(format!("{namespace}: {said}"));
            continue;
        }
        // kubectl describe shows the same.
        let path = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events");
        let events = tenants
            .until(&path, &format!("an event of {namespace}"), |events| {
                let items = events["items"].as_array().into_iter().flatten();
                items.clone().any(|event| event["reason"] == row.reason)
            })
            .await;
        let event = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|event| event["reason"] == row.reason)
            .unwrap();
        assert_eq!(event["type"], "Warning", "{namespace}");
        assert_eq!(event["regarding"]["name"], "probe", "{namespace}");
        assert!(
            event["note"].as_str().unwrap().contains(row.says),
            "{event}"
        );
    }
    assert_eq!(wrong, [""; 0]);
    // The broken policies say it themselves.
    for name in ["broken", "keyless"] {
        let path = format!("/apis/hookbox.dev/v1alpha1/hookpolicies/{name}");
        tenants
            .until(&path, name, |policy| {
                let condition = &policy["status"]["conditions"][0];
                condition["type"] == "Valid" && condition["status"] == "False"
            })
            .await;
        let path = "/apis/events.k8s.io/v1/namespaces/default/events";
        tenants
            .until(path, &format!("an event of {name}"), |events| {
                let mut items = events["items"].as_array().into_iter().flatten();
                items.any(|event| event["regarding"]["name"] == name)
            })
            .await;
    }
    // Nobody else noticed: both still run, and nothing of the others ever did.
    for team in ["team-a", "team-b"] {
        apply(&cluster, &[watched(team, "one")]).await;
        let seen = format!("seen-{}", team.trim_start_matches("team-"));
        tenants.map(team, &seen, json!({"names": "one"})).await;
    }
    while let Ok(event) = tenants.events.try_recv() {
        if let OperatorEvent::RunStarted { hook, .. } = &*event {
            assert!(hook.starts_with("team-"), "{hook}");
        }
    }
    tenants.running.stop().await;
    assert_eq!((files(&pulled), files(&cache)), before);
}
