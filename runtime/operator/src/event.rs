//! What an operator tells those who watch it.

use std::sync::Arc;
use std::time::Duration;

use hookbox_config::WatchEvent;
use hookbox_sandbox::{Effects, LogRecord, Usage};
use serde::{Deserialize, Serialize};

use crate::apply::Applied;
use crate::leader::Leadership;
use crate::monitor::Outcome;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum OperatorEvent {
    /// A hook is there.
    HookLoaded {
        /// The hook.
        hook: String,
        /// What its source is called.
        source: String,
        /// Digest of its component.
        digest: String,
        /// Its bindings.
        bindings: Vec<String>,
    },
    /// A hook is not there.
    HookRefused {
        /// What its source is called.
        source: String,
        /// A stable word for why.
        code: String,
        /// Why, with all causes.
        message: String,
    },
    /// The objects of a `kubernetes` binding are known.
    BindingEnabled {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// How many objects it has.
        objects: usize,
    },
    /// A `kubernetes` binding could not be enabled; it is tried again.
    BindingFailed {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// A stable word for why.
        code: String,
        /// Why, with all causes.
        message: String,
    },
    /// A filter failed on an object.
    FilterFailed {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// The object's namespace; empty for cluster-scoped objects.
        namespace: String,
        /// The object's name.
        name: String,
        /// Why.
        message: String,
    },
    /// An object changed.
    KubeEvent {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// What happened: `Added`, `Modified` or `Deleted`.
        watch_event: WatchEvent,
        /// The object's namespace; empty for cluster-scoped objects.
        namespace: String,
        /// The object's name.
        name: String,
        /// Whether the hook runs for it, or why not.
        outcome: EventOutcome,
    },
    /// A schedule's time came.
    ScheduleFired {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// The crontab.
        crontab: String,
    },
    /// A schedule's time came, and it was skipped.
    ScheduleSkipped {
        /// The hook.
        hook: String,
        /// The binding.
        binding: String,
        /// The crontab.
        crontab: String,
        /// Why.
        message: String,
    },
    /// A run starts.
    RunStarted {
        /// Number of the run, unique in the operator.
        run: u64,
        /// The hook.
        hook: String,
        /// The queue.
        queue: String,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// Why it runs, oldest first.
        reasons: Vec<RunReason>,
    },
    /// A run is over and its effects are applied, or not.
    RunFinished(Box<RunFinished>),
    /// Who leads is another, or whether that can be known.
    Leadership(Leadership),
    /// A webhook's review was answered, after the run that it led to, if any.
    ReviewAnswered {
        /// The hook.
        hook: String,
        /// Name of the webhook.
        webhook: String,
        /// `validating` or `mutating`.
        kind: String,
        /// What came of it: `allowed`, `denied`, or a stable word for why the hook gave no answer.
        outcome: String,
        /// Whether the request goes on.
        allowed: bool,
        /// What the person is told who made the request; empty when it is nothing.
        message: String,
    },
    /// A hook was asked to convert objects, after the run that it led to, if any.
    ObjectsConverted {
        /// The hook.
        hook: String,
        /// Name of its binding.
        binding: String,
        /// Name of the CustomResourceDefinition.
        crd: String,
        /// The version that the objects had.
        from_version: String,
        /// The version that they were to have.
        to_version: String,
        /// How many they were.
        objects: usize,
        /// What came of it: `converted`, or a stable word for why not.
        outcome: String,
        /// Why not; empty when they were converted.
        message: String,
    },
    /// A queue has nothing to do.
    QueueIdle {
        /// The queue.
        queue: String,
    },
    /// No queue has anything to do.
    Idle,
}

/// Whether a change runs the hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventOutcome {
    /// It does.
    Fired,
    /// It will once the binding's Synchronization succeeded, unless that run sees the change itself.
    Buffered,
    /// It does not: what counts did not change.
    Unchanged,
    /// It does not: the binding does not want changes of this kind.
    NotWanted,
}

impl From<Outcome> for EventOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fired => Self::Fired,
            Outcome::Buffered => Self::Buffered,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::NotWanted => Self::NotWanted,
        }
    }
}

/// Why a hook runs, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReason {
    /// The binding.
    pub binding: String,
    /// The context's type; none for `onStartup`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `Added`, `Modified` or `Deleted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch_event: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunFinished {
    /// Number of the run.
    pub run: u64,
    /// The hook.
    pub hook: String,
    /// The queue.
    pub queue: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// Why it ran, oldest first; empty when nobody listened when it began.
    pub reasons: Vec<RunReason>,
    /// How it ended.
    pub result: RunResult,
    /// What the hook asked to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effects: Option<Arc<Effects>>,
    /// Whether it set values that are not kept, because its hooks belong to no module.
    pub values_dropped: bool,
    /// What became of each object patch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<PatchResult>,
    /// Metric operations that were dropped, and why; the run does not fail for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics_dropped: Vec<String>,
    /// What it was refused because it was not granted, each with the grant to ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_grants: Vec<String>,
    /// What it logged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogRecord>,
    /// What it used.
    pub usage: Usage,
}

/// What became of one object patch.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PatchResult {
    /// It was applied.
    Applied(Applied),
    /// It failed.
    Failed {
        /// A stable word for why.
        code: String,
        /// What and why, with all causes.
        error: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "status",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum RunResult {
    /// Well.
    Succeeded,
    /// It failed.
    Failed {
        /// A stable word for why.
        code: String,
        /// Why, with all causes.
        message: String,
        /// Failing is allowed: it counts as done.
        allowed: bool,
        /// When it is tried again; none: it is not.
        #[serde(
            rename = "retryInSeconds",
            skip_serializing_if = "Option::is_none",
            with = "hookbox_sandbox::seconds::optional"
        )]
        retry_in: Option<Duration>,
    },
}
