//! What hookbox's own account needs.

use serde_json::{Value, json};

use super::resources::GROUP;

/// What an operator does beside running tenants' hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RbacOptions {
    /// Name of the roles and their bindings.
    pub name: String,
    /// The operator's ServiceAccount.
    pub service_account: String,
    /// Namespace of the operator.
    pub namespace: String,
    /// Whether it runs tenants' hooks.
    pub tenants: bool,
    /// Namespaces whose ServiceAccounts may be impersonated; empty: all.
    pub tenant_namespaces: Vec<String>,
    /// Whether it elects a leader.
    pub leader_election: bool,
    /// Whether it serves admission webhooks.
    pub webhooks: bool,
}

/// One rule: verbs, group, resources.
fn rule(verbs: &[&str], group: &str, resources: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": resources, "verbs": verbs})
}

impl RbacOptions {
    /// The roles and bindings, in the order in which they are to be applied. Rights for the operator's own hooks, which
    /// act as the operator itself, are not among them.
    #[must_use]
    pub fn manifests(&self) -> Vec<Value> {
        let mut cluster = Vec::new();
        let mut own = Vec::new();
        let mut manifests = Vec::new();
        if self.tenants {
            cluster.extend([
                rule(&["list", "watch"], GROUP, &["hooks", "hookpolicies"]),
                rule(&["patch"], GROUP, &["hooks/status", "hookpolicies/status"]),
                // Their names and labels, for policies.
                rule(&["list", "watch"], "", &["namespaces"]),
                rule(
                    &["create"],
                    "authorization.k8s.io",
                    &["subjectaccessreviews"],
                ),
                rule(&["create", "patch"], "events.k8s.io", &["events"]),
            ]);
            // Whether it is there, and to act as it.
            let identity = rule(&["get", "impersonate"], "", &["serviceaccounts"]);
            match self.tenant_namespaces.is_empty() {
                true => cluster.push(identity),
                false => {
                    for namespace in &self.tenant_namespaces {
                        manifests.extend(self.role(
                            &format!("{}-tenants", self.name),
                            namespace,
                            vec![identity.clone()],
                        ));
                    }
                }
            }
        }
        if self.leader_election {
            own.push(rule(
                &["create", "get", "update"],
                "coordination.k8s.io",
                &["leases"],
            ));
        }
        if self.webhooks {
            let configurations = [
                "validatingwebhookconfigurations",
                "mutatingwebhookconfigurations",
            ];
            let verbs: &[&str] = match self.tenants {
                // Those of Hooks that are gone are looked for.
                true => &["get", "list", "create", "update", "delete"],
                false => &["get", "create", "update", "delete"],
            };
            cluster.push(rule(verbs, "admissionregistration.k8s.io", &configurations));
            own.push(rule(&["get", "create", "update"], "", &["secrets"]));
        }
        let mut all = Vec::new();
        if !cluster.is_empty() {
            all.push(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": self.name},
                "rules": cluster,
            }));
            all.push(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": self.name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": self.name},
                "subjects": self.subjects(),
            }));
        }
        if !own.is_empty() {
            all.extend(self.role(&self.name, &self.namespace, own));
        }
        all.extend(manifests);
        all
    }

    fn subjects(&self) -> Value {
        json!([{"kind": "ServiceAccount", "name": self.service_account, "namespace": self.namespace}])
    }

    fn role(&self, name: &str, namespace: &str, rules: Vec<Value>) -> [Value; 2] {
        let metadata = json!({"name": name, "namespace": namespace});
        [
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": metadata,
                "rules": rules,
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                "subjects": self.subjects(),
            }),
        ]
    }
}
