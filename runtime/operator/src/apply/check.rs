//! What is wrong with one patch, as far as it can be told without the cluster.
//!
//! Names end in URLs: what is let through here cannot leave its place in one.

use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::{ObjectRef, PatchOptions};
use serde_json::{Map, Value};

use super::is_secret;

/// Longest name of an object.
const MAX_NAME: usize = 253;
/// Longest namespace, and longest part of a version.
const MAX_LABEL: usize = 63;
/// Items that are reported for one JSON patch.
const MAX_ITEMS: usize = 10;

/// One thing that is wrong with a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    /// Path in the patch, in the words of shell-operator's patch file.
    pub(super) path: String,
    pub(super) message: String,
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, code: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault {
            code,
            path: path.into(),
            message: message.into(),
        });
    }
}

/// All that is wrong with `patch`.
pub(super) fn patch(patch: &ObjectPatch) -> Vec<Fault> {
    let mut faults = Faults::default();
    match patch {
        ObjectPatch::Create { object }
        | ObjectPatch::CreateIfNotExists { object }
        | ObjectPatch::CreateOrUpdate { object } => manifest(object, &mut faults),
        ObjectPatch::Delete(object)
        | ObjectPatch::DeleteInBackground(object)
        | ObjectPatch::DeleteNonCascading(object) => reference(object, &mut faults),
        ObjectPatch::MergePatch {
            object,
            patch,
            options: how,
        } => {
            reference(object, &mut faults);
            if !patch.is_object() {
                faults.add("merge-patch", "mergePatch", "must be an object");
            }
            options(how, &mut faults);
        }
        ObjectPatch::JSONPatch {
            object,
            patch,
            options: how,
        } => {
            reference(object, &mut faults);
            let secret = is_secret(object.api_version.as_deref(), &object.kind);
            json_patch(patch, secret, &mut faults);
            options(how, &mut faults);
        }
        ObjectPatch::JQPatch {
            object,
            filter,
            options: how,
        } => {
            reference(object, &mut faults);
            if filter.trim().is_empty() {
                faults.add("required", "jqFilter", "is required");
            }
            options(how, &mut faults);
        }
    }
    faults.0
}

fn reference(object: &ObjectRef, faults: &mut Faults) {
    if let Some(version) = object.api_version.as_deref().filter(|v| !v.is_empty()) {
        api_version(version, "apiVersion", faults);
    }
    kind(&object.kind, faults);
    if let Some(name) = object.namespace.as_deref().filter(|n| !n.is_empty()) {
        namespace(name, "namespace", faults);
    }
    name(&object.name, "name", faults);
}

fn manifest(object: &Value, faults: &mut Faults) {
    let Some(object) = object.as_object() else {
        return faults.add(
            "object",
            "object",
            "must be a manifest, an object with kind and metadata.name",
        );
    };
    match text(object, "apiVersion") {
        Text::Is(version) => api_version(version, "object.apiVersion", faults),
        // The kind alone is looked for, as in a reference. The contract of components asks for it.
        Text::Missing => {}
        Text::Other => faults.add("api-version", "object.apiVersion", "must be a string"),
    }
    match text(object, "kind") {
        Text::Is(name) if is_kind(name) => {}
        Text::Missing => faults.add("required", "object.kind", "is required"),
        Text::Is(_) | Text::Other => faults.add(
            "kind",
            "object.kind",
            "must be a string of letters and digits",
        ),
    }
    let metadata = match object.get("metadata") {
        Some(Value::Object(metadata)) => metadata,
        None | Some(Value::Null) => {
            return faults.add("required", "object.metadata.name", "is required");
        }
        Some(_) => return faults.add("object", "object.metadata", "must be an object"),
    };
    match text(metadata, "name") {
        Text::Is(given) => name(given, "object.metadata.name", faults),
        Text::Other => faults.add("name", "object.metadata.name", "must be a string"),
        Text::Missing => match text(metadata, "generateName") {
            Text::Is(_) => {}
            Text::Other => faults.add("name", "object.metadata.generateName", "must be a string"),
            Text::Missing => faults.add(
                "required",
                "object.metadata.name",
                "is required (or metadata.generateName)",
            ),
        },
    }
    match text(metadata, "namespace") {
        Text::Is(given) => namespace(given, "object.metadata.namespace", faults),
        Text::Other => faults.add("namespace", "object.metadata.namespace", "must be a string"),
        Text::Missing => {}
    }
}

enum Text<'a> {
    Is(&'a str),
    Missing,
    Other,
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Text<'a> {
    match map.get(key) {
        None | Some(Value::Null) => Text::Missing,
        Some(Value::String(text)) if text.is_empty() => Text::Missing,
        Some(Value::String(text)) => Text::Is(text),
        Some(_) => Text::Other,
    }
}

