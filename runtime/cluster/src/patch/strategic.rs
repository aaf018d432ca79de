//! Strategic merge patch: JSON Merge Patch that knows the lists of the built-in types.
//!
//! See <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md>.

use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::schema::{Field, PatchStrategy, Schema, or_any};
use crate::tree::Tree;

const DIRECTIVE: &str = "$patch";
const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";
const RETAIN: &str = "$retainKeys";

/// Applies a strategic merge patch.
pub(crate) fn strategic(schema: &Schema, old: &Value, patch: &Value) -> Result<Value, ApiError> {
    let (Some(old), Some(patch)) = (old.as_object(), patch.as_object()) else {
        return Err(ApiError::bad_request(
            "error decoding patch: expected an object",
        ));
    };
    Ok(Value::Object(merge_map(schema, old, patch)?))
}

fn wrong(message: impl Into<String>) -> ApiError {
    ApiError::bad_request(message)
}

fn strategy<'a>(schema: &'a Schema, key: &str) -> (Option<&'a PatchStrategy>, &'a Schema) {
    match schema.properties.get(key) {
        Some(Field { schema, patch, .. }) => (patch.as_ref(), schema.get()),
        None => (None, or_any(schema.additional.as_ref())),
    }
}

fn merge_map(
    schema: &Schema,
    old: &Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, ApiError> {
    match patch
        .get(DIRECTIVE)
        .map(|directive| directive.as_str().unwrap_or_default())
    {
        None | Some("merge") => {}
        Some("replace") => {
            let mut replaced = patch.clone();
            replaced.remove(DIRECTIVE);
            return Ok(replaced);
        }
        Some("delete") => return Ok(Map::new()),
        Some(other) => return Err(wrong(format!("Unknown patch type: {other}"))),
    }
    let mut out = old.clone();
    if let Some(retained) = patch.get(RETAIN).and_then(Value::as_array) {
        out.retain(|key, _| retained.iter().any(|one| one == key.as_str()));
    }
    for (key, value) in patch {
        if key == DIRECTIVE || key == RETAIN || key.starts_with(ORDER) {
            continue;
        }
        if let Some(list) = key.strip_prefix(DELETE_PRIMITIVES) {
            if let (Some(items), Some(gone)) = (
                out.get_mut(list).and_then(Value::as_array_mut),
                value.as_array(),
            ) {
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if value.is_null() {
            out.remove(key);
            continue;
        }
        let (strategy, below) = strategy(schema, key);
        let ordered = patch.contains_key(&format!("{ORDER}{key}"));
        let current = out.get(key);
        let merged = match (current, value) {
            (_, Value::Object(patch)) => {
                let empty = Map::new();
                Value::Object(merge_map(
                    below,
                    current.and_then(Value::as_object).unwrap_or(&empty),
                    patch,
                )?)
            }
            (_, Value::Array(patch)) if strategy.is_some_and(|strategy| strategy.merge) => {
                let key = strategy
                    .map(|strategy| strategy.key.as_str())
                    .unwrap_or_default();
                let items = or_any(below.items.as_ref());
                let old = current
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let merged = merge_list(items, key, old, patch)?;
                if ordered {
                    Value::Array(merged)
                } else {
                    Value::Array(patched_first(merged, key, old, patch))
                }
            }
            _ => value.clone(),
        };
        // A map that the patch deleted is not left behind empty.
        if value
            .get(DIRECTIVE)
            .is_some_and(|directive| directive == "delete")
        {
            out.remove(key);
        } else {
            out.insert(key.clone(), merged);
        }
    }
    for (key, order) in patch {
        let Some(list) = key.strip_prefix(ORDER) else {
            continue;
        };
        let (strategy, _) = strategy(schema, list);
        let merge_key = strategy
            .map(|strategy| strategy.key.clone())
            .unwrap_or_default();
        if let (Some(items), Some(order)) = (
            out.get_mut(list).and_then(Value::as_array_mut),
            order.as_array(),
        ) {
            set_order(items, &merge_key, order);
        }
    }
    Ok(out)
}

fn merge_list(
    items: &Schema,
    key: &str,
    old: &[Value],
    patch: &[Value],
) -> Result<Vec<Value>, ApiError> {
    if key.is_empty() {
        let mut out = old.to_vec();
        out.extend(patch.iter().filter(|item| !old.contains(item)).cloned());
        return Ok(out);
    }
    let mut out: Vec<Value> = old.to_vec();
    let replaces = patch.iter().any(|item| {
        item.at(DIRECTIVE) == "replace" && item.as_object().is_some_and(|item| item.len() == 1)
    });
    if replaces {
        let kept = patch
            .iter()
            .filter(|item| item.get(DIRECTIVE).is_none())
            .cloned()
            .collect();
        return Ok(kept);
    }
    for item in patch {
        let Some(wanted) = item.get(key) else {
            return Err(wrong(format!(
                "map: {item} does not contain declared merge key: {key}"
            )));
        };
        let at = out.iter().position(|one| one.get(key) == Some(wanted));
        match item.at(DIRECTIVE).as_str() {
            Some("delete") => out.retain(|one| one.get(key) != Some(wanted)),
            Some("replace") => {
                let mut fresh = item.clone();
                if let Some(map) = fresh.as_object_mut() {
                    map.remove(DIRECTIVE);
                }
                match at.and_then(|at| out.get_mut(at)) {
                    Some(one) => *one = fresh,
                    None => out.push(fresh),
                }
            }
            _ => {
                let empty = Map::new();
                let patch = item.as_object().unwrap_or(&empty);
                match at.and_then(|at| out.get_mut(at)) {
                    Some(one) => {
                        *one = Value::Object(merge_map(
                            items,
                            one.as_object().unwrap_or(&empty),
                            patch,
                        )?)
                    }
                    None => out.push(Value::Object(merge_map(items, &empty, patch)?)),
                }
            }
        }
    }
    Ok(out)
}

/// The order of a merged list whose patch names none: of the next item of the patch and the next item that only the
/// server has, the patch's comes first, unless both were there before the other way round.
fn patched_first(merged: Vec<Value>, key: &str, old: &[Value], patch: &[Value]) -> Vec<Value> {
    let identity = |item: &Value| {
        if key.is_empty() {
            item.clone()
        } else {
            item.at(key).clone()
        }
    };
    let place =
        |list: &[Value], item: &Value| list.iter().position(|one| identity(one) == identity(item));
    let (mut given, kept): (Vec<Value>, Vec<Value>) = merged
        .into_iter()
        .partition(|item| place(patch, item).is_some());
    given.sort_by_key(|item| place(patch, item));
    let mut out = Vec::with_capacity(given.len() + kept.len());
    let mut given = given.into_iter().peekable();
    for item in kept {
        while let Some(next) = given.next_if(|next| {
            let both = place(old, &item).zip(place(old, next));
            both.is_none_or(|(item, next)| item >= next)
        }) {
            out.push(next);
        }
        out.push(item);
    }
    out.extend(given);
    out
}

/// Items that the order names come in its order, where the first of them was; others keep their places behind their
/// predecessors.
fn set_order(items: &mut Vec<Value>, key: &str, order: &[Value]) {
    let identity = |item: &Value| {
        if key.is_empty() {
            item.clone()
        } else {
            item.at(key).clone()
        }
    };
    let wanted = |entry: &Value| {
        if key.is_empty() {
            entry.clone()
        } else {
            entry.at(key).clone()
        }
    };
    let mut ordered: Vec<Value> = Vec::new();
    let mut rest = std::mem::take(items);
    for entry in order {
        if let Some(at) = rest.iter().position(|item| identity(item) == wanted(entry)) {
            // What stood before it and is not named stays before it.
            let mut before: Vec<Value> = rest.drain(..=at).collect();
            let this = before.pop();
            let (named, unnamed): (Vec<_>, Vec<_>) = before
                .into_iter()
                .partition(|item| order.iter().any(|entry| wanted(entry) == identity(item)));
            ordered.extend(unnamed);
            ordered.extend(this);
            let mut back = named;
            back.append(&mut rest);
            rest = back;
        }
    }
    ordered.append(&mut rest);
    *items = ordered;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::builtin;
    use serde_json::json;

    fn patched(old: Value, patch: Value) -> Value {
        let schema = builtin::of_kind("", "v1", "Pod").unwrap();
        strategic(schema.get(), &old, &patch).unwrap()
    }

    #[test]
    fn containers_are_merged_by_name() {
        let old = json!({"spec": {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "1"}]}});
        let new = patched(
            old,
            json!({"spec": {"containers": [{"name": "a", "image": "2", "env": [{"name": "Y", "value": "2"}]}, {"name": "c"}]}}),
        );
        assert_eq!(
            new,
            json!({"spec": {"containers": [{"name": "a", "image": "2", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]}, {"name": "c"}, {"name": "b", "image": "1"}]}})
        );
    }

    #[test]
    fn directives() {
        let old = json!({"metadata": {"finalizers": ["a/b", "c/d"], "labels": {"x": "y"}}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let new = patched(
            old,
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"], "labels": {"$patch": "replace", "z": "1"}}, "spec": {"containers": [{"name": "a", "$patch": "delete"}]}}),
        );
        assert_eq!(
            new,
            json!({"metadata": {"finalizers": ["c/d"], "labels": {"z": "1"}}, "spec": {"containers": [{"name": "b"}]}})
        );
        let new = patched(
            json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}),
            json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}),
        );
        assert_eq!(new["spec"]["containers"][0]["name"], "b");
        let new = patched(
            json!({"spec": {"nodeName": "x", "volumes": [{"name": "v", "emptyDir": {}}]}}),
            json!({"spec": {"nodeName": null, "volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}}),
        );
        assert_eq!(
            new,
            json!({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}})
        );
    }
}
