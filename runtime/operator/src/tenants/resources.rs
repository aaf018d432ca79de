//! The custom resources: `Hook`, by which a tenant asks for its hooks to run, and `HookPolicy`, by which an administrator
//! says what tenants may have.

#![allow(
    clippy::duplicated_attributes,
    reason = "columns of one type are told apart by their names"
)]

mod schemas;

use std::collections::BTreeMap;

use hookbox_sandbox::Capabilities;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::core::DynamicObject;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::quota::QuotaSettings;
use crate::units::{Size, Span};

/// The API group.
pub const GROUP: &str = "hookbox.dev";

/// A component whose hooks run for its namespace, with the rights of one of the namespace's ServiceAccounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, CustomResource)]
#[kube(
    group = "hookbox.dev",
    version = "v1alpha1",
    kind = "Hook",
    doc = "A component whose hooks run for its namespace, with the rights of one of its ServiceAccounts.",
    namespaced,
    status = "HookStatus",
    shortname = "hk",
    category = "hookbox",
    derive = "PartialEq",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(
        name = "ServiceAccount",
        type_ = "string",
        json_path = ".spec.serviceAccountName",
        priority = 1
    ),
    printcolumn(
        name = "Digest",
        type_ = "string",
        json_path = ".status.digest",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct HookSpec {
    /// Where the component comes from.
    pub component: ComponentSource,
    /// Secrets of this namespace with credentials for the registry (`kubernetes.io/dockerconfigjson`). They are read with the
    /// rights of the ServiceAccount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub image_pull_secrets: Vec<SecretName>,
    /// The ServiceAccount of this namespace whose rights the hooks have: for what they watch, read and change.
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: String,
    /// What the hooks read as their config values: any object.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(schema_with = "schemas::any_object")]
    pub parameters: Map<String, Value>,
    /// What the hooks ask for beyond their snapshots. The policy decides.
    #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
    /// Whether the hooks rest: nothing runs and nothing is watched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
}

/// Where a component comes from. Exactly one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.image) != has(self.configMap)",
    "message": "name exactly one of `image` and `configMap`"
}]))]
pub struct ComponentSource {
    /// An artifact in an OCI registry with the digest of its manifest: `registry.example/team/hook:1.0@sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), extend("x-kubernetes-validations" = [{
        "rule": "self.matches('@sha256:[0-9a-f]{64}$')",
        "message": "name the digest of the manifest: `registry.example/team/hook:1.0@sha256:…`"
    }]))]
    pub image: Option<String>,
    /// A ConfigMap of this namespace, for development: unsigned by its nature. It is read with the rights of the
    /// ServiceAccount, and again from time to time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKey>,
}

/// A Secret of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretName {
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// An entry of a ConfigMap's `binaryData`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigMapKey {
    /// Name of the ConfigMap.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The key in `binaryData`.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// How a Hook is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HookStatus {
    /// The generation of the object that all of this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Digest of the component that runs: `sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Who signed it: fingerprint of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The policy that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The identity with which the hooks watch, read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Names of the component's hooks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
    /// What the hooks have beyond their snapshots. Values of environment entries are left out.
    #[serde(skip_serializing_if = "Capabilities::is_empty")]
    pub granted: Capabilities,
    /// `Ready`, `CapabilitiesGranted`, `BindingsEnabled`, `WithinQuota`, `WebhooksServed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schemas::conditions")]
    pub conditions: Vec<Condition>,
}

