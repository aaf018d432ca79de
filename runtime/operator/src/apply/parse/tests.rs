use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde_json::json;

use super::*;

fn one(text: &str) -> ObjectPatch {
    let mut parsed = parse(text).unwrap();
    assert_eq!(parsed.patches.len(), 1, "{text}");
    parsed.patches.remove(0)
}

fn errors(text: &str) -> Vec<String> {
    parse(text)
        .unwrap_err()
        .0
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn config_map() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}, "data": {"k": "1"}})
}

#[test]
fn an_empty_file_is_fine() {
    for text in ["", "\n \n", "---\n", "---\n---\n"] {
        assert_eq!(parse(text).unwrap(), Parsed::default(), "{text:?}");
    }
}

#[test]
fn a_stream_of_json_documents_keeps_its_order() {
    let parsed = parse(
        r#"{"operation":"Delete","kind":"Pod","namespace":"x","name":"p"}{"operation":"DeleteInBackground","apiVersion":"v1","kind":"Pod","name":"q"}

           {"operation":"DeleteNonCascading","kind":"Pod","name":"r"}"#,
    )
    .unwrap();
    let reference = |name: &str| ObjectRef {
        kind: "Pod".into(),
        name: name.into(),
        ..ObjectRef::default()
    };
    assert_eq!(
        parsed.patches,
        [
            ObjectPatch::Delete(ObjectRef {
                namespace: Some("x".into()),
                ..reference("p")
            }),
            ObjectPatch::DeleteInBackground(ObjectRef {
                api_version: Some("v1".into()),
                ..reference("q")
            }),
            ObjectPatch::DeleteNonCascading(reference("r")),
        ]
    );
}

#[test]
fn a_yaml_file_of_several_documents() {
    let parsed = parse(
        "---\noperation: CreateOrUpdate\nobject:\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a, namespace: b}\n  data: {k: \"1\"}\n---\n\
         operation: MergePatch\nkind: Deployment\nname: d\nnamespace: b\nsubresource: /status\nignoreMissingObject: true\nignoreHookError: true\nmergePatch:\n  spec: {replicas: 3}\n",
    )
    .unwrap();
    let [
        ObjectPatch::CreateOrUpdate { object },
        ObjectPatch::MergePatch { patch, options, .. },
    ] = parsed.patches.as_slice()
    else {
        panic!("{parsed:?}")
    };
    assert_eq!(*object, config_map());
    // An int of a YAML file is a number as any other (shell-operator panics when such an object exists already).
    assert_eq!(*patch, json!({"spec": {"replicas": 3}}));
    assert_eq!(
        *options,
        PatchOptions {
            subresource: Some("/status".into()),
            ignore_missing_object: true,
            ignore_hook_error: true
        }
    );
}

#[test]
fn one_bad_json_document_makes_the_whole_file_yaml() {
    // Flow mappings without quotes are YAML only.
    assert!(matches!(
        one("{operation: Delete, kind: Pod, name: p}"),
        ObjectPatch::Delete(_)
    ));
}

