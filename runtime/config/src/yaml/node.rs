//! Values and where they stand.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use crate::path::{self, Path, Step};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it starts.
    pub at: Position,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in their order. A key may be there twice.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key starts.
    pub at: Position,
    /// The value.
    pub value: Node,
}

/// A key that is given twice in one mapping.
pub(crate) struct Duplicate {
    pub(crate) path: Path,
    pub(crate) key: String,
    pub(crate) first: Position,
    pub(crate) second: Position,
}

impl Duplicate {
    pub(crate) fn shown_key(&self) -> String {
        self.key
            .chars()
            .take(80)
            .collect::<String>()
            .escape_debug()
            .to_string()
    }
}

/// More are of no use to anybody.
const MOST_DUPLICATES: usize = 100;

impl Node {
    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => {
                let entry = entries.iter().rev().find(|entry| entry.key == key)?;
                Some(&entry.value)
            }
            _ => None,
        }
    }

    /// The same value without positions. Of a key that is given twice the last one counts.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(value) => Json::Number(value.clone()),
            Value::String(value) => Json::String(value.clone()),
            Value::Sequence(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Mapping(entries) => Json::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_json()))
                    .collect(),
            ),
        }
    }

    /// Where the value of a path starts, such as `spec.containers[0].image` or `metadata.labels["a.b/c"]`; for a
    /// missing value, where the nearest one around it starts. None when the path is malformed.
    #[must_use]
    pub fn position(&self, path: &str) -> Option<Position> {
        let mut node = self;
        for step in path::parse(path)? {
            let inner = match (&node.value, &step) {
                (Value::Mapping(_), Step::Key(key)) => node.get(key),
                (Value::Sequence(items), Step::Index(index)) => items.get(*index),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        Some(node.at)
    }

    /// All keys that are given twice, at most a hundred.
    pub(crate) fn duplicate_keys(&self) -> Vec<Duplicate> {
        let mut found = Vec::new();
        self.collect_duplicates(None, &mut found);
        found
    }

    fn collect_duplicates(&self, here: Option<&Here<'_>>, found: &mut Vec<Duplicate>) {
        if found.len() >= MOST_DUPLICATES {
            return;
        }
        match &self.value {
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    let here = Here {
                        outer: here,
                        step: Within::Index(index),
                    };
                    item.collect_duplicates(Some(&here), found);
                }
            }
            Value::Mapping(entries) => {
                let mut seen: HashMap<&str, Position> = HashMap::with_capacity(entries.len());
                for entry in entries {
                    let here = Here {
                        outer: here,
                        step: Within::Key(&entry.key),
                    };
                    match seen.get(entry.key.as_str()) {
                        Some(_) if found.len() >= MOST_DUPLICATES => return,
                        Some(first) => found.push(Duplicate {
                            path: here.path(),
                            key: entry.key.clone(),
                            first: *first,
                            second: entry.at,
                        }),
                        None => {
                            seen.insert(&entry.key, entry.at);
                        }
                    }
                    entry.value.collect_duplicates(Some(&here), found);
                }
            }
            _ => {}
        }
    }
}

/// Where a walk is; written out only when something is found.
struct Here<'a> {
    outer: Option<&'a Here<'a>>,
    step: Within<'a>,
}

enum Within<'a> {
    Key(&'a str),
    Index(usize),
}

impl Here<'_> {
    fn path(&self) -> Path {
        let outer = self.outer.map(Here::path).unwrap_or_default();
        match self.step {
            Within::Key(key) => outer.key(key),
            Within::Index(index) => outer.index(index),
        }
    }
}
