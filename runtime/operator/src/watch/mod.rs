//! Watches: what changes in one collection of the API server, with no change lost.
//!
//! A watch lists the collection, then follows it from there. Where the server has streaming lists, list and follow are
//! one request; else the list comes in pages. A connection that ends is taken up where it ended. When the server no
//! longer knows that point (410), or a line could not be read, the collection is listed again; whoever keeps the objects
//! then compares (see [`WatchEvent::Restarted`]). All who want the same collection share one watch: see [`Hub`].

mod collection;
mod feed;
mod follow;
mod hub;
mod level;
mod lines;
mod list;
mod loan;
mod shared;
mod states;
mod tenants;
mod wire;

use std::sync::Arc;

use kube::core::{ApiResource, DynamicObject};

use crate::api::{self, ApiError};
use crate::object::Object;
use crate::rule::Rule;

pub use feed::{Events, Feed, Room};
pub use hub::{Hub, Subscription, Tag};
pub use loan::{Lent, Loan};
pub use states::States;
pub use tenants::TenantHub;

pub(crate) use wire::WireError;

/// Reads one object of this resource, which may lack its `apiVersion` and `kind`.
pub(crate) fn read_object(text: &[u8], resource: &ApiResource) -> Result<Object, WireError> {
    wire::object(text, &wire::Form::whole(resource))
}

/// Reads one page of objects of this resource.
pub(crate) fn read_page(text: &[u8], resource: &ApiResource) -> Result<wire::Page, WireError> {
    wire::page(text, &wire::Form::whole(resource))
}

/// What to watch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WatchSpec {
    /// Group, version, kind and plural.
    pub resource: ApiResource,
    /// One namespace; none for all, and for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Label selector as in a query.
    pub labels: Option<String>,
    /// Field selector as in a query.
    pub fields: Option<String>,
    /// Whether only `apiVersion`, `kind` and `metadata` of the objects are asked for.
    pub metadata_only: bool,
}

impl WatchSpec {
    /// The collection, for a person.
    fn what(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} in namespace `{namespace}`", self.resource.plural),
            None => self.resource.plural.clone(),
        }
    }

    /// The rule that would allow it. A watch is of no use without a list, nor the other way round.
    fn rule(&self) -> Rule {
        Rule {
            verbs: &["list", "watch"],
            group: self.resource.group.clone(),
            resource: self.resource.plural.clone(),
            namespace: self.namespace.clone(),
        }
    }

    fn path(&self) -> String {
        <DynamicObject as kube::Resource>::url_path(&self.resource, self.namespace.as_deref())
    }
}

/// What a watch tells.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// A list begins. Objects follow as [`WatchEvent::Listed`]. May come again before the list is done.
    Restarted,
    /// One object of the list.
    Listed(Arc<Object>),
    /// The list is done: objects that it did not hold are gone.
    ListDone {
        /// The collection's resource version.
        resource_version: String,
    },
    /// An object was added or changed.
    Applied(Arc<Object>),
    /// An object was deleted; this is its last state.
    Deleted(Arc<Object>),
    /// Nothing changed up to this resource version.
    Progress {
        /// The collection's resource version.
        resource_version: String,
    },
    /// Something failed; the watch tries again by itself.
    Failed(Arc<WatchError>),
    /// The subscriber may not see the collection any more: what it knows of it is to be forgotten. Should it be allowed
    /// again, a list follows.
    Revoked(Arc<WatchError>),
    /// Another subscriber asks for what this one knows of the collection. Only told where it said that it lends.
    Asked(Loan),
}

impl WatchEvent {
    /// Bytes of its object.
    fn bytes(&self) -> usize {
        match self {
            Self::Listed(object) | Self::Applied(object) | Self::Deleted(object) => {
                object.json.len()
            }
            _ => 0,
        }
    }

    /// The resource version of a change, as a number: API servers promise that they can be compared since Kubernetes
    /// 1.35, and could before.
    fn resource_version(&self) -> Option<u64> {
        match self {
            Self::Applied(object) | Self::Deleted(object) => object.resource_version.parse().ok(),
            Self::Progress { resource_version } => resource_version.parse().ok(),
            _ => None,
        }
    }
}

/// Why a watch has to try again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The list failed.
    #[error("{what} could not be listed")]
    List {
        /// The collection.
        what: String,
        /// The rule that would allow it, where RBAC forbids it.
        rule: Option<Rule>,
        /// Why.
        #[source]
        source: ApiError,
    },
    /// The watch could not be opened, or was refused later.
    #[error("{what} could not be watched")]
    Watch {
        /// The collection.
        what: String,
        /// The rule that would allow it, where RBAC forbids it.
        rule: Option<Rule>,
        /// Why.
        #[source]
        source: ApiError,
    },
    /// A tenant may not see the collection.
    #[error("{user} may not list and watch {what}{}", said(.reason))]
    Denied {
        /// The collection.
        what: String,
        /// As whom it was asked for.
        user: String,
        /// The rule that would allow it.
        rule: Rule,
        /// What the API server says, if anything.
        reason: String,
    },
    /// Whether a tenant may see the collection cannot be found out.
    #[error("whether {user} may list and watch {what} could not be checked: {reason}")]
    Unchecked {
        /// The collection.
        what: String,
        /// As whom it was asked for.
        user: String,
        /// Why.
        reason: String,
    },
    /// The connection broke.
    #[error("the watch of {what} broke")]
    Broken {
        /// The collection.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl WatchError {
    /// The error with all its causes and, where RBAC forbids it, what would help: one line.
    #[must_use]
    pub fn text(&self) -> String {
        let text = api::chain(self);
        match self {
            Self::List {
                rule: Some(rule), ..
            }
            | Self::Watch {
                rule: Some(rule), ..
            }
            | Self::Denied { rule, .. } => format!("{text}. {rule}"),
            _ => text,
        }
    }

    /// A stable word for this error; `error_type` in metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::List { source, .. } | Self::Watch { source, .. } => match source.status() {
                Some(410) => "expired",
                _ => source.code(),
            },
            Self::Broken { .. } => "broken",
            Self::Denied { .. } => "forbidden",
            Self::Unchecked { .. } => "access-unchecked",
        }
    }

    /// Whether RBAC forbids it.
    fn is_denied(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Watch { source, .. } => source.is_denied(),
            _ => false,
        }
    }
}

fn said(reason: &str) -> String {
    match reason {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}
