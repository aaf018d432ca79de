//! CustomResourceDefinitions.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::http::{Http, names};

/// A definition with a group of the row's own.
pub(crate) struct Definition {
    body: Value,
    group: String,
    plural: String,
}

impl Definition {
    /// A namespaced kind `Thing` in `v1` with a status.
    pub(crate) fn plain(http: &Http, plural: &str) -> Self {
        let schema = json!({
            "type": "object",
            "properties": {
                "spec": {"type": "object", "properties": {
                    "size": {"type": "integer", "minimum": 1, "maximum": 10},
                    "mode": {"type": "string", "enum": ["fast", "slow"], "default": "slow"},
                    "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5, "minLength": 2},
                    "list": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "any": {"x-kubernetes-int-or-string": true},
                    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {
                        "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "weight": {"type": "integer", "default": 1}},
                    }},
                }},
                "status": {"type": "object", "properties": {"seen": {"type": "integer"}}},
            },
        });
        let group = format!("{}.example.com", http.namespace);
        Self {
            body: json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.{group}")},
                "spec": {
                    "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": "Thing", "shortNames": ["th"]},
                    "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}],
                },
            }),
            group,
            plural: plural.to_owned(),
        }
    }

    fn url(&self) -> String {
        format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.{}",
            self.plural, self.group
        )
    }

    /// Creates it and waits until it is served.
    pub(crate) async fn install(self, http: &Http) -> Result<Self> {
        http.post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &self.body,
        )
        .await?
        .ok(201)?;
        let established = |answer: &crate::http::Answer| {
            answer.body["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| one["type"] == "Established" && one["status"] == "True")
        };
        http.until("the definition is established", &self.url(), established)
            .await?;
        http.until("the kind is served", &self.path(http), |answer| {
            answer.status == 200
        })
        .await?;
        Ok(self)
    }

    pub(crate) async fn remove(&self, http: &Http) -> Result<()> {
        http.delete(&self.url(), &json!({})).await?.ok(200)?;
        http.gone(&self.url()).await
    }

    pub(crate) fn path(&self, http: &Http) -> String {
        http.of(&format!("{}/v1", self.group), &self.plural)
    }

    pub(crate) fn object(&self, name: &str, more: Value) -> Value {
        let mut object = json!({"apiVersion": format!("{}/v1", self.group), "kind": "Thing", "metadata": {"name": name}});
        for (key, value) in more.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    }
}

pub(crate) async fn definition_adds_a_kind(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "adds").install(&http).await?;
    let read = http.get(&definition.url()).await?.ok(200)?;
    ensure!(
        read["status"]["acceptedNames"]
            == json!({"plural": "adds", "singular": "thing", "kind": "Thing", "listKind": "ThingList", "shortNames": ["th"]}),
        "{read}"
    );
    ensure!(read["status"]["storedVersions"] == json!(["v1"]), "{read}");
    let all = definition.path(&http);
    let made = http
        .post(&all, &definition.object("a", json!({"spec": {"size": 2}})))
        .await?
        .ok(201)?;
    ensure!(
        made["kind"] == "Thing" && made["metadata"]["generation"] == 1,
        "{made}"
    );
    let list = http.get(&all).await?.ok(200)?;
    ensure!(
        list["kind"] == "ThingList" && list["items"][0]["kind"] == "Thing" && names(&list) == ["a"],
        "{list}"
    );
    let listed = |answer: &crate::http::Answer| {
        let resources = answer.body["resources"].as_array().into_iter().flatten();
        resources.clone().any(|one| {
            one["name"] == "adds" && one["shortNames"] == json!(["th"]) && one["namespaced"] == true
        }) && resources.clone().any(|one| one["name"] == "adds/status")
    };
    http.until(
        "discovery lists the kind",
        &format!("/apis/{}/v1", definition.group),
        listed,
    )
    .await?;
    definition.remove(&http).await
}

pub(crate) async fn unknown_fields_are_pruned(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "prunes").install(&http).await?;
    let all = definition.path(&http);
    let made = http.post(&all, &definition.object("a", json!({"foo": 1, "spec": {"size": 2, "bar": 1, "free": {"x": {"y": 1}}, "parts": [{"name": "a", "z": 1}]}}))).await?.ok(201)?;
    ensure!(
        made.get("foo").is_none()
            && made["spec"].get("bar").is_none()
            && made["spec"]["free"] == json!({"x": {"y": 1}}),
        "{made}"
    );
    ensure!(made["spec"]["parts"][0].get("z").is_none(), "{made}");
    http.post(&format!("{all}?fieldValidation=Strict"), &definition.object("b", json!({"spec": {"bar": 1}})))
        .await?
        .refused(400, "BadRequest", "Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: unknown field \"spec.bar\"")?;
    definition.remove(&http).await
}

