//! The fields of one document.

use hookbox_config::yaml;
use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde_json::{Map, Value};

use super::ParseError;

/// Reads the fields of one document, and remembers what is wrong with them.
pub(super) struct Fields {
    pub(super) number: usize,
    pub(super) map: Map<String, Value>,
    pub(super) errors: Vec<ParseError>,
}

impl Fields {
    pub(super) fn error(&mut self, code: &'static str, path: &str, message: impl Into<String>) {
        self.errors.push(ParseError {
            code,
            document: Some(self.number),
            path: path.to_owned(),
            message: message.into(),
            position: None,
        });
    }

    /// A null is the same as nothing.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|v| !v.is_null())
    }

    /// A number, true or false is the text that it was written as.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text).filter(|t| !t.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            other => {
                self.error(
                    "type",
                    key,
                    format!("must be a string, not {}", type_name(&other)),
                );
                None
            }
        }
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.take(key) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            // As words of YAML 1.1, which the peers' decoder takes where it wants true or false.
            Some(Value::String(word)) if matches!(word.as_str(), "y" | "Y" | "yes" | "on") => true,
            Some(Value::String(word)) if matches!(word.as_str(), "n" | "N" | "no" | "off") => false,
            Some(other) => {
                self.error(
                    "type",
                    key,
                    format!("must be true or false, not {}", type_name(&other)),
                );
                false
            }
        }
    }

    pub(super) fn required_text(&mut self, key: &str) -> String {
        let before = self.errors.len();
        self.text(key).unwrap_or_else(|| {
            if self.errors.len() == before {
                self.error("required", key, "is required");
            }
            String::new()
        })
    }

    /// A value, or a string that holds it as YAML or JSON.
    pub(super) fn nested(&mut self, key: &str, what: &str, fits: fn(&Value) -> bool) -> Value {
        let Some(value) = self.take(key) else {
            self.error("required", key, "is required");
            return Value::Null;
        };
        let empty = match &value {
            Value::Object(map) => map.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        let value = match value {
            Value::String(text) => match nested_text(&text) {
                Ok(value) => value,
                Err(message) => {
                    self.error("syntax", key, message);
                    return Value::Null;
                }
            },
            value => value,
        };
        if fits(&value) && empty {
            self.error("required", key, "must not be empty");
        } else if !fits(&value) {
            self.error(
                "type",
                key,
                format!(
                    "must be {what}, or a string with it, not {}",
                    type_name(&value)
                ),
            );
        }
        value
    }

    pub(super) fn object_ref(&mut self) -> ObjectRef {
        ObjectRef {
            api_version: self.text("apiVersion"),
            kind: self.required_text("kind"),
            namespace: self.text("namespace"),
            name: self.required_text("name"),
        }
    }

    pub(super) fn options(&mut self) -> PatchOptions {
        PatchOptions {
            subresource: self.text("subresource"),
            ignore_missing_object: self.flag("ignoreMissingObject"),
            ignore_hook_error: self.flag("ignoreHookError"),
        }
    }
}

fn nested_text(text: &str) -> Result<Value, String> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let nodes = yaml::parse_text(text).map_err(|e| {
        format!(
            "line {}, column {} of the string: {}",
            e.line, e.column, e.message
        )
    })?;
    match nodes.as_slice() {
        [node] => Ok(node.to_json()),
        several => Err(format!(
            "the string must hold one document, not {}",
            several.len()
        )),
    }
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
