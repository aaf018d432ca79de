//! Components made without an SDK, by what each language has for components: tests/components/README.md.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::path::Path;
use std::time::Duration;

use hookbox_tests::hookbox::{binary, checkout};
use hookbox_tests::{Program, python, scratch};
use serde_json::Value;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// How long a step may take, on a busy machine and with nothing fetched before.
const STEP: Duration = Duration::from_secs(600);

/// What docs/languages.md says of a language, command by command.
fn commands(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(checkout().join("docs/languages.md")).expect("the guide");
    let (_, section) = text
        .split_once("\n## Without an SDK\n")
        .expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let (_, rest) = section
        .split_once(&format!("**{language}**"))
        .unwrap_or_else(|| panic!("{language} is not in the guide"));
    let (_, block) = rest.split_once("```sh\n").expect("commands");
    let (block, _) = block.split_once("```").expect("their end");
    let lines = block.replace("\\\n", " ");
    lines.lines().map(str::to_owned).collect()
}

/// `wit-bindgen c`, which is this function with a command line around it.
fn wit_bindgen(folder: &Path) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(folder.join("wit")).expect("wit/ parses");
    let world = resolve
        .select_world(&[package], Some("hook"))
        .expect("the world");
    let mut files = Files::default();
    let options = wit_bindgen_c::Opts::default();
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .expect("bindings");
    for (name, content) in files.iter() {
        std::fs::write(folder.join(name), content).expect("a file");
    }
}

/// A component of `tests/components/FOLDER`, made and run by the commands of the guide.
async fn same(language: &str, folder: &str) {
    tokio::task::spawn_blocking(|| (binary(), python::environment()))
        .await
        .expect("no panic");
    let place = scratch();
    let components = checkout().join("tests/components");
    let copy = "cp -R \"$0/wit\" wit && cp \"$1\"/* . && cp \"$2\" .";
    let run = async |line: &str, arguments: &[&Path]| {
        let program = Program::new("sh").args(["-ec", line]);
        let program = program.args(arguments).folder(place.path());
        program
            .env("PATH", python::path())
            .path_first(binary().parent().expect("a folder"))
            .env("NPM_CONFIG_PREFER_OFFLINE", "true")
            .env("NPM_CONFIG_UPDATE_NOTIFIER", "false")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .limit(STEP)
            .run()
            .await
            .ok()
    };
    let cluster = components.join("cluster.yaml");
    run(copy, &[checkout(), &components.join(folder), &cluster]).await;

    let mut said = String::new();
    for command in commands(language) {
        match command.as_str() {
            "wit-bindgen c --world hook wit" => wit_bindgen(place.path()),
            // The same file, as a crate has it.
            command if command.starts_with("curl ") => {
                let (_, name) = command.rsplit_once('/').unwrap();
                let file = WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
                std::fs::write(place.path().join(name), file).unwrap();
            }
            // All that is installed so comes with tests/python.
            command if command.starts_with("pip install ") => {
                let wanted =
                    std::fs::read_to_string(checkout().join("tests/python/requirements.txt"))
                        .unwrap();
                for package in command.split(' ').skip(2) {
                    assert!(wanted.lines().any(|line| line == package), "{package}");
                }
            }
            command => said = run(command, &[]).await,
        }
    }
    let mut outcome: Value = serde_json::from_str(&said).expect("JSON");
    outcome.as_object_mut().unwrap().remove("usage");
    let kept = components.join("expected.json");
    if hookbox_tests::bless() && language == "Python" {
        let text = serde_json::to_string_pretty(&outcome).unwrap() + "\n";
        std::fs::write(&kept, text).unwrap();
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    assert_eq!(outcome, expected, "of {language}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_componentize_py_runs() {
    same("Python", "python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_componentize_qjs_runs() {
    same("JavaScript", "javascript").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_by_wit_bindgen_and_clang_runs() {
    same("C", "c").await;
}
