//! What the host accepts as an effect. Everything here was written by a guest, and ends in a request to the API server
//! or in a line of the metrics page.

mod metrics;
mod patches;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::bindings::hookbox::hook::types::Refusal;
use crate::effects::{ObjectRef, PatchOptions};

pub use metrics::MAX_BUCKETS;
pub(crate) use metrics::{MetricKind, buckets, group, metric};
pub(crate) use patches::{jq_filter, json_patch, merge_patch};

/// Longest name of an object, as the API server has it.
const NAME: usize = 253;

/// A refusal with a stable word.
pub(crate) fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.into(),
    }
}

fn invalid_object(message: impl Into<String>) -> Refusal {
    refusal("invalid-object", message)
}

/// A manifest to be created: `apiVersion`, `kind` and `metadata.name` must be there; `metadata.generateName` will do
/// where the object is known to be new.
pub(crate) fn manifest(object: &Value, always_new: bool) -> Result<(), Refusal> {
    let Value::Object(members) = object else {
        return Err(invalid_object("a manifest is a JSON object"));
    };
    api_version(text(members, "apiVersion", "apiVersion")?)?;
    kind(text(members, "kind", "kind")?)?;
    let Some(Value::Object(metadata)) = members.get("metadata") else {
        return Err(invalid_object("the manifest has no `metadata`"));
    };
    if let Some(value) = metadata.get("namespace")
        && !value.is_null()
    {
        let Value::String(namespace) = value else {
            return Err(invalid_object("`metadata.namespace` is not a string"));
        };
        if !namespace.is_empty() {
            segment("metadata.namespace", namespace)?;
        }
    }
    if metadata.get("name").is_none_or(Value::is_null) && metadata.contains_key("generateName") {
        if !always_new {
            return Err(invalid_object(
                "`metadata.generateName` always makes a new object: use the operation `Create` (`create` of the SDK, mode `fail-if-exists` of the contract)",
            ));
        }
        return segment(
            "metadata.generateName",
            text(metadata, "generateName", "metadata.generateName")?,
        );
    }
    segment("metadata.name", text(metadata, "name", "metadata.name")?)
}

fn text<'a>(members: &'a Map<String, Value>, key: &str, path: &str) -> Result<&'a str, Refusal> {
    match members.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) => Err(invalid_object(format!("`{path}` is empty"))),
        Some(_) => Err(invalid_object(format!("`{path}` is not a string"))),
        None => Err(invalid_object(format!("the manifest has no `{path}`"))),
    }
}

/// A reference to an object. Empty optional parts count as absent, as in shell-operator's files.
pub(crate) fn object_ref(mut object: ObjectRef) -> Result<ObjectRef, Refusal> {
    object.api_version = object.api_version.filter(|text| !text.is_empty());
    object.namespace = object.namespace.filter(|text| !text.is_empty());
    if let Some(version) = &object.api_version {
        api_version(version)?;
    }
    if object.kind.is_empty() {
        return Err(invalid_object("`kind` is empty"));
    }
    kind(&object.kind)?;
    if let Some(namespace) = &object.namespace {
        segment("namespace", namespace)?;
    }
    if object.name.is_empty() {
        return Err(invalid_object("`name` is empty"));
    }
    segment("name", &object.name)?;
    Ok(object)
}

/// Options of a patch.
pub(crate) fn patch_options(mut options: PatchOptions) -> Result<PatchOptions, Refusal> {
    options.subresource = options.subresource.filter(|text| !text.is_empty());
    if let Some(subresource) = &options.subresource {
        let name = subresource.strip_prefix('/').unwrap_or(subresource);
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if name.is_empty() || name.len() > 63 || !plain {
            return Err(invalid_object(format!(
                "{} is not the name of a subresource",
                quote(subresource)
            )));
        }
    }
    Ok(options)
}

/// `v1` or `apps/v1`.
fn api_version(version: &str) -> Result<(), Refusal> {
    let (group, plain) = version.split_once('/').unwrap_or(("core", version));
    let good = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
            })
    };
    if version.len() > NAME
        || !good(group)
        || !good(plain)
        || group.contains("..")
        || plain.contains('.')
    {
        return Err(invalid_object(format!(
            "{} is not an apiVersion such as `apps/v1`",
            quote(version)
        )));
    }
    Ok(())
}

fn kind(kind: &str) -> Result<(), Refusal> {
    let good = kind
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if kind.len() > NAME || !good || kind.starts_with('.') {
        return Err(invalid_object(format!("{} is not a kind", quote(kind))));
    }
    Ok(())
}

/// A name that becomes one segment of a URL: what the API server refuses is refused here, so that no name can lead
/// elsewhere.
fn segment(field: &str, name: &str) -> Result<(), Refusal> {
    let bad = name == "."
        || name == ".."
        || name.chars().any(|character| {
            "/%?#\\".contains(character) || character.is_control() || character.is_whitespace()
        });
    if bad {
        return Err(invalid_object(format!(
            "{} is not a valid `{field}`",
            quote(name)
        )));
    }
    if name.len() > NAME {
        return Err(invalid_object(format!(
            "`{field}` has {} bytes, at most {NAME} are allowed",
            name.len()
        )));
    }
    Ok(())
}

/// A hook's name: letters, digits, `-`, `_`, `.` and `/`.
pub(crate) fn hook_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// A guest's text in a message: quoted, control characters escaped, not long.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(80) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
    }
}
