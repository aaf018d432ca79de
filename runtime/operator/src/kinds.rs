//! Which resource of the API server a kind means.
//!
//! A configuration or a patch names a kind by any of its names: kind, plural, singular or short name, in any case
//! (BEHAVIOUR A2). The API server's discovery says what there is. It is read once, by two requests where the server
//! has aggregated discovery (Kubernetes 1.26 and later), and again when a kind is asked for that is not there: a CRD
//! may have been added.

mod discovery;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use kube::Client;
use kube::core::ApiResource;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api::ApiError;
use discovery::{Resource, Table};

/// Discovery is not repeated for an unknown kind before this time has passed.
const REFRESH: Duration = Duration::from_secs(1);

/// A kind as the API server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Group, version, kind and plural.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with it: `get`, `list`, `watch`, ...
    pub verbs: Vec<String>,
}

/// Why a kind has no resource.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KindError {
    /// The API server has no such kind. It may come: a CRD can be created later.
    #[error("the API server has no kind `{kind}`{}", in_version(.api_version.as_deref()))]
    Unknown {
        /// The name that was asked for.
        kind: String,
        /// The group and version that were asked for.
        api_version: Option<String>,
    },
    /// The kind was not found, but parts of the API could not be looked into.
    #[error("no kind `{kind}`{} was found, and discovery of {} failed", in_version(.api_version.as_deref()), .groups.join(", "))]
    Incomplete {
        /// The name that was asked for.
        kind: String,
        /// The group and version that were asked for.
        api_version: Option<String>,
        /// Groups and versions that could not be looked into.
        groups: Vec<String>,
    },
    /// Discovery failed.
    #[error("the API server's kinds could not be read")]
    Discovery(#[source] Arc<ApiError>),
}

fn in_version(api_version: Option<&str>) -> String {
    api_version
        .map(|v| format!(" in `{v}`"))
        .unwrap_or_default()
}

impl KindError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-kind",
            Self::Incomplete { .. } => "discovery-incomplete",
            Self::Discovery(_) => "discovery",
        }
    }
}

/// Finds kinds, and remembers them. Clones share what they know.
#[derive(Clone)]
pub struct Kinds {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    table: ArcSwapOption<Loaded>,
    /// Held while discovery runs, so that many askers share one.
    loading: Mutex<()>,
}

struct Loaded {
    table: Table,
    at: Instant,
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kinds").finish_non_exhaustive()
    }
}

impl Kinds {
    /// Finds the kinds of this client's API server. Asks nothing yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            shared: Arc::new(Shared {
                client,
                table: ArcSwapOption::empty(),
                loading: Mutex::new(()),
            }),
        }
    }

    /// The resource of `kind`, which is any of its names. Without `api_version` (none or empty) groups are searched in
    /// the API server's order, the core group first, and in each its preferred version first.
    ///
    /// # Errors
    /// The kind is unknown, or discovery failed. Both may be different a moment later.
    pub async fn resolve(&self, api_version: Option<&str>, kind: &str) -> Result<Kind, KindError> {
        let api_version = api_version.filter(|v| !v.is_empty());
        let known = self.shared.table.load_full();
        if let Some(found) = known.as_ref().and_then(|l| l.table.find(api_version, kind)) {
            return Ok(kind_of(found));
        }
        let loaded = self.load(known.as_ref().map(|l| l.at)).await?;
        match loaded.table.find(api_version, kind) {
            Some(found) => Ok(kind_of(found)),
            None => Err(not_found(&loaded.table, api_version, kind)),
        }
    }

    /// Forget what is known, for instance after the API server said that a resource is gone.
    pub fn forget(&self) {
        self.shared.table.store(None);
    }

    /// A table newer than the one of `seen`, unless that one is fresh.
    async fn load(&self, seen: Option<Instant>) -> Result<Arc<Loaded>, KindError> {
        let _one = self.shared.loading.lock().await;
        let before = self.shared.table.load_full();
        if let Some(loaded) = &before
            && (seen.is_none_or(|at| at < loaded.at) || loaded.at.elapsed() < REFRESH)
        {
            return Ok(Arc::clone(loaded));
        }
        let table = discovery::read(&self.shared.client, before.as_ref().map(|l| &l.table))
            .await
            .map_err(|e| KindError::Discovery(Arc::new(e)))?;
        let loaded = Arc::new(Loaded {
            table,
            at: Instant::now(),
        });
        self.shared.table.store(Some(Arc::clone(&loaded)));
        Ok(loaded)
    }
}

fn kind_of(resource: &Resource) -> Kind {
    Kind {
        resource: resource.resource.clone(),
        namespaced: resource.namespaced,
        verbs: resource.verbs.clone(),
    }
}

fn not_found(table: &Table, api_version: Option<&str>, kind: &str) -> KindError {
    let groups: Vec<String> = table
        .failed
        .iter()
        .filter(|f| api_version.is_none_or(|v| v == f.as_str()))
        .cloned()
        .collect();
    let (kind, api_version) = (kind.to_owned(), api_version.map(str::to_owned));
    if groups.is_empty() {
        KindError::Unknown { kind, api_version }
    } else {
        KindError::Incomplete {
            kind,
            api_version,
            groups,
        }
    }
}
