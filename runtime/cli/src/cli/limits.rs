//! What a run may use.

use std::time::Duration;

use clap::Args;

use super::some_time;

/// What a run may use.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Limits of a run")]
pub(crate) struct Limits {
    /// CPU time; more than 0
    #[arg(long, env = "HOOKBOX_CPU_TIME", default_value = "5s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) cpu_time: Duration,
    /// Time from start to end; more than 0
    #[arg(long, env = "HOOKBOX_WALL_CLOCK", default_value = "30s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) wall_clock: Duration,
    /// Memory in MiB, 1 to 512
    #[arg(long, env = "HOOKBOX_MEMORY", default_value_t = 256, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=512))]
    pub(crate) memory: u64,
    /// Number of effects
    #[arg(
        long,
        env = "HOOKBOX_EFFECTS",
        default_value_t = 10_000,
        value_name = "N"
    )]
    pub(crate) effects: u64,
    /// Bytes of log
    #[arg(long, env = "HOOKBOX_LOG_BYTES", default_value_t = 1 << 20, value_name = "BYTES")]
    pub(crate) log_bytes: u64,
    /// Calls to the host
    #[arg(
        long,
        env = "HOOKBOX_HOST_CALLS",
        default_value_t = 10_000_000,
        value_name = "N"
    )]
    pub(crate) host_calls: u64,
    /// Reads of the cluster that were granted
    #[arg(
        long,
        env = "HOOKBOX_CLUSTER_READS",
        default_value_t = 1000,
        value_name = "N"
    )]
    pub(crate) cluster_reads: u64,
    /// HTTP requests that were granted
    #[arg(
        long,
        env = "HOOKBOX_HTTP_REQUESTS",
        default_value_t = 100,
        value_name = "N"
    )]
    pub(crate) http_requests: u64,
    /// Bytes of what reads of the cluster and HTTP requests bring and take
    #[arg(long, env = "HOOKBOX_TRANSFER_BYTES", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) transfer_bytes: u64,
}

/// Instances that are kept.
#[derive(Debug, Args, Clone, Copy)]
#[command(next_help_heading = "Limits of a run")]
pub(crate) struct Warm {
    /// Instances kept at once between runs, of hooks with `settings.warmInstance`, at most 64 MiB each; 0: none
    #[arg(long, env = "HOOKBOX_WARM_INSTANCES", default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1000))]
    pub(crate) warm_instances: u32,
}

impl Limits {
    /// The budget that these flags give.
    pub(crate) fn budget(&self) -> hookbox_sandbox::Budget {
        hookbox_sandbox::Budget {
            cpu_time: self.cpu_time,
            wall_clock: self.wall_clock,
            memory: self.memory << 20,
            effects: self.effects,
            log_bytes: self.log_bytes,
            host_calls: self.host_calls,
            cluster_reads: self.cluster_reads,
            http_requests: self.http_requests,
            transfer_bytes: self.transfer_bytes,
            ..hookbox_sandbox::Budget::default()
        }
    }
}
