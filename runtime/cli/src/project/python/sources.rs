//! The project's own files, as componentize-py gets them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, OrFail, Outcome};

/// Files of all folders at most, and their bytes.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 256 << 20;
/// Folders in folders at most.
const DEPTH: usize = 64;

/// All files of the folders in which modules are.
#[derive(Debug)]
pub(super) struct Sources {
    folders: Vec<Folder>,
    digest: String,
}

#[derive(Debug)]
struct Folder {
    /// What stands before a file's name in a traceback.
    name: String,
    /// Files, by their paths inside.
    files: BTreeMap<PathBuf, PathBuf>,
}

impl Sources {
    /// Find the files of these folders, relative to `root`.
    pub(super) fn of(root: &Path, path: &[PathBuf]) -> Outcome<Self> {
        let mut roots = Vec::new();
        for entry in path {
            let folder = root.join(entry);
            let found = folder.canonicalize().ok().filter(|found| found.is_dir());
            roots.push(found.ok_or_else(|| {
                Failure::usage(anyhow!("{} is no folder", folder.display()))
                    .help("mend `path` in [tool.hookbox] of pyproject.toml")
            })?);
        }
        let mut walk = Walk {
            others: &roots,
            files: 0,
            bytes: 0,
        };
        let mut folders = Vec::new();
        for (folder, entry) in roots.iter().zip(path) {
            let mut files = BTreeMap::new();
            walk.collect(folder, folder, DEPTH, &mut files)?;
            let entry = entry.strip_prefix(".").unwrap_or(entry);
            let name = match entry.as_os_str().is_empty() {
                true => String::new(),
                false => format!("{}/", entry.display().to_string().trim_end_matches('/')),
            };
            folders.push(Folder { name, files });
        }
        let mut digest = Sha256::new();
        for folder in &folders {
            digest.update(format!("{}\n", folder.name));
            for (inside, file) in &folder.files {
                digest.update(format!("{}\n", inside.display()));
                let text = std::fs::read(file)
                    .with_context(|| format!("{} cannot be read", file.display()))
                    .or_environment()?;
                digest.update(Sha256::digest(&text));
            }
        }
        let digest = hex::encode(digest.finalize());
        Ok(Self { folders, digest })
    }

    /// Changes when a file does.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether the SDK is among them.
    pub(super) fn has_sdk(&self) -> bool {
        let sdk = Path::new("hookbox").join("componentize-py.toml");
        self.folders.iter().any(|f| f.files.contains_key(&sdk))
    }

    /// What stands before the names of files in tracebacks, for each folder.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(|folder| folder.name.as_str())
    }

    /// Put copies below `stage`, in place of what is there, and give the folders of them.
    pub(super) fn copy(&self, stage: &Path) -> Outcome<Vec<PathBuf>> {
        let copy = || -> std::io::Result<Vec<PathBuf>> {
            if stage.exists() {
                std::fs::remove_dir_all(stage)?;
            }
            let mut copies = Vec::new();
            for (index, folder) in self.folders.iter().enumerate() {
                let to = stage.join(index.to_string());
                std::fs::create_dir_all(&to)?;
                for (inside, file) in &folder.files {
                    let copy = to.join(inside);
                    if let Some(parent) = copy.parent() {
                        std::fs::create_dir_all(parent)?;
                    }
                    std::fs::write(&copy, std::fs::read(file)?)?;
                }
                copies.push(to);
            }
            Ok(copies)
        };
        copy()
            .with_context(|| format!("the sources cannot be copied to {}", stage.display()))
            .or_environment()
    }
}

struct Walk<'r> {
    /// The other folders, which are not part of one that they are in.
    others: &'r [PathBuf],
    files: usize,
    bytes: u64,
}

impl Walk<'_> {
    fn collect(
        &mut self,
        root: &Path,
        folder: &Path,
        depth: usize,
        files: &mut BTreeMap<PathBuf, PathBuf>,
    ) -> Outcome {
        let unreadable = || format!("{} cannot be read", folder.display());
        let entries = std::fs::read_dir(folder)
            .with_context(unreadable)
            .or_environment()?;
        for entry in entries {
            let entry = entry.with_context(unreadable).or_environment()?;
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry
                .file_type()
                .with_context(unreadable)
                .or_environment()?;
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.ends_with('~') || name.ends_with(".pyc") {
                continue;
            }
            if kind.is_dir() {
                let built = folder == root && name == "target";
                let skipped = built
                    || ["__pycache__", "node_modules"].contains(&name.as_ref())
                    || path.join("pyvenv.cfg").is_file()
                    || self.others.contains(&path);
                if skipped {
                    continue;
                }
                if depth == 0 {
                    return Err(Failure::usage(anyhow!(
                        "{} has too many folders in folders",
                        root.display()
                    )));
                }
                self.collect(root, &path, depth - 1, files)?;
            } else if let Ok(metadata) = std::fs::metadata(&path)
                && metadata.is_file()
            {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(metadata.len());
                if self.files > MOST_FILES || self.bytes > MOST_BYTES {
                    return Err(Failure::usage(anyhow!(
                        "{} has more than {MOST_FILES} files or {} MiB",
                        root.display(),
                        MOST_BYTES >> 20
                    ))
                    .help("name the folders with its modules in `path` of [tool.hookbox] in pyproject.toml"));
                }
                let inside = path.strip_prefix(root).unwrap_or(&path).to_owned();
                files.insert(inside, path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_can_be_imported_is_found_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for file in [
            "main.py",
            "data.json",
            "pkg/__init__.py",
            "third/sdk/hookbox/componentize-py.toml",
            ".git/config",
            "target/x.py",
            "pkg/__pycache__/x.pyc",
            "env/pyvenv.cfg",
            "env/lib/x.py",
        ] {
            write(root, file, "");
        }
        let path = [PathBuf::from("."), PathBuf::from("./third/sdk")];
        let sources = Sources::of(root, &path).unwrap();
        assert!(sources.has_sdk());
        assert_eq!(sources.names().collect::<Vec<_>>(), ["", "third/sdk/"]);
        let stage = root.join("target/stage");
        let copies = sources.copy(&stage).unwrap();
        assert_eq!(copies, [stage.join("0"), stage.join("1")]);
        let files: Vec<_> = sources.folders[0].files.keys().collect();
        let expected = ["data.json", "main.py", "pkg/__init__.py"].map(PathBuf::from);
        assert_eq!(files, expected.iter().collect::<Vec<_>>());
        assert!(copies[1].join("hookbox/componentize-py.toml").is_file());

        let before = sources.digest().to_owned();
        assert_eq!(Sources::of(root, &path).unwrap().digest(), before);
        write(root, "main.py", "x = 1\n");
        assert_ne!(Sources::of(root, &path).unwrap().digest(), before);
        assert!(Sources::of(root, &[PathBuf::from("nowhere")]).is_err());
    }
}
