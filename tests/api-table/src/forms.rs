//! Other forms of the same objects.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::{Http, names};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

pub(crate) async fn tables_have_rows(http: Http) -> Result<()> {
    http.config_map("a", json!({"data": {"x": "1", "y": "2"}}))
        .await?;
    let table = http
        .with("accept", TABLE)
        .get(&http.core("configmaps?fieldSelector=metadata.name=a"))
        .await?
        .ok(200)?;
    ensure!(
        table["kind"] == "Table" && table["apiVersion"] == "meta.k8s.io/v1",
        "{table}"
    );
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|column| column["name"].as_str())
        .collect();
    ensure!(columns == ["Name", "Data", "Age"], "{columns:?}");
    let row = &table["rows"][0];
    ensure!(
        row["cells"][0] == "a"
            && row["cells"][1] == 2
            && row["object"]["kind"] == "PartialObjectMetadata"
            && row["object"]["metadata"]["name"] == "a",
        "{row}"
    );
    for (path, wanted) in [
        ("namespaces".to_owned(), vec!["Name", "Status", "Age"]),
        (
            "pods".to_owned(),
            vec![
                "Name",
                "Ready",
                "Status",
                "Restarts",
                "Age",
                "IP",
                "Node",
                "Nominated Node",
                "Readiness Gates",
            ],
        ),
        (
            "services".to_owned(),
            vec![
                "Name",
                "Type",
                "Cluster-IP",
                "External-IP",
                "Port(s)",
                "Age",
                "Selector",
            ],
        ),
        ("secrets".to_owned(), vec!["Name", "Type", "Data", "Age"]),
    ] {
        let table = http
            .with("accept", TABLE)
            .get(&format!("/api/v1/{path}?limit=1"))
            .await?
            .ok(200)?;
        let columns: Vec<&str> = table["columnDefinitions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|column| column["name"].as_str())
            .collect();
        ensure!(columns == wanted, "{path}: {columns:?}");
    }
    Ok(())
}

pub(crate) async fn metadata_alone(http: Http) -> Result<()> {
    http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let list = http
        .with(
            "accept",
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        )
        .get(&http.core("configmaps?fieldSelector=metadata.name=a"))
        .await?
        .ok(200)?;
    ensure!(
        list["kind"] == "PartialObjectMetadataList"
            && names(&list) == ["a"]
            && list["items"][0].get("data").is_none(),
        "{list}"
    );
    let one = http
        .with(
            "accept",
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
        )
        .get(&http.core("configmaps/a"))
        .await?
        .ok(200)?;
    ensure!(
        one["kind"] == "PartialObjectMetadata"
            && one["apiVersion"] == "meta.k8s.io/v1"
            && one.get("data").is_none(),
        "{one}"
    );
    Ok(())
}

pub(crate) async fn watches_of_metadata_alone(http: Http) -> Result<()> {
    let form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let alone = |object: &Value, name: &str| {
        object["kind"] == "PartialObjectMetadata"
            && object["apiVersion"] == "meta.k8s.io/v1"
            && object["metadata"]["name"] == name
            && object.get("data").is_none()
    };
    let query = "watch=1&fieldSelector=metadata.name=a&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = http
        .with("accept", form)
        .watch(&http.core(&format!("configmaps?{query}")))
        .await?;
    let added = watch.expect("ADDED a").await?;
    ensure!(alone(&added, "a"), "{added}");
    let bookmark = watch.next().await?.context("no bookmark")?;
    ensure!(
        bookmark["object"]["kind"] == "PartialObjectMetadata"
            && bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true",
        "{bookmark}"
    );
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "2"}}))
        .await?
        .ok(200)?;
    let modified = watch.expect("MODIFIED a").await?;
    ensure!(alone(&modified, "a"), "{modified}");
    http.delete(&http.core("configmaps/a"), &json!({}))
        .await?
        .ok(200)?;
    let deleted = watch.expect("DELETED a").await?;
    ensure!(alone(&deleted, "a"), "{deleted}");
    Ok(())
}

pub(crate) async fn events_of_both_groups_are_the_same(http: Http) -> Result<()> {
    let object = json!({"kind": "Pod", "name": "p", "namespace": http.namespace});
    http.post(&http.core("events"), &json!({"metadata": {"name": "a"}, "message": "hello", "reason": "R", "involvedObject": object, "count": 3})).await?.ok(201)?;
    let seen: Value = http
        .get(&http.of("events.k8s.io/v1", "events/a"))
        .await?
        .ok(200)?;
    ensure!(
        seen["note"] == "hello"
            && seen["regarding"] == object
            && seen["deprecatedCount"] == 3
            && seen["apiVersion"] == "events.k8s.io/v1",
        "{seen}"
    );
    let list = http
        .get(&http.of("events.k8s.io/v1", "events?fieldSelector=regarding.name=p"))
        .await?
        .ok(200)?;
    ensure!(names(&list) == ["a"], "{list}");
    Ok(())
}
