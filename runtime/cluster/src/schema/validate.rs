//! What a CustomResourceDefinition's schema demands of values, in the words of the real API server.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::{Schema, SchemaRef, Type};
use crate::error::Fault;
use crate::tree::Tree;

/// Rules beside type, properties and required.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) allowed: Vec<Value>,
    pub(crate) pattern: Option<(String, Regex)>,
    pub(crate) minimum: Option<(f64, bool)>,
    pub(crate) maximum: Option<(f64, bool)>,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique_items: bool,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Box<Schema>>,
}

/// Everything in which a value breaks the rules of a schema.
pub(crate) fn validate(schema: &Schema, value: &Value, path: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    check(schema, value, path, &mut faults);
    faults
}

fn child_path(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn check(schema: &Schema, value: &Value, path: &str, faults: &mut Vec<Fault>) {
    if value.is_null() && schema.nullable {
        return;
    }
    if let Some(wanted) = wrong_type(schema.kind, value) {
        let got = json_type(value);
        faults.push(Fault::type_invalid(
            path,
            got,
            &format!("{path} in body must be of type {wanted}: {got:?}"),
        ));
        return;
    }
    match value {
        Value::Object(map) => {
            for name in &schema.required {
                if !map.contains_key(name) {
                    faults.push(Fault::required(child_path(path, name), ""));
                }
            }
            for (key, entry) in map {
                match schema.properties.get(key) {
                    Some(field) => check(field.schema.get(), entry, &child_path(path, key), faults),
                    None => {
                        if let Some(values) = schema.additional.as_ref().map(SchemaRef::get) {
                            check(values, entry, &child_path(path, key), faults);
                        }
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(item) = schema.items.as_ref().map(SchemaRef::get) {
                for (index, one) in items.iter().enumerate() {
                    check(item, one, &format!("{path}[{index}]"), faults);
                }
            }
            duplicates(schema, items, path, faults);
        }
        _ => {}
    }
    if let Some(rules) = &schema.rules {
        rules.check(value, path, faults);
    }
}

/// Items of sets, and keys of list maps, occur once.
fn duplicates(schema: &Schema, items: &[Value], path: &str, faults: &mut Vec<Fault>) {
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for (index, one) in items.iter().enumerate() {
        let identity = match &schema.list {
            super::ListKind::Atomic => return,
            super::ListKind::Set => one.clone(),
            super::ListKind::Map(keys) => Value::Object(
                keys.iter()
                    .map(|key| (key.clone(), one.at(key.as_str()).clone()))
                    .collect(),
            ),
        };
        if seen.insert(identity.to_string(), ()).is_some() {
            faults.push(Fault::duplicate(format!("{path}[{index}]"), &identity));
        }
    }
}

fn wrong_type(kind: Type, value: &Value) -> Option<&'static str> {
    let right = match kind {
        Type::Any => true,
        Type::Object => value.is_object(),
        Type::Array => value.is_array(),
        Type::String | Type::Bytes | Type::Time | Type::MicroTime => value.is_string(),
        Type::Int32 | Type::Int64 => {
            value.as_i64().is_some()
                || value.as_u64().is_some()
                || value.as_f64().is_some_and(|float| float.fract() == 0.0)
        }
        Type::Number => value.is_number(),
        Type::Boolean => value.is_boolean(),
        Type::IntOrString | Type::Quantity => value.is_string() || value.as_i64().is_some(),
    };
    if right {
        return None;
    }
    Some(match kind {
        Type::Object => "object",
        Type::Array => "array",
        Type::Int32 | Type::Int64 => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::IntOrString | Type::Quantity => "integer,string",
        _ => "string",
    })
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Rules {
    fn check(&self, value: &Value, path: &str, faults: &mut Vec<Fault>) {
        if !self.allowed.is_empty() && !self.allowed.contains(value) {
            let supported: Vec<String> = self
                .allowed
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect();
            faults.push(Fault::unsupported(path, value, &supported));
        }
        match value {
            Value::String(text) => self.check_text(text, value, path, faults),
            Value::Number(number) => {
                self.check_number(number.as_f64().unwrap_or_default(), value, path, faults)
            }
            Value::Array(items) => {
                let count = items.len() as u64;
                if let Some(min) = self.min_items.filter(|min| count < *min) {
                    faults.push(Fault::invalid(
                        path,
                        &count.into(),
                        &format!("{path} in body should have at least {min} items"),
                    ));
                }
                if let Some(max) = self.max_items.filter(|max| count > *max) {
                    faults.push(Fault::too_many(path, count, max));
                }
                if self.unique_items
                    && items
                        .iter()
                        .enumerate()
                        .any(|(index, one)| items.iter().take(index).any(|other| other == one))
                {
                    faults.push(Fault::invalid(
                        path,
                        value,
                        &format!("{path} in body shouldn't contain duplicates"),
                    ));
                }
            }
            Value::Object(map) => {
                let count = map.len() as u64;
                if let Some(min) = self.min_properties.filter(|min| count < *min) {
                    faults.push(Fault::invalid(
                        path,
                        &count.into(),
                        &format!("{path} in body should have at least {min} properties"),
                    ));
                }
                if let Some(max) = self.max_properties.filter(|max| count > *max) {
                    faults.push(Fault::too_many(path, count, max));
                }
            }
            _ => {}
        }
        self.check_combined(value, path, faults);
    }

    fn check_text(&self, text: &str, value: &Value, path: &str, faults: &mut Vec<Fault>) {
        let length = text.chars().count() as u64;
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            faults.push(Fault::too_long(
                path,
                usize::try_from(max).unwrap_or(usize::MAX),
            ));
        }
        if let Some(min) = self.min_length.filter(|min| length < *min) {
            faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be at least {min} chars long"),
            ));
        }
        if let Some((source, _)) = self
            .pattern
            .as_ref()
            .filter(|(_, pattern)| !pattern.is_match(text))
        {
            faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should match '{source}'"),
            ));
        }
    }

    fn check_number(&self, number: f64, value: &Value, path: &str, faults: &mut Vec<Fault>) {
        match self.minimum {
            Some((min, false)) if number < min => faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be greater than or equal to {min}"),
            )),
            Some((min, true)) if number <= min => faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be greater than {min}"),
            )),
            _ => {}
        }
        match self.maximum {
            Some((max, false)) if number > max => faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be less than or equal to {max}"),
            )),
            Some((max, true)) if number >= max => faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be less than {max}"),
            )),
            _ => {}
        }
        if let Some(of) = self
            .multiple_of
            .filter(|of| *of != 0.0 && (number / of).fract() != 0.0)
        {
            faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body should be a multiple of {of}"),
            ));
        }
    }

    fn check_combined(&self, value: &Value, path: &str, faults: &mut Vec<Fault>) {
        for one in &self.all_of {
            check(one, value, path, faults);
        }
        let holds = |schema: &Schema| validate(schema, value, path).is_empty();
        if !self.any_of.is_empty() && !self.any_of.iter().any(holds) {
            faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body must validate at least one schema (anyOf)"),
            ));
        }
        if !self.one_of.is_empty() {
            let count = self.one_of.iter().filter(|schema| holds(schema)).count();
            if count != 1 {
                let found = if count == 0 {
                    "Found none valid".to_owned()
                } else {
                    format!("Found {count} valid alternatives")
                };
                faults.push(Fault::invalid(
                    path,
                    value,
                    &format!(
                        "{path} in body must validate one and only one schema (oneOf). {found}"
                    ),
                ));
            }
        }
        if self.not.as_ref().is_some_and(|schema| holds(schema)) {
            faults.push(Fault::invalid(
                path,
                value,
                &format!("{path} in body must not validate the schema (not)"),
            ));
        }
    }
}
