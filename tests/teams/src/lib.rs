//! Objects of teams that share a cluster and an operator: namespaces, accounts, roles, Hooks and policies, and
//! what hooks ask of the cluster.
//!
//! A team is a namespace with a ServiceAccount [`ACCOUNT`], as which its hooks act.

mod changes;
mod reads;

pub use changes::{Change, May, changes};
pub use reads::{Read, Sees, readable, reads};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The ServiceAccount of every team.
pub const ACCOUNT: &str = "runner";

const RBAC: &str = "rbac.authorization.k8s.io";
const OWN: &str = "hookbox.dev/v1alpha1";

/// A namespace.
#[must_use]
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A ServiceAccount.
#[must_use]
pub fn account(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
}

/// The ConfigMap `component` that Hooks of this namespace name by default.
#[must_use]
pub fn component(namespace: &str, bytes: &[u8]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "component", "namespace": namespace},
        "binaryData": {"hook.wasm": STANDARD.encode(bytes)},
    })
}

/// A ConfigMap that the hooks of `tests/tenants` watch.
#[must_use]
pub fn watched(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"watched": "yes"}}, "data": {"v": "1"},
    })
}

/// One rule of a role; `group` is empty for the core group.
#[must_use]
pub fn rule(group: &str, resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
}

/// A Role in a namespace with these rules, and its RoleBinding to [`ACCOUNT`] of `team`, which may be of another
/// namespace.
#[must_use]
pub fn role(namespace: &str, name: &str, team: &str, rules: &[Value]) -> [Value; 2] {
    bound(
        "Role",
        json!({"name": name, "namespace": namespace}),
        name,
        team,
        rules,
    )
}

/// A ClusterRole with these rules, and its ClusterRoleBinding to [`ACCOUNT`] of `team`.
#[must_use]
pub fn cluster_role(name: &str, team: &str, rules: &[Value]) -> [Value; 2] {
    bound("ClusterRole", json!({"name": name}), name, team, rules)
}

fn bound(kind: &str, metadata: Value, name: &str, team: &str, rules: &[Value]) -> [Value; 2] {
    let version = format!("{RBAC}/v1");
    [
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "rules": rules}),
        json!({
            "apiVersion": version, "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": team}],
        }),
    ]
}

/// A team: its namespace, its account with all rights on its ConfigMaps (the role `maps`), and its [`component`].
#[must_use]
pub fn team(name: &str, bytes: &[u8]) -> Vec<Value> {
    let mut objects = vec![
        namespace(name),
        account(name, ACCOUNT),
        component(name, bytes),
    ];
    objects.extend(role(name, "maps", name, &[rule("", "configmaps", &["*"])]));
    objects
}

/// A HookPolicy for the namespaces `team-*` that lets unsigned components run; `spec` says more, or otherwise.
#[must_use]
pub fn policy(name: &str, spec: &Value) -> Value {
    let whole = json!({"namespaces": {"names": ["team-*"]}, "components": {"allowUnsigned": true}});
    object("HookPolicy", json!({"name": name}), whole, spec)
}

/// A Hook with the component of its namespace's ConfigMap, as [`ACCOUNT`], whose parameters say its namespace; `spec`
/// says more, or otherwise.
#[must_use]
pub fn hook(namespace: &str, name: &str, spec: &Value) -> Value {
    let whole = json!({
        "component": {"configMap": {"name": "component", "key": "hook.wasm"}},
        "serviceAccountName": ACCOUNT,
        "parameters": {"namespace": namespace},
    });
    let metadata = json!({"name": name, "namespace": namespace});
    object("Hook", metadata, whole, spec)
}

fn object(kind: &str, metadata: Value, mut whole: Value, spec: &Value) -> Value {
    if let (Some(whole), Some(spec)) = (whole.as_object_mut(), spec.as_object()) {
        whole.extend(spec.clone());
    }
    json!({"apiVersion": OWN, "kind": kind, "metadata": metadata, "spec": whole})
}
