//! OpenAPI documents, made from the same types that objects are checked with: enough for kubectl to validate, to explain
//! and to make patches.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::discovery::VERSION;
use crate::error::ApiError;
use crate::kinds::{Kind, Kinds};
use crate::schema::{Field, ListKind, Schema, SchemaRef, Type, builtin};
use crate::server::{Reply, Server};
use crate::tree::Tree;

/// Answers a path below `/openapi`.
pub(crate) fn answer(_server: &Server, kinds: &Kinds, path: &str) -> Result<Reply, ApiError> {
    if path == "v2" {
        return Ok(Reply::value(200, &v2(kinds)));
    }
    let rest = path.strip_prefix("v3").ok_or_else(ApiError::no_such_path)?;
    match rest
        .split('/')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Ok(Reply::value(200, &index(kinds))),
        ["api", version] => document(kinds, "", version),
        ["apis", group, version] => document(kinds, group, version),
        _ => Err(ApiError::no_such_path()),
    }
}

fn index(kinds: &Kinds) -> Value {
    let mut paths = Map::new();
    for group in kinds.groups() {
        for version in &group.versions {
            let path = if group.name.is_empty() {
                format!("api/{version}")
            } else {
                format!("apis/{}/{version}", group.name)
            };
            let url = format!("/openapi/v3/{path}");
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

fn document(kinds: &Kinds, group: &str, version: &str) -> Result<Reply, ApiError> {
    if !kinds.has_version(group, version) {
        return Err(ApiError::no_such_path());
    }
    let mut writer = Writer {
        prefix: "#/components/schemas/",
        schemas: Map::new(),
        wanted: BTreeSet::new(),
    };
    let mut paths = Map::new();
    for kind in kinds.in_version(group, version) {
        let name = writer.kind(kind);
        paths.extend(paths_of(kind, &name));
    }
    writer.finish();
    let (_, _, release) = VERSION;
    Ok(Reply::value(
        200,
        &json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": release}, "paths": paths, "components": {"schemas": writer.schemas}}),
    ))
}

fn v2(kinds: &Kinds) -> Value {
    let mut writer = Writer {
        prefix: "#/definitions/",
        schemas: Map::new(),
        wanted: BTreeSet::new(),
    };
    for kind in kinds.all() {
        writer.kind(kind);
    }
    writer.finish();
    let (_, _, release) = VERSION;
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": release}, "paths": {}, "definitions": writer.schemas})
}

/// The paths of a kind, as far as kubectl looks at them: what can be patched, and how.
fn paths_of(kind: &Kind, name: &str) -> Map<String, Value> {
    let base = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    let scope = if kind.namespaced {
        "/namespaces/{namespace}"
    } else {
        ""
    };
    let collection = format!("{base}{scope}/{}", kind.plural);
    let gvk = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    let parameters: Vec<Value> =
        ["dryRun", "fieldManager", "fieldValidation", "pretty"].iter().map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}})).collect();
    let reference = json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
    let operation = |action: &str| {
        json!({
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
            "parameters": parameters,
            "responses": {"200": {"description": "OK", "content": {"application/json": reference}}},
        })
    };
    let mut patch = operation("patch");
    let mut languages = vec![
        "application/apply-patch+yaml",
        "application/json-patch+json",
        "application/merge-patch+json",
    ];
    if kind.custom.is_none() {
        languages.push("application/strategic-merge-patch+json");
    }
    let content: Map<String, Value> = languages
        .iter()
        .map(|language| {
            (
                (*language).to_owned(),
                json!({"schema": {"type": "object"}}),
            )
        })
        .collect();
    patch.put("requestBody", json!({"content": content, "required": true}));
    let mut paths = Map::new();
    paths.insert(
        collection.clone(),
        json!({"get": operation("list"), "post": operation("post")}),
    );
    if kind.has_verb("patch") {
        paths.insert(format!("{collection}/{{name}}"), json!({"get": operation("get"), "put": operation("put"), "patch": patch, "delete": operation("delete")}));
    }
    paths
}

struct Writer {
    prefix: &'static str,
    schemas: Map<String, Value>,
    /// Built-in types that were referred to and are not written yet.
    wanted: BTreeSet<usize>,
}

/// The full name of a type in the table.
fn full_name(name: &str) -> String {
    match name.split_once('.') {
        Some(("meta", rest)) => format!("io.k8s.apimachinery.pkg.apis.meta.{rest}"),
        Some(("apiextensions", rest)) => {
            format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.{rest}")
        }
        Some(("apiregistration", rest)) => {
            format!("io.k8s.kube-aggregator.pkg.apis.apiregistration.{rest}")
        }
        _ => format!("io.k8s.api.{name}"),
    }
}