fn is_kind(kind: &str) -> bool {
    !kind.is_empty()
        && kind.len() <= MAX_LABEL
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn kind(kind: &str, faults: &mut Faults) {
    if kind.is_empty() {
        faults.add("required", "kind", "is required");
    } else if !is_kind(kind) {
        faults.add("kind", "kind", "must be letters and digits");
    }
}

/// `v1` or `group/version`.
fn api_version(text: &str, path: &str, faults: &mut Faults) {
    let (group, version) = text.split_once('/').unwrap_or(("", text));
    let group_fits = !text.starts_with('/') && (group.is_empty() || is_subdomain(group));
    if !group_fits || !is_label(version) {
        faults.add(
            "api-version",
            path,
            format!(
                "`{}` is no group and version; write `v1` or `apps/v1`",
                shorten(text)
            ),
        );
    }
}

/// A DNS label: lower case letters, digits and `-`.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LABEL
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= MAX_NAME && text.split('.').all(is_label)
}

fn namespace(text: &str, path: &str, faults: &mut Faults) {
    if !is_label(text) {
        faults.add(
            "namespace",
            path,
            format!(
                "`{}` is no namespace: lower case letters, digits and `-`, at most 63",
                shorten(text)
            ),
        );
    }
}

/// What Kubernetes lets through for every kind: any path segment. Each kind may ask for more.
fn name(text: &str, path: &str, faults: &mut Faults) {
    if text.is_empty() {
        faults.add("required", path, "is required");
    } else if text.len() > MAX_NAME {
        faults.add(
            "name",
            path,
            format!("has {} bytes, at most {MAX_NAME} are allowed", text.len()),
        );
    } else if text == "."
        || text == ".."
        || text.contains(['/', '%'])
        || text.contains(char::is_control)
    {
        faults.add(
            "name",
            path,
            format!("`{}` is no name of an object", shorten(text)),
        );
    }
}

fn options(options: &PatchOptions, faults: &mut Faults) {
    let Some(subresource) = options.subresource.as_deref().filter(|s| !s.is_empty()) else {
        return;
    };
    let word = subresource.strip_prefix('/').unwrap_or(subresource);
    if word.is_empty() || word.len() > MAX_LABEL || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        faults.add(
            "subresource",
            "subresource",
            format!(
                "`{}` is no subresource; write `status` or `scale`",
                shorten(subresource)
            ),
        );
    }
}

fn shorten(text: &str) -> String {
    text.chars()
        .take(80)
        .flat_map(char::escape_default)
        .collect()
}

/// RFC 6902: every item, not only the first. Paths into a Secret are not quoted.
fn json_patch(patch: &Value, secret: bool, faults: &mut Faults) {
    let Some(items) = patch.as_array() else {
        return faults.add("json-patch", "jsonPatch", "must be a list of operations");
    };
    let before = faults.0.len();
    for (i, item) in items.iter().enumerate() {
        json_patch_item(item, &format!("jsonPatch[{i}]"), secret, faults);
        if faults.0.len() - before >= MAX_ITEMS {
            break;
        }
    }
}

fn json_patch_item(item: &Value, path: &str, secret: bool, faults: &mut Faults) {
    let Some(item) = item.as_object() else {
        return faults.add("json-patch", path, "must be an object with op and path");
    };
    let op = item.get("op").and_then(Value::as_str).unwrap_or_default();
    match op {
        // A `null` is a value too, so the key must be there.
        "add" | "replace" | "test" if !item.contains_key("value") => {
            faults.add(
                "json-patch",
                format!("{path}.value"),
                format!("is required for `{op}`"),
            );
        }
        "add" | "replace" | "test" | "remove" => {}
        "move" | "copy" => pointer(item.get("from"), &format!("{path}.from"), secret, faults),
        _ => faults.add(
            "json-patch",
            format!("{path}.op"),
            "must be add, remove, replace, move, copy or test",
        ),
    }
    pointer(item.get("path"), &format!("{path}.path"), secret, faults);
}

fn pointer(value: Option<&Value>, path: &str, secret: bool, faults: &mut Faults) {
    match value {
        None | Some(Value::Null) => faults.add("json-patch", path, "is required"),
        Some(Value::String(text)) if is_pointer(text) => {}
        Some(Value::String(text)) => faults.add(
            "json-patch",
            path,
            format!(
                "{} is no JSON Pointer; it starts with `/`, and `~` is written `~0`",
                match secret {
                    true => "this".to_owned(),
                    false => format!("`{}`", shorten(text)),
                }
            ),
        ),
        Some(_) => faults.add("json-patch", path, "must be a string"),
    }
}

/// RFC 6901.
fn is_pointer(text: &str) -> bool {
    let escapes_fit = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes_fit
}

#[cfg(test)]
mod tests;
