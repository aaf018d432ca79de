//! Defaults of Pods and of templates of Pods.

use serde_json::{Value, json};

use super::defaults::set;
use crate::tree::Tree;

pub(super) fn pod(spec: Option<&mut Value>, real: bool) {
    let Some(spec) = spec.filter(|spec| spec.is_object()) else {
        return;
    };
    set(
        Some(spec),
        &[
            ("restartPolicy", json!("Always")),
            ("terminationGracePeriodSeconds", json!(30)),
            ("dnsPolicy", json!("ClusterFirst")),
            ("securityContext", json!({})),
            ("schedulerName", json!("default-scheduler")),
        ],
    );
    if real {
        set(
            Some(spec),
            &[
                ("enableServiceLinks", json!(true)),
                ("priority", json!(0)),
                ("preemptionPolicy", json!("PreemptLowerPriority")),
            ],
        );
        set(Some(spec), &[("serviceAccountName", json!("default"))]);
        let account = spec.at("serviceAccountName").clone();
        set(Some(spec), &[("serviceAccount", account)]);
        tolerations(spec);
    } else if spec.get("serviceAccountName").is_some() {
        let account = spec.at("serviceAccountName").clone();
        set(Some(spec), &[("serviceAccount", account)]);
    }
    for list in ["containers", "initContainers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let image = container.at("image").as_str().unwrap_or_default();
            let tagless =
                !image.rsplit('/').next().unwrap_or_default().contains(':') && !image.contains('@');
            let policy = if tagless || image.ends_with(":latest") {
                "Always"
            } else {
                "IfNotPresent"
            };
            set(
                Some(container),
                &[
                    ("resources", json!({})),
                    ("terminationMessagePath", json!("/dev/termination-log")),
                    ("terminationMessagePolicy", json!("File")),
                    ("imagePullPolicy", json!(policy)),
                ],
            );
            for port in container
                .get_mut("ports")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                set(Some(port), &[("protocol", json!("TCP"))]);
            }
        }
    }
    for volume in spec
        .get_mut("volumes")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for source in ["configMap", "secret", "projected"] {
            set(volume.get_mut(source), &[("defaultMode", json!(420))]);
        }
    }
}

/// What the DefaultTolerationSeconds admission plugin adds to every Pod.
fn tolerations(spec: &mut Value) {
    let mut list = spec
        .at("tolerations")
        .as_array()
        .cloned()
        .unwrap_or_default();
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let tolerated = list.iter().any(|one| {
            (one.at("key") == key || one.at("key").is_null())
                && (one.at("effect") == "NoExecute" || one.at("effect").is_null())
        });
        if !tolerated {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    spec.put("tolerations", Value::Array(list));
}

/// Best effort, burstable or guaranteed, by the resources of the containers.
pub(super) fn qos_class(pod: &Value) -> &'static str {
    let containers: Vec<&Value> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod.at("spec").at(list).as_array().into_iter().flatten())
        .collect();
    let resources = |container: &&Value, what: &str, which: &str| {
        container.at("resources").at(what).at(which).clone()
    };
    let any = containers.iter().any(|container| {
        ["requests", "limits"].iter().any(|what| {
            ["cpu", "memory"]
                .iter()
                .any(|which| !resources(container, what, which).is_null())
        })
    });
    if !any {
        return "BestEffort";
    }
    let all = containers.iter().all(|container| {
        ["cpu", "memory"].iter().all(|which| {
            let (request, limit) = (
                resources(container, "requests", which),
                resources(container, "limits", which),
            );
            !limit.is_null() && (request.is_null() || request == limit)
        })
    });
    if all { "Guaranteed" } else { "Burstable" }
}
