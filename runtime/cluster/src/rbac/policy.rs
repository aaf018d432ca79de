//! Roles and bindings, and what they allow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Tokens, User};
use crate::error::{ApiError, qualified};
use crate::request::Target;
use crate::server::Server;
use crate::tree::Tree;

const GROUP: &str = "rbac.authorization.k8s.io";
const TABLES: [&str; 4] = [
    "roles",
    "clusterroles",
    "rolebindings",
    "clusterrolebindings",
];

/// What somebody wants to do with a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) verb: String,
    pub(crate) group: String,
    /// With the subresource: `pods/status`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    paths: Vec<String>,
}

#[derive(Debug, Default)]
struct Grant {
    /// Of a binding in a namespace; empty: everywhere.
    namespace: String,
    subjects: Vec<Value>,
    rules: Arc<Vec<Rule>>,
    why: String,
}

/// Everything that bindings grant, at one state of the store.
#[derive(Debug, Default)]
struct Policy {
    revs: [u64; 4],
    grants: Vec<Grant>,
}

/// Authorisation by the roles and bindings in the store.
#[derive(Default)]
pub(crate) struct Policies {
    current: Mutex<Arc<Policy>>,
    pub(crate) tokens: Tokens,
}

impl Policies {
    /// Refuses what the user may not do.
    pub(crate) fn authorize(
        &self,
        server: &Server,
        user: &User,
        target: &Target,
        name: &str,
    ) -> Result<(), ApiError> {
        let resource = match &target.subresource {
            Some(sub) => format!("{}/{sub}", target.plural),
            None => target.plural.clone(),
        };
        let action = Action {
            verb: target.verb.as_str().to_owned(),
            group: target.group.clone(),
            resource,
            namespace: target.namespace.clone().unwrap_or_default(),
            name: name.to_owned(),
        };
        if self.allows(server, user, &action).is_some() {
            return Ok(());
        }
        Err(ApiError::forbidden(
            &target.group,
            &target.plural,
            &action.name,
            &refusal(user, &action),
        ))
    }

    /// Refuses a user who wants to be another and may not.
    pub(crate) fn may_impersonate(
        &self,
        server: &Server,
        user: &User,
        wanted: &User,
    ) -> Result<(), ApiError> {
        if user.is_master() {
            return Ok(());
        }
        let account = wanted
            .name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'));
        let mut needed = vec![match account {
            Some((namespace, name)) => ("serviceaccounts", namespace, name),
            None => ("users", "", wanted.name.as_str()),
        }];
        // The groups that come with the name need no right of their own.
        let implied = |group: &str| {
            group == "system:authenticated"
                || (account.is_some() && group.starts_with("system:serviceaccounts"))
        };
        needed.extend(
            wanted
                .groups
                .iter()
                .filter(|group| !implied(group))
                .map(|group| ("groups", "", group.as_str())),
        );
        for (resource, namespace, name) in needed {
            let action = Action {
                verb: "impersonate".into(),
                group: String::new(),
                resource: resource.into(),
                namespace: namespace.into(),
                name: name.into(),
            };
            if self.allows(server, user, &action).is_none() {
                return Err(ApiError::forbidden(
                    "",
                    resource,
                    name,
                    &refusal(user, &action),
                ));
            }
        }
        Ok(())
    }

    /// Refuses a path beside the resources, such as `/version`.
    pub(crate) fn may_read_path(
        &self,
        server: &Server,
        user: &User,
        path: &str,
    ) -> Result<(), ApiError> {
        let allowed = user.is_master()
            || self
                .policy(server)
                .grants
                .iter()
                .filter(|grant| grant.namespace.is_empty() && grant.is_for(user, ""))
                .any(|grant| {
                    grant.rules.iter().any(|rule| {
                        any(&rule.verbs, "get")
                            && rule.paths.iter().any(|allowed| {
                                allowed
                                    .strip_suffix('*')
                                    .map_or(allowed == path, |prefix| path.starts_with(prefix))
                            })
                    })
                });
        if allowed {
            Ok(())
        } else {
            Err(ApiError::forbidden_path(&user.name, path))
        }
    }

    /// Why something is allowed; none when it is not.
    pub(crate) fn allows(&self, server: &Server, user: &User, action: &Action) -> Option<String> {
        if user.is_master() {
            return Some(String::new());
        }
        let policy = self.policy(server);
        policy
            .grants
            .iter()
            .filter(|grant| grant.namespace.is_empty() || grant.namespace == action.namespace)
            .find(|grant| {
                grant.rules.iter().any(|rule| rule.allows(action))
                    && grant.is_for(user, &grant.namespace)
            })
            .map(|grant| grant.why.clone())
    }

    /// The rules that a user has in a namespace, for SelfSubjectRulesReview.
    pub(crate) fn rules(
        &self,
        server: &Server,
        user: &User,
        namespace: &str,
    ) -> (Vec<Value>, Vec<Value>) {
        if user.is_master() {
            return (
                vec![json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})],
                vec![json!({"verbs": ["*"], "nonResourceURLs": ["*"]})],
            );
        }
        let policy = self.policy(server);
        let (mut resources, mut paths) = (Vec::new(), Vec::new());
        for grant in policy.grants.iter().filter(|grant| {
            (grant.namespace.is_empty() || grant.namespace == namespace)
                && grant.is_for(user, &grant.namespace)
        }) {
            for rule in grant.rules.iter() {
                if rule.paths.is_empty() {
                    let mut json = json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources});
                    if !rule.names.is_empty() {
                        json.put("resourceNames", json!(rule.names));
                    }
                    resources.push(json);
                } else {
                    paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.paths}));
                }
            }
        }
        (resources, paths)
    }

    /// The policy of this moment, read again when a role or a binding changed.
    fn policy(&self, server: &Server) -> Arc<Policy> {
        let tables = TABLES.map(|plural| server.store.table(&qualified(GROUP, plural)));
        let revs = tables.map(|table| server.store.table_rev(table));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.revs != revs {
            let [roles, cluster_roles, bindings, cluster_bindings] = tables.map(|table| {
                let page = server.store.list(table, "", None, None, 0, &|_| true);
                page.map(|page| {
                    page.items
                        .iter()
                        .map(|object| object.value())
                        .collect::<Vec<_>>()
                })
                .unwrap_or_default()
            });
            *current = Arc::new(Policy {
                revs,
                grants: grants(&roles, &cluster_roles, &bindings, &cluster_bindings),
            });
        }
        current.clone()
    }
}

fn refusal(user: &User, action: &Action) -> String {
    let scope = if action.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", action.namespace)
    };
    format!(
        "User {:?} cannot {} resource {:?} in API group {:?} {scope}",
        user.name, action.verb, action.resource, action.group
    )
}

fn grants(
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

fn any(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

impl Rule {
    fn allows(&self, action: &Action) -> bool {
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
    fn is_for(&self, user: &User, binding_namespace: &str) -> bool {
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
