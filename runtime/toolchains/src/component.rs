//! From a core module to a component.

use anyhow::{Context as _, Result};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::contract;

/// Makes a component of a core module that has the contract's imports and exports.
///
/// # Errors
/// The module imports or exports something else, or lacks something.
pub fn componentize(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>> {
    let (resolve, world) = contract()?;
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .context("the contract cannot be put into the module")?;
    encode(&module, adapter)
}

fn encode(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .adapter("wasi_snapshot_preview1", adapter)?
        .encode()
}
