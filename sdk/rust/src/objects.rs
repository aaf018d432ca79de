//! Small types for objects that hooks often make, for those who do without `k8s-openapi`.
//!
//! They hold what hooks usually need, not every field: keep them for objects that your hook owns as a whole. Types of
//! your own, `k8s-openapi`'s and [`json!`](serde_json::json) work as well everywhere.
//!
//! ```
//! use hookbox_sdk::objects::ConfigMap;
//! use hookbox_sdk::prelude::*;
//!
//! let settings = ConfigMap::new("default", "settings").label("app", "web").data("colour", "blue");
//! assert_eq!(
//!     serde_json::to_value(&settings).unwrap(),
//!     json!({
//!         "apiVersion": "v1", "kind": "ConfigMap",
//!         "metadata": {"name": "settings", "namespace": "default", "labels": {"app": "web"}},
//!         "data": {"colour": "blue"},
//!     })
//! );
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ObjectRef;

/// The part of an object's metadata that a hook reads and writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Namespace; none for cluster-scoped objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMap {
    #[serde(default = "v1")]
    api_version: String,
    #[serde(default = "config_map")]
    kind: String,
    /// Metadata.
    pub metadata: Metadata,
    /// Texts by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}

/// A Secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    #[serde(default = "v1")]
    api_version: String,
    #[serde(default = "secret")]
    kind: String,
    /// Metadata.
    pub metadata: Metadata,
    /// Type, such as `kubernetes.io/tls`; none is `Opaque`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind_of_secret: Option<String>,
    /// Base64 texts by key, as the API has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Plain texts by key; the API server encodes them into `data`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub string_data: BTreeMap<String, String>,
}

// A secret's content does not belong in a log.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret")
            .field("metadata", &self.metadata)
            .field("type", &self.kind_of_secret)
            .field(
                "keys",
                &self
                    .data
                    .keys()
                    .chain(self.string_data.keys())
                    .collect::<Vec<_>>(),
            )
            .finish()
    }
}

fn v1() -> String {
    "v1".to_owned()
}

fn config_map() -> String {
    "ConfigMap".to_owned()
}

fn secret() -> String {
    "Secret".to_owned()
}

impl Metadata {
    /// Metadata of an object in a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: Some(namespace.into()),
            ..Self::default()
        }
    }
}

macro_rules! common {
    ($kind:ident) => {
        impl $kind {
            /// Puts a label on it.
            #[must_use]
            pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.metadata.labels.insert(key.into(), value.into());
                self
            }

            /// Puts an annotation on it.
            #[must_use]
            pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.metadata.annotations.insert(key.into(), value.into());
                self
            }
        }

        impl From<&$kind> for ObjectRef {
            fn from(object: &$kind) -> Self {
                Self {
                    api_version: Some(object.api_version.clone()),
                    kind: object.kind.clone(),
                    namespace: object.metadata.namespace.clone(),
                    name: object.metadata.name.clone(),
                }
            }
        }
    };
}
common!(ConfigMap);
common!(Secret);

impl ConfigMap {
    /// An empty ConfigMap.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            api_version: v1(),
            kind: config_map(),
            metadata: Metadata::new(namespace, name),
            data: BTreeMap::new(),
        }
    }

    /// Puts a text under a key.
    #[must_use]
    pub fn data(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.data.insert(key.into(), value.into());
        self
    }
}

impl Secret {
    /// An empty Secret.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            api_version: v1(),
            kind: secret(),
            metadata: Metadata::new(namespace, name),
            kind_of_secret: None,
            data: BTreeMap::new(),
            string_data: BTreeMap::new(),
        }
    }

    /// Puts a plain text under a key.
    #[must_use]
    pub fn text(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.string_data.insert(key.into(), value.into());
        self
    }
}