pub(crate) async fn defaults_are_set(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "defaults").install(&http).await?;
    let made = http
        .post(
            &definition.path(&http),
            &definition.object("a", json!({"spec": {"parts": [{"name": "a"}]}})),
        )
        .await?
        .ok(201)?;
    ensure!(
        made["spec"] == json!({"mode": "slow", "parts": [{"name": "a", "weight": 1}]}),
        "{made}"
    );
    let none = http
        .post(&definition.path(&http), &definition.object("b", json!({})))
        .await?
        .ok(201)?;
    ensure!(none.get("spec").is_none(), "{none}");
    let null = http
        .post(
            &definition.path(&http),
            &definition.object("c", json!({"spec": {"mode": null}})),
        )
        .await?
        .ok(201)?;
    ensure!(null["spec"]["mode"] == "slow", "{null}");
    definition.remove(&http).await
}

pub(crate) async fn values_are_validated(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "validates").install(&http).await?;
    let all = definition.path(&http);
    for (spec, wanted) in [
        (
            json!({"size": 0}),
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            json!({"size": 11}),
            "spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10",
        ),
        (
            json!({"size": "x"}),
            "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"",
        ),
        (
            json!({"mode": "other"}),
            "spec.mode: Unsupported value: \"other\": supported values: \"fast\", \"slow\"",
        ),
        (
            json!({"name": "ABC"}),
            "spec.name: Invalid value: \"ABC\": spec.name in body should match '^[a-z]+$'",
        ),
        (
            json!({"name": "abcdefg"}),
            "spec.name: Too long: may not be more than 5 bytes",
        ),
        (
            json!({"name": "a"}),
            "spec.name: Invalid value: \"a\": spec.name in body should be at least 2 chars long",
        ),
        (
            json!({"list": ["a", "b", "c"]}),
            "spec.list: Too many: 3: must have at most 2 items",
        ),
        (
            json!({"list": ["a", 1]}),
            "spec.list[1]: Invalid value: \"integer\": spec.list[1] in body must be of type string: \"integer\"",
        ),
        (
            json!({"parts": [{"name": "a"}, {"name": "a"}]}),
            "spec.parts[1]: Duplicate value: {\"name\":\"a\"}",
        ),
        (
            json!({"parts": [{"weight": 2}]}),
            "spec.parts[0].name: Required value",
        ),
    ] {
        let body = http
            .post(&all, &definition.object("a", json!({"spec": spec})))
            .await?
            .refused_for(422, "Invalid")?;
        let wanted = format!("Thing.{} \"a\" is invalid: {wanted}", definition.group);
        ensure!(
            body["message"] == wanted.as_str(),
            "{} instead of {wanted}",
            body["message"]
        );
    }
    http.post(&all, &definition.object("a", json!({"spec": {"any": 1}})))
        .await?
        .ok(201)?;
    http.merge(&format!("{all}/a"), &json!({"spec": {"any": "x"}}))
        .await?
        .ok(200)?;
    definition.remove(&http).await
}

pub(crate) async fn versions_are_converted_by_name(http: Http) -> Result<()> {
    let mut definition = Definition::plain(&http, "versions");
    let mut second = definition.body["spec"]["versions"][0].clone();
    second["name"] = "v1beta1".into();
    second["storage"] = false.into();
    second["deprecated"] = true.into();
    definition.body["spec"]["versions"] = json!([definition.body["spec"]["versions"][0], second]);
    let definition = definition.install(&http).await?;
    http.post(
        &definition.path(&http),
        &definition.object("a", json!({"spec": {"size": 2}})),
    )
    .await?
    .ok(201)?;
    let beta = http.of(&format!("{}/v1beta1", definition.group), "versions");
    let answer = http
        .until(
            "the other version is served",
            &format!("{beta}/a"),
            |answer| answer.status == 200,
        )
        .await?;
    ensure!(
        answer.headers.get("warning").is_some_and(|warning| warning
            .to_str()
            .is_ok_and(|text| text.contains("v1beta1 Thing is deprecated"))),
        "{:?}",
        answer.headers
    );
    let shown = answer.ok(200)?;
    ensure!(
        shown["apiVersion"] == format!("{}/v1beta1", definition.group).as_str()
            && shown["spec"]["size"] == 2,
        "{shown}"
    );
    http.merge(&format!("{beta}/a"), &json!({"spec": {"size": 3}}))
        .await?
        .ok(200)?;
    let read = http
        .get(&format!("{}/a", definition.path(&http)))
        .await?
        .ok(200)?;
    ensure!(
        read["apiVersion"] == format!("{}/v1", definition.group).as_str()
            && read["spec"]["size"] == 3,
        "{read}"
    );
    let mut watch = http.watch(&format!("{beta}?watch=1")).await?;
    let seen = watch.expect("ADDED a").await?;
    ensure!(seen["apiVersion"] == shown["apiVersion"], "{seen}");
    drop(watch);
    definition.remove(&http).await
}

