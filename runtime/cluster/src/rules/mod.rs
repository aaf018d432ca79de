//! What the registries of single built-in kinds do: defaults, how the status begins, and checks.
//!
//! Not everything that the real server checks, but what a hook's objects meet in practice.

mod checks;
mod defaults;
mod pods;

use serde_json::{Value, json};

use crate::error::Fault;
use crate::kinds::Kind;
use crate::tree::Tree;
use crate::verbs::prepare::{self, Part};

/// Kinds whose status a plain update may change although they have the subresource.
pub(crate) fn status_is_open(kind: &Kind) -> bool {
    kind.is("", "componentstatuses")
}

/// A new object: defaults, and the status it begins with.
pub(crate) fn on_create(kind: &Kind, object: &mut Value) {
    if kind.custom.is_some() {
        return;
    }
    defaults::fill(kind, object);
    if kind.is("", "namespaces") {
        let name = prepare::text(object, "name").to_owned();
        set_label(object, "kubernetes.io/metadata.name", &name);
        object.put("spec", json!({"finalizers": ["kubernetes"]}));
    }
    if kind.is("", "persistentvolumeclaims") || kind.is("", "persistentvolumes") {
        let guard = if kind.plural == "persistentvolumes" {
            "kubernetes.io/pv-protection"
        } else {
            "kubernetes.io/pvc-protection"
        };
        let mut finalizers = object
            .at("metadata")
            .at("finalizers")
            .as_array()
            .cloned()
            .unwrap_or_default();
        if !finalizers.iter().any(|one| one == guard) {
            finalizers.push(guard.into());
            prepare::set(object, "finalizers", finalizers);
        }
    }
    if let Some(status) = first_status(kind, object) {
        object.put("status", status);
    }
}

/// The status of a new object; none where the kind keeps what it is given, or has no status.
fn first_status(kind: &Kind, object: &Value) -> Option<Value> {
    if !kind.has_status() || kind.is("", "nodes") {
        return None;
    }
    Some(match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "namespaces") => json!({"phase": "Active"}),
        ("", "pods") => json!({"phase": "Pending", "qosClass": pods::qos_class(object)}),
        ("", "persistentvolumes" | "persistentvolumeclaims") => json!({"phase": "Pending"}),
        ("", "services") | ("networking.k8s.io", "ingresses") => json!({"loadBalancer": {}}),
        ("", "replicationcontrollers") | ("apps", "replicasets") => json!({"replicas": 0}),
        ("apps", "statefulsets") => json!({"replicas": 0, "availableReplicas": 0}),
        ("apps", "daemonsets") => {
            json!({"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0})
        }
        ("policy", "poddisruptionbudgets") => {
            json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0})
        }
        ("autoscaling", "horizontalpodautoscalers") => {
            json!({"desiredReplicas": 0, "currentMetrics": null})
        }
        ("apiextensions.k8s.io", _) => {
            let versions = object
                .at("spec")
                .at("versions")
                .as_array()
                .into_iter()
                .flatten();
            let storage: Vec<&Value> = versions
                .filter(|version| version.at("storage") == true)
                .map(|version| version.at("name"))
                .collect();
            json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": storage})
        }
        ("storage.k8s.io", "volumeattachments") => json!({"attached": false}),
        _ => json!({}),
    })
}

/// A changed object: what the registry keeps from the old one.
pub(crate) fn on_update(kind: &Kind, part: Part, object: &mut Value, old: &Value) {
    if kind.custom.is_some() || part == Part::Status {
        return;
    }
    defaults::fill(kind, object);
    if kind.is("", "namespaces") {
        let name = prepare::text(object, "name").to_owned();
        set_label(object, "kubernetes.io/metadata.name", &name);
        object.put("spec", old.at("spec").clone());
    }
    if kind.is("", "services") {
        for key in ["clusterIP", "clusterIPs"] {
            if object.at("spec").get(key).is_none_or(|value| value == "")
                && !old.at("spec").at(key).is_null()
                && object.at("spec").at("type") != "ExternalName"
            {
                object.put_at(&["spec", key], old.at("spec").at(key).clone());
            }
        }
    }
    if kind.is("", "serviceaccounts")
        && object.get("secrets").is_none()
        && old.get("secrets").is_some()
    {
        object.put("secrets", old.at("secrets").clone());
    }
}

fn set_label(object: &mut Value, key: &str, value: &str) {
    let mut labels = object
        .at("metadata")
        .at("labels")
        .as_object()
        .cloned()
        .unwrap_or_default();
    labels.insert(key.to_owned(), value.into());
    prepare::set(object, "labels", Value::Object(labels));
}

/// What is wrong with an object of a built-in kind, beside its metadata.
pub(crate) fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Fault> {
    if kind.custom.is_some() {
        Vec::new()
    } else {
        checks::check(kind, object, old)
    }
}
