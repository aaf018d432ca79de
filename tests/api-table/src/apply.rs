//! Server-side apply and managed fields.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::http::Http;

fn map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
}

fn owned<'a>(object: &'a Value, manager: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    object["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["manager"] == manager)
        .unwrap_or(&NONE)
}

pub(crate) async fn creates_and_owns(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    let made = http
        .apply(&path, "me", &map(json!({"x": "1"})))
        .await?
        .ok(201)?;
    let mine = owned(&made, "me");
    ensure!(
        mine["operation"] == "Apply"
            && mine["apiVersion"] == "v1"
            && mine["fieldsType"] == "FieldsV1"
            && mine["fieldsV1"] == json!({"f:data": {"f:x": {}}}),
        "{mine}"
    );
    let same = http
        .apply(&path, "me", &map(json!({"x": "1"})))
        .await?
        .ok(200)?;
    ensure!(
        same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"],
        "{same}"
    );
    Ok(())
}

pub(crate) async fn needs_a_manager(http: Http) -> Result<()> {
    http.call(http::Method::PATCH, &http.core("configmaps/a"), "application/apply-patch+yaml", map(json!({})).to_string())
        .await?
        .refused(422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
        .map(drop)
}

pub(crate) async fn conflicts_are_told(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.apply(&path, "first", &map(json!({"x": "1", "y": "1"})))
        .await?
        .ok(201)?;
    let body = http
        .apply(&path, "second", &map(json!({"x": "2", "z": "1"})))
        .await?
        .refused(
            409,
            "Conflict",
            "Apply failed with 1 conflict: conflict with \"first\": .data.x",
        )?;
    ensure!(
        body["details"]["causes"]
            == json!([{"reason": "FieldManagerConflict", "message": "conflict with \"first\"", "field": ".data.x"}]),
        "{body}"
    );
    let body = http
        .apply(&path, "second", &map(json!({"x": "2", "y": "2"})))
        .await?
        .refused_for(409, "Conflict")?;
    ensure!(
        body["message"]
            == "Apply failed with 2 conflicts: conflicts with \"first\":\n- .data.x\n- .data.y",
        "{body}"
    );
    // The same value is no conflict.
    http.apply(&path, "second", &map(json!({"x": "1"})))
        .await?
        .ok(200)?;
    // A plain write is a manager as well.
    http.merge(&path, &json!({"data": {"w": "1"}}))
        .await?
        .ok(200)?;
    let body = http
        .apply(&path, "second", &map(json!({"x": "1", "w": "2"})))
        .await?
        .refused_for(409, "Conflict")?;
    ensure!(
        body["details"]["causes"][0]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("conflict with \"table\" using v1")),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn force_takes_over(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.apply(&path, "first", &map(json!({"x": "1", "y": "1"})))
        .await?
        .ok(201)?;
    let taken = http
        .apply(&path, "second&force=true", &map(json!({"x": "2"})))
        .await?
        .ok(200)?;
    ensure!(taken["data"] == json!({"x": "2", "y": "1"}), "{taken}");
    ensure!(
        owned(&taken, "first")["fieldsV1"] == json!({"f:data": {"f:y": {}}}),
        "{taken}"
    );
    ensure!(
        owned(&taken, "second")["fieldsV1"] == json!({"f:data": {"f:x": {}}}),
        "{taken}"
    );
    Ok(())
}

pub(crate) async fn dropped_fields_are_removed(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.apply(&path, "me", &map(json!({"x": "1", "y": "1"})))
        .await?
        .ok(201)?;
    http.merge(&path, &json!({"data": {"z": "1"}}))
        .await?
        .ok(200)?;
    let left = http
        .apply(&path, "me", &map(json!({"x": "1"})))
        .await?
        .ok(200)?;
    ensure!(left["data"] == json!({"x": "1", "z": "1"}), "{left}");
    Ok(())
}

pub(crate) async fn lists_merge_by_key(http: Http) -> Result<()> {
    let path = http.of("apps/v1", "deployments/d");
    let with = |containers: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}}});
    http.apply(&path, "first", &with(json!([{"name": "one", "image": "i:1", "ports": [{"containerPort": 80}]}, {"name": "two", "image": "i:1"}]))).await?.ok(201)?;
    let second = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": {"containers": [{"name": "one", "env": [{"name": "X", "value": "1"}]}, {"name": "three", "image": "i:3"}]}}}});
    let both = http.apply(&path, "second", &second).await?.ok(200)?;
    let names = |object: &Value| {
        object["spec"]["template"]["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    ensure!(
        names(&both) == ["one", "two", "three"],
        "{:?}",
        names(&both)
    );
    let fields =
        &owned(&both, "second")["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"];
    ensure!(
        fields["k:{\"name\":\"one\"}"]
            == json!({".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"X\"}": {".": {}, "f:name": {}, "f:value": {}}}}),
        "{fields}"
    );
    let less = http
        .apply(
            &path,
            "first",
            &with(json!([{"name": "one", "image": "i:2", "ports": [{"containerPort": 80}]}])),
        )
        .await?
        .ok(200)?;
    ensure!(names(&less) == ["one", "three"], "{:?}", names(&less));
    let one = &less["spec"]["template"]["spec"]["containers"][0];
    ensure!(
        one["image"] == "i:2" && one["env"][0]["name"] == "X",
        "{one}"
    );
    Ok(())
}

pub(crate) async fn shared_fields_stay(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.apply(&path, "first", &map(json!({"x": "1", "y": "1"})))
        .await?
        .ok(201)?;
    http.apply(&path, "second", &map(json!({"x": "1"})))
        .await?
        .ok(200)?;
    let left = http
        .apply(&path, "first", &map(json!({"y": "1"})))
        .await?
        .ok(200)?;
    ensure!(left["data"] == json!({"x": "1", "y": "1"}), "{left}");
    let left = http
        .apply(&path, "second", &map(json!({})))
        .await?
        .ok(200)?;
    ensure!(left["data"] == json!({"y": "1"}), "{left}");
    Ok(())
}

pub(crate) async fn managed_fields_may_not_be_given(http: Http) -> Result<()> {
    let mut config = map(json!({}));
    config["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    http.apply(&http.core("configmaps/a"), "me", &config)
        .await?
        .refused(400, "BadRequest", "metadata.managedFields must be nil")
        .map(drop)
}

pub(crate) async fn plain_writes_are_noted(http: Http) -> Result<()> {
    let made = http
        .config_map(
            "a",
            json!({"data": {"x": "1"}, "metadata": {"labels": {"l": "1"}}}),
        )
        .await?;
    let mine = owned(&made, "table");
    ensure!(
        mine["operation"] == "Update"
            && mine["fieldsV1"]
                == json!({"f:data": {".": {}, "f:x": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}}}),
        "{mine}"
    );
    let patched = http
        .call(
            http::Method::PATCH,
            &http.core("configmaps/a?fieldManager=other"),
            "application/merge-patch+json",
            json!({"data": {"x": "2", "y": "1"}}).to_string(),
        )
        .await?
        .ok(200)?;
    ensure!(
        owned(&patched, "other")["fieldsV1"] == json!({"f:data": {"f:x": {}, "f:y": {}}}),
        "{patched}"
    );
    ensure!(
        owned(&patched, "table")["fieldsV1"]
            == json!({"f:data": {}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}}}),
        "{patched}"
    );
    Ok(())
}
