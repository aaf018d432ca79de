//! watch.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::http::{Http, version};

pub(crate) async fn goes_on_from_a_version(http: Http) -> Result<()> {
    let first = http.config_map("a", json!({})).await?;
    http.config_map("b", json!({})).await?;
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    let mut watch = http.watch(&http.core(&format!("configmaps?watch=true&fieldSelector=metadata.name!=kube-root-ca.crt&resourceVersion={}", version(&first)))).await?;
    watch.expect("ADDED b").await?;
    let modified = watch.expect("MODIFIED a").await?;
    ensure!(
        modified["kind"] == "ConfigMap"
            && modified["apiVersion"] == "v1"
            && modified["data"]["x"] == "1",
        "{modified}"
    );
    http.delete(&http.core("configmaps/b"), &json!({}))
        .await?
        .ok(200)?;
    watch.expect("DELETED b").await?;
    http.config_map("c", json!({})).await?;
    watch.expect("ADDED c").await.map(drop)
}

pub(crate) async fn without_a_version_begins_with_what_is_there(http: Http) -> Result<()> {
    for name in ["a", "b"] {
        http.post(&http.core("secrets"), &json!({"metadata": {"name": name}}))
            .await?
            .ok(201)?;
    }
    for query in ["", "&resourceVersion=0"] {
        let mut watch = http
            .watch(&http.core(&format!("secrets?watch=1{query}")))
            .await?;
        let mut seen = [watch.told().await?.0, watch.told().await?.0];
        seen.sort();
        ensure!(seen == ["ADDED a", "ADDED b"], "{seen:?}");
    }
    Ok(())
}

pub(crate) async fn initial_events_end_with_a_bookmark(http: Http) -> Result<()> {
    http.post(&http.core("secrets"), &json!({"metadata": {"name": "a"}}))
        .await?
        .ok(201)?;
    let mut watch = http.watch(&http.core("secrets?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")).await?;
    let added = watch.next().await?.context("no event")?;
    ensure!(
        added["type"] == "ADDED" && added["object"]["metadata"]["name"] == "a",
        "{added}"
    );
    let bookmark = watch.next().await?.context("no bookmark")?;
    ensure!(
        bookmark["type"] == "BOOKMARK" && bookmark["object"]["kind"] == "Secret",
        "{bookmark}"
    );
    ensure!(
        bookmark["object"]["metadata"]["annotations"]
            == json!({"k8s.io/initial-events-end": "true"}),
        "{bookmark}"
    );
    ensure!(
        version(&bookmark["object"]).parse::<u64>()? >= version(&added["object"]).parse::<u64>()?,
        "{bookmark}"
    );
    http.post(&http.core("secrets"), &json!({"metadata": {"name": "b"}}))
        .await?
        .ok(201)?;
    watch.expect("ADDED b").await.map(drop)
}

pub(crate) async fn initial_events_need_a_version_match(http: Http) -> Result<()> {
    http.get(&http.core("configmaps?watch=1&sendInitialEvents=true"))
        .await?
        .refused(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")?;
    http.get(&http.core("configmaps?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1"))
        .await?
        .refused(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        .map(drop)
}

pub(crate) async fn leaving_a_selector_is_deletion(http: Http) -> Result<()> {
    let begin = http.config_map("other", json!({})).await?;
    let mut watch = http
        .watch(&http.core(&format!(
            "configmaps?watch=1&labelSelector=in=yes&resourceVersion={}",
            version(&begin)
        )))
        .await?;
    http.config_map("a", json!({"data": {"x": "0"}})).await?;
    http.merge(
        &http.core("configmaps/a"),
        &json!({"metadata": {"labels": {"in": "yes"}}}),
    )
    .await?
    .ok(200)?;
    watch.expect("ADDED a").await?;
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    watch.expect("MODIFIED a").await?;
    let left = http
        .merge(
            &http.core("configmaps/a"),
            &json!({"metadata": {"labels": {"in": "no"}}, "data": {"x": "2"}}),
        )
        .await?
        .ok(200)?;
    let gone = watch.expect("DELETED a").await?;
    // The last state that was in, at the version of the change.
    ensure!(
        gone["data"]["x"] == "1" && gone["metadata"]["labels"]["in"] == "yes",
        "{gone}"
    );
    ensure!(
        version(&gone) == version(&left),
        "{} and {}",
        version(&gone),
        version(&left)
    );
    // What happens outside is not seen.
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "3"}}))
        .await?
        .ok(200)?;
    http.delete(&http.core("configmaps/a"), &json!({}))
        .await?
        .ok(200)?;
    http.config_map("b", json!({"metadata": {"labels": {"in": "yes"}}}))
        .await?;
    watch.expect("ADDED b").await.map(drop)
}

