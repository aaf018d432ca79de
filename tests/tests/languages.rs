//! The same hooks in every language, with the same outcome: tests/languages/README.md.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "languages/case.rs"]
mod case;
#[path = "languages/guide.rs"]
mod guide;
#[path = "languages/module.rs"]
mod module;
#[path = "languages/readme.rs"]
mod readme;
#[path = "languages/server.rs"]
mod server;

use std::path::PathBuf;

use hookbox_tests::hookbox::checkout;
use hookbox_tests::languages::{Language, Project};

/// The component of a language's sources in `tests/languages/FOLDER`.
async fn build(language: Language, name: &str, folder: &str) -> PathBuf {
    let sources = checkout().join("tests/languages").join(folder);
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("languages");
    let sources = sources.join(language.name());
    let project = Project::make(&place, language, name, Some(&sources)).await;
    project.build().await
}

/// The component with the suite's hooks.
async fn component(language: Language) -> PathBuf {
    build(language, "suite", "").await
}

/// The file and the line where the hook `fail` panics: it says so itself.
fn panic_place(language: Language) -> (String, usize) {
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

/// Every case, with the hooks of one language.
async fn same(language: Language) {
    let component = component(language).await;
    let server = server::start();
    let mut wrong = Vec::new();
    let cases = case::all();
    // Whose outcomes are written down.
    let leads = language == Language::Rust;
    for case in &cases {
        if let Err(difference) = case.play(&component, &server, leads).await {
            wrong.push(format!("-- {}\n{difference}", case.name));
        }
    }
    let count = cases.len();
    assert!(
        wrong.is_empty(),
        "{} of {count} cases have another outcome in {language:?}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let size = std::fs::metadata(&component).expect("a component").len();
    readme::says(language, count, size);
}

/// A panic of one language's hook is told with its file and line.
async fn panics(language: Language) {
    let component = component(language).await;
    let said = case::panic(&component).await;
    let (file, line) = panic_place(language);
    let places = [format!("{file}:{line}"), format!("{file}\", line {line}")];
    assert!(
        places.iter().any(|place| said.contains(place)),
        "{language:?} does not say {places:?}:\n{said}"
    );
}

mod rust {
    #[tokio::test]
    async fn every_case_has_its_outcome() {
        super::same(super::Language::Rust).await;
        super::panics(super::Language::Rust).await;
    }
}

mod go {
    #[tokio::test]
    async fn every_case_has_its_outcome() {
        super::same(super::Language::Go).await;
        super::panics(super::Language::Go).await;
    }
}

mod python {
    #[tokio::test]
    async fn every_case_has_its_outcome() {
        super::same(super::Language::Python).await;
        super::panics(super::Language::Python).await;
    }
}

mod c {
    #[tokio::test]
    async fn every_case_has_its_outcome() {
        super::same(super::Language::C).await;
        super::panics(super::Language::C).await;
    }
}

mod typescript {
    #[tokio::test]
    async fn every_case_has_its_outcome() {
        super::same(super::Language::TypeScript).await;
        super::panics(super::Language::TypeScript).await;
    }
}
