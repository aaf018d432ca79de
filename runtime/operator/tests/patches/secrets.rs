//! What errors say of patches on Secrets: they go into the log, the journal and events.

use hookbox_operator::journal::{PatchRecord, RunResult};
use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde_json::{Value, json};

use crate::world::{World, config_map, on, with};

fn secret() -> Value {
    // hunter2, as the API server keeps it.
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": {"password": "aHVudGVyMg=="}})
}

/// All that is told of one patch that fails.
async fn told(world: &World, patch: Value) -> String {
    let outcome = world.file(&patch.to_string()).await;
    let errors = outcome.errors().expect("it was applied");
    let records = serde_json::to_string(&PatchRecord::of(&outcome)).unwrap();
    let result = serde_json::to_string(&RunResult::effects_failed(&errors)).unwrap();
    format!("{errors}\n{records}\n{result}")
}

#[tokio::test]
async fn a_filters_error_does_not_tell_what_is_in_a_secret() {
    let world = World::new();
    world.seed(secret()).await;
    world
        .seed(config_map("s", json!({"password": "aHVudGVyMg=="})))
        .await;
    for filter in [
        "error(.data.password | @base64d)",
        ".data.password | @base64d | tonumber",
        ".data.password | tonumber",
        ".data.password.x",
        "error(.data)",
        ".metadata.name = (.data.password | @base64d)",
        ".kind = .data.password",
    ] {
        let patch = |kind| with(on("JQPatch", kind, "s"), "jqFilter", json!(filter));
        for kind in ["Secret", "secrets", "SECRET"] {
            let text = told(&world, patch(kind)).await;
            assert!(
                !text.contains("hunter2") && !text.contains("aHVudGVyMg"),
                "{filter}: {text}"
            );
        }
        let text = told(&world, patch("Secret")).await;
        let moves = filter.contains(" = ");
        let says = if moves {
            "and must give the same object"
        } else {
            "the jq filter failed: its message is left out, because it may hold a value of the Secret"
        };
        assert!(text.contains(says), "{filter}: {text}");
        // Elsewhere people are told.
        let text = told(&world, patch("ConfigMap")).await;
        assert!(
            moves || text.contains("hunter2") || text.contains("aHVudGVyMg"),
            "{filter}: {text}"
        );
    }
    // Which limit a filter came to tells nothing.
    let patch = with(
        on("JQPatch", "Secret", "s"),
        "jqFilter",
        json!("def f: f; f"),
    );
    let text = told(&world, patch).await;
    assert!(text.contains("CPU time"), "{text}");
}

#[tokio::test]
async fn refused_patches_on_secrets_are_not_quoted() {
    let world = World::new();
    let object = |kind: &str| ObjectRef {
        kind: kind.into(),
        namespace: Some("default".into()),
        name: "s".into(),
        ..ObjectRef::default()
    };
    let options = PatchOptions::default;
    for (kind, quoted) in [("Secret", false), ("ConfigMap", true)] {
        let filter = ObjectPatch::JQPatch {
            object: object(kind),
            filter: ".data.password = hunter2(1)".into(),
            options: options(),
        };
        let path = ObjectPatch::JSONPatch {
            object: object(kind),
            patch: json!([{"op": "remove", "path": "data/hunter2"}]),
            options: options(),
        };
        for patch in [filter, path] {
            let text = world.refused(vec![patch]).await.to_string();
            assert_eq!(text.contains("hunter2"), quoted, "{text}");
        }
    }
}
