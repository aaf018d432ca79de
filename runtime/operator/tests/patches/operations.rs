//! What all operations have in common: kinds, order, dry runs, what is observed.

use std::time::Duration;

use hookbox_operator::apply::Observe;
use serde_json::{Value, json};

use crate::world::{World, config_map, deployment, on, with};

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
            json!({"data": {"n": "0"}}),
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
