//! Which requests came: for tests that ask what a client did.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::request::Verb;

/// Requests that are remembered at most; older ones are dropped first.
const KEPT: usize = 10_000;

/// A request for a resource that came to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// What was asked.
    pub verb: Verb,
    /// Group; empty for the core group.
    pub group: String,
    /// Plural name of the resource.
    pub resource: String,
    /// Namespace; none for cluster-scoped resources and all namespaces.
    pub namespace: Option<String>,
    /// Name of the object; none for collections.
    pub name: Option<String>,
    /// Subresource, for instance `status`.
    pub subresource: Option<String>,
    /// The raw query.
    pub query: String,
    /// Name of the user, after impersonation.
    pub user: String,
    /// HTTP status of the answer; 0 where the connection was broken on purpose.
    pub status: u16,
}

#[derive(Default)]
pub(crate) struct Journal {
    records: Mutex<VecDeque<RequestRecord>>,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, VecDeque<RequestRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, record: RequestRecord) {
        let mut records = self.lock();
        if records.len() >= KEPT {
            records.pop_front();
        }
        records.push_back(record);
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}
