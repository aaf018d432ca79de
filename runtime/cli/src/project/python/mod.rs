//! Python: componentize-py puts an interpreter and the project's modules, as they are after they were imported, into a
//! component.

mod editable;
mod manifest;
mod packages;
mod sources;
mod tool;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, anyhow};
use tokio::process::Command;

use self::manifest::Manifest;
use self::packages::Packages;
use self::sources::Sources;
use super::Built;
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

/// The module that the component begins with. It is nobody else's name.
const ENTRY: &str = "_hookbox_entry";
/// What stands before and after what the SDK says about a module that cannot be imported.
const MARKS: (char, char) = ('\u{2}', '\u{3}');

/// A Python project.
pub(super) struct Python<'p> {
    /// The folder of its pyproject.toml.
    pub(super) root: &'p Path,
}

impl Python<'_> {
    /// Build the component. What Python says goes to standard error. Nothing is done when nothing changed.
    pub(super) async fn build(&self, ui: &Ui) -> Outcome<Built> {
        let manifest = Manifest::read(self.root)?;
        let scratch = self.root.join("target").join("python");
        std::fs::create_dir_all(&scratch)
            .with_context(|| format!("{} cannot be made", scratch.display()))
            .or_environment()?;
        let sources = Sources::of(self.root, &manifest.path)?;
        let packages = Packages::of(self.root, &scratch, &manifest, sources.has_sdk())?;
        let component = scratch.join("component.wasm");
        let stamp = scratch.join("component.stamp");
        let name = manifest.name.clone();
        let digest = format!(
            "{} {} {} {}\n",
            tool::VERSION,
            manifest.module,
            sources.digest(),
            packages.digest()
        );
        let before = std::fs::read_to_string(&stamp).unwrap_or_default();
        if before == digest && component.is_file() {
            return Ok(Built { component, name });
        }
        packages.install(ui).await?;
        if !sources.has_sdk() && !packages.have_sdk() {
            return Err(Failure::usage(anyhow!(
                "the SDK, the package `hookbox`, is not there"
            ))
            .help(packages.renamed("hookbox").unwrap_or_else(|| "name its folder in `path` of [tool.hookbox] in pyproject.toml, or install it in the project's .venv".to_owned())));
        }
        let tool = tool::componentize(self.root, &scratch, ui).await?;
        ui.status(
            Tone::Note,
            "Making",
            format!("the component of {name} with componentize-py"),
        );
        let folders = self.stage(&scratch, &manifest, &sources, &packages)?;
        // A reader sees the component of before or this one.
        let part = scratch.join("component.part.wasm");
        let _ = std::fs::remove_file(&stamp);
        self.make(
            &tool,
            &scratch,
            &folders,
            &manifest.module,
            &packages,
            &part,
        )
        .await?;
        let made = std::fs::read(&part)
            .with_context(|| format!("{} cannot be read", part.display()))
            .or_environment()?;
        let made = hookbox_toolchains::strip(&made).or_environment()?;
        std::fs::write(&part, made)
            .and_then(|()| std::fs::rename(&part, &component))
            .and_then(|()| std::fs::write(&stamp, &digest))
            .with_context(|| format!("{} cannot be written", component.display()))
            .or_environment()?;
        Ok(Built { component, name })
    }

    /// Put copies of all sources where componentize-py looks for them: it writes into the folders that it reads. Gives
    /// the folders in their order.
    fn stage(
        &self,
        scratch: &Path,
        manifest: &Manifest,
        sources: &Sources,
        packages: &Packages,
    ) -> Outcome<Vec<PathBuf>> {
        let stage = scratch.join("stage");
        let mut folders = vec![stage.join("entry")];
        folders.extend(sources.copy(&stage)?);
        folders.extend(packages.folders());
        // Tracebacks name the files as the project does.
        let names: serde_json::Map<String, serde_json::Value> = sources
            .names()
            .enumerate()
            .map(|(index, name)| (format!("/{}/", index + 1), name.into()))
            .collect();
        let names = serde_json::Value::from(names);
        let module = serde_json::Value::from(manifest.module.as_str());
        let entry = format!(
            "from hookbox.exports import Admission, Conversion, Filters, Hooks, load\n\nload({module}, {names})\n"
        );
        let file = stage.join("entry").join(format!("{ENTRY}.py"));
        std::fs::create_dir_all(stage.join("entry"))
            .and_then(|()| std::fs::write(&file, entry))
            .with_context(|| format!("{} cannot be written", file.display()))
            .or_environment()?;
        Ok(folders)
    }

    async fn make(
        &self,
        tool: &Path,
        scratch: &Path,
        folders: &[PathBuf],
        module: &str,
        packages: &Packages,
        to: &Path,
    ) -> Outcome {
        // Without an environment it would search all of the machine's packages.
        let nothing = scratch.join("nothing");
        std::fs::create_dir_all(nothing.join("lib").join("site-packages"))
            .with_context(|| format!("{} cannot be made", nothing.display()))
            .or_environment()?;
        let mut command = Command::new(tool);
        command
            .current_dir(scratch)
            .args([
                "--quiet",
                "--world",
                hookbox_toolchains::WORLD,
                "componentize",
            ])
            .args(folders.iter().flat_map(|folder| {
                [
                    OsString::from("--python-path"),
                    folder.as_os_str().to_owned(),
                ]
            }))
            .arg("--output")
            .arg(to)
            .arg(ENTRY)
            .env("VIRTUAL_ENV", &nothing)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command
            .output()
            .await
            .with_context(|| format!("{} could not be started", tool.display()))
            .or_environment()?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(self.why(&said, module, packages))
    }

    /// Why there is no component, by what componentize-py said.
    fn why(&self, said: &str, module: &str, packages: &Packages) -> Failure {
        use std::io::Write;
        let (begin, end) = MARKS;
        let told = said
            .split_once(begin)
            .and_then(|(_, rest)| rest.split_once(end))
            .map(|(told, _)| told);
        let Some(told) = told else {
            let said = said.split("Stack backtrace:").next().unwrap_or(said);
            let _ = anstream::stderr().write_all(said.as_bytes());
            return Failure::environment(anyhow!(
                "componentize-py does not make a component of {}, see above",
                self.root.display()
            ));
        };
        let _ = anstream::stderr().write_all(told.as_bytes());
        let failure = Failure::failed(anyhow!("{} cannot be imported", self.root.display()));
        match missing(told) {
            Some(absent) if is_part(absent, module) => failure.help(format!(
                "`module` of [tool.hookbox] in pyproject.toml names `{module}`, and no folder of its `path` has such a file"
            )),
            Some(absent) => failure.help(packages.advice(absent)),
            None => failure,
        }
    }
}

/// The module that is not there, by Python's words.
fn missing(told: &str) -> Option<&str> {
    let line = told.trim_end().lines().next_back()?;
    let name = line.strip_prefix("ModuleNotFoundError: No module named '")?;
    name.split('\'').next()
}

/// Whether a module is another, or a package in which it is.
fn is_part(package: &str, module: &str) -> bool {
    module
        .strip_prefix(package)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_module_is_known_by_its_name() {
        let told = "Traceback (most recent call last):\n  File \"main.py\", line 1, in <module>\nModuleNotFoundError: No module named 'yaml'\n";
        assert_eq!(missing(told), Some("yaml"));
        assert_eq!(missing("SyntaxError: invalid syntax"), None);
    }

    #[test]
    fn a_module_is_part_of_its_packages() {
        assert!(is_part("mian", "mian"));
        assert!(is_part("hooks", "hooks.main"));
        assert!(!is_part("hooks.more", "hooks"));
        assert!(!is_part("hook", "hooks.main"));
    }
}
