//! One version of one object, kept as the bytes that clients get.
//!
//! An object is written `{"kind":…,"apiVersion":…,"metadata":{"resourceVersion":"…",…},…}` and followed by the end of a
//! watch line. So a get, a list item, a watch event and another resource version are slices or splices of one buffer,
//! and nothing is encoded twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tree::Tree;
use bytes::Bytes;
use serde_json::{Map, Value};

/// What follows an object in a line of a watch.
const LINE_END: &[u8] = b"}\n";

/// What is needed of an object without parsing it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) uid: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// Fields that can be selected by, beside name and namespace.
    pub(crate) fields: Vec<(Arc<str>, String)>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) deleting: bool,
    pub(crate) finalizers: Vec<String>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Owner {
    pub(crate) uid: String,
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) blocks: bool,
}

impl Meta {
    /// Reads the metadata of an object; `fields` are those of its kind.
    pub(crate) fn of(value: &Value, fields: Vec<(Arc<str>, String)>) -> Self {
        let meta = value.at("metadata");
        let text = |key: &str| meta.at(key).as_str().unwrap_or_default().to_owned();
        let labels = meta.at("labels").as_object().map(|map| {
            map.iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect()
        });
        let owners = meta.at("ownerReferences").as_array().map(|list| {
            list.iter()
                .map(|owner| Owner {
                    uid: owner.at("uid").as_str().unwrap_or_default().to_owned(),
                    api_version: owner
                        .at("apiVersion")
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    kind: owner.at("kind").as_str().unwrap_or_default().to_owned(),
                    name: owner.at("name").as_str().unwrap_or_default().to_owned(),
                    blocks: owner.at("blockOwnerDeletion").as_bool().unwrap_or(false),
                })
                .collect()
        });
        let finalizers = meta.at("finalizers").as_array().map(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        });
        Self {
            name: text("name"),
            namespace: meta
                .at("namespace")
                .as_str()
                .filter(|ns| !ns.is_empty())
                .map(str::to_owned),
            uid: text("uid"),
            labels: labels.unwrap_or_default(),
            fields,
            owners: owners.unwrap_or_default(),
            deleting: meta.at("deletionTimestamp").is_string(),
            finalizers: finalizers.unwrap_or_default(),
        }
    }
}

/// An encoded object that waits for its resource version.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    head: Vec<u8>,
    metadata_at: usize,
    tail: Vec<u8>,
    meta: Arc<Meta>,
}

impl Draft {
    /// Encodes an object. Its own resource version is ignored.
    pub(crate) fn new(value: &Value, meta: Meta) -> Result<Self, serde_json::Error> {
        let empty = Map::new();
        let object = value.as_object().unwrap_or(&empty);
        let mut head = Vec::with_capacity(96);
        head.extend_from_slice(b"{\"kind\":");
        serde_json::to_writer(&mut head, object.get("kind").unwrap_or(&Value::Null))?;
        head.extend_from_slice(b",\"apiVersion\":");
        serde_json::to_writer(&mut head, object.get("apiVersion").unwrap_or(&Value::Null))?;
        head.push(b',');
        let metadata_at = head.len();
        head.extend_from_slice(b"\"metadata\":{\"resourceVersion\":\"");
        let mut tail = Vec::with_capacity(512);
        tail.push(b'"');
        for (key, value) in object
            .get("metadata")
            .and_then(Value::as_object)
            .unwrap_or(&empty)
        {
            if key != "resourceVersion" {
                entry(&mut tail, key, value)?;
            }
        }
        tail.push(b'}');
        for (key, value) in object {
            if !matches!(key.as_str(), "kind" | "apiVersion" | "metadata") {
                entry(&mut tail, key, value)?;
            }
        }
        tail.push(b'}');
        Ok(Self {
            head,
            metadata_at,
            tail,
            meta: Arc::new(meta),
        })
    }

    /// Gives it its resource version.
    pub(crate) fn finish(self, key: Arc<str>, rev: u64) -> Stored {
        Stored::splice(
            key,
            rev,
            &self.head,
            self.metadata_at,
            &self.tail,
            self.meta,
        )
    }
}

fn entry(out: &mut Vec<u8>, key: &str, value: &Value) -> Result<(), serde_json::Error> {
    out.push(b',');
    serde_json::to_writer(&mut *out, key)?;
    out.push(b':');
    serde_json::to_writer(&mut *out, value)
}

/// One version of one object.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) key: Arc<str>,
    pub(crate) rev: u64,
    pub(crate) meta: Arc<Meta>,
    /// The object as JSON, and [`LINE_END`].
    buffer: Bytes,
    metadata_at: usize,
    /// Where the digits of the resource version begin and end.
    digits: (usize, usize),
}

impl Stored {
    fn splice(
        key: Arc<str>,
        rev: u64,
        head: &[u8],
        metadata_at: usize,
        tail: &[u8],
        meta: Arc<Meta>,
    ) -> Self {
        // What was never written, by a dry run, has no version.
        let unversioned = head
            .strip_suffix(b"\"resourceVersion\":\"")
            .zip(tail.strip_prefix(b"\","))
            .filter(|_| rev == 0);
        let (head, tail) = unversioned.unwrap_or((head, tail));
        let rev_text = if unversioned.is_some() {
            String::new()
        } else {
            rev.to_string()
        };
        let mut buffer =
            Vec::with_capacity(head.len() + rev_text.len() + tail.len() + LINE_END.len());
        buffer.extend_from_slice(head);
        buffer.extend_from_slice(rev_text.as_bytes());
        let digits = (head.len(), buffer.len());
        buffer.extend_from_slice(tail);
        buffer.extend_from_slice(LINE_END);
        Self {
            key,
            rev,
            meta,
            buffer: buffer.into(),
            metadata_at,
            digits,
        }
    }

    /// The same object at another resource version.
    pub(crate) fn at(&self, rev: u64) -> Self {
        let head = self.buffer.get(..self.digits.0).unwrap_or_default();
        let tail = self.json_from(self.digits.1);
        Self::splice(
            self.key.clone(),
            rev,
            head,
            self.metadata_at,
            tail,
            self.meta.clone(),
        )
    }

    fn json_from(&self, at: usize) -> &[u8] {
        self.buffer
            .get(at..self.buffer.len() - LINE_END.len())
            .unwrap_or_default()
    }

    /// The object as JSON.
    pub(crate) fn json(&self) -> Bytes {
        self.buffer.slice(..self.buffer.len() - LINE_END.len())
    }

    /// The object as JSON without kind and apiVersion and without the opening brace, as items of typed lists are.
    pub(crate) fn json_untyped(&self) -> &[u8] {
        self.json_from(self.metadata_at)
    }

    /// The object and the end of a watch line.
    pub(crate) fn line(&self) -> Bytes {
        self.buffer.clone()
    }

    /// Whether it is kept as this kind and version.
    pub(crate) fn is_of(&self, kind: &str, api_version: &str) -> bool {
        let mut rest = self.buffer.get(..self.metadata_at).unwrap_or_default();
        for part in [
            "{\"kind\":\"",
            kind,
            "\",\"apiVersion\":\"",
            api_version,
            "\",",
        ] {
            let Some(after) = rest.strip_prefix(part.as_bytes()) else {
                return false;
            };
            rest = after;
        }
        rest.is_empty()
    }

    /// The object as a tree.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(self.json_from(0)).unwrap_or_default()
    }

    /// Bytes that this version holds.
    pub(crate) fn size(&self) -> usize {
        self.buffer.len()
    }
}
