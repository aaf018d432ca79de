//! Status and scale subresources, and the generation.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::definitions::Definition;
use crate::http::Http;

fn replica_set() -> Value {
    json!({"metadata": {"name": "r"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}, "status": {"replicas": 7}})
}

/// A kind with a status that no controller of the real cluster touches.
fn budget() -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}, "status": {"expectedPods": 7}})
}

pub(crate) async fn main_update_leaves_the_status(http: Http) -> Result<()> {
    let all = http.of("policy/v1", "poddisruptionbudgets");
    let path = format!("{all}/p");
    let made = http.post(&all, &budget()).await?.ok(201)?;
    ensure!(made["status"]["expectedPods"] == 0, "{made}");
    let patched = http
        .merge(&path, &json!({"status": {"expectedPods": 3}}))
        .await?
        .ok(200)?;
    ensure!(
        patched["status"]["expectedPods"] == 0
            && patched["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"],
        "{patched}"
    );
    Ok(())
}

pub(crate) async fn status_update_leaves_the_spec(http: Http) -> Result<()> {
    let all = http.of("policy/v1", "poddisruptionbudgets");
    let made = http.post(&all, &budget()).await?.ok(201)?;
    let patched = http
        .merge(
            &format!("{all}/p/status"),
            &json!({"spec": {"maxUnavailable": 5}, "status": {"expectedPods": 3}}),
        )
        .await?
        .ok(200)?;
    ensure!(
        patched["status"]["expectedPods"] == 3 && patched["spec"]["maxUnavailable"] == 1,
        "{patched}"
    );
    ensure!(
        patched["metadata"]["generation"] == made["metadata"]["generation"],
        "{patched}"
    );
    let noted = patched["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["subresource"] == "status")
        .cloned()
        .unwrap_or_default();
    ensure!(
        noted["fieldsV1"]["f:status"]["f:expectedPods"] == json!({})
            && noted["fieldsV1"].get("f:spec").is_none(),
        "{noted}"
    );
    Ok(())
}

pub(crate) async fn generation_counts_changes_of_the_spec(http: Http) -> Result<()> {
    let all = http.of("policy/v1", "poddisruptionbudgets");
    let path = format!("{all}/p");
    let made = http.post(&all, &budget()).await?.ok(201)?;
    ensure!(made["metadata"]["generation"] == 1, "{made}");
    let labelled = http
        .merge(
            &path,
            &json!({"metadata": {"labels": {"x": "1"}, "generation": 9}}),
        )
        .await?
        .ok(200)?;
    ensure!(labelled["metadata"]["generation"] == 1, "{labelled}");
    let changed = http
        .merge(&path, &json!({"spec": {"maxUnavailable": 2}}))
        .await?
        .ok(200)?;
    ensure!(changed["metadata"]["generation"] == 2, "{changed}");
    Ok(())
}

pub(crate) async fn custom_status_is_apart(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "statuses").install(&http).await?;
    let all = definition.path(&http);
    let made = http
        .post(
            &all,
            &definition.object("a", json!({"spec": {"size": 1}, "status": {"seen": 1}})),
        )
        .await?
        .ok(201)?;
    ensure!(
        made.get("status").is_none() && made["metadata"]["generation"] == 1,
        "{made}"
    );
    let patched = http.merge(&format!("{all}/a/status"), &json!({"status": {"seen": 2}, "spec": {"size": 5}, "metadata": {"labels": {"x": "1"}}})).await?.ok(200)?;
    ensure!(
        patched["status"] == json!({"seen": 2})
            && patched["spec"]["size"] == 1
            && patched["metadata"]["generation"] == 1,
        "{patched}"
    );
    ensure!(patched["metadata"].get("labels").is_none(), "{patched}");
    let patched = http
        .merge(
            &format!("{all}/a"),
            &json!({"status": {"seen": 3}, "spec": {"size": 6}}),
        )
        .await?
        .ok(200)?;
    ensure!(
        patched["status"] == json!({"seen": 2})
            && patched["spec"]["size"] == 6
            && patched["metadata"]["generation"] == 2,
        "{patched}"
    );
    definition.remove(&http).await
}

pub(crate) async fn scale_sets_replicas(http: Http) -> Result<()> {
    let all = http.of("apps/v1", "replicasets");
    http.post(&all, &replica_set()).await?.ok(201)?;
    let scale = http.get(&format!("{all}/r/scale")).await?.ok(200)?;
    ensure!(
        scale["kind"] == "Scale"
            && scale["apiVersion"] == "autoscaling/v1"
            && scale["status"]["selector"] == "a=b",
        "{scale}"
    );
    let scaled = http
        .merge(&format!("{all}/r/scale"), &json!({"spec": {"replicas": 2}}))
        .await?
        .ok(200)?;
    ensure!(scaled["spec"]["replicas"] == 2, "{scaled}");
    let read = http.get(&format!("{all}/r")).await?.ok(200)?;
    ensure!(read["spec"]["replicas"] == 2, "{read}");
    Ok(())
}
