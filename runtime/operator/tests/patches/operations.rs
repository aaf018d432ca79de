//! BEHAVIOUR C1, row by row.

use std::time::Duration;

use hookbox_operator::apply::{self, Observe};
use serde_json::{Value, json};

use crate::world::{World, config_map, deployment, on, with};

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

#[tokio::test]
async fn a_kind_may_be_given_by_any_of_its_names_and_without_a_version() {
    let world = World::new();
    for kind in ["ConfigMap", "configmap", "configmaps", "CM"] {
        world.seed(config_map("a", json!({}))).await;
        let applied = world.one(on("Delete", kind, "a")).await;
        assert!(applied.changed, "{kind}");
        assert_eq!(
            (
                applied.object.kind.as_str(),
                applied.object.api_version.as_deref()
            ),
            ("ConfigMap", Some("v1"))
        );
    }
    world.seed(deployment("d")).await;
    assert!(
        world
            .one(with(
                on("Delete", "deploy", "d"),
                "apiVersion",
                json!("apps/v1")
            ))
            .await
            .changed
    );
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_made_later_is_found() {
    let world = World::new();
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "lifts.example.com"}, "spec": {
        "group": "example.com", "scope": "Cluster", "names": {"plural": "lifts", "singular": "lift", "kind": "Lift"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let lift = json!({"operation": "Create", "object": {"apiVersion": "example.com/v1", "kind": "Lift", "metadata": {"name": "a"}}});
    assert_eq!(world.failing(lift.clone()).await.code(), "unknown-kind");
    world
        .one(json!({"operation": "Create", "object": crd}))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.one(lift).await;
    assert!(world.get("Lift", "a").is_some());
}

#[tokio::test]
async fn a_namespace_must_fit_the_kind() {
    let world = World::new();
    let mut cluster_scoped = on("Delete", "Namespace", "a");
    assert_eq!(
        world.failing(cluster_scoped.clone()).await.code(),
        "namespace-given"
    );
    cluster_scoped.as_object_mut().unwrap().remove("namespace");
    world.one(cluster_scoped).await;
    let mut namespaced = on("Delete", "ConfigMap", "a");
    namespaced.as_object_mut().unwrap().remove("namespace");
    let error = world.failing(namespaced).await;
    assert_eq!(
        hookbox_operator::api::chain(&error),
        "object patch 0 (Delete ConfigMap a): objects of kind `ConfigMap` live in a namespace, and none is given"
    );
}

#[tokio::test]
async fn patches_are_executed_in_order_and_a_failed_one_does_not_stop_the_next() {
    let world = World::new();
    let file: String = [
        json!({"operation": "Create", "object": config_map("a", json!({"n": "1"}))}),
        with(
            on("MergePatch", "ConfigMap", "missing"),
            "mergePatch",
            json!({}),
        ),
        with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!(".data.n = .data.n + \"2\""),
        ),
        on("Delete", "Nonsense", "x"),
        with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!(".data.n = .data.n + \"3\""),
        ),
    ]
    .iter()
    .map(Value::to_string)
    .collect();
    let outcome = world.file(&file).await;
    assert_eq!(
        outcome
            .results
            .iter()
            .map(Result::is_ok)
            .collect::<Vec<_>>(),
        [true, false, true, false, true]
    );
    assert_eq!(world.get("ConfigMap", "a").unwrap()["data"]["n"], "123");
    let errors = outcome.errors().unwrap().to_string();
    assert!(errors.contains("object patch 1 (MergePatch ConfigMap default/missing): the API server answered 404 NotFound"), "{errors}");
    assert!(
        errors.contains(
            "; object patch 3 (Delete Nonsense default/x): the API server has no kind `Nonsense`"
        ),
        "{errors}"
    );
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = World::with(|s| s.dry_run = true);
    world.seed(config_map("a", json!({"n": "1"}))).await;
    let before = world.cluster.objects();
    world
        .one(json!({"operation": "Create", "object": config_map("b", json!({}))}))
        .await;
    world
        .one(json!({"operation": "CreateOrUpdate", "object": config_map("a", json!({}))}))
        .await;
    world
        .one(with(
            on("MergePatch", "ConfigMap", "a"),
            "mergePatch",
            json!({"data": {"n": "2"}}),
        ))
        .await;
    world
        .one(with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!(".data.n = \"2\""),
        ))
        .await;
    world.one(on("Delete", "ConfigMap", "a")).await;
    assert_eq!(world.cluster.objects(), before);
}

#[tokio::test]
async fn before_and_after_are_handed_back_when_asked_for() {
    let world = World::with(|s| s.observe = Observe::Before);
    world.seed(config_map("a", json!({"n": "1"}))).await;
    let applied = world
        .one(with(
            on("MergePatch", "ConfigMap", "a"),
            "mergePatch",
            json!({"data": {"n": "2"}}),
        ))
        .await;
    assert!(applied.changed);
    assert_eq!(
        (
            &applied.before.unwrap()["data"]["n"],
            &applied.after.unwrap()["data"]["n"]
        ),
        (&json!("1"), &json!("2"))
    );
    let same = world
        .one(with(
            on("MergePatch", "ConfigMap", "a"),
            "mergePatch",
            json!({"data": {"n": "2"}}),
        ))
        .await;
    assert!(!same.changed);
    let gone = world.one(on("Delete", "ConfigMap", "a")).await;
    assert_eq!(
        (gone.before.unwrap()["data"]["n"].clone(), gone.after),
        (json!("2"), None)
    );

    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    let plain = world
        .one(json!({"operation": "CreateOrUpdate", "object": config_map("a", json!({"n": "1"}))}))
        .await;
    assert_eq!((plain.before, plain.after), (None, None));
}

#[tokio::test]
async fn a_name_stays_in_its_place_in_the_url() {
    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    for name in ["a?propagationPolicy=Orphan", "a#x", "a b"] {
        assert!(
            !world.one(on("Delete", "ConfigMap", name)).await.changed,
            "{name}"
        );
    }
    assert!(world.get("ConfigMap", "a").is_some());
}
