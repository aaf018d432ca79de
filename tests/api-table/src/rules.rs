//! Rules of single kinds.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http::Http;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

pub(crate) async fn config_map_keys_are_checked(http: Http) -> Result<()> {
    let body = http
        .post(
            &http.core("configmaps"),
            &json!({"metadata": {"name": "A_"}, "data": {"x/": "y"}}),
        )
        .await?
        .refused_for(422, "Invalid")?;
    let wanted = format!(
        "ConfigMap \"A_\" is invalid: [metadata.name: Invalid value: \"A_\": {SUBDOMAIN}, data[x/]: Invalid value: \"x/\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')]"
    );
    ensure!(body["message"] == wanted.as_str(), "{body}");
    Ok(())
}

pub(crate) async fn labels_and_owners_are_checked(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    let body = http.merge(&http.core("configmaps/a"), &json!({"metadata": {"finalizers": ["foo"], "labels": {"a b": "c d"}, "ownerReferences": [{"name": "x"}]}})).await?.refused_for(422, "Invalid")?;
    let message = body["message"].as_str().unwrap_or_default();
    for part in [
        "metadata.labels: Invalid value: \"a b\": name part must consist of",
        "metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or consist of",
        "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty",
        "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
        "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
        "metadata.finalizers[0]: Invalid value: \"foo\": name is neither a standard finalizer name nor is it fully qualified",
    ] {
        ensure!(message.contains(part), "{part} is not in {message}");
    }
    Ok(())
}

pub(crate) async fn secrets_encode_their_strings(http: Http) -> Result<()> {
    let made = http.post(&http.core("secrets"), &json!({"metadata": {"name": "a"}, "data": {"x": "MQ==", "y": "MQ=="}, "stringData": {"y": "2"}})).await?.ok(201)?;
    ensure!(
        made["data"] == json!({"x": "MQ==", "y": "Mg=="})
            && made.get("stringData").is_none()
            && made["type"] == "Opaque",
        "{made}"
    );
    Ok(())
}

pub(crate) async fn immutable_data_stays(http: Http) -> Result<()> {
    http.config_map("a", json!({"immutable": true, "data": {"x": "1"}}))
        .await?;
    http.merge(&http.core("configmaps/a"), &json!({"data": {"x": "2"}}))
        .await?
        .refused(422, "Invalid", "ConfigMap \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set")?;
    http.merge(&http.core("configmaps/a"), &json!({"immutable": false}))
        .await?
        .refused(422, "Invalid", "ConfigMap \"a\" is invalid: immutable: Forbidden: field is immutable when `immutable` is set")?;
    http.merge(
        &http.core("configmaps/a"),
        &json!({"metadata": {"labels": {"x": "1"}}}),
    )
    .await?
    .ok(200)
    .map(drop)
}

pub(crate) async fn secret_type_stays(http: Http) -> Result<()> {
    http.post(&http.core("secrets"), &json!({"metadata": {"name": "a"}}))
        .await?
        .ok(201)?;
    http.merge(&http.core("secrets/a"), &json!({"type": "example.com/x"}))
        .await?
        .refused(
            422,
            "Invalid",
            "Secret \"a\" is invalid: type: Invalid value: \"example.com/x\": field is immutable",
        )
        .map(drop)
}

pub(crate) async fn namespaces_are_labelled(http: Http) -> Result<()> {
    let path = format!("/api/v1/namespaces/{}", http.namespace);
    let read = http.get(&path).await?.ok(200)?;
    ensure!(
        read["metadata"]["labels"]["kubernetes.io/metadata.name"] == http.namespace.as_str()
            && read["status"]["phase"] == "Active"
            && read["spec"]["finalizers"] == json!(["kubernetes"]),
        "{read}"
    );
    let patched = http
        .merge(
            &path,
            &json!({"metadata": {"labels": {"kubernetes.io/metadata.name": null, "x": "1"}}}),
        )
        .await?
        .ok(200)?;
    ensure!(
        patched["metadata"]["labels"]["kubernetes.io/metadata.name"] == http.namespace.as_str()
            && patched["metadata"]["labels"]["x"] == "1",
        "{patched}"
    );
    Ok(())
}

pub(crate) async fn namespace_names_are_labels(http: Http) -> Result<()> {
    let body = http
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "a.b"}}))
        .await?
        .refused_for(422, "Invalid")?;
    ensure!(
        body["message"]
            == "Namespace \"a.b\" is invalid: metadata.name: Invalid value: \"a.b\": must not contain dots",
        "{body}"
    );
    let body = http
        .post("/api/v1/namespaces", &json!({"metadata": {"name": "a_b"}}))
        .await?
        .refused_for(422, "Invalid")?;
    let wanted = "a lowercase RFC 1123 label must consist of";
    ensure!(
        body["message"]
            .as_str()
            .is_some_and(|text| text.contains(wanted)),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn selectors_match_templates(http: Http) -> Result<()> {
    let deployment = |labels: serde_json::Value| json!({"metadata": {"name": "d"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    let all = http.of("apps/v1", "deployments");
    http.post(&all, &deployment(json!({"a": "c"})))
        .await?
        .refused(422, "Invalid", "Deployment.apps \"d\" is invalid: spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` does not match template `labels`")?;
    let made = http
        .post(&all, &deployment(json!({"a": "b"})))
        .await?
        .ok(201)?;
    ensure!(
        made["spec"]["strategy"]
            == json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}})
            && made["spec"]["progressDeadlineSeconds"] == 600,
        "{made}"
    );
    ensure!(
        made["spec"]["template"]["spec"]["restartPolicy"] == "Always"
            && made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always",
        "{made}"
    );
    Ok(())
}

pub(crate) async fn base64_is_checked(http: Http) -> Result<()> {
    http.post(&http.core("secrets"), &json!({"metadata": {"name": "a"}, "data": {"x": "not base64!"}}))
        .await?
        .refused(400, "BadRequest", "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 3")
        .map(drop)
}
