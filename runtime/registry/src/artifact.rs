//! Manifests: what an image is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, RegistryError};

/// The manifest of an image.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An index of manifests.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The config of a component's image, by the Wasm OCI artifact.
pub(crate) const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// A component, by the Wasm OCI artifact.
pub(crate) const WASM_LAYER: &str = "application/wasm";
/// The config of what needs none, and its content.
pub(crate) const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");
/// A component, as older tools store it.
const OLDER_WASM_LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// Most parts of a manifest.
const PARTS: usize = 256;

/// A component that was pulled. Its bytes have the digest that the manifest says, and are otherwise unchecked.
#[derive(Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The component's file.
    pub bytes: Vec<u8>,
    /// Digest of the manifest: of the image.
    pub digest: Digest,
    /// Digest of the component's file.
    pub component: Digest,
    /// [`PublicKey::id`](crate::PublicKey::id) of the key whose signature counted; none where none was asked for.
    pub signed_by: Option<Digest>,
}

impl std::fmt::Debug for Pulled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulled")
            .field("size", &self.bytes.len())
            .field("digest", &self.digest)
            .field("signed_by", &self.signed_by)
            .finish_non_exhaustive()
    }
}

/// What a manifest says of one of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: None,
        }
    }
}

/// An index of manifests.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) schema_version: u32,
    pub(crate) media_type: String,
    pub(crate) manifests: Vec<Descriptor>,
}

/// The manifest of an image, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(default)]
    pub(crate) media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    pub(crate) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: None,
        }
    }

    /// The manifest of an image in these bytes, or why there is none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Head {
            media_type: Option<String>,
            /// Only an index has it. What is both means different things to different readers.
            manifests: Option<serde::de::IgnoredAny>,
        }
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|error| format!("its manifest is not JSON of an image: {error}"))?;
        let media_type = head.media_type.unwrap_or_else(|| MANIFEST.to_owned());
        if head.manifests.is_some() {
            return Err(
                "it is an index of several images: name the digest of one of them".to_owned(),
            );
        }
        if media_type != MANIFEST {
            let media_type = crate::transport::line(&media_type);
            return Err(format!("its manifest is `{media_type}`, not `{MANIFEST}`"));
        }
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("its manifest is not as OCI has it: {error}"))?;
        if manifest.schema_version != 2 || manifest.layers.len() > PARTS {
            return Err(format!(
                "its manifest is not of version 2, or has more than {PARTS} layers"
            ));
        }
        Ok(manifest)
    }

    /// The one layer that is a component.
    pub(crate) fn component(&self, what: &str) -> Result<&Descriptor, RegistryError> {
        let refused = |why: String| RegistryError::NotAComponent {
            what: what.to_owned(),
            why,
        };
        let [layer] = self.layers.as_slice() else {
            return Err(refused(format!(
                "it has {} layers instead of one",
                self.layers.len()
            )));
        };
        match layer.media_type.as_str() {
            WASM_LAYER | OLDER_WASM_LAYER => Ok(layer),
            other => Err(refused(format!(
                "its layer is `{}`, not `{WASM_LAYER}`",
                crate::transport::line(other)
            ))),
        }
    }
}
