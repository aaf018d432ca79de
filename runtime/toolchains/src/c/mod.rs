//! C and C++, as clang and zig compile them for WASI preview 1.

mod names;

use anyhow::Result;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER;

/// Makes a component of a linked module: what `--target=wasm32-wasi -mexec-model=reactor` gives. Of its debug information
/// it keeps the functions' names, each with the file and the line of the function, so that a backtrace shows them; the
/// module is called `name` there.
///
/// # Errors
/// The module is none, or has not the contract's imports and exports.
pub fn componentize(module: &[u8], name: &str) -> Result<Vec<u8>> {
    crate::componentize(&names::slim(module, name)?, ADAPTER)
}
