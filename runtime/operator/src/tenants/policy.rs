//! Policies as they were read: which one counts for a namespace, and what is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookbox_config::LabelSelector;
use hookbox_config::selector::{Operator, Requirement};
use hookbox_registry::{ImagePattern, Verification};
use hookbox_sandbox::Capabilities;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{self as meta, Condition};
use kube::core::DynamicObject;
use serde_json::Value;

use super::plan::Problem;
use super::resources::{self, ComponentRules, HookPolicy, NamespaceMatch};

/// Namespaces that no pattern means: they have to be named in full.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// A namespace, as far as policies look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A policy as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Which object it is.
    pub uid: Option<String>,
    /// Which state of what it declares.
    pub generation: Option<i64>,
    /// What its status says.
    pub conditions: Vec<Condition>,
    /// Its priority, also where the rest cannot be understood.
    pub priority: i32,
    /// Whether it is being deleted: it grants nothing any more.
    pub leaving: bool,
    /// All of it, or what is wrong with it.
    pub content: Result<HookPolicy, String>,
}

impl Policy {
    /// Reads an object.
    #[must_use]
    pub fn read(object: &DynamicObject) -> Self {
        let priority = object
            .data
            .pointer("/spec/priority")
            .and_then(Value::as_i64);
        let content = resources::read::<HookPolicy>(object)
            .map_err(|error| error.to_string())
            .and_then(|policy| match policy_fault(&policy) {
                Some(fault) => Err(fault),
                None => Ok(policy),
            });
        Self {
            name: object.metadata.name.clone().unwrap_or_default(),
            uid: object.metadata.uid.clone(),
            generation: object.metadata.generation,
            conditions: resources::conditions_of(object),
            priority: priority
                .and_then(|p| i32::try_from(p).ok())
                .unwrap_or_default(),
            leaving: object.metadata.deletion_timestamp.is_some(),
            content,
        }
    }

    /// Whether it declares the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let spec = |policy: &Self| match &policy.content {
            Ok(content) => Ok(content.spec.clone()),
            Err(error) => Err(error.clone()),
        };
        (&self.uid, self.generation, self.leaving) == (&other.uid, other.generation, other.leaving)
            && spec(self) == spec(other)
    }
}

pub(super) fn policy_name(policy: &HookPolicy) -> &str {
    policy.metadata.name.as_deref().unwrap_or_default()
}

/// The policy that counts for a namespace: of those for it, the one with the highest priority, then the first by name.
///
/// One that cannot be understood might be for the namespace and might be stricter: nothing of lower priority counts.
pub(super) fn policy_for<'p>(
    namespace: &Namespace,
    policies: &'p [Arc<Policy>],
) -> Result<&'p HookPolicy, Problem> {
    // Highest first.
    let order = |policy: &&Arc<Policy>| (std::cmp::Reverse(policy.priority), policy.name.clone());
    let mut all: Vec<&Arc<Policy>> = policies.iter().filter(|p| !p.leaving).collect();
    all.sort_by_key(order);
    for policy in all {
        let applies = policy
            .content
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|content| Ok((content, is_for(&content.spec.namespaces, namespace)?)));
        match applies {
            Ok((content, true)) => return Ok(content),
            Ok((_, false)) => {}
            Err(error) => {
                let name = &policy.name;
                return Err(Problem::new(
                    "InvalidPolicy",
                    format!(
                        "the HookPolicy `{name}` cannot be used, so that no other one of its priority or below counts: {error}"
                    ),
                ));
            }
        }
    }
    Err(Problem::new(
        "NoPolicy",
        format!(
            "no HookPolicy is for the namespace `{}`: an administrator has to make one",
            namespace.name
        ),
    ))
}

/// Whether a policy is for a namespace.
fn is_for(which: &NamespaceMatch, namespace: &Namespace) -> Result<bool, String> {
    let named = which.names.iter().any(|pattern| {
        *pattern == namespace.name
            || (matches(pattern, &namespace.name) && !SYSTEM.contains(&namespace.name.as_str()))
    });
    if named {
        return Ok(true);
    }
    let Some(selector) = &which.selector else {
        return Ok(false);
    };
    let selector = selector_of(selector)?;
    let any = selector.is_empty();
    Ok(selector.matches(&namespace.labels) && !(any && SYSTEM.contains(&namespace.name.as_str())))
}

/// What is wrong with a policy, if anything is.
fn policy_fault(policy: &HookPolicy) -> Option<String> {
    let selector = policy.spec.namespaces.selector.as_ref();
    if let Some(error) = selector.and_then(|selector| selector_of(selector).err()) {
        return Some(format!("`namespaces.selector`: {error}"));
    }
    capabilities_fault(&policy.spec.capabilities)
}

/// What is wrong with capabilities of an object, which have the types that they should: the first of it.
pub(super) fn capabilities_fault(capabilities: &Capabilities) -> Option<String> {
    if capabilities.is_empty() {
        return None;
    }
    let text = serde_json::to_string(capabilities).ok()?;
    let offences = hookbox_config::check_capabilities(&text).err()?;
    let first = offences.0.first()?;
    let help = first.help.as_ref().map(|help| format!(": {help}"));
    Some(format!(
        "`capabilities.{}`: {}{}",
        first.path,
        first.message,
        help.unwrap_or_default()
    ))
}

/// What of a policy's rules for components cannot be used. Hooks that it counts for do not run then.
pub(super) fn components_fault(rules: &ComponentRules) -> Option<String> {
    let key = |key: &String| Verification::keys([key.as_str()]).err();
    let keys = rules.keys.iter().enumerate().find_map(|(at, text)| {
        let error = crate::api::chain(&key(text)?);
        Some(format!("`components.keys[{at}]`: {error}"))
    });
    let pattern = |text: &String| text.parse::<ImagePattern>().err();
    let images = rules.images.iter().find_map(pattern);
    keys.or_else(|| {
        let error = crate::api::chain(&images?);
        Some(format!("`components.images`: {error}"))
    })
}

fn selector_of(selector: &meta::LabelSelector) -> Result<LabelSelector, String> {
    let requirement = |given: &meta::LabelSelectorRequirement| {
        let operator = match given.operator.as_str() {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => return Err(format!("`{other}` is no operator of a label selector")),
        };
        Ok(Requirement {
            key: given.key.clone(),
            operator,
            values: given.values.clone().unwrap_or_default(),
        })
    };
    let expressions = selector.match_expressions.iter().flatten();
    let selector = LabelSelector {
        match_labels: selector.match_labels.clone().unwrap_or_default(),
        match_expressions: expressions.map(requirement).collect::<Result<_, _>>()?,
    };
    selector.check().map_err(|error| error.to_string())?;
    Ok(selector)
}

/// Whether a pattern, which may end in `*`, means a name.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}
