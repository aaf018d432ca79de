//! What the host accepts as an effect. Everything here was written by a guest, and ends in a request to the API server
//! or in a line of the metrics page.

use serde_json::{Map, Value};

use crate::bindings::hookbox::hook::types::Refusal;
use crate::effects::{ObjectRef, PatchOptions};
use crate::pointer;

/// Longest name of an object, as the API server has it.
const NAME: usize = 253;

/// Longest jq filter, in bytes.
const FILTER: usize = 64 << 10;

/// Bounds of one metric operation.
const METRIC_NAME: usize = 256;
const LABELS: usize = 64;
const LABEL_VALUE: usize = 4 << 10;
const BUCKETS: usize = 512;

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
                "`metadata.generateName` always makes a new object: create with `fail-if-exists`",
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

/// What a metric is to be, for checks that depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric's name, value and labels, by the rules of the Prometheus text format.
pub(crate) fn metric(
    kind: MetricKind,
    name: &str,
    value: f64,
    labels: &[(String, String)],
) -> Result<(), Refusal> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_well =
        |name: &str| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit());
    if !starts_well(name)
        || !name.bytes().all(|byte| word(byte) || byte == b':')
        || name.len() > METRIC_NAME
    {
        return Err(refusal(
            "invalid-metric",
            format!("{} is not the name of a metric", quote(name)),
        ));
    }
    if !value.is_finite() {
        return Err(refusal(
            "invalid-metric",
            format!("{name}: the value {value} is not finite"),
        ));
    }
    if kind == MetricKind::Counter && value < 0.0 {
        return Err(refusal(
            "invalid-metric",
            format!("{name}: a counter cannot go down, the value is {value}"),
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
        let reserved = label.starts_with("__") || (kind == MetricKind::Histogram && label == "le");
        if !starts_well(label) || !label.bytes().all(word) || label.len() > METRIC_NAME || reserved
        {
            return Err(refusal(
                "invalid-label",
                format!("{name}: {} is not the name of a label", quote(label)),
            ));
        }
        if value.len() > LABEL_VALUE {
            let message = format!(
                "{name}: label {label} has {} bytes, at most {LABEL_VALUE} are allowed",
                value.len()
            );
            return Err(refusal("invalid-label", message));
        }
        if labels.iter().take(index).any(|(other, _)| other == label) {
            return Err(refusal(
                "invalid-label",
                format!("{name}: label {label} is there twice"),
            ));
        }
    }
    Ok(())
}

/// The upper bounds of a histogram's buckets.
pub(crate) fn buckets(name: &str, buckets: &[f64]) -> Result<(), Refusal> {
    let what = if buckets.is_empty() {
        "there are none".to_owned()
    } else if buckets.len() > BUCKETS {
        format!("there are {}, at most {BUCKETS} are allowed", buckets.len())
    } else if buckets.iter().any(|bound| !bound.is_finite()) {
        "one is not finite (the last bucket, up to infinity, is always there)".to_owned()
    } else if !buckets.is_sorted_by(|a, b| a < b) {
        "they do not grow".to_owned()
    } else {
        return Ok(());
    };
    Err(refusal(
        "invalid-buckets",
        format!("{name}: bounds of the buckets: {what}"),
    ))
}

/// A metric group. Empty counts as absent.
pub(crate) fn group(group: Option<String>) -> Result<Option<String>, Refusal> {
    let group = group.filter(|text| !text.is_empty());
    if let Some(text) = &group
        && (text.len() > NAME || text.chars().any(char::is_control))
    {
        return Err(refusal(
            "invalid-metric",
            format!("{} is not the name of a group", quote(text)),
        ));
    }
    Ok(group)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code<T>(answer: Result<T, Refusal>) -> Option<String> {
        answer.err().map(|refusal| refusal.code)
    }

    #[test]
    fn manifests() {
        let good = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": null}});
        assert_eq!(code(manifest(&good, false)), None);
        let generated =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}});
        assert_eq!(code(manifest(&generated, true)), None);
        assert!(
            manifest(&generated, false)
                .unwrap_err()
                .message
                .contains("fail-if-exists")
        );
        let bad = [
            (json!([]), "JSON object"),
            (
                json!({"kind": "Pod", "metadata": {"name": "a"}}),
                "no `apiVersion`",
            ),
            (
                json!({"apiVersion": "a/b/c", "kind": "Pod", "metadata": {"name": "a"}}),
                "apiVersion",
            ),
            (
                json!({"apiVersion": "v1", "kind": 1, "metadata": {"name": "a"}}),
                "`kind` is not a string",
            ),
            (json!({"apiVersion": "v1", "kind": "Pod"}), "no `metadata`"),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": []}),
                "no `metadata`",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}}),
                "no `metadata.name`",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}}),
                "empty",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "../x"}}),
                "metadata.name",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": 1}}),
                "namespace",
            ),
        ];
        for (object, says) in bad {
            let refusal = manifest(&object, true).unwrap_err();
            assert_eq!(refusal.code, "invalid-object");
            assert!(
                refusal.message.contains(says),
                "{object}: {}",
                refusal.message
            );
        }
    }

    #[test]
    fn references() {
        let reference =
            |api_version: Option<&str>, kind: &str, namespace: Option<&str>, name: &str| {
                object_ref(ObjectRef {
                    api_version: api_version.map(Into::into),
                    kind: kind.into(),
                    namespace: namespace.map(Into::into),
                    name: name.into(),
                })
            };
        let empty = reference(Some(""), "Node", Some(""), "n").unwrap();
        assert_eq!((empty.api_version, empty.namespace), (None, None));
        assert!(
            reference(
                Some("rbac.authorization.k8s.io/v1"),
                "Role",
                Some("ns"),
                "system:node-proxier"
            )
            .is_ok()
        );
        for (version, kind, namespace, name) in [
            (None, "", None, "n"),
            (None, "Pod", None, ""),
            (None, "Pod", None, "a/b"),
            (None, "Pod", None, ".."),
            (None, "Pod", None, "a?watch=true"),
            (None, "Pod", None, "a\n"),
            (None, "Pod/../x", None, "a"),
            (None, "Pod", Some("../.."), "a"),
            (Some("v1/"), "Pod", None, "a"),
            (Some("../v1"), "Pod", None, "a"),
            (Some("apps/V1"), "Pod", None, "a"),
        ] {
            assert_eq!(
                code(reference(version, kind, namespace, name)),
                Some("invalid-object".into()),
                "{kind} {name}"
            );
        }
        let options = |subresource: &str| {
            patch_options(PatchOptions {
                subresource: Some(subresource.into()),
                ..PatchOptions::default()
            })
        };
        assert!(options("/status").is_ok() && options("scale").is_ok());
        assert_eq!(options("").unwrap().subresource, None);
        for bad in ["/", "status/x", "../x", "Status"] {
            assert!(options(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patches() {
        assert!(merge_patch(&json!({"a": null})).is_ok());
        for bad in [json!([]), json!("{}"), json!(null)] {
            assert_eq!(code(merge_patch(&bad)), Some("invalid-patch".into()));
        }
        let good = json!([
            {"op": "add", "path": "/a/-", "value": null}, {"op": "remove", "path": "/a/0"},
            {"op": "replace", "path": "", "value": 1}, {"op": "move", "from": "/a", "path": "/b"},
            {"op": "copy", "from": "/a", "path": "/b"}, {"op": "test", "path": "/a", "value": 1},
        ]);
        assert!(json_patch(&good).is_ok());
        for bad in [
            json!({}),
            json!([1]),
            json!([{"path": "/a"}]),
            json!([{"op": "add", "path": "/a"}]),
            json!([{"op": "add", "value": 1}]),
            json!([{"op": "add", "path": "a", "value": 1}]),
            json!([{"op": "move", "path": "/a"}]),
            json!([{"op": "move", "path": "/a", "from": "/~"}]),
            json!([{"op": "merge", "path": "/a", "value": 1}]),
        ] {
            assert_eq!(
                code(json_patch(&bad)),
                Some("invalid-patch".into()),
                "{bad}"
            );
        }
        assert!(jq_filter(".a").is_ok());
        assert!(jq_filter(" ").is_err() && jq_filter(&".".repeat(FILTER + 1)).is_err());
    }

    #[test]
    fn metrics() {
        let labels = |labels: &[(&str, &str)]| -> Vec<(String, String)> {
            labels
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect()
        };
        let good = labels(&[("a", "1"), ("b_2", "")]);
        assert!(metric(MetricKind::Counter, "my:metric_total", 0.0, &good).is_ok());
        assert!(metric(MetricKind::Gauge, "g", -1.0, &labels(&[("le", "x")])).is_ok());
        for (kind, name, value) in [
            (MetricKind::Counter, "c", -1.0),
            (MetricKind::Counter, "c", f64::NAN),
            (MetricKind::Gauge, "g", f64::INFINITY),
            (MetricKind::Gauge, "", 1.0),
            (MetricKind::Gauge, "1g", 1.0),
            (MetricKind::Gauge, "g-h", 1.0),
            (MetricKind::Gauge, "g\n", 1.0),
        ] {
            assert_eq!(
                code(metric(kind, name, value, &[])),
                Some("invalid-metric".into()),
                "{name:?} {value}"
            );
        }
        for bad in [
            [("", "")],
            [("1", "")],
            [("a:b", "")],
            [("__name__", "")],
            [("le", "1")],
        ] {
            assert_eq!(
                code(metric(MetricKind::Histogram, "h", 1.0, &labels(&bad))),
                Some("invalid-label".into())
            );
        }
        assert!(
            metric(
                MetricKind::Gauge,
                "g",
                1.0,
                &labels(&[("a", "1"), ("a", "2")])
            )
            .is_err()
        );
        assert!(buckets("h", &[0.1, 1.0]).is_ok());
        for bad in [
            &[][..],
            &[1.0, 1.0],
            &[2.0, 1.0],
            &[f64::NAN],
            &[1.0, f64::INFINITY],
        ] {
            assert_eq!(
                code(buckets("h", bad)),
                Some("invalid-buckets".into()),
                "{bad:?}"
            );
        }
        assert_eq!(group(Some(String::new())).unwrap(), None);
        assert!(group(Some("a\nb".into())).is_err());
    }

    #[test]
    fn hook_names() {
        assert!(hook_name("a/b-c_d.1"));
        for bad in ["", "a b", "ä", "a\n", &"a".repeat(254)] {
            assert!(!hook_name(bad), "{bad:?}");
        }
    }
}
