//! What a run asked for, in a test's hands.

use serde_json::{Map, Value, json};

use crate::ObjectRef;
use crate::host::Memory;
use crate::log::Record;

/// What a run asked for. The JSON forms are the host's, which are those of shell-operator's files.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    object_patches: Vec<Value>,
    values_patch: Vec<Value>,
    config_values_patch: Vec<Value>,
    metrics: Vec<Value>,
    values: Value,
    config_values: Value,
    log: Vec<Record>,
}

impl Recorded {
    pub(crate) fn new(memory: &Memory, log: Vec<Record>) -> Self {
        Self {
            object_patches: memory.object_patches.clone(),
            values_patch: memory.values_patch.clone(),
            config_values_patch: memory.config_values_patch.clone(),
            metrics: memory.metrics.clone(),
            values: memory.values.clone(),
            config_values: memory.config_values.clone(),
            log,
        }
    }

    /// All changes to objects, in their order: `{"operation": "MergePatch", "kind": …, "mergePatch": …}`.
    #[must_use]
    pub fn object_patches(&self) -> &[Value] {
        &self.object_patches
    }

    /// The manifest of the last creation of this object, whichever `create…` it was. `name` is `namespace/name`, or
    /// the name alone for objects without a namespace.
    #[must_use]
    pub fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        let its =
            |object: &&Value| object["kind"] == kind && full_name(&object["metadata"]) == name;
        let operations = self.object_patches.iter().rev();
        operations
            .filter_map(|operation| operation.get("object"))
            .find(its)
    }

    /// All operations on this object but creations, in their order. An object without `apiVersion` means any version.
    #[must_use]
    pub fn patches(&self, object: impl Into<ObjectRef>) -> Vec<&Value> {
        let object = object.into();
        let same = |key: &str, value: Option<&str>, operation: &Value| {
            operation.get(key).and_then(Value::as_str) == value
        };
        let on_it = |operation: &&Value| {
            same("kind", Some(&object.kind), operation)
                && same("name", Some(&object.name), operation)
                && same("namespace", object.namespace.as_deref(), operation)
                && (object.api_version.is_none()
                    || same("apiVersion", object.api_version.as_deref(), operation))
        };
        self.object_patches.iter().filter(on_it).collect()
    }

    /// Whether this object is deleted, in whichever way.
    #[must_use]
    pub fn deletes(&self, object: impl Into<ObjectRef>) -> bool {
        let is_delete = |operation: &Value| {
            operation["operation"]
                .as_str()
                .is_some_and(|name| name.starts_with("Delete"))
        };
        self.patches(object).into_iter().any(is_delete)
    }

    /// All metric operations, in their order: `{"name": …, "action": "set", "value": …}`.
    #[must_use]
    pub fn metrics(&self) -> &[Value] {
        &self.metrics
    }

    /// The value that the last operation on this metric gave, whatever its labels.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics
            .iter()
            .rev()
            .find(|operation| operation["name"] == name)?
            .get("value")?
            .as_f64()
    }

    /// The value that the last operation on this metric with exactly these labels gave.
    #[must_use]
    pub fn metric_with(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Map<String, Value> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let with_labels = |operation: &&Value| {
            operation["name"] == name
                && match operation.get("labels") {
                    Some(its) => its.as_object() == Some(&labels),
                    None => labels.is_empty(),
                }
        };
        self.metrics
            .iter()
            .rev()
            .find(with_labels)?
            .get("value")?
            .as_f64()
    }

    /// The JSON Patch on the values.
    #[must_use]
    pub fn values_patch(&self) -> &[Value] {
        &self.values_patch
    }

    /// The JSON Patch on the config values.
    #[must_use]
    pub fn config_values_patch(&self) -> &[Value] {
        &self.config_values_patch
    }

    /// The value at `path` after the run; paths as in [`Values`](crate::Values).
    #[must_use]
    pub fn value(&self, path: &str) -> Option<Value> {
        self.values
            .pointer(&crate::pointer::from_path(path))
            .cloned()
    }

    /// The config value at `path` after the run.
    #[must_use]
    pub fn config_value(&self, path: &str) -> Option<Value> {
        self.config_values
            .pointer(&crate::pointer::from_path(path))
            .cloned()
    }

    /// What the run logged.
    #[must_use]
    pub fn log(&self) -> &[Record] {
        &self.log
    }

    /// Whether nothing is asked for. A log is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [
            &self.object_patches,
            &self.values_patch,
            &self.config_values_patch,
            &self.metrics,
        ]
        .iter()
        .all(|of| of.is_empty())
    }

    /// Everything as one document, as `hookbox exec -o json` prints it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut document = Map::new();
        for (key, operations) in [
            ("objectPatches", &self.object_patches),
            ("values", &self.values_patch),
            ("configValues", &self.config_values_patch),
            ("metrics", &self.metrics),
        ] {
            if !operations.is_empty() {
                document.insert(key.to_owned(), json!(operations));
            }
        }
        Value::Object(document)
    }
}

fn full_name(metadata: &Value) -> String {
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
    match metadata.get("namespace") {
        Some(_) => format!("{}/{}", text("namespace"), text("name")),
        None => text("name"),
    }
}
