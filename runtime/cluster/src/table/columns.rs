//! The columns of each kind.

use serde_json::Value;

use super::cells::{
    containers, external_ip, hosts, job_status, node_roles, node_status, number, of_total,
    pod_ready, pod_restarts, pod_status, ports, readiness_gates, selector, size, text,
};
use super::column::{self, Cell, Column, age, created_at, name};
use crate::kinds::Kind;
use crate::tree::Tree;

fn workload() -> [Column; 3] {
    [
        Column::new("Containers", "string", |object| containers(object, "name")).wide(),
        Column::new("Images", "string", |object| containers(object, "image")).wide(),
        Column::new("Selector", "string", |object| {
            selector(object.at("spec").at("selector"))
        })
        .wide(),
    ]
}

/// The columns of a kind.
pub(super) fn of(kind: &Kind) -> Vec<Column> {
    if let Some(custom) = &kind.custom {
        return column::custom(&custom.columns);
    }
    let mut columns = vec![name()];
    let mut after = Vec::new();
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => {
            columns.push(Column::new("Ready", "string", pod_ready));
            columns.push(Column::new("Status", "string", pod_status));
            columns.push(Column::new("Restarts", "string", pod_restarts));
            after.push(Column::new("IP", "string", |pod| text(pod, "/status/podIP")).wide());
            after.push(Column::new("Node", "string", |pod| text(pod, "/spec/nodeName")).wide());
            after.push(
                Column::new("Nominated Node", "string", |pod| {
                    text(pod, "/status/nominatedNodeName")
                })
                .wide(),
            );
            after.push(Column::new("Readiness Gates", "string", readiness_gates).wide());
        }
        ("", "configmaps") => columns.push(Column::new("Data", "integer", |object| {
            (size(object.at("data")) + size(object.at("binaryData"))).into()
        })),
        ("", "secrets") => {
            columns.push(Column::new("Type", "string", |object| {
                object.at("type").clone()
            }));
            columns.push(Column::new("Data", "integer", |object| {
                size(object.at("data")).into()
            }));
        }
        ("", "namespaces") => columns.push(Column::new("Status", "string", |object| {
            object.at("status").at("phase").clone()
        })),
        ("", "nodes") => {
            columns.push(Column::new("Status", "string", node_status));
            columns.push(Column::new("Roles", "string", node_roles));
            after.push(Column::new("Version", "string", |node| {
                text(node, "/status/nodeInfo/kubeletVersion")
            }));
        }
        ("", "services") => {
            columns.push(Column::new("Type", "string", |object| {
                object.at("spec").at("type").clone()
            }));
            columns.push(Column::new("Cluster-IP", "string", |object| {
                text(object, "/spec/clusterIP")
            }));
            columns.push(Column::new("External-IP", "string", external_ip));
            columns.push(Column::new("Port(s)", "string", ports));
            after.push(
                Column::new("Selector", "string", |object| {
                    selector(object.at("spec").at("selector"))
                })
                .wide(),
            );
        }
        ("", "events") | ("events.k8s.io", "events") => return events(),
        ("", "persistentvolumeclaims") => {
            columns.push(Column::new("Status", "string", |object| {
                object.at("status").at("phase").clone()
            }));
            columns.push(Column::new("Volume", "string", |object| {
                object
                    .at("spec")
                    .at("volumeName")
                    .as_str()
                    .unwrap_or_default()
                    .into()
            }));
            columns.push(Column::new("Capacity", "string", |object| {
                object
                    .at("status")
                    .at("capacity")
                    .at("storage")
                    .as_str()
                    .unwrap_or_default()
                    .into()
            }));
            columns.push(Column::new("StorageClass", "string", |object| {
                object
                    .at("spec")
                    .at("storageClassName")
                    .as_str()
                    .unwrap_or_default()
                    .into()
            }));
        }
        ("", "serviceaccounts") => columns.push(Column::new("Secrets", "string", |object| {
            size(object.at("secrets")).to_string().into()
        })),
        ("apps", "deployments") => {
            columns.push(Column::new("Ready", "string", |object| {
                of_total(
                    object.at("status").at("readyReplicas"),
                    object.at("spec").at("replicas"),
                )
            }));
            columns.push(Column::new("Up-to-date", "integer", |object| {
                number(object.at("status").at("updatedReplicas"))
            }));
            columns.push(Column::new("Available", "integer", |object| {
                number(object.at("status").at("availableReplicas"))
            }));
            after.extend(workload());
        }
        ("apps", "replicasets") | ("", "replicationcontrollers") => {
            columns.push(Column::new("Desired", "integer", |object| {
                number(object.at("spec").at("replicas"))
            }));
            columns.push(Column::new("Current", "integer", |object| {
                number(object.at("status").at("replicas"))
            }));
            columns.push(Column::new("Ready", "integer", |object| {
                number(object.at("status").at("readyReplicas"))
            }));
            after.extend(workload());
        }
        ("apps", "statefulsets") => {
            columns.push(Column::new("Ready", "string", |object| {
                of_total(
                    object.at("status").at("readyReplicas"),
                    object.at("spec").at("replicas"),
                )
            }));
            after.extend(workload().into_iter().take(2));
        }
        ("apps", "daemonsets") => {
            for (name, cell) in [
                (
                    "Desired",
                    (|object: &Value| number(object.at("status").at("desiredNumberScheduled")))
                        as Cell,
                ),
                ("Current", |object| {
                    number(object.at("status").at("currentNumberScheduled"))
                }),
                ("Ready", |object| {
                    number(object.at("status").at("numberReady"))
                }),
                ("Up-to-date", |object| {
                    number(object.at("status").at("updatedNumberScheduled"))
                }),
                ("Available", |object| {
                    number(object.at("status").at("numberAvailable"))
                }),
            ] {
                columns.push(Column::new(name, "integer", cell));
            }
            columns.push(Column::new("Node Selector", "string", |object| {
                selector(
                    object
                        .at("spec")
                        .at("template")
                        .at("spec")
                        .at("nodeSelector"),
                )
            }));
            after.extend(workload());
        }
        ("batch", "jobs") => {
            columns.push(Column::new("Status", "string", job_status));
            columns.push(Column::new("Completions", "string", |object| {
                of_total(
                    object.at("status").at("succeeded"),
                    object.at("spec").at("completions"),
                )
            }));
        }
        ("batch", "cronjobs") => {
            columns.push(Column::new("Schedule", "string", |object| {
                object.at("spec").at("schedule").clone()
            }));
            columns.push(Column::new("Timezone", "string", |object| {
                text(object, "/spec/timeZone")
            }));
            columns.push(Column::new("Suspend", "string", |object| {
                if object.at("spec").at("suspend") == true {
                    "True".into()
                } else {
                    "False".into()
                }
            }));
            columns.push(Column::new("Active", "integer", |object| {
                size(object.at("status").at("active")).into()
            }));
        }
        ("networking.k8s.io", "ingresses") => {
            columns.push(Column::new("Class", "string", |object| {
                text(object, "/spec/ingressClassName")
            }));
            columns.push(Column::new("Hosts", "string", hosts));
        }
        ("networking.k8s.io", "networkpolicies") => {
            columns.push(Column::new("Pod-Selector", "string", |object| {
                selector(object.at("spec").at("podSelector"))
            }))
        }
        ("coordination.k8s.io", "leases") => {
            columns.push(Column::new("Holder", "string", |object| {
                object
                    .at("spec")
                    .at("holderIdentity")
                    .as_str()
                    .unwrap_or_default()
                    .into()
            }))
        }
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            return vec![name(), created_at("string")];
        }
        ("rbac.authorization.k8s.io", _) => {
            columns.push(Column::new("Role", "string", |object| {
                format!(
                    "{}/{}",
                    object.at("roleRef").at("kind").as_str().unwrap_or_default(),
                    object.at("roleRef").at("name").as_str().unwrap_or_default()
                )
                .into()
            }));
        }
        ("apiextensions.k8s.io", _) => {
            return vec![name(), created_at("date")];
        }
        (
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations" | "mutatingwebhookconfigurations",
        ) => {
            columns.push(Column::new("Webhooks", "integer", |object| {
                size(object.at("webhooks")).into()
            }));
        }
        ("storage.k8s.io", "storageclasses") => {
            columns.push(Column::new("Provisioner", "string", |object| {
                object.at("provisioner").clone()
            }))
        }
        _ => {}
    }
    columns.push(age());
    columns.extend(after);
    columns
}

