//! Putting into a registry: blobs and manifests.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, Uri};
use hyper::body::Incoming;
use serde::Serialize;

use crate::artifact::{Descriptor, MANIFEST, Manifest, WASM_CONFIG, WASM_LAYER};
use crate::client::RegistryClient;
use crate::session::{Access, Ask, Session};
use crate::{Credentials, Digest, Reference, RegistryError};

/// A component to push, with what its image says of it.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    /// The component's file.
    pub bytes: Vec<u8>,
    /// What it imports, such as `hookbox:hook/values@0.1.0`.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Annotations of the manifest, such as `org.opencontainers.image.source`.
    pub annotations: BTreeMap<String, String>,
}

/// The config of a component's image, by the Wasm OCI artifact.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    /// Always the same: the same component has the same digest, whenever it is pushed.
    created: &'static str,
    architecture: &'static str,
    os: &'static str,
    layer_digests: [Digest; 1],
    component: World<'a>,
}

#[derive(Serialize)]
struct World<'a> {
    exports: &'a [String],
    imports: &'a [String],
}

impl RegistryClient {
    /// Put a component under the reference's tag (`latest` where it has none), as an image of one layer. The same
    /// component and annotations always make the same image. The digest of its manifest.
    ///
    /// # Errors
    /// [`RegistryError::Reference`] when the reference has a digest: that comes of what is pushed. And others.
    pub async fn push(
        &self,
        reference: &Reference,
        credentials: &Credentials,
        artifact: Artifact,
    ) -> Result<Digest, RegistryError> {
        if reference.digest().is_some() {
            return Err(RegistryError::Reference {
                text: reference.to_string(),
                why: "what is pushed gets its digest; name a tag only",
            });
        }
        self.within(reference, async {
            let session = self.session(reference, credentials, Access::Push).await?;
            let layer = Descriptor::of(WASM_LAYER, &artifact.bytes);
            let config = Config {
                created: "1970-01-01T00:00:00Z",
                architecture: "wasm",
                os: "wasip2",
                layer_digests: [layer.digest],
                component: World {
                    exports: &artifact.exports,
                    imports: &artifact.imports,
                },
            };
            let config = json(&config);
            let mut manifest =
                Manifest::new(Descriptor::of(WASM_CONFIG, &config), vec![layer.clone()]);
            if !artifact.annotations.is_empty() {
                manifest.annotations = Some(artifact.annotations);
            }
            session.put_blob(&layer, artifact.bytes.into()).await?;
            session.put_blob(&manifest.config, config.into()).await?;
            session
                .put_manifest(&reference.identifier(), &manifest)
                .await
        })
        .await
    }
}

/// JSON of a document of our own.
pub(crate) fn json<T: Serialize>(document: &T) -> Vec<u8> {
    // Strings, numbers and maps of strings: it cannot fail.
    serde_json::to_vec(document).unwrap_or_default()
}

impl Session<'_> {
    /// Put a blob, unless it is there.
    pub(crate) async fn put_blob(
        &self,
        descriptor: &Descriptor,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let digest = descriptor.digest;
        let what = format!("the blob {digest} of {}", self.repository());
        let there = Ask {
            method: Method::HEAD,
            ..Ask::default()
        };
        let uri = self.part(&format!("blobs/{digest}"))?;
        if self.ask(&uri, &what, &there).await?.status().is_success() {
            return Ok(());
        }
        let begin = Ask {
            method: Method::POST,
            ..Ask::default()
        };
        let uri = self.part("blobs/uploads/")?;
        let response = self.ask(&uri, &what, &begin).await?;
        let response = self.fine(self.host(), &what, response).await?;
        let target = self.onward(&uri, &what, &response)?;
        let between = if target.query().is_some() { '&' } else { '?' };
        let target: Uri = format!("{target}{between}digest={digest}")
            .parse()
            .map_err(|_| RegistryError::Protocol {
                host: self.host().to_owned(),
                why: "it says no address for an upload that can be used".to_owned(),
            })?;
        let put = Ask {
            method: Method::PUT,
            content_type: Some("application/octet-stream"),
            body: bytes,
            progress: self.settings.progress.clone(),
            ..Ask::default()
        };
        let response = self.ask(&target, &what, &put).await?;
        self.fine(self.host(), &what, response).await.map(drop)
    }

    /// Put a manifest; its digest.
    pub(crate) async fn put_manifest(
        &self,
        identifier: &str,
        manifest: &Manifest,
    ) -> Result<Digest, RegistryError> {
        let body = Bytes::from(json(manifest));
        let digest = Digest::of(&body);
        self.put(identifier, MANIFEST, body).await?;
        Ok(digest)
    }

    /// Put a manifest or an index; the registry's answer.
    pub(crate) async fn put(
        &self,
        identifier: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> Result<Response<Incoming>, RegistryError> {
        let what = format!("the manifest {}:{identifier}", self.repository());
        let put = Ask {
            method: Method::PUT,
            content_type: Some(media_type),
            body,
            ..Ask::default()
        };
        let uri = self.part(&format!("manifests/{identifier}"))?;
        let response = self.ask(&uri, &what, &put).await?;
        self.fine(self.host(), &what, response).await
    }
}
