//! Laws of patches, through the API.

// Helpers of tests may fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use hookbox_cluster::Cluster;
use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn call(client: &Client, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .header("user-agent", "laws");
    let response = client
        .send(request.body(body.to_string().into_bytes().into()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn data() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-e]", "[0-9]{0,2}", 0..5).prop_map(|map| {
        map.into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect()
    })
}

/// A merge patch: values, and nulls.
fn changes() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-e]", prop::option::of("[0-9]{0,2}"), 0..5).prop_map(|map| {
        map.into_iter()
            .map(|(key, value)| (key, value.map_or(Value::Null, Value::from)))
            .collect()
    })
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future);
}

async fn made(client: &Client, data: &Map<String, Value>) -> Value {
    let (status, object) = call(
        client,
        "POST",
        MAPS,
        "application/json",
        &json!({"metadata": {"name": "a"}, "data": data}),
    )
    .await;
    assert_eq!(status, 201);
    object
}

fn data_of(object: &Value) -> Map<String, Value> {
    object["data"].as_object().cloned().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn merge_patches_say_what_is_then(before in data(), patch in changes()) {
        block_on(async {
            let client = Cluster::new().client();
            made(&client, &before).await;
            let (status, first) = call(&client, "PATCH", &format!("{MAPS}/a"), "application/merge-patch+json", &json!({"data": patch})).await;
            assert_eq!(status, 200);
            let mut wanted = before.clone();
            for (key, value) in &patch {
                if value.is_null() { wanted.remove(key); } else { wanted.insert(key.clone(), value.clone()); }
            }
            assert_eq!(data_of(&first), wanted);
            // Once is enough: the second time is no write.
            let (_, second) = call(&client, "PATCH", &format!("{MAPS}/a"), "application/merge-patch+json", &json!({"data": patch})).await;
            assert_eq!(first, second);
        });
    }

    #[test]
    fn a_json_patch_made_of_a_difference_makes_the_other(before in data(), after in data()) {
        block_on(async {
            let client = Cluster::new().client();
            let object = made(&client, &before).await;
            let mut other = object.clone();
            other["data"] = Value::Object(after.clone());
            let patch = serde_json::to_value(json_patch::diff(&object, &other)).unwrap();
            let (status, patched) = call(&client, "PATCH", &format!("{MAPS}/a"), "application/json-patch+json", &patch).await;
            assert_eq!(status, 200, "{patched}");
            assert_eq!(data_of(&patched), after);
        });
    }

    /// What one manager applies is there, what it applied before and no longer does is gone, and what another applied stays.
    #[test]
    fn applied_is_what_managers_say(mine in data(), then in data(), theirs in data()) {
        block_on(async {
            let client = Cluster::new().client();
            let config = |data: &Map<String, Value>| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
            for (manager, data) in [("me", &mine), ("they", &theirs), ("me", &then)] {
                let path = format!("{MAPS}/a?fieldManager={manager}&force=true");
                let (status, body) = call(&client, "PATCH", &path, "application/apply-patch+yaml", &config(data)).await;
                assert!(status == 200 || status == 201, "{body}");
            }
            let (_, object) = call(&client, "GET", &format!("{MAPS}/a"), "application/json", &Value::Null).await;
            let mut wanted = theirs.clone();
            wanted.extend(then.clone());
            assert_eq!(data_of(&object), wanted);
            // Without conflicts, applying the same again is no write.
            let (_, again) = call(&client, "PATCH", &format!("{MAPS}/a?fieldManager=me"), "application/apply-patch+yaml", &config(&then)).await;
            assert_eq!(object, again);
        });
    }
}
