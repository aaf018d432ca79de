//! What a run of a tenant's hook waits for: its quota, and snapshots that are whole.

use std::sync::Arc;

use hookbox_sandbox::RunInput;
use tokio::time::Instant;

use super::Engine;
use crate::monitor::{Monitor, MonitorId};
use crate::queue::{Cause, HookIndex, Queue, Reason, Status};

impl Engine {
    /// Waits until the tenant's quota lets a run begin, which is counted then.
    pub(super) async fn quota_allows(&self, queue: &Queue) {
        let Some(quota) = self.quota() else { return };
        let since = Instant::now();
        let mut waited = false;
        let tell = |blocked: crate::quota::Blocked| {
            waited = true;
            queue.set_status(Status::OverQuota {
                resource: blocked.resource,
                since,
                until: blocked.until,
            });
        };
        quota.run(tell).await;
        if waited {
            queue.set_status(Status::Running {
                since: Instant::now(),
            });
        }
    }

    /// What a run is given. A tenant may lose what it sees at any time, and a hook takes a snapshot for whole: so where
    /// something of it is not known the run waits until it is. What a run was given stays its own.
    pub(super) async fn whole_input(
        &self,
        queue: &Queue,
        hook: HookIndex,
        reasons: &[Reason],
    ) -> RunInput {
        let mut since = None;
        loop {
            let input = self.input(hook, reasons);
            // Looked at after the snapshots were taken: whoever forgets says so first.
            let blind = match self.quota() {
                Some(_) => self.shown(hook, reasons).find(|m| !m.phase().is_whole()),
                None => None,
            };
            let Some(blind) = blind else {
                if since.is_some() {
                    queue.set_status(Status::Running {
                        since: Instant::now(),
                    });
                }
                return input;
            };
            drop(input);
            let since = *since.get_or_insert_with(Instant::now);
            queue.set_status(Status::Blind { since });
            blind.reached(|p| p.phase.is_whole()).await;
        }
    }

    /// The monitors of all that these reasons show, and from which they come.
    fn shown(&self, hook: HookIndex, reasons: &[Reason]) -> impl Iterator<Item = Arc<Monitor>> {
        reasons.iter().flat_map(move |reason| {
            let own = match &reason.cause {
                Cause::Event { binding, .. } | Cause::Synchronization { binding } => {
                    self.monitor(MonitorId {
                        hook,
                        binding: *binding,
                    })
                }
                _ => None,
            };
            own.into_iter().chain(self.needed(hook, &reason.snapshots))
        })
    }
}
