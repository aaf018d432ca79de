//! Changes of the cluster that a team's hook asks for, and what must become of each.

use serde_json::{Value, json};

use crate::{ACCOUNT, OWN, RBAC, rule, watched};

/// A change that a team asks for.
#[derive(Debug, Clone)]
pub struct Change {
    /// What it is, fit for the name of an object.
    pub name: &'static str,
    /// What the hook `act` of `tests/tenants` is asked to do.
    pub wish: Value,
    /// What must come of it: `success`, or the code of the run's failure.
    pub expected: &'static str,
}

/// What the asking team may do beyond its own ConfigMaps.
#[derive(Debug, Clone, Copy, Default)]
pub struct May {
    /// Create namespaces.
    pub namespaces: bool,
    /// Create and patch Roles and RoleBindings of its own namespace.
    pub roles: bool,
}

/// What `who` asks for, in its own namespace, in the one of `other`, and where it concerns the whole cluster. In both
/// namespaces a [`watched`] ConfigMap `target` is expected, in that of `who` also `victim`; each has a Hook `probe`,
/// and the policy is `teams`.
#[must_use]
pub fn changes(who: &str, other: &str, may: May) -> Vec<Change> {
    let mut all = of_config_maps(who, other);
    all.extend(of_rights(who, other, may));
    all.extend(of_hookbox(who, other));
    all.extend(of_names(who, other));
    all
}

fn change(name: &'static str, wish: Value, expected: &'static str) -> Change {
    Change {
        name,
        wish,
        expected,
    }
}

fn create(name: &'static str, object: Value, expected: &'static str) -> Change {
    change(name, json!({"do": "create", "object": object}), expected)
}

fn reference(version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Value {
    json!({"apiVersion": version, "kind": kind, "namespace": namespace, "name": name})
}

fn merge(name: &'static str, object: Value, patch: Value, expected: &'static str) -> Change {
    change(
        name,
        json!({"do": "merge", "object": object, "patch": patch}),
        expected,
    )
}

/// Each way to change an object, here and there.
fn of_config_maps(who: &str, other: &str) -> Vec<Change> {
    let map = |namespace: &str, name: &str| reference("v1", "ConfigMap", Some(namespace), name);
    let data = json!({"data": {"v": "2"}});
    let patch = json!([{"op": "replace", "path": "/data/v", "value": "3"}]);
    let json_patch =
        |namespace: &str| json!({"do": "json", "object": map(namespace, "target"), "patch": patch});
    // Each writes another thing: a filter that changes nothing any more writes nothing, which nobody is refused.
    let filter = format!(".data.v = \"4 of {who}\"");
    let jq =
        |namespace: &str| json!({"do": "jq", "object": map(namespace, "target"), "filter": filter});
    let or_update = |object: Value| json!({"do": "createOrUpdate", "object": object});
    let delete = |object: Value| json!({"do": "delete", "object": object});
    let secret = |namespace: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}});
    vec![
        create("create-own", watched(who, "made"), "success"),
        create(
            "create-foreign",
            watched(other, "made-by-other"),
            "forbidden",
        ),
        change("update-own", or_update(watched(who, "updated")), "success"),
        change(
            "update-foreign",
            or_update(watched(other, "target")),
            "forbidden",
        ),
        merge("merge-own", map(who, "target"), data.clone(), "success"),
        merge("merge-foreign", map(other, "target"), data, "forbidden"),
        change("json-own", json_patch(who), "success"),
        change("json-foreign", json_patch(other), "forbidden"),
        change("jq-own", jq(who), "success"),
        change("jq-foreign", jq(other), "forbidden"),
        change("delete-own", delete(map(who, "victim")), "success"),
        change("delete-foreign", delete(map(other, "target")), "forbidden"),
        create("secret-own", secret(who), "forbidden"),
        create("secret-foreign", secret(other), "forbidden"),
    ]
}

