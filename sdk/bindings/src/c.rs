//! C, by wit-bindgen's own generator.

use anyhow::{Result, anyhow};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// What the files and the world's own names begin with.
const NAME: &str = "hookbox_bindings";

/// The header and the source of the bindings: names and texts.
///
/// # Errors
/// The contract has what cannot be said in C.
pub fn generate(resolve: &Resolve, world: WorldId) -> Result<Vec<(String, String)>> {
    let options = wit_bindgen_c::Opts {
        // `hookbox build` puts the contract into the module.
        no_object_file: true,
        rename_world: Some(NAME.to_owned()),
        ..wit_bindgen_c::Opts::default()
    };
    let mut files = Files::default();
    let mut resolve = resolve.clone();
    options.build().generate(&mut resolve, world, &mut files)?;
    files
        .iter()
        .map(|(name, content)| {
            let text = std::str::from_utf8(content).map_err(|_| anyhow!("{name} is no text"))?;
            Ok((name.to_owned(), text.to_owned()))
        })
        .collect()
}
