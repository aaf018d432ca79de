//! Bindings of the contract in `wit/` for the languages whose own tools make none: made here, kept beside the SDK that
//! uses them, so that an author's build needs no generator.

pub mod go;

use std::path::Path;

use anyhow::{Context as _, Result};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// The world of which every component of an SDK is: it has all exports, and refuses those of which it has nothing.
pub const WORLD: &str = "every-hook";

/// The contract in a folder of WIT files.
///
/// # Errors
/// The files are no package with the world [`WORLD`].
pub fn contract(folder: &Path) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_path(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    Ok((resolve, world))
}
