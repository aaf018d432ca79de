//! The jq interpreter that hookbox runs in a sandbox.
//!
//! The language and its evaluation are jaq's; values and builtins are written here, and the grammar in
//! `hookbox-jq-syntax`, after gojq, which shell-operator's users write their filters for. `abi` is what the host calls.

mod abi;
mod access;
mod err;
mod json;
mod native;
mod num;
mod ops;
mod prelude;
mod program;
mod tree;
mod val;

pub use hookbox_jq_syntax::SyntaxError;
pub use native::set_now;
pub use program::{Program, RunError};
