//! Kubernetes objects as compact JSON text with sorted keys.
//!
//! An answer of the API server is read once into a tree of borrowed strings, and each object is written out again as
//! one text. Nothing else of it is kept.

use std::borrow::Cow;
use std::fmt;

use hookbox_sandbox::JsonText;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// One object as the API server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its resource version.
    pub resource_version: String,
    /// The whole object: compact, keys sorted.
    pub json: JsonText,
}

impl Object {
    /// Its resource version as a number, which says as much; 0 where it is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
    }
}

/// A JSON value that borrows its strings from the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// Sorted by key, keys unique.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads a document; depth is bounded by serde_json.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        let Self::Object(fields) = self else {
            return None;
        };
        let at = fields.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        fields.get(at).map(|(_, value)| value)
    }

    /// Puts `value` at `key` unless there is one.
    pub(crate) fn set_default(&mut self, key: &'a str, value: &'a str) {
        if let Self::Object(fields) = self
            && let Err(at) = fields.binary_search_by(|(k, _)| k.as_ref().cmp(key))
        {
            fields.insert(at, (Cow::Borrowed(key), Node::String(Cow::Borrowed(value))));
        }
    }

    /// Takes the value at `key` out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node<'a>> {
        let Self::Object(fields) = self else {
            return None;
        };
        let at = fields.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
        Some(fields.remove(at).1)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> String {
        self.get(key)
            .and_then(Node::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// The object that this value is; none without `metadata.name`.
    pub(crate) fn to_object(&self) -> Option<Object> {
        let metadata = self.get("metadata")?;
        let name = metadata.text("name");
        if name.is_empty() {
            return None;
        }
        Some(Object {
            namespace: metadata.text("namespace"),
            name,
            resource_version: metadata.text("resourceVersion"),
            json: self.to_string().into(),
        })
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Signed(value) => write!(f, "{value}"),
            Self::Float(value) => {
                f.write_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?)
            }
            Self::String(value) => write_string(f, value),
            Self::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (i, (key, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write_string(f, key)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    // Nearly all strings need no escapes.
    if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        f.write_str("\"")?;
        f.write_str(text)?;
        return f.write_str("\"");
    }
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            fields.push((key.0, map.next_value()?));
        }
        if !fields.is_sorted_by(|a, b| a.0 < b.0) {
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            // Of equal keys the last one counts, as everywhere in Go.
            fields.reverse();
            fields.dedup_by(|a, b| a.0 == b.0);
            fields.reverse();
        }
        Ok(Node::Object(fields))
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// A key, borrowed where the text has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Node::parse(text.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn keys_are_sorted_and_spaces_dropped() {
        assert_eq!(
            canonical(r#"{ "b": [1, {"y": 2, "x": -3}], "a": null }"#),
            r#"{"a":null,"b":[1,{"x":-3,"y":2}]}"#
        );
    }

    #[test]
    fn strings_and_numbers_survive() {
        let text = r#"{"a":"line\nbreak \"q\" \\ é","b":1.5,"c":9223372036854775807,"d":true,"e":18446744073709551615}"#;
        assert_eq!(canonical(text), text);
        assert_eq!(canonical(r#""\u0001\u00e9""#), "\"\\u0001é\"");
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        assert_eq!(
            canonical(r#"{"b":1,"a":1,"b":2,"a":3}"#),
            r#"{"a":3,"b":2}"#
        );
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = "[".repeat(100_000);
        assert!(Node::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn an_object_needs_a_name() {
        let node = Node::parse(br#"{"metadata":{"namespace":"x"}}"#).unwrap();
        assert_eq!(node.to_object(), None);
        let node =
            Node::parse(br#"{"metadata":{"name":"n","namespace":"x","resourceVersion":"7"}}"#)
                .unwrap();
        let object = node.to_object().unwrap();
        assert_eq!(
            (
                object.namespace.as_str(),
                object.name.as_str(),
                object.resource_version.as_str()
            ),
            ("x", "n", "7")
        );
    }
}
