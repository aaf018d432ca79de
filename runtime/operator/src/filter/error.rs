//! Why a filter gave no result.

use hookbox_jq::JqError;
use hookbox_sandbox::RunError;

/// Why a filter gave no result for an object.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The jq filter gave none.
    #[error(transparent)]
    Jq(#[from] JqError),
    /// The component's filter says that it failed on the object.
    #[error("{message}")]
    Failed {
        /// Why, in its words.
        message: String,
    },
    /// The component's filter gave something else than JSON.
    #[error("the filter's result is not JSON: {message}")]
    Result {
        /// What is wrong with it, and where.
        message: String,
    },
    /// The call of the component's filter failed or came to a limit.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// In place of a message.
const LEFT_OUT: &str = "its message is left out, because it may hold a value of the Secret";

impl FilterError {
    /// A stable word for the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Jq(error) => error.code(),
            Self::Failed { .. } => "runtime",
            Self::Result { .. } => "result",
            Self::Run(error) => error.code(),
        }
    }

    /// The same without what the filter said of the object, which may hold its values: for Secrets.
    #[must_use]
    pub fn without_values(self) -> Self {
        let message = LEFT_OUT.to_owned();
        match self {
            Self::Jq(error) => Self::Jq(error.without_values()),
            Self::Failed { .. } => Self::Failed { message },
            // A panic says what it was given.
            Self::Run(RunError::Trap { .. }) => Self::Run(RunError::Trap { message }),
            other => other,
        }
    }
}
