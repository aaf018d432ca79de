//! What authors of hooks fetch: SDKs in the form in which registries have them, and the reference that each language's own
//! tool makes of them. Wheels, npm packages and the archive for C are made beside the other tests of those languages, in
//! `command_line`.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbox_tests::Program;
use hookbox_tests::hookbox::{binary, checkout};

#[path = "published/crates.rs"]
mod crates;
#[path = "published/go_module.rs"]
mod go_module;
#[path = "published/reference.rs"]
mod reference;

/// How long a build may take, on a busy machine and with nothing built before.
const BUILD: Duration = Duration::from_secs(600);

/// What hooks are run on: the object that those of templates greet.
const CLUSTER: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ada, namespace: default, labels: {app: hello}}\ndata: {name: Ada}\n";

/// A program that finds the command, which is built first.
async fn program(folder: &Path, program: &str, arguments: &[&str]) -> Program {
    tokio::task::spawn_blocking(binary).await.expect("no panic");
    Program::new(program)
        .args(arguments)
        .folder(folder)
        .path_first(binary().parent().expect("a folder"))
        .limit(BUILD)
}

/// The folder for what is built here: always the same, so that dependencies are not built twice.
fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("published")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The version of all that this checkout publishes.
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// All texts of a published form: none names this checkout.
fn nothing_of_this_machine(folder: &Path) {
    let here = checkout().to_string_lossy().into_owned();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            nothing_of_this_machine(&path);
            continue;
        }
        let text = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(&here), "{} names {here}", path.display());
    }
}

#[test]
fn all_published_forms_have_one_version_and_one_license() {
    let version = version();
    let sdk = checkout().join("sdk");
    for (file, line) in [
        ("python/pyproject.toml", format!("version = \"{version}\"")),
        (
            "typescript/package.json",
            format!("  \"version\": \"{version}\","),
        ),
        (
            "c/include/hookbox.h",
            format!("#define HOOKBOX_VERSION \"{version}\""),
        ),
        // Go's version is a tag: templates ask for it.
        (
            "../runtime/cli/template/go/go.mod.in",
            format!("require github.com/hookbox/hookbox/sdk/go v{version}"),
        ),
    ] {
        let text = read(&sdk.join(file));
        assert!(
            text.lines().any(|there| there == line),
            "{file} does not say: {line}"
        );
    }
    let license = read(&checkout().join("LICENSE"));
    for folder in ["rust", "rust/macros", "python", "typescript"] {
        let copy = sdk.join(folder).join("LICENSE");
        assert!(read(&copy) == license, "{} is another", copy.display());
    }
}
