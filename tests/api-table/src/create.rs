//! create.

use anyhow::{Result, ensure};
use http::Method;
use serde_json::json;

use crate::http::Http;

pub(crate) async fn object_gets_its_metadata(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({"metadata": {"uid": "x", "generation": 7, "creationTimestamp": "2001-01-01T00:00:00Z", "labels": {"l": "1"}}, "data": {"x": "y"}})).await?;
    let meta = &made["metadata"];
    ensure!(
        made["kind"] == "ConfigMap" && made["apiVersion"] == "v1",
        "{made}"
    );
    ensure!(meta["namespace"] == http.namespace.as_str(), "{meta}");
    ensure!(
        meta["uid"].as_str().is_some_and(|uid| uid.len() == 36),
        "{meta}"
    );
    ensure!(
        meta["resourceVersion"]
            .as_str()
            .is_some_and(|version| version.parse::<u64>().is_ok()),
        "{meta}"
    );
    ensure!(
        meta["creationTimestamp"]
            .as_str()
            .is_some_and(|time| time.len() == 20
                && time.ends_with('Z')
                && !time.starts_with("2001")),
        "{meta}"
    );
    // Only kinds that count generations set it themselves.
    ensure!(meta["generation"] == 7, "{meta}");
    let read = http.get(&http.core("configmaps/a")).await?.ok(200)?;
    ensure!(read == made, "{read} is not {made}");
    Ok(())
}

pub(crate) async fn names_are_generated(http: Http) -> Result<()> {
    let made = http
        .post(
            &http.core("configmaps"),
            &json!({"metadata": {"generateName": "gen-"}}),
        )
        .await?
        .ok(201)?;
    let name = made["metadata"]["name"].as_str().unwrap_or_default();
    ensure!(name.len() == 9 && name.starts_with("gen-"), "{name}");
    ensure!(made["metadata"]["generateName"] == "gen-", "{made}");
    Ok(())
}

