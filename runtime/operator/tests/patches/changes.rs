//! Changing objects in part: BEHAVIOUR C1, row by row.

use hookbox_operator::apply;
use serde_json::json;

use crate::world::{World, config_map, deployment, on, with};

#[tokio::test]
async fn merge_patch_changes_and_removes() {
    let world = World::new();
    world
        .seed(config_map("a", json!({"gone": "1", "kept": "1"})))
        .await;
    let applied = world
        .one(with(
            on("MergePatch", "ConfigMap", "a"),
            "mergePatch",
            json!({"data": {"gone": null, "new": "2"}}),
        ))
        .await;
    assert_eq!(applied.verb, apply::Verb::Patch);
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"],
        json!({"kept": "1", "new": "2"})
    );
}

#[tokio::test]
async fn json_patch_with_a_lone_remove() {
    let world = World::new();
    world
        .seed(config_map("a", json!({"gone": "1", "kept": "1"})))
        .await;
    world
        .one(with(
            on("JSONPatch", "ConfigMap", "a"),
            "jsonPatch",
            json!([{"op": "remove", "path": "/data/gone"}]),
        ))
        .await;
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"],
        json!({"kept": "1"})
    );
    let error = world
        .failing(with(
            on("JSONPatch", "ConfigMap", "a"),
            "jsonPatch",
            json!([{"op": "test", "path": "/data/kept", "value": "2"}]),
        ))
        .await;
    assert!(
        ["invalid", "refused", "server-error"].contains(&error.code()),
        "{}",
        error.code()
    );
}

#[tokio::test]
async fn a_missing_object_is_an_error_unless_it_is_ignored() {
    let world = World::new();
    for (operation, key, value) in [
        ("MergePatch", "mergePatch", json!({"data": {}})),
        (
            "JSONPatch",
            "jsonPatch",
            json!([{"op": "remove", "path": "/data"}]),
        ),
        ("JQPatch", "jqFilter", json!(".data = {}")),
    ] {
        let patch = with(on(operation, "ConfigMap", "missing"), key, value);
        assert_eq!(
            world.failing(patch.clone()).await.code(),
            "not-found",
            "{operation}"
        );
        assert!(
            !world
                .one(with(patch, "ignoreMissingObject", json!(true)))
                .await
                .changed,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_subresource_is_patched_with_and_without_a_slash() {
    let world = World::new();
    world.seed(deployment("d")).await;
    for (subresource, generation) in [("status", 3), ("/status", 4)] {
        let patch = with(
            on("MergePatch", "Deployment", "d"),
            "mergePatch",
            json!({"status": {"observedGeneration": generation}, "spec": {"replicas": 9}}),
        );
        world
            .one(with(patch, "subresource", json!(subresource)))
            .await;
        let now = world.get("Deployment", "d").unwrap();
        assert_eq!(
            (
                &now["status"]["observedGeneration"],
                &now["spec"]["replicas"]
            ),
            (&json!(generation), &json!(1)),
            "{subresource}"
        );
    }
}
