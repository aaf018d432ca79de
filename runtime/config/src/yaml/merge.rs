//! The entries of a mapping, with what `<<: *defaults` takes over from others.

use std::collections::HashMap;

use super::{Dialect, Entry, Node, Value, YamlError, YamlErrorKind};

/// Entries in their order. A key may be given twice; what is taken over replaces, or is replaced, and leaves no trace.
#[derive(Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    /// Where each key stands last, and whether it was taken over. Only known once something was.
    places: Option<HashMap<String, (usize, bool)>>,
}

impl Entries {
    /// Adds an entry that is written out.
    pub(super) fn push(&mut self, entry: Entry) {
        if let Some(places) = &mut self.places {
            let place = places.get(&entry.key).copied();
            if let Some((index, true)) = place
                && let Some(known) = self.list.get_mut(index)
            {
                places.insert(entry.key.clone(), (index, false));
                *known = entry;
                return;
            }
            places.insert(entry.key.clone(), (self.list.len(), false));
        }
        self.list.push(entry);
    }

    /// Takes over from the value of `<<`. Of several mappings the first has precedence. Over a key that stands before it
    /// the mapping has precedence too, but in [`Dialect::Patches`], where what is written out always has.
    pub(super) fn merge(&mut self, source: Node, dialect: Dialect) -> Result<(), YamlError> {
        let at = source.at;
        let sources = match source.value {
            Value::Sequence(items) => items,
            value => vec![Node { value, at }],
        };
        for source in sources.into_iter().rev() {
            let Value::Mapping(inherited) = source.value else {
                return Err(YamlError::new(
                    YamlErrorKind::Unsupported,
                    "`<<` takes a mapping or a list of mappings",
                    source.at,
                ));
            };
            for entry in inherited {
                self.inherit(entry, dialect);
            }
        }
        Ok(())
    }

    fn inherit(&mut self, entry: Entry, dialect: Dialect) {
        let list = &mut self.list;
        let places = self.places.get_or_insert_with(|| {
            let keys = list.iter().map(|entry| entry.key.clone()).enumerate();
            keys.map(|(index, key)| (key, (index, false))).collect()
        });
        match places.get(&entry.key).copied() {
            Some((_, false)) if dialect == Dialect::Patches => {}
            Some((index, _)) => {
                if let Some(known) = list.get_mut(index) {
                    *known = entry;
                }
            }
            None => {
                places.insert(entry.key.clone(), (list.len(), true));
                list.push(entry);
            }
        }
    }

    pub(super) fn into_list(self) -> Vec<Entry> {
        self.list
    }
}
