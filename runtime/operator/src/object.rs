//! Kubernetes objects as compact JSON text with sorted keys.

use hookbox_sandbox::JsonText;

/// One object as the API server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its resource version.
    pub resource_version: String,
    /// The whole object: compact, keys sorted.
    pub json: JsonText,
}

impl Object {
    /// Its resource version as a number, which says as much; 0 where it is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
    }
}
