//! Long texts that several stores hold, each once in memory.
//!
//! Bindings whose watches differ still see many of the same objects, and bindings with the same watch may have listed
//! it one after the other. Whichever store comes second takes the first one's text where it is equal byte for byte. A
//! text is looked for by the object's resource version, so that nothing long has to be hashed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbox_sandbox::JsonText;

/// Bytes of texts that may stay here although no store holds them any more, beside a part of all.
const STALE: usize = 1 << 20;
/// That part: one of so many.
const STALE_PART: usize = 16;

/// The texts that stores share. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Texts(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    texts: HashMap<Mark, JsonText>,
    /// Bytes of these.
    bytes: usize,
    /// Bytes of those that a store gave back while somebody else held them: perhaps only a run, which does not give
    /// back.
    stale: usize,
}

impl Texts {
    /// Texts held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().texts.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the texts held, each once.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.table().bytes
    }

    /// Lets go of all that no store holds any more, which happens now and then by itself.
    pub fn sweep(&self) {
        self.table().sweep();
    }

    /// The text as others hold it already, or else this one, which others will find from now on.
    pub(super) fn share(&self, version: u64, text: &JsonText) -> JsonText {
        let mut table = self.table();
        let table = &mut *table;
        match table.texts.entry(Mark::of(version, text)) {
            std::collections::hash_map::Entry::Occupied(known) => {
                let known = known.get();
                // Another text of the same version, as of metadata alone: who came first stays.
                let equal = Arc::ptr_eq(known, text) || **known == **text;
                Arc::clone(if equal { known } else { text })
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Arc::clone(text));
                table.bytes += text.len();
                Arc::clone(text)
            }
        }
    }

    /// A store holds the texts of these marks no longer; `held`: how often the caller still does. They stay for others
    /// that hold them.
    pub(super) fn give_back(&self, marks: impl IntoIterator<Item = Mark>, held: usize) {
        let mut table = self.table();
        for mark in marks {
            table.give_back(mark, held);
        }
        if table.stale > STALE + table.bytes / STALE_PART {
            table.sweep();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn give_back(&mut self, mark: Mark, held: usize) {
        let Some(known) = self.texts.get(&mark) else {
            return;
        };
        if Arc::strong_count(known) > 1 + held {
            self.stale += known.len();
            return;
        }
        self.bytes -= known.len();
        self.texts.remove(&mark);
        self.fit();
    }

    /// Lets go of all that nobody else holds.
    fn sweep(&mut self) {
        self.texts.retain(|_, text| Arc::strong_count(text) > 1);
        self.bytes = self.texts.values().map(|text| text.len()).sum();
        self.stale = 0;
        self.fit();
    }

    /// Keeps no room that was needed long ago.
    fn fit(&mut self) {
        if self.texts.capacity() > 64 && self.texts.len() < self.texts.capacity() / 8 {
            self.texts.shrink_to(self.texts.len() * 2);
        }
    }
}

/// By what a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark(u64);

impl Mark {
    /// One version of one object has one text of a length, but for what a hostile server says.
    pub(super) fn of(version: u64, text: &str) -> Self {
        Self(version.rotate_left(24) ^ text.len() as u64)
    }
}
