//! Sets of fields, in the form of `FieldsV1`.

use std::collections::BTreeMap;

use crate::tree::Tree;
use serde_json::{Map, Value};

/// A set of paths. A path element is written as in `FieldsV1`: `f:NAME`, `k:{KEYS}` or `v:VALUE`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Set(BTreeMap<String, Node>);

#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    /// The path up to here is in the set.
    member: bool,
    below: Set,
}

impl Set {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a path.
    pub(crate) fn insert(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let node = self.0.entry(first.clone()).or_default();
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// Whether the path, or any path below it, is in the set.
    pub(crate) fn touches(&self, path: &[String]) -> bool {
        match path.split_first() {
            None => !self.is_empty(),
            Some((first, rest)) => self.0.get(first).is_some_and(|node| {
                if rest.is_empty() {
                    node.member || !node.below.is_empty()
                } else {
                    node.below.touches(rest)
                }
            }),
        }
    }

    pub(crate) fn union(mut self, other: &Self) -> Self {
        for (element, node) in &other.0 {
            let mine = self.0.entry(element.clone()).or_default();
            mine.member |= node.member;
            mine.below = std::mem::take(&mut mine.below).union(&node.below);
        }
        self
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let mut out = BTreeMap::new();
        for (element, node) in &self.0 {
            if let Some(theirs) = other.0.get(element) {
                let both = Node {
                    member: node.member && theirs.member,
                    below: node.below.intersection(&theirs.below),
                };
                if both.member || !both.below.is_empty() {
                    out.insert(element.clone(), both);
                }
            }
        }
        Self(out)
    }

    /// What is in this set and not in the other.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// Like [`Self::difference`], but a path of the other takes all below it along.
    pub(crate) fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        let mut out = BTreeMap::new();
        for (element, node) in &self.0 {
            let left = match other.0.get(element) {
                None => node.clone(),
                Some(theirs) if recursive && theirs.member => continue,
                Some(theirs) => Node {
                    member: node.member && !theirs.member,
                    below: node.below.without(&theirs.below, recursive),
                },
            };
            if left.member || !left.below.is_empty() {
                out.insert(element.clone(), left);
            }
        }
        Self(out)
    }

    /// All paths, deepest first within each branch.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn collect(&self, at: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
        for (element, node) in &self.0 {
            at.push(element.clone());
            node.below.collect(at, out);
            if node.member {
                out.push(at.clone());
            }
            at.pop();
        }
    }

    /// As `FieldsV1`.
    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        for (element, node) in &self.0 {
            let mut below = node.below.to_json();
            if node.member && !node.below.is_empty() {
                below.put(".", Value::Object(Map::new()));
            }
            map.insert(element.clone(), below);
        }
        Value::Object(map)
    }

    /// From `FieldsV1`.
    pub(crate) fn from_json(value: &Value) -> Self {
        let mut out = BTreeMap::new();
        for (element, below) in value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(element, _)| *element != ".")
        {
            let empty = below.as_object().is_none_or(Map::is_empty);
            out.insert(
                element.clone(),
                Node {
                    member: empty || below.get(".").is_some(),
                    below: Self::from_json(below),
                },
            );
        }
        Self(out)
    }
}

/// A path as conflicts name it: `.spec.containers[name="a"].image`.
pub(crate) fn display(path: &[String]) -> String {
    let mut text = String::new();
    for element in path {
        match element.split_once(':') {
            Some(("f", name)) => {
                text.push('.');
                text.push_str(name);
            }
            Some(("k", keys)) => {
                let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let listed: Vec<String> = keys
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                text.push_str(&format!("[{}]", listed.join(",")));
            }
            Some(("v", value)) => text.push_str(&format!("[={value}]")),
            _ => text.push_str(element),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_come_back() {
        let json = json!({"f:data": {".": {}, "f:x": {}}, "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}}});
        let set = Set::from_json(&json);
        assert_eq!(set.to_json(), json);
        assert_eq!(set.paths().len(), 4);
        assert_eq!(
            display(&set.paths()[2]),
            ".spec.containers[name=\"a\"].image"
        );
    }

    #[test]
    fn set_laws() {
        let a = Set::from_json(&json!({"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}));
        let b = Set::from_json(&json!({"f:b": {"f:d": {}, "f:e": {}}}));
        assert_eq!(a.difference(&b).union(&a.intersection(&b)), a);
        assert!(a.difference(&a).is_empty());
        assert_eq!(
            a.clone().union(&b).difference(&a).to_json(),
            json!({"f:b": {"f:e": {}}})
        );
    }
}