impl Writer {
    /// Writes the type of a kind; gives its name.
    fn kind(&mut self, kind: &Kind) -> String {
        let gvk = json!([{"group": kind.group, "version": kind.version, "kind": kind.kind}]);
        if let Some(custom) = &kind.custom {
            let mut parts: Vec<&str> = kind.group.split('.').collect();
            parts.reverse();
            let name = format!("{}.{}.{}", parts.join("."), kind.version, kind.kind);
            let mut schema = custom
                .declared
                .clone()
                .unwrap_or_else(|| json!({"type": "object"}));
            if let Some(map) = schema.as_object_mut() {
                let meta = self.reference(&builtin::object_meta());
                let properties = map.entry("properties").or_insert_with(|| json!({}));
                if let Some(properties) = properties.as_object_mut() {
                    properties.insert("apiVersion".into(), json!({"type": "string"}));
                    properties.insert("kind".into(), json!({"type": "string"}));
                    properties.insert("metadata".into(), meta);
                }
                map.insert("x-kubernetes-group-version-kind".into(), gvk);
            }
            self.schemas.insert(name.clone(), schema);
            return name;
        }
        let SchemaRef::Type(number) = kind.schema else {
            return String::new();
        };
        let name = full_name(builtin::name_of(number).unwrap_or_default());
        let mut schema = self.schema(builtin::by_number(number));
        if let Some(map) = schema.as_object_mut() {
            map.insert("x-kubernetes-group-version-kind".into(), gvk);
        }
        self.schemas.insert(name.clone(), schema);
        name
    }

    /// Writes all types that were referred to.
    fn finish(&mut self) {
        while let Some(number) = self.wanted.pop_first() {
            let name = full_name(builtin::name_of(number).unwrap_or_default());
            if !self.schemas.contains_key(&name) {
                self.schemas.insert(name.clone(), Value::Null);
                let schema = self.schema(builtin::by_number(number));
                self.schemas.insert(name, schema);
            }
        }
    }

    fn reference(&mut self, schema: &SchemaRef) -> Value {
        match schema {
            SchemaRef::Type(number) => {
                self.wanted.insert(*number);
                let name = full_name(builtin::name_of(*number).unwrap_or_default());
                // A reference alone may have no siblings.
                json!({"allOf": [{"$ref": format!("{}{name}", self.prefix)}]})
            }
            other => self.schema(other.get()),
        }
    }

    fn schema(&mut self, schema: &Schema) -> Value {
        let (kind, format) = match schema.kind {
            Type::Any => ("", ""),
            Type::Object => ("object", ""),
            Type::Array => ("array", ""),
            Type::String | Type::Quantity => ("string", ""),
            Type::Int32 => ("integer", "int32"),
            Type::Int64 => ("integer", "int64"),
            Type::Number => ("number", "double"),
            Type::Boolean => ("boolean", ""),
            Type::IntOrString => ("", "int-or-string"),
            Type::Bytes => ("string", "byte"),
            Type::Time | Type::MicroTime => ("string", "date-time"),
        };
        let mut out = Map::new();
        if !kind.is_empty() && schema.kind != Type::Quantity {
            out.insert("type".into(), kind.into());
        }
        if schema.kind == Type::Quantity || schema.kind == Type::IntOrString {
            out.insert("oneOf".into(), json!([{"type": "string"}, {"type": if schema.kind == Type::Quantity { "number" } else { "integer" }}]));
        }
        if !format.is_empty() {
            out.insert("format".into(), format.into());
        }
        if !schema.properties.is_empty() {
            let properties: Map<String, Value> = schema
                .properties
                .iter()
                .map(|(name, field)| (name.clone(), self.field(field)))
                .collect();
            out.insert("properties".into(), properties.into());
        }
        if !schema.required.is_empty() {
            out.insert("required".into(), json!(schema.required));
        }
        if let Some(values) = &schema.additional {
            let values = self.reference(values);
            out.insert("additionalProperties".into(), values);
        }
        if let Some(items) = &schema.items {
            let items = self.reference(items);
            out.insert("items".into(), items);
            match &schema.list {
                ListKind::Atomic => {}
                ListKind::Set => {
                    out.insert("x-kubernetes-list-type".into(), "set".into());
                }
                ListKind::Map(keys) => {
                    out.insert("x-kubernetes-list-type".into(), "map".into());
                    out.insert("x-kubernetes-list-map-keys".into(), json!(keys));
                }
            }
        }
        if schema.atomic {
            out.insert("x-kubernetes-map-type".into(), "atomic".into());
        }
        Value::Object(out)
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut value = self.reference(&field.schema);
        let Some(map) = value.as_object_mut() else {
            return value;
        };
        if let Some(patch) = &field.patch {
            let mut strategy = Vec::new();
            if patch.merge {
                strategy.push("merge");
            }
            if patch.retain_keys {
                strategy.push("retainKeys");
            }
            map.insert(
                "x-kubernetes-patch-strategy".into(),
                strategy.join(",").into(),
            );
            if !patch.key.is_empty() {
                map.insert(
                    "x-kubernetes-patch-merge-key".into(),
                    patch.key.clone().into(),
                );
            }
        }
        if let Some(default) = &field.default {
            map.insert("default".into(), default.clone());
        }
        value
    }
}
