//! One run of `hookbox exec`, and what it has to print.

use std::path::{Path, PathBuf};

use hookbox_config::yaml;
use hookbox_tests::hookbox::{checkout, hookbox};
use hookbox_tests::{bless, scratch};
use serde_json::Value;

use crate::server::Server;

/// Keys of a case that are files, and their flags.
const FILES: [(&str, &str); 7] = [
    ("contexts", "--contexts"),
    ("snapshots", "--snapshots"),
    ("cluster", "--cluster"),
    ("values", "--values"),
    ("configValues", "--config-values"),
    ("review", "--review"),
    ("grants", "--grants"),
];

pub(crate) struct Case {
    pub(crate) name: String,
    path: PathBuf,
    fields: Value,
}

/// All cases, by their names.
pub(crate) fn all() -> Vec<Case> {
    let folder = checkout().join("tests/languages/cases");
    let mut cases: Vec<Case> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a case");
            let documents = yaml::parse_documents(&text).expect("YAML");
            let [fields] = documents.as_slice() else {
                panic!("{} has not one document", path.display());
            };
            Case {
                name: path
                    .file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                fields: fields.to_json(),
                path,
            }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!cases.is_empty(), "there are no cases");
    cases
}

impl Case {
    /// Play it. Where the outcome is not what it should be, what was expected and what came.
    pub(crate) async fn play(
        &self,
        component: &Path,
        server: &Server,
        leads: bool,
    ) -> Result<(), String> {
        let folder = scratch();
        let component = component.to_string_lossy();
        let hook = self.fields["hook"].as_str().expect("a hook");
        let mut arguments = vec!["exec", &component, "--hook", hook, "-o", "json"];
        if let Some(trigger) = self.fields["trigger"].as_str() {
            arguments.extend(["--trigger", trigger]);
        }
        let mut written = Vec::new();
        for (key, flag) in FILES {
            let content = match &self.fields[key] {
                Value::Null => continue,
                // A state is a stream of manifests.
                Value::Array(all) if key == "cluster" => {
                    let all: Vec<String> = all.iter().map(Value::to_string).collect();
                    all.join("\n---\n")
                }
                other => other.to_string(),
            };
            let path = folder.path().join(format!("{key}.yaml"));
            std::fs::write(&path, server.fill(&content)).expect("a file can be written");
            written.push((flag, path.to_string_lossy().into_owned()));
        }
        for (flag, path) in &written {
            arguments.extend([*flag, path]);
        }
        let fails = self.fields["failure"] == true;
        let done = hookbox(arguments)
            .limit(std::time::Duration::from_secs(300))
            .run()
            .await;
        if done.code != Some(i32::from(fails)) {
            return Err(format!(
                "exit code {:?}\n{}\n{}",
                done.code, done.stdout, done.stderr
            ));
        }
        let mut got: Value = match done.stdout.is_empty() {
            // There was no run.
            true => serde_json::json!({"error": error(&done.stderr)}),
            false => {
                serde_json::from_str(&done.stdout).map_err(|e| format!("{e}: {}", done.stdout))?
            }
        };
        got.as_object_mut().expect("an object").remove("usage");
        let kept = self.path.with_extension("expected.json");
        if leads && bless() {
            let text = serde_json::to_string_pretty(&got).expect("JSON");
            std::fs::write(&kept, server.unfill(&text) + "\n").expect("a file can be written");
            return Ok(());
        }
        let text =
            std::fs::read_to_string(&kept).map_err(|e| format!("{}: {e}", kept.display()))?;
        let expected: Value = serde_json::from_str(&server.fill(&text)).expect("JSON");
        if got == expected {
            return Ok(());
        }
        let (expected, got) = (pretty(&expected), pretty(&got));
        let difference = similar::TextDiff::from_lines(&expected, &got);
        Err(difference
            .unified_diff()
            .header("expected", "came")
            .to_string())
    }
}

/// Why there was no run.
fn error(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.strip_prefix("error: "))
}

/// What `hookbox exec` says of the hook `fail` when it panics.
pub(crate) async fn panic(component: &Path) -> String {
    let folder = scratch();
    let values = folder.path().join("values.json");
    std::fs::write(&values, r#"{"how": "panic"}"#).expect("a file can be written");
    let (component, values) = (component.to_string_lossy(), values.to_string_lossy());
    let arguments = [
        "exec",
        &component,
        "--hook",
        "fail",
        "--trigger",
        "onStartup",
        "--config-values",
        &values,
    ];
    let done = hookbox(arguments).run().await.expect_code(1);
    done.stdout + &done.stderr
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}
