//! What a run is given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::{Excerpt, Grants};

/// A JSON document as text, shared and not copied until a guest reads it.
pub type JsonText = Arc<str>;

/// One object of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The whole object, where it is kept.
    pub object: Option<JsonText>,
    /// The filter's result, where there is a filter.
    pub filter_result: Option<JsonText>,
}

/// Objects that a run may read one by one. Implementations must not change during a run, and `entry` must cost about
/// the same for any number of entries.
pub trait Snapshot: Send + Sync {
    /// Number of entries.
    fn len(&self) -> usize;

    /// The entry at `index`, none past the end.
    fn entry(&self, index: usize) -> Option<Entry>;

    /// The place beside the object at `index` for what runs make of it; none where objects have none.
    fn excerpt(&self, _index: usize) -> Option<&Excerpt> {
        None
    }

    /// Bytes of JSON of all entries, where that is known without looking at each; never more than there are.
    fn json_bytes(&self) -> u64 {
        0
    }

    /// Whether there are no entries.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Snapshot for Vec<Entry> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        self.get(index).cloned()
    }
}

/// The form in which a context is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Form {
    /// For hooks of `configVersion: v1`: all fields that the context has.
    #[default]
    V1,
    /// For hooks whose configuration has no version: the binding and, of an event, what happened to which object.
    V0 {
        /// The object of an event; none for other contexts.
        resource: Option<Resource>,
    },
}

/// What an object is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One reason for a run. Fields as in shell-operator's binding context.
#[derive(Clone, Default)]
pub struct Context {
    /// The form in which it is written. What is asked of it one by one does not depend on it.
    pub form: Form,
    /// Name of the binding that fired.
    pub binding: String,
    /// `Schedule`, `Synchronization`, `Event`, `Group`, `Validating`, `Mutating` or `Conversion`; none for `onStartup`.
    pub kind: Option<String>,
    /// Name of the group, for kind `Group`.
    pub group: Option<String>,
    /// `Added`, `Modified` or `Deleted`, for kind `Event`.
    pub watch_event: Option<String>,
    /// The object at the event.
    pub object: Option<JsonText>,
    /// The filter's result at the event.
    pub filter_result: Option<JsonText>,
    /// The binding's objects, for kind `Synchronization`.
    pub objects: Option<Arc<dyn Snapshot>>,
    /// What the API server asks, for kinds `Validating`, `Mutating` and `Conversion`: an object whose `request` is that of
    /// the review.
    pub review: Option<JsonText>,
    /// From which version to convert, for kind `Conversion`.
    pub from_version: Option<String>,
    /// To which version to convert, for kind `Conversion`.
    pub to_version: Option<String>,
    /// Which of [`RunInput::snapshots`] belong to this context. None: the context has no `snapshots` field at all.
    pub snapshot_names: Option<Vec<String>>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("binding", &self.binding)
            .field("kind", &self.kind)
            .field("group", &self.group)
            .field("watch_event", &self.watch_event)
            .field("objects", &self.objects.as_ref().map(|o| o.len()))
            .field("snapshot_names", &self.snapshot_names)
            .finish_non_exhaustive()
    }
}

/// All that a run is given.
#[derive(Clone, Default)]
pub struct RunInput {
    /// Why it runs, oldest first.
    pub contexts: Vec<Context>,
    /// The snapshots that it may open, by binding name.
    pub snapshots: BTreeMap<String, Arc<dyn Snapshot>>,
    /// Values of its module.
    pub values: Arc<Value>,
    /// Config values of its module.
    pub config_values: Arc<Value>,
    /// What it may do beyond reading all that. Nothing by default.
    pub grants: Arc<Grants>,
}

impl fmt::Debug for RunInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunInput")
            .field("contexts", &self.contexts)
            .field(
                "snapshots",
                &self
                    .snapshots
                    .iter()
                    .map(|(k, v)| (k, v.len()))
                    .collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
