//! What is recorded of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use hookbox_sandbox::effects::ObjectRef;
use hookbox_sandbox::{
    Effects, HttpRecord, JsonText, LogRecord, ReadAnswer, ReadRecord, Retry, RunError, RunInput,
    Usage, contexts_within,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::redact::{self, Redactor};
use crate::api::chain;
use crate::apply::{self, Verb};

/// Version of the record's form. Fields may be added without a new one.
const VERSION: u32 = 1;

/// When things happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// The oldest of its tasks came into the queue.
    pub queued: Timestamp,
    /// The run began.
    pub started: Timestamp,
    /// All was done, effects applied.
    pub finished: Timestamp,
}

/// Whether a run did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// It ran and all its effects were applied.
    Success,
    /// The run itself failed; it has no effects.
    RunFailed,
    /// The gate refused its effects; none was applied.
    EffectsRefused,
    /// Some of its effects could not be applied.
    EffectsFailed,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// Whether it did what it should.
    pub outcome: RunOutcome,
    /// A stable word for what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What went wrong, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the hook advised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The binding has `allowFailure`, so that the failure counts as done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowed_to_fail: bool,
}

impl RunResult {
    /// All went well.
    #[must_use]
    pub fn success() -> Self {
        Self {
            outcome: RunOutcome::Success,
            code: None,
            message: None,
            retry: None,
            allowed_to_fail: false,
        }
    }

    /// The run failed.
    #[must_use]
    pub fn run_failed(error: &RunError) -> Self {
        let retry = match error {
            RunError::Failed(failure) => Some(failure.retry),
            _ => None,
        };
        Self {
            retry,
            ..Self::failed(RunOutcome::RunFailed, error.code(), chain(error))
        }
    }

    /// The gate refused the run's effects.
    #[must_use]
    pub fn refused(error: &apply::GateError) -> Self {
        Self::failed(RunOutcome::EffectsRefused, error.code(), chain(error))
    }

    /// Effects could not be applied.
    #[must_use]
    pub fn effects_failed(errors: &apply::WriteErrors<'_>) -> Self {
        Self::failed(RunOutcome::EffectsFailed, errors.code(), errors.to_string())
    }

    fn failed(outcome: RunOutcome, code: &str, message: String) -> Self {
        Self {
            outcome,
            code: Some(code.to_owned()),
            message: Some(message),
            ..Self::success()
        }
    }
}

/// What became of one object patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchRecord {
    /// Which object patch of the run, from 0.
    pub index: usize,
    /// The operation, such as `CreateOrUpdate`.
    pub operation: String,
    /// The object.
    pub object: ObjectRef,
    /// What was done in the end; none when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    /// Whether the object is different now.
    #[serde(default)]
    pub changed: bool,
    /// A stable word for what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What went wrong, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl PatchRecord {
    /// The records of a run's object patches.
    #[must_use]
    pub fn of(outcome: &apply::Outcome) -> Vec<Self> {
        let record =
            |(index, result): (usize, &Result<apply::Applied, apply::WriteError>)| match result {
                Ok(applied) => Self {
                    index,
                    operation: applied.operation.clone(),
                    object: applied.object.clone(),
                    verb: Some(applied.verb),
                    changed: applied.changed,
                    code: None,
                    error: None,
                },
                Err(error) => Self {
                    index,
                    operation: error.operation.to_owned(),
                    object: error.object.clone(),
                    verb: None,
                    changed: false,
                    code: Some(error.code().to_owned()),
                    error: Some(chain(error)),
                },
            };
        outcome.results.iter().enumerate().map(record).collect()
    }
}

