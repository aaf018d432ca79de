//! Why a hook runs.

use std::fmt;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use crate::host::{Context, ContextCalls, SnapshotCalls};
use crate::snapshots::Binding;
use crate::{Error, Lazy, ObjectRef, Result, ResultExt};

/// One reason for a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trigger {
    /// The operator started. Such a run has no snapshots.
    OnStartup,
    /// A schedule fired.
    Schedule {
        /// Name of the schedule.
        name: String,
    },
    /// The binding's objects as they were when the hook was enabled; once, before any event.
    Synchronization(Synchronization),
    /// An object changed.
    Event(Event),
    /// Something of the group happened; the snapshots tell the state.
    Group {
        /// Name of the group.
        name: String,
        /// The binding that fired last.
        binding: String,
    },
    /// A reason that this version of the SDK does not know.
    Other {
        /// Its kind; empty for none.
        kind: String,
        /// The binding that fired.
        binding: String,
    },
}

impl Trigger {
    pub(crate) fn new(context: Rc<Context>, bindings: &'static [Binding]) -> Self {
        let binding = context.binding();
        match context.kind().as_deref() {
            None if binding == "onStartup" => Self::OnStartup,
            Some("Schedule") => Self::Schedule { name: binding },
            Some("Synchronization") => Self::Synchronization(Synchronization {
                binding,
                bindings,
                context,
            }),
            Some("Event") => match context
                .watch_event()
                .as_deref()
                .and_then(WatchEvent::from_word)
            {
                Some(watch_event) => Self::Event(Event {
                    binding,
                    watch_event,
                    context,
                }),
                None => Self::Other {
                    kind: "Event".to_owned(),
                    binding,
                },
            },
            Some("Group") => Self::Group {
                name: context.group().unwrap_or_default(),
                binding,
            },
            kind => Self::Other {
                kind: kind.unwrap_or_default().to_owned(),
                binding,
            },
        }
    }

    /// Name of the binding that fired: a field of the snapshots, a schedule, or `onStartup`.
    #[must_use]
    pub fn binding(&self) -> &str {
        match self {
            Self::OnStartup => "onStartup",
            Self::Schedule { name } => name,
            Self::Synchronization(synchronization) => synchronization.binding(),
            Self::Event(event) => event.binding(),
            Self::Group { binding, .. } | Self::Other { binding, .. } => binding,
        }
    }
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchEvent {
    /// It appeared, or began to match the selectors.
    Added,
    /// It changed; with a `jq` filter: the filter's result changed.
    Modified,
    /// It disappeared, or no longer matches the selectors.
    Deleted,
}

impl WatchEvent {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "Added" => Some(Self::Added),
            "Modified" => Some(Self::Modified),
            "Deleted" => Some(Self::Deleted),
            _ => None,
        }
    }
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A change of one object. What it holds is as of the event; the snapshots are newer. Read on demand.
#[derive(Clone)]
pub struct Event {
    binding: String,
    watch_event: WatchEvent,
    context: Rc<Context>,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("binding", &self.binding)
            .field("watch_event", &self.watch_event)
            .finish()
    }
}

impl Event {
    /// Name of the binding: the field of the snapshots.
    #[must_use]
    pub fn binding(&self) -> &str {
        &self.binding
    }

    /// What happened.
    #[must_use]
    pub fn watch_event(&self) -> WatchEvent {
        self.watch_event
    }

    fn at(&self, what: &str) -> String {
        format!(
            "{} of the {} event of `{}`",
            what, self.watch_event, self.binding
        )
    }

    /// The whole object.
    ///
    /// # Errors
    /// The object is not an `O`, or the binding does not keep objects (the default with a `jq` filter; say
    /// `keep_full_objects = true`).
    pub fn object<O: DeserializeOwned>(&self) -> Result<O> {
        let text = self
            .context
            .object()
            .context("not kept: say `keep_full_objects = true`");
        serde_json::from_str(&text.context(self.at("object"))?).context(self.at("object"))
    }

    /// A part of the object by JSON Pointer, such as `/metadata/name`; none when it is absent. Only the part is copied
    /// into the hook.
    ///
    /// # Errors
    /// The pointer is malformed, or the part is not a `P`.
    pub fn pointer<P: DeserializeOwned>(&self, pointer: &str) -> Result<Option<P>> {
        let text = self.context.object_pointer(pointer).map_err(Error::from);
        let Some(text) = text.context(self.at(pointer))? else {
            return Ok(None);
        };
        serde_json::from_str(&text)
            .map(Some)
            .context(self.at(pointer))
    }

    /// The filter's result.
    ///
    /// # Errors
    /// The result is not an `F`, or the binding has no filter.
    pub fn filter_result<F: DeserializeOwned>(&self) -> Result<F> {
        let text = self
            .context
            .filter_result()
            .context("the binding has no filter");
        serde_json::from_str(&text.context(self.at("filter result"))?)
            .context(self.at("filter result"))
    }

    /// Which object it is.
    ///
    /// # Errors
    /// The binding does not keep objects.
    pub fn object_ref(&self) -> Result<ObjectRef> {
        let text = |pointer| self.pointer::<String>(pointer);
        let missing = "the binding does not keep objects: say `keep_full_objects = true`";
        Ok(ObjectRef {
            api_version: text("/apiVersion")?,
            kind: text("/kind")?.context(missing)?,
            namespace: text("/metadata/namespace")?,
            name: text("/metadata/name")?.context(missing)?,
        })
    }
}

/// All objects of one binding when the hook was enabled.
#[derive(Clone)]
pub struct Synchronization {
    binding: String,
    bindings: &'static [Binding],
    context: Rc<Context>,
}

impl fmt::Debug for Synchronization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Synchronization")
            .field("binding", &self.binding)
            .finish_non_exhaustive()
    }
}

impl Synchronization {
    /// Name of the binding: the field of the snapshots.
    #[must_use]
    pub fn binding(&self) -> &str {
        &self.binding
    }

    /// The objects; views are made as those of the binding's snapshot.
    ///
    /// # Errors
    /// The hook has no such binding, which a host's mistake would be.
    pub fn objects<T>(&self) -> Result<Lazy<T>> {
        let binding = self
            .bindings
            .iter()
            .find(|known| known.name == self.binding);
        let objects = self.context.objects();
        let both = binding
            .zip(objects)
            .map(|(binding, objects)| Lazy::of(objects, binding));
        both.context(format_args!(
            "the Synchronization of `{}` has no objects",
            self.binding
        ))
    }

    /// Number of objects.
    #[must_use]
    pub fn len(&self) -> usize {
        self.context
            .objects()
            .map_or(0, |objects| objects.len() as usize)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
