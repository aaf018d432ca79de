//! delete, finalizers, owners, namespaces.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::http::{Http, names};

fn owner(object: &Value, blocks: bool) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "name": object["metadata"]["name"], "uid": object["metadata"]["uid"], "blockOwnerDeletion": blocks})
}

pub(crate) async fn answers_with_a_status(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({})).await?;
    let body = http
        .delete(&http.core("configmaps/a"), &json!({}))
        .await?
        .ok(200)?;
    ensure!(
        body["kind"] == "Status" && body["status"] == "Success",
        "{body}"
    );
    ensure!(
        body["details"]
            == json!({"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}),
        "{body}"
    );
    let made = http
        .post(
            &http.core("services"),
            &json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}),
        )
        .await?
        .ok(201)?;
    let body = http
        .delete(&http.core("services/s"), &json!({}))
        .await?
        .ok(200)?;
    ensure!(
        body["kind"] == "Service" && body["metadata"]["uid"] == made["metadata"]["uid"],
        "{body}"
    );
    Ok(())
}

pub(crate) async fn missing_object_is_told(http: Http) -> Result<()> {
    http.delete(&http.core("configmaps/a"), &json!({}))
        .await?
        .refused(404, "NotFound", "configmaps \"a\" not found")
        .map(drop)
}

pub(crate) async fn preconditions_are_checked(http: Http) -> Result<()> {
    let made = http.config_map("a", json!({})).await?;
    let uid = made["metadata"]["uid"].as_str().unwrap_or_default();
    http.delete(&http.core("configmaps/a"), &json!({"preconditions": {"uid": "x"}})).await?.refused(
        409,
        "Conflict",
        &format!("Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does not match the UID in record ({uid}). The object might have been deleted and then recreated"),
    )?;
    http.delete(
        &http.core("configmaps/a"),
        &json!({"preconditions": {"resourceVersion": "1"}}),
    )
    .await?
    .refused_for(409, "Conflict")?;
    http.delete(&http.core("configmaps/a"), &json!({"preconditions": {"uid": uid, "resourceVersion": made["metadata"]["resourceVersion"]}})).await?.ok(200).map(drop)
}

pub(crate) async fn finalizers_hold_an_object(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.config_map(
        "a",
        json!({"metadata": {"finalizers": ["example.com/hold"]}}),
    )
    .await?;
    let marked = http.delete(&path, &json!({})).await?.ok(200)?;
    ensure!(
        marked["kind"] == "ConfigMap"
            && marked["metadata"]["deletionTimestamp"].is_string()
            && marked["metadata"]["deletionGracePeriodSeconds"] == 0,
        "{marked}"
    );
    let again = http.delete(&path, &json!({})).await?.ok(200)?;
    ensure!(
        again["metadata"]["resourceVersion"] == marked["metadata"]["resourceVersion"],
        "{again}"
    );
    let changed = http
        .merge(&path, &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    ensure!(changed["data"]["x"] == "1", "{changed}");
    let mut watch = http
        .watch(&http.core(&format!(
            "configmaps?watch=1&fieldSelector=metadata.name=a&resourceVersion={}",
            crate::http::version(&changed)
        )))
        .await?;
    let last = http
        .merge(&path, &json!({"metadata": {"finalizers": null}}))
        .await?
        .ok(200)?;
    ensure!(last["metadata"].get("finalizers").is_none(), "{last}");
    let gone = watch.expect("DELETED a").await?;
    ensure!(
        gone["metadata"]["finalizers"] == json!(["example.com/hold"]),
        "{gone}"
    );
    http.get(&path)
        .await?
        .refused_for(404, "NotFound")
        .map(drop)
}

pub(crate) async fn no_finalizers_may_be_added_to_a_deleted_object(http: Http) -> Result<()> {
    let path = http.core("configmaps/a");
    http.config_map(
        "a",
        json!({"metadata": {"finalizers": ["example.com/hold"]}}),
    )
    .await?;
    http.delete(&path, &json!({})).await?.ok(200)?;
    let body = http
        .merge(
            &path,
            &json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}),
        )
        .await?
        .refused_for(422, "Invalid")?;
    ensure!(
        body["message"]
            == "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"example.com/more\"}",
        "{body}"
    );
    http.merge(&path, &json!({"metadata": {"finalizers": null}}))
        .await?
        .ok(200)
        .map(drop)
}

