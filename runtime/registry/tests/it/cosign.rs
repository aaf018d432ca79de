//! What cosign v3.1.3 wrote: keys, signatures in both forms, and an attestation, for each kind of key. Made with
//! `cosign import-key-pair`, `sign` (with and without `--new-bundle-format`) and `attest`, password `pw`.

use std::collections::BTreeMap;

use hookbox_registry::{PrivateKey, PublicKey, Reference};
use serde::Deserialize;

use super::server::Registry;
use super::{client, nobody};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    key: String,
    private_key: Option<String>,
    plain_key: Option<String>,
    repository: String,
    digest: String,
    manifests: BTreeMap<String, String>,
    blobs: BTreeMap<String, String>,
}

fn made(name: &str) -> Made {
    let path = format!("{}/tests/it/cosign/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A registry with all of it, and a reference to the image.
async fn serve(made: &Made, registry: Registry) -> (Registry, Reference) {
    for (tag, text) in &made.manifests {
        let index = text.contains("\"manifests\"");
        let media_type = format!(
            "application/vnd.oci.image.{}.v1+json",
            if index { "index" } else { "manifest" }
        );
        registry.put_manifest(&made.repository, tag, &media_type, text.as_bytes());
    }
    for (digest, text) in &made.blobs {
        assert_eq!(
            &registry
                .put_blob(&made.repository, text.as_bytes())
                .to_string(),
            digest
        );
    }
    let reference = registry.reference(&format!("{}@{}", made.repository, made.digest));
    (registry, reference)
}

#[tokio::test]
async fn what_cosign_signed_is_verified() {
    for kind in ["p256", "p384", "ed25519", "rsa"] {
        for form in ["simple", "bundle"] {
            // The bundle by the registry's referrers, and by the index that is kept where there are none.
            for registry in [Registry::start().await, Registry::without_referrers().await] {
                let made = made(&format!("{kind}-{form}"));
                let key = PublicKey::from_pem(&made.key).unwrap();
                let (_registry, reference) = serve(&made, registry).await;
                let verified = client()
                    .verify(&reference, &nobody(), std::slice::from_ref(&key))
                    .await;
                let (digest, by) =
                    verified.unwrap_or_else(|error| panic!("{kind} {form}: {error}"));
                assert_eq!((digest.to_string(), by), (made.digest, key.id()));
            }
        }
    }
}

#[tokio::test]
async fn what_cosign_attested_is_no_signature() {
    for kind in ["p256", "p384", "ed25519", "rsa"] {
        let made = made(&format!("{kind}-attestation"));
        let key = PublicKey::from_pem(&made.key).unwrap();
        let (_registry, reference) = serve(&made, Registry::start().await).await;
        let error = client()
            .verify(&reference, &nobody(), &[key])
            .await
            .unwrap_err();
        assert_eq!(error.code(), "signature", "{kind}: {error}");
        assert!(
            error
                .to_string()
                .contains("is not `https://sigstore.dev/cosign/sign/v1`"),
            "{kind}: {error}"
        );
    }
}

#[tokio::test]
async fn keys_of_cosign_sign() {
    for kind in ["p256", "ed25519", "rsa"] {
        let made = made(&format!("{kind}-simple"));
        let public = PublicKey::from_pem(&made.key).unwrap();
        let plain = PrivateKey::from_pem(made.plain_key.as_deref().unwrap(), None).unwrap();
        let sealed =
            PrivateKey::from_pem(made.private_key.as_deref().unwrap(), Some("pw")).unwrap();
        for key in [plain, sealed] {
            assert_eq!(key.public(), &public, "{kind}");
            assert_eq!(
                PublicKey::from_pem(&key.public_pem()).unwrap(),
                public,
                "{kind}"
            );
            let (registry, reference) = serve(&made, Registry::start().await).await;
            // Without the signature that is there.
            let none = r#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"DIGEST","size":1},"layers":[]}"#
                .replace("DIGEST", &made.digest);
            let tag = format!("sha256-{}.sig", reference.digest().unwrap().hex());
            registry.put_manifest(
                &made.repository,
                &tag,
                "application/vnd.oci.image.manifest.v1+json",
                none.as_bytes(),
            );
            client().sign(&reference, &nobody(), &key).await.unwrap();
            client()
                .verify(&reference, &nobody(), std::slice::from_ref(&public))
                .await
                .unwrap();
        }
    }
    let p384 = made("p384-simple");
    let error = PrivateKey::from_pem(p384.plain_key.as_deref().unwrap(), None).unwrap_err();
    assert_eq!(error.code(), "key");
}
