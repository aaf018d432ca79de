//! Checks of built-in kinds.

use serde_json::{Map, Value};

use crate::error::Fault;
use crate::kinds::Kind;
use crate::tree::Tree;
use crate::{admission, crd, names};

pub(super) fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Fault> {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "configmaps") => config_map(object, old),
        ("", "secrets") => secret(object, old),
        ("", "pods") => pod_spec(object.at("spec"), "spec", old.is_none()),
        ("", "services") => service(object),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") => {
            workload(object, old)
        }
        ("batch", "jobs") => pod_spec(
            object.at("spec").at("template").at("spec"),
            "spec.template.spec",
            old.is_none(),
        ),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            binding(object, old)
        }
        ("apiextensions.k8s.io", _) => crd::check(object),
        ("admissionregistration.k8s.io", _) => admission::check_conditions(object),
        _ => Vec::new(),
    }
}

const MAX_DATA: usize = 1 << 20;

fn keys(object: &Value, field: &str, faults: &mut Vec<Fault>) -> usize {
    let mut size = 0;
    for (key, value) in object.at(field).as_object().into_iter().flatten() {
        faults.extend(
            names::config_key(key)
                .iter()
                .map(|why| Fault::invalid(format!("{field}[{key}]"), &key.as_str().into(), why)),
        );
        size += value.as_str().map_or(0, str::len);
    }
    size
}

/// Data of an immutable object stays as it is.
fn immutable(object: &Value, old: Option<&Value>, fields: &[&str], faults: &mut Vec<Fault>) {
    let Some(old) = old.filter(|old| old.at("immutable") == true) else {
        return;
    };
    if object.at("immutable") != true {
        faults.push(Fault::forbidden(
            "immutable",
            "field is immutable when `immutable` is set",
        ));
    }
    for field in fields {
        if object.get(field) != old.get(field) {
            faults.push(Fault::forbidden(
                *field,
                "field is immutable when `immutable` is set",
            ));
        }
    }
}

fn config_map(object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    immutable(object, old, &["data", "binaryData"], &mut faults);
    let size = keys(object, "data", &mut faults) + keys(object, "binaryData", &mut faults);
    for key in object
        .at("data")
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
    {
        if object.at("binaryData").get(key).is_some() {
            faults.push(Fault::invalid(
                format!("data[{key}]"),
                &key.as_str().into(),
                "duplicate of key present in binaryData",
            ));
        }
    }
    if size > MAX_DATA {
        faults.push(Fault::too_long("", MAX_DATA));
    }
    faults
}

fn secret(object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(old) = old
        && object.at("type") != old.at("type")
    {
        faults.push(Fault::invalid(
            "type",
            object.at("type"),
            "field is immutable",
        ));
    }
    immutable(object, old, &["data"], &mut faults);
    // In base64, four letters for three bytes.
    if keys(object, "data", &mut faults) / 4 * 3 > MAX_DATA {
        faults.push(Fault::too_long("data", MAX_DATA));
    }
    faults
}

fn pod_spec(spec: &Value, path: &str, new: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !new {
        return faults;
    }
    let containers = spec
        .at("containers")
        .as_array()
        .cloned()
        .unwrap_or_default();
    if containers.is_empty() {
        faults.push(Fault::required(format!("{path}.containers"), ""));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, container) in containers.iter().enumerate() {
        let at = format!("{path}.containers[{index}]");
        match container.at("name").as_str().unwrap_or_default() {
            "" => faults.push(Fault::required(format!("{at}.name"), "")),
            name => {
                faults.extend(
                    names::dns_label(name)
                        .iter()
                        .map(|why| Fault::invalid(format!("{at}.name"), &name.into(), why)),
                );
                if seen.contains(&name) {
                    faults.push(Fault::duplicate(format!("{at}.name"), &name.into()));
                }
                seen.push(name);
            }
        }
        if container
            .at("image")
            .as_str()
            .unwrap_or_default()
            .is_empty()
        {
            faults.push(Fault::required(format!("{at}.image"), ""));
        }
    }
    if let Some(policy) = spec.at("restartPolicy").as_str()
        && !matches!(policy, "Always" | "OnFailure" | "Never")
    {
        faults.push(Fault::unsupported(
            format!("{path}.restartPolicy"),
            &policy.into(),
            &["Always".into(), "OnFailure".into(), "Never".into()],
        ));
    }
    faults
}

