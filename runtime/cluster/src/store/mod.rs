//! The state: objects by kind and key, one revision counter, and a bounded history of changes for watches and paging.
//!
//! Like etcd under a real API server: every write takes the next revision, which is the object's resource version; a
//! list can be read as of an older revision as long as the history reaches back to it.

mod object;
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub(crate) use object::{Draft, Meta, Owner, Stored};
use table::Table;
pub(crate) use table::{Change, ChangeKind, Gone, Page, READ_BYTES};

/// Which table of the store: all versions of a kind share one.
pub(crate) type TableId = usize;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) table: TableId,
    pub(crate) key: Arc<str>,
}

/// How much history each table keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Number of changes.
    pub(crate) changes: usize,
    /// Bytes of the objects in them.
    pub(crate) bytes: usize,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(crate) enum Clash {
    /// There is one already.
    Exists,
    /// It changed or vanished since it was read.
    Changed,
}

/// A part of the history.
pub(crate) struct Changes {
    pub(crate) changes: Vec<Arc<Change>>,
    /// Everything up to this revision is in it, or does not matter.
    pub(crate) upto: u64,
    /// Whether there is more at once.
    pub(crate) more: bool,
}

#[derive(Default)]
struct State {
    rev: u64,
    tables: Vec<Table>,
    names: HashMap<Arc<str>, TableId>,
    uids: HashMap<String, Place>,
    dependents: HashMap<String, BTreeSet<Place>>,
}

/// The state of a cluster.
pub(crate) struct Store {
    state: Mutex<State>,
    window: Window,
    /// The revision before the first one.
    before: u64,
}

/// `namespace/name`, or `name`: ordered as etcd orders them.
pub(crate) fn key(namespace: Option<&str>, name: &str) -> Arc<str> {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}").into(),
        None => name.into(),
    }
}

/// What all keys of a namespace begin with; everything when there is none.
pub(crate) fn prefix(namespace: Option<&str>) -> String {
    namespace
        .map(|namespace| format!("{namespace}/"))
        .unwrap_or_default()
}

