//! Why a hook failed, and whether a retry makes sense.

use std::fmt;
use std::time::Duration;

use crate::host::Refusal;

/// What a hook returns: nothing, or an [`Error`].
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// What the host should do with a run that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Retry {
    /// Run again with the queue's growing pause: 5 s at first, 32 s at most.
    #[default]
    BackOff,
    /// Run again after this time (whole milliseconds) instead of the growing pause.
    After(Duration),
    /// Do not run again: the failure is counted and the run leaves the queue.
    Never,
}

/// Why a hook failed: a text for a person, and advice about a retry.
///
/// Anything that is a [`std::error::Error`] becomes one by `?`, its sources included in the text. Add what you were
/// doing with [`ResultExt::context`].
///
/// ```
/// use hookbox_sdk::prelude::*;
/// use std::time::Duration;
///
/// fn replicas(text: &str) -> Result<u32> {
///     let count: u32 = text.parse().context("spec.replicas")?;
///     if count == 0 {
///         return Err(Error::msg("nothing runs yet").retry_after(Duration::from_secs(60)));
///     }
///     Ok(count)
/// }
///
/// assert_eq!(replicas("x").unwrap_err().to_string(), "spec.replicas: invalid digit found in string");
/// ```
//
// Not a `std::error::Error` itself: only so can `From` take all errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    retry: Retry,
    /// Why the host refused a call, when that is what went wrong.
    code: Option<String>,
}

impl Error {
    /// An error with this text. Takes anything that can be displayed, `anyhow::Error` too.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self {
            message: format!("{message:#}"),
            retry: Retry::BackOff,
            code: None,
        }
    }

    /// The text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The advice about a retry.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// The stable word of the refusal, such as `not-granted` or `no-such-path`, when it was the host that refused a call.
    /// `context` keeps it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Asks the host to run the hook again after this time, instead of the queue's growing pause.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry = Retry::After(pause);
        self
    }

    /// Tells the host that a retry makes no sense.
    #[must_use]
    pub fn no_retry(mut self) -> Self {
        self.retry = Retry::Never;
        self
    }

    /// Puts what was being done before the text. Keeps the advice.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// Puts where it was found behind the text.
    pub(crate) fn context_after(mut self, found: impl fmt::Display) -> Self {
        self.message = format!("{}, {found}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

// What `#[test] fn … -> Result` prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.retry {
            Retry::BackOff => Ok(()),
            Retry::After(pause) => write!(f, " (retry after {pause:?})"),
            Retry::Never => f.write_str(" (no retry)"),
        }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors repeat their source in their own text.
            if !message.ends_with(&cause_text) {
                message = format!("{message}: {cause_text}");
            }
            source = cause.source();
        }
        Self {
            message,
            retry: Retry::BackOff,
            code: None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self {
            message: refusal.to_string(),
            retry: Retry::BackOff,
            code: Some(refusal.code),
        }
    }
}

/// Turns results of other kinds into this crate's, with a word about what was being done.
pub trait ResultExt<T> {
    /// Puts what was being done before the error's text. On an [`Option`], this is the whole text for `None`.
    ///
    /// # Errors
    /// The error of `self`, or one for `None`.
    fn context(self, doing: impl fmt::Display) -> Result<T>;

    /// Marks the error: run again after this time.
    ///
    /// # Errors
    /// The error of `self`, marked.
    fn retry_after(self, pause: Duration) -> Result<T>;

    /// Marks the error: a retry makes no sense.
    ///
    /// # Errors
    /// The error of `self`, marked.
    fn no_retry(self) -> Result<T>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().context(doing))
    }

    fn retry_after(self, pause: Duration) -> Result<T> {
        self.map_err(|error| error.into().retry_after(pause))
    }

    fn no_retry(self) -> Result<T> {
        self.map_err(|error| error.into().no_retry())
    }
}

impl<T> ResultExt<T> for Option<T> {
    fn context(self, doing: impl fmt::Display) -> Result<T> {
        self.ok_or_else(|| Error::msg(doing))
    }

    fn retry_after(self, pause: Duration) -> Result<T> {
        self.ok_or_else(|| Error::msg("a value is missing").retry_after(pause))
    }

    fn no_retry(self) -> Result<T> {
        self.ok_or_else(|| Error::msg("a value is missing").no_retry())
    }
}

/// Returns early with an error whose text is formatted as by [`format!`].
///
/// ```
/// use hookbox_sdk::prelude::*;
///
/// fn check(name: &str) -> Result {
///     if name.is_empty() {
///         bail!("a name is missing, got {name:?}");
///     }
///     Ok(())
/// }
/// assert!(check("").is_err());
/// ```
#[macro_export]
macro_rules! bail {
    ($($text:tt)+) => {
        return ::core::result::Result::Err($crate::Error::msg(::core::format_args!($($text)+)).into())
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot count")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_text_holds_the_sources_once() {
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(
            error.message(),
            "cannot count: invalid digit found in string"
        );
        assert_eq!(error.retry(), Retry::BackOff);
    }

    #[test]
    fn context_keeps_the_advice() {
        let failed: Result<()> = Err(Error::msg("no quota").retry_after(Duration::from_secs(9)));
        let error = failed.context("copying").unwrap_err();
        assert_eq!(format!("{error:?}"), "copying: no quota (retry after 9s)");
        assert_eq!(
            None::<u8>.context("no name").no_retry().unwrap_err(),
            Error::msg("no name").no_retry()
        );
    }
}
