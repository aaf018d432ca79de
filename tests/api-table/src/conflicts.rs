//! update, and optimistic concurrency.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http::{Http, version};

pub(crate) async fn stale_version_is_refused(http: Http) -> Result<()> {
    let first = http.config_map("a", json!({})).await?;
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    let body = http.put(&http.core("configmaps/a"), &first).await?.refused(
        409,
        "Conflict",
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again",
    )?;
    ensure!(
        body["details"] == json!({"name": "a", "kind": "configmaps"}),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn update_without_version_wins(http: Http) -> Result<()> {
    http.config_map(
        "a",
        json!({"data": {"x": "1", "y": "1"}, "metadata": {"labels": {"l": "1"}}}),
    )
    .await?;
    let put = http
        .put(
            &http.core("configmaps/a"),
            &json!({"metadata": {"name": "a"}, "data": {"x": "2"}}),
        )
        .await?
        .ok(200)?;
    ensure!(
        put["data"] == json!({"x": "2"}) && put["metadata"].get("labels").is_none(),
        "{put}"
    );
    Ok(())
}

pub(crate) async fn update_needs_the_right_uid(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    let body = http
        .put(
            &http.core("configmaps/a"),
            &json!({"metadata": {"name": "a", "uid": "x"}}),
        )
        .await?
        .refused_for(409, "Conflict")?;
    ensure!(
        body["message"].as_str().is_some_and(|text| text
            .contains("Precondition failed: UID in precondition: x, UID in object meta: ")),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn update_of_a_missing_object_is_told(http: Http) -> Result<()> {
    http.put(
        &http.core("configmaps/a"),
        &json!({"metadata": {"name": "a"}}),
    )
    .await?
    .refused(404, "NotFound", "configmaps \"a\" not found")
    .map(drop)
}

pub(crate) async fn update_of_the_same_is_no_write(http: Http) -> Result<()> {
    let first = http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let put = http
        .put(&http.core("configmaps/a"), &first)
        .await?
        .ok(200)?;
    ensure!(
        version(&put) == version(&first),
        "{} then {}",
        version(&first),
        version(&put)
    );
    Ok(())
}

pub(crate) async fn update_keeps_what_the_server_sets(http: Http) -> Result<()> {
    let first = http.config_map("a", json!({})).await?;
    let put = http.put(&http.core("configmaps/a"), &json!({"metadata": {"name": "a", "creationTimestamp": "2001-01-01T00:00:00Z", "generation": 3}, "data": {"x": "1"}})).await?.ok(200)?;
    for key in ["uid", "creationTimestamp", "namespace"] {
        ensure!(
            put["metadata"][key] == first["metadata"][key],
            "{key}: {put}"
        );
    }
    ensure!(put["metadata"].get("generation").is_none(), "{put}");
    http.merge(
        &http.core("configmaps/a"),
        &json!({"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}}),
    )
    .await?
    .refused(
        422,
        "Invalid",
        "ConfigMap \"a\" is invalid: metadata.deletionTimestamp: Invalid value: \"2001-01-01T00:00:00Z\": field is immutable",
    )
    .map(drop)
}

pub(crate) async fn name_must_match_the_url(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    http.put(
        &http.core("configmaps/a"),
        &json!({"metadata": {"name": "b"}}),
    )
    .await?
    .refused(
        400,
        "BadRequest",
        "the name of the object (b) does not match the name on the URL (a)",
    )
    .map(drop)
}

pub(crate) async fn lease_needs_a_version(http: Http) -> Result<()> {
    let leases = http.of("coordination.k8s.io/v1", "leases");
    http.post(&leases, &json!({"metadata": {"name": "a"}}))
        .await?
        .ok(201)?;
    http.put(&format!("{leases}/a"), &json!({"metadata": {"name": "a"}, "spec": {"holderIdentity": "me"}}))
        .await?
        .refused(422, "Invalid", "leases.coordination.k8s.io \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update")
        .map(drop)
}

pub(crate) async fn role_is_created_by_an_update(http: Http) -> Result<()> {
    let roles = http.of("rbac.authorization.k8s.io/v1", "roles");
    http.put(
        &format!("{roles}/a"),
        &json!({"metadata": {"name": "a"}, "rules": []}),
    )
    .await?
    .ok(201)
    .map(drop)
}
