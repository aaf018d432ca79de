//! shell-operator's metric file (BEHAVIOUR C2): a stream of JSON documents.

use std::collections::BTreeMap;

use hookbox_sandbox::MetricOperation;
use hookbox_sandbox::effects::MetricAction;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::any_case;

/// Operations that a metric file may have.
const MAX_OPERATIONS: usize = 10_000;

/// A metric file's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParsedMetrics {
    /// The operations, in the file's order.
    pub operations: Vec<MetricOperation>,
    /// Operations that were dropped: number of the document, from 1, and its action, which is unknown. `add:` and
    /// `set:` together leave no action, as in shell-operator.
    pub dropped: Vec<(usize, String)>,
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsFileError {
    /// A document is no JSON or has a field of a wrong type.
    #[error("document {document} of the metric file is invalid")]
    Syntax {
        /// Number of the document, from 1.
        document: usize,
        /// Why, with line and column in the file.
        #[source]
        source: serde_json::Error,
    },
    /// Too many documents.
    #[error("the metric file has more than {0} operations")]
    TooMany(usize),
}

impl MetricsFileError {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::TooMany(_) => "too-large",
        }
    }
}

const KEYS: [&str; 8] = [
    "name", "action", "value", "buckets", "labels", "group", "add", "set",
];

/// A null is the same as nothing, everywhere.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Document {
    name: Option<String>,
    action: Option<String>,
    value: Option<f64>,
    buckets: Option<Vec<f64>>,
    labels: Option<BTreeMap<String, Option<String>>>,
    group: Option<String>,
    add: Option<f64>,
    set: Option<f64>,
}

impl Document {
    fn of(value: Value) -> Result<Self, serde_json::Error> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(map) => serde_json::from_value(any_case::known(map, &KEYS).into()),
            // Fails, and says why.
            other => serde_json::from_value::<Map<String, Value>>(other).map(|_| Self::default()),
        }
    }
}

/// Read a metric file. What the operations mean is for [`check`](super::check).
///
/// # Errors
/// The first document that cannot be read.
pub fn parse(text: &str) -> Result<ParsedMetrics, MetricsFileError> {
    let mut parsed = ParsedMetrics::default();
    let stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    for (number, document) in (1..).zip(stream) {
        if number > MAX_OPERATIONS {
            return Err(MetricsFileError::TooMany(MAX_OPERATIONS));
        }
        let document =
            document
                .and_then(Document::of)
                .map_err(|source| MetricsFileError::Syntax {
                    document: number,
                    source,
                })?;
        let (action, value) = match (document.add, document.set) {
            (Some(value), None) => (Some("add".to_owned()), Some(value)),
            (None, Some(value)) => (Some("set".to_owned()), Some(value)),
            (Some(_), Some(_)) => (None, document.value),
            (None, None) => (document.action, document.value),
        };
        let action = match action.as_deref().unwrap_or_default() {
            "add" => MetricAction::Add,
            "set" => MetricAction::Set,
            "observe" => MetricAction::Observe,
            "expire" => MetricAction::Expire,
            other => {
                parsed
                    .dropped
                    .push((number, other.chars().take(80).collect()));
                continue;
            }
        };
        parsed.operations.push(MetricOperation {
            name: document.name.unwrap_or_default(),
            action,
            value,
            buckets: document.buckets,
            labels: (document.labels.unwrap_or_default().into_iter())
                .map(|(name, value)| (name, value.unwrap_or_default()))
                .collect(),
            group: document.group.filter(|g| !g.is_empty()),
        });
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_documents_with_shortcuts() {
        let parsed = parse(
            r#"{"name":"a","action":"set","value":1.5,"labels":{"x":"y"},"group":"g"}
               {"name":"b","add":2}{"name":"c","set":0}
               {"name":"d","action":"observe","value":3,"buckets":[1,5]}
               {"group":"g","action":"expire"}"#,
        )
        .unwrap();
        let actions: Vec<_> = parsed
            .operations
            .iter()
            .map(|op| (op.name.as_str(), op.action, op.value))
            .collect();
        assert_eq!(
            actions,
            [
                ("a", MetricAction::Set, Some(1.5)),
                ("b", MetricAction::Add, Some(2.0)),
                ("c", MetricAction::Set, Some(0.0)),
                ("d", MetricAction::Observe, Some(3.0)),
                ("", MetricAction::Expire, None)
            ]
        );
        assert!(parsed.dropped.is_empty());
    }

    #[test]
    fn unknown_actions_and_both_shortcuts_are_dropped_with_a_word() {
        let parsed = parse(r#"{"name":"a","action":"multiply","value":1}{"name":"b","add":1,"set":2}{"name":"c","set":1}"#).unwrap();
        assert_eq!(parsed.operations.len(), 1);
        assert_eq!(
            parsed.dropped,
            [(1, "multiply".to_owned()), (2, String::new())]
        );
    }

    #[test]
    fn documents_are_read_as_go_reads_them() {
        let parsed = parse(
            r#"{"NAME":"a","Set":1,"set":2,"labels":{"x":null},"group":null}{"name":"b","name":"c","add":1} null"#,
        )
        .unwrap();
        let [a, c] = parsed.operations.as_slice() else {
            panic!("{parsed:?}");
        };
        assert_eq!(
            (a.name.as_str(), a.value, &a.group),
            ("a", Some(2.0), &None)
        );
        assert_eq!(a.labels, BTreeMap::from([("x".to_owned(), String::new())]));
        assert_eq!((c.name.as_str(), c.value), ("c", Some(1.0)));
        assert_eq!(parsed.dropped, [(3, String::new())]);
    }

    #[test]
    fn an_empty_file_changes_nothing() {
        assert_eq!(parse(" \n").unwrap(), ParsedMetrics::default());
    }

    #[test]
    fn broken_documents_are_named() {
        for text in [
            r#"{"name":"a","set":1}{"name":}"#,
            r#"{"name":"a","set":1}{"name":"b","set":"2"}"#,
            r#"{"name":"a","set":1}[1]x"#,
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "document 2 of the metric file is invalid",
                "{text}"
            );
            assert_eq!(error.code(), "syntax");
        }
    }
}
