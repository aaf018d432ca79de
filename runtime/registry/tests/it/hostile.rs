//! Registries that lie: about digests, sizes, ends, types and where things are. None gets a component through, nor
//! keeps the client longer or fills it with more than the limits say.

use std::time::Duration;

use bytes::Bytes;
use hookbox_registry::{Digest, Reference, RegistryClient, RegistryError, Settings, Verification};

use super::server::{Registry, endless, full, redirect, silent, status};
use super::{COMPONENT, client, impatient, nobody, pushed, settings};

async fn pull(client: &RegistryClient, reference: &Reference) -> RegistryError {
    client
        .pull(reference, &nobody(), &Verification::Unsigned)
        .await
        .unwrap_err()
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn is_blob(path: &str) -> bool {
    path.contains(&format!("/blobs/{}", Digest::of(COMPONENT)))
}

#[tokio::test]
async fn another_manifest_than_was_asked_for_is_refused() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    let other = registry
        .manifest("team/hook", "1")
        .replace("wasip2", "wasip9")
        + " ";
    registry.lie(move |parts| {
        parts
            .uri
            .path()
            .contains("/manifests/")
            .then(|| full(200, other.clone().into()))
    });
    let pinned = registry.reference("team/hook:1").with_digest(digest);
    let error = pull(&client(), &pinned).await;
    assert_eq!(error.code(), "digest-mismatch", "{error}");
    assert!(
        !registry
            .seen()
            .iter()
            .any(|what| what.contains("/blobs/sha256:") && what.starts_with("GET"))
    );
}

#[tokio::test]
async fn a_tag_whose_digest_is_said_to_be_another_is_refused() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let text = registry.manifest("team/hook", "1");
    registry.lie(move |parts| {
        parts.uri.path().contains("/manifests/").then(|| {
            let mut answer = full(200, text.clone().into());
            let digest = Digest::of(b"other").to_string();
            answer
                .headers_mut()
                .insert("docker-content-digest", digest.parse().unwrap());
            answer
        })
    });
    assert_eq!(
        pull(&client(), &registry.reference("team/hook:1"))
            .await
            .code(),
        "digest-mismatch"
    );
}

