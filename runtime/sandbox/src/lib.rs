//! Runs hook components in sandboxes.
//!
//! A component goes in, a run comes out: its [`Effects`] as data, its log, what it used. This crate knows
//! WebAssembly and the contract `hookbox:hook`; it knows nothing of Kubernetes, and nothing it runs can reach the
//! network, the disk, the environment or the cluster but by [`Grants`], nor ever another hook's run, nor any other run at
//! all but by a [`Warm`] instance.
//!
//! ```no_run
//! use hookbox_sandbox::{Budget, RunInput, Sandbox, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::new(Settings::default())?;
//! let component = sandbox.load(std::fs::read("hook.wasm")?).await?;
//! for hook in component.describe(&Budget::describe()).await? {
//!     let run = component.run(&hook.name, RunInput::default(), &Budget::default()).await;
//!     let effects = run.result?;
//!     assert!(effects.object_patches.is_empty());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The way of a component: [`load`] (what is it, does it fit), compiled once and kept on disk, prepared; then for
//! every run a fresh instance ([`Component::run`]), or one that was kept where that is wanted ([`Warm`]), that asks the host for what it was given ([`input`]), and gives
//! [`effects`]. Everything is bounded by a [`Budget`]; what comes to a limit is a [`RunError::Limit`] that names it.
//! Runs need a tokio runtime with its timer on.

pub mod ask;
mod bindings;
pub mod budget;
mod cache;
pub mod capabilities;
mod clock;
mod compile;
pub mod component;
mod cpu;
mod document;
pub mod effects;
mod engine;
mod excerpt;
mod execute;
mod fault;
mod fields;
pub mod grants;
mod host;
pub mod http;
pub mod input;
mod json;
pub mod load;
mod log;
mod memory;
mod module;
mod outside;
mod parts;
mod pointer;
pub mod reads;
mod render;
pub mod run;
mod said;
pub mod sandbox;
pub mod seconds;
mod state;
mod ticker;
pub mod turns;
mod validate;
pub mod warm;
mod wasi;

pub use ask::{AdmissionResponse, Answer, Ask, Export};
pub use budget::{Budget, Limit, Usage};
pub use capabilities::Capabilities;
pub use component::{Component, LoadReport, LoadSource};
pub use cpu::WorkerTime;
pub use effects::{Effects, MetricOperation, ObjectPatch, ValuesPatchOperation};
pub use excerpt::Excerpt;
pub use grants::{GrantError, Grants};
pub use http::{HttpClient, HttpError, HttpSettings};
pub use input::{Context, Entry, Form, JsonText, Resource, RunInput, Snapshot};
pub use load::LoadError;
pub use outside::HttpRecord;
pub use reads::{ClusterReads, Page, Read, ReadAnswer, ReadRecord, ReadRefusal, RecordedReads};
pub use render::{contexts_json, contexts_within, render_contexts};
pub use run::{HookDefinition, HookError, LogLevel, LogRecord, Retry, Run, RunError};
pub use said::{Said, said};
pub use sandbox::{Sandbox, SandboxError, Settings};
pub use ticker::Ticking;
pub use turns::Lane;
pub use validate::MAX_BUCKETS;
pub use warm::{WARM_IDLE, WARM_MEMORY, WARM_RUNS, Warm};
