//! Reads `openAPIV3Schema` of a CustomResourceDefinition.

use std::sync::Arc;

use regex::RegexBuilder;
use serde_json::Value;

use super::validate::Rules;
use super::{Field, ListKind, Schema, SchemaRef, Type};
use crate::tree::Tree;

/// Why a schema is not accepted: where, and what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SchemaError {
    pub(crate) path: String,
    pub(crate) message: String,
}

const MAX_DEPTH: usize = 64;
/// Bytes that one compiled pattern may take.
const MAX_PATTERN: usize = 1 << 20;

/// Reads a schema; `path` is where it is in the definition.
pub(crate) fn structural(declared: &Value, path: &str) -> Result<Schema, SchemaError> {
    read(declared, path, 0, true)
}

fn read(
    declared: &Value,
    path: &str,
    depth: usize,
    must_be_typed: bool,
) -> Result<Schema, SchemaError> {
    let fail = |message: &str| {
        Err(SchemaError {
            path: path.to_owned(),
            message: message.to_owned(),
        })
    };
    if depth > MAX_DEPTH {
        return fail("nested too deeply");
    }
    let flag = |key: &str| declared.at(key).as_bool().unwrap_or(false);
    let int_or_string = flag("x-kubernetes-int-or-string");
    let preserve = flag("x-kubernetes-preserve-unknown-fields");
    let kind = match declared.at("type").as_str() {
        _ if int_or_string => Type::IntOrString,
        Some("object") => Type::Object,
        Some("array") => Type::Array,
        Some("string") => Type::String,
        Some("integer") => Type::Int64,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        Some(_) => return fail("must be one of array, boolean, integer, number, object, string"),
        None if preserve || !must_be_typed => Type::Any,
        None => {
            return Err(SchemaError {
                path: format!("{path}.type"),
                message: "must not be empty for specified object fields".into(),
            });
        }
    };
    let mut schema = Schema::new(kind);
    schema.preserve = preserve;
    schema.embedded = flag("x-kubernetes-embedded-resource");
    schema.nullable = flag("nullable");
    schema.atomic = declared.at("x-kubernetes-map-type") == "atomic";
    schema.default = declared.get("default").cloned();
    schema.required = declared
        .at("required")
        .as_array()
        .map(|names| {
            names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    schema.list = match declared.at("x-kubernetes-list-type").as_str() {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(
            declared
                .at("x-kubernetes-list-map-keys")
                .as_array()
                .map(|keys| {
                    keys.iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect()
                })
                .unwrap_or_default(),
        ),
        _ => ListKind::Atomic,
    };
    for (name, property) in declared.at("properties").as_object().into_iter().flatten() {
        // Root metadata may be given without a type of its fields; apiVersion and kind are known anyhow.
        let typed = must_be_typed && !(depth == 0 && name == "metadata");
        let child = read(
            property,
            &format!("{path}.properties[{name}]"),
            depth + 1,
            typed,
        )?;
        let field = Field {
            atomic: child.atomic,
            default: child.default.clone(),
            patch: None,
            schema: SchemaRef::Own(Arc::new(child)),
        };
        schema.properties.insert(name.clone(), field);
    }
    match declared.at("additionalProperties") {
        Value::Bool(true) => schema.additional = Some(SchemaRef::Any),
        values @ Value::Object(_) => {
            schema.additional = Some(SchemaRef::Own(Arc::new(read(
                values,
                &format!("{path}.additionalProperties"),
                depth + 1,
                must_be_typed,
            )?)))
        }
        _ => {}
    }
    match declared.at("items") {
        items @ Value::Object(_) => {
            schema.items = Some(SchemaRef::Own(Arc::new(read(
                items,
                &format!("{path}.items"),
                depth + 1,
                must_be_typed,
            )?)))
        }
        _ if kind == Type::Array && must_be_typed => {
            return Err(SchemaError {
                path: format!("{path}.items"),
                message: "must be specified".into(),
            });
        }
        _ => {}
    }
    schema.rules = rules(declared, path, depth)?.map(Box::new);
    Ok(schema)
}

fn rules(declared: &Value, path: &str, depth: usize) -> Result<Option<Rules>, SchemaError> {
    let number = |key: &str| declared.at(key).as_f64();
    let count = |key: &str| declared.at(key).as_u64();
    let exclusive = |key: &str| declared.at(key).as_bool().unwrap_or(false);
    let each = |key: &str| -> Result<Vec<Schema>, SchemaError> {
        declared
            .at(key)
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, one)| read(one, &format!("{path}.{key}[{index}]"), depth + 1, false))
            .collect()
    };
    let pattern = match declared
        .at("pattern")
        .as_str()
        .filter(|text| !text.is_empty())
    {
        Some(text) => match RegexBuilder::new(text).size_limit(MAX_PATTERN).build() {
            Ok(pattern) => Some((text.to_owned(), pattern)),
            Err(error) => {
                return Err(SchemaError {
                    path: format!("{path}.pattern"),
                    message: format!("must be a valid regular expression, but isn't: {error}"),
                });
            }
        },
        None => None,
    };
    let not = match declared.at("not") {
        not @ Value::Object(_) => Some(Box::new(read(
            not,
            &format!("{path}.not"),
            depth + 1,
            false,
        )?)),
        _ => None,
    };
    let rules = Rules {
        allowed: declared.at("enum").as_array().cloned().unwrap_or_default(),
        pattern,
        minimum: number("minimum").map(|min| (min, exclusive("exclusiveMinimum"))),
        maximum: number("maximum").map(|max| (max, exclusive("exclusiveMaximum"))),
        multiple_of: number("multipleOf"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique_items: exclusive("uniqueItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
        all_of: each("allOf")?,
        any_of: each("anyOf")?,
        one_of: each("oneOf")?,
        not,
    };
    let keywords = [
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ];
    Ok(keywords
        .iter()
        .any(|key| declared.get(key).is_some())
        .then_some(rules))
}
