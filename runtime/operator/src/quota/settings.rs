//! What a tenant may use over time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Size, Span};

/// What a tenant may use over time, all of its hooks together. What is not given has its default.
///
/// Each amount is there at once at the beginning, and comes back evenly. Zero allows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct QuotaSettings {
    /// CPU time of runs and filters in a minute. Default 30s.
    pub cpu_per_minute: Span,
    /// Runs in a minute. Default 600.
    pub runs_per_minute: u32,
    /// Effects (object patches, values patches and metric operations) in a minute. Default 6000.
    pub effects_per_minute: u32,
    /// Requests to the API server in a minute, for patches and granted reads. Default 3000.
    pub api_calls_per_minute: u32,
    /// Bytes of log in a minute. Default 4Mi.
    pub log_bytes_per_minute: Size,
    /// Bytes that all snapshots may hold at a time. Default 256Mi.
    pub snapshot_bytes: Size,
    /// Time for compiling components in an hour. Default 10m.
    pub compile_time_per_hour: Span,
}

impl Default for QuotaSettings {
    fn default() -> Self {
        Self {
            cpu_per_minute: Span(Duration::from_secs(30)),
            runs_per_minute: 600,
            effects_per_minute: 6000,
            api_calls_per_minute: 3000,
            log_bytes_per_minute: Size(4 << 20),
            snapshot_bytes: Size(256 << 20),
            compile_time_per_hour: Span(Duration::from_secs(600)),
        }
    }
}

/// What a quota counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Resource {
    /// [`QuotaSettings::cpu_per_minute`], in nanoseconds.
    Cpu,
    /// [`QuotaSettings::runs_per_minute`].
    Runs,
    /// [`QuotaSettings::effects_per_minute`].
    Effects,
    /// [`QuotaSettings::api_calls_per_minute`].
    ApiCalls,
    /// [`QuotaSettings::log_bytes_per_minute`].
    LogBytes,
    /// [`QuotaSettings::snapshot_bytes`].
    SnapshotBytes,
    /// [`QuotaSettings::compile_time_per_hour`], in nanoseconds.
    CompileTime,
}

impl Resource {
    /// A stable word for it: `cpu`, `runs`, `effects`, `api-calls`, `log-bytes`, `snapshot-bytes`, `compile-time`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Runs => "runs",
            Self::Effects => "effects",
            Self::ApiCalls => "api-calls",
            Self::LogBytes => "log-bytes",
            Self::SnapshotBytes => "snapshot-bytes",
            Self::CompileTime => "compile-time",
        }
    }

    /// Its field in [`QuotaSettings`].
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Cpu => "cpuPerMinute",
            Self::Runs => "runsPerMinute",
            Self::Effects => "effectsPerMinute",
            Self::ApiCalls => "apiCallsPerMinute",
            Self::LogBytes => "logBytesPerMinute",
            Self::SnapshotBytes => "snapshotBytes",
            Self::CompileTime => "compileTimePerHour",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_given_has_its_default() {
        let given = json!({"cpuPerMinute": "1m", "snapshotBytes": 1024});
        let settings: QuotaSettings = serde_json::from_value(given).unwrap();
        let expected = QuotaSettings {
            cpu_per_minute: Span(Duration::from_secs(60)),
            snapshot_bytes: Size(1024),
            ..QuotaSettings::default()
        };
        assert_eq!(settings, expected);
        for wrong in [
            json!({"runs": 1}),
            json!({"runsPerMinute": -1}),
            json!({"cpuPerMinute": 30}),
            json!({"snapshotBytes": "1 MB"}),
        ] {
            assert!(serde_json::from_value::<QuotaSettings>(wrong).is_err());
        }
    }
}