/// What the Hooks of some namespaces may have. Nothing of a namespace runs for which there is no policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, CustomResource)]
#[kube(
    group = "hookbox.dev",
    version = "v1alpha1",
    kind = "HookPolicy",
    doc = "What the Hooks of some namespaces may have. Nothing of a namespace runs for which there is no policy.",
    plural = "hookpolicies",
    shortname = "hkp",
    category = "hookbox",
    status = "HookPolicyStatus",
    derive = "PartialEq",
    printcolumn(name = "Priority", type_ = "integer", json_path = ".spec.priority"),
    printcolumn(
        name = "Unsigned",
        type_ = "boolean",
        json_path = ".spec.components.allowUnsigned"
    ),
    printcolumn(
        name = "Valid",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Valid")].status"#
    ),
    printcolumn(name = "Hooks", type_ = "integer", json_path = ".status.hooks"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase", default)]
pub struct HookPolicySpec {
    /// The namespaces that it is for.
    pub namespaces: NamespaceMatch,
    /// Where several policies are for a namespace, the highest counts; among equals, the first by name.
    pub priority: i32,
    /// The most that may be granted beyond snapshots.
    #[serde(skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
    /// What one run may use; what is left out is as for the operator's own hooks.
    #[serde(skip_serializing_if = "is_default")]
    pub budget: BudgetSettings,
    /// What all Hooks of a namespace together may use over time.
    #[serde(skip_serializing_if = "is_default")]
    pub quota: QuotaSettings,
    /// Which components may run.
    pub components: ComponentRules,
    /// Names of ServiceAccounts that Hooks may name; empty: any of the namespace. `team-*` is any that begins so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub service_accounts: Vec<String>,
    /// Whether admission webhooks of Hooks are served, for requests of their own namespace. Who may make Hooks there then
    /// sees, refuses and changes what anybody writes there, Secrets and Pods too, whatever its ServiceAccount may do.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub webhooks: bool,
    /// Whether Hooks may keep instances from one run to the next (`settings.warmInstance`). What a run leaves in its memory
    /// the next run of the same hook finds there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warm_instances: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which namespaces. Those that `names` or `selector` match; none where both are empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceMatch {
    /// Names; `team-*` is any that begins so, `*` is any but `kube-system`, `kube-public` and `kube-node-lease`, which
    /// have to be named in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub names: Vec<String>,
    /// Labels of namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schemas::label_selector")]
    pub selector: Option<LabelSelector>,
}

/// What one run may use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct BudgetSettings {
    /// CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_time: Option<Span>,
    /// Time from start to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_clock: Option<Span>,
    /// Memory of the run, with what the host holds for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// Object patches, values patches and metric operations together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub effects: Option<u64>,
    /// Bytes of JSON of all effects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_bytes: Option<Size>,
    /// Bytes of logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Size>,
    /// Calls to the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub host_calls: Option<u64>,
}

/// Which components may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentRules {
    /// Whether components may run that nobody signed, as those of ConfigMaps. With `keys`, an image that only others signed
    /// does not run all the same.
    pub allow_unsigned: bool,
    /// Public keys in PEM, one of which has to have signed a component, as cosign does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub keys: Vec<String>,
    /// Where components may come from: `registry.example/team-a` and all below it; `*` stands for any part of one word,
    /// as in `registry.example/team-*`. Empty: from anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub images: Vec<String>,
}

/// How a HookPolicy is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HookPolicyStatus {
    /// The generation of the object that all of this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Hooks for which this policy counts.
    pub hooks: u32,
    /// `Valid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schemas::conditions")]
    pub conditions: Vec<Condition>,
}

/// What an object declares. Its status is no part of that, whatever is in there.
pub(super) fn read<T: DeserializeOwned>(object: &DynamicObject) -> Result<T, serde_json::Error> {
    let mut declared = serde_json::to_value(object)?;
    if let Some(map) = declared.as_object_mut() {
        map.remove("status");
    }
    serde_json::from_value(declared)
}

/// The conditions in an object's status; none where they are no conditions.
pub(super) fn conditions_of(object: &DynamicObject) -> Vec<Condition> {
    let conditions = object.data.pointer("/status/conditions").cloned();
    conditions
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default()
}

/// The CustomResourceDefinitions, to be applied to a cluster.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![Hook::crd(), HookPolicy::crd()];
    for version in crds.iter_mut().flat_map(|crd| &mut crd.spec.versions) {
        let schema = version.schema.as_mut();
        if let Some(schema) = schema.and_then(|s| s.open_api_v3_schema.as_mut()) {
            plain(schema);
        }
    }
    crds
}

/// What is left out stays left out: an object is kept as it was written. Formats are those that Kubernetes knows.
fn plain(schema: &mut JSONSchemaProps) {
    schema.default = None;
    schema.format.take_if(|format| format.starts_with("uint"));
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = schema.items.as_mut() {
        plain(items);
    }
    for property in schema.properties.iter_mut().flat_map(BTreeMap::values_mut) {
        plain(property);
    }
}
