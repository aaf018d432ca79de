//! The objects that one binding selects, in their order, as compact text.
//!
//! A store is changed in place in O(log n). A run gets a frozen copy in O(1), which shares everything with the store
//! until the store changes.

use hookbox_sandbox::{Entry, JsonText, Snapshot};
use imbl::Vector;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a binding keeps of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeps {
    /// The whole object (`keepFullObjectsInMemory`).
    pub object: bool,
    /// The filter's result (there is a `jqFilter`).
    pub filter_result: bool,
}

/// One object's place in a store.
///
/// Stores that keep objects are ordered by namespace, then name; the others by the string `namespace/Kind/name`
/// (BEHAVIOUR A3), which differs where one namespace's name begins with another's. Both are the order of bytes of one
/// string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// The key of an object in a store that keeps this.
    #[must_use]
    pub fn new(keeps: Keeps, namespace: &str, name: &str) -> Self {
        let separator = if keeps.object { '\0' } else { '/' };
        let mut key = String::with_capacity(namespace.len() + 1 + name.len());
        key.push_str(namespace);
        key.push(separator);
        key.push_str(name);
        Self(key.into())
    }

    /// Namespace (empty for cluster-scoped objects) and name.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(['\0', '/']).unwrap_or(("", &self.0))
    }
}

/// What is kept of one object. What a filter gave, or else the whole object, decides whether a change is one: the
/// texts are compared, and where neither is kept, their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Both {
        object: JsonText,
        filter_result: JsonText,
    },
    Object(JsonText),
    FilterResult(JsonText),
    Hash([u8; 16]),
}

#[derive(Debug)]
struct Item {
    key: Key,
    kept: Kept,
}

impl Item {
    fn text_bytes(&self) -> usize {
        let texts = match &self.kept {
            Kept::Both {
                object,
                filter_result,
            } => object.len() + filter_result.len(),
            Kept::Object(text) | Kept::FilterResult(text) => text.len(),
            Kept::Hash(_) => 0,
        };
        texts + self.key.0.len()
    }

    fn entry(&self) -> Entry {
        match &self.kept {
            Kept::Both {
                object,
                filter_result,
            } => Entry {
                object: Some(object.clone()),
                filter_result: Some(filter_result.clone()),
            },
            Kept::Object(object) => Entry {
                object: Some(object.clone()),
                filter_result: None,
            },
            Kept::FilterResult(result) => Entry {
                object: None,
                filter_result: Some(result.clone()),
            },
            Kept::Hash(_) => Entry::default(),
        }
    }
}

/// What storing an object did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It was there and its filter result, or without a filter the object itself, differs.
    Modified,
    /// It was there and does not differ in what counts. The newer object is kept.
    Same,
}

/// The objects of one binding.
#[derive(Debug)]
pub struct Store {
    keeps: Keeps,
    items: Vector<Arc<Item>>,
    bytes: usize,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(keeps: Keeps) -> Self {
        Self {
            keeps,
            items: Vector::new(),
            bytes: 0,
        }
    }

    /// What it keeps of each object.
    #[must_use]
    pub fn keeps(&self) -> Keeps {
        self.keeps
    }

    /// The key of an object in this store.
    #[must_use]
    pub fn key(&self, namespace: &str, name: &str) -> Key {
        Key::new(self.keeps, namespace, name)
    }

    fn find(&self, key: &Key) -> Result<usize, usize> {
        self.items.binary_search_by(|item| item.key.cmp(key))
    }

    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes of all texts and keys held. What the allocator and the structure add is not counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Put an object with its filter result (none where there is no filter) in.
    pub fn put(&mut self, key: Key, object: &JsonText, filter_result: Option<&JsonText>) -> Change {
        let kept = match (self.keeps.object, filter_result) {
            (true, Some(result)) => Kept::Both {
                object: object.clone(),
                filter_result: result.clone(),
            },
            (true, None) => Kept::Object(object.clone()),
            (false, Some(result)) => Kept::FilterResult(result.clone()),
            (false, None) => Kept::Hash(hash(object)),
        };
        let at = self.find(&key);
        let item = Arc::new(Item { key, kept });
        self.bytes += item.text_bytes();
        match at {
            Err(at) => {
                self.items.insert(at, item);
                Change::Added
            }
            Ok(at) => {
                let before = self.items.set(at, item.clone());
                self.bytes -= before.text_bytes();
                let same = match (&before.kept, &item.kept) {
                    (
                        Kept::Both {
                            filter_result: a, ..
                        },
                        Kept::Both {
                            filter_result: b, ..
                        },
                    ) => a == b,
                    (a, b) => a == b,
                };
                if same { Change::Same } else { Change::Modified }
            }
        }
    }

    /// What is held of an object.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Entry> {
        let at = self.find(key).ok()?;
        self.items.get(at).map(|item| item.entry())
    }

    /// Take an object out; what was held of it.
    pub fn remove(&mut self, key: &Key) -> Option<Entry> {
        let at = self.find(key).ok()?;
        let item = self.items.remove(at);
        self.bytes -= item.text_bytes();
        Some(item.entry())
    }

    /// Keys for which `select` holds, in order. O(n): for lists, never for single events.
    pub fn keys_where(&self, mut select: impl FnMut(&Key) -> bool) -> Vec<Key> {
        self.items
            .iter()
            .filter(|item| select(&item.key))
            .map(|item| item.key.clone())
            .collect()
    }

    /// The objects as they are now.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen {
            items: self.items.clone(),
        }
    }
}

/// What a store held at one moment.
#[derive(Debug, Clone)]
pub struct Frozen {
    items: Vector<Arc<Item>>,
}

impl Snapshot for Frozen {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        self.items.get(index).map(|item| item.entry())
    }
}

fn hash(text: &str) -> [u8; 16] {
    let digest = Sha256::digest(text.as_bytes());
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(digest) {
        *to = from;
    }
    half
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
