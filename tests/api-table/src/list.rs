//! list: paging, selectors, versions.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http::{Http, names, version};

async fn maps(http: &Http, count: usize) -> Result<()> {
    for number in 0..count {
        http.config_map(
            &format!("m{number}"),
            json!({"metadata": {"labels": {"row": "r", "number": number.to_string()}}}),
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn pages_are_consistent(http: Http) -> Result<()> {
    maps(&http, 5).await?;
    let path = http.core("configmaps?labelSelector=row&limit=2");
    let first = http.get(&path).await?.ok(200)?;
    ensure!(names(&first) == ["m0", "m1"], "{first}");
    // What happens between the pages is not seen.
    http.delete(&http.core("configmaps/m3"), &json!({}))
        .await?
        .ok(200)?;
    http.config_map("m35", json!({"metadata": {"labels": {"row": "r"}}}))
        .await?;
    http.merge(&http.core("configmaps/m2"), &json!({"data": {"x": "1"}}))
        .await?
        .ok(200)?;
    let token = |list: &serde_json::Value| {
        list["metadata"]["continue"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let second = http
        .get(&format!("{path}&continue={}", token(&first)))
        .await?
        .ok(200)?;
    ensure!(names(&second) == ["m2", "m3"], "{second}");
    ensure!(second["items"][0].get("data").is_none(), "{second}");
    ensure!(
        version(&first) == version(&second),
        "{} and {}",
        version(&first),
        version(&second)
    );
    let third = http
        .get(&format!("{path}&continue={}", token(&second)))
        .await?
        .ok(200)?;
    ensure!(
        names(&third) == ["m4"] && token(&third).is_empty(),
        "{third}"
    );
    Ok(())
}

pub(crate) async fn remaining_items_are_counted_without_selectors(http: Http) -> Result<()> {
    for name in ["a", "b", "c"] {
        http.post(&http.core("secrets"), &json!({"metadata": {"name": name}}))
            .await?
            .ok(201)?;
    }
    let first = http.get(&http.core("secrets?limit=1")).await?.ok(200)?;
    ensure!(first["metadata"]["remainingItemCount"] == 2, "{first}");
    let selected = http
        .get(&http.core("secrets?limit=1&labelSelector=!x"))
        .await?
        .ok(200)?;
    ensure!(
        selected["metadata"].get("remainingItemCount").is_none()
            && selected["metadata"]["continue"].is_string(),
        "{selected}"
    );
    Ok(())
}

pub(crate) async fn label_selectors_select(http: Http) -> Result<()> {
    maps(&http, 4).await?;
    for (selector, wanted) in [
        ("number=1", vec!["m1"]),
        ("number%3D%3D1", vec!["m1"]),
        ("row,number!=1,number!=2", vec!["m0", "m3"]),
        ("number%20in%20(1,2)", vec!["m1", "m2"]),
        ("row,number%20notin%20(1,2)", vec!["m0", "m3"]),
        ("row,!number", vec![]),
        ("number%3E2", vec!["m3"]),
        ("row%20%3D%20r%20,%20number=0", vec!["m0"]),
    ] {
        let list = http
            .get(&http.core(&format!("configmaps?labelSelector={selector}")))
            .await?
            .ok(200)?;
        ensure!(names(&list) == wanted, "{selector}: {:?}", names(&list));
    }
    Ok(())
}

pub(crate) async fn field_selectors_select(http: Http) -> Result<()> {
    maps(&http, 3).await?;
    let namespace = http.namespace.clone();
    for (selector, wanted) in [
        ("metadata.name=m1".to_owned(), vec!["m1"]),
        ("metadata.name!=m1".to_owned(), vec!["m0", "m2"]),
        (
            format!("metadata.namespace={namespace},metadata.name==m2"),
            vec!["m2"],
        ),
        ("metadata.namespace=other".to_owned(), vec![]),
    ] {
        let list = http
            .get(&http.core(&format!(
                "configmaps?labelSelector=row&fieldSelector={selector}"
            )))
            .await?
            .ok(200)?;
        ensure!(names(&list) == wanted, "{selector}: {:?}", names(&list));
    }
    Ok(())
}

pub(crate) async fn field_selectors_of_kinds_select(http: Http) -> Result<()> {
    let pod = |name: &str, policy: &str| json!({"metadata": {"name": name}, "spec": {"restartPolicy": policy, "automountServiceAccountToken": false, "containers": [{"name": "c", "image": "i"}]}});
    // A real cluster makes the ServiceAccount that its Pods need.
    let account = http.core("serviceaccounts/default");
    let _ = http
        .post(
            &http.core("serviceaccounts"),
            &json!({"metadata": {"name": "default"}}),
        )
        .await?;
    http.until("the default ServiceAccount", &account, |answer| {
        answer.status == 200
    })
    .await?;
    http.post(&http.core("pods"), &pod("a", "Always"))
        .await?
        .ok(201)?;
    http.post(&http.core("pods"), &pod("b", "Never"))
        .await?
        .ok(201)?;
    http.post(
        &http.core("secrets"),
        &json!({"metadata": {"name": "s"}, "type": "example.com/mine"}),
    )
    .await?
    .ok(201)?;
    http.post(&http.core("events"), &json!({"metadata": {"name": "e"}, "reason": "Because", "involvedObject": {"kind": "Pod", "name": "a", "namespace": http.namespace}})).await?.ok(201)?;
    for (selector, wanted) in [
        ("pods?fieldSelector=spec.restartPolicy=Never", vec!["b"]),
        ("pods?fieldSelector=status.phase=Pending", vec!["a", "b"]),
        ("pods?fieldSelector=spec.nodeName=", vec!["a", "b"]),
        ("pods?fieldSelector=status.phase!=Pending", vec![]),
        ("secrets?fieldSelector=type=example.com/mine", vec!["s"]),
        (
            "events?fieldSelector=involvedObject.name=a,involvedObject.kind=Pod",
            vec!["e"],
        ),
        ("events?fieldSelector=reason=Because", vec!["e"]),
    ] {
        let list = http.get(&http.core(selector)).await?.ok(200)?;
        ensure!(names(&list) == wanted, "{selector}: {:?}", names(&list));
    }
    Ok(())
}

pub(crate) async fn unknown_field_selectors_are_refused(http: Http) -> Result<()> {
    http.get(&http.core("configmaps?fieldSelector=data.x=1"))
        .await?
        .refused(400, "BadRequest", "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")?;
    http.get(&http.core("pods?fieldSelector=spec.foo=1"))
        .await?
        .refused(400, "BadRequest", "field label not supported: spec.foo")?;
    http.get(&http.core("secrets?fieldSelector=data=1"))
        .await?
        .refused(400, "BadRequest", "field label not supported: data")?;
    http.get(&http.core("configmaps?fieldSelector=foo"))
        .await?
        .refused(
            400,
            "BadRequest",
            "invalid selector: 'foo'; can't understand 'foo'",
        )
        .map(drop)
}

pub(crate) async fn broken_label_selectors_are_refused(http: Http) -> Result<()> {
    for (selector, message) in [
        (
            "a%20in",
            "unable to parse requirement: found '' expected: '('",
        ),
        (
            "a%20b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
        ),
        ("a=b,", "found '', expected: identifier after ','"),
    ] {
        http.get(&http.core(&format!("configmaps?labelSelector={selector}")))
            .await?
            .refused(400, "BadRequest", message)?;
    }
    Ok(())
}

pub(crate) async fn exact_version_is_a_snapshot(http: Http) -> Result<()> {
    maps(&http, 2).await?;
    let list = http
        .get(&http.core("configmaps?labelSelector=row"))
        .await?
        .ok(200)?;
    let at = version(&list).to_owned();
    http.delete(&http.core("configmaps/m0"), &json!({}))
        .await?
        .ok(200)?;
    let newest = http
        .config_map("m9", json!({"metadata": {"labels": {"row": "r"}}}))
        .await?;
    let then = http
        .get(&http.core(&format!(
            "configmaps?labelSelector=row&resourceVersion={at}&resourceVersionMatch=Exact"
        )))
        .await?
        .ok(200)?;
    ensure!(
        names(&then) == ["m0", "m1"] && version(&then) == at,
        "{then}"
    );
    // Without a match: not older than that.
    let at = version(&newest);
    let now = http
        .get(&http.core(&format!(
            "configmaps?labelSelector=row&resourceVersion={at}"
        )))
        .await?
        .ok(200)?;
    ensure!(names(&now) == ["m1", "m9"], "{now}");
    Ok(())
}

pub(crate) async fn version_match_is_checked(http: Http) -> Result<()> {
    for (query, message) in [
        (
            "resourceVersionMatch=Exact",
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=0",
            "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        (
            "resourceVersionMatch=Foo&resourceVersion=1",
            "resourceVersionMatch: Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
    ] {
        http.get(&http.core(&format!("configmaps?{query}")))
            .await?
            .refused(
                422,
                "Invalid",
                &format!("ListOptions.meta.k8s.io \"\" is invalid: {message}"),
            )?;
    }
    http.get(&http.core("configmaps?resourceVersion=abc"))
        .await?
        .refused(400, "BadRequest", "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax")
        .map(drop)
}

pub(crate) async fn broken_continue_tokens_are_refused(http: Http) -> Result<()> {
    let body = http
        .get(&http.core("configmaps?continue=abc"))
        .await?
        .refused_for(400, "BadRequest")?;
    ensure!(
        body["message"].as_str().is_some_and(
            |text| text.starts_with("invalid continue token: continue key is not valid: ")
        ),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn items_of_typed_lists_have_no_kind(http: Http) -> Result<()> {
    maps(&http, 1).await?;
    let list = http
        .get(&http.core("configmaps?labelSelector=row"))
        .await?
        .ok(200)?;
    ensure!(
        list["kind"] == "ConfigMapList" && list["apiVersion"] == "v1",
        "{list}"
    );
    ensure!(
        list["items"][0].get("kind").is_none() && list["items"][0].get("apiVersion").is_none(),
        "{list}"
    );
    Ok(())
}

pub(crate) async fn all_namespaces_are_listed(http: Http) -> Result<()> {
    let label = format!("row={}", http.namespace);
    http.config_map(
        "a",
        json!({"metadata": {"labels": {"row": http.namespace}}}),
    )
    .await?;
    let list = http
        .get(&format!("/api/v1/configmaps?labelSelector={label}"))
        .await?
        .ok(200)?;
    ensure!(
        names(&list) == ["a"]
            && list["items"][0]["metadata"]["namespace"] == http.namespace.as_str(),
        "{list}"
    );
    Ok(())
}