pub(crate) async fn name_is_required(http: Http) -> Result<()> {
    let body = http
        .post(&http.core("configmaps"), &json!({"metadata": {}}))
        .await?
        .refused(422, "Invalid", "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required")?;
    ensure!(
        body["details"]
            == json!({"kind": "ConfigMap", "causes": [{"reason": "FieldValueRequired", "message": "Required value: name or generateName is required", "field": "metadata.name"}]}),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn second_of_the_same_name_is_refused(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    let body = http
        .post(
            &http.core("configmaps"),
            &json!({"metadata": {"name": "a"}}),
        )
        .await?
        .refused(409, "AlreadyExists", "configmaps \"a\" already exists")?;
    ensure!(
        body["details"] == json!({"name": "a", "kind": "configmaps"}),
        "{body}"
    );
    let deployments = http.of("apps/v1", "deployments");
    let deployment = json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    http.post(&deployments, &deployment).await?.ok(201)?;
    let body = http.post(&deployments, &deployment).await?.refused(
        409,
        "AlreadyExists",
        "deployments.apps \"d\" already exists",
    )?;
    ensure!(
        body["details"] == json!({"name": "d", "group": "apps", "kind": "deployments"}),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn missing_namespace_is_told(http: Http) -> Result<()> {
    let missing = format!("{}-missing", http.namespace);
    let path = format!("/api/v1/namespaces/{missing}/configmaps");
    let body = http
        .post(&path, &json!({"metadata": {"name": "a"}}))
        .await?
        .refused(
            404,
            "NotFound",
            &format!("namespaces \"{missing}\" not found"),
        )?;
    ensure!(
        body["details"] == json!({"name": missing, "kind": "namespaces"}),
        "{body}"
    );
    // Reading there is no mistake.
    let list = http.get(&path).await?.ok(200)?;
    ensure!(list["items"] == json!([]), "{list}");
    Ok(())
}

pub(crate) async fn other_namespace_in_the_body_is_refused(http: Http) -> Result<()> {
    http.post(
        &http.core("configmaps"),
        &json!({"metadata": {"name": "a", "namespace": "other"}}),
    )
    .await?
    .refused(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    )
    .map(drop)
}

pub(crate) async fn unknown_fields_are_dropped_with_a_warning(http: Http) -> Result<()> {
    let answer = http
        .post(
            &http.core("configmaps"),
            &json!({"metadata": {"name": "a", "nonsense": 1}, "foo": {"bar": 1}}),
        )
        .await?;
    let warnings: Vec<String> = answer
        .headers
        .get_all("warning")
        .iter()
        .map(|value| value.to_str().unwrap_or_default().to_owned())
        .collect();
    ensure!(
        warnings
            .iter()
            .any(|warning| warning == "299 - \"unknown field \\\"foo\\\"\""),
        "{warnings:?}"
    );
    ensure!(
        warnings
            .iter()
            .any(|warning| warning == "299 - \"unknown field \\\"metadata.nonsense\\\"\""),
        "{warnings:?}"
    );
    let made = answer.ok(201)?;
    ensure!(
        made.get("foo").is_none() && made["metadata"].get("nonsense").is_none(),
        "{made}"
    );
    Ok(())
}

pub(crate) async fn unknown_fields_are_refused_when_strict(http: Http) -> Result<()> {
    let pod = json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i", "foo": 1}]}});
    http.post(&http.core("pods?fieldValidation=Strict"), &pod)
        .await?
        .refused(400, "BadRequest", "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.containers[0].foo\"")
        .map(drop)
}

pub(crate) async fn wrong_types_are_refused_in_words(http: Http) -> Result<()> {
    http.post(&http.core("configmaps"), &json!({"metadata": {"name": "a"}, "data": {"x": 1}}))
        .await?
        .refused(400, "BadRequest", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string")?;
    http.post(&http.of("apps/v1", "deployments"), &json!({"metadata": {"name": "a"}, "spec": {"replicas": "3"}}))
        .await?
        .refused(400, "BadRequest", "Deployment in version \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")?;
    http.post(&http.core("configmaps"), &json!({"metadata": {"name": "a", "labels": {"x": true}}}))
        .await?
        .refused(400, "BadRequest", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string")
        .map(drop)
}

pub(crate) async fn other_kind_is_refused(http: Http) -> Result<()> {
    http.post(&http.core("configmaps"), &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}))
        .await?
        .refused(400, "BadRequest", "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion")
        .map(drop)
}

pub(crate) async fn broken_json_is_refused(http: Http) -> Result<()> {
    http.call(
        Method::POST,
        &http.core("configmaps"),
        "application/json",
        "{bad",
    )
    .await?
    .refused_for(400, "BadRequest")
    .map(drop)
}

pub(crate) async fn resource_version_may_not_be_set(http: Http) -> Result<()> {
    http.post(
        &http.core("configmaps"),
        &json!({"metadata": {"name": "a", "resourceVersion": "1"}}),
    )
    .await?
    .refused(
        500,
        "",
        "resourceVersion should not be set on objects to be created",
    )
    .map(drop)
}

pub(crate) async fn dry_run_keeps_nothing(http: Http) -> Result<()> {
    let made = http
        .post(
            &http.core("configmaps?dryRun=All"),
            &json!({"metadata": {"name": "a"}}),
        )
        .await?
        .ok(201)?;
    ensure!(made["metadata"]["uid"].is_string(), "{made}");
    http.get(&http.core("configmaps/a"))
        .await?
        .refused_for(404, "NotFound")?;
    http.config_map("b", json!({"data": {"x": "1"}})).await?;
    let patched = http
        .merge(
            &http.core("configmaps/b?dryRun=All"),
            &json!({"data": {"x": "2"}}),
        )
        .await?
        .ok(200)?;
    ensure!(patched["data"]["x"] == "2", "{patched}");
    http.delete(&http.core("configmaps/b"), &json!({"dryRun": ["All"]}))
        .await?
        .ok(200)?;
    let kept = http.get(&http.core("configmaps/b")).await?.ok(200)?;
    ensure!(kept["data"]["x"] == "1", "{kept}");
    Ok(())
}

pub(crate) async fn empty_maps_vanish(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({"metadata": {"labels": {}, "annotations": null, "finalizers": []}, "data": {}, "binaryData": null})).await?;
    ensure!(
        made.get("data").is_none() && made.get("binaryData").is_none(),
        "{made}"
    );
    for key in ["labels", "annotations", "finalizers"] {
        ensure!(made["metadata"].get(key).is_none(), "{made}");
    }
    Ok(())
}
