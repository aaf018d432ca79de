//! Which signatures count.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_registry::{Digest, PrivateKey, PublicKey, Reference, Verification};
use serde_json::{Value, json};

use super::server::{Registry, full, status};
use super::{COMPONENT, client, nobody, pushed};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const PASSWORD: &str = "pässword";

pub(super) fn key() -> PrivateKey {
    PrivateKey::generate("").unwrap().0
}

pub(super) fn wanted(keys: &[&PrivateKey]) -> Verification {
    Verification::Keys(keys.iter().map(|key| key.public().clone()).collect())
}

/// A registry with a signed component, its reference, and the key.
pub(super) async fn signed() -> (Registry, Reference, PrivateKey) {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let key = key();
    client().sign(&reference, &nobody(), &key).await.unwrap();
    (registry, reference, key)
}

/// The code of the refusal, after which no byte of the component was fetched.
async fn refused(
    registry: &Registry,
    reference: &Reference,
    verification: &Verification,
) -> &'static str {
    let before = registry.seen().len();
    let error = client()
        .pull(reference, &nobody(), verification)
        .await
        .unwrap_err();
    let blob = format!("GET /v2/team/hook/blobs/{}", Digest::of(COMPONENT));
    assert!(!registry.seen()[before..].contains(&blob), "{error}");
    error.code()
}

fn tag(reference: &Reference) -> String {
    format!("sha256-{}.sig", reference.digest().unwrap().hex())
}

pub(super) enum Form {
    Simple,
    Bundle,
}

/// Let the registry have no signatures but those of this form.
pub(super) fn only(registry: &Registry, reference: &Reference, form: Form) {
    let simple = tag(reference);
    let index = simple.trim_end_matches(".sig").to_owned();
    registry.lie(move |parts| {
        let path = parts.uri.path();
        let hidden = match form {
            Form::Simple => path.contains("/referrers/") || path.ends_with(&index),
            Form::Bundle => path.ends_with(&simple),
        };
        (hidden && parts.method == http::Method::GET).then(|| status(404))
    });
}

#[tokio::test]
async fn either_form_is_enough() {
    for form in [Form::Simple, Form::Bundle] {
        let (registry, reference, key) = signed().await;
        only(&registry, &reference, form);
        client()
            .pull(&reference, &nobody(), &wanted(&[&key]))
            .await
            .unwrap();
        assert_eq!(
            refused(&registry, &reference, &wanted(&[&self::key()])).await,
            "signature"
        );
    }
}

#[tokio::test]
async fn where_none_is_required_one_that_is_there_has_to_count() {
    let (registry, reference, key) = signed().await;
    let lenient = |key: &PrivateKey| Verification::IfSigned(vec![key.public().clone()]);
    let pulled = client().pull(&reference, &nobody(), &lenient(&key)).await;
    assert_eq!(pulled.unwrap().signed_by, Some(key.public().id()));
    let other = lenient(&self::key());
    assert_eq!(refused(&registry, &reference, &other).await, "signature");
    // Whether there is one cannot be found out.
    let simple = tag(&reference);
    registry.lie(move |parts| parts.uri.path().ends_with(&simple).then(|| status(403)));
    refused(&registry, &reference, &lenient(&key)).await;

    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let pulled = client().pull(&reference, &nobody(), &other).await.unwrap();
    assert_eq!(
        (pulled.bytes.as_slice(), pulled.signed_by),
        (COMPONENT, None)
    );
    assert_eq!(
        refused(&registry, &reference, &wanted(&[&key])).await,
        "unsigned"
    );
    assert_eq!(Verification::if_signed([]).unwrap(), Verification::Unsigned);
    assert!(Verification::if_signed(["no key"]).is_err());
}

