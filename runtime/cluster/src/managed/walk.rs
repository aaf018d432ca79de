//! Which fields an object has, and which differ between two objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::set::Set;
use crate::schema::{ListKind, Schema, SchemaRef, Type, builtin, or_any};

/// What server-side apply takes a value for.
pub(super) enum Shape<'a> {
    /// Owned as a whole.
    Leaf,
    /// Owned key by key.
    Map(&'a Map<String, Value>),
    /// Owned item by item.
    List(&'a [Value], &'a ListKind),
}

/// The schema below a key, and whether the key is a declared field and owned as a whole.
pub(super) struct Below<'a> {
    pub(super) schema: &'a Schema,
    pub(super) declared: bool,
    pub(super) atomic: bool,
}

pub(super) fn below<'a>(schema: &'a Schema, key: &str, root: bool) -> Below<'a> {
    if (root || schema.embedded) && key == "metadata" {
        static META: std::sync::LazyLock<SchemaRef> =
            std::sync::LazyLock::new(builtin::object_meta);
        return Below {
            schema: META.get(),
            declared: true,
            atomic: false,
        };
    }
    match schema.properties.get(key) {
        Some(field) => Below {
            schema: field.schema.get(),
            declared: true,
            atomic: field.atomic || field.schema.get().atomic,
        },
        None => {
            let schema = or_any(schema.additional.as_ref());
            Below {
                schema,
                declared: false,
                atomic: schema.atomic,
            }
        }
    }
}

pub(super) fn shape<'a>(schema: &'a Schema, atomic: bool, value: &'a Value) -> Shape<'a> {
    match value {
        _ if atomic => Shape::Leaf,
        Value::Object(map) if matches!(schema.kind, Type::Object | Type::Any) => Shape::Map(map),
        Value::Array(items) if schema.list != ListKind::Atomic => Shape::List(items, &schema.list),
        _ => Shape::Leaf,
    }
}

/// The path element of a list item.
pub(super) fn element(list: &ListKind, items: Option<&SchemaRef>, item: &Value) -> String {
    match list {
        ListKind::Map(keys) => {
            let schema = items.map(SchemaRef::get);
            let mut named = BTreeMap::new();
            for key in keys {
                let default = || {
                    schema
                        .and_then(|schema| schema.properties.get(key))
                        .and_then(|field| field.default.clone())
                        .unwrap_or(Value::Null)
                };
                named.insert(key.clone(), item.get(key).cloned().unwrap_or_else(default));
            }
            format!("k:{}", serde_json::to_string(&named).unwrap_or_default())
        }
        _ => format!("v:{item}"),
    }
}

/// The fields that an applied object sets.
pub(super) fn fields_of(schema: &Schema, value: &Value) -> Set {
    let mut set = Set::default();
    collect(schema, value, false, true, &mut Vec::new(), &mut set);
    set
}

fn collect(
    schema: &Schema,
    value: &Value,
    atomic: bool,
    root: bool,
    path: &mut Vec<String>,
    set: &mut Set,
) {
    match shape(schema, atomic, value) {
        Shape::Leaf => set.insert(path),
        Shape::Map(map) => {
            for (key, child) in map {
                let below = below(schema, key, root);
                path.push(format!("f:{key}"));
                collect(below.schema, child, below.atomic, false, path, set);
                let empty = child.is_null() || child.as_object().is_some_and(Map::is_empty);
                if empty || !below.declared {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Shape::List(items, list) => {
            for item in items {
                path.push(element(list, schema.items.as_ref(), item));
                if let Some(of_item) = &schema.items {
                    collect(of_item.get(), item, of_item.get().atomic, false, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
    }
}

/// What differs between two objects.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: Set,
    pub(super) modified: Set,
    pub(super) removed: Set,
}

pub(super) fn compare(schema: &Schema, old: Option<&Value>, new: Option<&Value>) -> Comparison {
    let mut comparison = Comparison::default();
    walk(
        schema,
        old,
        new,
        false,
        true,
        &mut Vec::new(),
        &mut comparison,
    );
    comparison
}

fn walk(
    schema: &Schema,
    old: Option<&Value>,
    new: Option<&Value>,
    atomic: bool,
    root: bool,
    path: &mut Vec<String>,
    out: &mut Comparison,
) {
    if old == new {
        return;
    }
    let shapes = (
        old.map(|old| shape(schema, atomic, old)),
        new.map(|new| shape(schema, atomic, new)),
    );
    match shapes {
        (None | Some(Shape::Map(_)), None | Some(Shape::Map(_))) => {
            let empty = Map::new();
            let (before, after) = (
                old.and_then(Value::as_object).unwrap_or(&empty),
                new.and_then(Value::as_object).unwrap_or(&empty),
            );
            let keys = before
                .keys()
                .chain(after.keys().filter(|key| !before.contains_key(*key)));
            for key in keys {
                let below = below(schema, key, root);
                path.push(format!("f:{key}"));
                walk(
                    below.schema,
                    before.get(key),
                    after.get(key),
                    below.atomic,
                    false,
                    path,
                    out,
                );
                path.pop();
            }
            ends(schema, old, new, path, out);
        }
        (None | Some(Shape::List(..)), None | Some(Shape::List(..))) => {
            let items = |value: Option<&Value>| {
                value.and_then(Value::as_array).cloned().unwrap_or_default()
            };
            let of_item = schema.items.as_ref();
            let keyed = |value: Option<&Value>| {
                items(value)
                    .into_iter()
                    .map(|item| (element(&schema.list, of_item, &item), item))
                    .collect::<BTreeMap<_, _>>()
            };
            let (before, after) = (keyed(old), keyed(new));
            for name in before
                .keys()
                .chain(after.keys().filter(|name| !before.contains_key(*name)))
            {
                path.push(name.clone());
                let schema = or_any(of_item);
                walk(
                    schema,
                    before.get(name),
                    after.get(name),
                    schema.atomic,
                    false,
                    path,
                    out,
                );
                path.pop();
            }
            ends(schema, old, new, path, out);
        }
        _ => match (old, new) {
            (None, _) => out.added.insert(path),
            (_, None) => out.removed.insert(path),
            _ => out.modified.insert(path),
        },
    }
}

/// A map or a list that came or went is itself added or removed; structs that Go always writes are not.
fn ends(
    schema: &Schema,
    old: Option<&Value>,
    new: Option<&Value>,
    path: &[String],
    out: &mut Comparison,
) {
    let always_there = !schema.name.is_empty()
        && path.last().is_some_and(|last| {
            matches!(
                last.as_str(),
                "f:metadata"
                    | "f:spec"
                    | "f:status"
                    | "f:template"
                    | "f:strategy"
                    | "f:updateStrategy"
                    | "f:jobTemplate"
                    | "f:involvedObject"
                    | "f:source"
                    | "f:loadBalancer"
            )
        });
    let empty = new
        .or(old)
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty);
    if always_there && !empty {
        return;
    }
    match (old, new) {
        (None, Some(_)) => out.added.insert(path),
        (Some(_), None) => out.removed.insert(path),
        _ => {}
    }
}
