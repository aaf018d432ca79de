//! The columns of each kind.

use serde_json::{Map, Value, json};

use super::path::find;
use crate::kinds::Kind;
use crate::tree::Tree;

type Cell = fn(&Value) -> Value;

enum Source {
    /// A JSON path, and whether the value is a date.
    Path(String, bool),
    Of(Cell),
}

/// One column.
pub(super) struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    source: Source,
}

impl Column {
    fn new(name: &str, kind: &str, cell: Cell) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: String::new(),
            description: String::new(),
            priority: 0,
            source: Source::Of(cell),
        }
    }

    fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }

    pub(super) fn definition(&self) -> Value {
        json!({"name": self.name, "type": self.kind, "format": self.format, "description": self.description, "priority": self.priority})
    }

    pub(super) fn cell(&self, object: &Value) -> Value {
        match &self.source {
            Source::Of(cell) => cell(object),
            Source::Path(path, date) => {
                let found = find(object, path);
                let Some(first) = found.first() else {
                    return if *date {
                        "<unknown>".into()
                    } else {
                        Value::Null
                    };
                };
                match (self.kind.as_str(), first) {
                    _ if *date => super::age(first),
                    ("string", Value::String(_)) if found.len() > 1 => found
                        .iter()
                        .filter_map(|value| value.as_str())
                        .collect::<Vec<_>>()
                        .join(",")
                        .into(),
                    (
                        "string",
                        Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_),
                    ) => first.to_string().into(),
                    _ => (*first).clone(),
                }
            }
        }
    }
}

fn name() -> Column {
    Column {
        format: "name".into(),
        description: "Name must be unique within a namespace.".into(),
        ..Column::new("Name", "string", |object| {
            object.at("metadata").at("name").clone()
        })
    }
}

fn age() -> Column {
    Column { description: "CreationTimestamp is a timestamp representing the server time when this object was created.".into(), ..Column::new("Age", "string", |object| super::age(object.at("metadata").at("creationTimestamp"))) }
}

fn number(value: &Value) -> Value {
    value.as_i64().unwrap_or(0).into()
}

fn size(value: &Value) -> usize {
    value
        .as_object()
        .map_or_else(|| value.as_array().map_or(0, Vec::len), Map::len)
}

fn or_none(text: &str) -> Value {
    if text.is_empty() {
        "<none>".into()
    } else {
        text.into()
    }
}

fn join<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    or_none(&values.collect::<Vec<_>>().join(","))
}

fn containers(object: &Value, field: &'static str) -> Value {
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

fn selector(value: &Value) -> Value {
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

fn pod_ready(pod: &Value) -> Value {
    let statuses = pod
        .at("status")
        .at("containerStatuses")
        .as_array()
        .into_iter()
        .flatten();
    let ready = statuses.filter(|status| status.at("ready") == true).count();
    format!("{ready}/{}", size(pod.at("spec").at("containers"))).into()
}

fn pod_status(pod: &Value) -> Value {
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

fn pod_restarts(pod: &Value) -> Value {
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

fn readiness_gates(pod: &Value) -> Value {
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

fn node_status(node: &Value) -> Value {
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

fn node_roles(node: &Value) -> Value {
    join(
        node.at("metadata")
            .at("labels")
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")),
    )
}

fn ports(service: &Value) -> Value {
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

fn external_ip(service: &Value) -> Value {
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

fn of_total(have: &Value, total: &Value) -> Value {
    format!("{}/{}", number(have), number(total)).into()
}

fn job_status(job: &Value) -> Value {
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

fn hosts(ingress: &Value) -> Value {
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

fn text(object: &Value, pointer: &str) -> Value {
    or_none(
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default(),
    )
}

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
        return custom_columns(&custom.columns);
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
            return vec![
                name(),
                Column {
                    format: "date-time".into(),
                    ..Column::new("Created At", "string", |object| {
                        object.at("metadata").at("creationTimestamp").clone()
                    })
                },
            ];
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
            return vec![
                name(),
                Column {
                    format: "date-time".into(),
                    ..Column::new("Created At", "date", |object| {
                        object.at("metadata").at("creationTimestamp").clone()
                    })
                },
            ];
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
        Column {
            priority: 1,
            ..name()
        },
    ]
}

fn custom_columns(declared: &[Value]) -> Vec<Column> {
    let mut columns = vec![name()];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    columns.extend(declared.iter().map(|column| Column {
        name: text(column.at("name")),
        kind: text(column.at("type")),
        format: text(column.at("format")),
        description: text(column.at("description")),
        priority: column.at("priority").as_i64().unwrap_or(0),
        source: Source::Path(text(column.at("jsonPath")), column.at("type") == "date"),
    }));
    if declared.is_empty() {
        columns.push(age());
    }
    columns
}
