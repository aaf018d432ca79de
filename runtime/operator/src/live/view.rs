//! What the live commands show: the JSON of their answers. Where shell-operator has the same answer, its fields have the
//! same names; ours are more.

use std::borrow::Cow;

use hookbox_sandbox::{LogRecord, Usage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::runs::Outcome;
use crate::event::RunReason;

/// All queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuesDump {
    /// Queues with tasks: `main` first, the others by name.
    pub active: Vec<QueueDump>,
    /// Queues without tasks, where they are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<QueueDump>,
    /// How many there are.
    pub summary: QueueSummary,
}

/// How many queues and tasks there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSummary {
    /// Tasks in `main`.
    pub main_queue_tasks: usize,
    /// The others.
    pub other_queues: OtherQueues,
    /// Tasks in all queues.
    pub total_tasks: usize,
}

/// How many queues there are beside `main`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherQueues {
    /// Those with tasks.
    pub active: usize,
    /// Those without.
    pub empty: usize,
    /// Tasks in them.
    pub tasks: usize,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueDump {
    /// Its name.
    pub name: String,
    /// How many tasks it has.
    pub tasks_count: usize,
    /// What it is at, such as `run first task` or `sleep after fail for 5s (3s left of 5s delay)`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Its tasks, the one being done first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskDump>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskDump {
    /// Its place, from 1.
    pub index: usize,
    /// What it is, as shell-operator writes it: `HookRun:main:kubernetes:hook:binding`.
    pub description: String,
    /// `HookRun`, `EnableKubernetesBindings` or `EnableScheduleBindings`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The hook.
    pub hook: String,
    /// The bindings that it runs for, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<String>,
    /// Binding contexts that the run will get, as of now.
    pub contexts: usize,
    /// How often it failed.
    pub failures: u32,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Since when it waits.
    pub waiting_seconds: f64,
}

/// One hook in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookView {
    /// Its name.
    pub name: String,
    /// What its source is called.
    pub source: String,
    /// `component`, or `native` for one outside of a sandbox.
    pub program: String,
    /// Its bindings: `kubernetes/pods`.
    pub bindings: Vec<String>,
    /// Objects in its snapshots.
    pub objects: usize,
    /// Bytes of its snapshots. An object that bindings of several hooks hold is in memory once, and counted for each.
    #[serde(default)]
    pub bytes: usize,
    /// Its snapshots, in the order of its configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub snapshots: Vec<SnapshotView>,
    /// Runs since the start.
    pub runs: u64,
    /// Runs that failed since the start.
    pub failures: u64,
    /// Its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// What its configuration wants and it is not granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_granted: Vec<String>,
    /// In a few words, how it is: `ready`, `running`, `failing`, `waiting` or `not enabled`.
    pub state: String,
}

/// How large a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotView {
    /// Name of the binding.
    pub binding: String,
    /// Its objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// The last run of a hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its number.
    pub run: u64,
    /// Its queue; empty for a webhook.
    pub queue: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// When it ended.
    pub finished: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// A stable word for its error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What it was refused because it was not granted, each with the grant to ask for: the first of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_grants: Vec<String>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Its number.
    pub run: u64,
    /// Its id in the journal.
    pub id: String,
    /// The hook.
    pub hook: String,
    /// The queue; empty for a webhook.
    pub queue: String,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// Why it runs: the first of its binding contexts.
    pub reasons: Vec<RunReason>,
    /// How many binding contexts there are.
    pub contexts: usize,
    /// When it began.
    pub started: Timestamp,
    /// How it ended; `running` while it has not.
    pub outcome: Outcome,
    /// How it ended, in full.
    #[serde(default, skip_serializing_if = "Option::is_none", flatten)]
    pub end: Option<RunEnd>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEnd {
    /// When.
    pub finished: Timestamp,
    /// A stable word for its error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Its error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What it used.
    pub usage: Usage,
    /// How many effects it asked for.
    pub effects: EffectCounts,
    /// What became of its object patches: the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<PatchView>,
    /// Metric operations that were dropped, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics_dropped: Vec<String>,
    /// What it was refused because it was not granted, each with the grant to ask for: the first of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_grants: Vec<String>,
    /// The end of its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogRecord>,
    /// Records of its log that are left out here; the journal has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub log_left_out: usize,
}