impl Store {
    pub(crate) fn new(window: Window, first: u64) -> Self {
        Self {
            state: Mutex::new(State {
                rev: first,
                ..State::default()
            }),
            window,
            before: first.saturating_sub(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table of a name, made when it is new.
    pub(crate) fn table(&self, name: &str) -> TableId {
        let mut state = self.lock();
        if let Some(id) = state.names.get(name) {
            return *id;
        }
        let id = state.tables.len();
        let table = Table::new(state.rev, self.before);
        state.tables.push(table);
        state.names.insert(name.into(), id);
        id
    }

    /// The revision of the last write.
    pub(crate) fn rev(&self) -> u64 {
        self.lock().rev
    }

    /// The revision of the last write to a table.
    pub(crate) fn table_rev(&self, table: TableId) -> u64 {
        self.lock().tables.get(table).map_or(0, |table| table.last)
    }

    pub(crate) fn get(&self, table: TableId, key: &str) -> Option<Arc<Stored>> {
        self.lock().tables.get(table)?.objects.get(key).cloned()
    }

    /// Number of objects in a table.
    pub(crate) fn count(&self, table: TableId) -> usize {
        self.lock()
            .tables
            .get(table)
            .map_or(0, |table| table.objects.len())
    }

    /// Adds an object.
    pub(crate) fn create(
        &self,
        table: TableId,
        key: Arc<str>,
        draft: Draft,
    ) -> Result<Arc<Stored>, Clash> {
        self.write(table, key, None, draft)
    }

    /// Replaces the version `seen` of an object.
    pub(crate) fn replace(
        &self,
        table: TableId,
        seen: &Stored,
        draft: Draft,
    ) -> Result<Arc<Stored>, Clash> {
        self.write(table, seen.key.clone(), Some(seen.rev), draft)
    }

    fn write(
        &self,
        id: TableId,
        key: Arc<str>,
        seen: Option<u64>,
        draft: Draft,
    ) -> Result<Arc<Stored>, Clash> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let table = state.tables.get_mut(id).ok_or(Clash::Changed)?;
        let previous = table.objects.get(&key).cloned();
        match (&previous, seen) {
            (None, None) => {}
            (Some(current), Some(seen)) if current.rev == seen => {}
            (Some(_), None) => return Err(Clash::Exists),
            _ => return Err(Clash::Changed),
        }
        state.rev += 1;
        let stored = Arc::new(draft.finish(key.clone(), state.rev));
        table.objects.insert(key.clone(), stored.clone());
        let kind = if previous.is_some() {
            ChangeKind::Modified
        } else {
            ChangeKind::Added
        };
        table.record(
            Change {
                rev: state.rev,
                kind,
                object: stored.clone(),
                previous: previous.clone(),
            },
            self.window,
        );
        state.index(id, previous.as_deref(), Some(&stored));
        Ok(stored)
    }

    /// Removes the version `seen` of an object; gives its last state at the revision of the removal.
    pub(crate) fn remove(&self, id: TableId, seen: &Stored) -> Result<Arc<Stored>, Clash> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let table = state.tables.get_mut(id).ok_or(Clash::Changed)?;
        let Some(previous) = table
            .objects
            .get(&seen.key)
            .filter(|current| current.rev == seen.rev)
            .cloned()
        else {
            return Err(Clash::Changed);
        };
        table.objects.remove(&seen.key);
        state.rev += 1;
        let last = Arc::new(previous.at(state.rev));
        table.record(
            Change {
                rev: state.rev,
                kind: ChangeKind::Deleted,
                object: last.clone(),
                previous: Some(previous.clone()),
            },
            self.window,
        );
        state.index(id, Some(&previous), None);
        Ok(last)
    }

    /// Objects whose keys begin with `prefix`, after the key `after`, as of revision `at` (none: now), `limit` at most
    /// (0: all) of those that match.
    pub(crate) fn list(
        &self,
        id: TableId,
        prefix: &str,
        after: Option<&str>,
        at: Option<u64>,
        limit: usize,
        matches: &dyn Fn(&Stored) -> bool,
    ) -> Result<Page, Gone> {
        let state = self.lock();
        let Some(table) = state.tables.get(id) else {
            return Ok(Page {
                rev: state.rev,
                items: Vec::new(),
                more: false,
                remaining: 0,
            });
        };
        table.page(
            prefix,
            after,
            at.unwrap_or(state.rev),
            state.rev,
            limit,
            matches,
        )
    }

    /// Changes after a revision, oldest first, and the revision up to which that is all. There may be more when `limit`
    /// or the bytes of one read are reached.
    pub(crate) fn changes(&self, id: TableId, after: u64, limit: usize) -> Result<Changes, Gone> {
        let state = self.lock();
        let Some(table) = state.tables.get(id) else {
            return Ok(Changes {
                changes: Vec::new(),
                upto: state.rev,
                more: false,
            });
        };
        let (changes, more) = table.since(after, limit)?;
        let upto = if more {
            changes.last().map_or(after, |last| last.rev)
        } else {
            state.rev
        };
        Ok(Changes {
            changes,
            upto: upto.max(after),
            more,
        })
    }

    /// Wakes at each change of a table.
    pub(crate) fn subscribe(&self, id: TableId) -> Option<watch::Receiver<u64>> {
        self.lock()
            .tables
            .get(id)
            .map(|table| table.changed.subscribe())
    }

    /// Wakes those who wait for changes of a table, though there is none.
    pub(crate) fn wake(&self, id: TableId) {
        if let Some(table) = self.lock().tables.get(id) {
            table.changed.send_modify(|_| {});
        }
    }

    /// Forgets all history up to now: lists and watches of older revisions are answered with 410.
    pub(crate) fn compact(&self) {
        let mut state = self.lock();
        // A revision of its own, so that a watch from the newest object seen so far is too old as well.
        state.rev += 1;
        let rev = state.rev;
        for table in &mut state.tables {
            table.compact(rev);
        }
    }

    /// The object with a uid.
    pub(crate) fn place_of(&self, uid: &str) -> Option<Place> {
        self.lock().uids.get(uid).cloned()
    }

    /// The object at a place.
    pub(crate) fn at(&self, place: &Place) -> Option<Arc<Stored>> {
        self.get(place.table, &place.key)
    }

    /// Objects that name a uid as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<Place> {
        self.lock()
            .dependents
            .get(uid)
            .map(|set| set.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// All objects of all tables, tables in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Stored>> {
        let state = self.lock();
        let names: BTreeMap<_, _> = state.names.iter().collect();
        names
            .into_values()
            .filter_map(|id| state.tables.get(*id))
            .flat_map(|table| table.objects.values().cloned())
            .collect()
    }

    /// The tables that hold objects in a namespace.
    pub(crate) fn tables_in(&self, namespace: &str) -> Vec<TableId> {
        let prefix = prefix(Some(namespace));
        let state = self.lock();
        state
            .tables
            .iter()
            .enumerate()
            .filter(|(_, table)| table.range(&prefix, None).next().is_some())
            .map(|(id, _)| id)
            .collect()
    }
}

impl State {
    /// Keeps the indexes by uid and by owner.
    fn index(&mut self, table: TableId, previous: Option<&Stored>, now: Option<&Stored>) {
        let (old_owners, new_owners) = (
            previous.map(|object| &object.meta.owners),
            now.map(|object| &object.meta.owners),
        );
        if let (Some(old), Some(new)) = (previous, now)
            && old_owners == new_owners
            && old.meta.uid == new.meta.uid
        {
            return;
        }
        if let Some(old) = previous {
            let place = Place {
                table,
                key: old.key.clone(),
            };
            self.uids.remove(&old.meta.uid);
            for owner in &old.meta.owners {
                if let Some(set) = self.dependents.get_mut(&owner.uid) {
                    set.remove(&place);
                    if set.is_empty() {
                        self.dependents.remove(&owner.uid);
                    }
                }
            }
        }
        if let Some(new) = now {
            let place = Place {
                table,
                key: new.key.clone(),
            };
            for owner in &new.meta.owners {
                self.dependents
                    .entry(owner.uid.clone())
                    .or_default()
                    .insert(place.clone());
            }
            self.uids.insert(new.meta.uid.clone(), place);
        }
    }
}
