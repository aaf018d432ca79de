//! Projects and components to try the command on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbox_tests::hookbox::{binary, checkout, hookbox};
use hookbox_tests::{Finished, Program};
use tokio::sync::OnceCell;

/// How long a build may take, on a busy machine and with nothing built before.
pub(crate) const BUILD: Duration = Duration::from_secs(600);

/// The folder for what tests build: always the same, so that nothing is built twice.
pub(crate) fn place() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("command")
}

/// The command in a project that is built with all others in one target folder.
pub(crate) fn in_project(folder: &Path, arguments: &[&str]) -> Program {
    hookbox(arguments.iter().copied())
        .folder(folder)
        .env("CARGO_TARGET_DIR", place().join("target"))
        .limit(BUILD)
}

/// A new project as `hookbox new` makes it, with the checkout's SDK.
pub(crate) async fn project(name: &str) -> PathBuf {
    built_command().await;
    let folder = place().join("projects");
    std::fs::create_dir_all(&folder).expect("a folder");
    let project = folder.join(name);
    let _ = std::fs::remove_dir_all(&project);
    let sdk = checkout().join("sdk/rust");
    hookbox(["new", name, "--sdk", &sdk.to_string_lossy()])
        .folder(&folder)
        .run()
        .await
        .expect_code(0);
    project
}

/// The command itself may have to be built first, which blocks.
pub(crate) async fn built_command() {
    tokio::task::spawn_blocking(binary).await.expect("no panic");
}

/// The project of [`greet`], with its component built.
pub(crate) struct Greet {
    pub(crate) project: PathBuf,
    pub(crate) component: PathBuf,
}

/// The project that `hookbox new` makes, built once. Tests do not change it.
pub(crate) async fn greet() -> &'static Greet {
    static BUILT: OnceCell<Greet> = OnceCell::const_new();
    BUILT
        .get_or_init(|| async {
            let project = project("greeter").await;
            let said = in_project(&project, &["build"])
                .run()
                .await
                .expect_code(0)
                .stdout;
            Greet {
                project,
                component: PathBuf::from(said.trim()),
            }
        })
        .await
}

/// The bytes of the greeter's component, with one text in it replaced by another one of the same length.
pub(crate) async fn altered(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "a component's sections have lengths");
    let mut bytes = std::fs::read(&greet().await.component).expect("the component");
    let mut found = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the component does not hold {from:?}");
    bytes
}

/// Check that a command ended with this code and said all these words, on standard error.
#[track_caller]
pub(crate) fn expect(finished: Finished, code: i32, words: &[&str]) -> Finished {
    let finished = finished.expect_code(code);
    for word in words {
        assert!(
            finished.stderr.contains(word),
            "`{}` did not say {word:?}\n--- stderr\n{}",
            finished.line,
            finished.stderr
        );
    }
    finished
}

/// As a file name argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
