//! What a store held at one moment.

use std::ops::Range;

use hookbox_sandbox::{Entry, Excerpt, Snapshot};

use super::leaf::Text;
use super::tree::Tree;
use super::{Keeps, Key, Weight};
use crate::object::Object;

/// What a store held at one moment.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub(super) keeps: Keeps,
    pub(super) rows: Tree,
    pub(super) weight: Weight,
}

impl Frozen {
    /// Bytes of all texts and keys, as [`super::Store::bytes`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weight.all()
    }

    /// The key of an entry.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<Key> {
        let row = self.rows.row(index)?;
        Some(Key([row.key.0, row.key.1].concat().into()))
    }

    /// The places of the entries in this namespace and of this name, where they are given; of no other where objects
    /// are kept.
    #[must_use]
    pub fn places(&self, namespace: Option<&str>, name: Option<&str>) -> Range<usize> {
        let at = |key: &Key| self.rows.find(&key.0).unwrap_or_else(|at| at);
        match (namespace, name) {
            (None, _) => 0..self.rows.len(),
            (Some(namespace), Some(name)) => {
                let found = self.rows.find(&Key::new(self.keeps, namespace, name).0);
                found.map_or(0..0, |at| at..at + 1)
            }
            (Some(namespace), None) => {
                let first = Key::new(self.keeps, namespace, "");
                // What comes after all keys that begin like the first.
                let mut after = first.0.to_string();
                let next = if after.pop() == Some('\0') {
                    '\u{1}'
                } else {
                    '0'
                };
                after.push(next);
                at(&first)..at(&Key(after.into()))
            }
        }
    }

    /// The object at a place, where it is kept.
    #[must_use]
    pub fn object(&self, index: usize) -> Option<Object> {
        let row = self.rows.row(index)?;
        let json = self.keeps.entry(&row).object?;
        let key = Key([row.key.0, row.key.1].concat().into());
        let (namespace, name) = key.parts();
        Some(Object {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            resource_version: row.version.to_string(),
            json,
        })
    }
}

impl Snapshot for Frozen {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        self.rows.row(index).map(|row| self.keeps.entry(&row))
    }

    fn excerpt(&self, index: usize) -> Option<&Excerpt> {
        let [object, _] = self.rows.row(index)?.texts;
        match object {
            Text::Long(_, excerpt) if self.keeps.object => excerpt,
            _ => None,
        }
    }

    fn json_bytes(&self) -> u64 {
        self.weight.texts as u64
    }
}