fn events() -> Vec<Column> {
    let subject = |event: &Value| {
        let object = if event.at("involvedObject").is_object() {
            event.at("involvedObject")
        } else {
            event.at("regarding")
        };
        format!(
            "{}/{}",
            object
                .at("kind")
                .as_str()
                .unwrap_or_default()
                .to_lowercase(),
            object.at("name").as_str().unwrap_or_default()
        )
        .into()
    };
    let last = |event: &Value| {
        let stamps = [
            "lastTimestamp",
            "eventTime",
            "firstTimestamp",
            "deprecatedLastTimestamp",
        ];
        super::age(
            stamps
                .iter()
                .map(|stamp| event.at(stamp))
                .find(|stamp| stamp.is_string())
                .unwrap_or(event.at("metadata").at("creationTimestamp")),
        )
    };
    let message = |event: &Value| {
        event
            .at("message")
            .as_str()
            .or_else(|| event.at("note").as_str())
            .unwrap_or_default()
            .trim()
            .into()
    };
    vec![
        Column::new("Last Seen", "string", last),
        Column::new("Type", "string", |event| event.at("type").clone()),
        Column::new("Reason", "string", |event| event.at("reason").clone()),
        Column::new("Object", "string", subject),
        Column::new("Message", "string", message),
        name().wide(),
    ]
}
