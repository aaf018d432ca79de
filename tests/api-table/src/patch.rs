//! patch: merge, JSON and strategic merge.

use anyhow::{Result, ensure};
use http::Method;
use serde_json::json;

use crate::http::{Http, version};

pub(crate) async fn merge_patch_merges(http: Http) -> Result<()> {
    http.config_map(
        "a",
        json!({"data": {"x": "1", "y": "1"}, "metadata": {"labels": {"l": "1"}}}),
    )
    .await?;
    let patched = http
        .merge(
            &http.core("configmaps/a"),
            &json!({"data": {"x": "2", "y": null, "z": "3"}, "metadata": {"labels": null}}),
        )
        .await?
        .ok(200)?;
    ensure!(
        patched["data"] == json!({"x": "2", "z": "3"})
            && patched["metadata"].get("labels").is_none(),
        "{patched}"
    );
    http.merge(&http.core("configmaps/b"), &json!({}))
        .await?
        .refused(404, "NotFound", "configmaps \"b\" not found")
        .map(drop)
}

pub(crate) async fn merge_patch_checks_the_version(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({})).await?;
    http.merge(
        &http.core("configmaps/a"),
        &json!({"metadata": {"resourceVersion": version(&made)}, "data": {"x": "1"}}),
    )
    .await?
    .ok(200)?;
    http.merge(
        &http.core("configmaps/a"),
        &json!({"metadata": {"resourceVersion": version(&made)}, "data": {"x": "2"}}),
    )
    .await?
    .refused_for(409, "Conflict")
    .map(drop)
}

pub(crate) async fn json_patch_applies_in_order(http: Http) -> Result<()> {
    http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let patch = json!([
        {"op": "test", "path": "/data/x", "value": "1"},
        {"op": "add", "path": "/data/y", "value": "2"},
        {"op": "move", "from": "/data/y", "path": "/data/z~1slash"},
        {"op": "copy", "from": "/data/x", "path": "/data/copy"},
        {"op": "replace", "path": "/data/x", "value": "3"},
        {"op": "remove", "path": "/data/z~1slash"},
        {"op": "add", "path": "/metadata/labels", "value": {"a.b/c": "d"}},
    ]);
    let patched = http
        .json_patch(&http.core("configmaps/a"), &patch)
        .await?
        .ok(200)?;
    ensure!(
        patched["data"] == json!({"x": "3", "copy": "1"})
            && patched["metadata"]["labels"] == json!({"a.b/c": "d"}),
        "{patched}"
    );
    Ok(())
}

pub(crate) async fn json_patch_that_fails_changes_nothing(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({"data": {"x": "1"}})).await?;
    for last in [
        json!({"op": "remove", "path": "/data/missing"}),
        json!({"op": "test", "path": "/data/x", "value": "2"}),
        json!({"op": "replace", "path": "/missing/x", "value": "2"}),
        json!({"op": "frobnicate", "path": "/data/x"}),
    ] {
        let patch = json!([{"op": "add", "path": "/data/y", "value": "2"}, last]);
        http.json_patch(&http.core("configmaps/a"), &patch)
            .await?
            .refused(
                422,
                "Invalid",
                "the server rejected our request due to an error in our request",
            )?;
    }
    let kept = http.get(&http.core("configmaps/a")).await?.ok(200)?;
    ensure!(kept == made, "{kept}");
    // More than RFC 6902 allows: a missing key can be replaced.
    let patch = json!([{"op": "replace", "path": "/data/missing", "value": "2"}]);
    let patched = http
        .json_patch(&http.core("configmaps/a"), &patch)
        .await?
        .ok(200)?;
    ensure!(
        patched["data"] == json!({"x": "1", "missing": "2"}),
        "{patched}"
    );
    Ok(())
}

fn deployment() -> serde_json::Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [
                {"name": "one", "image": "i:1", "env": [{"name": "X", "value": "1"}], "ports": [{"containerPort": 80}], "args": ["p", "q"]},
                {"name": "two", "image": "i:1"},
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        }}},
    })
}

pub(crate) async fn strategic_patch_merges_lists_by_key(http: Http) -> Result<()> {
    let path = http.of("apps/v1", "deployments/d");
    http.post(&http.of("apps/v1", "deployments"), &deployment())
        .await?
        .ok(201)?;
    let patch = json!({"spec": {"template": {"spec": {
        "containers": [
            {"name": "one", "image": "i:2", "env": [{"name": "Y", "value": "2"}], "args": ["r"]},
            {"name": "two", "$patch": "delete"},
            {"name": "three", "image": "i:3"},
        ],
        "volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}],
    }}}});
    let patched = http.strategic(&path, &patch).await?.ok(200)?;
    let spec = &patched["spec"]["template"]["spec"];
    let mut containers: Vec<&str> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    containers.sort_unstable();
    ensure!(containers == ["one", "three"], "{spec}");
    let Some(one) = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "one")
    else {
        anyhow::bail!("{spec}")
    };
    ensure!(
        one["image"] == "i:2" && one["args"] == json!(["r"]),
        "{one}"
    );
    let mut env: Vec<&str> = one["env"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|env| env["name"].as_str())
        .collect();
    env.sort_unstable();
    ensure!(
        env == ["X", "Y"] && one["ports"][0]["containerPort"] == 80,
        "{one}"
    );
    ensure!(
        spec["volumes"][0].get("emptyDir").is_none()
            && spec["volumes"][0]["configMap"]["name"] == "c",
        "{spec}"
    );
    let patched = http.strategic(&path, &json!({"metadata": {"labels": {"x": "1"}}, "spec": {"template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "only", "image": "i"}]}}}})).await?.ok(200)?;
    ensure!(
        patched["spec"]["template"]["spec"]["containers"]
            .as_array()
            .is_some_and(|list| list.len() == 1),
        "{patched}"
    );
    Ok(())
}

pub(crate) async fn strategic_patch_is_not_for_custom_resources(http: Http) -> Result<()> {
    let definition = crate::definitions::Definition::plain(&http, "strategics")
        .install(&http)
        .await?;
    http.post(&definition.path(&http), &definition.object("a", json!({})))
        .await?
        .ok(201)?;
    http.strategic(&format!("{}/a", definition.path(&http)), &json!({}))
        .await?
        .refused(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )?;
    definition.remove(&http).await
}

pub(crate) async fn unknown_languages_are_refused(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    http.call(
        Method::PATCH,
        &http.core("configmaps/a"),
        "text/plain",
        "{}",
    )
    .await?
    .refused(415, "UnsupportedMediaType", "415: Unsupported Media Type")
    .map(drop)
}

pub(crate) async fn patch_cannot_rename(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    http.merge(
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

pub(crate) async fn patch_of_nothing_is_no_write(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({"data": {"x": "1"}})).await?;
    let patched = http
        .merge(&http.core("configmaps/a"), &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    ensure!(version(&patched) == version(&made), "{patched}");
    Ok(())
}

pub(crate) async fn broken_patches_are_refused(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    for (language, body) in [
        ("merge-patch", "[]"),
        ("merge-patch", "{\"a\":"),
        ("json-patch", "{}"),
        ("json-patch", "[{\"op\":\"add\"}"),
    ] {
        let answer = http
            .call(
                Method::PATCH,
                &http.core("configmaps/a"),
                &format!("application/{language}+json"),
                body,
            )
            .await?;
        let body = answer.refused_for(400, "BadRequest")?;
        ensure!(
            body["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("error decoding patch: ")),
            "{body}"
        );
    }
    Ok(())
}
