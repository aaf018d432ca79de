//! The examples' own cases.

use hookbox_tests::hookbox::{checkout, hookbox};

use super::components::{built_command, in_project, place, text};

#[tokio::test(flavor = "multi_thread")]
async fn every_example_passes_its_cases() {
    built_command().await;
    let mut examples: Vec<_> = std::fs::read_dir(checkout().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").is_file())
        .collect();
    examples.sort();
    assert!(examples.len() >= 5, "{examples:?}");
    let mut ran = 0;
    for example in examples {
        let mut cases: Vec<_> = std::fs::read_dir(example.join("tests/cases"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        cases.sort();
        assert!(!cases.is_empty(), "{} has no cases", example.display());
        // Built once; each case is then run on its own.
        let built = in_project(&example, &["build", "--out-dir", text(&place())]);
        let component = built.run().await.ok();
        for case in cases {
            let name = case.file_name().unwrap().to_str().unwrap();
            if !case.join("expected.yaml").is_file() {
                eprintln!("NOT RUN: {} has no expected.yaml", case.display());
                continue;
            }
            let test = hookbox(["test", text(&example), "--component", component.trim()]);
            let said = test.args(["--filter", name]).run().await.ok();
            assert!(
                said.ends_with(" passed, 0 failed\n"),
                "{}: {said}",
                case.display()
            );
            ran += 1;
        }
    }
    assert!(ran >= 10, "{ran} cases ran");
}
