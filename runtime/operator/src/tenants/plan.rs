//! From what is declared to what shall run: a Hook, its namespace and the policies, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use hookbox_registry::{ImagePattern, Reference, RegistryError};
use hookbox_sandbox::capabilities::Missing;
use hookbox_sandbox::{Budget, Capabilities};
use serde_json::Value;

use super::policy::{Namespace, Policy, capabilities_fault, matches, policy_for, policy_name};
use super::resources::{BudgetSettings, ComponentRules, ConfigMapKey, Hook, HookPolicy};
use crate::quota::QuotaSettings;
use crate::source::Tenant;

/// What shall run for a Hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Namespace and name of the Hook.
    pub hook: (String, String),
    /// Whose rights it has.
    pub tenant: Tenant,
    /// Where its component comes from.
    pub component: Source,
    /// Secrets with credentials for the registry.
    pub pull_secrets: Vec<String>,
    /// What it reads as config values.
    pub parameters: Arc<Value>,
    /// What it has beyond its snapshots.
    pub granted: Capabilities,
    /// Name of the policy that counts.
    pub policy: String,
    /// Which components may run.
    pub rules: ComponentRules,
    /// What each run may use.
    pub budget: Budget,
    /// What its tenant may use over time.
    pub quota: QuotaSettings,
    /// Whether its webhooks may be served.
    pub webhooks: bool,
    /// Whether its instances may be kept between runs.
    pub warm_instances: bool,
}

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A reference with a digest, not looked at yet.
    Image(String),
    /// An entry of a ConfigMap of the Hook's namespace.
    ConfigMap(ConfigMapKey),
}

/// Why nothing shall run for a Hook, in the words of its `Ready` condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// One word: `NoPolicy`.
    pub reason: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

/// What shall run, and what was asked for and is not granted.
///
/// # Errors
/// Nothing shall run.
pub fn plan(
    hook: &Hook,
    namespace: &Namespace,
    policies: &[Arc<Policy>],
) -> Result<(Plan, Vec<Missing>), Problem> {
    let name = hook.metadata.name.clone().unwrap_or_default();
    let spec = &hook.spec;
    if spec.suspend {
        return Err(Problem::new(
            "Suspended",
            "`spec.suspend` is set: nothing runs and nothing is watched",
        ));
    }
    let policy = policy_for(namespace, policies)?;
    let account = &spec.service_account_name;
    let tenant = Tenant::new(&namespace.name, account)
        .map_err(|error| Problem::new("InvalidSpec", error.to_string()))?;
    let accounts = &policy.spec.service_accounts;
    if !accounts.is_empty() && !accounts.iter().any(|pattern| matches(pattern, account)) {
        return Err(Problem::new(
            "NotAllowed",
            format!(
                "the policy `{}` does not let Hooks name the ServiceAccount `{account}` (`serviceAccounts`)",
                policy_name(policy)
            ),
        ));
    }
    let component = source(hook, policy)?;
    if let Some(fault) = capabilities_fault(&spec.capabilities) {
        return Err(Problem::new("InvalidSpec", fault));
    }
    let (granted, missing) = spec.capabilities.granted(&policy.spec.capabilities);
    let plan = Plan {
        hook: (namespace.name.clone(), name),
        tenant,
        component,
        pull_secrets: spec
            .image_pull_secrets
            .iter()
            .map(|secret| secret.name.clone())
            .collect(),
        parameters: Arc::new(Value::Object(spec.parameters.clone())),
        granted,
        policy: policy_name(policy).to_owned(),
        rules: policy.spec.components.clone(),
        budget: budget(&policy.spec.budget),
        quota: policy.spec.quota.clone(),
        webhooks: policy.spec.webhooks,
        warm_instances: policy.spec.warm_instances,
    };
    Ok((plan, missing))
}

