//! Faults on demand: what a test wants a real cluster to do to its client.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::ApiError;
use crate::request::Verb;

/// Which requests a fault meets. Empty: all requests for resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    /// Only this verb.
    pub verb: Option<Verb>,
    /// Only this resource, by its plural name, for instance `configmaps`.
    pub resource: Option<String>,
    /// Only this namespace.
    pub namespace: Option<String>,
    /// Only this object.
    pub name: Option<String>,
}

impl Matching {
    /// All requests for resources.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Only this verb.
    #[must_use]
    pub fn verb(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }

    /// Only this resource, by its plural name.
    #[must_use]
    pub fn resource(mut self, plural: &str) -> Self {
        self.resource = Some(plural.to_owned());
        self
    }

    fn matches(&self, asked: &Asked<'_>) -> bool {
        let same =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.verb.is_none_or(|verb| verb == asked.verb)
            && same(&self.resource, asked.resource)
            && same(&self.namespace, asked.namespace)
            && same(&self.name, asked.name)
    }
}

/// What faults are matched against.
pub(crate) struct Asked<'a> {
    pub(crate) verb: Verb,
    pub(crate) resource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// 429 with `Retry-After` in seconds.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// 500.
    InternalError,
    /// 503.
    Unavailable,
    /// 504.
    Timeout,
    /// 403, as from an authoriser.
    Forbidden,
    /// 404, as from something in between that does not know the path.
    NotFound,
    /// 409, as from a concurrent writer.
    Conflict,
    /// 410.
    Expired,
    /// The connection breaks without an answer.
    Disconnect,
}

impl Failure {
    pub(crate) fn error(self, asked: &Asked<'_>) -> Option<ApiError> {
        Some(match self {
            Self::TooManyRequests { retry_after } => ApiError::new(
                429,
                "TooManyRequests",
                "Too many requests, please try again later.",
            )
            .with_retry_after(retry_after),
            Self::InternalError => ApiError::internal("injected fault"),
            Self::Unavailable => ApiError::new(
                503,
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
            Self::Timeout => ApiError::new(
                504,
                "Timeout",
                "Timeout: request did not complete within the allotted timeout",
            )
            .with_retry_after(1),
            Self::Forbidden => {
                ApiError::forbidden("", asked.resource, asked.name, "injected fault")
            }
            Self::NotFound => ApiError::new(
                404,
                "NotFound",
                "the server could not find the requested resource",
            ),
            Self::Conflict => ApiError::new(
                409,
                "Conflict",
                format!(
                    "Operation cannot be fulfilled on {} \"{}\": the object has been modified; please apply your changes to the latest version and try again",
                    asked.resource, asked.name
                ),
            ),
            Self::Expired => {
                ApiError::expired("The resourceVersion for the provided list is too old.")
            }
            Self::Disconnect => return None,
        })
    }
}

#[derive(Default)]
struct Plan {
    failures: VecDeque<(Matching, Failure, u32)>,
    delays: Vec<(Matching, Duration)>,
    drop_bookmarks: bool,
}

/// Faults of a cluster: [`crate::Cluster::faults`].
pub struct Faults {
    plan: Mutex<Plan>,
    cut: watch::Sender<u64>,
    bookmark: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self {
            plan: Mutex::default(),
            cut: watch::Sender::new(0),
            bookmark: watch::Sender::new(0),
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all open watches, as a restarting API server or a load balancer does.
    pub fn cut_watches(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// The next `count` requests that match fail in this way. Earlier calls go first.
    pub fn fail_next(&self, count: u32, matching: Matching, failure: Failure) {
        self.plan().failures.push_back((matching, failure, count));
    }

    /// Every request that matches fails in this way, until [`Self::clear`].
    pub fn fail_always(&self, matching: Matching, failure: Failure) {
        self.fail_next(u32::MAX, matching, failure);
    }

    /// Every request that matches waits this long before it is handled, until [`Self::clear`].
    pub fn delay(&self, matching: Matching, by: Duration) {
        self.plan().delays.push((matching, by));
    }

    /// Watches get no more bookmarks (the one that ends initial events excepted), until [`Self::clear`].
    pub fn drop_bookmarks(&self) {
        self.plan().drop_bookmarks = true;
    }

    /// Sends a bookmark to every open watch that wants them, now.
    pub fn send_bookmarks(&self) {
        self.bookmark.send_modify(|count| *count += 1);
    }

    /// Takes back all failures, delays and dropped bookmarks.
    pub fn clear(&self) {
        *self.plan() = Plan::default();
    }

    pub(crate) fn bookmarks_dropped(&self) -> bool {
        self.plan().drop_bookmarks
    }

    pub(crate) fn cuts(&self) -> watch::Receiver<u64> {
        self.cut.subscribe()
    }

    pub(crate) fn bookmark_requests(&self) -> watch::Receiver<u64> {
        self.bookmark.subscribe()
    }

    /// What happens to a request: a wait, and a failure.
    pub(crate) fn meet(&self, asked: &Asked<'_>) -> (Option<Duration>, Option<Failure>) {
        let mut plan = self.plan();
        let delay = plan
            .delays
            .iter()
            .filter(|(matching, _)| matching.matches(asked))
            .map(|(_, by)| *by)
            .max();
        let mut failure = None;
        if let Some(at) = plan
            .failures
            .iter()
            .position(|(matching, ..)| matching.matches(asked))
            && let Some((_, how, left)) = plan.failures.get_mut(at)
        {
            failure = Some(*how);
            if *left != u32::MAX {
                *left -= 1;
            }
            if *left == 0 {
                plan.failures.remove(at);
            }
        }
        (delay, failure)
    }
}