#[tokio::test]
async fn broken_bundles_do_not_count() {
    let (registry, reference, key) = signed().await;
    only(&registry, &reference, Form::Bundle);
    let name = reference.digest().unwrap().to_string();
    let index = registry.manifest("team/hook", &name.replace(':', "-"));
    let index: Value = serde_json::from_str(&index).unwrap();
    let name = index["manifests"][0]["digest"].as_str().unwrap();
    let manifest: Value = serde_json::from_str(&registry.manifest("team/hook", name)).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let bundle: Value = serde_json::from_str(&registry.blob("team/hook", layer)).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let statement = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
    let other = statement.replace(&reference.digest().unwrap().hex(), &Digest::of(b"x").hex());
    let with = |pointer: &str, value: Value| {
        let mut bundle = bundle.clone();
        *bundle.pointer_mut(pointer).unwrap() = value;
        bundle.to_string()
    };
    for text in [
        with("/dsseEnvelope/payload", json!(STANDARD.encode(other))),
        with("/dsseEnvelope/payload", json!("not base64")),
        with("/dsseEnvelope/payloadType", json!("text/plain")),
        with("/dsseEnvelope/signatures", json!([])),
        with(
            "/dsseEnvelope/signatures",
            json!(vec![json!({"sig": ""}); 9]),
        ),
        with("/dsseEnvelope/signatures/0/sig", json!("AAAA")),
        with("/mediaType", json!("application/json")),
        with("/dsseEnvelope", json!(null)),
        "[".repeat(100_000),
    ] {
        let blob = registry.put_blob("team/hook", text.as_bytes());
        let mut manifest = manifest.clone();
        manifest["layers"][0]["digest"] = json!(blob);
        manifest["layers"][0]["size"] = json!(text.len());
        let text = manifest.to_string();
        let mut index = index.clone();
        index["manifests"][0]["digest"] =
            json!(registry.put_manifest("team/hook", "x", IMAGE, text.as_bytes()));
        index["manifests"][0]["size"] = json!(text.len());
        let (simple, referrers) = (tag(&reference), index.to_string());
        registry.lie(move |parts| match parts.uri.path() {
            path if path.ends_with(&simple) => Some(status(404)),
            path if path.contains("/referrers/") => Some(full(200, referrers.clone().into())),
            _ => None,
        });
        assert_eq!(
            refused(&registry, &reference, &wanted(&[&key])).await,
            "signature",
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_wanted_key_signs() {
    let (_registry, reference, key) = signed().await;
    let other = self::key();
    for verification in [wanted(&[&key]), wanted(&[&other, &key])] {
        let pulled = client()
            .pull(&reference, &nobody(), &verification)
            .await
            .unwrap();
        assert_eq!(pulled.bytes, COMPONENT);
        assert_eq!(pulled.signed_by, Some(key.public().id()));
    }
    let (digest, by) = client()
        .verify(&reference, &nobody(), &[key.public().clone()])
        .await
        .unwrap();
    assert_eq!((Some(digest), by), (reference.digest(), key.public().id()));
}

#[tokio::test]
async fn a_second_signature_stands_beside_the_first() {
    let (_registry, reference, first) = signed().await;
    let second = key();
    client().sign(&reference, &nobody(), &second).await.unwrap();
    for key in [first, second] {
        client()
            .pull(&reference, &nobody(), &wanted(&[&key]))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn who_signs_again_leaves_all_as_it_is() {
    let (registry, reference, key) = signed().await;
    let index = tag(&reference).trim_end_matches(".sig").to_owned();
    let before = [tag(&reference), index.clone()].map(|tag| registry.manifest("team/hook", &tag));
    client().sign(&reference, &nobody(), &key).await.unwrap();
    let after = [tag(&reference), index].map(|tag| registry.manifest("team/hook", &tag));
    assert_eq!(after, before);
}

#[tokio::test]
async fn other_keys_and_no_key_refuse() {
    let (registry, reference, _key) = signed().await;
    assert_eq!(
        refused(&registry, &reference, &wanted(&[&key()])).await,
        "signature"
    );
    assert_eq!(
        refused(&registry, &reference, &wanted(&[])).await,
        "signature"
    );
}

#[tokio::test]
async fn what_is_not_signed_is_refused() {
    for registry in [Registry::start().await, Registry::without_referrers().await] {
        pushed(&registry).await;
        let reference = registry.reference("team/hook:1");
        assert_eq!(
            refused(&registry, &reference, &wanted(&[&key()])).await,
            "unsigned"
        );
    }
}

#[tokio::test]
async fn a_signature_of_another_image_does_not_count() {
    let (registry, reference, key) = signed().await;
    let signatures = registry.manifest("team/hook", &tag(&reference));
    // The same component with an annotation: another image, with the first one's signatures under its name.
    let mut other = super::artifact();
    other.annotations.insert("a".to_owned(), "b".to_owned());
    let name = registry.reference("team/hook:2");
    let digest = client().push(&name, &nobody(), other).await.unwrap();
    let other = name.with_digest(digest);
    registry.put_manifest("team/hook", &tag(&other), IMAGE, signatures.as_bytes());
    assert_eq!(
        refused(&registry, &other, &wanted(&[&key])).await,
        "signature"
    );
}

#[tokio::test]
async fn broken_signatures_do_not_count_and_do_not_hide_good_ones() {
    let (registry, reference, key) = signed().await;
    only(&registry, &reference, Form::Simple);
    let good: Value =
        serde_json::from_str(&registry.manifest("team/hook", &tag(&reference))).unwrap();
    let layer = &good["layers"][0];
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut layer = layer.clone();
        edit(&mut layer);
        layer
    };
    let annotation = "dev.cosignproject.cosign/signature";
    let signature = STANDARD
        .decode(layer["annotations"][annotation].as_str().unwrap())
        .unwrap();
    let mut flipped = signature.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let bad = [
        with(&|layer| layer["annotations"][annotation] = json!(STANDARD.encode(&flipped))),
        with(&|layer| layer["annotations"][annotation] = json!("")),
        with(&|layer| layer["annotations"][annotation] = json!("not base64")),
        with(&|layer| layer["annotations"] = json!({})),
        with(&|layer| layer["mediaType"] = json!("text/plain")),
        with(&|layer| layer["size"] = json!(u64::MAX)),
        with(&|layer| layer["size"] = json!(1)),
        with(&|layer| layer["digest"] = json!(Digest::of(b"not there").to_string())),
    ];
    for layer in &bad {
        let mut manifest = good.clone();
        manifest["layers"] = json!([layer]);
        registry.put_manifest(
            "team/hook",
            &tag(&reference),
            IMAGE,
            manifest.to_string().as_bytes(),
        );
        assert_eq!(
            refused(&registry, &reference, &wanted(&[&key])).await,
            "signature",
            "{layer}"
        );
    }
    let mut manifest = good.clone();
    manifest["layers"] = json!(bad);
    manifest["layers"]
        .as_array_mut()
        .unwrap()
        .push(layer.clone());
    registry.put_manifest(
        "team/hook",
        &tag(&reference),
        IMAGE,
        manifest.to_string().as_bytes(),
    );
    client()
        .pull(&reference, &nobody(), &wanted(&[&key]))
        .await
        .unwrap();
}

#[tokio::test]
async fn no_more_signatures_are_looked_at_than_the_limit_says() {
    let (registry, reference, key) = signed().await;
    let mut manifest: Value =
        serde_json::from_str(&registry.manifest("team/hook", &tag(&reference))).unwrap();
    let good = manifest["layers"][0].clone();
    let mut bad = good.clone();
    bad["annotations"]["dev.cosignproject.cosign/signature"] = json!("AAAA");
    let mut layers = vec![bad; 32];
    layers.push(good);
    manifest["layers"] = json!(layers);
    registry.put_manifest(
        "team/hook",
        &tag(&reference),
        IMAGE,
        manifest.to_string().as_bytes(),
    );
    assert_eq!(
        refused(&registry, &reference, &wanted(&[&key])).await,
        "signature"
    );
}

#[tokio::test]
async fn when_signatures_cannot_be_read_nothing_is_pulled() {
    let (registry, reference, key) = signed().await;
    let tag = tag(&reference);
    for code in [500, 401, 403] {
        let tag = tag.clone();
        registry.lie(move |parts| parts.uri.path().ends_with(&tag).then(|| status(code)));
        let refusal = refused(&registry, &reference, &wanted(&[&key])).await;
        assert_eq!(refusal, if code == 500 { "status" } else { "denied" });
    }
}

#[tokio::test]
async fn private_keys_are_kept_encrypted() {
    let (key, file) = PrivateKey::generate(PASSWORD).unwrap();
    assert!(file.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
    let again = PrivateKey::from_pem(&file, Some(PASSWORD)).unwrap();
    assert_eq!(again.public(), key.public());
    assert_eq!(
        &PublicKey::from_pem(&key.public_pem()).unwrap(),
        key.public()
    );
    for password in [None, Some(""), Some("wrong")] {
        assert_eq!(
            PrivateKey::from_pem(&file, password).unwrap_err().code(),
            "key"
        );
    }
    // A file that asks for all of the machine's memory is refused before it gets any.
    let block = pem::parse(&file).unwrap();
    let text = String::from_utf8(block.contents().to_vec()).unwrap();
    for (from, to) in [
        ("\"N\":65536", "\"N\":1073741824"),
        ("\"r\":8", "\"r\":4294967295"),
        ("\"N\":65536", "\"N\":0"),
        ("\"N\":65536", "\"N\":65535"),
        ("\"p\":1", "\"p\":0"),
        ("scrypt", "other"),
        ("nacl/", "other/"),
    ] {
        assert!(text.contains(from), "{from}");
        let block = pem::Pem::new(block.tag(), text.replace(from, to).into_bytes());
        let error = PrivateKey::from_pem(&pem::encode(&block), Some(PASSWORD)).unwrap_err();
        assert_eq!(error.code(), "key", "{to}");
    }
}

#[test]
fn what_is_no_public_key_is_refused() {
    let pem = key().public_pem();
    let der = pem::parse(&pem).unwrap().into_contents();
    let block = |tag: &str, der: &[u8]| pem::encode(&pem::Pem::new(tag, der));
    let mut off_curve = der.clone();
    off_curve[26] = 5;
    let mut trailing = der.clone();
    trailing.push(0);
    for text in [
        String::new(),
        "x".to_owned(),
        format!("{pem}{pem}"),
        block("PRIVATE KEY", &der),
        block("CERTIFICATE", &der),
        block("PUBLIC KEY", &der[..der.len() - 1]),
        block("PUBLIC KEY", &off_curve),
        block("PUBLIC KEY", &trailing),
        block("PUBLIC KEY", b""),
        "x".repeat(100_000),
    ] {
        assert_eq!(
            PublicKey::from_pem(&text).unwrap_err().code(),
            "key",
            "{text:.200}"
        );
    }
}
