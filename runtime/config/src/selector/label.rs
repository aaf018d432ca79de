//! Label selectors.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{SelectorError, check_label_key, check_label_value, query};

/// Which labels an object must have: all of `match_labels` and all of `match_expressions`. One that asks for nothing
/// selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels with exactly these values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Operator {
    /// Present, with one of the values.
    In,
    /// Absent, or present with none of the values.
    NotIn,
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
    /// Present, a whole number, and greater. In query strings only.
    Gt,
    /// Present, a whole number, and less. In query strings only.
    Lt,
}

impl Operator {
    /// As it is written in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
            Self::Gt => "Gt",
            Self::Lt => "Lt",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Requirement {
    /// Check the key, the values, and how many values there are.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), SelectorError> {
        check_label_key(&self.key)?;
        let operator = self.operator;
        match operator {
            Operator::In | Operator::NotIn if self.values.is_empty() => {
                return Err(SelectorError::NoValues { operator });
            }
            Operator::Exists | Operator::DoesNotExist if !self.values.is_empty() => {
                return Err(SelectorError::NeedlessValues { operator });
            }
            Operator::Gt | Operator::Lt if self.values.len() != 1 || self.bound().is_none() => {
                return Err(SelectorError::NotANumber { operator });
            }
            _ => {}
        }
        self.values
            .iter()
            .try_for_each(|value| check_label_value(value))
    }

    fn bound(&self) -> Option<i64> {
        self.values.first()?.parse().ok()
    }

    /// Whether these labels meet the condition.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = |value: &String| self.values.contains(value);
        let number = || value?.parse::<i64>().ok();
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => number()
                .zip(self.bound())
                .is_some_and(|(n, bound)| n > bound),
            Operator::Lt => number()
                .zip(self.bound())
                .is_some_and(|(n, bound)| n < bound),
        }
    }
}

impl LabelSelector {
    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|r| r.matches(labels))
    }

    /// Whether everything is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Check all keys and values.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), SelectorError> {
        for (key, value) in &self.match_labels {
            check_label_key(key)?;
            check_label_value(value)?;
        }
        self.match_expressions
            .iter()
            .try_for_each(Requirement::check)
    }

    /// As the API's `labelSelector` parameter, not yet percent-encoded: `app=web,tier in (a,b),!legacy`. Sorted, so
    /// that equal selectors have equal texts; empty when everything is selected.
    #[must_use]
    pub fn to_query(&self) -> String {
        query::write(self)
    }

    /// Read the API's `labelSelector` parameter: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`,
    /// `a>1`, `a<1`, with commas between. Empty selects everything.
    ///
    /// # Errors
    /// When it cannot be read, or has an impossible key or value.
    pub fn parse_query(text: &str) -> Result<Self, SelectorError> {
        query::parse(text)
    }
}
