//! Values as one run sees them: the module's document, and the run's own writes above it.
//!
//! The module's document is shared and never copied. A write opens only the objects and arrays on its path; what lies
//! beside the path stays a pointer into the shared document.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::ValuesPatchOperation;
use crate::pointer;

/// A document with writes.
#[derive(Debug)]
pub(crate) struct Document {
    base: Arc<Value>,
    /// None until the first write.
    root: Option<Node>,
}

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

/// Why a write was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// There is no such place; the message names the step.
    NoSuchPath(String),
    /// The value does not fit there.
    InvalidValue(String),
}

static EMPTY: Value = Value::Null;

impl Document {
    pub(crate) fn new(base: Arc<Value>) -> Self {
        // A hook outside of any module has no values at all; to it they look like an empty object.
        let base = if base.is_null() {
            Arc::new(Value::Object(serde_json::Map::new()))
        } else {
            base
        };
        Self { base, root: None }
    }

    /// The part at `steps`.
    pub(crate) fn get(&self, steps: &[String]) -> Option<Part<'_>> {
        let mut part = match &self.root {
            None => Part::Plain(&self.base),
            Some(node) => self.part(node),
        };
        for step in steps {
            part = part.child(step)?;
        }
        Some(part)
    }

    /// Put `value` at `steps`, and tell the operation that does so in the module's document.
    ///
    /// A write into an array, or below one, is told as an `add` of the whole outermost array: operators that keep
    /// patches keep only the last one of each path, so that elements told one by one would get lost (BEHAVIOUR E4).
    pub(crate) fn set(
        &mut self,
        steps: &[String],
        value: Value,
    ) -> Result<ValuesPatchOperation, WriteError> {
        let Some((last, parents)) = steps.split_last() else {
            if !value.is_object() {
                return Err(WriteError::InvalidValue(
                    "the whole document must be an object".to_owned(),
                ));
            }
            self.root = Some(Node::Own(value.clone()));
            return Ok(ValuesPatchOperation::Add {
                path: String::new(),
                value,
            });
        };
        let array = self.outermost_array(parents)?;
        self.check(parents, last)?;
        let told = if array.is_none() {
            Some(value.clone())
        } else {
            None
        };
        match self.open(parents) {
            Some(Node::Object(members)) => {
                members.insert(last.clone(), Node::Own(value));
            }
            Some(Node::Array(items)) => {
                let index = if last == "-" {
                    items.len()
                } else {
                    pointer::index(last).unwrap_or(items.len())
                };
                match items.get_mut(index) {
                    Some(item) => *item = Node::Own(value),
                    None => items.push(Node::Own(value)),
                }
            }
            _ => return Err(no_such_path(parents)),
        }
        let (path, value) = match (array, told) {
            (Some(steps), _) => (pointer::write(steps), self.value(steps)),
            (None, Some(value)) => (pointer::write(steps), value),
            (None, None) => return Err(no_such_path(steps)),
        };
        Ok(ValuesPatchOperation::Add { path, value })
    }

    /// Remove the value at `steps`, and tell the operation, as [`Document::set`] does.
    pub(crate) fn remove(&mut self, steps: &[String]) -> Result<ValuesPatchOperation, WriteError> {
        let Some((last, parents)) = steps.split_last() else {
            return Err(WriteError::NoSuchPath(
                "the whole document cannot be removed".to_owned(),
            ));
        };
        if self.get(steps).is_none() {
            return Err(no_such_path(steps));
        }
        let array = self.outermost_array(parents)?;
        match self.open(parents) {
            Some(Node::Object(members)) => {
                members.remove(last);
            }
            Some(Node::Array(items)) => match pointer::index(last) {
                Some(index) if index < items.len() => {
                    items.remove(index);
                }
                _ => return Err(no_such_path(steps)),
            },
            _ => return Err(no_such_path(steps)),
        }
        Ok(match array {
            Some(steps) => ValuesPatchOperation::Add {
                path: pointer::write(steps),
                value: self.value(steps),
            },
            None => ValuesPatchOperation::Remove {
                path: pointer::write(steps),
            },
        })
    }

    /// What opening the path costs in memory: an estimate in bytes of all members beside it that become pointers.
    pub(crate) fn opening_cost(&self, steps: &[String]) -> u64 {
        let mut cost: usize = 0;
        let mut part = self.get(&[]);
        let mut depth = 0;
        for step in steps {
            let Some(current) = part else { break };
            if let Part::Plain(value) = current {
                let members = match value {
                    Value::Object(members) => members.len(),
                    Value::Array(items) => items.len(),
                    _ => 0,
                };
                cost = cost.saturating_add(members.saturating_mul(128 + depth));
            }
            depth += step.len() + 1;
            part = current.child(step);
        }
        u64::try_from(cost).unwrap_or(u64::MAX)
    }

    /// The steps to the outermost array on the way, an array at the end included.
    fn outermost_array<'s>(
        &self,
        parents: &'s [String],
    ) -> Result<Option<&'s [String]>, WriteError> {
        for length in 0..=parents.len() {
            let steps = parents.get(..length).unwrap_or(parents);
            match self.get(steps) {
                None => return Err(no_such_path(steps)),
                Some(part) if part.is_array() => return Ok(Some(steps)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Whether a value can be put under `last` of the parent.
    fn check(&self, parents: &[String], last: &str) -> Result<(), WriteError> {
        let Some(parent) = self.get(parents) else {
            return Err(no_such_path(parents));
        };
        match parent.len() {
            Some((true, length)) => match pointer::index(last) {
                _ if last == "-" => Ok(()),
                Some(index) if index <= length => Ok(()),
                _ => Err(WriteError::NoSuchPath(format!(
                    "{:?} has {length} elements and no place {last:?}",
                    pointer::write(parents)
                ))),
            },
            Some((false, _)) => Ok(()),
            None => Err(WriteError::NoSuchPath(format!(
                "the value at {:?} is neither an object nor an array",
                pointer::write(parents)
            ))),
        }
    }

    /// Make every container on the way, the last one included, writable.
    fn open(&mut self, steps: &[String]) -> Option<&mut Node> {
        let base = &self.base;
        let mut node = self.root.get_or_insert_with(|| Node::Base(String::new()));
        node.open(base);
        for step in steps {
            node = match node {
                Node::Object(members) => members.get_mut(step)?,
                Node::Array(items) => items.get_mut(pointer::index(step)?)?,
                Node::Base(_) | Node::Own(_) => return None,
            };
            node.open(base);
        }
        Some(node)
    }

    fn part<'a>(&'a self, node: &'a Node) -> Part<'a> {
        match node {
            Node::Base(pointer) => Part::Plain(self.base.pointer(pointer).unwrap_or(&EMPTY)),
            Node::Own(value) => Part::Plain(value),
            Node::Object(_) | Node::Array(_) => Part::Opened(self, node),
        }
    }

    fn value(&self, steps: &[String]) -> Value {
        self.get(steps)
            .and_then(|part| serde_json::to_value(part).ok())
            .unwrap_or_default()
    }
}

impl Node {
    /// One level: a container becomes one of parts. Anything else stays.
    fn open(&mut self, base: &Value) {
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
    fn child(self, step: &str) -> Option<Part<'a>> {
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

    fn is_array(self) -> bool {
        matches!(self.len(), Some((true, _)))
    }

    /// Whether it is an array, and how many it holds; none when it is neither array nor object.
    fn len(self) -> Option<(bool, usize)> {
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

fn no_such_path(steps: &[String]) -> WriteError {
    WriteError::NoSuchPath(format!("there is no value at {:?}", pointer::write(steps)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn steps(path: &str) -> Vec<String> {
        pointer::parse(path).unwrap()
    }

    fn read(document: &Document, path: &str) -> Option<Value> {
        let text = document.get(&steps(path))?.text(u64::MAX).unwrap();
        Some(serde_json::from_str(&text).unwrap())
    }

    fn add(path: &str, value: Value) -> ValuesPatchOperation {
        ValuesPatchOperation::Add {
            path: path.to_owned(),
            value,
        }
    }

    fn module() -> Document {
        Document::new(Arc::new(
            json!({"m": {"on": true, "list": [1, {"x": [2]}], "a/b": {"c": 1}}, "global": {}}),
        ))
    }

    #[test]
    fn a_run_sees_its_own_writes_and_the_rest_unchanged() {
        let mut document = module();
        assert_eq!(
            document.set(&steps("/m/on"), json!(false)),
            Ok(add("/m/on", json!(false)))
        );
        assert_eq!(
            document.set(&steps("/m/new"), json!({"k": [1]})),
            Ok(add("/m/new", json!({"k": [1]})))
        );
        assert_eq!(
            document.set(&steps("/m/new/j"), json!(2)),
            Ok(add("/m/new/j", json!(2)))
        );
        assert_eq!(
            document.set(&steps("/m/a~1b/c"), json!("d")),
            Ok(add("/m/a~1b/c", json!("d")))
        );
        assert_eq!(
            read(&document, ""),
            Some(
                json!({"m": {"on": false, "list": [1, {"x": [2]}], "a/b": {"c": "d"}, "new": {"k": [1], "j": 2}},
                "global": {}})
            )
        );
        assert_eq!(read(&document, "/m/new/k/0"), Some(json!(1)));
        assert_eq!(read(&document, "/m/none"), None);
        let removed = document.remove(&steps("/m/a~1b"));
        assert_eq!(
            removed,
            Ok(ValuesPatchOperation::Remove {
                path: "/m/a~1b".into()
            })
        );
        assert_eq!(read(&document, "/m/a~1b"), None);
        assert!(document.remove(&steps("/m/a~1b")).is_err());
    }

    #[test]
    fn writes_into_arrays_are_told_as_the_whole_array() {
        let mut document = module();
        assert_eq!(
            document.set(&steps("/m/list/-"), json!(3)),
            Ok(add("/m/list", json!([1, {"x": [2]}, 3])))
        );
        assert_eq!(
            document.set(&steps("/m/list/-"), json!(4)),
            Ok(add("/m/list", json!([1, {"x": [2]}, 3, 4])))
        );
        assert_eq!(
            document.set(&steps("/m/list/0"), json!(0)),
            Ok(add("/m/list", json!([0, {"x": [2]}, 3, 4])))
        );
        assert_eq!(
            document.set(&steps("/m/list/1/x/1"), json!(5)),
            Ok(add("/m/list", json!([0, {"x": [2, 5]}, 3, 4])))
        );
        assert_eq!(
            document.remove(&steps("/m/list/0")),
            Ok(add("/m/list", json!([{"x": [2, 5]}, 3, 4])))
        );
        assert_eq!(
            document.remove(&steps("/m/list/0/x")),
            Ok(add("/m/list", json!([{}, 3, 4])))
        );
    }

    #[test]
    fn what_has_no_place_is_refused_and_changes_nothing() {
        let mut document = module();
        for path in [
            "/x/y",
            "/m/on/x",
            "/m/list/3",
            "/m/list/01",
            "/m/list/x",
            "/m/list/-/x",
            "/m/list/0/x",
        ] {
            let answer = document.set(&steps(path), json!(1));
            assert!(
                matches!(answer, Err(WriteError::NoSuchPath(_))),
                "{path}: {answer:?}"
            );
        }
        for path in ["", "/x", "/m/list/-", "/m/list/2", "/m/on/x"] {
            let answer = document.remove(&steps(path));
            assert!(
                matches!(answer, Err(WriteError::NoSuchPath(_))),
                "{path}: {answer:?}"
            );
        }
        assert!(matches!(
            document.set(&[], json!(1)),
            Err(WriteError::InvalidValue(_))
        ));
        assert_eq!(read(&document, ""), read(&module(), ""));
    }

    #[test]
    fn no_values_look_like_an_empty_object() {
        let mut document = Document::new(Arc::default());
        assert_eq!(read(&document, ""), Some(json!({})));
        assert_eq!(
            document.set(&steps("/a"), json!(1)),
            Ok(add("/a", json!(1)))
        );
        assert_eq!(
            document.set(&[], json!({"b": 2})),
            Ok(add("", json!({"b": 2})))
        );
        assert_eq!(read(&document, ""), Some(json!({"b": 2})));
    }

    #[test]
    fn a_text_over_the_budget_is_not_made() {
        let document = module();
        assert_eq!(
            document.get(&steps("/m/list")).unwrap().text(15).unwrap(),
            r#"[1,{"x":[2]}]"#
        );
        assert_eq!(document.get(&steps("/m/list")).unwrap().text(5), None);
    }

    /// Apply the operations told to a plain document, strictly as RFC 6902 has it.
    fn apply(document: &mut Value, operation: &ValuesPatchOperation) {
        let (path, value) = match operation {
            ValuesPatchOperation::Add { path, value } => (path, Some(value)),
            ValuesPatchOperation::Remove { path } => (path, None),
        };
        let Some((parent, last)) = path.rsplit_once('/') else {
            *document = value.unwrap().clone();
            return;
        };
        let parent = document
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        match value {
            Some(value) => drop(parent.insert(last.to_owned(), value.clone())),
            None => drop(parent.remove(last).unwrap()),
        }
    }

    proptest! {
        /// Whatever a hook writes, the operations told lead to the document that the hook saw, and no operation told
        /// goes into an array.
        #[test]
        fn what_is_told_leads_to_what_was_seen(
            writes in prop::collection::vec(("(/[abl01-]){1,4}", prop::bool::ANY, 0..4usize), 0..30)
        ) {
            let base = json!({"a": {"b": {"l": [0, {"a": 1}]}}, "l": [[1, 2], {"b": 3}], "b": 1});
            let mut document = Document::new(Arc::new(base.clone()));
            let mut plain = base;
            for (path, set, value) in writes {
                let value = [json!(7), json!({"a": {}}), json!([]), json!({"l": [1]})][value].clone();
                let steps = steps(&path);
                let told = if set { document.set(&steps, value) } else { document.remove(&steps) };
                if let Ok(told) = told {
                    apply(&mut plain, &told);
                }
                prop_assert_eq!(read(&document, ""), Some(plain.clone()));
            }
        }
    }
}
