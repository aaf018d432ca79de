//! The components that are measured.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use hookbox_guest_builder::component;

/// What the built files of `bench/guests/many` and `bench/guests/admission` hold at one place, before a letter.
const MARK: &[u8] = b"bench-component:00000:00001:";

/// The component whose hooks do next to nothing.
pub(crate) fn trivial() -> Result<Vec<u8>> {
    build("trivial")
}

fn build(name: &str) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("guests")
        .join(name);
    Ok(component(&folder, &format!("bench_{name}"))?)
}

/// When the hooks of a component run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// When the operator starts.
    Startup,
    /// Each new year: never, as far as this is concerned.
    NewYear,
}

/// How the hooks of `bench/guests/admission` read a Pod.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reads {
    /// Its labels.
    Labels,
    /// All of it.
    Whole,
}

/// Write `count` distinct components, each with `hooks` hooks of distinct names, into `folder`.
pub(crate) fn many(folder: &Path, count: u32, hooks: u32, when: When) -> Result<Vec<PathBuf>> {
    let letter = match when {
        When::Startup => 's',
        When::NewYear => 'c',
    };
    distinct(&build("many")?, folder, count, hooks, letter)
}

/// The same with hooks that answer reviews. Hook `h` of component `c` has the webhook `cCCCCC-hHHH.bench.example.com`.
pub(crate) fn admission(folder: &Path, count: u32, hooks: u32, reads: Reads) -> Result<()> {
    let letter = match reads {
        Reads::Labels => 'l',
        Reads::Whole => 'w',
    };
    distinct(&build("admission")?, folder, count, hooks, letter)?;
    Ok(())
}

/// The component that does what a shell hook with one jq does.
pub(crate) fn work() -> Result<Vec<u8>> {
    build("work")
}

fn distinct(
    template: &[u8],
    folder: &Path,
    count: u32,
    hooks: u32,
    letter: char,
) -> Result<Vec<PathBuf>> {
    let at: Vec<usize> = template
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, w)| *w == MARK)
        .map(|(at, _)| at)
        .collect();
    let [at] = at.as_slice() else {
        bail!("the component has its mark {} times", at.len());
    };
    std::fs::create_dir_all(folder)?;
    let mut paths = Vec::new();
    for number in 0..count {
        let mark = format!("bench-component:{number:05}:{hooks:05}:{letter}");
        let mut bytes = template.to_vec();
        let place = bytes
            .get_mut(*at..at + mark.len())
            .context("the mark is whole")?;
        place.copy_from_slice(mark.as_bytes());
        let path = folder.join(format!("{number:05}.wasm"));
        std::fs::write(&path, bytes)?;
        paths.push(path);
    }
    Ok(paths)
}
