//! `hookbox inspect`.

use hookbox_tests::hookbox::hookbox;
use serde_json::{Value, json};

use super::components::{altered, expect, greet, text};

#[tokio::test(flavor = "multi_thread")]
async fn all_is_told_that_is_known_of_a_component() {
    let component = &greet().await.component;
    let printed = hookbox(["inspect", text(component), "-o", "json"])
        .run()
        .await
        .ok();
    let told: Value = serde_json::from_str(&printed).expect("JSON");
    let keys: Vec<&str> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "digest", "exports", "file", "hooks", "imports", "size", "wants"
        ]
    );
    assert_eq!(told["size"], std::fs::metadata(component).unwrap().len());
    let digest = told["digest"].as_str().unwrap();
    assert!(
        digest.starts_with("sha256:") && digest.len() == 71,
        "{digest}"
    );
    let exports = ["filters", "admission", "conversion", "hooks"];
    let exports = exports.map(|name| format!("hookbox:hook/{name}@0.1.0"));
    assert_eq!(told["exports"], json!(exports));
    let imports: Vec<&str> = told["imports"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        imports.contains(&"hookbox:hook/snapshots@0.1.0"),
        "{imports:?}"
    );
    // The template's hook asks for nothing that is not given to everybody.
    assert!(
        !imports
            .iter()
            .any(|i| i.contains("sockets") || i.contains("filesystem")),
        "{imports:?}"
    );
    assert_eq!(told["hooks"][0]["name"], "greet");
    let binding = &told["hooks"][0]["config"]["kubernetes"][0];
    assert_eq!(binding["jqFilter"], ".data.name");
    assert_eq!(
        told["wants"],
        json!([{"hook": "greet", "what": "list and watch ConfigMap in default"}])
    );

    let table = hookbox(["inspect", text(component)]).run().await.ok();
    for line in [
        "Digest:   sha256:",
        "Hooks:    greet",
        "greet   kubernetes   names",
        "Imports:",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_beside_the_rest() {
    let folder = hookbox_tests::scratch();
    let path = folder.path().join("mistake.wasm");
    std::fs::write(&path, altered("\"kubernetes\"", "\"kubernetos\"").await).unwrap();
    let run = hookbox(["inspect", text(&path), "-o", "json"]).run().await;
    let finished = expect(run, 1, &["kubernetos: is not a known key"]);
    let told: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    let mistakes = told["hooks"][0]["mistakes"].to_string();
    assert!(mistakes.contains("kubernetos"), "{mistakes}");
    assert_eq!(told["hooks"][0]["config"], Value::Null);
}
