//! What a team's hook reads of the cluster while it runs, and what it must be told.
#![allow(
    clippy::indexing_slicing,
    reason = "objects that are written just here"
)]

use serde_json::{Value, json};

/// A read that a team's hook makes.
#[derive(Debug, Clone)]
pub struct Read {
    /// What it is, fit for the name of an object.
    pub name: &'static str,
    /// What the hook `act` of `tests/tenants` is asked to do, without the name of the ConfigMap that takes the answer.
    pub wish: Value,
    /// What the Hook asks for.
    pub capabilities: Value,
    /// What it must be told: names, `none`, or the code of a refusal.
    pub expected: String,
}

/// What the RBAC of the cluster lets a team see beyond its own ConfigMaps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sees {
    /// The other team's ConfigMaps.
    pub other: bool,
    /// Namespaces.
    pub namespaces: bool,
}

/// The capabilities of the policy for [`reads`]: of ServiceAccounts, which RBAC lets them see, it grants none.
#[must_use]
pub fn readable() -> Value {
    json!({"kubernetes": [
        {"apiGroups": [""], "kinds": ["ConfigMap", "Secret", "Namespace"], "namespaces": ["*"], "verbs": ["get", "list"]},
    ]})
}

/// What `who` reads: its own, what is of `other`, and what is in no namespace. Both have the [`watched`](crate::watched)
/// ConfigMaps `r-1` and `r-2` and no others of that label, and may get ServiceAccounts of their own.
#[must_use]
pub fn reads(who: &str, other: &str, sees: Sees) -> Vec<Read> {
    let get = |version: &str, kind: &str, namespace: Option<&str>, name: &str| {
        let object =
            json!({"apiVersion": version, "kind": kind, "namespace": namespace, "name": name});
        json!({"do": "get", "object": object})
    };
    let list = |kind: &str, namespace: Option<&str>| {
        let object = json!({"apiVersion": "v1", "kind": kind, "namespace": namespace});
        json!({"do": "list", "object": object, "labels": "watched=yes"})
    };
    let map = |namespace: &str, name: &str| get("v1", "ConfigMap", Some(namespace), name);
    let own = || map(who, "r-1");
    let if_sees = |sees: bool, what: &str| if sees { what } else { "forbidden" }.to_owned();
    let refused = |code: &str| code.to_owned();
    let read = |name, wish, expected| Read {
        name,
        wish,
        capabilities: readable(),
        expected,
    };
    let mut account = readable();
    account["kubernetes"][0]["kinds"] = json!(["ServiceAccount"]);
    let mut narrow = readable();
    narrow["kubernetes"][0]["namespaces"] = json!([who]);
    let with = |name, capabilities, wish, code: &str| Read {
        name,
        wish,
        capabilities,
        expected: code.to_owned(),
    };
    vec![
        read("get-own", own(), "r-1".to_owned()),
        read("get-none", map(who, "r-9"), "none".to_owned()),
        read(
            "list-own",
            list("ConfigMap", Some(who)),
            "r-1,r-2".to_owned(),
        ),
        read("get-other", map(other, "r-2"), if_sees(sees.other, "r-2")),
        read(
            "list-other",
            list("ConfigMap", Some(other)),
            if_sees(sees.other, "r-1,r-2"),
        ),
        read(
            "list-everywhere",
            list("ConfigMap", None),
            refused("forbidden"),
        ),
        read(
            "get-secret",
            get("v1", "Secret", Some(who), "s"),
            refused("forbidden"),
        ),
        read(
            "list-secrets",
            list("Secret", Some(who)),
            refused("forbidden"),
        ),
        read(
            "list-other-secrets",
            list("Secret", Some(other)),
            refused("forbidden"),
        ),
        read(
            "get-namespace",
            get("v1", "Namespace", None, other),
            if_sees(sees.namespaces, other),
        ),
        // RBAC has its say on what was granted, and the grant on what RBAC allows.
        read(
            "get-account",
            get("v1", "ServiceAccount", Some(who), "runner"),
            refused("not-granted"),
        ),
        with(
            "get-account-asked",
            account,
            get("v1", "ServiceAccount", Some(who), "runner"),
            "not-granted",
        ),
        read(
            "get-node",
            get("v1", "Node", None, "node"),
            refused("not-granted"),
        ),
        read(
            "get-hook",
            get("hookbox.dev/v1alpha1", "Hook", Some(who), "get-hook"),
            refused("not-granted"),
        ),
        with("get-own-unasked", json!({}), own(), "not-granted"),
        with(
            "get-other-unasked",
            narrow,
            map(other, "r-1"),
            "not-granted",
        ),
    ]
}
