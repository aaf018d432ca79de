//! What a run may use, and what it used.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one run may use. Every limit is on by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Budget {
    /// CPU time of the guest, instantiation included.
    pub cpu_time: Duration,
    /// Time from start to end, waiting for the host included.
    pub wall_clock: Duration,
    /// Bytes: all linear memories, all tables, and what the host holds of effects and values, added up.
    pub memory: u64,
    /// Number of effects: object patches, values patches and metric operations added up.
    pub effects: u64,
    /// Bytes of JSON in all effects added up.
    pub effect_bytes: u64,
    /// Bytes of log messages, fields, standard output and standard error added up, and 32 for each record and each
    /// field. Standard
    /// output and standard error beyond it are dropped; a structured record beyond it stops the run.
    pub log_bytes: u64,
    /// Number of calls from the guest to the host.
    pub host_calls: u64,
    /// Number of reads of the cluster, a page of a listing each.
    pub cluster_reads: u64,
    /// Number of HTTP requests.
    pub http_requests: u64,
    /// Bytes of all answers of the cluster and of all bodies of HTTP requests and responses added up.
    pub transfer_bytes: u64,
}

impl Budget {
    /// The budget of a call of `describe`, which has nothing to do but to return constants: 2 s of CPU time, 10 s,
    /// 256 MiB (interpreters bring their own heap), no effects, 64 KiB of log.
    #[must_use]
    pub fn describe() -> Self {
        Self {
            cpu_time: Duration::from_secs(2),
            wall_clock: Duration::from_secs(10),
            effects: 0,
            effect_bytes: 0,
            log_bytes: 64 << 10,
            host_calls: 100_000,
            ..Self::default()
        }
    }
}

impl Budget {
    /// The budget of one call of `filter` for many objects: 1 s of CPU time, 10 s, 256 MiB, no effects, results of 16 MiB,
    /// 64 KiB of log, which nobody reads.
    #[must_use]
    pub fn filter() -> Self {
        Self {
            cpu_time: Duration::from_secs(1),
            wall_clock: Duration::from_secs(10),
            effects: 0,
            effect_bytes: 16 << 20,
            log_bytes: 64 << 10,
            host_calls: 100_000,
            ..Self::default()
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            cpu_time: Duration::from_secs(5),
            wall_clock: Duration::from_secs(30),
            memory: 256 << 20,
            effects: 10_000,
            effect_bytes: 32 << 20,
            log_bytes: 1 << 20,
            host_calls: 10_000_000,
            cluster_reads: 1000,
            http_requests: 100,
            transfer_bytes: 64 << 20,
        }
    }
}

/// The limit that a component or a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Limit {
    /// [`Budget::cpu_time`], in milliseconds.
    CpuTime,
    /// [`Budget::wall_clock`], in milliseconds.
    WallClock,
    /// [`Budget::memory`], in bytes.
    Memory,
    /// [`Budget::effects`].
    Effects,
    /// [`Budget::effect_bytes`], in bytes.
    EffectBytes,
    /// [`Budget::log_bytes`], in bytes.
    LogBytes,
    /// [`Budget::host_calls`].
    HostCalls,
    /// [`Budget::cluster_reads`].
    ClusterReads,
    /// [`Budget::http_requests`].
    HttpRequests,
    /// [`Budget::transfer_bytes`], in bytes.
    TransferBytes,
    /// Size of a component file, in bytes.
    ComponentSize,
    /// Time to compile a component, in milliseconds.
    CompileTime,
    /// Depth of the guest's stack, in bytes.
    Stack,
    /// Number of elements of one table.
    TableElements,
    /// Number of things of the host that a run holds at once: contexts, snapshots, streams, timers.
    Handles,
    /// Bytes that the guest passes to the host in one call: the greatest of [`Budget::effect_bytes`],
    /// [`Budget::log_bytes`] and 8 MiB.
    CallBytes,
    /// Number of functions of a component.
    Functions,
    /// Size of one function of a component, in bytes.
    FunctionSize,
    /// Locals of one function, times its blocks: a compiler may have to look at each of the ones in each of the others.
    FunctionWork,
}

