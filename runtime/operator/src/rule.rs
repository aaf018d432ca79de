//! What is missing when the API server forbids something.

use std::fmt;

/// The RBAC rule that would allow a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Verbs: `create`, `get`, `list`, `watch`, `update`, `patch`, `delete`.
    pub verbs: &'static [&'static str],
    /// API group; empty for the core group.
    pub group: String,
    /// Resource, with its subresource: `deployments/status`.
    pub resource: String,
    /// Namespace; none for cluster-scoped objects.
    pub namespace: Option<String>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verbs,
            group,
            resource,
            ..
        } = self;
        match &self.namespace {
            Some(namespace) => write!(
                f,
                "To allow it, bind a Role in namespace `{namespace}` (or a ClusterRole)"
            )?,
            None => f.write_str("To allow it, bind a ClusterRole")?,
        }
        write!(
            f,
            " with the rule: apiGroups [\"{group}\"], resources [\"{resource}\"], verbs {verbs:?}"
        )
    }
}
