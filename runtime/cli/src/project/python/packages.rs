//! What a project depends on: packages in its virtual environment, or put into its target folder by pip.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::editable::Editable;
use super::manifest::{Manifest, name_of};
use super::sources::Sources;
use super::tool;
use crate::failure::{OrFail, Outcome};
use crate::ui::{Tone, Ui};

/// Where the packages of a project are.
#[derive(Debug)]
pub(super) struct Packages {
    root: PathBuf,
    from: From,
    digest: String,
}

#[derive(Debug)]
enum From {
    /// The folders of a virtual environment, which its owner fills.
    Environment {
        folder: PathBuf,
        paths: Vec<PathBuf>,
        /// Modules that are installed to be edited under another name than their files have, and where they are.
        renamed: Vec<(String, PathBuf)>,
    },
    /// What pip installs from these requirements.
    Pip {
        requirements: String,
        scratch: PathBuf,
    },
    /// There are none.
    Nothing,
}

impl Packages {
    /// Find out what the project in `root` depends on. With `sdk` the SDK is there without pip.
    pub(super) fn of(root: &Path, scratch: &Path, manifest: &Manifest, sdk: bool) -> Outcome<Self> {
        let mut digest = Sha256::new();
        let from = if let Some(folder) = tool::environment(root) {
            let (paths, renamed) = site_packages(&folder);
            for path in &paths {
                digest.update(installed(path));
                // What is installed to be edited has its sources elsewhere. What is too much to look at is not looked at.
                if !path.ends_with("site-packages")
                    && let Ok(sources) = Sources::of(root, std::slice::from_ref(path))
                {
                    digest.update(sources.digest());
                }
            }
            From::Environment {
                folder,
                paths,
                renamed,
            }
        } else {
            let requirements = requirements(root, manifest, sdk)?;
            digest.update(&requirements);
            // A package in a folder of the project may change without its requirement.
            for line in requirements.lines() {
                let local = root.join(line.trim().trim_start_matches("-e").trim());
                if local.is_dir() {
                    digest.update(Sources::of(root, &[local])?.digest());
                } else if let Some(named) = named_file(root, line) {
                    digest.update(std::fs::read(&named).unwrap_or_default());
                }
            }
            match requirements.is_empty() {
                true => From::Nothing,
                false => From::Pip {
                    requirements,
                    scratch: scratch.to_owned(),
                },
            }
        };
        let digest = hex::encode(digest.finalize());
        Ok(Self {
            root: root.to_owned(),
            from,
            digest,
        })
    }

    /// Changes when other packages are there.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// The folders that they are in.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        match &self.from {
            From::Environment { paths, .. } => paths.clone(),
            From::Pip { scratch, .. } => vec![scratch.join("packages")],
            From::Nothing => Vec::new(),
        }
    }

    /// Whether the SDK is among them.
    pub(super) fn have_sdk(&self) -> bool {
        let sdk = |folder: &PathBuf| {
            folder
                .join("hookbox")
                .join("componentize-py.toml")
                .is_file()
        };
        self.folders().iter().any(sdk)
    }

    /// Install what pip is to install, unless it was.
    pub(super) async fn install(&self, ui: &Ui) -> Outcome {
        let From::Pip {
            requirements,
            scratch,
        } = &self.from
        else {
            return Ok(());
        };
        let stamp = scratch.join("packages.stamp");
        if std::fs::read_to_string(&stamp).unwrap_or_default() == self.digest {
            return Ok(());
        }
        let python = tool::venv(&self.root, &scratch.join("venv")).await?;
        ui.status(Tone::Note, "Getting", "the dependencies by pip");
        let (list, folder) = (scratch.join("requirements.txt"), scratch.join("packages"));
        let _ = std::fs::remove_file(&stamp);
        let prepare = || -> std::io::Result<()> {
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            std::fs::write(&list, requirements)
        };
        prepare()
            .with_context(|| format!("{} cannot be written", list.display()))
            .or_environment()?;
        let arguments = [
            OsString::from("--target"),
            folder.into_os_string(),
            OsString::from("--requirement"),
            list.into_os_string(),
        ];
        let installed = tool::pip(&python, &self.root, &arguments).await;
        installed.map_err(|failure| {
            failure
                .unwrap_or_else(|| crate::failure::Failure::environment(anyhow::anyhow!("pip could not be started")))
                .help("check the network and the `dependencies` in pyproject.toml or requirements.txt; with a .venv in the project what is installed there is used")
        })?;
        std::fs::write(&stamp, &self.digest)
            .with_context(|| format!("{} cannot be written", stamp.display()))
            .or_environment()
    }

    /// Why a module is not there that is installed all the same, and what to do.
    pub(super) fn renamed(&self, module: &str) -> Option<String> {
        let From::Environment { renamed, .. } = &self.from else {
            return None;
        };
        let (name, path) = renamed.iter().find(|(name, _)| name == module)?;
        Some(format!(
            "`{name}` is installed to be edited, from {}: a component takes a module from a folder or file of its own name; install it without -e, or name its files so",
            path.display()
        ))
    }

    /// What to do when a module is not there.
    pub(super) fn advice(&self, module: &str) -> String {
        let top = module.split('.').next().unwrap_or(module);
        if let Some(advice) = self.renamed(top) {
            return advice;
        }
        let compiled =
            "packages with parts that are compiled for this machine do not work in a component";
        match &self.from {
            From::Environment { folder, .. } => format!(
                "install what has `{top}`: {}/bin/python -m pip install NAME; {compiled}",
                folder.display()
            ),
            From::Pip { .. } | From::Nothing => format!(
                "name what has `{top}` in `dependencies` of pyproject.toml or in requirements.txt, or its folder in `path` of [tool.hookbox]; {compiled}"
            ),
        }
    }
}