/// The file is read by other rules than the texts in it.
#[test]
fn words_of_yaml_1_1_are_text_but_in_texts() {
    let patch = |text: &str| {
        let file = format!(
            "operation: MergePatch\nkind: yes\nname: 017\nignoreMissingObject: on\nmergePatch: {text}\n"
        );
        match one(&file) {
            ObjectPatch::MergePatch {
                object,
                patch,
                options,
            } => {
                assert_eq!((object.kind.as_str(), object.name.as_str()), ("yes", "017"));
                assert!(options.ignore_missing_object);
                patch
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        patch("{a: yes, n: 017, d: 2001-01-01}"),
        json!({"a": "yes", "n": 15, "d": "2001-01-01"})
    );
    assert_eq!(patch("'{a: 1, a: 2}'"), json!({"a": 2}));
    assert_eq!(
        patch("'{a: yes, n: 017, d: 2001-01-01}'"),
        json!({"a": true, "false": 15, "d": "2001-01-01"})
    );
}

#[test]
fn object_and_patches_may_be_strings_with_yaml_or_json() {
    let object = config_map();
    for text in [
        object.to_string(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: b\ndata:\n  k: '1'\n"
            .to_owned(),
    ] {
        let file = json!({"operation": "Create", "object": text}).to_string();
        assert_eq!(
            one(&file),
            ObjectPatch::Create {
                object: object.clone()
            }
        );
    }
    let ObjectPatch::MergePatch { patch, .. } = one(
        &json!({"operation": "MergePatch", "kind": "Pod", "name": "p", "mergePatch": "a: {b: 1}"})
            .to_string(),
    ) else {
        panic!()
    };
    assert_eq!(patch, json!({"a": {"b": 1}}));
    let ObjectPatch::JSONPatch { patch, .. } = one(&json!({"operation": "JSONPatch", "kind": "Pod", "name": "p", "jsonPatch": "- {op: remove, path: /a}"}).to_string()) else { panic!() };
    assert_eq!(patch, json!([{"op": "remove", "path": "/a"}]));
}

#[test]
fn a_lone_remove_needs_no_value() {
    let ObjectPatch::JSONPatch { patch, .. } = one(
        r#"{"operation":"JSONPatch","kind":"Pod","name":"p","jsonPatch":[{"op":"remove","path":"/metadata/labels/a"}]}"#,
    ) else {
        panic!()
    };
    assert_eq!(
        patch,
        json!([{"op": "remove", "path": "/metadata/labels/a"}])
    );
}

#[test]
fn a_jq_patch() {
    let ObjectPatch::JQPatch {
        object,
        filter,
        options,
    } = one(
        r#"{"operation":"JQPatch","apiVersion":"apps/v1","kind":"Deployment","namespace":"n","name":"d","jqFilter":".spec.replicas = 2","subresource":"status"}"#,
    )
    else {
        panic!()
    };
    assert_eq!(
        object,
        ObjectRef {
            api_version: Some("apps/v1".into()),
            kind: "Deployment".into(),
            namespace: Some("n".into()),
            name: "d".into()
        }
    );
    assert_eq!(
        (filter.as_str(), options.subresource.as_deref()),
        (".spec.replicas = 2", Some("status"))
    );
}

#[test]
fn unknown_keys_are_dropped_and_reported() {
    let parsed = parse(r#"{"operation":"Delete","kind":"Pod","name":"p"}{"operation":"MergePatch","kind":"Pod","name":"p","mergePatch":{"a":1},"ignoreMissingObjects":true}"#).unwrap();
    assert_eq!(parsed.patches.len(), 2);
    assert_eq!(parsed.unknown, [(2, "ignoreMissingObjects".to_owned())]);
}

#[test]
fn every_mistake_of_every_document_is_reported_and_nothing_is_given() {
    let text = r#"{"operation":"Delete","kind":"Pod"}
{"operation":"Create"}
{"operation":"Delete","kind":"Pod","name":"fine"}
{"operation":"Remove","kind":"Pod","name":"p"}
{"kind":"Pod","name":"p"}
{"operation":"MergePatch","kind":{},"name":"p","mergePatch":[1],"ignoreMissingObject":"si"}
{"operation":"JQPatch","kind":"Pod","name":"p"}"#;
    assert_eq!(
        errors(text),
        [
            "document 1: line 1, column 1: name: is required",
            "document 2: line 2, column 1: object: is required",
            "document 4: line 4, column 14: operation: `Remove` is no operation; known are Create, CreateIfNotExists, CreateOrUpdate, Delete, DeleteInBackground, DeleteNonCascading, MergePatch, JSONPatch, JQPatch",
            "document 5: line 5, column 1: operation: is required",
            "document 6: line 6, column 34: kind: must be a string, not an object",
            "document 6: line 6, column 61: mergePatch: must be an object, or a string with it, not a list",
            "document 6: line 6, column 87: ignoreMissingObject: must be true or false, not a string",
            "document 7: line 7, column 1: jqFilter: is required",
        ]
    );
}

#[test]
fn a_list_of_operations_is_explained() {
    let found = errors(r#"[{"operation":"Delete","kind":"Pod","name":"p"}]"#);
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("must be an object with an `operation`, not a list; write one document for each operation, without a list around them"), "{found:?}");
}

#[test]
fn broken_text_says_where() {
    let error =
        parse("{\"operation\":\"Delete\",\"kind\":\"Pod\",\"name\":\"p\"}\n{\"operation\":")
            .unwrap_err();
    assert_eq!(error.code(), "patch-file");
    assert_eq!(
        (error.0[0].code, error.0[0].position.unwrap().0),
        ("syntax", 2)
    );
    let error = parse("operation: Delete\n  kind: [").unwrap_err();
    assert_eq!(error.0[0].position.unwrap().0, 2);
}

#[test]
fn a_string_with_several_documents_is_refused() {
    let found = errors(&json!({"operation": "Create", "object": "a: 1\n---\nb: 2\n"}).to_string());
    assert!(
        found[0].contains("the string must hold one document, not 2"),
        "{found:?}"
    );
}

#[test]
fn big_files_are_refused() {
    let many = r#"{"operation":"Delete","kind":"Pod","name":"p"}"#.repeat(MAX_DOCUMENTS + 1);
    assert_eq!(parse(&many).unwrap_err().0[0].code, "too-large");
    assert_eq!(
        parse(&" ".repeat(MAX_BYTES + 1)).unwrap_err().0[0].code,
        "too-large"
    );
}

proptest::proptest! {
    /// Whatever a hook asks for by the contract reads back from the file form.
    #[test]
    fn patches_survive_the_file(name in "[a-z][a-z0-9-]{0,20}", namespace in proptest::option::of("[a-z]{1,8}"), value in -5_i64..5, status: bool, ignore: bool) {
        let object = ObjectRef { api_version: None, kind: "ConfigMap".into(), namespace, name };
        let options = PatchOptions { subresource: status.then(|| "status".to_owned()), ignore_missing_object: ignore, ignore_hook_error: !ignore };
        let patches = vec![
            ObjectPatch::Create { object: json!({"a": value}) },
            ObjectPatch::Delete(object.clone()),
            ObjectPatch::MergePatch { object: object.clone(), patch: json!({"a": value, "b": null}), options: options.clone() },
            ObjectPatch::JSONPatch { object: object.clone(), patch: json!([{"op": "add", "path": "/a", "value": value}]), options: options.clone() },
            ObjectPatch::JQPatch { object, filter: format!(".a = {value}"), options },
        ];
        let file: String = patches.iter().map(|p| serde_json::to_string(p).unwrap() + "\n").collect();
        proptest::prop_assert_eq!(parse(&file).unwrap().patches, patches);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}") {
        let _ = parse(&text);
    }
}

#[test]
fn scalars_are_taken_as_the_peers_decoder_takes_them() {
    let patch = one(
        "operation: MergePatch\nkind: Pod\nname: 7\nnamespace: true\nignoreMissingObject: 'yes'\nmergePatch: {a: 1}",
    );
    let ObjectPatch::MergePatch {
        object, options, ..
    } = patch
    else {
        panic!("{patch:?}");
    };
    assert_eq!(
        (object.name.as_str(), object.namespace.as_deref()),
        ("7", Some("true"))
    );
    assert!(options.ignore_missing_object);
    assert_eq!(
        errors(
            "operation: MergePatch\nkind: Pod\nname: a\nignoreMissingObject: 'true'\nmergePatch: {a: 1}"
        ),
        ["document 1: line 4, column 22: ignoreMissingObject: must be true or false, not a string"]
    );
}

#[test]
fn keys_of_json_are_known_in_any_case_and_those_of_yaml_are_not() {
    let patch = one(r#"{"Operation":"Delete","KIND":"Pod","name":"a"}"#);
    assert!(matches!(patch, ObjectPatch::Delete(_)));
    assert!(!errors("Operation: Delete\nkind: Pod\nname: a").is_empty());
}

#[test]
fn an_empty_patch_is_a_mistake() {
    for text in [
        "operation: MergePatch\nkind: Pod\nname: a\nmergePatch: {}",
        "operation: JSONPatch\nkind: Pod\nname: a\njsonPatch: []",
        "operation: Create\nobject: {}",
    ] {
        let errors = errors(text);
        assert_eq!(errors.len(), 1, "{text}");
        assert!(errors[0].ends_with("must not be empty"), "{errors:?}");
    }
}
