//! What the API server says in lists and watches, read from its JSON.

use std::time::Duration;

use super::WatchSpec;
use crate::api::ApiError;
use crate::object::{Node, Object};

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
pub(super) struct Page {
    pub(super) items: Vec<Object>,
    pub(super) resource_version: String,
    /// Where the next page starts; empty at the end.
    pub(super) next: String,
}

/// Why a line or a page makes no sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("not JSON")]
    Json(#[source] serde_json::Error),
    #[error("{0}")]
    Shape(&'static str),
}

/// Read one line of a watch.
pub(super) fn line(text: &[u8], spec: &WatchSpec) -> Result<Line, WireError> {
    let mut event = Node::parse(text).map_err(WireError::Json)?;
    let object = event
        .take("object")
        .ok_or(WireError::Shape("a watch event has no object"))?;
    let Some(word) = event.get("type").and_then(Node::as_str) else {
        return Err(WireError::Shape("a watch event has no type"));
    };
    match word {
        "ADDED" | "MODIFIED" | "DELETED" => {
            let deleted = word == "DELETED";
            let object = whole(object, spec)?;
            if object.resource_version.is_empty() {
                return Err(WireError::Shape("an object has no resourceVersion"));
            }
            Ok(if deleted {
                Line::Deleted(object)
            } else {
                Line::Applied(object)
            })
        }
        "BOOKMARK" => {
            let metadata = object
                .get("metadata")
                .ok_or(WireError::Shape("a bookmark has no metadata"))?;
            let end = metadata
                .get("annotations")
                .and_then(|a| a.get("k8s.io/initial-events-end"));
            Ok(Line::Bookmark {
                resource_version: string(metadata, "resourceVersion"),
                initial_end: end.and_then(Node::as_str) == Some("true"),
            })
        }
        "ERROR" => Ok(Line::Refused(status(&object))),
        _ => Err(WireError::Shape("a watch event of an unknown type")),
    }
}

/// An object with what it may lack: the items of a list say neither `apiVersion` nor `kind`, and metadata that was asked
/// for alone says that it is metadata.
fn whole<'a>(mut object: Node<'a>, spec: &'a WatchSpec) -> Result<Object, WireError> {
    if spec.metadata_only
        && let Some(metadata) = object.take("metadata")
    {
        object = Node::Object(vec![("metadata".into(), metadata)]);
    }
    object.set_default("apiVersion", &spec.resource.api_version);
    object.set_default("kind", &spec.resource.kind);
    object
        .to_object()
        .ok_or(WireError::Shape("an object has no name"))
}

/// Read one page of a list.
pub(super) fn page(text: &[u8], spec: &WatchSpec) -> Result<Page, WireError> {
    let mut list = Node::parse(text).map_err(WireError::Json)?;
    let items = match list.take("items") {
        Some(Node::Array(items)) => items,
        Some(Node::Null) | None => Vec::new(),
        Some(_) => return Err(WireError::Shape("a list's items are no array")),
    };
    let mut objects = Vec::with_capacity(items.len());
    for item in items {
        objects.push(whole(item, spec)?);
    }
    let metadata = list
        .get("metadata")
        .ok_or(WireError::Shape("a list has no metadata"))?;
    Ok(Page {
        items: objects,
        resource_version: string(metadata, "resourceVersion"),
        next: string(metadata, "continue"),
    })
}

fn string(node: &Node<'_>, key: &str) -> String {
    node.get(key)
        .and_then(Node::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn status(object: &Node<'_>) -> ApiError {
    let code = object
        .get("code")
        .and_then(Node::as_u64)
        .and_then(|c| u16::try_from(c).ok())
        .unwrap_or(500);
    let retry_after = object
        .get("details")
        .and_then(|d| d.get("retryAfterSeconds"))
        .and_then(Node::as_u64);
    ApiError::Status {
        code,
        reason: string(object, "reason"),
        message: string(object, "message"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::ApiResource;

    fn spec(kind: &str, metadata_only: bool) -> WatchSpec {
        WatchSpec {
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
        }
    }

    #[test]
    fn an_event_gives_its_object_with_sorted_keys() {
        let text = br#"{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"5","name":"a"},"data":{}}}"#;
        let Line::Applied(object) = line(text, &spec("ConfigMap", false)).unwrap() else {
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
            matches!(line(text, &spec("ConfigMap", false)).unwrap(), Line::Deleted(o) if o.name == "a")
        );
    }

    #[test]
    fn a_bookmark_may_end_the_initial_events() {
        let text = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
        assert!(
            matches!(line(text, &spec("Pod", false)).unwrap(), Line::Bookmark { resource_version, initial_end: true } if resource_version == "9")
        );
    }

    #[test]
    fn an_error_keeps_code_and_reason() {
        let text = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#;
        let Line::Refused(error) = line(text, &spec("Pod", false)).unwrap() else {
            panic!()
        };
        assert_eq!(error.status(), Some(410));
    }

    #[test]
    fn list_items_get_their_type() {
        let text = br#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"3","continue":"x"},"items":[{"metadata":{"name":"a","namespace":"n"}}]}"#;
        let page = page(text, &spec("ConfigMap", false)).unwrap();
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
        let spec = spec("Pod", true);
        let shown =
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","resourceVersion":"5"}}"#;
        for object in [
            r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5","name":"a"}}"#,
            // From a server that does not know how to show metadata alone.
            r#"{"kind":"Pod","metadata":{"name":"a","resourceVersion":"5"},"spec":{"x":1}}"#,
        ] {
            let text = format!(r#"{{"type":"ADDED","object":{object}}}"#);
            let Line::Applied(read) = line(text.as_bytes(), &spec).unwrap() else {
                panic!()
            };
            assert_eq!(&*read.json, shown);
            let text = format!(r#"{{"metadata":{{"resourceVersion":"9"}},"items":[{object}]}}"#);
            let page = page(text.as_bytes(), &spec).unwrap();
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
                line(text.as_bytes(), &spec("Pod", false)).is_err(),
                "{text}"
            );
        }
        for text in [
            "{}",
            r#"{"items":3,"metadata":{}}"#,
            r#"{"items":[{}],"metadata":{}}"#,
        ] {
            assert!(
                page(text.as_bytes(), &spec("Pod", false)).is_err(),
                "{text}"
            );
        }
    }
}
