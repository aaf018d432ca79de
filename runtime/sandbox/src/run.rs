//! What comes out of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::budget::LimitHit;
use crate::{Effects, HttpRecord, Limit, ObjectPatch, ReadRecord, Usage};

/// A hook as its component describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookDefinition {
    /// Name, unique in the component.
    pub name: String,
    /// The configuration document, JSON or YAML text. Not checked by this crate.
    pub config: String,
}

/// What to do with a run that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// Again, after the queue's growing pause.
    #[default]
    BackOff,
    /// Again, after this time, at most a day.
    #[serde(rename = "afterSeconds", with = "crate::seconds")]
    After(Duration),
    /// Not again.
    Never,
}

/// The error that a hook returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookError {
    /// What went wrong, in the hook's words.
    pub message: String,
    /// Whether to try again.
    pub retry: Retry,
}

/// How much a log record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Detail.
    Debug,
    /// As expected. Lines of standard output have this level.
    Info,
    /// Worth a look. Lines of standard error have this level.
    Warn,
    /// Wrong.
    Error,
}

/// One record of a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// How much it matters.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// Fields, in the hook's order. In JSON a map, in which a name that was given twice has its last value.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "fields")]
    pub fields: Vec<(String, String)>,
}

/// The JSON form of a record's fields.
mod fields {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        fields: &[(String, String)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // What the map holds twice no reader of JSON could tell apart.
        let map: BTreeMap<&str, &str> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        serializer.collect_map(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        let map = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(map.into_iter().collect())
    }
}

/// Why a run gave no effects.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The hook said that it failed.
    #[error("{}", .0.message)]
    Failed(HookError),
    /// The run came to a limit and was stopped.
    #[error("stopped at the {limit} limit: {used} of {allowed}{space}{unit}", unit = .limit.unit(), space = if .limit.unit().is_empty() { "" } else { " " })]
    Limit {
        /// Which one.
        limit: Limit,
        /// What was used or asked for, in the unit of the limit.
        used: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The guest trapped: a panic, an abort, an impossible value at the boundary.
    #[error("the component trapped: {message}")]
    Trap {
        /// What and where.
        message: String,
    },
    /// The component has no hook of this name.
    #[error("the component has no hook `{0}`")]
    NoSuchHook(String),
    /// The host could not make an instance.
    #[error("no instance could be made: {0}")]
    Instantiate(String),
    /// What `describe` returned is not a list of hooks as the contract has it.
    #[error("the component describes its hooks wrongly: {0}")]
    Description(String),
    /// What the hook answered is not as the contract has it.
    #[error("the hook answered wrongly: {0}")]
    Answer(String),
    /// Whoever runs the hook ended the run before it was done.
    #[error("the run was ended: {0}")]
    Ended(&'static str),
    /// The component does not export what the binding needs.
    #[error("the component does not export `hookbox:hook/{0}`")]
    NoExport(&'static str),
}

impl RunError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(_) => "hook-failed",
            Self::Limit { .. } => "limit",
            Self::Trap { .. } => "trap",
            Self::NoSuchHook(_) => "no-such-hook",
            Self::Instantiate(_) => "instantiate",
            Self::Description(_) => "description",
            Self::Answer(_) => "answer",
            Self::NoExport(_) => "no-export",
            Self::Ended(_) => "ended",
        }
    }
}

impl From<LimitHit> for RunError {
    fn from(hit: LimitHit) -> Self {
        Self::Limit {
            limit: hit.limit,
            used: hit.used,
            allowed: hit.allowed,
        }
    }
}

/// One finished run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The effects, or why there are none.
    pub result: Result<Effects, RunError>,
    /// Patches of a failed run that are to be applied all the same: those of the `status` subresource that the hook
    /// marked with `ignore-hook-error`. Empty when the run succeeded.
    pub surviving: Vec<ObjectPatch>,
    /// What it logged, as far as the budget went.
    pub log: Vec<LogRecord>,
    /// What it used.
    pub usage: Usage,
    /// What it read of the cluster and was answered, in this order.
    pub reads: Vec<ReadRecord>,
    /// The HTTP requests that it made, in the order in which they came to an end; 1000 at most.
    pub requests: Vec<HttpRecord>,
    /// What it was refused because no grant covers it, each with the words of the grant to ask for; 20 at most.
    pub missing_grants: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_run_used_has_its_units_in_the_names() {
        let usage = Usage {
            wall_clock: Duration::from_nanos(1_234_567_891),
            instantiate: Duration::from_micros(12),
            cpu_time: Duration::from_millis(300),
            system_time: Duration::ZERO,
            memory: 65536,
            host_calls: 7,
            log_bytes: 5,
            ..Usage::default()
        };
        let form = json!({
            "wallClockSeconds": 1.234567891, "instantiateSeconds": 0.000012, "cpuSeconds": 0.3,
            "memoryBytes": 65536, "hostCalls": 7, "logBytes": 5,
        });
        assert_eq!(serde_json::to_value(&usage).unwrap(), form);
        assert_eq!(serde_json::from_value::<Usage>(form).unwrap(), usage);
        let negative = json!({"cpuSeconds": -1.0});
        assert!(serde_json::from_value::<Usage>(negative).is_err());
    }

    #[test]
    fn fields_are_a_map_in_which_the_last_value_counts() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let record = LogRecord {
            level: LogLevel::Warn,
            message: "hello".into(),
            fields: vec![pair("b", "1"), pair("a", "2"), pair("b", "3")],
        };
        let form = json!({"level": "warn", "message": "hello", "fields": {"a": "2", "b": "3"}});
        assert_eq!(serde_json::to_value(&record).unwrap(), form);
        let read: LogRecord = serde_json::from_value(form).unwrap();
        assert_eq!(read.fields, [pair("a", "2"), pair("b", "3")]);
        let bare = json!({"level": "info", "message": "x"});
        let read: LogRecord = serde_json::from_value(bare.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), bare);
    }

    #[test]
    fn retry_advice_has_its_unit_too() {
        for (retry, form) in [
            (Retry::BackOff, json!("back-off")),
            (
                Retry::After(Duration::from_millis(90_500)),
                json!({"afterSeconds": 90.5}),
            ),
            (Retry::Never, json!("never")),
        ] {
            assert_eq!(serde_json::to_value(retry).unwrap(), form);
            assert_eq!(serde_json::from_value::<Retry>(form).unwrap(), retry);
        }
    }
}
