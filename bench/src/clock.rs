//! The one place that reads the time and what this process uses.

use std::time::{Duration, Instant};

/// Now.
#[allow(
    clippy::disallowed_methods,
    reason = "a benchmark measures real time; this is the one place"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// CPU time of this process so far, user and system, in steps of 10 ms.
pub(crate) fn cpu_time() -> Duration {
    ticks("self", 2)
}

/// CPU time of a process so far and of all that it started and that are gone, user and system, in steps of 10 ms.
pub(crate) fn cpu_time_of(process: u32) -> Duration {
    ticks(&process.to_string(), 4)
}

fn ticks(process: &str, fields: usize) -> Duration {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else {
        return Duration::ZERO;
    };
    // Fields after the parenthesised name; utime, stime, cutime and cstime are the 14th to 17th of the line.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return Duration::ZERO;
    };
    let fields = rest.split_whitespace().skip(11).take(fields);
    let ticks: u64 = fields.filter_map(|t| t.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// From now on `VmHWM` is the most since now.
pub(crate) fn reset_peak() {
    // Where it cannot be, the peak is that of the whole process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Memory of this process in bytes: `VmRSS` (resident), `RssAnon` (of it not from files), `VmHWM` (the most so far).
pub(crate) fn memory(field: &str) -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.trim_start_matches(':').split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib << 10)
}
