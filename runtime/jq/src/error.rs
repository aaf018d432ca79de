//! Why a filter gave no result.

use std::fmt;

/// The limit that a filter came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JqLimit {
    /// [`JqBudget::time`](crate::JqBudget::time), in milliseconds.
    Time,
    /// [`JqBudget::memory`](crate::JqBudget::memory), in bytes.
    Memory,
    /// Depth: a filter that recurses, or a filter or an object that is nested too deeply. There is no number.
    Stack,
    /// Size of the filter's text, in bytes: [`MAX_FILTER`](crate::MAX_FILTER).
    Filter,
    /// Size of the object, in bytes: [`MAX_OBJECT`](crate::MAX_OBJECT).
    Object,
    /// Size of the result, in bytes: [`MAX_RESULT`](crate::MAX_RESULT).
    Result,
}

impl JqLimit {
    /// A stable word for the limit.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Time => "limit-time",
            Self::Memory => "limit-memory",
            Self::Stack => "limit-stack",
            Self::Filter => "limit-filter",
            Self::Object => "limit-object",
            Self::Result => "limit-result",
        }
    }
}

/// Where in a filter's text, counted from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset`; the end, when it is past it.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let before = String::from_utf8_lossy(before);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |last| last.chars().count())
            + 1;
        Self { line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a filter gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JqError {
    /// The filter cannot be compiled.
    #[error("{message} ({position})")]
    Compile {
        /// What was found and what was expected.
        message: String,
        /// Byte in the filter's text.
        offset: usize,
        /// The same for people.
        position: Position,
    },
    /// The filter failed on this object: `error`, a wrong type, a result that JSON cannot say.
    #[error("{message}")]
    Runtime {
        /// Why, in the words of the filter or of jq.
        message: String,
    },
    /// The object is not a JSON document.
    #[error("{message}")]
    Object {
        /// What is wrong with it, and where.
        message: String,
    },
    /// The filter was stopped. Another object, or more of the budget, may do.
    #[error("{}", limit_text(*limit, *allowed))]
    Limit {
        /// At which limit.
        limit: JqLimit,
        /// What is allowed, in the unit of the limit; 0 when there is no number.
        allowed: u64,
    },
    /// The host could not run it: not the filter's fault.
    #[error("filters cannot be run: {message}")]
    Host {
        /// Why.
        message: String,
    },
}

/// In place of a message.
const LEFT_OUT: &str = "its message is left out, because it may hold a value of the Secret";

fn limit_text(limit: JqLimit, allowed: u64) -> String {
    match limit {
        JqLimit::Time => format!("the filter was stopped after {allowed} ms of CPU time"),
        JqLimit::Memory => {
            format!("the filter was stopped: it needs more than {allowed} bytes of memory")
        }
        JqLimit::Stack => {
            "the filter was stopped: it, or the object, is nested too deeply".to_owned()
        }
        JqLimit::Filter => format!("the filter is longer than {allowed} bytes"),
        JqLimit::Object => format!("the object is larger than {allowed} bytes"),
        JqLimit::Result => format!("the filter's result is larger than {allowed} bytes"),
    }
}

impl JqError {
    /// The same without what the filter said of the object, which may hold its values: for Secrets.
    #[must_use]
    pub fn without_values(self) -> Self {
        match self {
            Self::Runtime { .. } => Self::Runtime {
                message: LEFT_OUT.to_owned(),
            },
            Self::Object { .. } => Self::Object {
                message: LEFT_OUT.to_owned(),
            },
            other => other,
        }
    }

    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Compile { .. } => "compile",
            Self::Runtime { .. } => "runtime",
            Self::Object { .. } => "object",
            Self::Limit { limit, .. } => limit.code(),
            Self::Host { .. } => "host",
        }
    }

    pub(crate) fn host(error: impl fmt::Display) -> Self {
        Self::Host {
            message: format!("{error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_lines() {
        assert_eq!(Position::of("ab", 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of("äb\nöd", 6), Position { line: 2, column: 2 });
        assert_eq!(Position::of("ab", 99), Position { line: 1, column: 3 });
    }
}
