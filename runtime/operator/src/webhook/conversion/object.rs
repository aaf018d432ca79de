//! One object before and after a conversion.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::short;
use crate::webhook::admission::object;

/// Why a converted object is not taken. The API server would refuse it too, with less to say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectError {
    /// It is not a JSON object with text fields where Kubernetes has them.
    #[error("object {index}: {message}")]
    Json {
        /// Its place in the request.
        index: usize,
        /// Why.
        message: String,
    },
    /// A field changed that a conversion must not touch.
    #[error("object {index}: {field} was `{before}` and is `{after}`")]
    Changed {
        /// Its place in the request.
        index: usize,
        /// Which field.
        field: &'static str,
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
    /// It does not have the version that it was to be converted to.
    #[error("object {index}: its apiVersion is `{found}`, not `{wanted}`")]
    Version {
        /// Its place in the request.
        index: usize,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
}

/// What tells objects apart. All else stays text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head<'o> {
    #[serde(borrow, default)]
    pub(crate) api_version: Cow<'o, str>,
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'o, str>,
    #[serde(borrow, default)]
    pub(crate) metadata: Option<&'o RawValue>,
}

impl<'o> Head<'o> {
    /// Reads the head of the object at `index`.
    pub(crate) fn read(text: &'o str, index: usize) -> Result<Self, ObjectError> {
        object(text.as_bytes()).map_err(|error| ObjectError::Json {
            index,
            message: error.to_string(),
        })
    }

    fn metadata(&self, index: usize) -> Result<BTreeMap<String, Value>, ObjectError> {
        match self.metadata {
            None => Ok(BTreeMap::new()),
            Some(text) => serde_json::from_str(text.get()).map_err(|error| ObjectError::Json {
                index,
                message: format!("metadata: {error}"),
            }),
        }
    }
}

/// The converted object `after`, if it is the same object as `before` in the version `wanted` of `group`. Of the metadata
/// only labels and annotations may change; what else a hook changed or lost there is put back, as the API server does.
pub(crate) fn checked(
    before: &str,
    after: &str,
    index: usize,
    wanted: &str,
    group: &str,
) -> Result<Box<RawValue>, ObjectError> {
    let (old, new) = (Head::read(before, index)?, Head::read(after, index)?);
    let same_version = match (short(&new.api_version, group), short(wanted, group)) {
        (Some(found), Some(wanted)) => found == wanted && new.api_version.contains('/'),
        _ => false,
    };
    if !same_version {
        return Err(ObjectError::Version {
            index,
            found: new.api_version.into_owned(),
            wanted: match short(wanted, group) {
                Some(short) => format!("{group}/{short}"),
                None => wanted.to_owned(),
            },
        });
    }
    let changed = |field, before: &str, after: &str| ObjectError::Changed {
        index,
        field,
        before: before.to_owned(),
        after: after.to_owned(),
    };
    if old.kind != new.kind {
        return Err(changed("kind", &old.kind, &new.kind));
    }
    let text = |raw: &str| {
        RawValue::from_string(raw.to_owned()).map_err(|error| ObjectError::Json {
            index,
            message: error.to_string(),
        })
    };
    if old.metadata.map(RawValue::get) == new.metadata.map(RawValue::get) {
        return text(after);
    }
    let (was, mut is) = (old.metadata(index)?, new.metadata(index)?);
    for (key, field) in [
        ("name", "metadata.name"),
        ("namespace", "metadata.namespace"),
        ("uid", "metadata.uid"),
    ] {
        let text = |map: &BTreeMap<String, Value>| match map.get(key) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let (was, is) = (text(&was), text(&is));
        if was != is {
            return Err(changed(field, &was, &is));
        }
    }
    let free = |key: &str| matches!(key, "labels" | "annotations");
    let kept = |map: &BTreeMap<String, Value>| -> BTreeMap<String, Value> {
        let fixed = map.iter().filter(|(key, _)| !free(key));
        fixed.map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    if kept(&was) == kept(&is) {
        return text(after);
    }
    is.retain(|key, _| free(key));
    is.extend(kept(&was));
    let mut whole: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(after).map_err(|error| ObjectError::Json {
            index,
            message: error.to_string(),
        })?;
    let json = |error: serde_json::Error| ObjectError::Json {
        index,
        message: error.to_string(),
    };
    let metadata = serde_json::value::to_raw_value(&is).map_err(json)?;
    whole.insert("metadata".to_owned(), metadata);
    serde_json::value::to_raw_value(&whole).map_err(json)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BEFORE: &str = r#"{"apiVersion":"g.io/v1","kind":"Thing","metadata":{"name":"a","namespace":"ns","uid":"7","resourceVersion":"5","labels":{"l":"1"}},"spec":{"n":12345678901234567890}}"#;

    fn check(after: &Value) -> Result<Value, ObjectError> {
        checked(BEFORE, &after.to_string(), 3, "v2", "g.io")
            .map(|raw| serde_json::from_str(raw.get()).unwrap())
    }

    fn after(metadata: Value) -> Value {
        json!({"apiVersion": "g.io/v2", "kind": "Thing", "metadata": metadata, "spec": {"m": 1}})
    }

    #[test]
    fn labels_and_annotations_may_change_and_the_rest_is_put_back() {
        let same = after(
            json!({"name": "a", "namespace": "ns", "uid": "7", "resourceVersion": "5", "annotations": {"x": "y"}}),
        );
        assert_eq!(check(&same), Ok(same));
        let lost = json!({"name": "a", "namespace": "ns", "uid": "7", "finalizers": ["f"], "labels": {"l": "2"}});
        let put_back = json!({"name": "a", "namespace": "ns", "uid": "7", "resourceVersion": "5", "labels": {"l": "2"}});
        assert_eq!(check(&after(lost)), Ok(after(put_back)));
    }

    #[test]
    fn another_object_is_refused() {
        let field = |after: &Value| match check(after) {
            Err(ObjectError::Changed {
                field, index: 3, ..
            }) => field,
            other => panic!("{other:?}"),
        };
        let meta = |key: &str, value: Value| {
            let mut meta = json!({"name": "a", "namespace": "ns", "uid": "7"});
            meta[key] = value;
            after(meta)
        };
        assert_eq!(field(&meta("name", json!("b"))), "metadata.name");
        assert_eq!(field(&meta("namespace", json!(null))), "metadata.namespace");
        assert_eq!(field(&meta("uid", json!(7.5))), "metadata.uid");
        let mut kind = meta("name", json!("a"));
        kind["kind"] = json!("Other");
        assert_eq!(field(&kind), "kind");
    }

    #[test]
    fn the_version_must_be_the_one_asked_for() {
        for found in ["g.io/v1", "h.io/v2", "v2", ""] {
            let mut object = after(json!({"name": "a", "namespace": "ns", "uid": "7"}));
            object["apiVersion"] = json!(found);
            let error = check(&object).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("object 3: its apiVersion is `{found}`, not `g.io/v2`")
            );
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["null", "[]", "7", r#"{"apiVersion":{}}"#, r#"{"metadata":"#] {
            assert!(matches!(
                checked(BEFORE, text, 0, "v2", "g.io"),
                Err(ObjectError::Json { .. })
            ));
        }
        let odd = r#"{"apiVersion":"g.io/v2","kind":"Thing","metadata":[]}"#;
        assert!(checked(BEFORE, odd, 0, "v2", "g.io").is_err());
    }
}