fn source(hook: &Hook, policy: &HookPolicy) -> Result<Source, Problem> {
    let rules = &policy.spec.components;
    match (&hook.spec.component.image, &hook.spec.component.config_map) {
        (Some(image), None) => {
            if !from(&rules.images, image)? {
                return Err(Problem::new(
                    "NotAllowed",
                    format!(
                        "the policy `{}` does not let components come from `{image}` (`components.images`)",
                        policy_name(policy)
                    ),
                ));
            }
            if rules.keys.is_empty() && !rules.allow_unsigned {
                return Err(Problem::new(
                    "NotAllowed",
                    format!(
                        "the policy `{}` lets nothing run: it has no `components.keys`, and `components.allowUnsigned` is not set",
                        policy_name(policy)
                    ),
                ));
            }
            Ok(Source::Image(image.clone()))
        }
        (None, Some(key)) => {
            if !rules.allow_unsigned {
                return Err(Problem::new(
                    "NotAllowed",
                    format!(
                        "a component of a ConfigMap is not signed, and the policy `{}` requires that (`components.allowUnsigned`)",
                        policy_name(policy)
                    ),
                ));
            }
            Ok(Source::ConfigMap(key.clone()))
        }
        _ => Err(Problem::new(
            "InvalidSpec",
            "`spec.component` has to name exactly one of `image` and `configMap`",
        )),
    }
}

/// Whether an image may come from where it does.
fn from(images: &[String], image: &str) -> Result<bool, Problem> {
    let invalid = |reason, error: RegistryError| Problem::new(reason, crate::api::chain(&error));
    let reference: Reference = image.parse().map_err(|e| invalid("InvalidSpec", e))?;
    for pattern in images {
        let pattern: ImagePattern = pattern.parse().map_err(|e| invalid("InvalidPolicy", e))?;
        if pattern.matches(&reference) {
            return Ok(true);
        }
    }
    Ok(images.is_empty())
}

