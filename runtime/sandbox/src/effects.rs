//! What a run asks to change, as plain data. The JSON forms are those of shell-operator's files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All that a run asks to change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Effects {
    /// Changes to Kubernetes objects, in the order in which the hook asked for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub object_patches: Vec<ObjectPatch>,
    /// Changes to values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValuesPatchOperation>,
    /// Changes to config values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_values: Vec<ValuesPatchOperation>,
    /// Metric operations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricOperation>,
}

impl Effects {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.object_patches.is_empty()
            && self.values.is_empty()
            && self.config_values.is_empty()
            && self.metrics.is_empty()
    }
}

/// Which object a change is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// Group and version; none: the preferred version of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind.
    pub kind: String,
    /// Namespace; none for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// How to apply a patch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PatchOptions {
    /// Subresource; a leading slash is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// A missing object is not an error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_missing_object: bool,
    /// Apply even when the hook failed; for the `status` subresource only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_hook_error: bool,
}

/// One change to a Kubernetes object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation")]
pub enum ObjectPatch {
    /// Create; an existing object is an error.
    Create {
        /// The manifest.
        object: Value,
    },
    /// Create, unless it exists.
    CreateIfNotExists {
        /// The manifest.
        object: Value,
    },
    /// Create, or replace as a whole.
    CreateOrUpdate {
        /// The manifest.
        object: Value,
    },
    /// Delete in the foreground and wait.
    Delete(ObjectRef),
    /// Delete in the background.
    DeleteInBackground(ObjectRef),
    /// Delete and leave the owned objects.
    DeleteNonCascading(ObjectRef),
    /// JSON Merge Patch.
    MergePatch {
        /// Which object.
        #[serde(flatten)]
        object: ObjectRef,
        /// The patch, an object.
        #[serde(rename = "mergePatch")]
        patch: Value,
        /// How.
        #[serde(flatten)]
        options: PatchOptions,
    },
    /// JSON Patch.
    JSONPatch {
        /// Which object.
        #[serde(flatten)]
        object: ObjectRef,
        /// The patch, an array.
        #[serde(rename = "jsonPatch")]
        patch: Value,
        /// How.
        #[serde(flatten)]
        options: PatchOptions,
    },
    /// Replace by what a jq filter makes of it.
    JQPatch {
        /// Which object.
        #[serde(flatten)]
        object: ObjectRef,
        /// The filter.
        #[serde(rename = "jqFilter")]
        filter: String,
        /// How.
        #[serde(flatten)]
        options: PatchOptions,
    },
}

/// One JSON Patch operation on values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum ValuesPatchOperation {
    /// Set the value at `path`.
    Add {
        /// JSON Pointer.
        path: String,
        /// The value.
        value: Value,
    },
    /// Remove the value at `path`.
    Remove {
        /// JSON Pointer.
        path: String,
    },
}

/// One metric operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricOperation {
    /// Metric name; empty for [`MetricAction::Expire`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What to do.
    pub action: MetricAction,
    /// The value; none for [`MetricAction::Expire`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Upper bounds of a histogram's buckets, ascending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<f64>>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Group; none: the hook's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What a metric operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricAction {
    /// Add to a counter.
    Add,
    /// Set a gauge.
    Set,
    /// Observe in a histogram.
    Observe,
    /// Remove a group's series.
    Expire,
}
