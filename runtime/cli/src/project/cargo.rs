//! Rust: cargo makes a component by itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::anyhow;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{Built, forward, not_started};
use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::Ui;

const TARGET: &str = "wasm32-wasip2";

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum CargoMessage {
    CompilerArtifact {
        target: CargoTarget,
        filenames: Vec<PathBuf>,
        manifest_path: PathBuf,
    },
    CompilerMessage {
        message: CompilerMessage,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct CompilerMessage {
    rendered: Option<String>,
}

/// A Rust project.
pub(super) struct Cargo<'p> {
    /// The folder of its Cargo.toml.
    pub(super) root: &'p Path,
}

impl Cargo<'_> {
    /// Build the component. The compiler's own messages go to standard error.
    pub(super) async fn build(&self, ui: &Ui) -> Outcome<Built> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let manifest = self.root.join("Cargo.toml");
        let mut command = Command::new(&cargo);
        command
            .current_dir(self.root)
            .args([
                "build",
                "--release",
                "--target",
                TARGET,
                "--message-format=json-diagnostic-rendered-ansi,json-render-diagnostics",
            ])
            .arg("--manifest-path")
            .arg(&manifest)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
            .arg("--color")
            .arg(if ui.is_terminal() { "always" } else { "never" });
        let get = "install Rust by rustup (https://rustup.rs), then run `rustup target add wasm32-wasip2`";
        let mut child = command
            .spawn()
            .map_err(|error| not_started(error, "cargo", "Rust's build tool", get))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Failure::environment(anyhow!(
                "cargo's output cannot be read"
            )));
        };
        let words = tokio::spawn(forward(stderr));
        let artifact = self.artifact(stdout).await;
        let said = words.await.unwrap_or_default();
        let status = child.wait().await.or_environment()?;
        let artifact = artifact?;
        if !status.success() {
            // Cargo has printed its words and the compiler's.
            return Err(self.why(&said));
        }
        artifact.ok_or_else(|| {
            Failure::usage(anyhow!("{} builds no component", manifest.display()))
                .help("a hook's Cargo.toml says `[lib]` `crate-type = [\"cdylib\"]`")
        })
    }

    /// Why cargo did not build, by what it said.
    fn why(&self, said: &str) -> Failure {
        let root = self.root.display();
        match Fault::of(said) {
            Fault::Target => {
                Failure::environment(anyhow!("the Rust target {TARGET} is not installed"))
                    .help(format!("run `rustup target add {TARGET}`"))
            }
            Fault::Code => Failure::failed(anyhow!("{root} does not compile")),
            Fault::Manifest => {
                Failure::usage(anyhow!("cargo cannot use the project's manifest, see above"))
                    .help(format!("mend {}", self.root.join("Cargo.toml").display()))
            }
            Fault::Dependencies => {
                Failure::environment(anyhow!("cargo cannot get the dependencies, see above"))
                    .help("check the network and cargo's registry; what was downloaded once is there without a network")
            }
            Fault::Other => {
                Failure::environment(anyhow!("cargo does not build {root}, see above"))
            }
        }
    }

    /// The component among what cargo says it made.
    async fn artifact(&self, stdout: tokio::process::ChildStdout) -> Outcome<Option<Built>> {
        let mut lines = BufReader::new(stdout).lines();
        let mut found = None;
        while let Some(line) = lines.next_line().await.or_environment()? {
            match serde_json::from_str(&line) {
                Ok(CargoMessage::CompilerArtifact {
                    target,
                    filenames,
                    manifest_path,
                }) => {
                    let ours = manifest_path.parent() == Some(self.root);
                    let component = filenames
                        .into_iter()
                        .find(|f| f.extension().is_some_and(|e| e == "wasm"));
                    if let (true, true, Some(component)) = (
                        ours,
                        target.crate_types.iter().any(|t| t == "cdylib"),
                        component,
                    ) {
                        found = Some(Built {
                            component,
                            name: target.name,
                        });
                    }
                }
                Ok(CargoMessage::CompilerMessage { message }) => {
                    if let Some(text) = message.rendered {
                        use std::io::Write;
                        let _ = anstream::stderr().write_all(text.as_bytes());
                    }
                }
                Ok(CargoMessage::Other) | Err(_) => {}
            }
        }
        Ok(found)
    }
}

/// What kept cargo from building.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Rust for WebAssembly is not there.
    Target,
    /// The code.
    Code,
    /// Cargo.toml, or a file that it names.
    Manifest,
    /// Packages cannot be downloaded.
    Dependencies,
    /// Something else: cargo itself, the disk.
    Other,
}

impl Fault {
    /// By the words of cargo, which has no codes for it.
    fn of(said: &str) -> Self {
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if said.contains(TARGET) && any(&["may not be installed", "can't find crate for `core`"]) {
            Self::Target
        } else if any(&["could not compile"]) {
            Self::Code
        } else if any(&[
            "failed to download",
            "failed to fetch",
            "failed to query replaced source",
            "failed to load source for dependency",
            "failed to update registry",
            "Unable to update registry",
            "unable to get packages from source",
            "download of config.json failed",
            "spurious network error",
            "Could not resolve host",
            "Could not connect to server",
            "Couldn't connect to server",
            "but --offline was specified",
            "in offline mode",
        ]) && !any(&["failed to read `", "No such file or directory"])
        {
            Self::Dependencies
        } else if any(&[
            // Cargo shows the place, `--> Cargo.toml:3:4`, as the compiler does for code.
            "Cargo.toml:",
            "failed to parse manifest",
            "could not parse input as TOML",
            "TOML parse error",
            "failed to load manifest",
            "failed to get `",
            "failed to load source for dependency",
            "failed to select a version",
            "no matching package",
            "invalid type:",
            "current package believes it's in a workspace",
            "multiple workspace roots",
            "can't find library",
            "no targets specified",
            "failed to read `",
            "duplicate key",
        ]) {
            Self::Manifest
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_tells_who_is_to_blame() {
        for (said, fault) in [
            (
                "error[E0463]: can't find crate for `core`\n  = note: the `wasm32-wasip2` target may not be installed\nerror: could not compile `a`",
                Fault::Target,
            ),
            (
                "error: could not compile `a` (lib) due to 1 previous error",
                Fault::Code,
            ),
            (
                "error: key with no value, expected `=`\n --> Cargo.toml:3:4\nerror: failed to parse manifest at `/a/Cargo.toml`",
                Fault::Manifest,
            ),
            (
                "error: unclosed table, expected `]`\n --> Cargo.toml:1:9",
                Fault::Manifest,
            ),
            (
                "error: no matching package named `nothing` found\nlocation searched: crates.io index",
                Fault::Manifest,
            ),
            (
                "error: failed to get `x` as a dependency of package `a`\nCaused by:\n  failed to load source for dependency `x`\nCaused by:\n  unable to update /nowhere\nCaused by:\n  failed to read `/nowhere/Cargo.toml`\nCaused by:\n  No such file or directory (os error 2)",
                Fault::Manifest,
            ),
            (
                "error: failed to get `x` as a dependency of package `a`\nCaused by:\n  download of config.json failed\nCaused by:\n  [6] Could not resolve hostname",
                Fault::Dependencies,
            ),
            (
                "error: no override and no default toolchain set",
                Fault::Other,
            ),
        ] {
            assert_eq!(Fault::of(said), fault, "{said}");
        }
    }
}
