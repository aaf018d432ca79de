//! When the API server does not do as it is asked.

use std::time::Duration;

use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_operator::apply::WriterSettings;
use serde_json::json;
use tower::ServiceExt;

use crate::world::{World, config_map, writer};

fn create_or_update(name: &str) -> serde_json::Value {
    json!({"operation": "CreateOrUpdate", "object": config_map(name, json!({"n": "new"}))})
}

fn merge(name: &str) -> serde_json::Value {
    json!({"operation": "MergePatch", "kind": "ConfigMap", "namespace": "default", "name": name, "mergePatch": {"data": {"n": "new"}}})
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_tried_again_with_what_is_there_now() {
    let world = World::new();
    world.seed(config_map("a", json!({"n": "old"}))).await;
    world
        .cluster
        .faults()
        .fail_next(4, Matching::any().verb(Verb::Update), Failure::Conflict);
    assert!(world.one(create_or_update("a")).await.changed);
    assert_eq!(world.requests(Verb::Update).len(), 5);
    assert_eq!(world.requests(Verb::Get).len(), 5, "read anew each time");
    assert_eq!(world.requests(Verb::Create).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_conflicts_ends() {
    let world = World::with(|s| s.conflict_retries = 10);
    world.seed(config_map("a", json!({"n": "old"}))).await;
    world
        .cluster
        .faults()
        .fail_always(Matching::any().verb(Verb::Update), Failure::Conflict);
    world
        .cluster
        .faults()
        .fail_always(Matching::any().verb(Verb::Patch), Failure::Conflict);
    let start = tokio::time::Instant::now();
    for patch in [
        create_or_update("a"),
        merge("a"),
        json!({"operation": "JQPatch", "kind": "ConfigMap", "namespace": "default", "name": "a", "jqFilter": ".data.n = \"new\""}),
    ] {
        let error = world.failing(patch).await;
        assert_eq!(error.code(), "conflict");
        assert!(
            hookbox_operator::api::chain(&error)
                .contains("somebody else changed the object in between, 11 times in a row: ")
        );
    }
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(world.get("ConfigMap", "a").unwrap()["data"]["n"], "old");
}

#[tokio::test(start_paused = true)]
async fn writers_that_meet_all_get_through() {
    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    let add = |i: usize| {
        world.one(json!({"operation": "JQPatch", "kind": "ConfigMap", "namespace": "default", "name": "a", "jqFilter": format!("del(.metadata.resourceVersion) | .data.k{i} = \"x\"")}))
    };
    futures::future::join_all((0..5).map(add)).await;
    assert_eq!(
        world.get("ConfigMap", "a").unwrap()["data"]
            .as_object()
            .unwrap()
            .len(),
        5,
        "no write is lost"
    );
}

#[tokio::test(start_paused = true)]
async fn a_patch_that_asks_for_a_resource_version_is_not_repeated() {
    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    let mut patch = merge("a");
    patch["mergePatch"]["metadata"] = json!({"resourceVersion": "1"});
    assert_eq!(world.failing(patch).await.code(), "conflict");
    assert_eq!(world.requests(Verb::Patch).len(), 1);
}

#[tokio::test]
async fn a_missing_right_is_named_with_the_rule_that_would_give_it() {
    let world = World::new();
    world.seed(config_map("a", json!({}))).await;
    let service =
        world
            .cluster
            .service()
            .map_request(|mut request: http::Request<kube::client::Body>| {
                request.headers_mut().insert(
                    "impersonate-user",
                    http::HeaderValue::from_static("system:serviceaccount:default:hook"),
                );
                request
            });
    let world = World {
        writer: writer(
            kube::Client::new(service, "default"),
            WriterSettings::default(),
        ),
        ..world
    };
    let error = world.failing(json!({"operation": "Delete", "kind": "ConfigMap", "namespace": "default", "name": "a"})).await;
    assert_eq!(error.code(), "forbidden");
    let text = hookbox_operator::api::chain(&error);
    assert!(
        text.contains("system:serviceaccount:default:hook"),
        "{text}"
    );
    assert!(
        text.ends_with("To allow it, bind a Role in namespace `default` (or a ClusterRole) with the rule: apiGroups [\"\"], resources [\"configmaps\"], verbs [\"delete\"]"),
        "{text}"
    );
    assert!(world.get("ConfigMap", "a").is_some());
}

#[tokio::test]
async fn a_refusal_that_is_not_about_rights_names_no_rule() {
    let world = World::new();
    world
        .cluster
        .faults()
        .fail_next(1, Matching::any(), Failure::Forbidden);
    let error = world.failing(create_or_update("a")).await;
    let text = hookbox_operator::api::chain(&error);
    assert_eq!(error.code(), "forbidden");
    assert!(
        text.contains("injected fault") && !text.contains("To allow it"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_when_it_says() {
    let world = World::new();
    world.cluster.faults().fail_next(
        2,
        Matching::any().verb(Verb::Create),
        Failure::TooManyRequests { retry_after: 3 },
    );
    let start = tokio::time::Instant::now();
    assert!(world.one(create_or_update("a")).await.changed);
    assert!(
        start.elapsed() >= Duration::from_secs(6) && start.elapsed() < Duration::from_secs(7),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_busy_is_given_up() {
    let world = World::new();
    world.cluster.faults().fail_always(
        Matching::any().verb(Verb::Create),
        Failure::TooManyRequests { retry_after: 3600 },
    );
    let start = tokio::time::Instant::now();
    assert_eq!(
        world.failing(create_or_update("a")).await.code(),
        "too-many-requests"
    );
    assert!(
        start.elapsed() <= Duration::from_secs(60),
        "it does not wait as long as a server may say: {:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_internal_error_fails_the_patch_at_once_and_not_the_next() {
    let world = World::new();
    world.cluster.faults().fail_next(
        1,
        Matching::any().verb(Verb::Create),
        Failure::InternalError,
    );
    let outcome = world
        .file(&format!(
            "{}{}",
            create_or_update("a"),
            create_or_update("b")
        ))
        .await;
    assert_eq!(
        outcome.results[0].as_ref().unwrap_err().code(),
        "server-error"
    );
    assert!(outcome.results[1].is_ok());
    assert_eq!(
        world.requests(Verb::Create).len(),
        2,
        "what failed may have happened, and is not repeated"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_does_not_hold_up_a_long_list() {
    let world = World::new();
    // The kinds are known already.
    world.one(create_or_update("first")).await;
    world.cluster.clear_requests();
    world
        .cluster
        .faults()
        .fail_always(Matching::any(), Failure::Disconnect);
    let file: String = (0..100)
        .map(|i| create_or_update(&format!("n{i}")).to_string())
        .collect();
    let outcome = world.file(&file).await;
    let codes: Vec<_> = outcome
        .results
        .iter()
        .map(|r| r.as_ref().unwrap_err().code())
        .collect();
    assert_eq!(
        &codes[..4],
        ["unreachable", "unreachable", "unreachable", "skipped"]
    );
    assert!(codes[3..].iter().all(|c| *c == "skipped"));
    assert_eq!(world.requests(Verb::Create).len(), 3);
    assert!(
        outcome
            .errors()
            .unwrap()
            .to_string()
            .ends_with("; and 80 more")
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_ends_after_ten_seconds() {
    let world = World::new();
    world.one(create_or_update("first")).await;
    world.cluster.faults().delay(
        Matching::any().verb(Verb::Create),
        Duration::from_secs(3600),
    );
    let start = tokio::time::Instant::now();
    let error = world.failing(create_or_update("a")).await;
    assert_eq!((error.code(), start.elapsed().as_secs()), ("timeout", 10));
}

#[tokio::test(start_paused = true)]
async fn requests_keep_to_the_rate() {
    let world = World::with(|s| (s.qps, s.burst) = (5.0, 10));
    world.one(create_or_update("first")).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let file: String = (0..20)
        .map(|i| {
            json!({"operation": "Create", "object": config_map(&format!("n{i}"), json!({}))})
                .to_string()
        })
        .collect();
    let start = tokio::time::Instant::now();
    assert!(world.file(&file).await.errors().is_none());
    assert_eq!(
        start.elapsed().as_millis() / 100,
        20,
        "ten at once, ten at five a second"
    );
}
