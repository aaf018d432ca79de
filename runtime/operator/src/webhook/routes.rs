//! Which hook answers at which path.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use hookbox_config::{FailurePolicy, LabelSelector, MatchCondition, Webhook};

use super::conversion::{Chains, Rule};
use super::id::unique_id;
use crate::load::Hook;
use crate::queue::HookIndex;
use crate::tenants::resources::GROUP;

/// An admission webhook.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) hook: HookIndex,
    /// Name of the hook, for the log.
    pub(crate) hook_name: Arc<str>,
    /// Part of its path behind `/hooks/`.
    pub(crate) id: String,
    /// Its binding, with what a tenant adds.
    pub(crate) config: Webhook,
    pub(crate) mutates: bool,
    /// The only namespace whose reviews are answered.
    pub(crate) namespace: Option<String>,
}

impl Admission {
    /// How long the API server waits.
    pub(crate) fn timeout(&self) -> Duration {
        let seconds = u64::try_from(self.config.timeout_seconds).unwrap_or(1);
        Duration::from_secs(seconds.clamp(1, 30))
    }

    /// Whether a request goes on when the hook does not answer.
    pub(crate) fn ignores_failures(&self) -> bool {
        self.config.failure_policy == FailurePolicy::Ignore
    }

    /// `validating` or `mutating`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.mutates {
            "mutating"
        } else {
            "validating"
        }
    }
}

/// Whose rule a conversion is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Converter {
    pub(crate) hook: HookIndex,
    /// Name of the hook, for the log.
    pub(crate) hook_name: Arc<str>,
    pub(crate) binding: String,
    pub(crate) group: Option<String>,
    pub(crate) snapshots: Vec<String>,
}

/// All webhooks of an operator.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// In the order of hooks; validating ones of a hook before mutating ones.
    pub(crate) admission: Vec<Admission>,
    by_id: BTreeMap<String, usize>,
    /// By name of the CustomResourceDefinition.
    pub(crate) conversion: BTreeMap<String, Chains<Converter>>,
}

impl Routes {
    /// The webhooks of these hooks. What cannot be served is left out, and said in the second part: text and hook.
    pub(crate) fn new(hooks: &[Hook]) -> (Self, Vec<(String, Arc<str>)>) {
        let mut routes = Self::default();
        let mut left_out = Vec::new();
        let mut ids = BTreeSet::new();
        let mut names: BTreeMap<(bool, &str), &str> = BTreeMap::new();
        let mut rules: BTreeMap<&str, Vec<Rule<Converter>>> = BTreeMap::new();
        for (index, hook) in hooks.iter().enumerate() {
            let config = &hook.config;
            let validating = config.kubernetes_validating.iter().map(|w| (false, w));
            let mutating = config.kubernetes_mutating.iter().map(|w| (true, w));
            for (mutates, webhook) in validating.chain(mutating) {
                if let Some(first) = names.insert((mutates, &webhook.name), &hook.name) {
                    names.insert((mutates, &webhook.name), first);
                    let text = format!(
                        "webhook `{}` is left out: hook `{first}` has one of this name, and Kubernetes takes each name once",
                        webhook.name
                    );
                    left_out.push((text, hook.name.clone()));
                    continue;
                }
                let namespace = hook.tenant.as_ref().map(|t| t.namespace.clone());
                let id = unique_id(&webhook.name, &mut ids);
                routes.by_id.insert(id.clone(), routes.admission.len());
                routes.admission.push(Admission {
                    hook: index,
                    hook_name: hook.name.clone(),
                    id,
                    config: within(webhook, namespace.as_deref()),
                    mutates,
                    namespace,
                });
            }
            for conversion in &config.kubernetes_custom_resource_conversion {
                if hook.tenant.is_some() {
                    let text = format!(
                        "conversion `{}` is left out: a CustomResourceDefinition is the whole cluster's, and the hook is a tenant's",
                        conversion.name
                    );
                    left_out.push((text, hook.name.clone()));
                    continue;
                }
                let all = rules.entry(&conversion.crd_name).or_default();
                all.extend(conversion.conversions.iter().map(|rule| Rule {
                    from: rule.from_version.clone(),
                    to: rule.to_version.clone(),
                    whose: Converter {
                        hook: index,
                        hook_name: hook.name.clone(),
                        binding: conversion.name.clone(),
                        group: conversion.group.clone(),
                        snapshots: conversion.include_snapshots_from.clone(),
                    },
                }));
            }
        }
        routes.conversion = rules
            .into_iter()
            .map(|(name, rules)| (name.to_owned(), Chains::new(name, rules)))
            .collect();
        (routes, left_out)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.admission.is_empty() && self.conversion.is_empty()
    }

    /// The webhook at `/hooks/<id>`.
    pub(crate) fn admission_at(&self, id: &str) -> Option<&Admission> {
        self.admission.get(*self.by_id.get(id)?)
    }
}

/// A webhook that sees only what is in `namespace`, where there is one.
fn within(webhook: &Webhook, namespace: Option<&str>) -> Webhook {
    use hookbox_config::Scope;
    use hookbox_config::selector::{Operator, Requirement};
    let mut webhook = webhook.clone();
    let Some(namespace) = namespace else {
        return webhook;
    };
    let mut selector: LabelSelector = webhook.namespace_selector.take().unwrap_or_default();
    selector.match_expressions.push(Requirement {
        key: "kubernetes.io/metadata.name".to_owned(),
        operator: Operator::In,
        values: vec![namespace.to_owned()],
    });
    webhook.namespace_selector = Some(selector);
    // A rule for cluster-scoped objects only has nothing left.
    webhook
        .rules
        .retain(|rule| rule.scope != Some(Scope::Cluster));
    for rule in &mut webhook.rules {
        rule.scope = Some(Scope::Namespaced);
    }
    // Whatever it answers, a Hook can be changed, suspended and deleted.
    webhook.match_conditions.push(MatchCondition {
        name: format!("{GROUP}.not-asked"),
        expression: format!("request.resource.group != '{GROUP}'"),
    });
    webhook
}

#[cfg(test)]
mod tests {
    use hookbox_config::Document;
    use serde_json::json;

    use super::*;

    fn webhook(config: serde_json::Value) -> Webhook {
        let document = json!({"configVersion": "v1", "kubernetesMutating": [config]}).to_string();
        let config = Document::parse(&document).unwrap().check().unwrap();
        config.kubernetes_mutating.into_iter().next().unwrap()
    }

    #[test]
    fn a_tenants_webhook_sees_its_own_namespace_only() {
        let rule = |scope: &str| json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"], "scope": scope});
        let open = webhook(json!({
            "name": "a.b.c", "namespace": {"labelSelector": {"matchLabels": {"x": "y"}}},
            "rules": [rule("Cluster"), rule("*"), rule("Namespaced")],
        }));
        let closed = serde_json::to_value(within(&open, Some("team"))).unwrap();
        assert_eq!(
            closed["namespace"]["labelSelector"],
            json!({"matchLabels": {"x": "y"}, "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team"]}]})
        );
        let scopes: Vec<_> = closed["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["scope"].as_str().unwrap())
            .collect();
        assert_eq!(scopes, ["Namespaced", "Namespaced"]);
        assert_eq!(within(&open, None), open);
    }
}
