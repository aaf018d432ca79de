//! What is pushed is pulled, and is stored as others expect it.

use std::sync::{Arc, Mutex};

use hookbox_registry::{Digest, RegistryClient, Settings, Stage, Verification};

use super::server::Registry;
use super::{COMPONENT, artifact, client, nobody, pushed, settings};

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let tag = registry.reference("team/hook:1");
    assert_eq!(client().resolve(&tag, &nobody()).await.unwrap(), digest);
    for reference in [tag.clone(), tag.with_digest(digest)] {
        let pulled = client()
            .pull(&reference, &nobody(), &Verification::Unsigned)
            .await
            .unwrap();
        assert_eq!(pulled.bytes, COMPONENT);
        assert_eq!(pulled.digest, digest);
        assert_eq!(pulled.component, Digest::of(COMPONENT));
        assert_eq!(pulled.signed_by, None);
    }
}

#[tokio::test]
async fn the_image_is_a_wasm_oci_artifact_and_always_the_same() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    assert_eq!(pushed(&registry).await, digest);
    let manifest: serde_json::Value =
        serde_json::from_str(&registry.manifest("team/hook", "1")).unwrap();
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(
        manifest["layers"][0]["digest"],
        Digest::of(COMPONENT).to_string()
    );
    assert_eq!(manifest["layers"][0]["size"], COMPONENT.len());
    // What is there is not sent again.
    let puts = registry
        .seen()
        .iter()
        .filter(|what| what.contains("uploads/1"))
        .count();
    assert_eq!(puts, 2);
}

#[tokio::test]
async fn progress_is_told_up_to_the_end() {
    let registry = Registry::start().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let client = RegistryClient::new(Settings {
        progress: Some(Arc::new(move |stage, done, all| {
            listener.lock().unwrap().push((stage, done, all))
        })),
        ..settings()
    })
    .unwrap();
    let reference = registry.reference("team/hook:1");
    client
        .push(&reference, &nobody(), artifact())
        .await
        .unwrap();
    client
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await
        .unwrap();
    let size = COMPONENT.len() as u64;
    let told = told.lock().unwrap();
    assert!(told.contains(&(Stage::Upload, size, size)), "{told:?}");
    assert!(told.contains(&(Stage::Download, size, size)), "{told:?}");
}

#[tokio::test]
async fn a_push_names_no_digest() {
    let registry = Registry::start().await;
    let reference = registry
        .reference("team/hook:1")
        .with_digest(Digest::of(b""));
    let error = client()
        .push(&reference, &nobody(), artifact())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "reference");
    assert_eq!(registry.seen(), [""; 0]);
}