/// More rights than it has: by roles, by names of others in what it writes, by what the whole cluster shares.
fn of_rights(who: &str, other: &str, may: May) -> Vec<Change> {
    let if_may = |may: bool| if may { "success" } else { "forbidden" };
    let rbac = format!("{RBAC}/v1");
    let subject = json!([{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": who}]);
    let binding = |kind: &str, namespace: Option<&str>| {
        json!({
            "apiVersion": rbac, "kind": kind, "metadata": {"name": "more", "namespace": namespace},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": subject,
        })
    };
    let role = |name: &str, rules: Value| json!({"apiVersion": rbac, "kind": "Role", "metadata": {"name": name, "namespace": who}, "rules": rules});
    let all = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("made-by-{who}")}});
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview", "metadata": {"name": "x", "namespace": who},
        "spec": {"user": "system:admin", "groups": ["system:masters"], "resourceAttributes": {"namespace": who, "verb": "get", "resource": "secrets"}},
    });
    vec![
        create(
            "binding-to-admin",
            binding("RoleBinding", Some(who)),
            "forbidden",
        ),
        create(
            "binding-elsewhere",
            binding("RoleBinding", Some(other)),
            "forbidden",
        ),
        create(
            "cluster-binding-to-admin",
            binding("ClusterRoleBinding", None),
            "forbidden",
        ),
        create(
            "cluster-role",
            json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": "all"}, "rules": all}),
            "forbidden",
        ),
        create("role-of-all", role("all", all.clone()), "forbidden"),
        create(
            "role-of-more",
            role("more", json!([rule("", "secrets", &["get"])])),
            "forbidden",
        ),
        create(
            "role-to-escalate",
            role(
                "escalate",
                json!([rule(RBAC, "roles", &["escalate", "bind"])]),
            ),
            "forbidden",
        ),
        create(
            "role-to-impersonate",
            role(
                "impersonate",
                json!([rule("", "serviceaccounts", &["impersonate"])]),
            ),
            "forbidden",
        ),
        create(
            "role-of-the-same",
            role("same", json!([rule("", "configmaps", &["get"])])),
            if_may(may.roles),
        ),
        merge(
            "own-role-wider",
            reference(&rbac, "Role", Some(who), "maps"),
            json!({"rules": all}),
            "forbidden",
        ),
        create("review-as-another", review, "forbidden"),
        create("namespace", namespace, if_may(may.namespaces)),
        merge(
            "labels-of-own-namespace",
            reference("v1", "Namespace", None, who),
            json!({"metadata": {"labels": {"trusted": "yes"}}}),
            "forbidden",
        ),
        change(
            "delete-other-namespace",
            json!({"do": "delete", "object": reference("v1", "Namespace", None, other)}),
            "forbidden",
        ),
    ]
}

/// What is hookbox's own: refused before anybody is asked.
fn of_hookbox(who: &str, other: &str) -> Vec<Change> {
    let hook = |namespace: &str| reference(OWN, "Hook", Some(namespace), "probe");
    let admin = json!({"spec": {"serviceAccountName": "default"}});
    let object = |kind: &str, namespace: Option<&str>| json!({"apiVersion": OWN, "kind": kind, "metadata": {"name": "mine", "namespace": namespace}, "spec": {}});
    let crd = |name: &str| {
        reference(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            None,
            name,
        )
    };
    vec![
        merge("own-hook", hook(who), admin.clone(), "reserved"),
        merge("foreign-hook", hook(other), admin, "reserved"),
        change(
            "own-hook-by-jq",
            json!({"do": "jq", "object": reference("", "hk", Some(who), "probe"), "filter": ".spec.suspend = true"}),
            "reserved",
        ),
        change(
            "delete-own-hook",
            json!({"do": "delete", "object": hook(who)}),
            "reserved",
        ),
        create("one-more-hook", object("Hook", Some(who)), "reserved"),
        create("one-more-policy", object("HookPolicy", None), "reserved"),
        change(
            "delete-policy",
            json!({"do": "delete", "object": reference(OWN, "HookPolicy", None, "teams")}),
            "reserved",
        ),
        merge(
            "policy-by-short-name",
            reference("", "HKP", None, "teams"),
            json!({"spec": {"capabilities": {"wallClock": true}}}),
            "reserved",
        ),
        change(
            "delete-definition",
            json!({"do": "delete", "object": crd("hooks.hookbox.dev")}),
            "reserved",
        ),
    ]
}

/// Names that would be more than a name in a URL or a header: the hook is told so at once, and fails.
fn of_names(who: &str, other: &str) -> Vec<Change> {
    let data = json!({"data": {"v": "smuggled"}});
    let map = |namespace: &str, name: &str| reference("v1", "ConfigMap", Some(namespace), name);
    let up = format!("../../{other}/configmaps/target");
    let header = "target\r\nImpersonate-User: system:admin";
    vec![
        merge(
            "name-with-a-path",
            map(who, &up),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "name-with-a-query",
            map(who, "target?dryRun=All"),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "name-with-a-header",
            map(who, header),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "namespace-with-a-path",
            map(&format!("{other}/configmaps/target?x="), "target"),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "namespace-with-a-header",
            map("x\r\nImpersonate-Group: system:masters", "target"),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "kind-with-a-path",
            reference("v1", "configmaps/../secrets", Some(who), "target"),
            data.clone(),
            "hook-failed",
        ),
        merge(
            "version-with-a-path",
            reference("v1/../../apis", "ConfigMap", Some(who), "target"),
            data,
            "hook-failed",
        ),
        create(
            "manifest-with-a-path",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": up, "namespace": who}}),
            "hook-failed",
        ),
    ]
}