/// What pip is to install: requirements.txt, else the dependencies in the manifest.
fn requirements(root: &Path, manifest: &Manifest, sdk: bool) -> Outcome<String> {
    let file = root.join("requirements.txt");
    let lines: Vec<String> = if file.is_file() {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))
            .or_usage()?;
        text.lines().map(str::to_owned).collect()
    } else {
        manifest.dependencies.clone()
    };
    let wanted = lines.iter().map(|line| line.trim()).filter(|line| {
        let known = sdk && name_of(line) == "hookbox";
        !known && !line.is_empty() && !line.starts_with('#')
    });
    Ok(wanted
        .map(|line| format!("{}\n", absolute(root, line)))
        .collect())
}

/// A line that names another list, by its whole path: pip looks for it beside the list that it is given.
fn absolute(root: &Path, line: &str) -> String {
    match other_list(line) {
        Some((flag, file)) => format!("{flag} {}", root.join(file).display()),
        None => line.to_owned(),
    }
}

/// The flag and the file of a line such as `-r base.txt`.
fn other_list(line: &str) -> Option<(&'static str, &str)> {
    let flags = ["--requirement", "--constraint", "-r", "-c"];
    flags.into_iter().find_map(|flag| {
        let rest = line.strip_prefix(flag)?;
        let short = flag.len() == 2;
        let apart = rest.starts_with([' ', '=', '\t']);
        (short || apart).then(|| (flag, rest.trim_start_matches([' ', '=', '\t']).trim()))
    })
}

/// The file that a requirement names: a wheel, or another list.
fn named_file(root: &Path, line: &str) -> Option<PathBuf> {
    let name = other_list(line).map_or(line.trim(), |(_, file)| file);
    let path = root.join(name);
    path.is_file().then_some(path)
}

/// The folders of a virtual environment that hold modules, those of packages that are installed to be edited too; and the
/// modules that no folder has.
fn site_packages(environment: &Path) -> (Vec<PathBuf>, Vec<(String, PathBuf)>) {
    let mut found = Vec::new();
    let mut renamed = Vec::new();
    for version in entries(&environment.join("lib")) {
        let folder = version.join("site-packages");
        if !folder.is_dir() {
            continue;
        }
        let mut editable = Editable::default();
        for file in entries(&folder) {
            editable.read(&file);
        }
        found.append(&mut editable.folders);
        renamed.append(&mut editable.renamed);
        found.push(folder);
    }
    (found, renamed)
}

/// What is installed in a folder, by the records of it.
fn installed(folder: &Path) -> String {
    let mut records: Vec<String> = entries(folder)
        .into_iter()
        .filter(|entry| entry.extension().is_some_and(|end| end == "dist-info"))
        .map(|entry| {
            let record = std::fs::read(entry.join("RECORD")).unwrap_or_default();
            format!(
                "{} {}\n",
                entry.display(),
                hex::encode(Sha256::digest(&record))
            )
        })
        .collect();
    records.sort();
    records.concat()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dependencies: &[&str]) -> Manifest {
        Manifest {
            name: "a".into(),
            module: "main".into(),
            path: vec![".".into()],
            dependencies: dependencies.iter().map(|&d| d.to_owned()).collect(),
        }
    }

    #[test]
    fn requirements_come_from_one_of_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let of = |sdk| requirements(dir.path(), &manifest(&["hookbox>=0.1", "x"]), sdk).unwrap();
        assert_eq!(of(true), "x\n");
        assert_eq!(of(false), "hookbox>=0.1\nx\n");
        std::fs::write(dir.path().join("requirements.txt"), "# y\ny==1\n\n").unwrap();
        assert_eq!(of(true), "y==1\n");
        let list = "-r base.txt\n--constraint=c.txt\n-rx.txt\n--require-hashes\n";
        std::fs::write(dir.path().join("requirements.txt"), list).unwrap();
        let root = dir.path().display();
        assert_eq!(
            of(true),
            format!(
                "-r {root}/base.txt\n--constraint {root}/c.txt\n-r {root}/x.txt\n--require-hashes\n"
            )
        );
    }

    #[test]
    fn a_virtual_environment_is_read_with_what_is_installed_to_be_edited() {
        let dir = tempfile::tempdir().unwrap();
        let (environment, other) = (dir.path().join("env"), dir.path().join("other"));
        let site = environment.join("lib/python3.11/site-packages");
        std::fs::create_dir_all(site.join("x-1.dist-info")).unwrap();
        std::fs::create_dir_all(&other).unwrap();
        std::fs::write(
            site.join("other.pth"),
            format!("{}\nimport x\n", other.display()),
        )
        .unwrap();
        assert_eq!(site_packages(&environment).0, [other, site.clone()]);
        let before = installed(&site);
        std::fs::create_dir_all(site.join("y-1.dist-info")).unwrap();
        assert_ne!(installed(&site), before);
    }
}
