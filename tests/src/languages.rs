//! Projects of every language as `hookbox new` makes them, with other sources in them, built.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::hookbox::{binary, checkout, hookbox};
use crate::{python, scratch};

/// How long a build may take, on a busy machine and with nothing built before.
const BUILD: Duration = Duration::from_secs(900);

/// What a build keeps from time to time, in a project's folder.
const KEPT: [&str; 3] = ["target", "node_modules", ".venv"];

/// A language that has an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C, and C++.
    C,
    /// Go, by its own toolchain.
    Go,
    /// Python.
    Python,
    /// Rust.
    Rust,
    /// TypeScript, and JavaScript.
    TypeScript,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::C,
        Self::Go,
        Self::Python,
        Self::Rust,
        Self::TypeScript,
    ];

    /// As `--lang` has it, and the folders here and of the SDK.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Go => "go",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
        }
    }
}

/// A project of one language.
#[derive(Debug)]
pub struct Project {
    language: Language,
    folder: PathBuf,
    /// Where Rust's build folder is, shared by all projects of a place.
    target: PathBuf,
}

impl Project {
    /// Make the project `name` in a folder of `place`, with `sources` in it where there are any. What an earlier build
    /// there left stays.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn make(
        place: &Path,
        language: Language,
        name: &str,
        sources: Option<&Path>,
    ) -> Self {
        tokio::task::spawn_blocking(binary).await.expect("no panic");
        let lang = language.name();
        let folder = place.join(name).join(lang);
        empty(&folder);
        let made = scratch();
        let sdk = checkout().join("sdk").join(lang);
        hookbox(["new", name, "--lang", lang, "--sdk", &sdk.to_string_lossy()])
            .folder(made.path())
            .run()
            .await
            .expect_code(0);
        copy(&made.path().join(name), &folder);
        if let Some(sources) = sources {
            copy(sources, &folder);
        }
        Self {
            language,
            folder,
            target: place.join("target"),
        }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Build it: the component. One project at a time: a build takes what there is, and npm gets the SDK's packages once
    /// for all.
    ///
    /// # Panics
    /// When the language's toolchain is missing, or the project does not build.
    pub async fn build(&self) -> PathBuf {
        static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = TURN.lock().await;
        let mut build = hookbox(["build"]);
        if let Language::Python = self.language {
            let path = tokio::task::spawn_blocking(python::path);
            build = build
                .env("PATH", path.await.expect("no panic"))
                .env("VIRTUAL_ENV", "");
        }
        let said = build
            .folder(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .limit(BUILD)
            .run()
            .await
            .expect_code(0)
            .stdout;
        self.folder.join(said.trim())
    }
}

/// Remove a project's sources.
fn empty(project: &Path) {
    std::fs::create_dir_all(project).expect("a folder");
    for entry in std::fs::read_dir(project).expect("a folder") {
        let path = entry.expect("an entry").path();
        if KEPT.iter().any(|kept| path.ends_with(kept)) {
            continue;
        }
        match path.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false => std::fs::remove_file(&path),
        }
        .expect("a project's file can be removed");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).expect("a file can be copied");
        }
    }
}
