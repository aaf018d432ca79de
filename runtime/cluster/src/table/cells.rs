//! What stands in the cells of the built-in kinds.

use serde_json::{Map, Value};

use super::path::find;
use crate::tree::Tree;

pub(super) fn number(value: &Value) -> Value {
    value.as_i64().unwrap_or(0).into()
}

pub(super) fn size(value: &Value) -> usize {
    value
        .as_object()
        .map_or_else(|| value.as_array().map_or(0, Vec::len), Map::len)
}

pub(super) fn or_none(text: &str) -> Value {
    if text.is_empty() {
        "<none>".into()
    } else {
        text.into()
    }
}

pub(super) fn join<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    or_none(&values.collect::<Vec<_>>().join(","))
}

pub(super) fn containers(object: &Value, field: &'static str) -> Value {
    let spec = if object.at("spec").at("template").is_object() {
        object.at("spec").at("template").at("spec")
    } else {
        object.at("spec")
    };
    join(
        spec.at("containers")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|container| container.at(field).as_str()),
    )
}

pub(super) fn selector(value: &Value) -> Value {
    let labels = value
        .at("matchLabels")
        .as_object()
        .or_else(|| value.as_object());
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    or_none(&pairs.join(","))
}

pub(super) fn pod_ready(pod: &Value) -> Value {
    let statuses = pod
        .at("status")
        .at("containerStatuses")
        .as_array()
        .into_iter()
        .flatten();
    let ready = statuses.filter(|status| status.at("ready") == true).count();
    format!("{ready}/{}", size(pod.at("spec").at("containers"))).into()
}

pub(super) fn pod_status(pod: &Value) -> Value {
    if pod.at("metadata").at("deletionTimestamp").is_string() {
        return "Terminating".into();
    }
    let statuses = pod
        .at("status")
        .at("containerStatuses")
        .as_array()
        .into_iter()
        .flatten();
    let waiting = statuses
        .filter_map(|status| {
            status
                .at("state")
                .at("waiting")
                .at("reason")
                .as_str()
                .or_else(|| status.at("state").at("terminated").at("reason").as_str())
        })
        .next();
    let reason = pod
        .at("status")
        .at("reason")
        .as_str()
        .or(waiting)
        .or_else(|| pod.at("status").at("phase").as_str());
    reason.unwrap_or_default().into()
}

pub(super) fn pod_restarts(pod: &Value) -> Value {
    pod.at("status")
        .at("containerStatuses")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|status| status.at("restartCount").as_i64())
        .sum::<i64>()
        .to_string()
        .into()
}

pub(super) fn readiness_gates(pod: &Value) -> Value {
    let gates: Vec<&str> = pod
        .at("spec")
        .at("readinessGates")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|gate| gate.at("conditionType").as_str())
        .collect();
    if gates.is_empty() {
        return "<none>".into();
    }
    let conditions = pod
        .at("status")
        .at("conditions")
        .as_array()
        .into_iter()
        .flatten();
    let ready = conditions
        .filter(|one| {
            one.at("status") == "True" && gates.iter().any(|gate| one.at("type") == *gate)
        })
        .count();
    format!("{ready}/{}", gates.len()).into()
}

pub(super) fn node_status(node: &Value) -> Value {
    let ready = find(node, ".status.conditions[?(@.type==\"Ready\")].status")
        .first()
        .map_or("Unknown", |status| {
            if **status == "True" {
                "Ready"
            } else {
                "NotReady"
            }
        });
    if node.at("spec").at("unschedulable") == true {
        format!("{ready},SchedulingDisabled").into()
    } else {
        ready.into()
    }
}

pub(super) fn node_roles(node: &Value) -> Value {
    join(
        node.at("metadata")
            .at("labels")
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")),
    )
}

pub(super) fn ports(service: &Value) -> Value {
    let ports: Vec<String> = service
        .at("spec")
        .at("ports")
        .as_array()
        .into_iter()
        .flatten()
        .map(|port| {
            let node = port
                .at("nodePort")
                .as_i64()
                .map_or_else(String::new, |node| format!(":{node}"));
            format!(
                "{}{node}/{}",
                port.at("port"),
                port.at("protocol").as_str().unwrap_or("TCP")
            )
        })
        .collect();
    or_none(&ports.join(","))
}

pub(super) fn external_ip(service: &Value) -> Value {
    let ingress = service
        .at("status")
        .at("loadBalancer")
        .at("ingress")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| {
            one.at("ip")
                .as_str()
                .or_else(|| one.at("hostname").as_str())
        });
    let ips = ingress.chain(
        service
            .at("spec")
            .at("externalIPs")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    );
    match service.at("spec").at("type").as_str() {
        Some("ExternalName") => or_none(
            service
                .at("spec")
                .at("externalName")
                .as_str()
                .unwrap_or_default(),
        ),
        Some("LoadBalancer") => {
            let ips = join(ips);
            if ips == "<none>" {
                "<pending>".into()
            } else {
                ips
            }
        }
        _ => join(ips),
    }
}

pub(super) fn of_total(have: &Value, total: &Value) -> Value {
    format!("{}/{}", number(have), number(total)).into()
}

pub(super) fn job_status(job: &Value) -> Value {
    let holds = |kind: &str| {
        job.at("status")
            .at("conditions")
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition.at("type") == kind && condition.at("status") == "True")
    };
    if holds("Complete") {
        "Complete".into()
    } else if holds("Failed") {
        "Failed".into()
    } else if job.at("metadata").at("deletionTimestamp").is_string() {
        "Terminating".into()
    } else if holds("Suspended") {
        "Suspended".into()
    } else {
        "Running".into()
    }
}

pub(super) fn hosts(ingress: &Value) -> Value {
    let hosts = join(
        ingress
            .at("spec")
            .at("rules")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.at("host").as_str()),
    );
    if hosts == "<none>" { "*".into() } else { hosts }
}

pub(super) fn text(object: &Value, pointer: &str) -> Value {
    or_none(
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default(),
    )
}
