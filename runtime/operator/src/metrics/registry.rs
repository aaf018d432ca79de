//! Families of series, and how they are written.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::labels::Labels;
use super::text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    Histogram,
}

impl Type {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A series' state. Not generic over its type: a family has one type, and mixing is refused before.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Histogram {
        /// Observations in each bucket alone, the last one those above all bounds.
        counts: Vec<u64>,
        sum: f64,
    },
}

/// One series with its owner.
#[derive(Debug, Clone)]
pub(super) struct Series<O> {
    pub(super) owner: O,
    pub(super) value: Value,
}

/// Upper bounds of a histogram that is given an empty list of them: those of Prometheus' Go client.
const DEFAULT_BOUNDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// All series of one name.
#[derive(Debug)]
pub(super) struct Family<O> {
    pub(super) kind: Type,
    pub(super) help: String,
    /// Upper bounds: sorted, finite, each once.
    pub(super) bounds: Arc<[f64]>,
    /// All label names that were ever used. A series without one of them has it empty (BEHAVIOUR C2).
    pub(super) label_names: BTreeSet<String>,
    /// Empty values are left out of labels that hooks choose: an empty label is the same as none.
    pub(super) series: BTreeMap<Labels, Series<O>>,
}

impl<O> Family<O> {
    pub(super) fn new(kind: Type, help: impl Into<String>, bounds: &[f64]) -> Self {
        let mut bounds: Vec<f64> = bounds.iter().copied().filter(|b| b.is_finite()).collect();
        if kind == Type::Histogram && bounds.is_empty() {
            bounds.extend(DEFAULT_BOUNDS);
        }
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        Self {
            kind,
            help: help.into(),
            bounds: bounds.into(),
            label_names: BTreeSet::new(),
            series: BTreeMap::new(),
        }
    }

    /// The series with these labels, where it is there.
    pub(super) fn known(&mut self, labels: &Labels) -> Option<&mut Series<O>> {
        self.series.get_mut(labels)
    }

    /// The series with these labels, made with `owner` where it is not there.
    pub(super) fn series(&mut self, labels: Labels, owner: impl FnOnce() -> O) -> &mut Series<O> {
        match self.series.entry(labels) {
            Entry::Occupied(series) => series.into_mut(),
            Entry::Vacant(place) => {
                for (name, _) in place.key().pairs() {
                    if !self.label_names.contains(name) {
                        self.label_names.insert(name.to_owned());
                    }
                }
                let value = match self.kind {
                    Type::Counter | Type::Gauge => Value::Number(0.0),
                    Type::Histogram => Value::Histogram {
                        counts: vec![0; self.bounds.len() + 1],
                        sum: 0.0,
                    },
                };
                place.insert(Series {
                    owner: owner(),
                    value,
                })
            }
        }
    }

    pub(super) fn write(&self, out: &mut String, name: &str) {
        if self.series.is_empty() {
            return;
        }
        text::head(out, name, &self.help, self.kind.name());
        self.write_samples(out, name);
    }

    /// The series alone.
    pub(super) fn write_samples(&self, out: &mut String, name: &str) {
        for (labels, series) in &self.series {
            let pairs = || {
                self.label_names
                    .iter()
                    .map(|n| (n.as_str(), labels.get(n).unwrap_or_default()))
            };
            match &series.value {
                Value::Number(value) => text::sample(out, name, "", pairs(), None, *value),
                Value::Histogram { counts, sum } => {
                    let mut total = 0_u64;
                    for (count, bound) in counts
                        .iter()
                        .zip(self.bounds.iter().copied().chain([f64::INFINITY]))
                    {
                        total = total.saturating_add(*count);
                        text::sample(out, name, "_bucket", pairs(), Some(bound), total as f64);
                    }
                    text::sample(out, name, "_sum", pairs(), None, *sum);
                    text::sample(out, name, "_count", pairs(), None, total as f64);
                }
            }
        }
    }
}

impl Value {
    pub(super) fn add(&mut self, by: f64) {
        if let Self::Number(value) = self {
            *value += by;
        }
    }

    pub(super) fn set(&mut self, to: f64) {
        if let Self::Number(value) = self {
            *value = to;
        }
    }

    pub(super) fn observe(&mut self, bounds: &[f64], what: f64) {
        if let Self::Histogram { counts, sum } = self {
            // Upper bounds are inclusive. What is no number is above all of them.
            let at = if what.is_nan() {
                bounds.len()
            } else {
                bounds.partition_point(|b| *b < what)
            };
            if let Some(count) = counts.get_mut(at) {
                *count = count.saturating_add(1);
            }
            *sum += what;
        }
    }
}
