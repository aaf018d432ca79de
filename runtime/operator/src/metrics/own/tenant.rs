//! Metrics of tenants.

use super::super::registry::Type;
use super::{NO_BOUNDS, SelfMetrics, labels_of};
use crate::quota::Quota;

impl SelfMetrics {
    /// What a tenant used of its quota, and how it waited for it.
    pub fn quota(&self, quota: &Quota) {
        let tenant = &**quota.tenant();
        for view in quota.view() {
            let used = match view.limit {
                0 => 1.0,
                limit => view.used as f64 / limit as f64,
            };
            self.set(
                "tenant_quota_used_ratio",
                "Part of a tenant's quota that is used; more than 1 while it waits.",
                &[("tenant", tenant), ("resource", view.resource.code())],
                used,
            );
        }
        for (resource, waited) in quota.waited() {
            let labels = labels_of(&[("tenant", tenant), ("resource", resource.code())]);
            let raise = |name, help, to| {
                self.with(name, help, Type::Counter, NO_BOUNDS, &labels, |value, _| {
                    value.set(to)
                });
            };
            raise(
                "tenant_quota_waits_total",
                "How often something of a tenant waited for its quota.",
                waited.times as f64,
            );
            raise(
                "tenant_quota_wait_seconds_total",
                "How long things of a tenant waited for its quota.",
                waited.time.as_secs_f64(),
            );
        }
    }

    /// SubjectAccessReviews made for tenants since the start.
    pub fn access_checks(&self, checks: u64) {
        self.raise(
            "tenant_access_checks_total",
            "SubjectAccessReviews made for watches that tenants share.",
            checks as f64,
        );
    }
}
