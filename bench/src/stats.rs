//! Samples and their spread.

use std::fmt;
use std::time::Duration;

/// Numbers of one kind, in the order in which they were measured.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// Those of another series, behind these.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A time, in microseconds.
    pub(crate) fn push_time(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1e6);
    }

    /// The value below which `share` (0 to 1) of the samples are.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let index = (share * last as f64).round() as usize;
        sorted.get(index.min(last)).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Medians of ten equal parts of the run, to tell noise from drift.
    pub(crate) fn parts(&self) -> Vec<f64> {
        let part = (self.0.len() / 10).max(1);
        let parts = self.0.chunks(part);
        parts.map(|part| Self(part.to_vec()).median()).collect()
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, p50, p90, p99, max] =
            [0.0, 0.5, 0.9, 0.99, 1.0].map(|share| self.quantile(share));
        let n = self.0.len();
        write!(
            f,
            "min {min:>8.1}  p50 {p50:>8.1}  p90 {p90:>8.1}  p99 {p99:>8.1}  max {max:>8.1}  n {n}"
        )
    }
}

/// How two series that were measured in turn compare: the ratio of their medians, and its range over ten parts.
pub(crate) fn ratio(ours: &Samples, theirs: &Samples) -> String {
    let mut parts = Samples::default();
    for (ours, theirs) in ours.parts().iter().zip(theirs.parts()) {
        parts.push(ours / theirs);
    }
    let (low, high) = (parts.quantile(0.0), parts.quantile(1.0));
    format!(
        "{:.2} ({low:.2} to {high:.2} in ten parts)",
        ours.median() / theirs.median()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_ratios() {
        let (mut a, mut b) = (Samples::default(), Samples::default());
        for n in 0..=100 {
            a.push(f64::from(n));
            b.push(f64::from(n) * 2.0);
        }
        assert_eq!(
            (a.quantile(0.0), a.median(), a.quantile(1.0)),
            (0.0, 50.0, 100.0)
        );
        assert!(ratio(&b, &a).starts_with("2.00"));
        assert!(Samples::default().median().is_nan());
    }
}
