//! Metrics: those of the hooks ([`HookMetrics`], at `/metrics/hooks`) and those about hookbox itself
//! ([`SelfMetrics`], at `/metrics`), in Prometheus' text format.
//!
//! The registry is our own: hooks choose names, labels and types while they run, and a name is exposed as it is given.
//! The usual client libraries fix label sets when a program is compiled, or append suffixes to names.

mod check;
mod hook;
mod labels;
mod own;
mod parse;
mod registry;
mod requests;
mod text;

pub use check::{Fault, check};
pub use hook::{Applied, HookMetrics, Problem, ProblemKind, SeriesLimits};
pub use own::{DEFAULT_PREFIX, Request, RunLabels, SelfMetrics};
pub use parse::{MetricsFileError, ParsedMetrics, parse};
pub(crate) use requests::{Component, counted};
pub use text::CONTENT_TYPE;
