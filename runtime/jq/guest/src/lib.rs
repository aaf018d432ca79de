//! The jq interpreter that hookbox runs in a sandbox.
//!
//! The language and its evaluation are jaq's; values, builtins and the grammar are written here after gojq, which
//! shell-operator's users write their filters for. `abi` is what the host calls.

mod abi;
mod access;
mod err;
mod json;
mod native;
mod num;
mod ops;
mod prelude;
mod program;
mod syntax;
mod val;

pub use native::set_now;
pub use program::{Program, RunError};
pub use syntax::SyntaxError;
