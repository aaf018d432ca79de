//! The hook's log.
//!
//! ```
//! use hookbox_sdk::prelude::*;
//!
//! let (namespace, copied) = ("web", 3);
//! info!("copied the secret");
//! info!("copied {copied} secrets"; namespace, total = copied + 1, labels = ?["a", "b"]);
//! ```
//! After the `;` come fields: a variable, `name = value` (shown with `Display`), or `name = ?value` (with `Debug`).
//! What a hook prints with [`println!`] is logged as well, line by line; standard error with level `warn`.

use std::fmt;

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever follows the hook closely.
    Debug,
    /// What happens as expected.
    Info,
    /// What somebody should look at.
    Warn,
    /// What went wrong.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// One record, as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level, self.message)?;
        self.fields
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// Writes one record. The macros [`debug!`](crate::debug), [`info!`](crate::info), [`warn!`](crate::warn) and
/// [`error!`](crate::error!) are easier.
pub fn log(level: Level, message: &str, fields: &[(String, String)]) {
    crate::host::log(level, message, fields);
}

/// Logs with the given level; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! log {
    ($level:expr, $text:literal $(, $arg:expr)* $(,)?) => {
        $crate::log::log($level, &::std::format!($text $(, $arg)*), &[])
    };
    ($level:expr, $text:literal $(, $arg:expr)*; $($fields:tt)+) => {
        $crate::log::log($level, &::std::format!($text $(, $arg)*), &$crate::__log_fields!([] $($fields)+))
    };
}

/// The fields of a log macro as an array of names and values.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_fields {
    ([$($done:expr,)*]) => { [$($done,)*] };
    ([$($done:expr,)*] $name:ident = ?$value:expr $(, $($rest:tt)*)?) => {
        $crate::__log_fields!([$($done,)* (::std::string::String::from(::core::stringify!($name)), ::std::format!("{:?}", $value)),] $($($rest)*)?)
    };
    ([$($done:expr,)*] $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__log_fields!([$($done,)* (::std::string::String::from(::core::stringify!($name)), ::std::format!("{}", $value)),] $($($rest)*)?)
    };
    ([$($done:expr,)*] $name:ident $(, $($rest:tt)*)?) => {
        $crate::__log_fields!([$($done,)* (::std::string::String::from(::core::stringify!($name)), ::std::format!("{}", $name)),] $($($rest)*)?)
    };
}

/// Logs detail; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! debug { ($($args:tt)+) => { $crate::log!($crate::log::Level::Debug, $($args)+) }; }
/// Logs what happens as expected; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! info { ($($args:tt)+) => { $crate::log!($crate::log::Level::Info, $($args)+) }; }
/// Logs what somebody should look at; see [`log`](mod@crate::log).
#[macro_export]
macro_rules! warn { ($($args:tt)+) => { $crate::log!($crate::log::Level::Warn, $($args)+) }; }
/// Logs what went wrong; see [`log`](mod@crate::log). To fail the run, return an [`Error`](crate::Error).
#[macro_export]
macro_rules! error { ($($args:tt)+) => { $crate::log!($crate::log::Level::Error, $($args)+) }; }

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;

    #[test]
    fn fields_take_variables_display_and_debug() {
        let namespace = "web";
        let ((), records) = crate::host::recording(|| {
            crate::warn!("found {}", 2; namespace, twice = 2 * 2, list = ?["a"]);
            crate::info!("{namespace} done");
        });
        let texts: Vec<String> = records.iter().map(Record::to_string).collect();
        assert_eq!(
            texts,
            [
                "warn: found 2 namespace=web twice=4 list=[\"a\"]",
                "info: web done"
            ]
        );
    }
}
