//! What changed in an object, for people.

use hookbox_sandbox::effects::ObjectRef;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::failure::Outcome;
use crate::ui;

/// Metadata that the API server sets and that differs from run to run.
const VOLATILE: [&str; 6] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "selfLink",
];

/// A copy without the metadata that the API server sets.
pub(crate) fn stable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in VOLATILE {
            metadata.remove(key);
        }
        if let Some(owners) = metadata
            .get_mut("ownerReferences")
            .and_then(Value::as_array_mut)
        {
            for owner in owners.iter_mut().filter_map(Value::as_object_mut) {
                owner.remove("uid");
            }
        }
    }
    object
}

/// As [`stable`], and without what else is never the same twice: the time of a deletion, and the end of a generated
/// name.
pub(crate) fn repeatable(object: &Value) -> Value {
    let mut object = stable(object);
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return object;
    };
    if let Some(time) = metadata.get_mut("deletionTimestamp") {
        *time = "(a time)".into();
    }
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    if let (Some(prefix), Some(name)) = (text("generateName"), text("name"))
        && !prefix.is_empty()
        && name.starts_with(prefix)
    {
        let name = format!("{prefix}(generated)");
        metadata.insert("name".to_owned(), name.into());
    }
    object
}

/// `Kind namespace/name`.
pub(crate) fn title(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").unwrap_or("object");
    let name = text("/metadata/name").unwrap_or("?");
    match text("/metadata/namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The same of a reference.
pub(crate) fn display(object: &ObjectRef) -> String {
    hookbox_operator::apply::display_ref(object)
}

/// The changed lines of two texts with some lines around them; each begins with `+`, `-` or a blank.
pub(crate) fn lines(before: &str, after: &str) -> Vec<(ChangeTag, String)> {
    let diff = TextDiff::from_lines(before, after);
    let mut out = Vec::new();
    for (index, group) in diff.grouped_ops(2).iter().enumerate() {
        if index > 0 {
            out.push((ChangeTag::Equal, "  …".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push((
                change.tag(),
                format!("{sign} {}", change.value().trim_end_matches('\n')),
            ));
        }
    }
    out
}

/// The difference of two objects as YAML; none stands for an object that does not exist.
pub(crate) fn objects(
    before: Option<&Value>,
    after: Option<&Value>,
) -> Outcome<Vec<(ChangeTag, String)>> {
    let text = |object: Option<&Value>| {
        object.map_or_else(|| Ok(String::new()), |o| ui::to_yaml(&stable(o)))
    };
    Ok(lines(&text(before)?, &text(after)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_a_person_changed_shows() {
        let before = json!({"kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "1", "uid": "x"}, "data": {"k": "1"}});
        let after = json!({"kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "2", "uid": "y"}, "data": {"k": "2"}});
        let changed: Vec<String> = objects(Some(&before), Some(&after))
            .unwrap()
            .into_iter()
            .filter(|(t, _)| *t != ChangeTag::Equal)
            .map(|(_, l)| l)
            .collect();
        assert_eq!(changed.len(), 2, "{changed:?}");
        assert!(objects(Some(&after), Some(&after)).unwrap().is_empty());
    }

    #[test]
    fn what_is_never_the_same_twice_is_replaced() {
        let object = |metadata: Value| json!({"kind": "Job", "metadata": metadata});
        let made = object(
            json!({"generateName": "job-", "name": "job-x7k2p", "uid": "1", "deletionTimestamp": "2024-01-01T00:00:00Z"}),
        );
        assert_eq!(
            repeatable(&made),
            object(
                json!({"generateName": "job-", "name": "job-(generated)", "deletionTimestamp": "(a time)"})
            )
        );
        let named = object(json!({"generateName": "job-", "name": "other"}));
        assert_eq!(repeatable(&named), named);
    }
}