fn service(object: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    let spec = object.at("spec");
    let kind = spec.at("type").as_str().unwrap_or_default();
    if !matches!(
        kind,
        "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName"
    ) {
        let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"].map(str::to_owned);
        faults.push(Fault::unsupported("spec.type", spec.at("type"), &known));
    }
    let ports = spec.at("ports").as_array().cloned().unwrap_or_default();
    if ports.is_empty() && spec.at("clusterIP") != "None" && kind != "ExternalName" {
        faults.push(Fault::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{index}]");
        if ports.len() > 1 && port.at("name").as_str().unwrap_or_default().is_empty() {
            faults.push(Fault::required(format!("{at}.name"), ""));
        }
        let number = port.at("port").as_i64().unwrap_or(0);
        if !(1..=65535).contains(&number) {
            faults.push(Fault::invalid(
                format!("{at}.port"),
                &number.into(),
                "must be between 1 and 65535, inclusive",
            ));
        }
    }
    faults
}

fn workload(object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let spec = object.at("spec");
    if let Some(replicas) = spec
        .at("replicas")
        .as_i64()
        .filter(|replicas| *replicas < 0)
    {
        faults.push(Fault::invalid(
            "spec.replicas",
            &replicas.into(),
            "must be greater than or equal to 0",
        ));
    }
    let labels = spec.at("template").at("metadata").at("labels");
    if spec.at("selector").is_null() {
        faults.push(Fault::required("spec.selector", ""));
    } else if old.is_some_and(|old| old.at("spec").at("selector") != spec.at("selector")) {
        faults.push(Fault::invalid(
            "spec.selector",
            spec.at("selector"),
            "field is immutable",
        ));
    } else {
        let wanted = spec
            .at("selector")
            .at("matchLabels")
            .as_object()
            .cloned()
            .unwrap_or_default();
        if wanted
            .iter()
            .any(|(key, value)| labels.get(key) != Some(value))
        {
            let shown = if labels.is_null() {
                &Value::Null
            } else {
                labels
            };
            faults.push(Fault::invalid(
                "spec.template.metadata.labels",
                shown,
                "`selector` does not match template `labels`",
            ));
        }
    }
    faults.extend(pod_spec(
        spec.at("template").at("spec"),
        "spec.template.spec",
        true,
    ));
    faults
}

fn binding(object: &Value, old: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if old.is_some_and(|old| old.at("roleRef") != object.at("roleRef")) {
        faults.push(Fault::invalid(
            "roleRef",
            object.at("roleRef"),
            "cannot change roleRef",
        ));
    }
    let kind = object.at("roleRef").at("kind").as_str().unwrap_or_default();
    if !matches!(kind, "Role" | "ClusterRole") {
        faults.push(Fault::unsupported(
            "roleRef.kind",
            &kind.into(),
            &["Role".into(), "ClusterRole".into()],
        ));
    }
    if object
        .at("roleRef")
        .at("name")
        .as_str()
        .unwrap_or_default()
        .is_empty()
    {
        faults.push(Fault::required("roleRef.name", ""));
    }
    for (index, subject) in object
        .at("subjects")
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let at = format!("subjects[{index}]");
        if subject.at("name").as_str().unwrap_or_default().is_empty() {
            faults.push(Fault::required(format!("{at}.name"), ""));
        }
        if subject.at("kind") == "ServiceAccount"
            && subject
                .at("namespace")
                .as_str()
                .unwrap_or_default()
                .is_empty()
            && object.at("kind") == "ClusterRoleBinding"
        {
            faults.push(Fault::required(format!("{at}.namespace"), ""));
        }
    }
    faults
}