pub(crate) async fn background_deletion_takes_dependents(http: Http) -> Result<()> {
    let parent = http.config_map("parent", json!({})).await?;
    let child = http
        .config_map(
            "child",
            json!({"metadata": {"ownerReferences": [owner(&parent, false)]}}),
        )
        .await?;
    http.config_map(
        "grandchild",
        json!({"metadata": {"ownerReferences": [owner(&child, true)]}}),
    )
    .await?;
    http.delete(
        &http.core("configmaps/parent"),
        &json!({"propagationPolicy": "Background"}),
    )
    .await?
    .ok(200)?;
    http.get(&http.core("configmaps/parent"))
        .await?
        .refused_for(404, "NotFound")?;
    http.gone(&http.core("configmaps/child")).await?;
    http.gone(&http.core("configmaps/grandchild")).await
}

pub(crate) async fn foreground_deletion_waits_for_dependents(http: Http) -> Result<()> {
    http.collector_is_awake().await?;
    let parent = http.config_map("parent", json!({})).await?;
    http.config_map("child", json!({"metadata": {"ownerReferences": [owner(&parent, true)], "finalizers": ["example.com/hold"]}})).await?;
    let marked = http
        .delete(
            &http.core("configmaps/parent"),
            &json!({"propagationPolicy": "Foreground"}),
        )
        .await?
        .ok(200)?;
    ensure!(
        marked["metadata"]["finalizers"] == json!(["foregroundDeletion"])
            && marked["metadata"]["deletionTimestamp"].is_string(),
        "{marked}"
    );
    http.until(
        "the child is marked",
        &http.core("configmaps/child"),
        |answer| answer.body["metadata"]["deletionTimestamp"].is_string(),
    )
    .await?;
    http.get(&http.core("configmaps/parent")).await?.ok(200)?;
    http.merge(
        &http.core("configmaps/child"),
        &json!({"metadata": {"finalizers": null}}),
    )
    .await?
    .ok(200)?;
    http.gone(&http.core("configmaps/parent")).await
}

pub(crate) async fn orphans_stay(http: Http) -> Result<()> {
    http.collector_is_awake().await?;
    let parent = http.config_map("parent", json!({})).await?;
    http.config_map(
        "child",
        json!({"metadata": {"ownerReferences": [owner(&parent, false)]}}),
    )
    .await?;
    http.delete(
        &http.core("configmaps/parent"),
        &json!({"propagationPolicy": "Orphan"}),
    )
    .await?
    .ok(200)?;
    http.gone(&http.core("configmaps/parent")).await?;
    let child = http.get(&http.core("configmaps/child")).await?.ok(200)?;
    ensure!(
        child["metadata"].get("ownerReferences").is_none(),
        "{child}"
    );
    Ok(())
}

pub(crate) async fn objects_of_missing_owners_go(http: Http) -> Result<()> {
    http.collector_is_awake().await
}

pub(crate) async fn one_owner_is_enough(http: Http) -> Result<()> {
    let first = http.config_map("first", json!({})).await?;
    let second = http.config_map("second", json!({})).await?;
    http.config_map(
        "child",
        json!({"metadata": {"ownerReferences": [owner(&first, false), owner(&second, false)]}}),
    )
    .await?;
    http.delete(&http.core("configmaps/first"), &json!({}))
        .await?
        .ok(200)?;
    let child = http
        .until(
            "the owner is forgotten",
            &http.core("configmaps/child"),
            |answer| {
                answer.body["metadata"]["ownerReferences"]
                    .as_array()
                    .is_some_and(|list| list.len() == 1)
            },
        )
        .await?
        .ok(200)?;
    ensure!(
        child["metadata"]["ownerReferences"][0]["name"] == "second",
        "{child}"
    );
    Ok(())
}

