//! The contract, as part of the program.

use anyhow::Result;
use wit_parser::{Resolve, SourceMap, WorldId};

/// The world of every component that is made here: it has all exports, and refuses those of which it has nothing.
pub const WORLD: &str = "every-hook";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../wit/", $name)))),*]
    };
}

const FILES: [(&str, &str); 14] = files![
    "admission.wit",
    "cluster.wit",
    "contexts.wit",
    "conversion.wit",
    "filters.wit",
    "hooks.wit",
    "http.wit",
    "log.wit",
    "metrics.wit",
    "object-patches.wit",
    "snapshots.wit",
    "types.wit",
    "values.wit",
    "world.wit",
];

/// The contract and its world [`WORLD`].
///
/// # Errors
/// It cannot be understood: a defect of the program.
pub fn contract() -> Result<(Resolve, WorldId)> {
    world(&FILES, WORLD)
}

/// A world of the package that these files make: each with its name and its text.
pub(crate) fn world(files: &[(&str, &str)], world: &str) -> Result<(Resolve, WorldId)> {
    let mut sources = SourceMap::default();
    for (name, text) in files {
        sources.push_str(name, *text);
    }
    let group = sources
        .parse()
        .map_err(|(sources, error)| anyhow::anyhow!(error.render(&sources)))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group)?;
    let world = resolve.select_world(&[package], Some(world))?;
    Ok((resolve, world))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test's failure is a panic")]

    use super::*;

    #[test]
    fn all_of_the_contract_is_part_of_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".wit"))
            .collect();
        files.sort();
        assert_eq!(files, FILES.map(|(name, _)| name));
        contract().unwrap();
    }
}
