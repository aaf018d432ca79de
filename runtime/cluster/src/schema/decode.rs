//! What decoding does to a body: fields that the type does not know are dropped and told, nulls and empty maps and lists
//! vanish where Go's encoding leaves them out, and values of the wrong type are refused in Go's words.

use serde_json::{Map, Value};

use super::{Schema, SchemaRef, Type, builtin};

/// Deepest nesting of a body that is read.
pub(crate) const MAX_DEPTH: usize = 128;

/// What was dropped on the way.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Paths of unknown fields.
    pub(crate) unknown: Vec<String>,
}

/// Brings a body into the form of its type. With `typed`, types are checked as Go's decoder does; without, as for custom
/// resources, that is left to [`super::validate`]. The error is Go's.
pub(crate) fn decode(schema: &Schema, value: &mut Value, typed: bool) -> Result<Decoded, String> {
    let mut walk = Walk {
        typed,
        decoded: Decoded::default(),
        path: Vec::new(),
    };
    walk.object(schema, value, true)?;
    Ok(walk.decoded)
}

enum Step {
    Field(String),
    Index(usize),
}

struct Walk {
    typed: bool,
    decoded: Decoded,
    path: Vec<Step>,
}

impl Walk {
    fn path(&self, last: Option<&str>) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                }
                Step::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        if let Some(last) = last {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(last);
        }
        text
    }

    /// `Deployment.spec.replicas`, without indexes, as Go prints it.
    fn go_field(&self, owner: &str) -> String {
        let fields: Vec<&str> = self
            .path
            .iter()
            .filter_map(|step| {
                if let Step::Field(name) = step {
                    Some(name.as_str())
                } else {
                    None
                }
            })
            .collect();
        format!("{owner}.{}", fields.join("."))
    }

    fn object(&mut self, schema: &Schema, value: &mut Value, root: bool) -> Result<(), String> {
        if self.path.len() > MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        let Some(map) = value.as_object_mut() else {
            return Ok(());
        };
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            let known = schema.properties.get(&key);
            let meta = builtin::object_meta();
            let child: &SchemaRef = match known {
                Some(_) if (root || schema.embedded) && key == "metadata" && !self.typed => &meta,
                Some(field) => &field.schema,
                None if (root || schema.embedded)
                    && matches!(key.as_str(), "apiVersion" | "kind") =>
                {
                    continue;
                }
                None if (root || schema.embedded) && key == "metadata" => &meta,
                None => match &schema.additional {
                    Some(values) => values,
                    None if schema.preserve => continue,
                    None if schema.kind == Type::Any && !self.typed => {
                        // A custom schema without a type keeps nothing that it does not name.
                        map.remove(&key);
                        self.decoded.unknown.push(self.path(Some(&key)));
                        continue;
                    }
                    None => {
                        map.remove(&key);
                        self.decoded.unknown.push(self.path(Some(&key)));
                        continue;
                    }
                },
            };
            let Some(entry) = map.get_mut(&key) else {
                continue;
            };
            let child = child.get();
            let is_field = schema.properties.contains_key(&key) || key == "metadata";
            // Custom resources keep what is written; their metadata is typed all the same.
            let was_typed = self.typed;
            if (root || schema.embedded) && key == "metadata" {
                self.typed = true;
            }
            if self.typed && is_field && entry.is_null() {
                map.remove(&key);
                self.typed = was_typed;
                continue;
            }
            self.path.push(Step::Field(key.clone()));
            let outcome = self.value(child, entry, &schema.name);
            self.path.pop();
            let vanishes =
                self.typed && is_field && is_empty(child, entry) && !schema.required.contains(&key);
            self.typed = was_typed;
            outcome?;
            if vanishes {
                map.remove(&key);
            }
        }
        Ok(())
    }

    fn value(&mut self, schema: &Schema, value: &mut Value, owner: &str) -> Result<(), String> {
        if self.typed && !fits(schema, value) {
            let (got, want) = (go_kind(value), go_type(schema));
            return Err(format!(
                "json: cannot unmarshal {got} into Go struct field {} of type {want}",
                self.go_field(owner)
            ));
        }
        match value {
            Value::String(text)
                if self.typed
                    && schema.kind == Type::Bytes
                    && crate::base64::decode_standard(text).is_none() =>
            {
                let at = text
                    .bytes()
                    .position(|byte| !(byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)))
                    .unwrap_or(text.len() / 4 * 4);
                Err(format!("illegal base64 data at input byte {at}"))
            }
            Value::Array(items) => {
                if let Some(item) = &schema.items {
                    let item = item.get();
                    for (index, one) in items.iter_mut().enumerate() {
                        self.path.push(Step::Index(index));
                        let outcome = self.value(item, one, owner);
                        self.path.pop();
                        outcome?;
                    }
                }
                Ok(())
            }
            Value::Object(_) => {
                let owner_name = if schema.name.is_empty() {
                    owner
                } else {
                    &schema.name
                };
                if schema.additional.is_some() && self.typed {
                    return self.map(schema, value, owner_name);
                }
                self.object(schema, value, false)
            }
            _ => Ok(()),
        }
    }

    /// A typed map: Go names the map's field in errors, not the key.
    fn map(&mut self, schema: &Schema, value: &mut Value, owner: &str) -> Result<(), String> {
        let (Some(map), Some(item)) = (value.as_object_mut(), &schema.additional) else {
            return Ok(());
        };
        let item = item.get();
        for (key, one) in map.iter_mut() {
            if one.is_null() && matches!(item.kind, Type::String) {
                *one = Value::String(String::new());
                continue;
            }
            if !fits(item, one) {
                return Err(format!(
                    "json: cannot unmarshal {} into Go struct field {} of type {}",
                    go_kind(one),
                    self.go_field(owner),
                    go_type(item)
                ));
            }
            self.path.push(Step::Field(key.clone()));
            let outcome = self.value(item, one, owner);
            self.path.pop();
            outcome?;
        }
        Ok(())
    }
}

