//! BEHAVIOUR C1: the three ways to delete.

use std::time::Duration;

use hookbox_cluster::Verb;
use hookbox_operator::apply;
use serde_json::{Value, json};

use crate::world::{World, config_map, on, with};

#[tokio::test]
async fn a_missing_object_is_deleted_already() {
    let world = World::new();
    for operation in ["Delete", "DeleteInBackground", "DeleteNonCascading"] {
        let applied = world.one(on(operation, "ConfigMap", "missing")).await;
        assert_eq!(
            (applied.verb, applied.changed),
            (apply::Verb::Delete, false),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn deletes_say_what_becomes_of_owned_objects() {
    for (operation, owned_stays) in [
        ("Delete", false),
        ("DeleteInBackground", false),
        ("DeleteNonCascading", true),
    ] {
        let world = World::new();
        world.seed(config_map("owner", json!({}))).await;
        let uid = world.get("ConfigMap", "owner").unwrap()["metadata"]["uid"].clone();
        let mut owned = config_map("owned", json!({}));
        owned["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": true}]);
        world.seed(owned).await;
        assert!(world.one(on(operation, "ConfigMap", "owner")).await.changed);
        world.cluster.settled().await;
        assert!(world.get("ConfigMap", "owner").is_none(), "{operation}");
        assert_eq!(
            world.get("ConfigMap", "owned").is_some(),
            owned_stays,
            "{operation}"
        );
    }
}

fn held() -> Value {
    let mut object = config_map("held", json!({}));
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    object
}

#[tokio::test(start_paused = true)]
async fn delete_waits_twenty_seconds_and_says_what_holds_the_object() {
    let world = World::new();
    world.seed(held()).await;
    let start = tokio::time::Instant::now();
    let error = world.failing(on("Delete", "ConfigMap", "held")).await;
    assert_eq!(error.code(), "still-there");
    assert!(hookbox_operator::api::chain(&error).ends_with("the object was deleted, and is still there after 20 s, held by the finalizers example.com/hold"));
    assert!(
        start.elapsed() >= Duration::from_secs(20) && start.elapsed() < Duration::from_secs(22),
        "{:?}",
        start.elapsed()
    );
    // About one look a second.
    let looks = world.requests(Verb::Get).len();
    assert!((20..=24).contains(&looks), "{looks}");
}

#[tokio::test(start_paused = true)]
async fn delete_ends_as_soon_as_the_object_is_gone() {
    let world = World::new();
    world.seed(held()).await;
    let release = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world
            .one(with(
                on("MergePatch", "ConfigMap", "held"),
                "mergePatch",
                json!({"metadata": {"finalizers": null}}),
            ))
            .await;
    };
    let start = tokio::time::Instant::now();
    let (applied, ()) = tokio::join!(world.one(on("Delete", "ConfigMap", "held")), release);
    assert!(applied.changed);
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn delete_in_the_background_does_not_wait() {
    let world = World::new();
    world.seed(held()).await;
    assert!(
        world
            .one(on("DeleteInBackground", "ConfigMap", "held"))
            .await
            .changed
    );
    assert!(world.get("ConfigMap", "held").is_some());
    assert!(world.requests(Verb::Get).is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_object_of_the_same_name_is_not_waited_for() {
    let world = World::new();
    world.seed(held()).await;
    let make_anew = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world
            .one(with(
                on("MergePatch", "ConfigMap", "held"),
                "mergePatch",
                json!({"metadata": {"finalizers": null}}),
            ))
            .await;
        world
            .one(json!({"operation": "Create", "object": config_map("held", json!({"new": "1"}))}))
            .await;
    };
    let start = tokio::time::Instant::now();
    let (applied, ()) = tokio::join!(world.one(on("Delete", "ConfigMap", "held")), make_anew);
    assert!(applied.changed);
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(world.get("ConfigMap", "held").unwrap()["data"]["new"], "1");
}
