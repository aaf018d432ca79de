//! Why a patch could not be applied.

use std::fmt;
use std::time::Duration;

use hookbox_sandbox::effects::ObjectRef;

use super::display_ref;
use crate::api::{ApiError, chain};
use crate::kinds::KindError;
use crate::rule::Rule;

/// One object patch that was not applied.
#[derive(Debug)]
pub struct WriteError {
    /// Which object patch of the run, from 0.
    pub index: usize,
    /// The operation, such as `MergePatch`.
    pub operation: &'static str,
    /// The object.
    pub object: ObjectRef,
    /// Why not.
    pub cause: Cause,
}

impl WriteError {
    /// A stable word for the cause.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "object patch {} ({} {})",
            self.index,
            self.operation,
            display_ref(&self.object)
        )
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// There is no such kind, or it could not be looked up.
    #[error(transparent)]
    Kind(#[from] KindError),
    /// The kind lives in namespaces, and none is given.
    #[error("objects of kind `{0}` live in a namespace, and none is given")]
    NamespaceMissing(String),
    /// The kind is cluster-scoped, and a namespace is given.
    #[error("objects of kind `{0}` are cluster-scoped, and a namespace is given")]
    NamespaceGiven(String),
    /// It is hookbox's own, and the hook is a tenant's.
    #[error("objects of kind `{0}` that are hookbox's own are not for hooks of tenants")]
    Reserved(String),
    /// RBAC does not allow it.
    #[error("{message}. {rule}")]
    Forbidden {
        /// What the API server says.
        message: String,
        /// What would allow it.
        rule: Rule,
    },
    /// Somebody else changed the object each time in between.
    #[error("somebody else changed the object in between, {attempts} times in a row: {message}")]
    Conflict {
        /// Attempts made.
        attempts: u32,
        /// What the API server says.
        message: String,
    },
    /// The API server refused, or could not be asked.
    #[error(transparent)]
    Api(ApiError),
    /// The deleted object is still there.
    #[error("the object was deleted, and is still there after {} s{}", .waited.as_secs(), held_by(.finalizers))]
    StillThere {
        /// How long was waited.
        waited: Duration,
        /// What holds it.
        finalizers: Vec<String>,
    },
    /// The jq filter failed.
    #[error("the jq filter failed")]
    Filter(#[source] hookbox_jq::JqError),
    /// The jq filter's result is another object.
    #[error("the jq filter changes or drops `{0}`, and must give the same object")]
    FilterMoves(&'static str),
    /// The jq filter's result is no object.
    #[error("the jq filter gave {0}, and must give the whole object")]
    FilterResult(&'static str),
    /// Not tried, or cut short: another replica leads.
    #[error("this replica leads no longer")]
    NotLeader,
    /// Not tried: the API server did not answer several patches before.
    #[error("not tried: the API server did not answer the {0} patches before")]
    Skipped(u32),
}

fn held_by(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        String::new()
    } else {
        format!(", held by the finalizers {}", finalizers.join(", "))
    }
}

impl Cause {
    /// A stable word for this cause.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kind(error) => error.code(),
            Self::NamespaceMissing(_) => "namespace-missing",
            Self::NamespaceGiven(_) => "namespace-given",
            Self::Reserved(_) => "reserved",
            Self::Forbidden { .. } => "forbidden",
            Self::Conflict { .. } => "conflict",
            Self::Api(error) => error.code(),
            Self::StillThere { .. } => "still-there",
            Self::Filter(_) => "jq",
            Self::FilterResult(_) | Self::FilterMoves(_) => "jq-result",
            Self::NotLeader => "not-leader",
            Self::Skipped(_) => "skipped",
        }
    }

    /// Whether the API server could not be asked at all.
    pub(super) fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Api(ApiError::Timeout(_) | ApiError::Unreachable(_))
        )
    }
}

/// All patches of a run that were not applied, at least one.
#[derive(Debug)]
pub struct WriteErrors<'a>(pub Vec<&'a WriteError>);

impl WriteErrors<'_> {
    /// The code of the first.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.first().map_or("write", |e| e.code())
    }
}

/// Errors that are written out in a joined message.
const SHOWN: usize = 20;

impl fmt::Display for WriteErrors<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().take(SHOWN).enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            f.write_str(&chain(*error))?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for WriteErrors<'_> {}