/// Whether Go's encoder leaves it out: empty maps, lists and bytes of fields with `omitempty`.
fn is_empty(schema: &Schema, value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty() && schema.additional.is_some(),
        Value::Array(items) => items.is_empty() && schema.items.is_some(),
        Value::String(text) => text.is_empty() && schema.kind == Type::Bytes,
        _ => false,
    }
}

fn fits(schema: &Schema, value: &Value) -> bool {
    match (schema.kind, value) {
        (_, Value::Null) | (Type::Any, _) => true,
        (Type::Object, Value::Object(_))
        | (Type::Array, Value::Array(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Number, Value::Number(_)) => true,
        (
            Type::String
            | Type::Bytes
            | Type::IntOrString
            | Type::Quantity
            | Type::Time
            | Type::MicroTime,
            Value::String(_),
        ) => true,
        (Type::Int32, Value::Number(number)) => {
            whole(number).is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Type::Int64 | Type::IntOrString, Value::Number(number)) => whole(number).is_some(),
        (Type::Quantity, Value::Number(_)) => true,
        _ => false,
    }
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9e15)
            .map(|float| float as i64)
    })
}

fn go_kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) if number.is_f64() => format!("number {number}"),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
    }
}

fn go_type(schema: &Schema) -> String {
    match schema.kind {
        Type::Any => "interface {}".into(),
        Type::String => "string".into(),
        Type::Int32 => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Number => "float64".into(),
        Type::Boolean => "bool".into(),
        Type::Bytes => "[]uint8".into(),
        Type::IntOrString => "intstr.IntOrString".into(),
        Type::Quantity => "resource.Quantity".into(),
        Type::Time | Type::MicroTime => "v1.Time".into(),
        Type::Array => format!(
            "[]{}",
            schema
                .items
                .as_ref()
                .map_or_else(String::new, |items| go_type(items.get()))
        ),
        Type::Object => match &schema.additional {
            Some(values) => format!("map[string]{}", go_type(values.get())),
            None => format!("v1.{}", schema.name),
        },
    }
}

/// Removes nulls that a schema does not allow, as custom resources lose them before defaults are set.
pub(crate) fn drop_nulls(schema: &Schema, map: &mut Map<String, Value>) {
    map.retain(|key, value| {
        !value.is_null()
            || schema
                .properties
                .get(key)
                .is_none_or(|field| field.schema.get().nullable || field.default.is_none())
    });
}
