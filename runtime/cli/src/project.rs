//! A hook author's project: where it is, and how it becomes a component.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

const TARGET: &str = "wasm32-wasip2";

/// A Rust project that builds to a component.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// The folder of its Cargo.toml.
    pub(crate) root: PathBuf,
}

/// What a build gave.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The component.
    pub(crate) component: PathBuf,
    /// The package's name.
    pub(crate) name: String,
}

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

impl Project {
    /// The project in `path`, which must hold a Cargo.toml.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let root = path
            .canonicalize()
            .with_context(|| format!("{} cannot be opened", path.display()))
            .or_usage()?;
        if !root.join("Cargo.toml").is_file() {
            return Err(Failure::usage(anyhow!(
                "{} is not a project: it has no Cargo.toml",
                path.display()
            ))
            .help("go to a project's folder, or make one with `hookbox new NAME`"));
        }
        Ok(Self { root })
    }

    /// Build the component. The compiler's own messages go to standard error.
    pub(crate) async fn build(&self, ui: &Ui) -> Outcome<Built> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let manifest = self.root.join("Cargo.toml");
        let mut command = Command::new(&cargo);
        command
            .current_dir(&self.root)
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
        let mut child = command.spawn().map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Failure::environment(anyhow!("cargo, Rust's build tool, is not installed"))
                    .help("install Rust by rustup (https://rustup.rs), then run `rustup target add wasm32-wasip2`")
            } else {
                Failure::environment(anyhow::Error::new(error).context("cargo could not be started"))
            }
        })?;
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
            // Cargo has printed the compiler's messages.
            if said.contains(TARGET)
                && (said.contains("may not be installed")
                    || said.contains("can't find crate for `core`"))
            {
                return Err(Failure::environment(anyhow!(
                    "the Rust target {TARGET} is not installed"
                ))
                .help(format!("run `rustup target add {TARGET}`")));
            }
            ui.status(
                Tone::Bad,
                "Failed",
                format!("{} does not compile", self.root.display()),
            );
            return Err(Failure::told(Exit::Failed));
        }
        artifact.ok_or_else(|| {
            Failure::usage(anyhow!("{} builds no component", manifest.display()))
                .help("a hook's Cargo.toml says `[lib]` `crate-type = [\"cdylib\"]`")
        })
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
                    let ours = manifest_path.parent() == Some(self.root.as_path());
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

/// Pass cargo's words on as they come, and keep the last of them.
async fn forward(mut stderr: tokio::process::ChildStderr) -> String {
    use std::io::Write;
    let mut kept = Vec::new();
    let mut buffer = [0u8; 8192];
    while let Ok(n) = stderr.read(&mut buffer).await {
        let Some(part) = buffer.get(..n).filter(|p| !p.is_empty()) else {
            break;
        };
        let _ = anstream::stderr().write_all(part);
        kept.extend_from_slice(part);
        if kept.len() > 64 << 10 {
            kept.drain(..kept.len() - (32 << 10));
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}
