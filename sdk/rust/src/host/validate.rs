//! What the real host refuses, a test's host refuses too: the same rules, the same words.

use serde_json::{Map, Value};

use super::{Action, Measure, Refusal};
use crate::object::{ObjectRef, PatchOptions};
use crate::pointer;

const NAME: usize = 253;
const METRIC_NAME: usize = 256;
const LABELS: usize = 64;
const LABEL_VALUE: usize = 4 << 10;
const BUCKETS: usize = 200;
const FILTER: usize = 64 << 10;

pub(super) fn refusal(code: &str, message: impl ToString) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_string(),
    }
}

fn invalid_object(message: impl ToString) -> Refusal {
    refusal("invalid-object", message)
}

/// A manifest to be created.
pub(super) fn manifest(object: &Value, always_new: bool) -> Result<(), Refusal> {
    let Value::Object(members) = object else {
        return Err(invalid_object("a manifest is a JSON object"));
    };
    api_version(text(members, "apiVersion", "apiVersion")?)?;
    kind(text(members, "kind", "kind")?)?;
    let Some(Value::Object(metadata)) = members.get("metadata") else {
        return Err(invalid_object("the manifest has no `metadata`"));
    };
    match metadata.get("namespace") {
        None | Some(Value::Null) => {}
        Some(Value::String(namespace)) if namespace.is_empty() => {}
        Some(Value::String(namespace)) => segment("metadata.namespace", namespace)?,
        Some(_) => return Err(invalid_object("`metadata.namespace` is not a string")),
    }
    if metadata.get("name").is_none_or(Value::is_null) && metadata.contains_key("generateName") {
        if !always_new {
            return Err(invalid_object(
                "`metadata.generateName` always makes a new object: use `create`",
            ));
        }
        let prefix = text(metadata, "generateName", "metadata.generateName")?;
        return segment("metadata.generateName", prefix);
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

/// A reference to an object. Empty optional parts count as absent.
pub(super) fn object_ref(object: &ObjectRef) -> Result<ObjectRef, Refusal> {
    let mut object = object.clone();
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
pub(super) fn patch_options(options: &PatchOptions) -> Result<(), Refusal> {
    let Some(subresource) = options
        .subresource
        .as_deref()
        .filter(|text| !text.is_empty())
    else {
        return Ok(());
    };
    let name = subresource.strip_prefix('/').unwrap_or(subresource);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
        let message = format!("{subresource:?} is not the name of a subresource");
        return Err(invalid_object(message));
    }
    Ok(())
}

/// `v1` or `apps/v1`.
fn api_version(version: &str) -> Result<(), Refusal> {
    let (group, plain) = version.split_once('/').unwrap_or(("core", version));
    let letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let good = |part: &str| !part.is_empty() && part.bytes().all(letter);
    if version.len() > NAME
        || !good(group)
        || !good(plain)
        || group.contains("..")
        || plain.contains('.')
    {
        let message = format!("{version:?} is not an apiVersion such as `apps/v1`");
        return Err(invalid_object(message));
    }
    Ok(())
}

fn kind(kind: &str) -> Result<(), Refusal> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if kind.len() > NAME || !kind.bytes().all(letter) || kind.starts_with('.') {
        return Err(invalid_object(format!("{kind:?} is not a kind")));
    }
    Ok(())
}

/// A name that becomes one segment of a URL.
fn segment(field: &str, name: &str) -> Result<(), Refusal> {
    let bad = |c: char| "/%?#\\".contains(c) || c.is_control() || c.is_whitespace();
    if name == "." || name == ".." || name.chars().any(bad) {
        return Err(invalid_object(format!("{name:?} is not a valid `{field}`")));
    }
    if name.len() > NAME {
        let message = format!(
            "`{field}` has {} bytes, at most {NAME} are allowed",
            name.len()
        );
        return Err(invalid_object(message));
    }
    Ok(())
}

fn invalid_patch(message: impl ToString) -> Refusal {
    refusal("invalid-patch", message)
}

pub(super) fn merge_patch(patch: &Value) -> Result<(), Refusal> {
    match patch.is_object() {
        true => Ok(()),
        false => Err(invalid_patch("a merge patch is a JSON object")),
    }
}

pub(super) fn json_patch(patch: &Value) -> Result<(), Refusal> {
    let Value::Array(operations) = patch else {
        return Err(invalid_patch("a JSON patch is an array of operations"));
    };
    operations
        .iter()
        .enumerate()
        .try_for_each(|(index, operation)| {
            patch_operation(operation)
                .map_err(|what| invalid_patch(format!("operation {index}: {what}")))
        })
}

fn patch_operation(operation: &Value) -> Result<(), String> {
    let Value::Object(operation) = operation else {
        return Err("not an object".to_owned());
    };
    let pointer = |key: &str| match operation.get(key) {
        Some(Value::String(text)) => pointer::parse(text)
            .map(drop)
            .map_err(|error| error.to_string()),
        Some(_) => Err(format!("`{key}` is not a string")),
        None => Err(format!("no `{key}`")),
    };
    let Some(Value::String(op)) = operation.get("op") else {
        return Err("no `op`".to_owned());
    };
    pointer("path")?;
    match op.as_str() {
        "remove" => Ok(()),
        "add" | "replace" | "test" if operation.contains_key("value") => Ok(()),
        "add" | "replace" | "test" => Err(format!("`{op}` without `value`")),
        "move" | "copy" => pointer("from"),
        _ => Err(format!(
            "`op` {op:?} is none of add, remove, replace, move, copy, test"
        )),
    }
}

pub(super) fn jq_filter(filter: &str) -> Result<(), Refusal> {
    if filter.trim().is_empty() {
        return Err(invalid_patch("the jq filter is empty"));
    }
    if filter.len() > FILTER {
        let message = format!(
            "the jq filter has {} bytes, at most {FILTER} are allowed",
            filter.len()
        );
        return Err(invalid_patch(message));
    }
    Ok(())
}

/// A metric's name, value, labels and buckets, by the rules of the Prometheus text format.
pub(super) fn measure(measure: &Measure<'_>) -> Result<(), Refusal> {
    let Measure {
        name,
        action,
        labels,
        group,
    } = *measure;
    let invalid = |message: String| Err(refusal("invalid-metric", message));
    if !word(name, b"_:") {
        return invalid(format!("{name:?} is not the name of a metric"));
    }
    let (Action::Add(value) | Action::Set(value) | Action::Observe(value, _)) = action;
    if !value.is_finite() {
        return invalid(format!("{name}: the value {value} is not finite"));
    }
    if matches!(action, Action::Add(_)) && value < 0.0 {
        return invalid(format!(
            "{name}: a counter cannot go down, the value is {value}"
        ));
    }
    if labels.len() > LABELS {
        let message = format!(
            "{name}: {} labels, at most {LABELS} are allowed",
            labels.len()
        );
        return Err(refusal("invalid-label", message));
    }
    for (index, (label, value)) in labels.iter().enumerate() {
        let reserved =
            label.starts_with("__") || (matches!(action, Action::Observe(..)) && label == "le");
        if !word(label, b"_") || reserved {
            let message = format!("{name}: {label:?} is not the name of a label");
            return Err(refusal("invalid-label", message));
        }
        if value.len() > LABEL_VALUE {
            let message = format!(
                "{name}: label {label} has {} bytes, at most {LABEL_VALUE} are allowed",
                value.len()
            );
            return Err(refusal("invalid-label", message));
        }
        if labels.iter().take(index).any(|(other, _)| other == label) {
            let message = format!("{name}: label {label} is there twice");
            return Err(refusal("invalid-label", message));
        }
    }
    if let Action::Observe(_, buckets) = action {
        let what = if buckets.is_empty() {
            "there are none".to_owned()
        } else if buckets.len() > BUCKETS {
            format!("there are {}, at most {BUCKETS} are allowed", buckets.len())
        } else if buckets.iter().any(|bound| !bound.is_finite()) {
            "one is not finite (the last bucket, up to infinity, is always there)".to_owned()
        } else {
            String::new()
        };
        if !what.is_empty() {
            let message = format!("{name}: bounds of the buckets: {what}");
            return Err(refusal("invalid-buckets", message));
        }
    }
    self::group(group)
}

/// A metric group. Empty counts as absent.
pub(super) fn group(group: Option<&str>) -> Result<(), Refusal> {
    let text = group.unwrap_or_default();
    match text.len() > NAME || text.chars().any(char::is_control) {
        true => Err(refusal(
            "invalid-metric",
            format!("{text:?} is not the name of a group"),
        )),
        false => Ok(()),
    }
}

/// The bounds as the host records them: sorted, and each once.
pub(super) fn sorted(buckets: &[f64]) -> Vec<f64> {
    let mut buckets = buckets.to_vec();
    buckets.sort_by(f64::total_cmp);
    buckets.dedup();
    buckets
}

/// Letters, digits and `more`, not beginning with a digit.
fn word(text: &str, more: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
    !text.is_empty()
        && text.len() <= METRIC_NAME
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn manifests() {
        let with =
            |metadata: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
        assert_eq!(
            manifest(&with(json!({"name": "a", "namespace": null})), false),
            Ok(())
        );
        assert_eq!(manifest(&with(json!({"generateName": "a-"})), true), Ok(()));
        for bad in [
            with(json!({"generateName": "a-"})),
            with(json!({"name": "a/b"})),
            with(json!({"name": ""})),
            with(json!({"name": "a", "namespace": 1})),
            json!({"apiVersion": "a/b/c", "kind": "Pod", "metadata": {"name": "a"}}),
            json!({"apiVersion": "v1", "kind": "Pod"}),
            json!([]),
        ] {
            assert_eq!(
                manifest(&bad, false).map_err(|refusal| refusal.code),
                Err("invalid-object".to_owned()),
                "{bad}"
            );
        }
    }

    #[test]
    fn json_patches() {
        assert_eq!(
            json_patch(
                &json!([{"op": "remove", "path": "/a"}, {"op": "move", "path": "/a", "from": "/b"}])
            ),
            Ok(())
        );
        for bad in [
            json!({}),
            json!([1]),
            json!([{"op": "add", "path": "/a"}]),
            json!([{"op": "remove", "path": "a"}]),
            json!([{"op": "copy", "path": "/a"}]),
            json!([{"op": "merge", "path": "/a", "value": 1}]),
        ] {
            assert!(json_patch(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metrics() {
        let labels = |names: &[&str]| {
            names
                .iter()
                .map(|&name| (name.to_owned(), "x".to_owned()))
                .collect::<Vec<_>>()
        };
        let code = |name: &str, action: Action<'_>, names: &[&str]| {
            let labels = labels(names);
            measure(&Measure {
                name,
                action,
                labels: &labels,
                group: None,
            })
            .err()
            .map(|refusal| refusal.code)
        };
        assert_eq!(code("a:b_1", Action::Set(-1.0), &["app", "le"]), None);
        assert_eq!(
            code("1a", Action::Set(1.0), &[]).as_deref(),
            Some("invalid-metric")
        );
        assert_eq!(
            code("a", Action::Add(-1.0), &[]).as_deref(),
            Some("invalid-metric")
        );
        assert_eq!(
            code("a", Action::Set(f64::NAN), &[]).as_deref(),
            Some("invalid-metric")
        );
        assert_eq!(
            code("a", Action::Set(1.0), &["app", "app"]).as_deref(),
            Some("invalid-label")
        );
        assert_eq!(
            code("a", Action::Observe(1.0, &[1.0]), &["le"]).as_deref(),
            Some("invalid-label")
        );
        assert_eq!(code("a", Action::Observe(1.0, &[2.0, 1.0, 2.0]), &[]), None);
        assert_eq!(sorted(&[2.0, 1.0, 2.0]), [1.0, 2.0]);
        for bad in [
            &[][..],
            &[f64::NAN],
            &[1.0, f64::INFINITY],
            &[1.0; BUCKETS + 1],
        ] {
            assert_eq!(
                code("a", Action::Observe(1.0, bad), &[]).as_deref(),
                Some("invalid-buckets"),
                "{bad:?}"
            );
        }
    }
}
