//! The objects that one binding selects, in their order, as compact text.
//!
//! A store is changed in O(log n). A run gets a frozen copy in O(1), which shares everything with the store until the
//! store changes, and after that all that did not change. Small objects are packed together, some dozens in one
//! allocation: see [`leaf`]. Long texts of objects are held once by all stores that share [`Texts`].

mod frozen;
mod leaf;
mod texts;
mod tree;

use std::sync::Arc;

use hookbox_sandbox::{Entry, JsonText};
use leaf::{Edit, Row, Text};
use sha2::{Digest, Sha256};
use texts::Mark;
use tree::Tree;

pub use frozen::Frozen;
pub use texts::Texts;

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

/// The texts of an object, in the order of a row's.
///
/// What a filter gave, or else the whole object, decides whether a change is one; where neither is kept, the object's
/// hash stands for it. An empty text, which is no JSON, stands for none.
impl Keeps {
    fn columns(self) -> usize {
        1 + usize::from(self.object && self.filter_result)
    }

    /// The text that decides.
    fn deciding<'a>(self, row: &Row<'a>) -> &'a str {
        let [first, second] = row.texts;
        let both = self.object && self.filter_result;
        if both {
            second.as_str()
        } else {
            first.as_str()
        }
    }

    fn entry(self, row: &Row<'_>) -> Entry {
        let [first, second] = row.texts;
        match (self.object, self.filter_result) {
            (true, true) => Entry {
                object: first.share(),
                filter_result: second.share(),
            },
            (true, false) => Entry {
                object: first.share(),
                filter_result: None,
            },
            (false, true) => Entry {
                object: None,
                filter_result: first.share(),
            },
            (false, false) => Entry::default(),
        }
    }

    /// What a row weighs: its key, and the texts that are kept for hooks.
    fn weight(self, row: &Row<'_>) -> Weight {
        let texts = if self.object || self.filter_result {
            self.columns()
        } else {
            0
        };
        let texts = row.texts.iter().take(texts).map(|t| t.as_str().len());
        Weight {
            keys: row.key.0.len() + row.key.1.len(),
            texts: texts.sum(),
            shared: shared(self, row).map_or(0, |(_, text)| text.len()),
        }
    }
}

/// Bytes of rows.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    keys: usize,
    texts: usize,
    /// Those of the texts that other stores may hold too.
    shared: usize,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.keys += other.keys;
        self.texts += other.texts;
        self.shared += other.shared;
    }

    fn take(&mut self, other: Self) {
        self.keys -= other.keys;
        self.texts -= other.texts;
        self.shared -= other.shared;
    }

    fn all(self) -> usize {
        self.keys + self.texts
    }
}

/// An object to be stored.
#[derive(Debug, Clone)]
pub struct New {
    /// Where.
    pub key: Key,
    /// Its resource version as a number; 0 where it is none.
    pub version: u64,
    /// The whole object.
    pub object: JsonText,
    /// The filter's result; none where there is no filter.
    pub filter_result: Option<JsonText>,
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
    rows: Tree,
    weight: Weight,
    texts: Texts,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(keeps: Keeps) -> Self {
        Self::sharing(keeps, Texts::default())
    }