impl Limit {
    /// A stable word for the limit, as it is serialised: `cpu-time`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CpuTime => "cpu-time",
            Self::WallClock => "wall-clock",
            Self::Memory => "memory",
            Self::Effects => "effects",
            Self::EffectBytes => "effect-bytes",
            Self::LogBytes => "log-bytes",
            Self::HostCalls => "host-calls",
            Self::ClusterReads => "cluster-reads",
            Self::HttpRequests => "http-requests",
            Self::TransferBytes => "transfer-bytes",
            Self::ComponentSize => "component-size",
            Self::CompileTime => "compile-time",
            Self::Stack => "stack",
            Self::TableElements => "table-elements",
            Self::Handles => "handles",
            Self::CallBytes => "call-bytes",
            Self::Functions => "functions",
            Self::FunctionSize => "function-size",
            Self::FunctionWork => "function-work",
        }
    }

    /// The unit in which the limit counts: `ms`, `bytes`, or nothing for plain numbers.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::CpuTime | Self::WallClock | Self::CompileTime => "ms",
            Self::Memory
            | Self::EffectBytes
            | Self::LogBytes
            | Self::TransferBytes
            | Self::ComponentSize
            | Self::Stack
            | Self::CallBytes
            | Self::FunctionSize => "bytes",
            Self::Effects
            | Self::HostCalls
            | Self::ClusterReads
            | Self::HttpRequests
            | Self::TableElements
            | Self::Handles
            | Self::Functions
            | Self::FunctionWork => "",
        }
    }
}

/// A limit that was come to. Raised inside a host call, it stops the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {limit} limit: {used} of {allowed}")]
pub(crate) struct LimitHit {
    pub(crate) limit: Limit,
    pub(crate) used: u64,
    pub(crate) allowed: u64,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CpuTime => "CPU time",
            Self::WallClock => "wall clock",
            Self::Memory => "memory",
            Self::Effects => "effects",
            Self::EffectBytes => "effect bytes",
            Self::LogBytes => "log bytes",
            Self::HostCalls => "host calls",
            Self::ClusterReads => "cluster reads",
            Self::HttpRequests => "HTTP requests",
            Self::TransferBytes => "transfer bytes",
            Self::ComponentSize => "component size",
            Self::CompileTime => "compile time",
            Self::Stack => "stack",
            Self::TableElements => "table elements",
            Self::Handles => "handles",
            Self::CallBytes => "call bytes",
            Self::Functions => "functions",
            Self::FunctionSize => "function size",
            Self::FunctionWork => "function work",
        })
    }
}

/// What a run used. Its JSON form, the same wherever it is printed or kept, has the units in the names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Usage {
    /// Time from start to end.
    #[serde(rename = "wallClockSeconds", with = "crate::seconds")]
    pub wall_clock: Duration,
    /// Part of it spent making the instance.
    #[serde(rename = "instantiateSeconds", with = "crate::seconds")]
    pub instantiate: Duration,
    /// Time in which the guest held a worker, host calls that did not wait included.
    #[serde(rename = "cpuSeconds", with = "crate::seconds")]
    pub cpu_time: Duration,
    /// Part of the CPU time that the kernel took, for what is no component.
    #[serde(
        rename = "systemSeconds",
        with = "crate::seconds",
        skip_serializing_if = "Duration::is_zero"
    )]
    pub system_time: Duration,
    /// Greatest number of bytes held at once, as [`Budget::memory`] counts.
    #[serde(rename = "memoryBytes")]
    pub memory: u64,
    /// Calls from the guest to the host.
    pub host_calls: u64,
    /// Bytes of log.
    pub log_bytes: u64,
    /// Reads of the cluster.
    #[serde(skip_serializing_if = "is_zero")]
    pub cluster_reads: u64,
    /// HTTP requests.
    #[serde(skip_serializing_if = "is_zero")]
    pub http_requests: u64,
    /// Bytes of all answers of the cluster and of all bodies of HTTP requests and responses.
    #[serde(skip_serializing_if = "is_zero")]
    pub transfer_bytes: u64,
    /// Runs that the instance had before this one: it was kept warm. 0 for a fresh one.
    #[serde(skip_serializing_if = "is_zero")]
    pub earlier_runs: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
