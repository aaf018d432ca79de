//! What roles and bindings grant.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Action, User};
use crate::tree::Tree;

#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) paths: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Grant {
    /// Of a binding in a namespace; empty: everywhere.
    pub(super) namespace: String,
    pub(super) subjects: Vec<Value>,
    pub(super) rules: Arc<Vec<Rule>>,
    pub(super) why: String,
}

/// Everything that bindings grant, at one state of the store.
pub(super) fn grants(
    roles: &[Value],
    cluster_roles: &[Value],
    bindings: &[Value],
    cluster_bindings: &[Value],
) -> Vec<Grant> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut by_name: BTreeMap<(String, String), Arc<Vec<Rule>>> = BTreeMap::new();
    for role in roles.iter().chain(cluster_roles) {
        let mut rules = read_rules(role);
        for selector in role
            .at("aggregationRule")
            .at("clusterRoleSelectors")
            .as_array()
            .into_iter()
            .flatten()
        {
            let wanted = selector
                .at("matchLabels")
                .as_object()
                .cloned()
                .unwrap_or_default();
            for other in cluster_roles.iter().filter(|other| {
                *other != role
                    && wanted.iter().all(|(key, value)| {
                        other.at("metadata").at("labels").get(key) == Some(value)
                    })
            }) {
                rules.extend(read_rules(other));
            }
        }
        by_name.insert(
            (
                text(role.at("metadata").at("namespace")),
                text(role.at("metadata").at("name")),
            ),
            Arc::new(rules),
        );
    }
    let mut grants = Vec::new();
    for binding in bindings.iter().chain(cluster_bindings) {
        let namespace = text(binding.at("metadata").at("namespace"));
        let role = binding.at("roleRef");
        let home = if role.at("kind") == "Role" {
            namespace.clone()
        } else {
            String::new()
        };
        let Some(rules) = by_name.get(&(home, text(role.at("name")))) else {
            continue;
        };
        let kind = if namespace.is_empty() {
            "ClusterRoleBinding"
        } else {
            "RoleBinding"
        };
        let name = if namespace.is_empty() {
            text(binding.at("metadata").at("name"))
        } else {
            format!("{}/{namespace}", text(binding.at("metadata").at("name")))
        };
        grants.push(Grant {
            why: format!(
                "RBAC: allowed by {kind} {name:?} of {} {:?}",
                text(role.at("kind")),
                text(role.at("name"))
            ),
            subjects: binding
                .at("subjects")
                .as_array()
                .cloned()
                .unwrap_or_default(),
            rules: rules.clone(),
            namespace,
        });
    }
    grants
}

fn read_rules(role: &Value) -> Vec<Rule> {
    let list = |value: &Value| {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let rules = role.at("rules").as_array().into_iter().flatten();
    rules
        .map(|rule| Rule {
            verbs: list(rule.at("verbs")),
            groups: list(rule.at("apiGroups")),
            resources: list(rule.at("resources")),
            names: list(rule.at("resourceNames")),
            paths: list(rule.at("nonResourceURLs")),
        })
        .collect()
}

pub(super) fn any(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

impl Rule {
    pub(super) fn allows(&self, action: &Action) -> bool {
        let resource = || {
            any(&self.resources, &action.resource)
                || action.resource.split_once('/').is_some_and(|(_, sub)| {
                    self.resources
                        .iter()
                        .any(|one| one.strip_prefix("*/") == Some(sub))
                })
        };
        any(&self.verbs, &action.verb)
            && any(&self.groups, &action.group)
            && resource()
            && (self.names.is_empty()
                || (!action.name.is_empty() && self.names.contains(&action.name)))
    }
}

impl Grant {
    pub(super) fn is_for(&self, user: &User, binding_namespace: &str) -> bool {
        self.subjects.iter().any(|subject| {
            let name = subject.at("name").as_str().unwrap_or_default();
            match subject.at("kind").as_str() {
                Some("User") => name == "*" || user.name == name,
                Some("Group") => user.groups.iter().any(|group| group == name),
                Some("ServiceAccount") => {
                    let namespace = subject
                        .at("namespace")
                        .as_str()
                        .filter(|ns| !ns.is_empty())
                        .unwrap_or(binding_namespace);
                    user.name
                        .strip_prefix("system:serviceaccount:")
                        .and_then(|rest| rest.split_once(':'))
                        == Some((namespace, name))
                }
                _ => false,
            }
        })
    }
}
