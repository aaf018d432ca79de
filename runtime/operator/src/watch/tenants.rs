//! Watches that tenants share.
//!
//! A tenant takes part in a watch only while its own access is known to be there. What it learns by lists of its own it
//! asks for as itself; the watch that all share is open as one of those who take part, and is taken up as another one when
//! that one leaves or loses its access.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::OnceCell;
use tokio_util::task::AbortOnDropHandle;

use super::feed::Events;
use super::hub::{Hub, Watches};
use super::{Tag, WatchError, WatchEvent, WatchSpec};
use crate::api;
use crate::identity::{self, Access, Verdict};
use crate::snapshot::Texts;
use crate::source::Tenant;

/// Time between two attempts to ask something as a tenant.
const PROOF: Duration = Duration::from_secs(10);

/// All watches of tenants. Clones are the same.
#[derive(Clone)]
pub struct TenantHub {
    watches: Arc<Watches>,
    texts: Texts,
}

/// One who takes part.
pub(super) struct Who {
    tenant: Tenant,
    /// Asks as the tenant.
    pub(super) client: Client,
    access: Access,
    /// Whether anything can be asked as the tenant.
    proven: OnceCell<()>,
}

/// What one tenant sees of the watches.
#[derive(Clone)]
pub(super) struct View {
    pub(super) watches: Arc<Watches>,
    who: Arc<Who>,
}

/// A tenant's part in a watch, for as long as it may.
#[derive(Debug)]
pub(super) struct Guard(
    #[expect(dead_code, reason = "ends the subscription when it is dropped")] AbortOnDropHandle<()>,
);

impl std::fmt::Debug for TenantHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantHub").finish_non_exhaustive()
    }
}

impl TenantHub {
    pub(super) fn new(watches: Arc<Watches>, texts: Texts) -> Self {
        Self { watches, texts }
    }

    /// The hub as a tenant sees it; `client` asks as the tenant (see [`impersonating`](crate::identity::impersonating)).
    #[must_use]
    pub fn view(&self, tenant: &Tenant, client: Client, access: &Access) -> Hub {
        let who = Who {
            tenant: tenant.clone(),
            client,
            access: access.clone(),
            proven: OnceCell::new(),
        };
        let view = View {
            watches: self.watches.clone(),
            who: Arc::new(who),
        };
        Hub::of_tenant(view, self.texts.clone())
    }
}

impl Who {
    /// The API server refused what the check had allowed.
    pub(super) fn refused(&self, spec: &WatchSpec, error: &WatchError) {
        let reason = api::one_line(&api::chain(error));
        self.access.right(&self.tenant, spec).refused(&reason);
    }

    /// Waits until something can be asked as the tenant. What its own requests would not show it, those of others must not
    /// either: hookbox may act as certain accounts only.
    async fn prove(&self, spec: &WatchSpec, tag: Tag, events: &Events) {
        let prove = || identity::prove(&self.client);
        while let Err(error) = self.proven.get_or_try_init(prove).await {
            let error = WatchError::Unchecked {
                what: spec.what(),
                user: self.tenant.user(),
                reason: api::one_line(&api::chain(&error)),
            };
            // Whoever has no room has heard enough.
            let _ = events.try_send(tag, &WatchEvent::Failed(Arc::new(error)));
            tokio::time::sleep(PROOF).await;
        }
    }

    /// Why it may not; none where it may, or nobody knows yet.
    fn error(&self, spec: &WatchSpec, verdict: Verdict) -> Option<WatchError> {
        let (what, user) = (spec.what(), self.tenant.user());
        match verdict {
            Verdict::Unknown | Verdict::Allowed => None,
            Verdict::Denied { reason } => Some(WatchError::Denied {
                what,
                user,
                rule: spec.rule(),
                reason,
            }),
            Verdict::Unchecked { reason } => Some(WatchError::Unchecked { what, user, reason }),
        }
    }
}

impl View {
    pub(super) fn watch(&self, spec: WatchSpec, tag: Tag, events: Events) -> Guard {
        let keep = keep(self.clone(), spec, tag, events);
        Guard(AbortOnDropHandle::new(tokio::spawn(keep)))
    }
}

/// Takes part whenever it may.
async fn keep(view: View, spec: WatchSpec, tag: Tag, events: Events) {
    let View { watches, who } = view;
    let mut right = who.access.right(&who.tenant, &spec);
    who.prove(&spec, tag, &events).await;
    let mut verdict = right.verdict();
    loop {
        if verdict == Verdict::Allowed {
            let (gated, gate) = events.gated();
            let membership = watches.join(spec.clone(), tag, gated, &who.client, Some(&who));
            while verdict == Verdict::Allowed {
                verdict = right.changed().await;
            }
            if let Some(error) = who.error(&spec, verdict.clone()) {
                events.revoke(&gate, tag, WatchEvent::Revoked(Arc::new(error)));
            }
            drop(membership);
        } else if let Some(error) = who.error(&spec, verdict) {
            // Whoever has no room has heard enough.
            let _ = events.try_send(tag, &WatchEvent::Failed(Arc::new(error)));
        }
        verdict = right.changed().await;
    }
}
