//! The history of changes: what can be read from it, and what happens when it is gone.

// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use futures::StreamExt;
use hookbox_cluster::{Cluster, Options};
use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn call(client: &Client, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    let response = client
        .send(request.body(body.to_string().into_bytes().into()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn get(client: &Client, path: &str) -> (u16, Value) {
    call(client, "GET", path, Value::Null).await
}

async fn create(client: &Client, name: &str) -> Value {
    let (status, object) = call(client, "POST", MAPS, json!({"metadata": {"name": name}})).await;
    assert_eq!(status, 201, "{object}");
    object
}

/// All events of a watch that ends by itself or is cut.
async fn events(client: &Client, path: &str) -> Vec<Value> {
    let request = Request::get(path).body(Vec::new().into()).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.into_body().collect().await.unwrap().to_bytes();
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_expired_page_is_told_with_a_way_to_go_on() {
    let cluster = Cluster::new();
    let client = cluster.client();
    for name in ["a", "b", "c"] {
        create(&client, name).await;
    }
    let (_, first) = get(&client, &format!("{MAPS}?limit=1")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    create(&client, "d").await;
    cluster.compact();
    let (status, body) = get(&client, &format!("{MAPS}?limit=1&continue={token}")).await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (410, Some("Expired")),
        "{body}"
    );
    assert!(body["message"].as_str().unwrap().starts_with(
        "The provided continue parameter is too old to display a consistent list result."
    ));
    // The token of the error goes on with the state of now.
    let token = body["metadata"]["continue"].as_str().unwrap();
    let (status, rest) = get(&client, &format!("{MAPS}?continue={token}")).await;
    assert_eq!((status, names(&rest)), (200, vec!["b", "c", "d"]));
}

#[tokio::test]
async fn exact_versions_that_are_gone_are_told() {
    let cluster = Cluster::new();
    let client = cluster.client();
    let first = create(&client, "a").await;
    create(&client, "b").await;
    cluster.compact();
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let (status, body) = get(
        &client,
        &format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact"),
    )
    .await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (410, Some("Expired")),
        "{body}"
    );
    let (status, body) = get(&client, &format!("{MAPS}?resourceVersion=999999999")).await;
    assert_eq!(
        (status, body["reason"].as_str()),
        (504, Some("Timeout")),
        "{body}"
    );
    assert_eq!(
        body["details"]["causes"][0]["reason"],
        "ResourceVersionTooLarge"
    );
}

#[tokio::test]
async fn a_watch_from_a_version_that_is_gone_gets_an_error_event() {
    let cluster = Cluster::new();
    let client = cluster.client();
    let first = create(&client, "a").await;
    create(&client, "b").await;
    cluster.compact();
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let told = events(
        &client,
        &format!("{MAPS}?watch=1&resourceVersion={version}"),
    )
    .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["type"], "ERROR");
    let status = &told[0]["object"];
    assert_eq!(
        (
            status["kind"].as_str(),
            status["code"].as_i64(),
            status["reason"].as_str()
        ),
        (Some("Status"), Some(410), Some("Expired"))
    );
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .starts_with(&format!("too old resource version: {version} ("))
    );
}

#[tokio::test]
async fn a_watch_of_the_cluster_before_this_one_is_told_so() {
    let options = Options {
        first_revision: 1_000_000,
        ..Options::default()
    };
    let client = Cluster::with_options(options).client();
    let made = create(&client, "a").await;
    let version = made["metadata"]["resourceVersion"].as_str().unwrap();
    assert!(version.parse::<u64>().unwrap() > 1_000_000);
    let path = format!("{MAPS}?watch=true&resourceVersion=20000");
    let told = events(&client, &path).await;
    assert_eq!(told[0]["object"]["code"], 410, "{told:?}");
}

#[tokio::test]
async fn the_history_is_bounded() {
    let cluster = Cluster::with_options(Options {
        history: 3,
        ..Options::default()
    });
    let client = cluster.client();
    let first = create(&client, "a").await;
    for name in ["b", "c", "d"] {
        create(&client, name).await;
    }
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let told = events(
        &client,
        &format!("{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={version}"),
    )
    .await;
    assert_eq!(told.len(), 3, "{told:?}");
    create(&client, "e").await;
    let told = events(
        &client,
        &format!("{MAPS}?watch=1&resourceVersion={version}"),
    )
    .await;
    assert_eq!(told[0]["type"], "ERROR");
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_in_time_and_can_be_dropped() {
    let cluster = Cluster::with_options(Options {
        bookmark_interval: Duration::from_secs(10),
        ..Options::default()
    });
    let client = cluster.client();
    let first = create(&client, "a").await;
    let version = first["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    // Another kind moves the revision on; the bookmark tells.
    call(
        &client,
        "POST",
        "/api/v1/namespaces/default/secrets",
        json!({"metadata": {"name": "s"}}),
    )
    .await;
    let path = format!(
        "{MAPS}?watch=1&timeoutSeconds=25&allowWatchBookmarks=true&resourceVersion={version}"
    );
    let told = events(&client, &path).await;
    assert_eq!(
        told.iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["BOOKMARK"; 3]
    );
    let marked: u64 = told[0]["object"]["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(marked > version.parse().unwrap());
    assert_eq!(told[0]["object"]["kind"], "ConfigMap");
    cluster.faults().drop_bookmarks();
    assert!(events(&client, &path).await.is_empty());
}

#[tokio::test]
async fn a_bookmark_can_be_asked_for() {
    let cluster = Cluster::new();
    let client = cluster.client();
    let version = create(&client, "a").await["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = Request::get(format!(
        "{MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion={version}"
    ))
    .body(Vec::new().into())
    .unwrap();
    let mut body = client
        .send(request)
        .await
        .unwrap()
        .into_body()
        .into_data_stream();
    cluster.faults().send_bookmarks();
    let event: Value = serde_json::from_slice(&body.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(event["type"], "BOOKMARK");
}

#[derive(Debug, Clone)]
enum Write {
    Put(u8, u8, bool),
    Delete(u8),
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let one = prop_oneof![3 => (0..6_u8, any::<u8>(), any::<bool>()).prop_map(|(name, value, inside)| Write::Put(name, value, inside)), 1 => (0..6_u8).prop_map(Write::Delete)];
    prop::collection::vec(one, 1..40)
}

async fn write(client: &Client, what: &Write) {
    match what {
        Write::Put(name, value, inside) => {
            let object = json!({"metadata": {"name": format!("n{name}"), "labels": {"in": inside.to_string()}}, "data": {"v": value.to_string()}});
            if call(client, "PUT", &format!("{MAPS}/n{name}"), object.clone())
                .await
                .0
                == 404
            {
                assert_eq!(call(client, "POST", MAPS, object).await.0, 201);
            }
        }
        Write::Delete(name) => {
            call(client, "DELETE", &format!("{MAPS}/n{name}"), json!({})).await;
        }
    }
}

/// What a client that follows a watch holds.
fn replay(mut state: BTreeMap<String, Value>, events: &[Value]) -> BTreeMap<String, Value> {
    for event in events {
        let name = event["object"]["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match event["type"].as_str().unwrap() {
            "ADDED" => assert!(
                state.insert(name, event["object"].clone()).is_none(),
                "added twice"
            ),
            "MODIFIED" => assert!(
                state.insert(name, event["object"].clone()).is_some(),
                "modified what was not there"
            ),
            "DELETED" => assert!(state.remove(&name).is_some(), "deleted what was not there"),
            other => assert_eq!(other, "BOOKMARK"),
        }
    }
    state
}

fn listed(list: &Value) -> BTreeMap<String, Value> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let mut object = item.clone();
            object["kind"] = "ConfigMap".into();
            object["apiVersion"] = "v1".into();
            (
                item["metadata"]["name"].as_str().unwrap().to_owned(),
                object,
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A list and the watch that goes on from it are the list of later, for every selector and every moment between; and a
    /// list of a moment that has passed is the list that was given then.
    #[test]
    fn watches_replay_to_lists(before in writes(), after in writes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let cluster = Cluster::new();
            let client = cluster.client();
            for what in &before {
                write(&client, what).await;
            }
            for selector in ["", "&labelSelector=in=true", "&fieldSelector=metadata.name!=n1"] {
                let (_, first) = get(&client, &format!("{MAPS}?x=1{selector}")).await;
                let version = first["metadata"]["resourceVersion"].as_str().unwrap();
                for what in &after {
                    write(&client, what).await;
                }
                let request = Request::get(format!("{MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion={version}{selector}")).body(Vec::new().into()).unwrap();
                let mut body = client.send(request).await.unwrap().into_body().into_data_stream();
                cluster.faults().send_bookmarks();
                let (_, last) = get(&client, &format!("{MAPS}?x=1{selector}")).await;
                let mut told: Vec<Value> = Vec::new();
                while told.last().is_none_or(|event| event["type"] != "BOOKMARK") {
                    let piece = body.next().await.unwrap().unwrap();
                    told.extend(piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice::<Value>(line).unwrap()));
                }
                assert_eq!(replay(listed(&first), &told), listed(&last));
                let (status, again) = get(&client, &format!("{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact{selector}")).await;
                assert_eq!((status, listed(&again)), (200, listed(&first)));
            }
        });
    }

    /// Pages of any size are the list.
    #[test]
    fn pages_are_the_list(what in writes(), limit in 1..5_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let cluster = Cluster::new();
            let client = cluster.client();
            for what in &what {
                write(&client, what).await;
            }
            let (_, whole) = get(&client, MAPS).await;
            let mut joined = Vec::new();
            let mut token = String::new();
            loop {
                let (_, page) = get(&client, &format!("{MAPS}?limit={limit}&continue={token}")).await;
                joined.extend(page["items"].as_array().unwrap().clone());
                // Nothing that is written between the pages is seen.
                write(&client, &Write::Put(7, 0, true)).await;
                write(&client, &Write::Delete(0)).await;
                match page["metadata"]["continue"].as_str() {
                    Some(next) => token = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(whole["items"], Value::Array(joined));
        });
    }
}
