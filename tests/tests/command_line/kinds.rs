//! `hookbox new --kind`: a project of each kind begins with tests that pass, in every language.

use std::path::PathBuf;

use hookbox_tests::hookbox::binary;
use hookbox_tests::{Program, python as pythons, scratch};

use super::components::{BUILD, built_command, place};

/// A new project's cases, and its unit tests by the language's own runner.
async fn begins_with_tests_that_pass(language: &str, kind: &str, unit: &str) {
    built_command().await;
    let folder = scratch();
    let target: PathBuf = place().join("target");
    // A name of its own: projects in Rust are built in one folder.
    let name = format!("made-{language}-{kind}");
    let line = format!(
        "hookbox new {name} --lang {language} --kind {kind} && cd {name} && hookbox test && {unit}"
    );
    let mut shell = Program::new("sh").args(["-ec", &line]);
    if language == "python" {
        let path = tokio::task::spawn_blocking(pythons::path);
        shell = shell.env("PATH", path.await.expect("no panic"));
    }
    let said = shell
        .folder(folder.path())
        .path_first(binary().parent().expect("a folder"))
        .env("CARGO_TARGET_DIR", target)
        .env("GOPROXY", "off")
        .env("GOFLAGS", "-mod=mod")
        .env("NPM_CONFIG_PREFER_OFFLINE", "true")
        .env("VIRTUAL_ENV", "")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .limit(BUILD)
        .run()
        .await
        .ok();
    assert!(said.contains("2 passed, 0 failed\n"), "{said}");
}

/// The tests of one language: each kind that is not what its first commands are tried with.
macro_rules! kinds {
    ($($language:ident: $unit:literal;)*) => {
        $(mod $language {
            #[tokio::test(flavor = "multi_thread")]
            async fn of_the_kind_module() {
                super::begins_with_tests_that_pass(stringify!($language), "module", $unit).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn of_the_kind_admission() {
                super::begins_with_tests_that_pass(stringify!($language), "admission", $unit).await;
            }
        })*
    };
}

kinds! {
    c: "make -s test";
    go: "go test ./...";
    python: "python -m pytest -q";
    rust: "cargo test";
    typescript: "npm test";
}
