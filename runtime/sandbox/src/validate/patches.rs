//! Patches of objects.

use serde_json::Value;

use super::{quote, refusal};
use crate::bindings::hookbox::hook::types::Refusal;
use crate::pointer;

/// Longest jq filter, in bytes.
const FILTER: usize = 64 << 10;

/// A JSON Merge Patch of an object.
pub(crate) fn merge_patch(patch: &Value) -> Result<(), Refusal> {
    if patch.is_object() {
        Ok(())
    } else {
        Err(refusal("invalid-patch", "a merge patch is a JSON object"))
    }
}

/// A JSON Patch.
pub(crate) fn json_patch(patch: &Value) -> Result<(), Refusal> {
    let Value::Array(operations) = patch else {
        return Err(refusal(
            "invalid-patch",
            "a JSON patch is an array of operations",
        ));
    };
    for (index, operation) in operations.iter().enumerate() {
        patch_operation(operation)
            .map_err(|what| refusal("invalid-patch", format!("operation {index}: {what}")))?;
    }
    Ok(())
}

fn patch_operation(operation: &Value) -> Result<(), String> {
    let Value::Object(operation) = operation else {
        return Err("not an object".to_owned());
    };
    let pointer = |key: &str| match operation.get(key) {
        Some(Value::String(text)) => pointer::parse(text).map(drop),
        Some(_) => Err(format!("`{key}` is not a string")),
        None => Err(format!("no `{key}`")),
    };
    let Some(Value::String(op)) = operation.get("op") else {
        return Err("no `op`".to_owned());
    };
    pointer("path")?;
    match op.as_str() {
        "remove" => Ok(()),
        "add" | "replace" | "test" => match operation.contains_key("value") {
            true => Ok(()),
            false => Err(format!("`{op}` without `value`")),
        },
        "move" | "copy" => pointer("from"),
        _ => Err(format!(
            "`op` {} is none of add, remove, replace, move, copy, test",
            quote(op)
        )),
    }
}

/// The text of a jq filter; whether it compiles is seen when it is applied.
pub(crate) fn jq_filter(filter: &str) -> Result<(), Refusal> {
    if filter.trim().is_empty() {
        return Err(refusal("invalid-patch", "the jq filter is empty"));
    }
    if filter.len() > FILTER {
        let message = format!(
            "the jq filter has {} bytes, at most {FILTER} are allowed",
            filter.len()
        );
        return Err(refusal("invalid-patch", message));
    }
    Ok(())
}
