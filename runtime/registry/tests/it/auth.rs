//! Who asks is said to whom it concerns, and to nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_registry::{Credential, Credentials, Verification};

use super::server::{Registry, challenge, full, redirect, status};
use super::{COMPONENT, client, endless_token, nobody, pushed};

pub(super) fn alice(registry: &Registry) -> Credentials {
    let credential = Credential::Password {
        username: "alice".to_owned(),
        password: "s3cret".to_owned(),
    };
    Credentials::default().with(&registry.address.to_string(), credential)
}

pub(super) fn basic() -> String {
    format!("Basic {}", STANDARD.encode("alice:s3cret"))
}

/// Answers only who shows this.
pub(super) fn guard(registry: &Registry, wants: &str, challenged: String) {
    let wants = wants.to_owned();
    registry.lie(move |parts| {
        let shown = parts
            .headers
            .get("authorization")
            .map(|value| value.to_str().unwrap());
        (shown != Some(&wants)).then(|| challenge(&challenged))
    });
}

#[tokio::test]
async fn a_password_is_shown_when_it_is_asked_for() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    guard(&registry, &basic(), "Basic realm=\"x\"".to_owned());
    let reference = registry.reference("team/hook:1");
    let pulled = client()
        .pull(&reference, &alice(&registry), &Verification::Unsigned)
        .await;
    assert_eq!(pulled.unwrap().bytes, COMPONENT);
    let error = client()
        .pull(&reference, &nobody(), &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "denied");
    assert!(error.to_string().contains("wants credentials"), "{error}");
    let wrong = Credentials::default().with(
        &registry.address.to_string(),
        Credential::Password {
            username: "alice".to_owned(),
            password: "wrong".to_owned(),
        },
    );
    let error = client()
        .pull(&reference, &wrong, &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "denied");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn a_token_is_fetched_for_just_this_repository() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let tokens = Registry::start().await;
    tokens.lie(|_| Some(full(200, r#"{"token": "t0ken"}"#.into())));
    let challenged = format!(
        r#"Bearer realm="http://{}/token?a=b",service="the registry",scope="repository:other:*""#,
        tokens.address
    );
    guard(&registry, "Bearer t0ken", challenged);
    let reference = registry.reference("team/hook:1");
    let pulled = client()
        .pull(&reference, &alice(&registry), &Verification::Unsigned)
        .await;
    assert_eq!(pulled.unwrap().bytes, COMPONENT);
    assert_eq!(
        tokens.seen(),
        ["GET /token?a=b&scope=repository%3Ateam%2Fhook%3Apull&service=the%20registry"]
    );
    assert_eq!(tokens.credentials(), [Some(basic())]);
    // The registry itself never sees the password.
    assert!(!registry.credentials().contains(&Some(basic())));
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let tokens = Registry::start().await;
    tokens.lie(|parts| {
        let posted = parts.method == http::Method::POST;
        Some(if posted {
            full(200, r#"{"access_token": "t0ken"}"#.into())
        } else {
            status(400)
        })
    });
    guard(
        &registry,
        "Bearer t0ken",
        format!("Bearer realm=\"http://{}/token\"", tokens.address),
    );
    let credentials = Credentials::default().with(
        &registry.address.to_string(),
        Credential::Identity("i".to_owned()),
    );
    let reference = registry.reference("team/hook:1");
    client()
        .pull(&reference, &credentials, &Verification::Unsigned)
        .await
        .unwrap();
}

#[tokio::test]
async fn token_servers_that_lie_get_no_component_through() {
    for (token, code) in [
        ("{}", "protocol"),
        (r#"{"token": ""}"#, "protocol"),
        (r#"{"token": "a\nb"}"#, "credentials"),
        ("not JSON", "protocol"),
        (r#"{"token": "another"}"#, "denied"),
    ] {
        let registry = Registry::start().await;
        let tokens = Registry::start().await;
        tokens.lie(move |_| Some(full(200, token.into())));
        guard(
            &registry,
            "Bearer t0ken",
            format!("Bearer realm=\"http://{}/token\"", tokens.address),
        );
        let reference = registry.reference("team/hook:1");
        let error = client()
            .pull(&reference, &alice(&registry), &Verification::Unsigned)
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{token}: {error}");
    }
    let registry = Registry::start().await;
    let tokens = Registry::start().await;
    tokens.lie(|_| Some(endless_token()));
    guard(
        &registry,
        "Bearer t0ken",
        format!("Bearer realm=\"http://{}/token\"", tokens.address),
    );
    let reference = registry.reference("team/hook:1");
    let error = client()
        .pull(&reference, &alice(&registry), &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "too-large", "{error}");
}

#[tokio::test]
async fn credentials_go_to_no_token_server_without_an_address_that_fits() {
    for realm in [
        "file:///etc/passwd",
        "/token",
        "",
        "http://u:p@127.0.0.1/token",
        "ftp://127.0.0.1/",
    ] {
        let registry = Registry::start().await;
        guard(&registry, "x", format!("Bearer realm=\"{realm}\""));
        let reference = registry.reference("team/hook:1");
        let error = client()
            .pull(&reference, &alice(&registry), &Verification::Unsigned)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "protocol", "{realm}: {error}");
    }
}

#[tokio::test]
async fn where_a_registry_redirects_nobody_is_told_who_asks() {
    let registry = Registry::start().await;
    pushed(&registry).await;
    let storage = Registry::start().await;
    let digest = storage.put_blob("x", COMPONENT);
    // It wants to know, too: it is not told either.
    let to = format!("http://{}/v2/x/blobs/{digest}", storage.address);
    let wants = basic();
    registry.lie(move |parts| {
        let shown = parts
            .headers
            .get("authorization")
            .map(|value| value.to_str().unwrap());
        if shown != Some(&wants) {
            return Some(challenge("Basic"));
        }
        parts
            .uri
            .path()
            .contains(&format!("/blobs/{digest}"))
            .then(|| redirect(&to))
    });
    storage.lie(|_| Some(challenge("Basic")));
    let reference = registry.reference("team/hook:1");
    let error = client()
        .pull(&reference, &alice(&registry), &Verification::Unsigned)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "denied", "{error}");
    assert_eq!(storage.credentials(), [None]);
}
