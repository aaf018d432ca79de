//! Hook components from OCI registries.
//!
//! A component is an artifact of a registry (the Wasm OCI artifact: one layer `application/wasm`), named by a
//! [`Reference`] and pinned by the digest of its manifest. [`RegistryClient::pull`] fetches it in an order that gives an
//! attacker the least: the manifest by digest, then a signature of that digest by one of the wanted keys
//! ([`Verification`]), and only then the component's bytes, whose size and digest the manifest says. Nothing here parses
//! WebAssembly.
//!
//! Registries, their token servers and where they redirect to are hostile: every answer has a limit of bytes and time,
//! nothing is believed but digests and signatures, credentials go to nobody but the registry and the token server that
//! it names, and addresses are checked after names are resolved. Every failure is a [`RegistryError`] with a stable
//! code.
//!
//! Signatures are read and written as cosign stores them with a key pair: the older form (an image with the tag
//! `sha256-….sig`, one layer a signature) and the newer one (a Sigstore bundle among the referrers).
//!
//! ```no_run
//! # async fn example() -> Result<(), hookbox_registry::RegistryError> {
//! use hookbox_registry::{Credentials, Reference, RegistryClient, Settings, Verification};
//!
//! let client = RegistryClient::new(Settings::default())?;
//! let reference: Reference =
//!     "registry.example/team-a/cleaner@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".parse()?;
//! let digest = reference.pinned()?;
//! let keys = Verification::keys(["-----BEGIN PUBLIC KEY-----…"])?;
//! let pulled = client.pull(&reference, &Credentials::default(), &keys).await?;
//! assert_eq!(pulled.digest, digest);
//! # Ok(())
//! # }
//! ```

mod address;
mod artifact;
mod auth;
mod body;
mod challenge;
mod client;
mod clock;
mod connect;
mod credentials;
mod der;
mod digest;
mod error;
mod pattern;
mod private_key;
mod public_key;
mod push;
mod reference;
mod session;
mod settings;
mod sign;
mod signature;
mod store;
mod transport;
mod verification;

pub use artifact::Pulled;
pub use client::{Kept, RegistryClient};
pub use credentials::{Credential, Credentials};
pub use digest::Digest;
pub use error::RegistryError;
pub use pattern::ImagePattern;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use push::Artifact;
pub use reference::Reference;
pub use settings::{Progress, Settings, Stage};
pub use store::{ComponentStore, Lease, StoreError};
pub use verification::Verification;
