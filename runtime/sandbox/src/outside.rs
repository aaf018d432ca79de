//! What a run does beyond its sandbox, reads of the cluster: the account that bounds it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Budget;
use crate::budget::{Limit, LimitHit};

/// Texts of missing grants that are kept of a run.
const MISSING: usize = 20;

/// Shared by the run and by the tasks that carry its requests.
#[derive(Debug)]
pub(crate) struct Outside {
    reads: AtomicU64,
    bytes: AtomicU64,
    allowed_reads: u64,
    allowed_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The first limit that was come to where the guest could not be stopped at once.
    hit: Option<LimitHit>,
    missing: Vec<String>,
}

impl Outside {
    pub(crate) fn new(budget: &Budget) -> Self {
        Self {
            reads: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            allowed_reads: budget.cluster_reads,
            allowed_bytes: budget.transfer_bytes,
            kept: Mutex::default(),
        }
    }

    /// Count one read of the cluster.
    pub(crate) fn read(&self) -> Result<(), LimitHit> {
        self.count(&self.reads, 1, Limit::ClusterReads, self.allowed_reads)
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

    /// Reads and bytes so far.
    pub(crate) fn used(&self) -> (u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (load(&self.reads), load(&self.bytes))
    }

    /// The missing grants that were noted.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.kept().missing)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_its_limit_and_the_first_hit_counts() {
        let outside = Outside::new(&Budget {
            cluster_reads: 1,
            transfer_bytes: 10,
            ..Budget::default()
        });
        outside.read().unwrap();
        outside.transfer(10).unwrap();
        assert_eq!(outside.remaining(), 0);
        outside.check().unwrap();
        let hit = outside.transfer(1).unwrap_err();
        assert_eq!(
            (hit.limit, hit.used, hit.allowed),
            (Limit::TransferBytes, 11, 10)
        );
        assert!(outside.read().is_err());
        assert_eq!(outside.check(), Err(hit));
        assert_eq!(outside.used(), (2, 11));
    }

    #[test]
    fn a_missing_grant_is_told_once_and_a_flood_of_them_is_bounded() {
        let outside = Outside::new(&Budget::default());
        assert!(outside.missing("a"));
        assert!(!outside.missing("a"));
        let told = (0..100).filter(|n| outside.missing(&n.to_string())).count();
        assert_eq!(told, MISSING - 1);
        assert_eq!(outside.take().len(), MISSING);
    }
}
