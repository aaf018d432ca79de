//! A hook's configuration, checked and with all defaults filled in.
//!
//! Serialised, it is again a document of its version: the normalised form that `hookbox check -o json` prints.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::cron::Crontab;
use crate::duration;
use crate::offence::Offence;
use crate::selector::{FieldSelector, LabelSelector};
use crate::written::Written;

/// The queue of bindings that name none.
pub const MAIN_QUEUE: &str = "main";

/// What a hook wants to be run for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(into = "Written")]
pub struct HookConfig {
    /// The format of its document.
    pub version: ConfigVersion,
    /// How often the hook may run, and in what.
    pub settings: Option<Settings>,
    /// What the hook wants to be granted beyond its snapshots: a mapping, of which nothing else was checked here. An
    /// extension of hookbox.
    pub capabilities: Option<serde_json::Value>,
    /// Run once at start, hooks with smaller numbers first.
    pub on_startup: Option<i64>,
    /// Run at times.
    pub schedule: Vec<Schedule>,
    /// Run for objects. Whoever watches for one of them keeps it as long as it likes.
    pub kubernetes: Vec<Arc<Kubernetes>>,
    /// Validating admission webhooks.
    pub kubernetes_validating: Vec<Webhook>,
    /// Mutating admission webhooks.
    pub kubernetes_mutating: Vec<Webhook>,
    /// Conversion of custom resources between versions.
    pub kubernetes_custom_resource_conversion: Vec<Conversion>,
    /// What is allowed but probably not meant, in the document's order: ignored fields, names that are not unique,
    /// schedules that never fire. Not serialised.
    pub warnings: Vec<Offence>,
}

impl HookConfig {
    /// All admission webhooks, validating ones first.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.kubernetes_validating
            .iter()
            .chain(&self.kubernetes_mutating)
    }
}

/// Which rules a document follows, and in which form its hook's contexts are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigVersion {
    /// A document without `configVersion`: what shell-operator's first hooks print. All runs are in the queue `main`, each
    /// for one context, and there is no Synchronization.
    V0,
    /// `configVersion: v1`.
    #[default]
    V1,
}

impl ConfigVersion {
    /// As it is written in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0 => "v0",
            Self::V1 => "v1",
        }
    }

    /// The key of [`HookConfig::kubernetes`] in documents of this version.
    #[must_use]
    pub fn kubernetes_key(self) -> &'static str {
        match self {
            Self::V0 => "onKubernetesEvent",
            Self::V1 => "kubernetes",
        }
    }
}

/// How often a hook may run, a token bucket, and in what.
///
/// shell-operator in practice requires both fields, and names the wrong one when `executionBurst` is missing. Here
/// `executionBurst` defaults to 1 and `executionMinInterval` to zero, which means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// A token comes back this often; zero means no limit. Written as one of Go's durations, such as `1s`, `1m30s` or
    /// `100ms`.
    #[serde(serialize_with = "as_go_duration")]
    pub execution_min_interval: Duration,
    /// How many tokens the bucket holds, at least 1.
    pub execution_burst: u32,
    /// Whether the hook's instance is kept from one run to the next. An extension of hookbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warm_instance: bool,
}

fn as_go_duration<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&duration::format(*value))
}

/// A `schedule` binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The binding's name; `schedule` by default.
    pub name: String,
    /// When to run.
    pub crontab: Crontab,
    /// A failed run is not tried again.
    pub allow_failure: bool,
    /// Name of the queue; `main` by default.
    pub queue: String,
    /// Name of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Names of the `kubernetes` bindings whose snapshots belong to this one: its own list, then those of the group's
    /// bindings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_snapshots_from: Vec<String>,
}

/// A `kubernetes` binding.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kubernetes {
    /// The binding's name; `kubernetes` by default. Several may have the same name: the first is meant by it.
    pub name: String,
    /// Group and version, such as `apps/v1`; none for the preferred version of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The kind by any of its names: kind, plural, singular or short name, in any case.
    pub kind: String,
    /// Which changes run the hook; all by default, and none when the document says `[]`.
    pub execute_hook_on_event: Vec<WatchEvent>,
    /// Whether the hook runs for the objects that are there at the start.
    pub execute_hook_on_synchronization: bool,
    /// Whether others wait for that run. Only ever false where the document names a queue.
    pub wait_for_synchronization: bool,
    /// Whether snapshots and contexts hold the objects, or only the filter's results.
    pub keep_full_objects_in_memory: bool,
    /// Whether only the metadata of objects is watched: contexts, snapshots and filters see `apiVersion`, `kind` and
    /// `metadata`. hookbox's own; shell-operator does not know it.
    #[serde(skip_serializing_if = "is_false")]
    pub metadata_only: bool,
    /// Whether the hook's own component filters the objects, in place of a jq filter: it exports `filters`. hookbox's own;
    /// shell-operator does not know it.
    #[serde(skip_serializing_if = "is_false")]
    pub filter: bool,
    /// A jq filter, not compiled here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jq_filter: Option<String>,
    /// Objects of these names only.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_name_selector"
    )]
    pub name_selector: Option<Vec<String>>,
    /// Objects with these labels only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Objects with these fields only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_selector: Option<FieldSelector>,
    /// Objects in these namespaces only.
    #[serde(skip_serializing_if = "NamespaceSelector::is_all")]
    pub namespace: NamespaceSelector,
    /// A failed run is not tried again.
    pub allow_failure: bool,
    /// Name of the queue; `main` by default.
    pub queue: String,
    /// Name of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Names of the `kubernetes` bindings whose snapshots belong to this one: its own list, then those of the group's
    /// bindings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_snapshots_from: Vec<String>,
}

