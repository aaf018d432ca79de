//! What one run may do beyond reading its input: what was granted, and who answers.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::Capabilities;
use crate::capabilities::{Files, ReadVerb};
use crate::http::HttpClient;
use crate::reads::{ClusterReads, Read};

/// Entries of the environment, and bytes of all of them, that a run is given at most.
const ENVIRONMENT: usize = 256;
const ENVIRONMENT_BYTES: usize = 256 << 10;

/// Folders that a run is given at most.
const FOLDERS: usize = 16;

/// What a run was granted. Nothing by default.
#[derive(Clone, Default)]
pub struct Grants {
    capabilities: Capabilities,
    cluster: Option<Arc<dyn ClusterReads>>,
    http: Option<Arc<HttpClient>>,
}

/// Why capabilities cannot be granted as they are written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// An entry of the environment cannot exist.
    #[error("environment[{index}]: {why}")]
    Environment {
        /// Which entry.
        index: usize,
        /// What is wrong.
        why: String,
    },
    /// A folder cannot be given.
    #[error("files[{index}]: {why}")]
    Files {
        /// Which entry.
        index: usize,
        /// What is wrong.
        why: String,
    },
}

impl GrantError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Environment { .. } => "environment",
            Self::Files { .. } => "files",
        }
    }
}

impl Grants {
    /// Grants of these capabilities. Reads of the cluster and HTTP requests also need who does them:
    /// [`Grants::with_cluster`], [`Grants::with_http`]. Nothing is opened yet.
    ///
    /// # Errors
    /// An entry of the environment that is a pattern, has no value, or is no name; a folder that is no plain path from
    /// the root, a mount that is given twice; too many of them.
    pub fn new(capabilities: Capabilities) -> Result<Self, GrantError> {
        check_environment(&capabilities)?;
        check_files(&capabilities.files)?;
        Ok(Self {
            capabilities,
            cluster: None,
            http: None,
        })
    }

    /// With somebody who answers reads of the cluster.
    #[must_use]
    pub fn with_cluster(mut self, cluster: Arc<dyn ClusterReads>) -> Self {
        self.cluster = Some(cluster);
        self
    }

    /// With somebody who sends HTTP requests.
    #[must_use]
    pub fn with_http(mut self, http: Arc<HttpClient>) -> Self {
        self.http = Some(http);
        self
    }

    /// What was granted.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Who answers reads of the cluster.
    #[must_use]
    pub fn cluster(&self) -> Option<&Arc<dyn ClusterReads>> {
        self.cluster.as_ref()
    }

    /// Who sends HTTP requests.
    pub(crate) fn http(&self) -> Option<&Arc<HttpClient>> {
        self.http.as_ref()
    }

    /// Whether a read of the cluster was granted; else the text that says which grant to ask for.
    pub(crate) fn may_read(&self, read: &Read) -> Result<(), String> {
        let any = |names: &[String], name: &str| names.iter().any(|n| n == "*" || n == name);
        let (group, kind, namespace) = (read.group(), read.kind(), read.namespace());
        let granted = self.capabilities.kubernetes.iter().any(|entry| {
            any(&entry.api_groups, group)
                && any(&entry.kinds, kind)
                // All namespaces, and what lies in none, are meant by `*` alone.
                && any(&entry.namespaces, namespace.unwrap_or("*"))
                && entry.verbs.contains(&read.verb())
        });
        if granted {
            return Ok(());
        }
        let verb = match read.verb() {
            ReadVerb::Get => "get",
            ReadVerb::List => "list",
        };
        let whereabouts = match namespace {
            Some(namespace) => format!("in namespace `{namespace}`"),
            None => "in all namespaces or in none".to_owned(),
        };
        let wanted = serde_json::json!({
            "apiGroups": [group], "kinds": [kind], "namespaces": [namespace.unwrap_or("*")], "verbs": [verb],
        });
        Err(format!(
            "{verb} of {kind} ({}) {whereabouts} is not granted; ask for the capability `kubernetes: [{wanted}]`",
            read.api_version()
        ))
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("capabilities", &self.capabilities)
            .field("cluster", &self.cluster.is_some())
            .field("http", &self.http.is_some())
            .finish()
    }
}

fn check_environment(capabilities: &Capabilities) -> Result<(), GrantError> {
    let wrong = |index, why: &str| {
        Err(GrantError::Environment {
            index,
            why: why.to_owned(),
        })
    };
    let mut bytes: usize = 0;
    for (index, entry) in capabilities.environment.iter().enumerate() {
        let Some(value) = &entry.value else {
            return wrong(index, "it has no value to be given");
        };
        if entry.name.is_empty() || entry.name.contains(['=', '\0', '*']) {
            return wrong(
                index,
                "a name is not empty and has no `=`, `*` or zero byte",
            );
        }
        if value.contains('\0') {
            return wrong(index, "the value has a zero byte");
        }
        bytes = bytes
            .saturating_add(entry.name.len())
            .saturating_add(value.len());
        if index >= ENVIRONMENT || bytes > ENVIRONMENT_BYTES {
            let why =
                format!("at most {ENVIRONMENT} entries of {ENVIRONMENT_BYTES} bytes together");
            return wrong(index, &why);
        }
    }
    Ok(())
}

