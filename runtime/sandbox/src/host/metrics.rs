//! `hookbox:hook/metrics`.

use crate::bindings::hookbox::hook::metrics::Host;
use crate::effects::{MetricAction, MetricOperation};
use crate::state::{Answer, Fault, State};
use crate::validate::{self, MetricKind};

type Labels = Vec<(String, String)>;

/// What an operation holds in memory beyond its texts.
const OPERATION: usize = 160;
const LABEL: usize = 96;

impl State {
    fn metric(
        &mut self,
        kind: MetricKind,
        name: String,
        value: f64,
        buckets: Option<Vec<f64>>,
        labels: Labels,
        group: Option<String>,
    ) -> Answer<()> {
        self.effect(|state| {
            let texts: usize = labels
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum();
            let numbers = buckets
                .as_ref()
                .map_or(0, |buckets| buckets.len().saturating_mul(size_of::<f64>()));
            let bytes = name.len() + texts + numbers + group.as_ref().map_or(0, String::len);
            state.count_metric(bytes, labels.len())?;
            validate::metric(kind, &name, value, &labels)?;
            let buckets = buckets
                .map(|buckets| validate::buckets(&name, buckets))
                .transpose()?;
            let action = match kind {
                MetricKind::Counter => MetricAction::Add,
                MetricKind::Gauge => MetricAction::Set,
                MetricKind::Histogram => MetricAction::Observe,
            };
            let group = validate::group(group)?;
            let labels = labels.into_iter().collect();
            let operation = MetricOperation {
                name,
                action,
                value: Some(value),
                buckets,
                labels,
                group,
            };
            state.effects.metrics.push(operation);
            Ok(())
        })
    }

    fn count_metric(&mut self, bytes: usize, labels: usize) -> Result<(), Fault> {
        self.count_effect(bytes)?;
        let held = bytes
            .saturating_add(OPERATION)
            .saturating_add(labels.saturating_mul(LABEL));
        self.memory
            .charge(u64::try_from(held).unwrap_or(u64::MAX))?;
        Ok(())
    }
}

impl Host for State {
    fn add(
        &mut self,
        name: String,
        value: f64,
        labels: Labels,
        group: Option<String>,
    ) -> Answer<()> {
        self.metric(MetricKind::Counter, name, value, None, labels, group)
    }

    fn set(
        &mut self,
        name: String,
        value: f64,
        labels: Labels,
        group: Option<String>,
    ) -> Answer<()> {
        self.metric(MetricKind::Gauge, name, value, None, labels, group)
    }

    fn observe(
        &mut self,
        name: String,
        value: f64,
        buckets: Vec<f64>,
        labels: Labels,
        group: Option<String>,
    ) -> Answer<()> {
        self.metric(
            MetricKind::Histogram,
            name,
            value,
            Some(buckets),
            labels,
            group,
        )
    }

    fn expire(&mut self, group: Option<String>) -> Answer<()> {
        self.effect(|state| {
            state.count_metric(group.as_ref().map_or(0, String::len), 0)?;
            let group = validate::group(group)?;
            state.effects.metrics.push(MetricOperation {
                name: String::new(),
                action: MetricAction::Expire,
                value: None,
                buckets: None,
                labels: std::collections::BTreeMap::new(),
                group,
            });
            Ok(())
        })
    }
}
