//! Defaults of built-in kinds.

use serde_json::{Map, Value, json};

use super::pods::pod;
use crate::crd;
use crate::kinds::Kind;
use crate::tree::Tree;

/// Fills in what the real server would.
pub(super) fn fill(kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => pod(object.get_mut("spec"), true),
        ("", "podtemplates") => pod(
            object
                .get_mut("template")
                .and_then(|template| template.get_mut("spec")),
            false,
        ),
        ("", "secrets") => secret(object),
        ("", "services") => service(object),
        ("", "events") => {}
        ("", "persistentvolumeclaims") => set(
            object.get_mut("spec"),
            &[("volumeMode", json!("Filesystem"))],
        ),
        ("", "persistentvolumes") => set(
            object.get_mut("spec"),
            &[
                ("volumeMode", json!("Filesystem")),
                ("persistentVolumeReclaimPolicy", json!("Retain")),
            ],
        ),
        ("", "replicationcontrollers") => {
            let labels = object
                .at("spec")
                .at("template")
                .at("metadata")
                .at("labels")
                .clone();
            if labels.is_object() {
                set(object.get_mut("spec"), &[("selector", labels)]);
            }
            workload(object, &[("replicas", json!(1))]);
        }
        ("apps", "deployments") => {
            workload(
                object,
                &[
                    ("replicas", json!(1)),
                    ("revisionHistoryLimit", json!(10)),
                    ("progressDeadlineSeconds", json!(600)),
                    ("strategy", json!({"type": "RollingUpdate"})),
                ],
            );
            set(
                object.pointer_mut("/spec/strategy"),
                &[("type", json!("RollingUpdate"))],
            );
            if object.at("spec").at("strategy").at("type") == "RollingUpdate" {
                set(
                    object.pointer_mut("/spec/strategy"),
                    &[("rollingUpdate", json!({}))],
                );
                set(
                    object.pointer_mut("/spec/strategy/rollingUpdate"),
                    &[("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))],
                );
            }
        }
        ("apps", "replicasets") => workload(object, &[("replicas", json!(1))]),
        ("apps", "statefulsets") => {
            workload(
                object,
                &[
                    ("replicas", json!(1)),
                    ("revisionHistoryLimit", json!(10)),
                    ("podManagementPolicy", json!("OrderedReady")),
                    ("updateStrategy", json!({})),
                    (
                        "persistentVolumeClaimRetentionPolicy",
                        json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
                    ),
                ],
            );
            rolling(object, &json!({"partition": 0}));
        }
        ("apps", "daemonsets") => {
            workload(
                object,
                &[
                    ("revisionHistoryLimit", json!(10)),
                    ("updateStrategy", json!({})),
                ],
            );
            rolling(object, &json!({"maxUnavailable": 1, "maxSurge": 0}));
        }
        ("batch", "jobs") => job(object),
        ("batch", "cronjobs") => {
            set(
                object.get_mut("spec"),
                &[
                    ("concurrencyPolicy", json!("Allow")),
                    ("suspend", json!(false)),
                    ("successfulJobsHistoryLimit", json!(3)),
                    ("failedJobsHistoryLimit", json!(1)),
                ],
            );
            let template = object
                .get_mut("spec")
                .and_then(|spec| spec.get_mut("jobTemplate"))
                .and_then(|job| job.get_mut("spec"))
                .and_then(|spec| spec.get_mut("template"));
            pod(
                template.and_then(|template| template.get_mut("spec")),
                false,
            );
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            set(
                object.get_mut("roleRef"),
                &[("apiGroup", json!("rbac.authorization.k8s.io"))],
            );
            for subject in object
                .get_mut("subjects")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                if subject.at("kind") == "User" || subject.at("kind") == "Group" {
                    set(
                        Some(subject),
                        &[("apiGroup", json!("rbac.authorization.k8s.io"))],
                    );
                }
            }
        }
        ("storage.k8s.io", "storageclasses") => set(
            Some(object),
            &[
                ("reclaimPolicy", json!("Delete")),
                ("volumeBindingMode", json!("Immediate")),
            ],
        ),
        ("networking.k8s.io", "networkpolicies") => {
            let mut types = vec![json!("Ingress")];
            if object.at("spec").get("egress").is_some() {
                types.push(json!("Egress"));
            }
            set(
                object.get_mut("spec"),
                &[("podSelector", json!({})), ("policyTypes", json!(types))],
            );
        }
        (
            "admissionregistration.k8s.io",
            "validatingwebhookconfigurations" | "mutatingwebhookconfigurations",
        ) => webhooks(object, kind.plural.starts_with("mutating")),
        ("apiextensions.k8s.io", _) => crd::set_defaults(object),
        _ => {}
    }
}

