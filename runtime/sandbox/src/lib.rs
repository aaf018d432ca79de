//! Runs hook components in sandboxes.
//!
//! A component goes in, a run comes out: its [`Effects`] as data, its log, what it used. This crate knows
//! WebAssembly and the contract `hookbox:hook`; it knows nothing of Kubernetes, and nothing it runs can reach the
//! network, the disk, the environment or another run.

mod bindings;
pub mod budget;
mod cache;
mod clock;
mod compile;
pub mod component;
mod cpu;
mod document;
pub mod effects;
mod engine;
mod execute;
mod fault;
mod host;
pub mod input;
mod json;
pub mod load;
mod log;
mod memory;
mod pointer;
mod render;
pub mod run;
pub mod sandbox;
mod state;
mod validate;
mod wasi;

pub use budget::{Budget, Limit, Usage};
pub use component::{Component, LoadReport, LoadSource};
pub use effects::{Effects, MetricOperation, ObjectPatch, ValuesPatchOperation};
pub use input::{Context, Entry, JsonText, RunInput, Snapshot};
pub use load::LoadError;
pub use render::render_contexts;
pub use run::{HookDefinition, HookError, LogLevel, LogRecord, Retry, Run, RunError};
pub use sandbox::{Sandbox, SandboxError, Settings};
