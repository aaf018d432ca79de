//! C and C++, as clang and zig compile them for WASI preview 1.

use anyhow::Result;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER;

/// Makes a component of a linked module: what `--target=wasm32-wasi -mexec-model=reactor` gives.
///
/// # Errors
/// The module has not the contract's imports and exports.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    crate::componentize(module, ADAPTER)
}
