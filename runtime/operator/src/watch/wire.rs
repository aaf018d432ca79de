//! What the API server says in lists and watches, read from its JSON.

use std::borrow::Cow;
use std::str::Utf8Error;
use std::time::Duration;

use kube::core::ApiResource;
use serde_json::Value;

use super::WatchSpec;
use crate::api::ApiError;
use crate::json::{JsonError, Reader};
use crate::object::Object;

/// One line of a watch.
#[derive(Debug)]
pub(super) enum Line {
    /// `ADDED` or `MODIFIED`.
    Applied(Object),
    /// `DELETED`.
    Deleted(Object),
    /// `BOOKMARK`; `initial_end` marks the end of a streaming list.
    Bookmark {
        resource_version: String,
        initial_end: bool,
    },
    /// `ERROR`.
    Refused(ApiError),
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Object>,
    pub(crate) resource_version: String,
    /// Where the next page starts; empty at the end.
    pub(crate) next: String,
}

/// Why a line or a page makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("not JSON")]
    Json(#[from] JsonError),
    #[error("not UTF-8")]
    Text(#[from] Utf8Error),
    #[error("{0}")]
    Shape(&'static str),
}

/// What objects of a collection look like.
#[derive(Debug)]
pub(super) struct Form {
    /// All but the metadata is left out.
    metadata_only: bool,
    /// As JSON.
    api_version: String,
    kind: String,
}

impl Form {
    pub(super) fn of(spec: &WatchSpec) -> Self {
        Self {
            metadata_only: spec.metadata_only,
            ..Self::whole(&spec.resource)
        }
    }

    /// Objects with all that they have.
    pub(super) fn whole(resource: &ApiResource) -> Self {
        Self {
            metadata_only: false,
            api_version: Value::from(resource.api_version.as_str()).to_string(),
            kind: Value::from(resource.kind.as_str()).to_string(),
        }
    }

    /// Reads one object, with what it may lack: the items of a list say neither `apiVersion` nor `kind`, and metadata
    /// that was asked for alone says that it is metadata.
    fn read(&self, reader: &mut Reader<'_>) -> Result<Head, JsonError> {
        reader.clear();
        let defaults = [
            ("apiVersion", self.api_version.as_str()),
            ("kind", self.kind.as_str()),
        ];
        let mut head = Head::default();
        reader.write_object(&defaults, |reader, key| {
            if reader.at(key) != "metadata" {
                return reader.value().map(|()| !self.metadata_only);
            }
            if !reader.is_object() {
                return reader.value().map(|()| true);
            }
            reader.write_object(&[], |reader, key| {
                let field = match reader.at(key) {
                    "name" => &mut head.name,
                    "namespace" => &mut head.namespace,
                    "resourceVersion" => &mut head.resource_version,
                    _ => return reader.value().map(|()| true),
                };
                let start = reader.len();
                reader.value()?;
                *field = reader.string_from(start).unwrap_or_default();
                Ok(true)
            })?;
            Ok(true)
        })?;
        Ok(head)
    }
}

/// What an object is called.
#[derive(Debug, Default)]
struct Head {
    namespace: String,
    name: String,
    resource_version: String,
}

impl Head {
    fn object(self, json: &str) -> Result<Object, WireError> {
        if self.name.is_empty() {
            return Err(WireError::Shape("an object has no name"));
        }
        Ok(Object {
            namespace: self.namespace,
            name: self.name,
            resource_version: self.resource_version,
            json: json.into(),
        })
    }
}

/// Read one line of a watch.
pub(super) fn line(text: &[u8], form: &Form) -> Result<Line, WireError> {
    let text = std::str::from_utf8(text)?;
    let mut reader = Reader::new(text);
    let mut word: Option<Cow<'_, str>> = None;
    let mut object = None;
    reader.object(|reader, key| {
        match key {
            "type" => word = reader.string()?,
            "object" => {
                let start = reader.position();
                let head = form.read(reader)?;
                object = Some((head, start..reader.position()));
            }
            _ => reader.skip()?,
        }
        Ok::<_, WireError>(())
    })?;
    reader.end()?;
    let (head, place) = object.ok_or(WireError::Shape("a watch event has no object"))?;
    // As it came, for what is no object of the collection.
    let raw = || text.get(place).unwrap_or_default();
    match word.as_deref() {
        Some(word @ ("ADDED" | "MODIFIED" | "DELETED")) => {
            if head.resource_version.is_empty() {
                return Err(WireError::Shape("an object has no resourceVersion"));
            }
            let object = head.object(reader.written())?;
            Ok(match word {
                "DELETED" => Line::Deleted(object),
                _ => Line::Applied(object),
            })
        }
        Some("BOOKMARK") => {
            let object = value(raw());
            let end = "/metadata/annotations/k8s.io~1initial-events-end";
            Ok(Line::Bookmark {
                resource_version: head.resource_version,
                initial_end: object.pointer(end) == Some(&Value::from("true")),
            })
        }
        Some("ERROR") => Ok(Line::Refused(status(&value(raw())))),
        Some(_) => Err(WireError::Shape("a watch event of an unknown type")),
        None => Err(WireError::Shape("a watch event has no type")),
    }
}

/// Read one object.
pub(super) fn object(text: &[u8], form: &Form) -> Result<Object, WireError> {
    let mut reader = Reader::new(std::str::from_utf8(text)?);
    if !reader.is_object() {
        return Err(WireError::Shape("not an object"));
    }
    let head = form.read(&mut reader)?;
    reader.end()?;
    head.object(reader.written())
}

/// Read one page of a list.
pub(super) fn page(text: &[u8], form: &Form) -> Result<Page, WireError> {
    let mut reader = Reader::new(std::str::from_utf8(text)?);
    let mut page = Page {
        items: Vec::new(),
        resource_version: String::new(),
        next: String::new(),
    };
    let mut has_metadata = false;
    reader.object(|reader, key| {
        match key {
            "metadata" => {
                has_metadata = true;
                reader.object(|reader, key| {
                    let field = match key {
                        "resourceVersion" => &mut page.resource_version,
                        "continue" => &mut page.next,
                        _ => return reader.skip(),
                    };
                    *field = reader.string()?.unwrap_or_default().into_owned();
                    Ok(())
                })?;
            }
            "items" if reader.is_null() => reader.skip()?,
            "items" => {
                let items = reader.array(|reader| {
                    let head = form.read(reader)?;
                    page.items.push(head.object(reader.written())?);
                    Ok::<_, WireError>(())
                })?;
                if !items {
                    return Err(WireError::Shape("a list's items are no array"));
                }
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    if !has_metadata {
        return Err(WireError::Shape("a list has no metadata"));
    }
    Ok(page)
}

/// A value that was read before, as a tree.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn status(object: &Value) -> ApiError {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
    let text = |key: &str| {
        let text = object.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let code = number("/code").and_then(|code| u16::try_from(code).ok());
    ApiError::Status {
        code: code.unwrap_or(500),
        reason: text("reason"),
        message: text("message"),
        retry_after: number("/details/retryAfterSeconds").map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::ApiResource;

    fn form(kind: &str, metadata_only: bool) -> Form {
        Form::of(&WatchSpec {
            resource: ApiResource {
                group: String::new(),
                version: "v1".into(),
                api_version: "v1".into(),
                kind: kind.into(),
                plural: String::new(),
            },
            namespace: None,
            labels: None,
            fields: None,
            metadata_only,
        })
    }

    #[test]
    fn an_event_gives_its_object_with_sorted_keys() {
        let text = br#"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"5","name":"a"},"data":{}}}"#;
        let Line::Applied(object) = line(text, &form("ConfigMap", false)).unwrap() else {
            panic!()
        };
        assert_eq!(
            &*object.json,
            r#"{"apiVersion":"v1","data":{},"kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"5"}}"#
        );
    }

    #[test]
    fn the_object_may_come_before_the_type() {
        let text =
            br#"{"object":{"metadata":{"resourceVersion":"5","name":"a"}},"type":"DELETED"}"#;
        assert!(
            matches!(line(text, &form("ConfigMap", false)).unwrap(), Line::Deleted(o) if o.name == "a")
        );
    }

    #[test]
    fn a_bookmark_may_end_the_initial_events() {
        let text = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        assert!(
            matches!(line(text, &form("Pod", false)).unwrap(), Line::Bookmark { resource_version, initial_end: true } if resource_version == "9")
        );
    }

    #[test]
    fn an_error_keeps_code_and_reason() {
        let text = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#;
        let Line::Refused(error) = line(text, &form("Pod", false)).unwrap() else {
            panic!()
        };
        assert_eq!(error.status(), Some(410));
    }

    #[test]
    fn list_items_get_their_type() {
        let text = br#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"3","continue":"x"},"items":[{"metadata":{"name":"a","namespace":"n"}}]}"#;
        let page = page(text, &form("ConfigMap", false)).unwrap();
        assert_eq!(
            (page.resource_version.as_str(), page.next.as_str()),
            ("3", "x")
        );
        assert!(
            page.items[0]
                .json
                .starts_with(r#"{"apiVersion":"v1","kind":"ConfigMap""#)
        );
    }

    #[test]
    fn of_metadata_alone_nothing_else_is_left() {
        let form = form("Pod", true);
        let shown =
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","resourceVersion":"5"}}"#;
        for object in [
            r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5","name":"a"}}"#,
            // From a server that does not know how to show metadata alone.
            r#"{"kind":"Pod","metadata":{"name":"a","resourceVersion":"5"},"spec":{"x":1}}"#,
        ] {
            let text = format!(r#"{{"type":"ADDED","object":{object}}}"#);
            let Line::Applied(read) = line(text.as_bytes(), &form).unwrap() else {
                panic!()
            };
            assert_eq!(&*read.json, shown);
            let text = format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{object}]}}"#);
            let page = page(text.as_bytes(), &form).unwrap();
            assert_eq!(&*page.items[0].json, shown);
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for text in [
            "{",
            "[]",
            "{}",
            r#"{"type":"ADDED","object":{}}"#,
            r#"{"type":"ADDED","object":{"metadata":{"name":"x"}}}"#,
            r#"{"type":"?","object":{}}"#,
        ] {
            assert!(
                line(text.as_bytes(), &form("Pod", false)).is_err(),
                "{text}"
            );
        }
        for text in [
            "{}",
            r#"{"items":3,"metadata":{}}"#,
            r#"{"items":[{}],"metadata":{}}"#,
        ] {
            assert!(
                page(text.as_bytes(), &form("Pod", false)).is_err(),
                "{text}"
            );
        }
    }
}
