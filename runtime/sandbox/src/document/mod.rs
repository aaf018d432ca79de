//! Values as one run sees them: the module's document, and the run's own writes above it.
//!
//! The module's document is shared and never copied. A write opens only the objects and arrays on its path; what lies
//! beside the path stays a pointer into the shared document.

mod part;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use part::Node;
pub(crate) use part::Part;

use crate::ValuesPatchOperation;
use crate::pointer;

/// A document with writes.
#[derive(Debug)]
pub(crate) struct Document {
    base: Arc<Value>,
    /// None until the first write.
    root: Option<Node>,
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

fn no_such_path(steps: &[String]) -> WriteError {
    WriteError::NoSuchPath(format!("there is no value at {:?}", pointer::write(steps)))
}
