//! From an HTTP request to a plain value: what is asked, of which kind, by whom.

mod accept;
mod query;
mod route;

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

pub(crate) use accept::Accept;
pub(crate) use query::{DeleteOptions, FieldValidation, ListOptions, Query, VersionMatch};
pub(crate) use route::{Route, Target, parse as parse_route};

use crate::kinds::Kind;
use crate::rbac::User;

/// What is asked of an object or a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verb {
    /// One object.
    Get,
    /// A collection.
    List,
    /// Changes of a collection.
    Watch,
    /// A new object.
    Create,
    /// The whole object anew.
    Update,
    /// A part of an object.
    Patch,
    /// One object away.
    Delete,
    /// A collection away.
    DeleteCollection,
}

impl Verb {
    /// The word that RBAC uses, for instance `deletecollection`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// A request for a resource.
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) kind: Arc<Kind>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    pub(crate) query: Query,
    pub(crate) user: User,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The media type of the body, without parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type")
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
    }

    pub(crate) fn accept(&self) -> Accept {
        Accept::of(self.header("accept"))
    }

    /// Who writes, for `managedFields`: asked for, or the first word of the user agent.
    pub(crate) fn manager(&self) -> String {
        let asked = self.query.field_manager();
        if !asked.is_empty() {
            return asked.to_owned();
        }
        let agent = self
            .header("user-agent")
            .split('/')
            .next()
            .unwrap_or_default();
        let agent: String = agent
            .chars()
            .filter(|c| !c.is_control())
            .take(128)
            .collect();
        if agent.is_empty() {
            "unknown".to_owned()
        } else {
            agent
        }
    }

    pub(crate) fn named(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    pub(crate) fn sub(&self) -> &str {
        self.subresource.as_deref().unwrap_or_default()
    }

    /// The key of the object in its table.
    pub(crate) fn key(&self) -> Arc<str> {
        crate::store::key(self.namespace.as_deref(), self.named())
    }
}
