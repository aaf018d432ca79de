//! The client against registries in this process: honest ones, and ones that lie.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test's failure is a panic that says what went wrong"
)]

mod auth;
mod cosign;
mod hostile;
mod roundtrip;
mod server;
mod signatures;
mod store;
mod tls;

use std::time::Duration;

use hookbox_registry::{Artifact, Credentials, Digest, RegistryClient, Settings};
use server::Registry;

/// The beginning of a component's file. What follows is nobody's business here.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 not looked at";

fn settings() -> Settings {
    Settings {
        loopback: true,
        ..Settings::default()
    }
}

fn client() -> RegistryClient {
    RegistryClient::new(settings()).unwrap()
}

/// One that does not wait long for what never comes.
fn impatient() -> RegistryClient {
    RegistryClient::new(Settings {
        idle_time: Duration::from_millis(50),
        ..settings()
    })
    .unwrap()
}

fn nobody() -> Credentials {
    Credentials::default()
}

fn artifact() -> Artifact {
    Artifact {
        bytes: COMPONENT.to_vec(),
        imports: vec!["a:b/c@1.0.0".to_owned()],
        exports: vec!["hookbox:hook/hooks@0.1.0".to_owned()],
        ..Artifact::default()
    }
}

/// Push the component as `team/hook:1`.
async fn pushed(registry: &Registry) -> Digest {
    let reference = registry.reference("team/hook:1");
    let digest = client().push(&reference, &nobody(), artifact()).await;
    digest.unwrap()
}

/// A token server's answer that never ends.
fn endless_token() -> http::Response<server::Body> {
    server::endless(b"\"t\"")
}