#[tokio::test]
async fn other_bytes_of_the_component_are_refused() {
    let wrong: Vec<u8> = COMPONENT.iter().rev().copied().collect();
    let longer = [COMPONENT, b"!"].concat();
    let shorter = COMPONENT[1..].to_vec();
    for (bytes, code) in [
        (wrong, "digest-mismatch"),
        (longer, "size"),
        (shorter, "size"),
        (Vec::new(), "size"),
    ] {
        let registry = Registry::start().await;
        pushed(&registry).await;
        registry.lie(move |parts| {
            is_blob(parts.uri.path()).then(|| full(200, Bytes::from(bytes.clone())))
        });
        let error = pull(&client(), &registry.reference("team/hook:1")).await;
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn what_never_ends_ends_at_its_limit() {
    for (part, code) in [("/blobs/sha256:", "size"), ("/manifests/", "too-large")] {
        let registry = Registry::start().await;
        pushed(&registry).await;
        registry.lie(move |parts| {
            parts
                .uri
                .path()
                .contains(part)
                .then(|| endless(&[b' '; 4096]))
        });
        let error = pull(&client(), &registry.reference("team/hook:1")).await;
        assert_eq!(error.code(), code, "{error}");
    }
}

#[tokio::test]
async fn what_an_error_says_without_end_is_not_read_to_its_end() {
    let registry = Registry::start().await;
    registry.lie(|_| {
        let mut answer = endless(b"no ");
        *answer.status_mut() = http::StatusCode::IM_A_TEAPOT;
        Some(answer)
    });
    let error = pull(&client(), &registry.reference("team/hook:1")).await;
    assert_eq!(error.code(), "status", "{error}");
    assert!(error.to_string().len() < 500, "{error}");
}

#[tokio::test]
async fn who_says_nothing_more_is_left() {
    for part in ["/manifests/", "/blobs/sha256:"] {
        let registry = Registry::start().await;
        pushed(&registry).await;
        registry.lie(move |parts| parts.uri.path().contains(part).then(|| silent(b"{")));
        let error = pull(&impatient(), &registry.reference("team/hook:1")).await;
        assert_eq!(error.code(), "timeout", "{error}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn who_drips_is_left_when_the_time_is_over() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    registry.lie(|parts| {
        parts
            .uri
            .path()
            .contains("/manifests/")
            .then(|| silent(b"{"))
    });
    let client = RegistryClient::new(Settings {
        total_time: Duration::from_millis(50),
        ..settings()
    })
    .unwrap();
    let error = pull(&client, &registry.reference("team/hook:1")).await;
    assert_eq!(error.code(), "timeout", "{error}");
}

#[tokio::test]
async fn a_component_that_is_too_large_is_not_fetched() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let client = RegistryClient::new(Settings {
        max_component_size: COMPONENT.len() as u64 - 1,
        ..settings()
    })
    .unwrap();
    let error = pull(&client, &registry.reference("team/hook:1")).await;
    assert_eq!(error.code(), "too-large", "{error}");
    assert!(
        !registry
            .seen()
            .iter()
            .any(|what| what.starts_with("GET") && is_blob(what))
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused_by_its_manifest() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let good = registry.manifest("team/hook", "1");
    let layer = format!(
        r#"{{"mediaType":"application/wasm","digest":"{}","size":1}}"#,
        Digest::of(b"x")
    );
    for (text, says) in [
        (
            good.replace(
                "application/wasm",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ),
            "its layer is",
        ),
        (
            good.replace(r#""layers":["#, &format!(r#""layers":[{layer},"#)),
            "2 layers",
        ),
        (
            good.replace(r#""layers":"#, r#""layers":[],"layers":"#),
            "duplicate",
        ),
        (
            good.replace(r#""layers":"#, r#""manifests":[],"layers":"#),
            "index",
        ),
        (
            good.replace(MANIFEST, "application/vnd.oci.image.index.v1+json"),
            "not `application",
        ),
        (
            good.replace(r#""schemaVersion":2"#, r#""schemaVersion":1"#),
            "version",
        ),
        (good.replace(r#""size":"#, r#""size":-"#), "as OCI"),
        (good.replace("sha256:", "sha512:"), "as OCI"),
        ("{}".to_owned(), "as OCI"),
        ("not JSON".to_owned(), "JSON"),
        ("[".repeat(100_000), "JSON"),
    ] {
        let digest = registry.put_manifest("team/hook", "2", MANIFEST, text.as_bytes());
        let reference = registry.reference("team/hook:2").with_digest(digest);
        let error = pull(&client(), &reference).await;
        assert_eq!(error.code(), "not-a-component", "{error}");
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(error.to_string().len() < 1000, "{error}");
    }
}

#[tokio::test]
async fn redirects_are_followed_where_they_may_lead() {
    let registry = Registry::start().await;
    let digest = pushed(&registry).await;
    // Another host, as storage behind registries has: it answers without being told who asks.
    let storage = Registry::start().await;
    storage.put_blob("x", COMPONENT);
    let to = format!(
        "http://{}/v2/x/blobs/{}",
        storage.address,
        Digest::of(COMPONENT)
    );
    registry.lie(move |parts| is_blob(parts.uri.path()).then(|| redirect(&to)));
    let reference = registry.reference("team/hook:1").with_digest(digest);
    let pulled = client()
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await;
    assert_eq!(pulled.unwrap().bytes, COMPONENT);
}

#[tokio::test]
async fn redirects_elsewhere_are_not_followed() {
    for (to, code) in [
        ("/v2/team/hook/manifests/1", "redirect"),
        ("file:///etc/passwd", "redirect"),
        ("ftp://127.0.0.1/", "redirect"),
        ("http://user:password@127.0.0.1/", "redirect"),
        ("//127.0.0.1/", "redirect"),
        ("http://169.254.169.254/latest/meta-data", "address"),
        ("http://[::ffff:169.254.169.254]/", "address"),
        ("http://0.0.0.0/", "address"),
    ] {
        let registry = Registry::start().await;
        registry.lie(move |parts| {
            parts
                .uri
                .path()
                .contains("/manifests/")
                .then(|| redirect(to))
        });
        let error = pull(&client(), &registry.reference("team/hook:1")).await;
        assert_eq!(error.code(), code, "{to}: {error}");
    }
    let registry = Registry::start().await;
    registry.lie(|parts| {
        parts
            .uri
            .path()
            .contains("/manifests/")
            .then(|| status(307))
    });
    assert_eq!(
        pull(&client(), &registry.reference("team/hook:1"))
            .await
            .code(),
        "redirect"
    );
}

#[tokio::test]
async fn who_names_the_registry_does_not_reach_this_machine() {
    let registry = Registry::start().await;
    let port = registry.address.port();
    let client = RegistryClient::new(Settings::default()).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "[fe80::1]",
    ] {
        let reference: Reference = format!("{host}:{port}/team/hook:1").parse().unwrap();
        let error = pull(&client, &reference).await;
        assert!(
            matches!(error.code(), "address" | "unreachable"),
            "{host}: {error}"
        );
        if host != "[fe80::1]" && host != "127.1" && host != "2130706433" {
            assert_eq!(error.code(), "address", "{host}: {error}");
        }
    }
    assert_eq!(registry.seen(), [""; 0]);
    // A registry that was named for plain HTTP may be here.
    pushed(&registry).await;
    let client = RegistryClient::new(Settings {
        plain_http: vec![registry.address.to_string()],
        ..Settings::default()
    })
    .unwrap();
    let reference = registry.reference("team/hook:1");
    client
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_registry_that_hangs_up_or_is_not_there_is_out_of_reach() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let reference: Reference = format!("{address}/team/hook:1").parse().unwrap();
    let error = pull(&client(), &reference).await;
    assert!(error.is_transient(), "{error}");
    assert_eq!(error.code(), "broken", "{error}");
}

#[tokio::test]
async fn a_registry_that_hangs_holds_up_only_its_own_lane() {
    let tarpit = Registry::start().await;
    tarpit.lie(|_| Some(silent(b"{")));
    let registry = Registry::start().await;
    pushed(&registry).await;
    let client = RegistryClient::new(Settings {
        max_concurrent: 1,
        ..settings()
    })
    .unwrap();
    let stuck = tarpit.reference("team/hook:1");
    let held = client.clone();
    let held = tokio::spawn(async move { pull(&held, &stuck).await });
    while tarpit.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let reference = registry.reference("team/hook:1");
    let pulled = client
        .lane()
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await;
    assert_eq!(pulled.unwrap().bytes, COMPONENT);
    assert!(!held.is_finished());
    held.abort();
}

#[tokio::test]
async fn a_registry_of_plain_http_leads_to_no_other_place_on_this_machine() {
    // A name that leads here and does not look so.
    let registry = Registry::start().await;
    let elsewhere = Registry::start().await;
    let name = format!("127.1:{}", registry.address.port());
    let to = format!("http://{}/", elsewhere.address);
    registry.lie(move |_| Some(redirect(&to)));
    let client = RegistryClient::new(Settings {
        plain_http: vec![name.clone()],
        ..Settings::default()
    })
    .unwrap();
    let reference: Reference = format!("{name}/team/hook:1").parse().unwrap();
    let error = pull(&client, &reference).await;
    assert_eq!(error.code(), "address", "{error}");
    assert_eq!(elsewhere.seen(), [""; 0]);
    assert_eq!(registry.seen().len(), 1);
}
