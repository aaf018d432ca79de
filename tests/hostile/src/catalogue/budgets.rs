//! Each number of a budget, overdrawn.

use hookbox_sandbox::Limit;

use super::{ms, patient};
use crate::{Attack, Guest, Must};

pub(super) fn all() -> Vec<Attack> {
    let old = |name, hook, limit, allowed| {
        Attack::by(name, Guest::Old(hook), Must::Stop(limit, Some(allowed)))
    };
    vec![
        old("budget/cpu-time", "loop", Limit::CpuTime, 100).with(|b| b.cpu_time = ms(100)),
        old("budget/wall-clock", "sleep", Limit::WallClock, 100).with(|b| b.wall_clock = ms(100)),
        old("budget/memory", "memory", Limit::Memory, 32 << 20).with(|b| b.memory = 32 << 20),
        old("budget/memory-of-a-run", "memory", Limit::Memory, 512 << 20)
            .with(|b| b.memory = u64::MAX),
        old("budget/effects", "effect-flood", Limit::Effects, 100).with(|b| b.effects = 100),
        old(
            "budget/effect-bytes",
            "effect-flood",
            Limit::EffectBytes,
            100,
        )
        .with(|b| b.effect_bytes = 100),
        old("budget/metrics", "metric-flood", Limit::Effects, 100).with(|b| b.effects = 100),
        old("budget/log-bytes", "log-flood", Limit::LogBytes, 100).with(|b| b.log_bytes = 100),
        old("budget/host-calls", "call-flood", Limit::HostCalls, 1000)
            .with(|b| b.host_calls = 1000),
        old("budget/calls-of-wasi", "wasi-flood", Limit::HostCalls, 1000)
            .with(|b| b.host_calls = 1000),
        old("budget/stack", "recursion", Limit::Stack, 1 << 20),
        old("budget/handles", "hoard-snapshots", Limit::Handles, 4097),
        old(
            "budget/call-bytes",
            "giant-effect",
            Limit::CallBytes,
            32 << 20,
        )
        .with(|b| b.memory = 512 << 20),
        // Reading without end costs CPU time, though the host does the work.
        old("budget/reading", "range-flood", Limit::CpuTime, 200).with(|b| b.cpu_time = ms(200)),
        Attack::new(
            "budget/opening",
            "churned",
            Must::Stop(Limit::CpuTime, Some(200)),
        )
        .with(|b| b.cpu_time = ms(200)),
        // Printing is cut off and never stops a run: a language's own words must not make it panic.
        Attack::by("budget/printing", Guest::Old("print-flood"), Must::Nothing)
            .with(|b| b.log_bytes = 10_000)
            .with(patient),
    ]
}