    /// An empty store, which holds no text of its own where another store with the same `texts` has one that is equal.
    #[must_use]
    pub fn sharing(keeps: Keeps, texts: Texts) -> Self {
        Self {
            keeps,
            rows: Tree::new(keeps.columns()),
            weight: Weight::default(),
            texts,
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

    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all texts and keys held. What the allocator and the structure add is not counted, nor what packing
    /// saves.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weight.all()
    }

    /// Those of the bytes that are held in [`Texts`], once for all stores.
    #[must_use]
    pub fn shared(&self) -> usize {
        self.weight.shared
    }

    /// Put an object with its filter result (none where there is no filter) in.
    pub fn put(
        &mut self,
        key: &Key,
        object: &JsonText,
        filter_result: Option<&JsonText>,
    ) -> Change {
        self.put_at(key, 0, object, filter_result)
    }

    /// The same, of a resource version as a number; 0 where it is none.
    pub fn put_at(
        &mut self,
        key: &Key,
        version: u64,
        object: &JsonText,
        filter_result: Option<&JsonText>,
    ) -> Change {
        let result = filter_result.map_or(Text::Short(""), Text::of);
        let once = self.shares(version, object);
        let object = once.as_ref().unwrap_or(object);
        let object_hash;
        let texts = match (self.keeps.object, self.keeps.filter_result) {
            (true, _) => [Text::of(object), result],
            (false, true) => [result, Text::Short("")],
            (false, false) => {
                object_hash = hash(object);
                [Text::Short(&object_hash), Text::Short("")]
            }
        };
        let row = Row {
            key: (&key.0, ""),
            version,
            texts,
        };
        self.weight.add(self.keeps.weight(&row));
        let found = self.rows.find(&key.0);
        let Some((at, before)) = found.ok().and_then(|at| Some((at, self.rows.row(at)?))) else {
            let at = found.unwrap_or_else(|at| at);
            self.rows.edit(at, Edit::Insert(&row));
            return Change::Added;
        };
        self.weight.take(self.keeps.weight(&before));
        let same = self.keeps.deciding(&before) == self.keeps.deciding(&row);
        let left = shared(self.keeps, &before);
        let left = left.filter(|(_, text)| !Arc::ptr_eq(text, object));
        let left = left.map(|(version, text)| Mark::of(version, text));
        self.rows.edit(at, Edit::Replace(&row));
        if left.is_some() {
            self.texts.give_back(left, 0);
        }
        if same { Change::Same } else { Change::Modified }
    }

    /// Puts many objects in. What comes in order after all that is there, as in a first list, costs a part of
    /// [`Store::put_at`].
    pub fn put_all(&mut self, objects: &[New]) {
        let mut rest = objects;
        while let Some(first) = rest.first() {
            let after = self.rows.find(&first.key.0) == Err(self.rows.len());
            let packs = self.keeps.object || self.keeps.filter_result;
            let count = match after && packs {
                true => ascending(rest),
                false => 1,
            };
            let (these, others) = rest.split_at(count);
            match these {
                [one] => {
                    let result = one.filter_result.as_ref();
                    self.put_at(&one.key, one.version, &one.object, result);
                }
                _ => self.append(these),
            }
            rest = others;
        }
    }

    /// Puts objects in that come in order after all that is there.
    fn append(&mut self, objects: &[New]) {
        let once: Vec<Option<JsonText>> = objects
            .iter()
            .map(|new| self.shares(new.version, &new.object))
            .collect();
        let mut rows = Vec::with_capacity(objects.len());
        for (new, once) in objects.iter().zip(&once) {
            let object = Text::of(once.as_ref().unwrap_or(&new.object));
            let result = new.filter_result.as_ref();
            let result = result.map_or(Text::Short(""), Text::of);
            let row = Row {
                key: (&*new.key.0, ""),
                version: new.version,
                texts: match self.keeps.object {
                    true => [object, result],
                    false => [result, Text::Short("")],
                },
            };
            self.weight.add(self.keeps.weight(&row));
            rows.push(row);
        }
        self.rows.append(&rows);
    }

    /// A long text as it is held by all, where it is kept and can be told by its version.
    fn shares(&self, version: u64, object: &JsonText) -> Option<JsonText> {
        let long = matches!(Text::of(object), Text::Long(..));
        let shares = self.keeps.object && long && version != 0;
        shares.then(|| self.texts.share(version, object))
    }

    /// What is held of an object.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Entry> {
        let at = self.rows.find(&key.0).ok()?;
        self.rows.row(at).map(|row| self.keeps.entry(&row))
    }

    /// The filter's result for this version of an object, where it is held: the same version has the same result.
    #[must_use]
    pub fn known(&self, key: &Key, version: u64) -> Option<JsonText> {
        let at = self.rows.find(&key.0).ok()?;
        let row = self.rows.row(at)?;
        let same = version != 0 && row.version == version;
        same.then(|| self.keeps.entry(&row).filter_result).flatten()
    }

    /// Take an object out; what was held of it.
    pub fn remove(&mut self, key: &Key) -> Option<Entry> {
        let at = self.rows.find(&key.0).ok()?;
        let row = self.rows.row(at)?;
        let entry = self.keeps.entry(&row);
        self.weight.take(self.keeps.weight(&row));
        let left = shared(self.keeps, &row).map(|(version, text)| Mark::of(version, text));
        self.rows.edit(at, Edit::Remove);
        if left.is_some() {
            // The entry holds it.
            self.texts.give_back(left, 1);
        }
        Some(entry)
    }

    /// Keys for which `select` holds, in order. O(n): for lists, never for single events.
    pub fn keys_where(&self, mut select: impl FnMut(&Key) -> bool) -> Vec<Key> {
        let mut keys = Vec::new();
        self.rows.for_each(|row| {
            let key = Key([row.key.0, row.key.1].concat().into());
            if select(&key) {
                keys.push(key);
            }
        });
        keys
    }

    /// The objects as they are now.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen {
            keeps: self.keeps,
            rows: self.rows.clone(),
            weight: self.weight,
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.texts.is_empty() {
            return;
        }
        let rows = std::mem::replace(&mut self.rows, Tree::new(self.keeps.columns()));
        let mut left = Vec::new();
        rows.for_each(|row| {
            let mark = |(version, text): (u64, &JsonText)| Mark::of(version, text);
            left.extend(shared(self.keeps, &row).map(mark));
        });
        drop(rows);
        self.texts.give_back(left, 0);
    }
}

/// How many of these, from the first on, are in order.
fn ascending(objects: &[New]) -> usize {
    let pairs = objects.iter().zip(objects.iter().skip(1));
    1 + pairs.take_while(|(a, b)| a.key < b.key).count()
}

/// The text of a row that other stores may share.
fn shared<'a>(keeps: Keeps, row: &Row<'a>) -> Option<(u64, &'a JsonText)> {
    match row.texts {
        [Text::Long(text, _), _] if keeps.object && row.version != 0 => Some((row.version, text)),
        _ => None,
    }
}

/// The beginning of a text's SHA-256, in hexadecimal.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(digest.get(..16).unwrap_or(&digest))
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
