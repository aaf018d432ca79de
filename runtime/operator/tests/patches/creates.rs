//! Making objects: BEHAVIOUR C1, row by row.

use hookbox_operator::apply;
use serde_json::json;

use crate::world::{World, config_map, deployment};

#[tokio::test]
async fn create_makes_the_object_and_fails_when_it_exists() {
    let world = World::new();
    let create = json!({"operation": "Create", "object": config_map("a", json!({"n": "1"}))});
    let applied = world.one(create.clone()).await;
    assert_eq!(
        (applied.operation.as_str(), applied.verb, applied.changed),
        ("Create", apply::Verb::Create, true)
    );
    assert_eq!(
        (
            applied.object.name.as_str(),
            applied.object.namespace.as_deref()
        ),
        ("a", Some("default"))
    );
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"],
        json!({"n": "1"})
    );

    let error = world.failing(create).await;
    assert_eq!(error.code(), "already-exists");
    let text = hookbox_operator::api::chain(&error);
    assert!(text.starts_with("object patch 0 (Create ConfigMap default/a): the API server answered 409 AlreadyExists: "), "{text}");
}

#[tokio::test]
async fn create_with_a_generated_name_says_which() {
    let world = World::new();
    let mut object = config_map("", json!({}));
    object["metadata"] = json!({"generateName": "a-", "namespace": "default"});
    let applied = world
        .one(json!({"operation": "Create", "object": object}))
        .await;
    assert!(
        applied.object.name.starts_with("a-") && applied.object.name.len() > 2,
        "{}",
        applied.object.name
    );
    assert!(world.get("ConfigMap", &applied.object.name).is_some());
}

#[tokio::test]
async fn create_if_not_exists_leaves_what_is_there() {
    let world = World::new();
    world.seed(config_map("a", json!({"old": "1"}))).await;
    let applied = world.one(json!({"operation": "CreateIfNotExists", "object": config_map("a", json!({"new": "1"}))})).await;
    assert!(!applied.changed);
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"],
        json!({"old": "1"})
    );
    assert!(
        world
            .one(json!({"operation": "CreateIfNotExists", "object": config_map("b", json!({}))}))
            .await
            .changed
    );
    assert!(world.get("ConfigMap", "b").is_some());
}

#[tokio::test]
async fn create_or_update_replaces_as_a_whole() {
    let world = World::new();
    let mut old = config_map("a", json!({"old": "1", "both": "1"}));
    old["metadata"]["labels"] = json!({"team": "x"});
    world.seed(old).await;
    let applied = world
        .one(
            json!({"operation": "CreateOrUpdate", "object": config_map("a", json!({"both": "2"}))}),
        )
        .await;
    assert_eq!((applied.verb, applied.changed), (apply::Verb::Update, true));
    let now = world.get("ConfigMap", "a").unwrap();
    assert_eq!(now["data"], json!({"both": "2"}));
    assert!(
        now["metadata"].get("labels").is_none(),
        "labels that are not in the manifest are lost"
    );
    assert_eq!(
        world
            .one(json!({"operation": "CreateOrUpdate", "object": config_map("b", json!({}))}))
            .await
            .verb,
        apply::Verb::Create
    );
}

#[tokio::test]
async fn create_or_update_knows_when_nothing_changed() {
    let world = World::new();
    let mut object = config_map("a", json!({"n": "1"}));
    world.seed(object.clone()).await;
    let same = world
        .one(json!({"operation": "CreateOrUpdate", "object": object}))
        .await;
    assert_eq!((same.verb, same.changed), (apply::Verb::Update, false));
    object["data"] = json!({"n": "2"});
    assert!(
        world
            .one(json!({"operation": "CreateOrUpdate", "object": object}))
            .await
            .changed
    );
}

#[tokio::test]
async fn integers_of_a_yaml_file_are_numbers_over_an_existing_object_too() {
    let world = World::new();
    world.seed(deployment("d")).await;
    let mut object = deployment("d");
    object["spec"]["replicas"] = json!(3);
    // JSON with a YAML comment is YAML only.
    let outcome = world
        .file(&format!(
            "# yaml\n{}",
            json!({"operation": "CreateOrUpdate", "object": object})
        ))
        .await;
    assert!(outcome.errors().is_none(), "{}", outcome.errors().unwrap());
    assert_eq!(world.get("Deployment", "d").unwrap()["spec"]["replicas"], 3);
}

#[tokio::test]
async fn a_copied_manifest_is_created_without_its_resource_version() {
    let world = World::new();
    world.seed(config_map("source", json!({"n": "1"}))).await;
    let mut copy = world.get("ConfigMap", "source").unwrap();
    assert!(copy["metadata"]["resourceVersion"].is_string());
    for operation in ["Create", "CreateIfNotExists", "CreateOrUpdate"] {
        copy["metadata"]["name"] = json!(operation.to_lowercase());
        let create = json!({"operation": operation, "object": copy});
        assert!(world.one(create).await.changed, "{operation}");
        let made = world.get("ConfigMap", &operation.to_lowercase()).unwrap();
        assert_eq!(made["data"], json!({"n": "1"}));
    }
    // Neither an old one nor the uid of another keeps an existing object from being replaced.
    copy["data"] = json!({"n": "2"});
    let replace = json!({"operation": "CreateOrUpdate", "object": copy});
    assert_eq!(world.one(replace).await.verb, apply::Verb::Update);
    let now = world.get("ConfigMap", "createorupdate").unwrap();
    assert_eq!(now["data"], json!({"n": "2"}));
}
