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
    for example in examples {
        let cases = std::fs::read_dir(example.join("tests/cases"))
            .unwrap()
            .count();
        assert!(cases > 0, "{} has no cases", example.display());
        let built = in_project(&example, &["build", "--out-dir", text(&place())]);
        let component = built.run().await.ok();
        let test = hookbox(["test", text(&example), "--component", component.trim()]);
        assert_eq!(
            test.run().await.ok(),
            format!("{cases} passed, 0 failed\n"),
            "{}",
            example.display()
        );
    }
}