pub(crate) async fn definition_takes_its_objects(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "takes").install(&http).await?;
    let all = definition.path(&http);
    http.post(&all, &definition.object("a", json!({})))
        .await?
        .ok(201)?;
    let mut watch = http.watch(&format!("{all}?watch=1")).await?;
    watch.expect("ADDED a").await?;
    definition.remove(&http).await?;
    watch.expect("DELETED a").await?;
    http.until("the kind is gone", &all, |answer| answer.status == 404)
        .await?;
    let definition = definition.install(&http).await?;
    let list = http.get(&all).await?.ok(200)?;
    ensure!(names(&list).is_empty(), "{list}");
    definition.remove(&http).await
}

pub(crate) async fn resource_needs_a_version_for_updates(http: Http) -> Result<()> {
    let definition = Definition::plain(&http, "updates").install(&http).await?;
    let all = definition.path(&http);
    http.post(&all, &definition.object("a", json!({})))
        .await?
        .ok(201)?;
    http.put(&format!("{all}/a"), &definition.object("a", json!({"spec": {"size": 3}})))
        .await?
        .refused(422, "Invalid", &format!("updates.{} \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update", definition.group))?;
    definition.remove(&http).await
}

pub(crate) async fn definitions_are_checked(http: Http) -> Result<()> {
    let mut definition = Definition::plain(&http, "checks");
    definition.body["metadata"]["name"] = format!("wrong.{}", definition.group).into();
    let body = http
        .post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &definition.body,
        )
        .await?
        .refused_for(422, "Invalid")?;
    ensure!(
        body["message"]
            .as_str()
            .is_some_and(|text| text.contains("must be spec.names.plural+\".\"+spec.group")),
        "{body}"
    );
    let mut definition = Definition::plain(&http, "checks");
    definition.body["spec"]["versions"][0]["storage"] = false.into();
    let body = http
        .post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &definition.body,
        )
        .await?
        .refused_for(422, "Invalid")?;
    ensure!(
        body["message"].as_str().is_some_and(
            |text| text.contains("must have exactly one version marked as storage version")
        ),
        "{body}"
    );
    let mut definition = Definition::plain(&http, "checks");
    definition.body["spec"]["versions"][0]["schema"] =
        json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {}}}});
    let body = http
        .post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &definition.body,
        )
        .await?
        .refused_for(422, "Invalid")?;
    let wanted = "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields";
    ensure!(
        body["message"]
            .as_str()
            .is_some_and(|text| text.contains(wanted)),
        "{body}"
    );
    Ok(())
}

pub(crate) async fn selectable_fields_select(http: Http) -> Result<()> {
    let mut definition = Definition::plain(&http, "selects");
    definition.body["spec"]["versions"][0]["selectableFields"] =
        json!([{"jsonPath": ".spec.mode"}]);
    let definition = definition.install(&http).await?;
    let all = definition.path(&http);
    http.post(
        &all,
        &definition.object("a", json!({"spec": {"mode": "fast"}})),
    )
    .await?
    .ok(201)?;
    http.post(&all, &definition.object("b", json!({"spec": {}})))
        .await?
        .ok(201)?;
    let list = http
        .get(&format!("{all}?fieldSelector=spec.mode=fast"))
        .await?
        .ok(200)?;
    ensure!(names(&list) == ["a"], "{list}");
    http.get(&format!("{all}?fieldSelector=spec.size=1"))
        .await?
        .refused(400, "BadRequest", "field label not supported: spec.size")?;
    definition.remove(&http).await
}
