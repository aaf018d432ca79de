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
#[path = "languages/project.rs"]
mod project;
#[path = "languages/server.rs"]
mod server;

use project::Language;

/// Every case, with the hooks of one language.
async fn same(language: Language) {
    let component = project::component(language).await;
    let server = server::start();
    let mut wrong = Vec::new();
    let cases = case::all();
    for case in &cases {
        if let Err(difference) = case.play(&component, &server, language.leads()).await {
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
}

/// A panic of one language's hook is told with its file and line.
async fn panics(language: Language) {
    let component = project::component(language).await;
    let said = case::panic(&component).await;
    let (file, line) = project::panic_place(language);
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