/// A run to be recorded. Large parts are shared with the run, not copied; the journal's thread renders them.
#[derive(Debug, Clone)]
pub struct RunEntry {
    /// Unique in the journal.
    pub id: String,
    /// Name of the hook.
    pub hook: String,
    /// Name of the queue.
    pub queue: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Digest of the component.
    pub component: String,
    /// What the run was given.
    pub input: RunInput,
    /// Bindings that watch Secrets: their filter results are secrets too.
    pub secret_bindings: BTreeSet<String>,
    /// What it asked for; none when it failed.
    pub effects: Option<Arc<Effects>>,
    /// Object patches of a failed run that were to be applied all the same.
    pub surviving: Option<Arc<Effects>>,
    /// What became of its object patches.
    pub patches: Vec<PatchRecord>,
    /// How it ended.
    pub result: RunResult,
    /// What it logged.
    pub log: Arc<[LogRecord]>,
    /// When.
    pub timings: Timings,
    /// What it used.
    pub usage: Usage,
    /// What it read of the cluster and was answered.
    pub reads: Vec<ReadRecord>,
    /// The HTTP requests that it made.
    pub requests: Vec<HttpRecord>,
    /// What it was refused because it was not granted.
    pub missing_grants: Vec<String>,
}

impl RunEntry {
    /// Bytes that this entry keeps from being freed, snapshots left out because they are shared.
    pub(super) fn weight(&self) -> u64 {
        let effects = [&self.effects, &self.surviving];
        let effects: usize = effects
            .into_iter()
            .map(|e| e.as_deref().map_or(0, apply::json_bytes))
            .sum();
        let log: usize = self
            .log
            .iter()
            .map(|r| {
                r.message.len()
                    + r.fields
                        .iter()
                        .map(|(k, v)| k.len() + v.len())
                        .sum::<usize>()
            })
            .sum();
        let reads = self.reads.iter().map(|record| match &record.answer {
            Ok(answer) => answer.bytes().saturating_add(512),
            Err(_) => 512,
        });
        let requests = (self.requests.len() as u64).saturating_mul(256);
        (effects.saturating_add(log) as u64)
            .saturating_add(reads.fold(requests, u64::saturating_add))
            .saturating_add(1024)
    }

    /// The record, as JSON text without a line feed, of at most `limit` bytes where that can be.
    pub(super) fn render(
        &self,
        redactor: Option<&Redactor>,
        limit: usize,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut record = self.record(redactor, limit)?;
        let mut text = serde_json::to_vec(&record)?;
        for part in ["contexts", "reads", "effects", "survivingPatches", "log"] {
            if text.len() <= limit {
                break;
            }
            match part {
                "contexts" if record.contexts.is_null() => continue,
                "contexts" => record.contexts = Json::default(),
                "reads" if record.reads.is_empty() => continue,
                "reads" => record.reads.clear(),
                "effects" if record.surviving_patches.is_some() => continue,
                "effects" => record.effects = None,
                "survivingPatches" if record.surviving_patches.is_none() => continue,
                "survivingPatches" => record.surviving_patches = None,
                _ => record.log.clear(),
            }
            record.left_out.push(part.to_owned());
            text = serde_json::to_vec(&record)?;
        }
        Ok(text)
    }

    fn record(
        &self,
        redactor: Option<&Redactor>,
        limit: usize,
    ) -> Result<RunRecord, serde_json::Error> {
        // A snapshot may be much larger than any record.
        let contexts = contexts_within(&self.input, limit as u64);
        let left_out = match contexts {
            Some(_) => Vec::new(),
            None => vec!["contexts".to_owned()],
        };
        let contexts = contexts.map(|texts| self.contexts(texts, redactor));
        let contexts = contexts.transpose()?.unwrap_or_default();
        let json = |effects: &Option<Arc<Effects>>| {
            effects.as_deref().map(serde_json::to_value).transpose()
        };
        let (mut effects, mut surviving) = (json(&self.effects)?, json(&self.surviving)?);
        if let Some(redactor) = redactor {
            for effects in [&mut effects, &mut surviving].into_iter().flatten() {
                redactor.effects(effects);
            }
        }
        // A hook that belongs to no module has none.
        let given = |value: &Arc<Value>| match &**value {
            Value::Null => None,
            Value::Object(map) if map.is_empty() => None,
            some => Some(some.clone()),
        };
        Ok(RunRecord {
            version: VERSION,
            id: self.id.clone(),
            time: self.timings.started,
            hook: self.hook.clone(),
            queue: self.queue.clone(),
            attempt: self.attempt,
            component: self.component.clone(),
            result: self.result.clone(),
            contexts,
            values: given(&self.input.values),
            config_values: given(&self.input.config_values),
            effects,
            surviving_patches: surviving
                .as_mut()
                .and_then(|effects| effects.get_mut("objectPatches"))
                .map(Value::take),
            patches: self.patches.clone(),
            log: self.log.to_vec(),
            timings: self.timings.clone(),
            usage: self.usage.clone(),
            reads: self.reads(redactor),
            requests: self.requests.clone(),
            missing_grants: self.missing_grants.clone(),
            left_out,
        })
    }

