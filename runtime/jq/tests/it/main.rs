//! Filters through the sandbox, as an operator runs them. One program, so that the interpreter is compiled once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod common;
mod filters;
mod hostile;
mod identity;
mod table;
