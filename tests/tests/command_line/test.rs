//! `hookbox test`.

use std::path::{Path, PathBuf};

use hookbox_tests::hookbox::hookbox;
use hookbox_tests::{Finished, scratch};

use super::components::{expect, greet, text};

/// A folder with these cases, and no project: the component is given.
struct Cases {
    folder: tempfile::TempDir,
}

impl Cases {
    fn new() -> Self {
        Self { folder: scratch() }
    }

    fn file(&self, case: &str, name: &str) -> PathBuf {
        self.folder.path().join("tests/cases").join(case).join(name)
    }

    fn write(&self, case: &str, name: &str, content: &str) {
        let path = self.file(case, name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    async fn test(&self, arguments: &[&str]) -> Finished {
        hookbox(["test", text(self.folder.path())])
            .args(["--component", text(&greet().await.component)])
            .args(arguments)
            .run()
            .await
    }
}

const SYNCHRONIZATION: &str = "trigger: {synchronization: }\n";
const STATE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: default, labels: {app: hello}}
data: {name: Ada}
";
const EXPECTED: &str = "\
result: ok
runs:
- hook: greet
  bindings:
  - names
  effects:
    objectPatches:
    - operation: CreateOrUpdate
      object:
        apiVersion: v1
        data:
          text: Hello, Ada!
        kind: ConfigMap
        metadata:
          name: greetings
          namespace: default
    metrics:
    - name: greetings
      action: set
      value: 1.0
cluster:
  added:
  - apiVersion: v1
    data:
      text: Hello, Ada!
    kind: ConfigMap
    metadata:
      name: greetings
      namespace: default
";

#[tokio::test(flavor = "multi_thread")]
async fn what_came_out_becomes_the_expectation_when_blessed() {
    let cases = Cases::new();
    cases.write("first", "case.yaml", SYNCHRONIZATION);
    cases.write("first", "cluster.yaml", STATE);

    // Without an expectation the case fails, and nothing is written.
    let finished = cases.test(&[]).await;
    let finished = expect(
        finished,
        1,
        &[
            "Failed first: it has no expected.yaml",
            "+ operation: CreateOrUpdate".trim_start_matches("+ "),
            "--bless",
        ],
    );
    assert_eq!(finished.stdout, "0 passed, 1 failed\n");
    assert!(!cases.file("first", "expected.yaml").exists());

    expect(cases.test(&["--bless"]).await, 0, &["Blessed first"]);
    let expected = std::fs::read_to_string(cases.file("first", "expected.yaml")).unwrap();
    assert_eq!(expected, EXPECTED);
    assert_eq!(cases.test(&[]).await.ok(), "1 passed, 0 failed\n");

    // Comments and the order of keys are the author's.
    let reordered = EXPECTED.replace("result: ok\n", "# as it should be\n") + "result: ok\n";
    cases.write("first", "expected.yaml", &reordered);
    assert_eq!(cases.test(&["--bless"]).await.ok(), "1 passed, 0 failed\n");
    let kept = std::fs::read_to_string(cases.file("first", "expected.yaml")).unwrap();
    assert_eq!(kept, reordered);

    // A difference is shown line by line, and the file stays as it is.
    let other = EXPECTED.replace("Hello, Ada!", "Hello, Bob!");
    cases.write("first", "expected.yaml", &other);
    let finished = cases.test(&[]).await;
    let finished = expect(
        finished,
        1,
        &["Failed first: what came out (+) is not what is expected (-)"],
    );
    let lines: Vec<&str> = finished.stderr.lines().map(str::trim).collect();
    let marked = |sign: char, words: &str| {
        lines
            .iter()
            .any(|l| l.starts_with(sign) && l.ends_with(words))
    };
    assert!(
        marked('-', "text: Hello, Bob!") && marked('+', "text: Hello, Ada!"),
        "{finished:?}"
    );
    let kept = std::fs::read_to_string(cases.file("first", "expected.yaml")).unwrap();
    assert_eq!(kept, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_case_that_does_not_pass_the_runs_tell_what_they_logged() {
    let cases = Cases::new();
    cases.write("first", "case.yaml", SYNCHRONIZATION);
    cases.write("first", "cluster.yaml", STATE);
    cases.write("first", "expected.yaml", EXPECTED);
    cases.write("other", "case.yaml", SYNCHRONIZATION);
    let said = ["Run of greet for names Synchronization", "Log 0 to greet"];
    let finished = expect(cases.test(&[]).await, 1, &said);
    let (passed, other) = finished.stderr.split_once("Failed other").unwrap();
    assert!(passed.contains("Passed first"), "{finished:?}");
    assert!(
        !passed.contains("Run of") && other.contains(said[0]),
        "{finished:?}"
    );

    // Of the error an outcome has what is the same each time.
    let finished = cases
        .test(&["--host-calls", "1", "--filter", "other"])
        .await;
    let words = [
        "error: stopped at the host calls limit of 1",
        said[0],
        "stopped at the host calls limit: 2 of 1",
    ];
    expect(finished, 1, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_happen_one_after_the_other() {
    let cases = Cases::new();
    cases.write("events", "cluster.yaml", STATE);
    cases.write(
        "events",
        "case.yaml",
        "\
trigger:
  events:
  - apply:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: b, namespace: default, labels: {app: hello}}
      data: {name: Bob}
  - delete: {kind: ConfigMap, namespace: default, name: a}
",
    );
    expect(cases.test(&["--bless"]).await, 0, &["Blessed events"]);
    let came_out = std::fs::read_to_string(cases.file("events", "expected.yaml")).unwrap();
    let texts: Vec<&str> = came_out
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("text:") || line.starts_with("Hello,"))
        .collect();
    // Two runs, then the object as it is at the end.
    assert_eq!(
        texts,
        [
            "text: |-",
            "Hello, Ada!",
            "Hello, Bob!",
            "text: Hello, Bob!",
            "text: Hello, Bob!"
        ],
        "{came_out}"
    );
    assert!(came_out.contains("cluster:\n  changed:\n"), "{came_out}");
    // What the case itself did is no effect of the hook.
    assert!(
        !came_out.contains("name: b\n") && !came_out.contains("removed"),
        "{came_out}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_case_is_told_and_the_others_run() {
    let cases = Cases::new();
    cases.write("good", "case.yaml", SYNCHRONIZATION);
    cases.write("good", "cluster.yaml", STATE);
    cases.write("good", "expected.yaml", EXPECTED);
    let event = |event: &str| format!("trigger: {{events: [{event}]}}");
    for (case, words) in [
        (
            "trigger: {onStart: {}}",
            "case.yaml:1:11: unknown key `onStart`; did you mean `onStartup`?",
        ),
        (
            "trigger: {synchronization: }\nextra: 1",
            "case.yaml:2:1: unknown key `extra`",
        ),
        ("{}", "a case has a `trigger`"),
        ("", "a case has a `trigger`, and this file nothing"),
        ("trigger: [", "case.yaml:2:1"),
        (
            "hook: other\ntrigger: {synchronization: }",
            "no hook `other`",
        ),
        (
            "trigger: {schedule: {}}",
            "the case fires schedules, but the component's hooks have none",
        ),
        (
            &event("{apply: {apiVersion: v1, kind: Pot, metadata: {name: a}}}"),
            "event 1 of the case: the manifest is refused",
        ),
        (
            &event("{delete: {kind: ConfigMap, name: nobody}}"),
            "ConfigMap nobody cannot be deleted: configmaps \"nobody\" not found",
        ),
        (
            &event("{delete: {kind: Pot, name: a}}"),
            "Pot cannot be deleted",
        ),
    ] {
        cases.write("bad", "case.yaml", case);
        let finished = expect(cases.test(&["--bless"]).await, 1, &["Failed bad", words]);
        assert_eq!(finished.stdout, "1 passed, 1 failed\n", "{case}");
        assert!(!finished.stderr.contains("--bless"), "{finished:?}");
        assert!(!cases.file("bad", "expected.yaml").exists(), "{case}");
    }
    cases.write("bad", "case.yaml", SYNCHRONIZATION);
    cases.write("bad", "expected.yaml", "a: 1\nb: [\n");
    let finished = cases.test(&[]).await;
    expect(finished, 1, &["bad/expected.yaml:3:1"]);
    cases.write("bad", "expected.yaml", "result: ok\nrun: []\n");
    let finished = cases.test(&[]).await;
    expect(finished, 1, &["bad/expected.yaml:2:1: unknown key `run`"]);

    let finished = cases.test(&["--filter", "goo"]).await;
    assert_eq!(finished.ok(), "1 passed, 0 failed\n");
    let finished = cases.test(&["--filter", "zzz"]).await;
    expect(finished, 2, &["holds no cases whose name contains `zzz`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cases_or_a_component_nothing_is_tested() {
    let folder = scratch();
    let component = text(&greet().await.component);
    let test = async |folder: &Path, component: &str| {
        hookbox(["test", text(folder), "--component", component])
            .run()
            .await
    };
    let finished = test(folder.path(), component).await;
    expect(finished, 2, &["tests/cases", "a case is a folder"]);
    let finished = test(&greet().await.project, "nowhere.wasm").await;
    expect(finished, 2, &["nowhere.wasm cannot be read"]);
    let cases = Cases::new();
    cases.write("a", "case.yaml", SYNCHRONIZATION);
    let finished = hookbox(["test", text(cases.folder.path())]).run().await;
    expect(
        finished,
        2,
        &["is not a project: it has no Cargo.toml", "hookbox new"],
    );
}
