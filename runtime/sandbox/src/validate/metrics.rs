//! Metric operations, by the rules of the Prometheus text format.

use super::{NAME, quote, refusal};
use crate::bindings::hookbox::hook::types::Refusal;

/// Bounds of one metric operation.
const METRIC_NAME: usize = 256;
const LABELS: usize = 64;
const LABEL_VALUE: usize = 4 << 10;
/// Buckets that a histogram may have.
/// The operator allows no other number, and the SDK refuses more before the host does.
pub const MAX_BUCKETS: usize = 200;

/// What a metric is to be, for checks that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric's name, value and labels, by the rules of the Prometheus text format.
pub(crate) fn metric(
    kind: MetricKind,
    name: &str,
    value: f64,
    labels: &[(String, String)],
) -> Result<(), Refusal> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_well =
        |name: &str| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit());
    if !starts_well(name)
        || !name.bytes().all(|byte| word(byte) || byte == b':')
        || name.len() > METRIC_NAME
    {
        return Err(refusal(
            "invalid-metric",
            format!("{} is not the name of a metric", quote(name)),
        ));
    }
    if !value.is_finite() {
        return Err(refusal(
            "invalid-metric",
            format!("{name}: the value {value} is not finite"),
        ));
    }
    if kind == MetricKind::Counter && value < 0.0 {
        return Err(refusal(
            "invalid-metric",
            format!("{name}: a counter cannot go down, the value is {value}"),
        ));
    }
    if labels.len() > LABELS {
        let message = format!(
            "{name}: {} labels, at most {LABELS} are allowed",
            labels.len()
        );
        return Err(refusal("invalid-label", message));
    }
    for (index, (label, value)) in labels.iter().enumerate() {
        let reserved = label.starts_with("__") || (kind == MetricKind::Histogram && label == "le");
        if !starts_well(label) || !label.bytes().all(word) || label.len() > METRIC_NAME || reserved
        {
            return Err(refusal(
                "invalid-label",
                format!("{name}: {} is not the name of a label", quote(label)),
            ));
        }
        if value.len() > LABEL_VALUE {
            let message = format!(
                "{name}: label {label} has {} bytes, at most {LABEL_VALUE} are allowed",
                value.len()
            );
            return Err(refusal("invalid-label", message));
        }
        if labels.iter().take(index).any(|(other, _)| other == label) {
            return Err(refusal(
                "invalid-label",
                format!("{name}: label {label} is there twice"),
            ));
        }
    }
    Ok(())
}

/// The upper bounds of a histogram's buckets, sorted and each once.
pub(crate) fn buckets(name: &str, mut buckets: Vec<f64>) -> Result<Vec<f64>, Refusal> {
    let what = if buckets.is_empty() {
        "there are none".to_owned()
    } else if buckets.len() > MAX_BUCKETS {
        format!(
            "there are {}, at most {MAX_BUCKETS} are allowed",
            buckets.len()
        )
    } else if buckets.iter().any(|bound| !bound.is_finite()) {
        "one is not finite (the last bucket, up to infinity, is always there)".to_owned()
    } else {
        buckets.sort_by(f64::total_cmp);
        buckets.dedup();
        return Ok(buckets);
    };
    Err(refusal(
        "invalid-buckets",
        format!("{name}: bounds of the buckets: {what}"),
    ))
}

/// A metric group. Empty counts as absent.
pub(crate) fn group(group: Option<String>) -> Result<Option<String>, Refusal> {
    let group = group.filter(|text| !text.is_empty());
    if let Some(text) = &group
        && (text.len() > NAME || text.chars().any(char::is_control))
    {
        return Err(refusal(
            "invalid-metric",
            format!("{} is not the name of a group", quote(text)),
        ));
    }
    Ok(group)
}
