//! Runs hook components in sandboxes.
//!
//! A component goes in, a run comes out: its [`Effects`] as data, its log, what it used. This crate knows
//! WebAssembly and the contract `hookbox:hook`; it knows nothing of Kubernetes, and nothing it runs can reach the
//! network, the disk, the environment or another run.

pub mod budget;
pub mod effects;
pub mod input;
pub mod run;

pub use budget::{Budget, Limit, Usage};
pub use effects::{Effects, MetricOperation, ObjectPatch, ValuesPatchOperation};
pub use input::{Context, Entry, JsonText, RunInput, Snapshot};
pub use run::{HookDefinition, HookError, LogLevel, LogRecord, Retry, Run, RunError};