pub(crate) async fn collections_are_deleted(http: Http) -> Result<()> {
    for (name, label) in [("a", "x"), ("b", "x"), ("c", "y")] {
        http.config_map(name, json!({"metadata": {"labels": {"l": label}}}))
            .await?;
    }
    let list = http
        .delete(&http.core("configmaps?labelSelector=l=x"), &json!({}))
        .await?
        .ok(200)?;
    ensure!(
        list["kind"] == "ConfigMapList" && names(&list) == ["a", "b"],
        "{list}"
    );
    let left = http
        .get(&http.core("configmaps?labelSelector=l"))
        .await?
        .ok(200)?;
    ensure!(names(&left) == ["c"], "{left}");
    Ok(())
}

pub(crate) async fn namespaces_take_their_content(http: Http) -> Result<()> {
    let namespace = format!("{}-more", http.namespace);
    let path = format!("/api/v1/namespaces/{namespace}");
    http.post(
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await?
    .ok(201)?;
    http.post(
        &format!("{path}/configmaps"),
        &json!({"metadata": {"name": "a", "finalizers": ["example.com/hold"]}}),
    )
    .await?
    .ok(201)?;
    http.post(
        &format!("{path}/secrets"),
        &json!({"metadata": {"name": "b"}}),
    )
    .await?
    .ok(201)?;
    let marked = http.delete(&path, &json!({})).await?.ok(200)?;
    ensure!(
        marked["kind"] == "Namespace"
            && marked["status"]["phase"] == "Terminating"
            && marked["metadata"]["deletionTimestamp"].is_string(),
        "{marked}"
    );
    let body = http.post(&format!("{path}/configmaps"), &json!({"metadata": {"name": "c"}})).await?.refused(
        403,
        "Forbidden",
        &format!("configmaps \"c\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated"),
    )?;
    ensure!(
        body["details"]["causes"]
            == json!([{"reason": "NamespaceTerminating", "message": format!("namespace {namespace} is being terminated"), "field": "metadata.namespace"}]),
        "{body}"
    );
    http.gone(&format!("{path}/secrets/b")).await?;
    http.until(
        "the held object is marked",
        &format!("{path}/configmaps/a"),
        |answer| answer.body["metadata"]["deletionTimestamp"].is_string(),
    )
    .await?;
    http.get(&path).await?.ok(200)?;
    http.merge(
        &format!("{path}/configmaps/a"),
        &json!({"metadata": {"finalizers": null}}),
    )
    .await?
    .ok(200)?;
    http.gone(&path).await
}

pub(crate) async fn pods_on_nodes_get_a_grace_period(http: Http) -> Result<()> {
    let _ = http
        .post(
            &http.core("serviceaccounts"),
            &json!({"metadata": {"name": "default"}}),
        )
        .await?;
    http.until(
        "the default ServiceAccount",
        &http.core("serviceaccounts/default"),
        |answer| answer.status == 200,
    )
    .await?;
    let pod = |name: &str, node: Value| json!({"metadata": {"name": name}, "spec": {"nodeName": node, "automountServiceAccountToken": false, "containers": [{"name": "c", "image": "i"}]}});
    http.post(&http.core("pods"), &pod("a", "nowhere".into()))
        .await?
        .ok(201)?;
    let marked = http
        .delete(&http.core("pods/a"), &json!({}))
        .await?
        .ok(200)?;
    ensure!(
        marked["metadata"]["deletionGracePeriodSeconds"] == 30
            && marked["metadata"]["deletionTimestamp"].is_string(),
        "{marked}"
    );
    http.delete(&http.core("pods/a"), &json!({"gracePeriodSeconds": 0}))
        .await?
        .ok(200)?;
    http.get(&http.core("pods/a"))
        .await?
        .refused_for(404, "NotFound")?;
    http.post(&http.core("pods"), &pod("b", Value::Null))
        .await?
        .ok(201)?;
    http.delete(&http.core("pods/b"), &json!({}))
        .await?
        .ok(200)?;
    http.get(&http.core("pods/b"))
        .await?
        .refused_for(404, "NotFound")
        .map(drop)
}

pub(crate) async fn unknown_policy_is_refused(http: Http) -> Result<()> {
    http.config_map("a", json!({})).await?;
    http.delete(&http.core("configmaps/a"), &json!({"propagationPolicy": "Foo"}))
        .await?
        .refused(422, "Invalid", "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")
        .map(drop)
}
