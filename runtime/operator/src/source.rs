//! Where hooks come from.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookbox_sandbox::HookDefinition;

use crate::native::NativeSettings;

/// Directories deeper than this are not looked into.
const MAX_DEPTH: usize = 64;

/// A component file, its bytes, or an executable.
#[derive(Clone)]
pub enum HookSource {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// What it is called: its path relative to the hooks directory.
        name: String,
    },
    /// Bytes from elsewhere.
    Bytes {
        /// What they are called.
        name: String,
        /// The component.
        bytes: Vec<u8>,
    },
    /// An executable that speaks shell-operator's protocol: see [`crate::native`].
    Native {
        /// Where it is.
        path: PathBuf,
        /// What it is called: its path relative to the hooks directory.
        name: String,
        /// The hooks directory.
        dir: PathBuf,
        /// How it runs.
        settings: Arc<NativeSettings>,
    },
}

impl std::fmt::Debug for HookSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, .. } => f.debug_tuple("File").field(path).finish(),
            Self::Native { path, .. } => f.debug_tuple("Native").field(path).finish(),
            Self::Bytes { name, bytes } => f
                .debug_struct("Bytes")
                .field("name", name)
                .field("len", &bytes.len())
                .finish(),
        }
    }
}

/// Why a directory of hooks cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the hooks directory `{}` cannot be read", .path.display())]
pub struct DiscoverError {
    /// Which directory.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl DiscoverError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "hooks-directory"
    }
}

impl HookSource {
    /// One file, called by its name.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        );
        Self::File { path, name }
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Bytes { name, .. } | Self::Native { name, .. } => name,
        }
    }

    /// All components under `dir`: files named `*.wasm`, sorted by their full path, which is the order of hooks
    /// everywhere. Directories and files whose names start with a dot are skipped, and directories named `lib`. A file
    /// that cannot be read, or a link that leads nowhere, is among them: reading it says why.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn discover(dir: &Path) -> Result<Vec<Self>, DiscoverError> {
        Ok(Self::all(dir)?.components().collect())
    }

    /// All that may be hooks under `dir`: components as [`HookSource::discover`] finds them, and other files.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn all(dir: &Path) -> Result<Found, DiscoverError> {
        let mut paths = Vec::new();
        walk(dir, 0, &mut paths)?;
        // By the bytes of the whole path, as shell-operator does; `Path` would compare part by part.
        paths.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        Ok(Found {
            dir: dir.to_owned(),
            paths,
        })
    }

    /// The component's bytes.
    ///
    /// # Errors
    /// The file cannot be read, or has more than `limit` bytes.
    pub async fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        match self {
            Self::Bytes { bytes, .. } => Ok(bytes.clone()),
            Self::Native { .. } => Err(io::Error::other("it is no component")),
            Self::File { path, .. } => {
                let size = tokio::fs::metadata(path).await?.len();
                if size > limit {
                    let message = format!("it has {size} bytes, at most {limit} are allowed");
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
                }
                tokio::fs::read(path).await
            }
        }
    }
}

/// Endings of names of files that belong to hooks and are none (BEHAVIOUR A1).
const NO_HOOKS: [&str; 4] = ["yaml", "json", "md", "txt"];

/// What is in a directory of hooks.
#[derive(Debug, Clone)]
pub struct Found {
    dir: PathBuf,
    paths: Vec<PathBuf>,
}

impl Found {
    /// The components, in the order of hooks.
    pub fn components(&self) -> impl Iterator<Item = HookSource> {
        let files = self.paths.iter().filter(|path| is_component(path));
        files.map(|path| HookSource::File {
            name: self.name(path),
            path: path.clone(),
        })
    }

    /// Components and executables, in the order of hooks; executables run as `settings` has it. What is neither, and
    /// not a file of another kind by its name, is named in the log.
    #[must_use]
    pub fn with_native(&self, settings: &Arc<NativeSettings>) -> Vec<HookSource> {
        let mut sources = Vec::new();
        for path in &self.paths {
            let name = self.name(path);
            if is_component(path) {
                let path = path.clone();
                sources.push(HookSource::File { path, name });
            } else if is_executable(path) {
                sources.push(HookSource::Native {
                    path: path.clone(),
                    name,
                    dir: self.dir.clone(),
                    settings: settings.clone(),
                });
            } else {
                tracing::warn!(file = name, "is not executable, and left out");
            }
        }
        sources
    }

    /// Names of the executables.
    pub fn executables(&self) -> impl Iterator<Item = String> {
        let others = self.paths.iter().filter(|path| !is_component(path));
        others
            .filter(|path| is_executable(path))
            .map(|path| self.name(path))
    }

    fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(&self.dir).unwrap_or(path);
        name.to_string_lossy().into_owned()
    }
}

fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "wasm")
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn walk(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), DiscoverError> {
    let error = |source| DiscoverError {
        path: dir.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(dir).map_err(error)? {
        let entry = entry.map_err(error)?;
        let path = entry.path();
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Links to files are followed, as mounted ConfigMaps consist of them; links to directories are not, as they
        // may lead in circles.
        if entry.file_type().map_err(error)?.is_dir() {
            if name != "lib" && depth < MAX_DEPTH {
                walk(&path, depth + 1, found)?;
            }
        } else if !path.extension().is_some_and(|e| NO_HOOKS.iter().any(|no| e == *no))
            // What cannot be looked at, such as a link that leads nowhere, is reported when it is read.
            && std::fs::metadata(&path).map_or(true, |metadata| metadata.is_file())
        {
            found.push(path);
        }
    }
    Ok(())
}

/// One component to load, and what is said of its hooks.
#[derive(Debug, Clone)]
pub struct HookSpec {
    /// Where it comes from.
    pub source: HookSource,
    /// Its hooks with their configurations; none: the component is asked (`describe`).
    pub definitions: Option<Vec<HookDefinition>>,
    /// Whose hooks these are; none: the operator's own.
    pub tenant: Option<Tenant>,
}

/// Whose hooks some are: a ServiceAccount, as which they read and write.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant {
    /// The ServiceAccount's namespace. The hooks' webhooks see requests in this namespace only.
    pub namespace: String,
    /// The ServiceAccount's name.
    pub service_account: String,
}

/// Why a tenant cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// The namespace is no name of one.
    #[error("`{}` is no name of a namespace", .0.escape_debug())]
    Namespace(String),
    /// The name is none that a ServiceAccount can have.
    #[error("`{}` is no name of a ServiceAccount", .0.escape_debug())]
    ServiceAccount(String),
}

impl TenantError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "tenant-namespace",
            Self::ServiceAccount(_) => "tenant-service-account",
        }
    }
}

impl Tenant {
    /// A tenant, its names checked.
    ///
    /// # Errors
    /// A name that Kubernetes does not take: with it the user could be read as somebody else.
    pub fn new(
        namespace: impl Into<String>,
        service_account: impl Into<String>,
    ) -> Result<Self, TenantError> {
        let tenant = Self {
            namespace: namespace.into(),
            service_account: service_account.into(),
        };
        tenant.check()?;
        Ok(tenant)
    }

    /// Whether both are names that Kubernetes takes: a DNS label, and a DNS subdomain.
    ///
    /// # Errors
    /// The name that is none.
    pub fn check(&self) -> Result<(), TenantError> {
        if !is_label(&self.namespace) {
            return Err(TenantError::Namespace(self.namespace.clone()));
        }
        if self.service_account.len() > 253 || !self.service_account.split('.').all(is_label) {
            return Err(TenantError::ServiceAccount(self.service_account.clone()));
        }
        Ok(())
    }

    /// As whom the API server knows it: `system:serviceaccount:NAMESPACE:NAME`.
    #[must_use]
    pub fn user(&self) -> String {
        format!(
            "system:serviceaccount:{}:{}",
            self.namespace, self.service_account
        )
    }

    /// The groups that the API server gives every ServiceAccount.
    #[must_use]
    pub fn groups(&self) -> [String; 3] {
        [
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{}", self.namespace),
            "system:authenticated".to_owned(),
        ]
    }
}

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.service_account)
    }
}

/// A DNS label: at most 63 lower case letters, digits and `-`, which is neither first nor last.
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl From<HookSource> for HookSpec {
    fn from(source: HookSource) -> Self {
        Self {
            source,
            definitions: None,
            tenant: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_in_order_and_hidden_things_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "b.wasm",
            "a/x.wasm",
            "a-b.wasm",
            "a/deep/y.wasm",
            ".hidden.wasm",
            ".git/z.wasm",
            "lib/l.wasm",
            "a/lib/l.wasm",
            "c.yaml",
            "d.WASM",
            "e.wasm.md",
        ] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::create_dir(dir.path().join("dir.wasm")).unwrap();
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(dir.path().join(to), dir.path().join(name)).unwrap();
        };
        link("b.wasm", "link.wasm");
        link("gone.wasm", "dangling.wasm");
        link("dir.wasm", "link-to-dir.wasm");
        let names: Vec<_> = HookSource::discover(dir.path())
            .unwrap()
            .iter()
            .map(|s| s.name().to_owned())
            .collect();
        assert_eq!(
            names,
            [
                "a-b.wasm",
                "a/deep/y.wasm",
                "a/x.wasm",
                "b.wasm",
                "dangling.wasm",
                "link.wasm"
            ]
        );
    }

    #[test]
    fn a_missing_directory_is_named() {
        let error = HookSource::discover(Path::new("/no/such/hooks")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the hooks directory `/no/such/hooks` cannot be read"
        );
    }

    #[test]
    fn a_tenant_is_one_service_account_and_no_other() {
        let tenant = Tenant::new("team-a", "cleaner.v1").unwrap();
        assert_eq!(tenant.user(), "system:serviceaccount:team-a:cleaner.v1");
        assert_eq!(tenant.groups()[1], "system:serviceaccounts:team-a");
        let long = "x".repeat(64);
        for (namespace, name) in [
            ("", "a"),
            ("a", ""),
            ("a.b", "c"),
            ("a", "b:c"),
            ("a:b", "c"),
            ("A", "b"),
            ("a", "b c"),
            ("a", "b\r\nimpersonate-user: admin"),
            ("a", "b..c"),
            ("-a", "b"),
            ("a", "b-"),
            (&long, "b"),
            ("a", &long),
            ("a", "ü"),
        ] {
            assert!(Tenant::new(namespace, name).is_err(), "{namespace} {name}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        std::fs::write(&path, "12345").unwrap();
        assert!(HookSource::file(&path).read(4).await.is_err());
        assert_eq!(HookSource::file(&path).read(5).await.unwrap(), b"12345");
    }
}
