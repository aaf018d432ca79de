//! Projects as `hookbox new` makes them, with the suite's sources, built.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbox_tests::hookbox::{binary, checkout, hookbox};

/// How long a build may take, on a busy machine and with nothing built before.
const BUILD: Duration = Duration::from_secs(900);

/// What a build keeps from time to time, in a project's folder.
const KEPT: [&str; 3] = ["target", "node_modules", ".venv"];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    C,
    Go,
    Python,
    Rust,
    TypeScript,
}

impl Language {
    pub(crate) const ALL: [Self; 5] = [
        Self::C,
        Self::Go,
        Self::Python,
        Self::Rust,
        Self::TypeScript,
    ];

    /// As `--lang` has it, and the folders here and of the SDK.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Go => "go",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
        }
    }

    /// Whose outcomes are written down.
    pub(crate) fn leads(self) -> bool {
        matches!(self, Self::Rust)
    }
}

/// The component with the suite's hooks.
pub(crate) async fn component(language: Language) -> PathBuf {
    let sources = checkout().join("tests/languages").join(language.name());
    build(language, "suite", &sources).await
}

/// The component of a language for the module that has hooks of all languages.
pub(crate) async fn of_module(language: Language) -> PathBuf {
    let folder = checkout().join("tests/languages/module");
    let name = format!("module-{}", language.name());
    build(language, &name, &folder.join(language.name())).await
}

/// The component of a new project with these sources in it.
async fn build(language: Language, name: &str, sources: &Path) -> PathBuf {
    // One at a time: a build takes what there is, and npm gets the SDK's packages once for all.
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = TURN.lock().await;
    tokio::task::spawn_blocking(binary).await.expect("no panic");
    let lang = language.name();
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("languages");
    let project = place.join(name).join(lang);
    empty(&project);
    let made = hookbox_tests::scratch();
    let sdk = checkout().join("sdk").join(lang);
    hookbox(["new", name, "--lang", lang, "--sdk", &sdk.to_string_lossy()])
        .folder(made.path())
        .run()
        .await
        .expect_code(0);
    copy(&made.path().join(name), &project);
    copy(sources, &project);
    let mut build = hookbox(["build"]);
    if let Language::Python = language {
        let path = tokio::task::spawn_blocking(hookbox_tests::python::path);
        build = build
            .env("PATH", path.await.expect("no panic"))
            .env("VIRTUAL_ENV", "");
    }
    let said = build
        .folder(&project)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .limit(BUILD)
        .run()
        .await
        .expect_code(0)
        .stdout;
    project.join(said.trim())
}

/// The file and the line where the hook `fail` panics: it says so itself.
pub(crate) fn panic_place(language: Language) -> (String, usize) {
    let mut folders = vec![checkout().join("tests/languages").join(language.name())];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the suite's sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            if let Some(at) = text.lines().position(|line| line.ends_with("panics here")) {
                let name = path
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned();
                return (name, at + 1);
            }
        }
    }
    panic!("no line of {language:?} says `panics here`");
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
