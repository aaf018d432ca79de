//! Joins an applied object into a live one.

use serde_json::{Map, Value};

use super::walk::{Shape, below, element, shape};
use crate::schema::{ListKind, Schema, or_any};

/// `live` with everything that `config` says.
pub(super) fn merge(
    schema: &Schema,
    live: Option<&Value>,
    config: &Value,
    atomic: bool,
    root: bool,
) -> Value {
    match (
        live.map(|live| shape(schema, atomic, live)),
        shape(schema, atomic, config),
    ) {
        (Some(Shape::Map(live)), Shape::Map(config)) => {
            let mut out = live.clone();
            for (key, value) in config {
                let below = below(schema, key, root);
                let merged = merge(below.schema, live.get(key), value, below.atomic, false);
                out.insert(key.clone(), merged);
            }
            Value::Object(out)
        }
        (Some(Shape::List(live, list)), Shape::List(config, _)) => {
            merge_list(schema, live, config, list)
        }
        _ => config.clone(),
    }
}

fn merge_list(schema: &Schema, live: &[Value], config: &[Value], list: &ListKind) -> Value {
    let items = schema.items.as_ref();
    let of_item = or_any(items);
    let name = |item: &Value| element(list, items, item);
    let mut out: Vec<Value> = live.to_vec();
    for item in config {
        let wanted = name(item);
        match out.iter_mut().find(|one| name(one) == wanted) {
            Some(one) => *one = merge(of_item, Some(&one.clone()), item, of_item.atomic, false),
            None => out.push(item.clone()),
        }
    }
    Value::Array(out)
}

/// Removes what is at a path. Maps and lists that become empty by it go as well.
pub(super) fn remove(schema: &Schema, value: &mut Value, path: &[String]) {
    remove_at(schema, value, path, true);
}

fn remove_at(schema: &Schema, value: &mut Value, path: &[String], root: bool) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    match value {
        Value::Object(map) => {
            let Some(key) = first.strip_prefix("f:") else {
                return;
            };
            if rest.is_empty() {
                map.remove(key);
                return;
            }
            let below = below(schema, key, root);
            if let Some(child) = map.get_mut(key) {
                let had = !is_empty(child);
                remove_at(below.schema, child, rest, false);
                if had && is_empty(child) {
                    map.remove(key);
                }
            }
        }
        Value::Array(items) => {
            let name = |item: &Value| element(&schema.list, schema.items.as_ref(), item);
            let Some(at) = items.iter().position(|item| name(item) == *first) else {
                return;
            };
            if rest.is_empty() {
                items.remove(at);
            } else if let (Some(item), Some(of_item)) = (items.get_mut(at), &schema.items) {
                remove_at(of_item.get(), item, rest, false);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().map_or_else(
        || value.as_array().is_some_and(Vec::is_empty),
        Map::is_empty,
    )
}