/// The budget that these settings give.
fn budget(settings: &BudgetSettings) -> Budget {
    let default = Budget::default();
    let time =
        |given: Option<crate::units::Span>, default: Duration| given.map_or(default, |s| s.0);
    let size = |given: Option<crate::units::Size>, default: u64| given.map_or(default, |s| s.0);
    Budget {
        cpu_time: time(settings.cpu_time, default.cpu_time),
        wall_clock: time(settings.wall_clock, default.wall_clock),
        memory: size(settings.memory, default.memory),
        effects: settings.effects.unwrap_or(default.effects),
        effect_bytes: size(settings.effect_bytes, default.effect_bytes),
        log_bytes: size(settings.log_bytes, default.log_bytes),
        host_calls: settings.host_calls.unwrap_or(default.host_calls),
        ..default
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hook(spec: Value) -> Hook {
        let mut whole = json!({
            "component": {"image": format!("registry.example/team-a/x:1@sha256:{}", "0".repeat(64))},
            "serviceAccountName": "cleaner",
        });
        for (key, value) in spec.as_object().unwrap() {
            whole[key] = value.clone();
        }
        serde_json::from_value(json!({
            "apiVersion": "hookbox.dev/v1alpha1", "kind": "Hook",
            "metadata": {"name": "h", "namespace": "team-a"}, "spec": whole,
        }))
        .unwrap()
    }

    fn policy(name: &str, spec: Value) -> Arc<Policy> {
        let object = json!({
            "apiVersion": "hookbox.dev/v1alpha1", "kind": "HookPolicy", "metadata": {"name": name}, "spec": spec,
        });
        Arc::new(Policy::read(&serde_json::from_value(object).unwrap()))
    }

    fn namespace(name: &str, labels: &[(&str, &str)]) -> Namespace {
        Namespace {
            name: name.to_owned(),
            labels: labels
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
        }
    }

    fn unsigned(namespaces: Value) -> Value {
        json!({"namespaces": namespaces, "components": {"allowUnsigned": true}})
    }

    fn reason(spec: Value, policies: &[Arc<Policy>]) -> &'static str {
        match plan(&hook(spec), &namespace("team-a", &[]), policies) {
            Ok(_) => "planned",
            Err(problem) => problem.reason,
        }
    }

    #[test]
    fn capabilities_that_can_never_be_are_a_fault() {
        let good = [policy("p", unsigned(json!({"names": ["team-a"]})))];
        let http = |host: &str| json!({"http": [{"hosts": [host]}]});
        let planned = |host: &str| reason(json!({"capabilities": http(host)}), &good);
        assert_eq!(planned("a.example"), "planned");
        assert_eq!(planned("https://a.example"), "InvalidSpec");
        let mut spec = unsigned(json!({"names": ["team-a"]}));
        spec["capabilities"] = http("*");
        let bad = [policy("p", spec)];
        assert_eq!(reason(json!({}), &bad), "InvalidPolicy");
        let fault = bad[0].content.as_ref().unwrap_err();
        assert!(
            fault.starts_with("`capabilities.http[0].hosts[0]`: `*` is no host: "),
            "{fault}"
        );
    }

    #[test]
    fn nothing_is_planned_without_a_policy() {
        assert_eq!(reason(json!({}), &[]), "NoPolicy");
        let other = policy("p", unsigned(json!({"names": ["team-b"]})));
        assert_eq!(reason(json!({}), &[other]), "NoPolicy");
        let none = policy("p", unsigned(json!({})));
        assert_eq!(reason(json!({}), &[none]), "NoPolicy");
    }

    #[test]
    fn policies_are_for_names_patterns_and_labels_and_patterns_leave_the_systems_own_out() {
        let fits = |which: Value, namespace: &Namespace| {
            let policies = [policy("p", unsigned(which))];
            plan(&hook(json!({})), namespace, &policies).is_ok()
        };
        let (a, system) = (
            namespace("team-a", &[("x", "y")]),
            namespace("kube-system", &[]),
        );
        assert!(fits(json!({"names": ["team-a"]}), &a));
        assert!(fits(json!({"names": ["team-*"]}), &a));
        assert!(fits(json!({"names": ["*"]}), &a));
        assert!(!fits(json!({"names": ["team-"]}), &a));
        assert!(fits(json!({"selector": {"matchLabels": {"x": "y"}}}), &a));
        assert!(!fits(json!({"selector": {"matchLabels": {"x": "z"}}}), &a));
        assert!(fits(
            json!({"selector": {"matchExpressions": [{"key": "x", "operator": "Exists"}]}}),
            &a
        ));
        assert!(fits(json!({"selector": {}}), &a));
        for pattern in [
            json!({"names": ["*"]}),
            json!({"names": ["kube-*"]}),
            json!({"selector": {}}),
        ] {
            assert!(!fits(pattern, &system));
        }
        assert!(fits(json!({"names": ["kube-system"]}), &system));
    }

    #[test]
    fn the_highest_priority_counts_then_the_first_name() {
        let with = |name: &str, priority: i32| {
            let mut spec = unsigned(json!({"names": ["*"]}));
            spec["priority"] = json!(priority);
            policy(name, spec)
        };
        let chosen = |policies: &[Arc<Policy>]| {
            let planned = plan(&hook(json!({})), &namespace("team-a", &[]), policies);
            planned.unwrap().0.policy
        };
        assert_eq!(chosen(&[with("a", 0), with("b", 7), with("c", -1)]), "b");
        assert_eq!(chosen(&[with("b", 0), with("a", 0)]), "a");
    }

    #[test]
    fn a_policy_that_cannot_be_understood_lets_none_of_lower_priority_count() {
        let good = |priority: i32| {
            let mut spec = unsigned(json!({"names": ["*"]}));
            spec["priority"] = json!(priority);
            policy("good", spec)
        };
        let broken = [
            policy(
                "broken",
                json!({"priority": 5, "namespaces": {"selector": {"matchExpressions": [{"key": "x", "operator": "Like"}]}}}),
            ),
            policy(
                "broken",
                json!({"priority": 5, "quota": {"cpuPerMinute": "much"}}),
            ),
        ];
        for broken in broken {
            assert_eq!(
                reason(json!({}), &[broken.clone(), good(4)]),
                "InvalidPolicy"
            );
            assert_eq!(reason(json!({}), &[broken.clone(), good(6)]), "planned");
        }
    }

    #[test]
    fn what_a_policy_does_not_allow_is_not_planned() {
        let with = |more: Value| {
            let mut spec =
                json!({"namespaces": {"names": ["team-a"]}, "components": {"allowUnsigned": true}});
            for (key, value) in more.as_object().unwrap() {
                spec[key] = value.clone();
            }
            [policy("p", spec)]
        };
        let map = json!({"component": {"configMap": {"name": "m", "key": "k"}}});
        assert_eq!(
            reason(json!({"suspend": true}), &with(json!({}))),
            "Suspended"
        );
        assert_eq!(
            reason(json!({}), &with(json!({"components": {}}))),
            "NotAllowed"
        );
        assert_eq!(
            reason(json!({}), &with(json!({"components": {"keys": ["k"]}}))),
            "planned"
        );
        assert_eq!(
            reason(map.clone(), &with(json!({"components": {"keys": ["k"]}}))),
            "NotAllowed"
        );
        assert_eq!(reason(map, &with(json!({}))), "planned");
        assert_eq!(
            reason(json!({}), &with(json!({"serviceAccounts": ["other"]}))),
            "NotAllowed"
        );
        assert_eq!(
            reason(json!({}), &with(json!({"serviceAccounts": ["clean*"]}))),
            "planned"
        );
        assert_eq!(
            reason(json!({"component": {}}), &with(json!({}))),
            "InvalidSpec"
        );
        for name in ["a/b", "..", "", "A", "a:b"] {
            let spec = json!({"serviceAccountName": name});
            assert_eq!(reason(spec, &with(json!({}))), "InvalidSpec", "{name}");
        }
        let images =
            |rule: &str| with(json!({"components": {"allowUnsigned": true, "images": [rule]}}));
        for (rule, allowed) in [
            ("registry.example/team-a", true),
            ("registry.example/team-a/x", true),
            ("registry.example/team-*", true),
            ("registry.example", true),
            ("registry.example/team", false),
            ("other.example", false),
        ] {
            let found = reason(json!({}), &images(rule));
            assert_eq!(found == "planned", allowed, "{rule}: {found}");
        }
    }

    #[test]
    fn budgets_quotas_and_grants_are_the_policys() {
        let policies = [policy(
            "p",
            json!({
                "namespaces": {"names": ["team-a"]},
                "components": {"allowUnsigned": true},
                "budget": {"cpuTime": "50ms", "memory": "64Mi"},
                "quota": {"runsPerMinute": 7},
                "capabilities": {"wallClock": true},
            }),
        )];
        let wish = json!({"capabilities": {"wallClock": true, "http": [{"hosts": ["a.org"]}]}, "parameters": {"a": [1]}});
        let (plan, missing) = plan(&hook(wish), &namespace("team-a", &[]), &policies).unwrap();
        assert_eq!(plan.budget.cpu_time, Duration::from_millis(50));
        assert_eq!(plan.budget.memory, 64 << 20);
        assert_eq!(plan.budget.effects, Budget::default().effects);
        assert_eq!(plan.quota.runs_per_minute, 7);
        assert!(plan.granted.wall_clock && plan.granted.http.is_empty());
        assert_eq!(missing.len(), 1);
        assert_eq!(*plan.parameters, json!({"a": [1]}));
        assert_eq!(plan.tenant.user(), "system:serviceaccount:team-a:cleaner");
    }
}
