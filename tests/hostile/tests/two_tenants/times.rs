//! How long runs take.

use std::fmt;
use std::time::Duration;

/// What the neighbour's runs took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times {
    /// The runs themselves.
    pub(crate) runs: Vec<Duration>,
    /// From before the change to after what the run asked for was written.
    pub(crate) ways: Vec<Duration>,
    /// Runs of the attacker that ended between two of its own, at most.
    pub(crate) between: usize,
}

impl Times {
    pub(crate) fn extend(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.ways.extend(other.ways);
        self.between = self.between.max(other.between);
    }
}

/// Median, 95th of a hundred, and the range, in milliseconds.
fn spread(times: &[Duration]) -> String {
    let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get(times.len() * part / 100).copied();
    let (Some(low), Some(middle), Some(most), Some(high)) =
        (at(0), at(50), at(95), times.last().copied())
    else {
        return "none".to_owned();
    };
    format!("median {middle:.1} ms, p95 {most:.1} ms, {low:.1} to {high:.1} ms")
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs ({}); way ({}); at most {} of the attacker's between two",
            self.runs.len(),
            spread(&self.runs),
            spread(&self.ways),
            self.between
        )
    }
}
