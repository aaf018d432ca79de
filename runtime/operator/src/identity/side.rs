//! A tenant's side of the cluster.

use std::sync::Arc;

use super::{Access, AccessSettings, impersonating};
use crate::engine::ClusterSide;
use crate::quota::Quota;
use crate::source::{Tenant, TenantError};
use crate::watch::TenantHub;

/// What only a tenant's side has.
#[derive(Debug, Clone)]
pub(crate) struct TenantSide {
    /// What it may use over time.
    pub(crate) quota: Arc<Quota>,
}

/// Makes the tenants' sides of the cluster from the operator's own.
#[derive(Clone)]
pub(crate) struct Identities {
    own: ClusterSide,
    hub: TenantHub,
    access: Access,
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Identities {
    /// `own` is the operator's own side: its account may impersonate the tenants' ServiceAccounts and create
    /// SubjectAccessReviews.
    pub(crate) fn new(own: &ClusterSide, settings: AccessSettings) -> Self {
        Self {
            access: Access::new(own.client.clone(), settings),
            hub: own.hub.for_tenants(),
            own: own.clone(),
        }
    }

    /// A tenant's side: it shares the kinds, and those watches to which its access was checked; all else is its own, and
    /// goes out as its ServiceAccount. Each side has a rate of writing of its own (`WriterSettings::qps`).
    ///
    /// # Errors
    /// Names that Kubernetes does not take.
    pub(crate) fn side(
        &self,
        tenant: &Tenant,
        quota: &Arc<Quota>,
    ) -> Result<ClusterSide, TenantError> {
        tenant.check()?;
        let client = impersonating(&self.own.client, tenant);
        Ok(ClusterSide {
            hub: self.hub.view(tenant, client.clone(), &self.access),
            client,
            kinds: self.own.kinds.clone(),
            writer: self.own.writer.for_tenant(tenant, quota),
            tenant: Some(TenantSide {
                quota: quota.clone(),
            }),
        })
    }

    /// Who checks the tenants' access.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }
}