/// Sets fields that are missing.
pub(super) fn set(object: Option<&mut Value>, defaults: &[(&str, Value)]) {
    let Some(map) = object.and_then(Value::as_object_mut) else {
        return;
    };
    for (key, value) in defaults {
        map.entry(*key).or_insert_with(|| value.clone());
    }
}

/// The update strategy of StatefulSets and DaemonSets.
fn rolling(object: &mut Value, parameters: &Value) {
    let strategy = "/spec/updateStrategy";
    set(
        object.pointer_mut(strategy),
        &[("type", json!("RollingUpdate"))],
    );
    if object.at("spec").at("updateStrategy").at("type") == "RollingUpdate" {
        set(
            object.pointer_mut(strategy),
            &[("rollingUpdate", parameters.clone())],
        );
    }
}

fn workload(object: &mut Value, defaults: &[(&str, Value)]) {
    set(object.get_mut("spec"), defaults);
    pod(
        object
            .get_mut("spec")
            .and_then(|spec| spec.get_mut("template"))
            .and_then(|template| template.get_mut("spec")),
        false,
    );
}

/// `stringData` goes into `data`, in base64.
fn secret(object: &mut Value) {
    set(Some(object), &[("type", json!("Opaque"))]);
    let Some(root) = object.as_object_mut() else {
        return;
    };
    let Some(Value::Object(plain)) = root.remove("stringData") else {
        return;
    };
    let data = root
        .entry("data")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(data) = data.as_object_mut() {
        for (key, value) in plain {
            data.insert(
                key,
                crate::base64::standard(value.as_str().unwrap_or_default().as_bytes()).into(),
            );
        }
    }
    if root
        .get("data")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        root.remove("data");
    }
}

fn service(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object()) else {
        return;
    };
    set(
        Some(spec),
        &[
            ("type", json!("ClusterIP")),
            ("sessionAffinity", json!("None")),
        ],
    );
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let number = port.at("port").clone();
        set(
            Some(port),
            &[("protocol", json!("TCP")), ("targetPort", number)],
        );
    }
    if spec.at("type") == "ExternalName" {
        return;
    }
    set(
        Some(spec),
        &[
            ("ipFamilies", json!(["IPv4"])),
            ("ipFamilyPolicy", json!("SingleStack")),
            ("internalTrafficPolicy", json!("Cluster")),
        ],
    );
    if spec.at("type") != "ClusterIP" {
        set(Some(spec), &[("externalTrafficPolicy", json!("Cluster"))]);
    }
    if spec.get("clusterIP").is_none_or(|ip| ip == "") {
        // An address as the real one would give; nothing listens there.
        spec.put(
            "clusterIP",
            format!("10.96.{}.{}", fastrand::u8(..), fastrand::u8(1..255)),
        );
    }
    let ip = spec.at("clusterIP").clone();
    set(Some(spec), &[("clusterIPs", json!([ip]))]);
}

fn job(object: &mut Value) {
    workload(
        object,
        &[
            ("parallelism", json!(1)),
            ("completions", json!(1)),
            ("backoffLimit", json!(6)),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("podReplacementPolicy", json!("TerminatingOrFailed")),
            ("manualSelector", json!(false)),
        ],
    );
    let (uid, name) = (
        object.at("metadata").at("uid").clone(),
        object.at("metadata").at("name").clone(),
    );
    if object.at("spec").at("manualSelector") == false
        && object.at("spec").get("selector").is_none()
        && object.at("spec").is_object()
    {
        let selector = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        object.put_at(&["spec", "selector"], selector);
        let mut labels = object
            .at("spec")
            .at("template")
            .at("metadata")
            .at("labels")
            .clone();
        if !labels.is_object() {
            labels = json!({});
        }
        for key in ["batch.kubernetes.io/controller-uid", "controller-uid"] {
            labels.put(key, uid.clone());
        }
        for key in ["batch.kubernetes.io/job-name", "job-name"] {
            labels.put(key, name.clone());
        }
        object.put_at(&["spec", "template", "metadata", "labels"], labels);
    }
}

fn webhooks(object: &mut Value, mutating: bool) {
    for webhook in object
        .get_mut("webhooks")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        set(
            Some(webhook),
            &[
                ("failurePolicy", json!("Fail")),
                ("matchPolicy", json!("Equivalent")),
                ("timeoutSeconds", json!(10)),
                ("namespaceSelector", json!({})),
                ("objectSelector", json!({})),
            ],
        );
        if mutating {
            set(Some(webhook), &[("reinvocationPolicy", json!("Never"))]);
        }
        for rule in webhook
            .get_mut("rules")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            set(Some(rule), &[("scope", json!("*"))]);
        }
        set(
            webhook
                .get_mut("clientConfig")
                .and_then(|config| config.get_mut("service")),
            &[("port", json!(443))],
        );
    }
}