/// How many effects a run asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EffectCounts {
    /// Object patches.
    pub object_patches: usize,
    /// Metric operations.
    pub metrics: usize,
    /// Patches of values and config values.
    pub values: usize,
}

/// What became of one object patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchView {
    /// The operation, such as `CreateOrUpdate`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The object: `ConfigMap default/greetings`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What was done to it in the end, such as `Created`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// A stable word for why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a hook did or did not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The hook.
    pub hook: String,
    /// What its source is called.
    pub source: String,
    /// What there is to say, the most telling first.
    pub why: Vec<String>,
    /// Its tasks in queues.
    pub tasks: Vec<WaitingTask>,
    /// How often it may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// What its configuration wants and it is not granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_granted: Vec<String>,
    /// Its bindings.
    pub bindings: Vec<BindingView>,
}

/// A task and where it waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingTask {
    /// The queue.
    pub queue: String,
    /// What the queue is at.
    pub status: String,
    /// Seconds until the queue goes on, where it waits for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues_in_seconds: Option<f64>,
    /// The task.
    #[serde(flatten)]
    pub task: TaskDump,
    /// The task at the head of the queue, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Box<TaskDump>>,
}

/// How often a hook may run (`settings`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// One run in so many seconds.
    pub interval_seconds: f64,
    /// Runs that may go at once.
    pub burst: u32,
    /// Seconds until the next run may begin; 0 when it may at once.
    pub next_in_seconds: f64,
}

/// One binding and what happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingView {
    /// `onStartup`, `schedule`, `kubernetes`, `kubernetesValidating`, `kubernetesMutating` or
    /// `kubernetesCustomResourceConversion`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it waits for: a crontab, a kind.
    pub on: String,
    /// How it is, in a few words: `enabled`, `not enabled`, `waiting for its Synchronization` and so on.
    pub state: String,
    /// Why it is not enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Objects in its snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<usize>,
    /// Bytes of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Changes that are put aside until its Synchronization succeeded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub put_aside: usize,
    /// When it fires next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What came of all that happened since the start.
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    pub tally: Tally,
    /// What happened last, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last: Vec<Happening>,
}

/// What came of what happened to a binding since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tally {
    /// The hook runs for it.
    pub fired: u64,
    /// Put aside: the Synchronization shows it, or the hook runs for it later.
    pub put_aside: u64,
    /// Nothing: what counts did not change.
    pub unchanged: u64,
    /// Nothing: the binding does not want such changes.
    pub not_wanted: u64,
    /// Nothing: the filter failed on the object.
    pub filter_failed: u64,
    /// Nothing: the snapshots that belong to the schedule were not known.
    pub skipped: u64,
    /// Requests that a webhook lets go on.
    pub allowed: u64,
    /// Requests that it does not.
    pub denied: u64,
    /// Objects that were converted.
    #[serde(default)]
    pub converted: u64,
    /// Objects that should have been.
    #[serde(default)]
    pub not_converted: u64,
}

impl Tally {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that happened to a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// When.
    pub time: Timestamp,
    /// `Added`, `Modified`, `Deleted`, `Filter`, `Tick` or `Review`; of a conversion, both versions.
    pub what: Cow<'static, str>,
    /// The object: `namespace/name`; of a conversion, how many objects of which definition.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// What came of it: `fired`, `put-aside`, `unchanged`, `not-wanted`, `filter-failed`, `skipped`, `allowed`, `denied`,
    /// `converted`, or why a webhook gave no answer.
    pub outcome: Cow<'static, str>,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}
