//! Bytes that one snapshot holds of its tenant's quota.

use std::sync::Arc;

use super::{Quota, Resource};
use crate::units::Size;

/// The bytes of one snapshot. Given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    quota: Arc<Quota>,
    bytes: u64,
}

/// All snapshots of a tenant together hold more than they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tenant's snapshots hold {} bytes, its quota allows {limit} (`snapshotBytes`)", .held.0)]
pub struct NoRoom {
    /// What they would hold.
    pub held: Size,
    /// What they may hold.
    pub limit: Size,
}

impl NoRoom {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        Resource::SnapshotBytes.code()
    }
}

impl Held {
    pub(super) fn new(quota: Arc<Quota>) -> Self {
        Self { quota, bytes: 0 }
    }

    /// From now on it holds so many bytes.
    ///
    /// # Errors
    /// The tenant holds more than it may now. The bytes are counted all the same, until they are given up.
    pub fn set(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let before = std::mem::replace(&mut self.bytes, bytes);
        let mut state = self.quota.state();
        state.held = state.held.saturating_sub(before).saturating_add(bytes);
        let limit = state.settings.snapshot_bytes;
        match state.held > limit.0 && bytes > 0 {
            true => Err(NoRoom {
                held: Size(state.held),
                limit,
            }),
            false => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.set(0);
    }
}
