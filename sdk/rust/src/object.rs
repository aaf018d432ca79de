//! Which object a change is for, and how to apply it.

use std::fmt;

/// Names one object of the cluster.
///
/// ```
/// use hookbox_sdk::ObjectRef;
///
/// let web = ObjectRef::namespaced("apps/v1", "Deployment", "default", "web");
/// assert_eq!(web.to_string(), "Deployment default/web");
/// assert_eq!(ObjectRef::namespace("web").to_string(), "Namespace web");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Group and version, such as `apps/v1`; none lets the host find the preferred version of the kind.
    pub api_version: Option<String>,
    /// Kind, such as `ConfigMap`.
    pub kind: String,
    /// Namespace; none for cluster-scoped objects.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// An object in a namespace.
    pub fn namespaced(
        api_version: impl Into<String>,
        kind: impl Into<String>,
        namespace: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..Self::cluster_scoped(api_version, kind, name)
        }
    }

    /// An object outside of namespaces.
    pub fn cluster_scoped(
        api_version: impl Into<String>,
        kind: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            api_version: Some(api_version.into()),
            kind: kind.into(),
            namespace: None,
            name: name.into(),
        }
    }

    /// A ConfigMap.
    pub fn config_map(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::namespaced("v1", "ConfigMap", namespace, name)
    }

    /// A Secret.
    pub fn secret(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::namespaced("v1", "Secret", namespace, name)
    }

    /// A Namespace.
    pub fn namespace(name: impl Into<String>) -> Self {
        Self::cluster_scoped("v1", "Namespace", name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl From<&ObjectRef> for ObjectRef {
    fn from(object: &ObjectRef) -> Self {
        object.clone()
    }
}

/// How to apply a patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PatchOptions {
    pub(crate) subresource: Option<String>,
    pub(crate) ignore_missing_object: bool,
    pub(crate) ignore_hook_error: bool,
}
