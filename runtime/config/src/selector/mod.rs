//! Label and field selectors, with the rules of Kubernetes' apimachinery.

mod field;
mod label;
mod query;
mod syntax;

use thiserror::Error;

pub use self::field::{FieldOperator, FieldRequirement, FieldSelector};
pub use self::label::{LabelSelector, Operator, Requirement};
pub use self::syntax::{check_label_key, check_label_value, is_dns_label, is_dns_subdomain};

/// Why something is not a selector.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// A label key that is none.
    #[error("`{key}` is not a label key: {reason}")]
    Key {
        /// What was written.
        key: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A label value that is none.
    #[error("`{value}` is not a label value: {reason}")]
    Value {
        /// What was written.
        value: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// `In` and `NotIn` without values.
    #[error("operator {operator} needs at least one value")]
    NoValues {
        /// The operator.
        operator: Operator,
    },
    /// `Exists` and `DoesNotExist` with values.
    #[error("operator {operator} takes no values")]
    NeedlessValues {
        /// The operator.
        operator: Operator,
    },
    /// `Gt` and `Lt` with anything but one whole number.
    #[error("operator {operator} needs one whole number")]
    NotANumber {
        /// The operator.
        operator: Operator,
    },
    /// A query string that cannot be read.
    #[error("unable to parse requirement: {message}")]
    Query {
        /// What was found and what was expected.
        message: String,
    },
    /// A query string of unreasonable length.
    #[error("a selector has at most {most} bytes, this one has {bytes}")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        most: usize,
    },
}

impl SelectorError {
    /// A stable word to match on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "label-key",
            Self::Value { .. } => "label-value",
            Self::NoValues { .. } => "selector-no-values",
            Self::NeedlessValues { .. } => "selector-needless-values",
            Self::NotANumber { .. } => "selector-not-a-number",
            Self::Query { .. } => "selector-query",
            Self::TooLong { .. } => "selector-too-long",
        }
    }
}

/// No query is longer: a request line of an API server has room for no more.
const LONGEST_QUERY: usize = 64 * 1024;

fn within_bounds(query: &str) -> Result<(), SelectorError> {
    if query.len() > LONGEST_QUERY {
        return Err(SelectorError::TooLong {
            bytes: query.len(),
            most: LONGEST_QUERY,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