    /// The reads, without the data of Secrets.
    fn reads(&self, redactor: Option<&Redactor>) -> Vec<ReadRecord> {
        let mut reads = self.reads.clone();
        let Some(redactor) = redactor else {
            return reads;
        };
        let redacted = |text: &JsonText| match serde_json::from_str::<Value>(text) {
            Ok(mut object) => {
                redactor.object(&mut object);
                let shown = object.to_string();
                // As it is, where nothing was taken out: numbers of any size stay whole.
                match shown.contains(redact::MARK) {
                    true => shown.into(),
                    false => text.clone(),
                }
            }
            Err(_) => text.clone(),
        };
        for record in &mut reads {
            match &mut record.answer {
                Ok(ReadAnswer::Object(Some(object))) => *object = redacted(object),
                Ok(ReadAnswer::Page(page)) => {
                    for object in &mut page.objects {
                        *object = redacted(object);
                    }
                }
                _ => {}
            }
        }
        reads
    }

    /// The contexts as one array. Each stays as it is written, numbers of any size included, unless something has to be
    /// taken out of it.
    fn contexts(
        &self,
        texts: Vec<String>,
        redactor: Option<&Redactor>,
    ) -> Result<Json, serde_json::Error> {
        let mut array = String::from("[");
        for text in texts {
            if array.len() > 1 {
                array.push(',');
            }
            // Every part comes from the host; one that is not JSON is shown as null rather than losing the others.
            let mut one = Value::Array(vec![serde_json::from_str(&text).unwrap_or_default()]);
            if let Some(redactor) = redactor {
                redactor.contexts(&mut one, &self.secret_bindings);
            }
            let shown = one.get(0).map(Value::to_string).unwrap_or_default();
            let changed = shown == "null" || shown.contains(redact::MARK);
            let as_it_is = !changed && !text.contains('\n');
            array.push_str(if as_it_is { &text } else { &shown });
        }
        array.push(']');
        RawValue::from_string(array).map(Json)
    }
}

/// A JSON document as text, so that numbers of any size stay whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Json {
    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// As a tree, in which numbers of more than 64 bits are rounded.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }
}

/// A record as it is in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// Version of the form: 1.
    pub version: u32,
    /// Unique in the journal.
    pub id: String,
    /// When the run began.
    pub time: Timestamp,
    /// Name of the hook.
    pub hook: String,
    /// Name of the queue.
    pub queue: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Digest of the component.
    pub component: String,
    /// How it ended.
    pub result: RunResult,
    /// The binding contexts, in shell-operator's JSON; null when left out.
    #[serde(default)]
    pub contexts: Json,
    /// The module's values; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Value>,
    /// The module's config values; none when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_values: Option<Value>,
    /// What the run asked for: the JSON form of [`Effects`]; none when it failed or when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<Value>,
    /// Object patches of a failed run that were to be applied all the same (`ignoreHookError`), a list as in the
    /// effects; none when there are none or when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surviving_patches: Option<Value>,
    /// What became of its object patches: those of the effects, or those that survived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<PatchRecord>,
    /// What it logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogRecord>,
    /// When.
    pub timings: Timings,
    /// What it used.
    pub usage: Usage,
    /// What it read of the cluster and was answered, in this order: what a replay answers it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<ReadRecord>,
    /// The HTTP requests that it made, without queries, headers and bodies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<HttpRecord>,
    /// What it was refused because it was not granted, each with the grant to ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_grants: Vec<String>,
    /// Parts that were left out because the record was too great.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}
