//! jq filters in a sandbox.

mod clock;
mod error;
mod filter;
mod instance;
mod jq;
mod pool;

pub use error::{JqError, JqLimit, Position};
pub use filter::Filter;
pub use jq::{Jq, JqBudget};

/// Bytes of a filter's text, at most.
pub const MAX_FILTER: usize = 64 << 10;
/// Bytes of an object, at most.
pub const MAX_OBJECT: usize = 16 << 20;
/// Bytes of a result, at most.
pub const MAX_RESULT: usize = 16 << 20;
