//! The status of policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::Shared;
use super::policy::{self, Policy};
use super::resources::HookPolicyStatus;
use super::status::{self, Place, Said};
use crate::api;

/// Keeps the status of all policies.
pub(super) struct PolicyKeeper {
    shared: Arc<Shared>,
    written: BTreeMap<String, (Option<String>, HookPolicyStatus)>,
}

impl PolicyKeeper {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            written: BTreeMap::new(),
        }
    }

    /// Writes what is not said yet. A failure is said once, and tried again when something changes.
    pub(super) async fn look(
        &mut self,
        policies: &BTreeMap<String, Arc<Policy>>,
        count: impl FnOnce() -> BTreeMap<String, u32>,
    ) {
        let counts = count();
        self.written.retain(|name, _| policies.contains_key(name));
        for policy in policies.values() {
            let (holds, reason, message) = match &policy.content {
                Ok(content) => match policy::components_fault(&content.spec.components) {
                    None => (true, "Valid", "it can be used".to_owned()),
                    Some(fault) => (false, "Invalid", fault),
                },
                Err(error) => (false, "Invalid", error.clone()),
            };
            let before: Vec<Condition> = match self.written.get(&policy.name) {
                Some((uid, status)) if *uid == policy.uid => status.conditions.clone(),
                _ => policy.conditions.clone(),
            };
            let said = [Said::new("Valid", holds, reason, message)];
            let now = self.shared.engine.clock.now();
            let status = HookPolicyStatus {
                observed_generation: policy.generation,
                hooks: counts.get(&policy.name).copied().unwrap_or_default(),
                conditions: status::conditions(&said, &before, policy.generation, now),
            };
            let entry = (policy.uid.clone(), status);
            if self.written.get(&policy.name) == Some(&entry) {
                continue;
            }
            let place = Place {
                plural: "hookpolicies",
                kind: "HookPolicy",
                namespace: None,
                name: &policy.name,
                uid: policy.uid.as_deref(),
            };
            let Ok(value) = serde_json::to_value(&entry.1) else {
                continue;
            };
            // That it is good is worth a word only after it was not.
            let was = before.iter().find(|c| c.type_ == "Valid");
            let known = was.map_or("True", |c| c.status.as_str());
            let told = entry.1.conditions.first().cloned();
            if let Some(told) = told.filter(|told| told.status != known) {
                self.shared.recorder.tell(place, &told).await;
            }
            self.written.insert(policy.name.clone(), entry);
            if let Err(error) = status::write(&self.shared.client, place, &value).await
                && !error.is_not_found()
                && !error.is_conflict()
            {
                self.written.remove(&policy.name);
                tracing::warn!(
                    policy = policy.name,
                    error = api::one_line(&api::chain(&error)),
                    "the status of a HookPolicy cannot be written"
                );
            }
        }
    }
}
