//! BEHAVIOUR C1: JQPatch.

use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_operator::apply;
use serde_json::json;

use crate::world::{World, config_map, deployment, on, with};

#[tokio::test]
async fn jq_patch_replaces_by_the_filters_result() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "1"}))).await;
    let applied = world
        .one(with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!(".data.n = \"2\" | .metadata.labels.x = \"y\""),
        ))
        .await;
    assert_eq!((applied.verb, applied.changed), (apply::Verb::Update, true));
    let now = world.get("ConfigMap", "a").unwrap();
    assert_eq!(
        (&now["data"], &now["metadata"]["labels"]),
        (&json!({"n": "2"}), &json!({"x": "y"}))
    );
}

#[tokio::test]
async fn jq_patch_writes_nothing_when_nothing_changes() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "1"}))).await;
    let applied = world
        .one(with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!(".data.n = \"1\""),
        ))
        .await;
    assert!(!applied.changed);
    assert!(world.requests(Verb::Update).is_empty());
}

#[tokio::test]
async fn jq_patch_keeps_the_resource_version_that_a_filter_drops() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "1"}))).await;
    world
        .cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::Update), Failure::Conflict);
    world
        .one(with(
            on("JQPatch", "ConfigMap", "a"),
            "jqFilter",
            json!("del(.metadata.resourceVersion) | .data.n += \"+\""),
        ))
        .await;
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"]["n"],
        "1+",
        "filtered anew from what is there"
    );
    assert_eq!(world.requests(Verb::Update).len(), 2);
}

#[tokio::test]
async fn jq_patch_uses_the_subresource_for_the_write_only() {
    let world = World::new();
    world.seed(deployment("d")).await;
    let patch = with(
        on("JQPatch", "Deployment", "d"),
        "jqFilter",
        json!(".status.observedGeneration = 7 | .spec.replicas = 9"),
    );
    world
        .one(with(patch, "subresource", json!("/status")))
        .await;
    let now = world.get("Deployment", "d").unwrap();
    assert_eq!(
        (
            &now["status"]["observedGeneration"],
            &now["spec"]["replicas"]
        ),
        (&json!(7), &json!(1))
    );
    assert_eq!(world.requests(Verb::Get)[0].subresource, None);
    assert_eq!(
        world.requests(Verb::Update)[0].subresource.as_deref(),
        Some("status")
    );
}

#[tokio::test]
async fn jq_patch_that_gives_no_object_changes_nothing() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "1"}))).await;
    for (filter, code) in [
        ("empty", "jq-result"),
        ("., .", "jq-result"),
        (".data.n", "jq-result"),
        ("error(\"no\")", "jq"),
        ("def f: f; f", "jq"),
    ] {
        let error = world
            .failing(with(
                on("JQPatch", "ConfigMap", "a"),
                "jqFilter",
                json!(filter),
            ))
            .await;
        assert_eq!(
            error.code(),
            code,
            "{filter}: {}",
            hookbox_operator::api::chain(&error)
        );
    }
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"],
        json!({"n": "1"})
    );
}

#[tokio::test]
async fn jq_patch_that_makes_another_object_is_not_sent() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "1"}))).await;
    for (filter, field) in [
        (".metadata.name = \"b\"", "metadata.name"),
        ("del(.metadata.name)", "metadata.name"),
        (".metadata = 1", "metadata.name"),
        (".metadata.namespace = \"other\"", "metadata.namespace"),
        (".metadata.uid = \"x\"", "metadata.uid"),
        (".kind = \"Secret\"", "kind"),
        ("{metadata, data: {}}", "apiVersion"),
        (".apiVersion = \"v2\"", "apiVersion"),
    ] {
        let patch = with(on("JQPatch", "ConfigMap", "a"), "jqFilter", json!(filter));
        let error = world.failing(patch).await;
        assert_eq!(error.code(), "jq-result", "{filter}");
        let text = hookbox_operator::api::chain(&error);
        let says =
            format!("the jq filter changes or drops `{field}`, and must give the same object");
        assert!(text.ends_with(&says), "{filter}: {text}");
    }
    assert!(world.requests(Verb::Update).is_empty());
    // The API server knows the namespace.
    let patch = with(
        on("JQPatch", "ConfigMap", "a"),
        "jqFilter",
        json!("del(.metadata.namespace, .metadata.uid) | .data.n = \"2\""),
    );
    assert!(world.one(patch).await.changed);
}

#[tokio::test]
async fn jq_patch_of_a_scale_gives_a_scale() {
    let world = World::new();
    world.seed(deployment("d")).await;
    let patch = with(
        on("JQPatch", "Deployment", "d"),
        "jqFilter",
        json!("{apiVersion: \"autoscaling/v1\", kind: \"Scale\", metadata, spec: {replicas: 3}}"),
    );
    let patch = with(patch, "subresource", json!("scale"));
    world.one(patch).await;
    let now = world.get("Deployment", "d").unwrap();
    assert_eq!(now["spec"]["replicas"], 3);
}
