//! Fields beside name and namespace that lists and watches can be selected by.

use std::sync::Arc;

use serde_json::Value;

/// A field for selectors: its label and where its value is.
#[derive(Debug, Clone)]
pub(crate) struct Selectable {
    /// As it is written in a selector.
    pub(crate) label: Arc<str>,
    path: Vec<String>,
    /// The value of an object that has none.
    missing: &'static str,
}

impl Selectable {
    /// A field by its path with dots.
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.into(),
            path: label
                .split('.')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            missing: "",
        }
    }

    fn at(label: &str, path: &str, missing: &'static str) -> Self {
        Self {
            label: label.into(),
            missing,
            ..Self::new(path)
        }
    }

    /// Those of a built-in kind.
    pub(crate) fn builtin(group: &str, plural: &str) -> Vec<Self> {
        let plain = |labels: &[&str]| {
            labels
                .iter()
                .map(|label| Self::new(label))
                .collect::<Vec<_>>()
        };
        match (group, plural) {
            ("", "pods") => {
                let mut fields = plain(&[
                    "spec.nodeName",
                    "spec.restartPolicy",
                    "spec.schedulerName",
                    "spec.serviceAccountName",
                    "status.phase",
                    "status.podIP",
                    "status.nominatedNodeName",
                ]);
                fields.push(Self::at("spec.hostNetwork", "spec.hostNetwork", "false"));
                fields
            }
            ("", "events") => {
                let mut fields = plain(&[
                    "involvedObject.kind",
                    "involvedObject.namespace",
                    "involvedObject.name",
                    "involvedObject.uid",
                    "involvedObject.apiVersion",
                    "involvedObject.resourceVersion",
                    "involvedObject.fieldPath",
                    "reason",
                    "reportingComponent",
                    "type",
                ]);
                fields.push(Self::at("source", "source.component", ""));
                fields
            }
            ("events.k8s.io", "events") => {
                let mut fields = plain(&["reason", "type"]);
                for part in [
                    "kind",
                    "namespace",
                    "name",
                    "uid",
                    "apiVersion",
                    "resourceVersion",
                    "fieldPath",
                ] {
                    fields.push(Self::at(
                        &format!("regarding.{part}"),
                        &format!("involvedObject.{part}"),
                        "",
                    ));
                }
                fields.push(Self::at("reportingController", "reportingComponent", ""));
                fields
            }
            ("", "nodes") => vec![Self::at(
                "spec.unschedulable",
                "spec.unschedulable",
                "false",
            )],
            ("", "namespaces") => plain(&["status.phase"]),
            ("", "secrets") => plain(&["type"]),
            ("", "services") => plain(&["spec.clusterIP", "spec.type"]),
            ("", "replicationcontrollers") | ("apps", "replicasets") => {
                vec![Self::at("status.replicas", "status.replicas", "0")]
            }
            ("batch", "jobs") => vec![Self::at("status.successful", "status.succeeded", "0")],
            ("certificates.k8s.io", "certificatesigningrequests") => plain(&["spec.signerName"]),
            _ => Vec::new(),
        }
    }

    /// The value of this field, as selectors compare it.
    pub(crate) fn read(&self, object: &Value) -> (Arc<str>, String) {
        let mut value = object;
        for part in &self.path {
            value = value.get(part).unwrap_or(&Value::Null);
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => self.missing.to_owned(),
        };
        (self.label.clone(), text)
    }
}
