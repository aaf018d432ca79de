//! Which metric operations make a run fail (BEHAVIOUR C2).
//!
//! Beyond shell-operator: a name or label that Prometheus cannot read is refused, because one of them spoils the whole
//! page; so is a negative or endless counter step, which shell-operator wraps to a huge number.

use hookbox_sandbox::effects::MetricAction;
use hookbox_sandbox::{MAX_BUCKETS, MetricOperation};

/// Labels that one operation may have.
const MAX_LABELS: usize = 64;
/// Bytes of a name, and of a label's value.
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 4096;

/// One thing that is wrong with a metric operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable word: `required`, `metric-name`, `metric-value`, `metric-buckets`, `metric-label`.
    pub code: &'static str,
    /// The key: `name`, `value`, `buckets` or `labels.x`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// All that is wrong with the operations, each with its operation's index from 0.
#[must_use]
pub fn check(operations: &[MetricOperation]) -> Vec<(usize, Fault)> {
    operations
        .iter()
        .enumerate()
        .flat_map(|(i, op)| check_one(op).into_iter().map(move |f| (i, f)))
        .collect()
}

fn check_one(op: &MetricOperation) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut add = |code, path: &str, message: String| {
        faults.push(Fault {
            code,
            path: path.to_owned(),
            message,
        })
    };
    if op.action == MetricAction::Expire {
        return faults;
    }
    if op.name.is_empty() {
        add("required", "name", "is required".to_owned());
    } else if op.name.len() > MAX_NAME || !is_name(&op.name, true) {
        add(
            "metric-name",
            "name",
            "must be letters, digits, `_` and `:`, and not start with a digit".to_owned(),
        );
    }
    match (op.value, op.action) {
        (None, _) => add("required", "value", "is required".to_owned()),
        (Some(value), MetricAction::Add) if !(value >= 0.0 && value.is_finite()) => {
            add(
                "metric-value",
                "value",
                format!("a counter cannot grow by {value}"),
            );
        }
        (Some(value), MetricAction::Observe) if value.is_nan() => {
            add("metric-value", "value", "is not a number".to_owned())
        }
        _ => {}
    }
    if op.action == MetricAction::Observe {
        match op.buckets.as_deref() {
            None => add("required", "buckets", "is required".to_owned()),
            Some(buckets) if buckets.iter().any(|b| b.is_nan()) => add(
                "metric-buckets",
                "buckets",
                "one of them is not a number".to_owned(),
            ),
            Some(buckets) if buckets.len() > MAX_BUCKETS => add(
                "metric-buckets",
                "buckets",
                format!(
                    "{} buckets, at most {MAX_BUCKETS} are allowed",
                    buckets.len()
                ),
            ),
            Some(_) => {}
        }
    }
    if op.labels.len() > MAX_LABELS {
        add(
            "metric-label",
            "labels",
            format!(
                "{} labels, at most {MAX_LABELS} are allowed",
                op.labels.len()
            ),
        );
        return faults;
    }
    for (name, value) in &op.labels {
        let shown: String = name
            .chars()
            .take(80)
            .flat_map(char::escape_default)
            .collect();
        if name.len() > MAX_NAME || !is_name(name, false) || name.starts_with("__") {
            add(
                "metric-label",
                "labels",
                format!(
                    "`{shown}` is no label name: letters, digits and `_`, not starting with a digit or `__`"
                ),
            );
        } else if name == "le" && op.action == MetricAction::Observe {
            add(
                "metric-label",
                "labels.le",
                "is the name of the buckets' own label".to_owned(),
            );
        }
        if value.len() > MAX_VALUE {
            add(
                "metric-label",
                &format!("labels.{shown}"),
                format!("{} bytes, at most {MAX_VALUE} are allowed", value.len()),
            );
        }
    }
    faults
}

fn is_name(text: &str, colons: bool) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || (colons && b == b':'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn op(name: &str, action: MetricAction, value: Option<f64>) -> MetricOperation {
        MetricOperation {
            name: name.into(),
            action,
            value,
            buckets: None,
            labels: BTreeMap::new(),
            group: None,
        }
    }

    fn codes(op: MetricOperation) -> Vec<(&'static str, String)> {
        check(&[op])
            .into_iter()
            .map(|(_, f)| (f.code, f.path))
            .collect()
    }

    #[test]
    fn what_is_required() {
        for action in [MetricAction::Add, MetricAction::Set] {
            assert_eq!(
                codes(op("", action, None)),
                [
                    ("required", "name".to_owned()),
                    ("required", "value".to_owned())
                ]
            );
        }
        assert_eq!(
            codes(op("a", MetricAction::Observe, Some(1.0))),
            [("required", "buckets".to_owned())]
        );
        assert_eq!(codes(op("", MetricAction::Expire, None)), []);
    }

    #[test]
    fn counters_do_not_shrink() {
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                codes(op("a", MetricAction::Add, Some(value))),
                [("metric-value", "value".to_owned())]
            );
            assert_eq!(
                codes(op("a", MetricAction::Set, Some(value))),
                [],
                "a gauge may be {value}"
            );
        }
        assert_eq!(codes(op("a", MetricAction::Add, Some(0.0))), []);
    }

    #[test]
    fn names_and_labels_are_readable_for_prometheus() {
        for name in ["my-metric", "1a", "a b", "é", "a\n# TYPE b"] {
            assert_eq!(
                codes(op(name, MetricAction::Set, Some(1.0))),
                [("metric-name", "name".to_owned())],
                "{name}"
            );
        }
        assert_eq!(codes(op("a:b_1", MetricAction::Set, Some(1.0))), []);
        for label in ["a-b", "", "__name__", "1", "a:b", "x\"}"] {
            let mut op = op("a", MetricAction::Set, Some(1.0));
            op.labels.insert(label.to_owned(), "v".to_owned());
            assert_eq!(
                codes(op),
                [("metric-label", "labels".to_owned())],
                "{label}"
            );
        }
    }

    #[test]
    fn le_belongs_to_the_buckets() {
        let mut op = op("a", MetricAction::Observe, Some(1.0));
        op.buckets = Some(vec![1.0]);
        op.labels.insert("le".to_owned(), "1".to_owned());
        assert_eq!(
            codes(op.clone()),
            [("metric-label", "labels.le".to_owned())]
        );
        op.action = MetricAction::Set;
        assert_eq!(codes(op), []);
    }

    #[test]
    fn floods_are_refused() {
        let mut wide = op("a", MetricAction::Set, Some(1.0));
        wide.labels = (0..=MAX_LABELS)
            .map(|i| (format!("l{i}"), String::new()))
            .collect();
        assert_eq!(codes(wide), [("metric-label", "labels".to_owned())]);
        let mut long = op("a", MetricAction::Set, Some(1.0));
        long.labels
            .insert("l".to_owned(), "x".repeat(MAX_VALUE + 1));
        assert_eq!(codes(long), [("metric-label", "labels.l".to_owned())]);
        let mut buckets = op("a", MetricAction::Observe, Some(1.0));
        buckets.buckets = Some(vec![1.0; MAX_BUCKETS + 1]);
        assert_eq!(codes(buckets), [("metric-buckets", "buckets".to_owned())]);
    }
}
