//! The objects of one kind and the history of their changes.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Stored, Window};

/// Bytes of objects after which one read of the history ends.
pub(crate) const READ_BYTES: usize = 1 << 20;

/// The history does not reach back to the revision asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone {
    /// Oldest revision still known.
    pub(crate) floor: u64,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It was removed; the object is its last state, at the revision of the removal.
    Deleted,
}

/// One write.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) rev: u64,
    pub(crate) kind: ChangeKind,
    pub(crate) object: Arc<Stored>,
    pub(crate) previous: Option<Arc<Stored>>,
}

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// The revision it is consistent at.
    pub(crate) rev: u64,
    pub(crate) items: Vec<Arc<Stored>>,
    /// Whether there is more after the last item.
    pub(crate) more: bool,
    /// How many objects there are after the last item, whether they match or not.
    pub(crate) remaining: usize,
}

pub(super) struct Table {
    pub(super) objects: BTreeMap<Arc<str>, Arc<Stored>>,
    history: VecDeque<Arc<Change>>,
    bytes: usize,
    /// Changes up to this revision are forgotten.
    pub(super) floor: u64,
    /// Revision of the last write.
    pub(super) last: u64,
    pub(super) changed: watch::Sender<u64>,
}

impl Table {
    /// An empty table of a store that is at `now` and began after `floor`.
    pub(super) fn new(now: u64, floor: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            bytes: 0,
            floor,
            last: now,
            changed: watch::Sender::new(0),
        }
    }

    pub(super) fn record(&mut self, change: Change, window: Window) {
        self.bytes += change.object.size();
        self.last = change.rev;
        self.history.push_back(Arc::new(change));
        while self.history.len() > window.changes
            || (self.bytes > window.bytes && self.history.len() > 1)
        {
            let Some(oldest) = self.history.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.object.size());
            self.floor = oldest.rev;
        }
        self.changed.send_replace(self.last);
    }

    pub(super) fn compact(&mut self, rev: u64) {
        self.history.clear();
        self.bytes = 0;
        self.floor = rev;
        self.changed.send_replace(rev);
    }

    pub(super) fn since(&self, after: u64, limit: usize) -> Result<(Vec<Arc<Change>>, bool), Gone> {
        if after < self.floor {
            return Err(Gone { floor: self.floor });
        }
        let start = self.history.partition_point(|change| change.rev <= after);
        let (mut changes, mut bytes) = (Vec::new(), 0);
        for change in self.history.range(start..) {
            if changes.len() == limit || bytes > READ_BYTES {
                return Ok((changes, true));
            }
            bytes += change.object.size();
            changes.push(change.clone());
        }
        Ok((changes, false))
    }

    /// Objects under a prefix, after a key.
    pub(super) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a Arc<Stored>)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    pub(super) fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        at: u64,
        now: u64,
        limit: usize,
        matches: &dyn Fn(&Stored) -> bool,
    ) -> Result<Page, Gone> {
        let mut page = Page {
            rev: at,
            items: Vec::new(),
            more: false,
            remaining: 0,
        };
        let mut take = |object: &Arc<Stored>| {
            if limit != 0 && page.items.len() == limit {
                page.remaining += 1;
                page.more = true;
            } else if matches(object) {
                page.items.push(object.clone());
            }
        };
        if at >= self.last || at == now {
            self.range(prefix, after)
                .for_each(|(_, object)| take(object));
            return Ok(page);
        }
        if at < self.floor {
            return Err(Gone { floor: self.floor });
        }
        // The state of then: that of now, with every later change undone.
        let mut undone: BTreeMap<&Arc<str>, Option<&Arc<Stored>>> = BTreeMap::new();
        let start = self.history.partition_point(|change| change.rev <= at);
        for change in self.history.range(start..) {
            let in_range = change.object.key.starts_with(prefix)
                && after.is_none_or(|after| &*change.object.key > after);
            if in_range {
                undone
                    .entry(&change.object.key)
                    .or_insert(change.previous.as_ref());
            }
        }
        let mut undone = undone.into_iter().peekable();
        for (key, object) in self.range(prefix, after) {
            while let Some((_, then)) = undone.next_if(|(other, _)| *other < key) {
                then.into_iter().for_each(&mut take);
            }
            match undone.next_if(|(other, _)| *other == key) {
                Some((_, then)) => then.into_iter().for_each(&mut take),
                None => take(object),
            }
        }
        for (_, then) in undone {
            then.into_iter().for_each(&mut take);
        }
        Ok(page)
    }
}