/// What shell-operator does not know is only written where it is used.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NameSelector<'a> {
    match_names: &'a [String],
}

fn as_name_selector<S: Serializer>(
    names: &Option<Vec<String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    NameSelector {
        match_names: names.as_deref().unwrap_or_default(),
    }
    .serialize(serializer)
}

/// A change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum WatchEvent {
    /// It is there now.
    Added,
    /// It is not what it was.
    Modified,
    /// It is gone.
    Deleted,
}

impl WatchEvent {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Modified, Self::Deleted];

    /// As it is written in documents and contexts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Modified => "Modified",
            Self::Deleted => "Deleted",
        }
    }
}

/// In which namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NamespaceSelector {
    /// In all, and outside of them.
    #[default]
    All,
    /// In those of these names.
    Names(Vec<String>),
    /// In those which have these labels at the time.
    Labels(LabelSelector),
}

impl NamespaceSelector {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

impl Serialize for NamespaceSelector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_struct("namespace", 1)?;
        match self {
            Self::All => {}
            Self::Names(names) => {
                map.serialize_field("nameSelector", &NameSelector { match_names: names })?;
            }
            Self::Labels(selector) => map.serialize_field("labelSelector", selector)?,
        }
        map.end()
    }
}

/// A `kubernetesValidating` or `kubernetesMutating` binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The binding's name, which is the webhook's name too: for validating ones a domain of at least three segments.
    pub name: String,
    /// Name of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Names of the `kubernetes` bindings whose snapshots belong to this one: its own list, then those of the group's
    /// bindings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_snapshots_from: Vec<String>,
    /// What a review without an answer means; `Fail` by default.
    pub failure_policy: FailurePolicy,
    /// Whether answering changes anything; `None` by default.
    pub side_effects: SideEffects,
    /// How long the API server waits, in seconds; 10 by default.
    pub timeout_seconds: i32,
    /// Conditions in CEL that a request must meet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<MatchCondition>,
    /// Objects with these labels only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Namespaces with these labels only. Written `namespace.labelSelector`.
    #[serde(
        rename = "namespace",
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_namespace"
    )]
    pub namespace_selector: Option<LabelSelector>,
    /// Which requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    label_selector: &'a Option<LabelSelector>,
}

fn as_namespace<S: Serializer>(
    label_selector: &Option<LabelSelector>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Namespace { label_selector }.serialize(serializer)
}

/// What a review without an answer means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum FailurePolicy {
    /// The request goes on.
    Ignore,
    /// The request is refused.
    #[default]
    Fail,
}

/// Whether answering a review changes anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub enum SideEffects {
    /// No.
    #[default]
    None,
    /// Yes, but not in a dry run.
    NoneOnDryRun,
}

/// A condition in CEL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct MatchCondition {
    /// Its name.
    pub name: String,
    /// The CEL expression, not compiled here.
    pub expression: String,
}

/// Which requests a webhook is for. `*` stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// API groups; the core group is the empty text.
    pub api_groups: Vec<String>,
    /// API versions.
    pub api_versions: Vec<String>,
    /// Plural names, with `/subresource` where one is meant.
    pub resources: Vec<String>,
    /// What is done with them.
    pub operations: Vec<Operation>,
    /// Only those in namespaces, only those outside, or all, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// `CREATE`.
    Create,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `CONNECT`.
    Connect,
    /// `*`.
    #[serde(rename = "*")]
    All,
}

/// Where the objects of a rule live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Scope {
    /// Outside of namespaces.
    Cluster,
    /// In namespaces.
    Namespaced,
    /// Both, written `*`.
    #[serde(rename = "*")]
    All,
}

/// A `kubernetesCustomResourceConversion` binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    /// The binding's name.
    pub name: String,
    /// Name of the CustomResourceDefinition.
    pub crd_name: String,
    /// Which conversions the hook knows.
    pub conversions: Vec<ConversionRule>,
    /// Name of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Names of the `kubernetes` bindings whose snapshots belong to this one: its own list, then those of the group's
    /// bindings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include_snapshots_from: Vec<String>,
}

/// One conversion between versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversionRule {
    /// From this version.
    pub from_version: String,
    /// To this one.
    pub to_version: String,
}
