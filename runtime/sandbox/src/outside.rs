//! What a run does beyond its sandbox, reads of the cluster and HTTP requests: the account that bounds it,
//! and the record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Budget;
use crate::budget::{Limit, LimitHit};

/// Texts of missing grants that are kept of a run.
const MISSING: usize = 20;

/// HTTP requests that are kept of a run.
const RECORDS: usize = 1000;

/// HTTP requests that may be under way at once, until the end of the response's body.
const OPEN: u64 = 16;

/// One HTTP request of a run, for the journal: where it went, and what came of it. Queries, headers and bodies may hold
/// secrets and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRecord {
    /// The method.
    pub method: String,
    /// Scheme, host, port where it is not the scheme's own, and path.
    pub url: String,
    /// The address that was connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The status of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Shared by the run and by the tasks that carry its requests.
#[derive(Debug)]
pub(crate) struct Outside {
    reads: AtomicU64,
    requests: AtomicU64,
    open: AtomicU64,
    bytes: AtomicU64,
    allowed_reads: u64,
    allowed_requests: u64,
    allowed_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The first limit that was come to where the guest could not be stopped at once.
    hit: Option<LimitHit>,
    missing: Vec<String>,
    requests: Vec<HttpRecord>,
}

impl Outside {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self {
            reads: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            open: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            allowed_reads: budget.cluster_reads,
            allowed_requests: budget.http_requests,
            allowed_bytes: budget.transfer_bytes,
            kept: Mutex::default(),
        }
    }

    /// Count one read of the cluster.
    pub(crate) fn read(&self) -> Result<(), LimitHit> {
        self.count(&self.reads, 1, Limit::ClusterReads, self.allowed_reads)
    }

    /// Count one HTTP request.
    pub(crate) fn request(&self) -> Result<(), LimitHit> {
        let (counter, allowed) = (&self.requests, self.allowed_requests);
        self.count(counter, 1, Limit::HttpRequests, allowed)
    }

    /// A place among the requests that are under way; none when all are taken.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Open> {
        // Only the run begins requests, one after the other; places are given back by anybody.
        if self.open() >= OPEN {
            return None;
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Open(Arc::clone(self)))
    }

    /// Requests that are under way.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Count bytes that came or went.
    pub(crate) fn transfer(&self, bytes: u64) -> Result<(), LimitHit> {
        let (counter, allowed) = (&self.bytes, self.allowed_bytes);
        self.count(counter, bytes, Limit::TransferBytes, allowed)
    }

    fn count(
        &self,
        counter: &AtomicU64,
        by: u64,
        limit: Limit,
        allowed: u64,
    ) -> Result<(), LimitHit> {
        let used = counter.fetch_add(by, Ordering::Relaxed).saturating_add(by);
        if used <= allowed {
            return Ok(());
        }
        let hit = LimitHit {
            limit,
            used,
            allowed,
        };
        self.hit(hit);
        Err(hit)
    }

    /// Bytes that may still come or go.
    pub(crate) fn remaining(&self) -> u64 {
        self.allowed_bytes
            .saturating_sub(self.bytes.load(Ordering::Relaxed))
    }

    /// Note a limit that was come to where the guest could not be stopped: it is stopped at the next tick, and fails in
    /// any case.
    pub(crate) fn hit(&self, hit: LimitHit) {
        self.kept().hit.get_or_insert(hit);
    }

    /// The limit that was come to.
    pub(crate) fn check(&self) -> Result<(), LimitHit> {
        match self.kept().hit {
            Some(hit) => Err(hit),
            None => Ok(()),
        }
    }

    /// Note that a grant was missing. Whether that is new, so that it is worth telling.
    pub(crate) fn missing(&self, text: &str) -> bool {
        let missing = &mut self.kept().missing;
        if missing.len() >= MISSING || missing.iter().any(|known| known == text) {
            return false;
        }
        missing.push(text.to_owned());
        true
    }

    /// Note a request.
    pub(crate) fn record(&self, record: HttpRecord) {
        let requests = &mut self.kept().requests;
        if requests.len() < RECORDS {
            requests.push(record);
        }
    }

    /// Reads, requests and bytes so far.
    pub(crate) fn used(&self) -> (u64, u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.reads), load(&self.requests), load(&self.bytes))
    }

    /// What was noted: missing grants, and requests.
    pub(crate) fn take(&self) -> (Vec<String>, Vec<HttpRecord>) {
        let mut kept = self.kept();
        (
            std::mem::take(&mut kept.missing),
            std::mem::take(&mut kept.requests),
        )
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the requests that are under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(Arc<Outside>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_its_limit_and_the_first_hit_counts() {
        let outside = Outside::new(&Budget {
            cluster_reads: 1,
            http_requests: 1,
            transfer_bytes: 10,
            ..Budget::default()
        });
        outside.read().unwrap();
        outside.request().unwrap();
        outside.transfer(10).unwrap();
        assert_eq!(outside.remaining(), 0);
        outside.check().unwrap();
        let hit = outside.transfer(1).unwrap_err();
        assert_eq!(
            (hit.limit, hit.used, hit.allowed),
            (Limit::TransferBytes, 11, 10)
        );
        assert!(outside.read().is_err() && outside.request().is_err());
        assert_eq!(outside.check(), Err(hit));
        assert_eq!(outside.used(), (2, 2, 11));
    }

    #[test]
    fn so_many_requests_are_under_way_and_no_more() {
        let outside = Arc::new(Outside::new(&Budget::default()));
        let places: Vec<_> = std::iter::from_fn(|| outside.begin()).collect();
        assert_eq!(places.len() as u64, OPEN);
        drop(places);
        assert_eq!(outside.open(), 0);
        assert!(outside.begin().is_some());
    }

    #[test]
    fn a_missing_grant_is_told_once_and_a_flood_of_them_is_bounded() {
        let outside = Outside::new(&Budget::default());
        assert!(outside.missing("a"));
        assert!(!outside.missing("a"));
        let told = (0..100).filter(|n| outside.missing(&n.to_string())).count();
        assert_eq!(told, MISSING - 1);
        assert_eq!(outside.take().0.len(), MISSING);
    }
}
