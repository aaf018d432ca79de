//! JSON text to values and back.

mod read;
mod write;

pub use read::{ReadError, read};
pub use write::{not_finite, preview, to_json, write};

/// How deep arrays and objects may be nested in text.
pub const MAX_DEPTH: usize = 2000;
