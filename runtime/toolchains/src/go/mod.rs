//! Go, as its standard toolchain compiles it for WASI preview 1.
//!
//! The usual adapter does not do for it: it calls `cabi_realloc` before Go's runtime is up. The one here
//! allocates nothing, and keeps what it needs in the part of the memory that Go's linker leaves free.

use anyhow::{Context as _, Result};
use wit_component::{StringEncoding, embed_component_metadata};

use crate::contract;

const ADAPTER: &str = include_str!("adapter.wat");
const WORLD: &str = include_str!("adapter.wit");

/// Makes a component of what `GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared` made.
///
/// # Errors
/// The module has not the contract's imports and exports.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    crate::componentize(module, &adapter()?)
}

fn adapter() -> Result<Vec<u8>> {
    let (resolve, world) = contract::world(&[("adapter.wit", WORLD)], "adapter")?;
    let mut module = wat::parse_str(ADAPTER).context("the adapter")?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(module)
}
