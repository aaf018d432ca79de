//! Roles and bindings, and what they allow.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::grants::{Grant, any, grants};
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
