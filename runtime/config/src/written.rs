//! The written forms of a configuration: documents again, with all defaults.

use std::sync::Arc;

use serde::Serialize;

use crate::config::{
    ConfigVersion, Conversion, HookConfig, Kubernetes, NamespaceSelector, Schedule, Settings,
    WatchEvent, Webhook,
};
use crate::selector::LabelSelector;

/// A document of either format.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Written {
    V0(V0),
    V1(Box<V1>),
}

impl From<HookConfig> for Written {
    fn from(config: HookConfig) -> Self {
        match config.version {
            ConfigVersion::V0 => Self::V0(V0::of(&config)),
            ConfigVersion::V1 => Self::V1(Box::new(V1::of(config))),
        }
    }
}

/// `configVersion: v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct V1 {
    config_version: ConfigVersion,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_startup: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<Schedule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kubernetes: Vec<Arc<Kubernetes>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kubernetes_validating: Vec<Webhook>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kubernetes_mutating: Vec<Webhook>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kubernetes_custom_resource_conversion: Vec<Conversion>,
}

impl V1 {
    fn of(config: HookConfig) -> Self {
        Self {
            config_version: ConfigVersion::V1,
            settings: config.settings,
            capabilities: config.capabilities,
            on_startup: config.on_startup,
            schedule: config.schedule,
            kubernetes: config.kubernetes,
            kubernetes_validating: config.kubernetes_validating,
            kubernetes_mutating: config.kubernetes_mutating,
            kubernetes_custom_resource_conversion: config.kubernetes_custom_resource_conversion,
        }
    }
}

/// The format `v0`. Its version is not written: shell-operator takes a document without one for `v0`, and refuses one
/// that says so.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct V0 {
    #[serde(skip_serializing_if = "Option::is_none")]
    on_startup: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<ScheduleV0>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on_kubernetes_event: Vec<KubernetesV0>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScheduleV0 {
    name: String,
    crontab: String,
    allow_failure: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KubernetesV0 {
    name: String,
    kind: String,
    event: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<LabelSelector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_name: Option<String>,
    namespace_selector: NamespacesV0,
    #[serde(skip_serializing_if = "Option::is_none")]
    jq_filter: Option<String>,
    allow_failure: bool,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum NamespacesV0 {
    Any { any: bool },
    Names { match_names: Vec<String> },
}

impl V0 {
    fn of(config: &HookConfig) -> Self {
        let schedule = |schedule: &Schedule| ScheduleV0 {
            name: schedule.name.clone(),
            crontab: schedule.crontab.as_str().to_owned(),
            allow_failure: schedule.allow_failure,
        };
        Self {
            on_startup: config.on_startup,
            schedule: config.schedule.iter().map(schedule).collect(),
            on_kubernetes_event: config
                .kubernetes
                .iter()
                .map(|b| KubernetesV0::of(b))
                .collect(),
        }
    }
}

impl KubernetesV0 {
    fn of(binding: &Kubernetes) -> Self {
        let mut names = binding.name_selector.iter().flatten();
        Self {
            name: binding.name.clone(),
            kind: binding.kind.clone(),
            event: binding
                .execute_hook_on_event
                .iter()
                .map(|event| event.as_str_v0())
                .collect(),
            selector: binding.label_selector.clone(),
            object_name: names.next().cloned(),
            namespace_selector: match &binding.namespace {
                NamespaceSelector::Names(names) => NamespacesV0::Names {
                    match_names: names.clone(),
                },
                NamespaceSelector::All | NamespaceSelector::Labels(_) => {
                    NamespacesV0::Any { any: true }
                }
            },
            jq_filter: binding.jq_filter.clone(),
            allow_failure: binding.allow_failure,
        }
    }
}

impl WatchEvent {
    /// As it is written in documents and contexts of the format `v0`.
    #[must_use]
    pub fn as_str_v0(self) -> &'static str {
        match self {
            Self::Added => "add",
            Self::Modified => "update",
            Self::Deleted => "delete",
        }
    }
}
