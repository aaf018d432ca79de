use serde_json::json;

use super::*;

fn reference(
    api_version: Option<&str>,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
) -> ObjectRef {
    ObjectRef {
        api_version: api_version.map(str::to_owned),
        kind: kind.into(),
        namespace: namespace.map(str::to_owned),
        name: name.into(),
    }
}

fn faults(of: ObjectPatch) -> Vec<(&'static str, String)> {
    patch(&of).into_iter().map(|f| (f.code, f.path)).collect()
}

fn named(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs
        .iter()
        .map(|(code, path)| (*code, (*path).to_owned()))
        .collect()
}

#[test]
fn names_that_could_leave_their_url_are_refused() {
    for name in [
        "..",
        ".",
        "a/b",
        "../secrets/x",
        "a%2fb",
        "a\nb",
        &"x".repeat(254),
    ] {
        assert_eq!(
            faults(ObjectPatch::Delete(reference(None, "Pod", Some("a"), name))),
            named(&[("name", "name")]),
            "{name:?}"
        );
    }
    for name in ["a", "system:node", "a.b-c", "A_b", "...", "a?b#c"] {
        assert_eq!(
            faults(ObjectPatch::Delete(reference(None, "Pod", Some("a"), name))),
            [],
            "{name:?}"
        );
    }
    for namespace in ["a/../b", "A", "-a", "a.b", &"x".repeat(64)] {
        assert_eq!(
            faults(ObjectPatch::Delete(reference(
                None,
                "Pod",
                Some(namespace),
                "p"
            ))),
            named(&[("namespace", "namespace")]),
            "{namespace:?}"
        );
    }
}

#[test]
fn versions_and_kinds_have_a_form() {
    for version in [
        "apps/v1/x",
        "/v1",
        "apps/",
        "Apps/v1",
        "apps//v1",
        "v 1",
        "../v1",
    ] {
        assert_eq!(
            faults(ObjectPatch::Delete(reference(
                Some(version),
                "Pod",
                None,
                "p"
            ))),
            named(&[("api-version", "apiVersion")]),
            "{version:?}"
        );
    }
    for version in ["v1", "apps/v1", "cert-manager.io/v1alpha2", ""] {
        assert_eq!(
            faults(ObjectPatch::Delete(reference(
                Some(version),
                "Pod",
                None,
                "p"
            ))),
            [],
            "{version:?}"
        );
    }
    assert_eq!(
        faults(ObjectPatch::Delete(reference(None, "", None, ""))),
        named(&[("required", "kind"), ("required", "name")])
    );
    assert_eq!(
        faults(ObjectPatch::Delete(reference(None, "pods/exec", None, "p"))),
        named(&[("kind", "kind")])
    );
}

#[test]
fn a_manifest_needs_kind_and_name() {
    let of = |object| faults(ObjectPatch::Create { object });
    assert_eq!(of(json!([])), named(&[("object", "object")]));
    assert_eq!(
        of(json!({})),
        named(&[
            ("required", "object.kind"),
            ("required", "object.metadata.name")
        ])
    );
    assert_eq!(
        of(json!({"apiVersion": 1, "kind": {}, "metadata": []})),
        named(&[
            ("api-version", "object.apiVersion"),
            ("kind", "object.kind"),
            ("object", "object.metadata")
        ])
    );
    assert_eq!(
        of(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a/b", "namespace": "C"}})
        ),
        named(&[
            ("name", "object.metadata.name"),
            ("namespace", "object.metadata.namespace")
        ])
    );
    assert_eq!(
        of(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}})),
        []
    );
    assert_eq!(
        of(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "c"}})
        ),
        []
    );
}

#[test]
fn every_item_of_a_json_patch_is_checked() {
    let of = |patch| {
        faults(ObjectPatch::JSONPatch {
            object: reference(None, "Pod", None, "p"),
            patch,
            options: PatchOptions::default(),
        })
    };
    assert_eq!(
        of(json!({"op": "add"})),
        named(&[("json-patch", "jsonPatch")])
    );
    assert_eq!(of(json!([])), []);
    assert_eq!(
        of(
            json!([{"op": "remove", "path": "/a"}, {"op": "add", "path": "/a", "value": null}, {"op": "move", "from": "/a", "path": "/b"}, {"op": "test", "path": "", "value": {}}])
        ),
        []
    );
    assert_eq!(
        of(
            json!([{"op": "remove", "path": "/a"}, {"op": "add", "path": "/a"}, {"op": "copy", "path": "/b"}, {"op": "set", "path": "a"}, {"path": 1}, 7, {"op": "remove", "path": "/a~2b"}])
        ),
        named(&[
            ("json-patch", "jsonPatch[1].value"),
            ("json-patch", "jsonPatch[2].from"),
            ("json-patch", "jsonPatch[3].op"),
            ("json-patch", "jsonPatch[3].path"),
            ("json-patch", "jsonPatch[4].op"),
            ("json-patch", "jsonPatch[4].path"),
            ("json-patch", "jsonPatch[5]"),
            ("json-patch", "jsonPatch[6].path"),
        ])
    );
    let flood = vec![json!({}); 100_000];
    assert!(of(Value::Array(flood)).len() <= MAX_ITEMS + 1);
}

#[test]
fn subresources_are_one_word() {
    let of = |subresource: &str| {
        let options = PatchOptions {
            subresource: Some(subresource.to_owned()),
            ..PatchOptions::default()
        };
        faults(ObjectPatch::MergePatch {
            object: reference(None, "Pod", None, "p"),
            patch: json!({}),
            options,
        })
    };
    for fine in ["status", "/status", "scale", ""] {
        assert_eq!(of(fine), [], "{fine:?}");
    }
    for bad in ["/", "//status", "status/x", "../x", "Status", "status?a=b"] {
        assert_eq!(of(bad), named(&[("subresource", "subresource")]), "{bad:?}");
    }
}

#[test]
fn merge_and_jq_patches_have_their_own_fields() {
    let object = reference(None, "Pod", None, "p");
    assert_eq!(
        faults(ObjectPatch::MergePatch {
            object: object.clone(),
            patch: json!([]),
            options: PatchOptions::default()
        }),
        named(&[("merge-patch", "mergePatch")])
    );
    assert_eq!(
        faults(ObjectPatch::JQPatch {
            object,
            filter: " ".into(),
            options: PatchOptions::default()
        }),
        named(&[("required", "jqFilter")])
    );
}
