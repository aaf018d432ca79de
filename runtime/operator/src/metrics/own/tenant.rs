//! Metrics of tenants.

use std::collections::BTreeMap;

use super::super::labels::Labels;
use super::super::registry::Type;
use super::{NO_BOUNDS, SelfMetrics, labels_of};
use crate::quota::Quota;

/// Begins the names of what is told of quotas.
const QUOTA: &str = "tenant_quota_";

impl SelfMetrics {
    /// What tenants used of their quotas, and how they waited for them. These are all that there are: of others nothing is
    /// shown any more.
    pub fn quotas<'a>(&self, quotas: impl IntoIterator<Item = &'a Quota>) {
        // Hooks of one tenant have the same one.
        let quotas: BTreeMap<&str, &Quota> =
            quotas.into_iter().map(|q| (&**q.tenant(), q)).collect();
        let is_there = |labels: &Labels| {
            let tenant = labels.get("tenant");
            tenant.is_some_and(|tenant| quotas.contains_key(tenant))
        };
        for (name, family) in self.lock().iter_mut() {
            if name.starts_with(QUOTA) {
                family.series.retain(|labels, _| is_there(labels));
            }
        }
        for quota in quotas.values() {
            self.quota(quota);
        }
    }

    fn quota(&self, quota: &Quota) {
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
