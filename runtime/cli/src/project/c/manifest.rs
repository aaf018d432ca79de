//! `hookbox.yaml`: what a project in C or C++ is made of.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::failure::{Failure, OrFail, Outcome};
use crate::project::endings::is_cpp;

/// The file's name.
pub(crate) const FILE: &str = "hookbox.yaml";

/// The file.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The component's name.
    pub(super) name: String,
    /// Where the SDK is.
    pub(super) sdk: PathBuf,
    /// Files and folders with the hooks.
    #[serde(default = "sources")]
    pub(super) sources: Vec<PathBuf>,
    /// Folders with headers.
    #[serde(default)]
    pub(super) include: Vec<PathBuf>,
    /// What the compiler is given besides.
    #[serde(default)]
    pub(super) flags: Vec<String>,
    /// What the linker is given besides.
    #[serde(default)]
    pub(super) link: Vec<String>,
}

fn sources() -> Vec<PathBuf> {
    vec![PathBuf::from("src")]
}

impl Manifest {
    /// The file of the project in `root`.
    pub(super) fn read(root: &Path) -> Outcome<Self> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))
            .or_usage()?;
        let manifest: Self = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is no description of a project", path.display()))
            .or_usage()?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if manifest.name.is_empty() || !manifest.name.chars().all(fits) {
            return Err(Failure::usage(anyhow!(
                "{}: `{}` cannot be a component's name",
                path.display(),
                manifest.name
            ))
            .help("letters, digits, `-` and `_`"));
        }
        let header = manifest.sdk.join("include/hookbox.h");
        if !root.join(&header).is_file() {
            return Err(Failure::usage(anyhow!(
                "{}: the SDK is not in {}: it has no include/hookbox.h",
                path.display(),
                manifest.sdk.display()
            ))
            .help("`sdk` is the folder sdk/c as `hookbox new` puts it into a project"));
        }
        Ok(manifest)
    }

    /// All files to compile, as paths from the project: those of the hooks, then those of the SDK.
    pub(super) fn files(&self, root: &Path) -> Outcome<Files> {
        let mut hooks = Vec::new();
        for source in &self.sources {
            let full = root.join(source);
            if full.is_dir() {
                collect(&full, source, true, &mut hooks)
                    .with_context(|| format!("{} cannot be read", full.display()))
                    .or_usage()?;
            } else if full.is_file() {
                hooks.push(source.clone());
            } else {
                return Err(Failure::usage(anyhow!(
                    "{}: there is no {}",
                    root.join(FILE).display(),
                    source.display()
                )));
            }
        }
        // What is linked may be the hooks, compiled from another language.
        if hooks.is_empty() && self.link.is_empty() {
            let places: Vec<_> = self
                .sources
                .iter()
                .map(|s| s.display().to_string())
                .collect();
            return Err(
                Failure::usage(anyhow!("there is no source in {}", places.join(", "))).help(
                    format!("`sources` of {FILE} names files, or folders with *.c and *.cpp"),
                ),
            );
        }
        let mut sdk = Vec::new();
        let folder = self.sdk.join("src");
        collect(&root.join(&folder), &folder, false, &mut sdk)
            .with_context(|| format!("{} cannot be read", folder.display()))
            .or_usage()?;
        Ok(Files { hooks, sdk })
    }
}

/// What is compiled.
pub(super) struct Files {
    pub(super) hooks: Vec<PathBuf>,
    pub(super) sdk: Vec<PathBuf>,
}

impl Files {
    /// Whether there is C++ among them.
    pub(super) fn has_cpp(&self) -> bool {
        self.hooks.iter().any(|file| is_cpp(file))
    }
}

fn collect(
    folder: &Path,
    shown: &Path,
    deep: bool,
    files: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))))
        .collect::<Result<_, _>>()?;
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, kind) in entries {
        let path = folder.join(&name);
        // A link to a folder may lead round and round: what is there is named by itself.
        if kind.is_dir() {
            if deep {
                collect(&path, &shown.join(&name), deep, files)?;
            }
        } else if path.is_file() && (is_cpp(&path) || path.extension().is_some_and(|e| e == "c")) {
            files.push(shown.join(&name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_a_default() {
        let read: Manifest = serde_saphyr::from_str("name: a\nsdk: ../sdk\n").unwrap();
        assert_eq!(read.sources, [Path::new("src")]);
        assert!(read.flags.is_empty() && read.link.is_empty() && read.include.is_empty());
        let wrong: Result<Manifest, _> = serde_saphyr::from_str("name: a\nsdk: s\nsource: [x]\n");
        assert!(wrong.unwrap_err().to_string().contains("source"));
    }
}
