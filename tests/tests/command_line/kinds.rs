//! `hookbox new --kind`: a project of each kind begins with tests that pass, in every language.

use std::path::PathBuf;

use hookbox_tests::hookbox::binary;
use hookbox_tests::{Program, python as pythons, scratch};

use super::components::{BUILD, built_command, place};

/// A new project's cases, and its unit tests by the language's own runner.
async fn begins_with_tests_that_pass(language: &str, kind: &str, unit: &str) {
    built_command().await;
    let folder = scratch();
    let mut path = std::ffi::OsString::from(binary().parent().expect("a folder"));
    path.push(":");
    if language == "python" {
        let with_python = tokio::task::spawn_blocking(pythons::path);
        path.push(with_python.await.expect("no panic"));
    } else {
        path.push(std::env::var_os("PATH").unwrap_or_default());
    }
    let target: PathBuf = place().join("target");
    // A name of its own: projects in Rust are built in one folder.
    let name = format!("made-{language}-{kind}");
    let line = format!(
        "hookbox new {name} --lang {language} --kind {kind} && cd {name} && hookbox test && {unit}"
    );
    let said = Program::new("sh")
        .args(["-ec", &line])
        .folder(folder.path())
        .env("PATH", path)
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