pub(crate) async fn deletion_has_its_own_version(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let mut watch = http
        .watch(&http.core(&format!(
            "configmaps?watch=1&fieldSelector=metadata.name=a&resourceVersion={}",
            version(&made)
        )))
        .await?;
    http.delete(&http.core("configmaps/a"), &json!({}))
        .await?
        .ok(200)?;
    let gone = watch.expect("DELETED a").await?;
    ensure!(gone["data"]["x"] == "1", "{gone}");
    ensure!(
        version(&gone).parse::<u64>()? > version(&made).parse::<u64>()?,
        "{gone}"
    );
    Ok(())
}

pub(crate) async fn field_selectors_follow_changes(http: Http) -> Result<()> {
    let made = http
        .post(&http.core("events"), &json!({"metadata": {"name": "a"}, "type": "Normal", "involvedObject": {"namespace": http.namespace}}))
        .await?
        .ok(201)?;
    let mut watch = http
        .watch(&http.core(&format!(
            "events?watch=1&fieldSelector=type=Warning&resourceVersion={}",
            version(&made)
        )))
        .await?;
    http.merge(&http.core("events/a"), &json!({"type": "Warning"}))
        .await?
        .ok(200)?;
    watch.expect("ADDED a").await?;
    http.merge(&http.core("events/a"), &json!({"type": "Normal"}))
        .await?
        .ok(200)?;
    watch.expect("DELETED a").await?;
    Ok(())
}

pub(crate) async fn one_name_is_watched(http: Http) -> Result<()> {
    let begin = http.config_map("other", json!({})).await?;
    let mut watch = http
        .watch(&http.core(&format!(
            "configmaps?watch=1&fieldSelector=metadata.name=a&resourceVersion={}",
            version(&begin)
        )))
        .await?;
    http.config_map("b", json!({})).await?;
    http.config_map("a", json!({})).await?;
    watch.expect("ADDED a").await.map(drop)
}

pub(crate) async fn ends_at_its_timeout(http: Http) -> Result<()> {
    let begin = http.config_map("a", json!({})).await?;
    let mut watch = http
        .watch(&http.core(&format!(
            "configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=a&resourceVersion={}",
            version(&begin)
        )))
        .await?;
    while let Some(event) = watch.next().await? {
        ensure!(event["type"] == "BOOKMARK", "{event}");
    }
    Ok(())
}

pub(crate) async fn shows_metadata_only(http: Http) -> Result<()> {
    let begin = http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let metadata = http.with(
        "accept",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    );
    let mut watch = metadata
        .watch(&http.core(&format!(
            "configmaps?watch=1&fieldSelector=metadata.name=a&resourceVersion={}",
            version(&begin)
        )))
        .await?;
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "2"}}))
        .await?
        .ok(200)?;
    let object = watch.expect("MODIFIED a").await?;
    ensure!(
        object["kind"] == "PartialObjectMetadata"
            && object["apiVersion"] == "meta.k8s.io/v1"
            && object.get("data").is_none(),
        "{object}"
    );
    Ok(())
}