fn check_files(files: &[Files]) -> Result<(), GrantError> {
    let wrong = |index, why: String| Err(GrantError::Files { index, why });
    let mut mounts = Vec::new();
    for (index, folder) in files.iter().enumerate() {
        if index >= FOLDERS {
            return wrong(index, format!("at most {FOLDERS} folders"));
        }
        for path in [folder.path.as_str(), folder.mount()] {
            if !plain(path) {
                return wrong(
                    index,
                    format!("`{path}` is no path from the root without `.` and `..`"),
                );
            }
        }
        let mount = Path::new(folder.mount());
        if mounts.contains(&mount) {
            return wrong(index, format!("a second folder at `{}`", folder.mount()));
        }
        mounts.push(mount);
    }
    Ok(())
}

/// Whether a path begins at the root and goes nowhere back.
fn plain(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains('\0')
        && !path.split('/').any(|part| matches!(part, "." | ".."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grants(value: serde_json::Value) -> Result<Grants, GrantError> {
        Grants::new(serde_json::from_value(value).unwrap())
    }

    fn get(api_version: &str, kind: &str, namespace: Option<&str>) -> Read {
        Read::Get {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: "x".into(),
        }
    }

    #[test]
    fn a_read_is_granted_by_one_entry_as_a_whole() {
        let grants = grants(json!({"kubernetes": [
            {"apiGroups": [""], "kinds": ["ConfigMap"], "namespaces": ["a"], "verbs": ["get"]},
            {"apiGroups": ["apps"], "kinds": ["*"], "namespaces": ["*"], "verbs": ["list"]},
        ]}))
        .unwrap();
        assert!(grants.may_read(&get("v1", "ConfigMap", Some("a"))).is_ok());
        for refused in [
            get("v1", "Secret", Some("a")),
            get("v1", "ConfigMap", Some("b")),
            get("v1", "ConfigMap", None),
            get("apps/v1", "Deployment", Some("a")),
            get("x/v1", "ConfigMap", Some("a")),
            get("v1", "configmap", Some("a")),
        ] {
            assert!(grants.may_read(&refused).is_err(), "{refused:?}");
        }
        let list = |namespace: Option<&str>| Read::List {
            api_version: "apps/v1".into(),
            kind: "Deployment".into(),
            namespace: namespace.map(Into::into),
            label_selector: None,
            field_selector: None,
            limit: 1,
            after: None,
        };
        assert!(grants.may_read(&list(None)).is_ok());
        assert!(grants.may_read(&list(Some("z"))).is_ok());
    }

    #[test]
    fn what_is_missing_can_be_pasted_into_a_grant() {
        let read = get("v1", "Secret", Some("a"));
        let text = Grants::default().may_read(&read).unwrap_err();
        let start = text.find("kubernetes: ").unwrap() + "kubernetes: ".len();
        let entries = text[start..].strip_suffix('`').unwrap();
        let entries: serde_json::Value = serde_json::from_str(entries).unwrap();
        let granted = grants(json!({"kubernetes": entries})).unwrap();
        assert!(granted.may_read(&read).is_ok());
    }

    #[test]
    fn what_cannot_be_given_is_refused() {
        for (wrong, says) in [
            (json!({"environment": [{"name": "A"}]}), "no value"),
            (
                json!({"environment": [{"name": "A*", "value": ""}]}),
                "environment[0]",
            ),
            (
                json!({"environment": [{"name": "A=B", "value": ""}]}),
                "`=`",
            ),
            (
                json!({"environment": [{"name": "A", "value": "\0"}]}),
                "zero byte",
            ),
            (json!({"files": [{"path": "etc"}]}), "from the root"),
            (json!({"files": [{"path": "/a/../etc"}]}), "`/a/../etc`"),
            (json!({"files": [{"path": "/a", "mount": "b"}]}), "`b`"),
            (
                json!({"files": [{"path": "/a", "mount": "/b"}, {"path": "/c", "mount": "/b/"}]}),
                "second folder",
            ),
        ] {
            let error = grants(wrong.clone()).unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
        assert!(grants(json!({"environment": [{"name": "A", "value": "1"}]})).is_ok());
        assert!(grants(json!({"files": [{"path": "/srv/a"}]})).is_ok());
    }
}
