//! Discovery.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};

use crate::http::Http;

fn find<'a>(list: &'a Value, key: &str, value: &str) -> Result<&'a Value> {
    list.as_array()
        .into_iter()
        .flatten()
        .find(|one| one[key] == value)
        .with_context(|| format!("no {value} in {list}"))
}

pub(crate) async fn core_resources(http: Http) -> Result<()> {
    let list = http.get("/api/v1").await?.ok(200)?;
    ensure!(
        list["kind"] == "APIResourceList" && list["groupVersion"] == "v1",
        "{list}"
    );
    let maps = find(&list["resources"], "name", "configmaps")?;
    ensure!(
        maps["kind"] == "ConfigMap"
            && maps["singularName"] == "configmap"
            && maps["namespaced"] == true
            && maps["shortNames"] == json!(["cm"]),
        "{maps}"
    );
    ensure!(
        maps["verbs"]
            == json!([
                "create",
                "delete",
                "deletecollection",
                "get",
                "list",
                "patch",
                "update",
                "watch"
            ]),
        "{maps}"
    );
    let status = find(&list["resources"], "name", "namespaces/status")?;
    ensure!(
        status["kind"] == "Namespace" && status["verbs"] == json!(["get", "patch", "update"]),
        "{status}"
    );
    Ok(())
}

pub(crate) async fn groups(http: Http) -> Result<()> {
    let list = http.get("/apis").await?.ok(200)?;
    ensure!(list["kind"] == "APIGroupList", "{list}");
    for group in [
        "apps",
        "batch",
        "rbac.authorization.k8s.io",
        "networking.k8s.io",
        "policy",
        "coordination.k8s.io",
        "storage.k8s.io",
        "autoscaling",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
    ] {
        find(&list["groups"], "name", group)?;
    }
    let apps = http.get("/apis/apps").await?.ok(200)?;
    ensure!(
        apps["kind"] == "APIGroup"
            && apps["preferredVersion"] == json!({"groupVersion": "apps/v1", "version": "v1"}),
        "{apps}"
    );
    let resources = http.get("/apis/apps/v1").await?.ok(200)?;
    let scale = find(&resources["resources"], "name", "deployments/scale")?;
    ensure!(
        scale["kind"] == "Scale" && scale["group"] == "autoscaling" && scale["version"] == "v1",
        "{scale}"
    );
    Ok(())
}

pub(crate) async fn aggregated(http: Http) -> Result<()> {
    let http = http.with(
        "accept",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
    );
    let answer = http.get("/apis").await?;
    let kind = answer
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    ensure!(
        kind.contains("g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
        "{kind}"
    );
    let list = answer.ok(200)?;
    ensure!(
        list["kind"] == "APIGroupDiscoveryList" && list["apiVersion"] == "apidiscovery.k8s.io/v2",
        "{list}"
    );
    let apps = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|group| group["metadata"]["name"] == "apps")
        .context("no apps")?;
    let deployments = find(&apps["versions"][0]["resources"], "resource", "deployments")?;
    ensure!(
        deployments["responseKind"] == json!({"group": "", "version": "", "kind": "Deployment"})
            && deployments["scope"] == "Namespaced",
        "{deployments}"
    );
    find(&deployments["subresources"], "subresource", "status")?;
    let core = http.get("/api").await?.ok(200)?;
    find(
        &core["items"][0]["versions"][0]["resources"],
        "resource",
        "pods",
    )
    .map(drop)
}

pub(crate) async fn version(http: Http) -> Result<()> {
    let version = http.get("/version").await?.ok(200)?;
    ensure!(
        version["major"] == "1"
            && version["gitVersion"]
                .as_str()
                .is_some_and(|text| text.starts_with("v1.")),
        "{version}"
    );
    for path in ["/healthz", "/readyz", "/livez"] {
        let answer = http.get(path).await?;
        ensure!(
            answer.status == 200 && answer.text == "ok",
            "{path}: {answer:?}"
        );
    }
    Ok(())
}

pub(crate) async fn unknown_paths_are_told(http: Http) -> Result<()> {
    http.get(&http.core("nonsenses")).await?.refused(
        404,
        "NotFound",
        "the server could not find the requested resource",
    )?;
    http.get("/apis/apps/v9/deployments").await?.refused(
        404,
        "NotFound",
        "the server could not find the requested resource",
    )?;
    for path in ["/apis/nothing.example.com/v1", "/nonsense"] {
        let answer = http.get(path).await?;
        ensure!(
            answer.status == 404 && answer.text == "404 page not found\n",
            "{path}: {answer:?}"
        );
    }
    Ok(())
}

pub(crate) async fn methods_are_checked(http: Http) -> Result<()> {
    let message = "the server does not allow this method on the requested resource";
    http.post("/api/v1/configmaps", &json!({"metadata": {"name": "a"}}))
        .await?
        .refused(405, "MethodNotAllowed", message)?;
    http.post(
        &http.core("configmaps/a"),
        &json!({"metadata": {"name": "a"}}),
    )
    .await?
    .refused(405, "MethodNotAllowed", message)?;
    http.call(Method::DELETE, "/api/v1/namespaces", "", "")
        .await?
        .refused(405, "MethodNotAllowed", message)?;
    http.put(&http.core("configmaps"), &json!({}))
        .await?
        .refused(405, "MethodNotAllowed", message)
        .map(drop)
}
