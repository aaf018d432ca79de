//! The parts of a document: shared, opened by a write, or put there by one.

use std::collections::BTreeMap;
use std::io;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::Document;
use crate::pointer;

/// A part of the document.
#[derive(Debug)]
pub(crate) enum Node {
    /// As in the shared document, at this pointer.
    Base(String),
    /// Opened by a write.
    Object(BTreeMap<String, Node>),
    Array(Vec<Node>),
    /// Put there by a write.
    Own(Value),
}

/// A part of the document, for reading.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Plain(&'a Value),
    Opened(&'a Document, &'a Node),
}

impl Node {
    /// One level: a container becomes one of parts. Anything else stays.
    pub(super) fn open(&mut self, base: &Value) {
        match self {
            Self::Base(at) => match base.pointer(at) {
                Some(Value::Object(members)) => {
                    let parts = members.keys().map(|key| {
                        let mut below = at.clone();
                        pointer::push(&mut below, key);
                        (key.clone(), Self::Base(below))
                    });
                    *self = Self::Object(parts.collect());
                }
                Some(Value::Array(items)) => {
                    let parts = (0..items.len()).map(|index| Self::Base(format!("{at}/{index}")));
                    *self = Self::Array(parts.collect());
                }
                _ => {}
            },
            Self::Own(Value::Object(members)) => {
                let members = std::mem::take(members);
                *self = Self::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key, Self::Own(value)))
                        .collect(),
                );
            }
            Self::Own(Value::Array(items)) => {
                let items = std::mem::take(items);
                *self = Self::Array(items.into_iter().map(Self::Own).collect());
            }
            Self::Own(_) | Self::Object(_) | Self::Array(_) => {}
        }
    }
}

impl<'a> Part<'a> {
    pub(super) fn child(self, step: &str) -> Option<Part<'a>> {
        match self {
            Part::Plain(Value::Object(members)) => members.get(step).map(Part::Plain),
            Part::Plain(Value::Array(items)) => items.get(pointer::index(step)?).map(Part::Plain),
            Part::Plain(_) => None,
            Part::Opened(document, Node::Object(members)) => {
                members.get(step).map(|node| document.part(node))
            }
            Part::Opened(document, Node::Array(items)) => items
                .get(pointer::index(step)?)
                .map(|node| document.part(node)),
            Part::Opened(..) => None,
        }
    }

    pub(super) fn is_array(self) -> bool {
        matches!(self.len(), Some((true, _)))
    }

    /// Whether it is an array, and how many it holds; none when it is neither array nor object.
    pub(super) fn len(self) -> Option<(bool, usize)> {
        match self {
            Part::Plain(Value::Array(items)) => Some((true, items.len())),
            Part::Opened(_, Node::Array(items)) => Some((true, items.len())),
            Part::Plain(Value::Object(members)) => Some((false, members.len())),
            Part::Opened(_, Node::Object(members)) => Some((false, members.len())),
            Part::Plain(_) | Part::Opened(..) => None,
        }
    }

    /// The part as text of at most `allowed` bytes; none when it is longer.
    pub(crate) fn text(self, allowed: u64) -> Option<String> {
        let mut out = Bounded {
            out: Vec::new(),
            allowed,
        };
        serde_json::to_writer(&mut out, &self).ok()?;
        String::from_utf8(out.out).ok()
    }
}

struct Bounded {
    out: Vec<u8>,
    allowed: u64,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if u64::try_from(self.out.len() + bytes.len()).unwrap_or(u64::MAX) > self.allowed {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Plain(value) => value.serialize(serializer),
            Part::Opened(document, Node::Object(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, node) in members {
                    map.serialize_entry(key, &document.part(node))?;
                }
                map.end()
            }
            Part::Opened(document, Node::Array(items)) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for node in items {
                    seq.serialize_element(&document.part(node))?;
                }
                seq.end()
            }
            Part::Opened(..) => serializer.serialize_unit(),
        }
    }
}
