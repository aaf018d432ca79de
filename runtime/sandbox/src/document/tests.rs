//! What writes do, and what is told of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn steps(path: &str) -> Vec<String> {
    pointer::parse(path).unwrap()
}

fn read(document: &Document, path: &str) -> Option<Value> {
    let text = document.get(&steps(path))?.text(u64::MAX).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn add(path: &str, value: Value) -> ValuesPatchOperation {
    ValuesPatchOperation::Add {
        path: path.to_owned(),
        value,
    }
}

fn module() -> Document {
    Document::new(Arc::new(
        json!({"m": {"on": true, "list": [1, {"x": [2]}], "a/b": {"c": 1}}, "global": {}}),
    ))
}

#[test]
fn a_run_sees_its_own_writes_and_the_rest_unchanged() {
    let mut document = module();
    assert_eq!(
        document.set(&steps("/m/on"), json!(false)),
        Ok(add("/m/on", json!(false)))
    );
    assert_eq!(
        document.set(&steps("/m/new"), json!({"k": [1]})),
        Ok(add("/m/new", json!({"k": [1]})))
    );
    assert_eq!(
        document.set(&steps("/m/new/j"), json!(2)),
        Ok(add("/m/new/j", json!(2)))
    );
    assert_eq!(
        document.set(&steps("/m/a~1b/c"), json!("d")),
        Ok(add("/m/a~1b/c", json!("d")))
    );
    assert_eq!(
        read(&document, ""),
        Some(
            json!({"m": {"on": false, "list": [1, {"x": [2]}], "a/b": {"c": "d"}, "new": {"k": [1], "j": 2}},
            "global": {}})
        )
    );
    assert_eq!(read(&document, "/m/new/k/0"), Some(json!(1)));
    assert_eq!(read(&document, "/m/none"), None);
    let removed = document.remove(&steps("/m/a~1b"));
    assert_eq!(
        removed,
        Ok(ValuesPatchOperation::Remove {
            path: "/m/a~1b".into()
        })
    );
    assert_eq!(read(&document, "/m/a~1b"), None);
    assert!(document.remove(&steps("/m/a~1b")).is_err());
}

#[test]
fn writes_into_arrays_are_told_as_the_whole_array() {
    let mut document = module();
    assert_eq!(
        document.set(&steps("/m/list/-"), json!(3)),
        Ok(add("/m/list", json!([1, {"x": [2]}, 3])))
    );
    assert_eq!(
        document.set(&steps("/m/list/-"), json!(4)),
        Ok(add("/m/list", json!([1, {"x": [2]}, 3, 4])))
    );
    assert_eq!(
        document.set(&steps("/m/list/0"), json!(0)),
        Ok(add("/m/list", json!([0, {"x": [2]}, 3, 4])))
    );
    assert_eq!(
        document.set(&steps("/m/list/1/x/1"), json!(5)),
        Ok(add("/m/list", json!([0, {"x": [2, 5]}, 3, 4])))
    );
    assert_eq!(
        document.remove(&steps("/m/list/0")),
        Ok(add("/m/list", json!([{"x": [2, 5]}, 3, 4])))
    );
    assert_eq!(
        document.remove(&steps("/m/list/0/x")),
        Ok(add("/m/list", json!([{}, 3, 4])))
    );
}

#[test]
fn what_has_no_place_is_refused_and_changes_nothing() {
    let mut document = module();
    for path in [
        "/x/y",
        "/m/on/x",
        "/m/list/3",
        "/m/list/01",
        "/m/list/x",
        "/m/list/-/x",
        "/m/list/0/x",
    ] {
        let answer = document.set(&steps(path), json!(1));
        assert!(
            matches!(answer, Err(WriteError::NoSuchPath(_))),
            "{path}: {answer:?}"
        );
    }
    for path in ["", "/x", "/m/list/-", "/m/list/2", "/m/on/x"] {
        let answer = document.remove(&steps(path));
        assert!(
            matches!(answer, Err(WriteError::NoSuchPath(_))),
            "{path}: {answer:?}"
        );
    }
    assert!(matches!(
        document.set(&[], json!(1)),
        Err(WriteError::InvalidValue(_))
    ));
    assert_eq!(read(&document, ""), read(&module(), ""));
}

#[test]
fn no_values_look_like_an_empty_object() {
    let mut document = Document::new(Arc::default());
    assert_eq!(read(&document, ""), Some(json!({})));
    assert_eq!(
        document.set(&steps("/a"), json!(1)),
        Ok(add("/a", json!(1)))
    );
    assert_eq!(
        document.set(&[], json!({"b": 2})),
        Ok(add("", json!({"b": 2})))
    );
    assert_eq!(read(&document, ""), Some(json!({"b": 2})));
}

#[test]
fn a_text_over_the_budget_is_not_made() {
    let document = module();
    assert_eq!(
        document.get(&steps("/m/list")).unwrap().text(15).unwrap(),
        r#"[1,{"x":[2]}]"#
    );
    assert_eq!(document.get(&steps("/m/list")).unwrap().text(5), None);
}

/// Apply the operations told to a plain document, strictly as RFC 6902 has it.
fn apply(document: &mut Value, operation: &ValuesPatchOperation) {
    let (path, value) = match operation {
        ValuesPatchOperation::Add { path, value } => (path, Some(value)),
        ValuesPatchOperation::Remove { path } => (path, None),
    };
    let Some((parent, last)) = path.rsplit_once('/') else {
        *document = value.unwrap().clone();
        return;
    };
    let parent = document
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    match value {
        Some(value) => drop(parent.insert(last.to_owned(), value.clone())),
        None => drop(parent.remove(last).unwrap()),
    }
}

proptest! {
    /// Whatever a hook writes, the operations told lead to the document that the hook saw, and no operation told
    /// goes into an array.
    #[test]
    fn what_is_told_leads_to_what_was_seen(
        writes in prop::collection::vec(("(/[abl01-]){1,4}", prop::bool::ANY, 0..4usize), 0..30)
    ) {
        let base = json!({"a": {"b": {"l": [0, {"a": 1}]}}, "l": [[1, 2], {"b": 3}], "b": 1});
        let mut document = Document::new(Arc::new(base.clone()));
        let mut plain = base;
        for (path, set, value) in writes {
            let value = [json!(7), json!({"a": {}}), json!([]), json!({"l": [1]})][value].clone();
            let steps = steps(&path);
            let told = if set { document.set(&steps, value) } else { document.remove(&steps) };
            if let Ok(told) = told {
                apply(&mut plain, &told);
            }
            prop_assert_eq!(read(&document, ""), Some(plain.clone()));
        }
    }
}
