//! A hook author's project: where it is, in which language, and how it becomes a component.

mod c;
mod cargo;
mod endings;
mod go;
mod python;
mod typescript;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, anyhow};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

pub(crate) use endings::ends_as_source;

use crate::failure::{Failure, OrFail, Outcome};
use crate::ui::{Tone, Ui};

/// A project that builds to a component.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// Its folder.
    pub(crate) root: PathBuf,
    language: Language,
}

/// What a project is written in, by the file that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Rust,
    Go,
    Python,
    C,
    TypeScript,
}

impl Language {
    const ALL: [Self; 5] = [
        Self::Rust,
        Self::Go,
        Self::Python,
        Self::C,
        Self::TypeScript,
    ];

    /// The file that every project of this language has.
    fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Go => "go.mod",
            Self::Python => "pyproject.toml",
            Self::C => c::MANIFEST,
            Self::TypeScript => "package.json",
        }
    }
}

/// What a build gave.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    /// The component.
    pub(crate) component: PathBuf,
    /// The package's name.
    pub(crate) name: String,
}

impl Project {
    /// The project in `path`, which must hold a manifest.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let root = path
            .canonicalize()
            .with_context(|| format!("{} cannot be opened", path.display()))
            .or_usage()?;
        let language = Language::ALL
            .into_iter()
            .find(|language| root.join(language.manifest()).is_file());
        let Some(language) = language else {
            let manifests = Language::ALL.map(Language::manifest).join(", no ");
            return Err(Failure::usage(anyhow!(
                "{} is not a project: it has no {manifests}",
                path.display()
            ))
            .help("go to a project's folder, or make one with `hookbox new NAME`"));
        };
        Ok(Self { root, language })
    }

    /// Build the component. The compiler's own messages go to standard error.
    pub(crate) async fn build(&self, ui: &Ui) -> Outcome<Built> {
        let root = self.root.as_path();
        let _turn = self.turn(ui).await?;
        match self.language {
            Language::Rust => cargo::Cargo { root }.build(ui).await,
            Language::Go => go::Go { root }.build().await,
            Language::Python => python::Python { root }.build(ui).await,
            Language::C => {
                let colours = ui.is_terminal();
                c::C { root, colours }.build().await
            }
            Language::TypeScript => typescript::Npm { root }.build(ui).await,
        }
    }
}

impl Project {
    /// The right to build it, until it is dropped: two builds at once would write the same files. Cargo has turns of its
    /// own.
    async fn turn(&self, ui: &Ui) -> Outcome<Option<std::fs::File>> {
        if self.language == Language::Rust {
            return Ok(None);
        }
        let folder = self.root.join("target");
        let path = folder.join(".hookbox-build.lock");
        let file = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::File::create(&path))
            .with_context(|| format!("{} cannot be made", path.display()))
            .or_environment()?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Err(std::fs::TryLockError::WouldBlock) => {}
                // Where files cannot be locked, nobody waits.
                Ok(()) | Err(std::fs::TryLockError::Error(_)) => return Ok(Some(file)),
            }
            if !told {
                ui.status(Tone::Note, "Waiting", "for another build of the project");
                told = true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

/// A compiler that could not be started: `what` it is, and how to `get` it.
fn not_started(error: std::io::Error, program: &str, what: &str, get: &str) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        Failure::environment(anyhow!("{program}, {what}, is not installed")).help(get)
    } else {
        let text = format!("{program} could not be started");
        Failure::environment(anyhow::Error::new(error).context(text))
    }
}

/// Run a command, its words passed on: its exit code and the last of its words.
async fn run(
    mut command: Command,
    not_started: fn(std::io::Error) -> Failure,
) -> Outcome<(Option<i32>, String)> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_started)?;
    let Some(stderr) = child.stderr.take() else {
        return Err(Failure::environment(anyhow!(
            "the output of a command cannot be read"
        )));
    };
    let said = forward(stderr).await;
    let status = child.wait().await.or_environment()?;
    Ok((status.code(), said))
}

/// Pass a compiler's words on as they come, and keep the last of them.
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
