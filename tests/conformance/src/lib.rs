//! Conformance cases: what a hook is given and what becomes of its effects, step by step, on any cluster and in any
//! operator that knows shell-operator's configuration.
//!
//! - [`case`]: what a case says. - [`script`]: its hooks as executables that record what they are given.
//! - [`Subject`]: what runs the hooks. - [`play`]: a case played on a subject. - [`outcome`]: what came of it.
//! - [`rows`]: the table of behaviours.
//!
//! This library is for tests: where something cannot go on, it panics and says what was missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

pub mod case;
pub mod outcome;
pub mod play;
mod recorder;
pub mod rows;
pub mod script;
mod stable;
mod subject;
mod world;

pub use subject::{Inside, Process, Subject};
pub use world::World;

use std::path::Path;

/// The folder of the cases and their table.
#[must_use]
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
