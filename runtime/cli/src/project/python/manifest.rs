//! What pyproject.toml says to hookbox.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;

use crate::failure::{Failure, OrFail, Outcome};

/// What is read of pyproject.toml.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The project's name.
    pub(super) name: String,
    /// The module that registers the hooks.
    pub(super) module: String,
    /// Folders in which modules are, in the order in which they are searched, as they are written.
    pub(super) path: Vec<PathBuf>,
    /// What it needs, in pip's words.
    pub(super) dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    project: Option<ProjectTable>,
    tool: Option<ToolTable>,
}

#[derive(Deserialize)]
struct ProjectTable {
    name: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct ToolTable {
    hookbox: Option<HookboxTable>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HookboxTable {
    module: Option<String>,
    path: Option<Vec<PathBuf>>,
}

impl Manifest {
    /// Read the manifest of the project in `root`.
    pub(super) fn read(root: &Path) -> Outcome<Self> {
        let file = root.join("pyproject.toml");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))
            .or_usage()?;
        Self::parse(root, &text).map_err(|error| {
            Failure::usage(error.context(format!("{} cannot be used", file.display())))
        })
    }

    fn parse(root: &Path, text: &str) -> anyhow::Result<Self> {
        let document: Document = toml::from_str(text)?;
        let hookbox = document.tool.and_then(|t| t.hookbox).unwrap_or_default();
        let (name, dependencies) = match document.project {
            Some(project) => (project.name, project.dependencies),
            None => (None, Vec::new()),
        };
        let name = name.filter(|name| is_package(name)).ok_or_else(|| {
            anyhow!(
                "it has no `name` in [project], or not one of letters, digits, `-`, `_` and `.`"
            )
        })?;
        let module = hookbox.module.unwrap_or_else(|| "main".into());
        if !is_module(&module) {
            anyhow::bail!(
                "`module` in [tool.hookbox] is a module's name, as `import` takes it, not {module:?}"
            );
        }
        let path = hookbox.path.unwrap_or_else(|| {
            let source = if root.join("src").is_dir() {
                "src"
            } else {
                "."
            };
            vec![PathBuf::from(source)]
        });
        if path.is_empty() {
            anyhow::bail!("`path` in [tool.hookbox] names no folder");
        }
        Ok(Self {
            name,
            module,
            path,
            dependencies,
        })
    }
}

/// Whether this is a package's name, which makes a file's name, too.
fn is_package(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_module(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The name of what a requirement asks for, in pip's normal form; empty for a path or a URL.
pub(super) fn name_of(requirement: &str) -> String {
    let requirement = requirement.trim();
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    let name = requirement.get(..end).unwrap_or_default();
    if !is_package(name)
        || requirement
            .get(end..)
            .is_some_and(|rest| rest.starts_with('/'))
    {
        return String::new();
    }
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Manifest> {
        Manifest::parse(Path::new("nowhere"), text)
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let manifest = parse("[project]\nname = \"demo\"\n").unwrap();
        assert_eq!(
            (manifest.name.as_str(), manifest.module.as_str()),
            ("demo", "main")
        );
        assert_eq!(manifest.path, [PathBuf::from(".")]);
        let manifest = parse(
            "[project]\nname = \"a\"\ndependencies = [\"x>1\"]\n[tool.hookbox]\nmodule = \"a.b\"\npath = [\"lib\"]\n[tool.other]\nx = 1\n",
        )
        .unwrap();
        assert_eq!(manifest.module, "a.b");
        assert_eq!(manifest.path, [PathBuf::from("lib")]);
        assert_eq!(manifest.dependencies, ["x>1"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, said) in [
            ("[project\n", "TOML parse error at line 1"),
            ("", "no `name` in [project]"),
            ("[project]\nname = \"../x\"\n", "no `name` in [project]"),
            (
                "[project]\nname = \"a\"\n[tool.hookbox]\nmodul = \"a\"\n",
                "unknown field `modul`",
            ),
            (
                "[project]\nname = \"a\"\n[tool.hookbox]\nmodule = \"a b\"\n",
                "a module's name",
            ),
            (
                "[project]\nname = \"a\"\n[tool.hookbox]\npath = []\n",
                "names no folder",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn requirements_have_names() {
        for (requirement, name) in [
            ("PyYAML>=6", "pyyaml"),
            ("hookbox", "hookbox"),
            ("a_b.c[extra] ; python_version > '3'", "a-b-c"),
            ("./libs/x", ""),
            ("libs/x", ""),
            ("-e .", ""),
        ] {
            assert_eq!(name_of(requirement), name, "{requirement}");
        }
    }
}
