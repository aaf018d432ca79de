//! Testing hooks with plain `#[test]`, on the host, with no cluster and no WebAssembly.
//!
//! A test makes an input, runs the function, and looks at the recorded effects. It is the code that runs in a sandbox:
//! only the host's answers come from memory. Entries are decoded, changes encoded and checked, values patched, and all
//! of it is recorded in the JSON forms that the real host (and shell-operator's files) have.
//!
//! ```
//! use hookbox_sdk::prelude::*;
//! use hookbox_sdk::testing;
//!
//! #[derive(Snapshots)]
//! struct Watches {
//!     #[watch(kind = "Pod", jq = ".metadata.name")]
//!     pods: Vec<String>,
//! }
//!
//! #[hook]
//! fn names(input: Input<Watches>, out: &mut Effects) -> Result {
//!     out.create_or_update(&objects::ConfigMap::new("default", "pods").data("names", input.pods.join(",")));
//!     Ok(())
//! }
//!
//! # fn main() -> Result {
//! let input = Input::test().snapshot("pods", ["a", "b"]).added("pods", "b");
//! let effects = testing::run(names, input)?;
//! assert_eq!(effects.object("ConfigMap", "default/pods").unwrap()["data"]["names"], "a,b");
//!
//! // The same with the struct itself, where its types are easier to write than JSON.
//! let input = Input::test().snapshots(Watches { pods: vec!["c".into()] });
//! assert_eq!(testing::run(names, input)?.object_patches().len(), 1);
//! # Ok(()) }
//! ```

mod recorded;
mod review;

pub use recorded::Recorded;
pub use review::{Answer, TestReview, ask};

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;

use crate::hook::{Outcome, finish};
use crate::host::{Context, ContextData, Entry, Host, Server, Snapshot, recording};
use crate::http::{Request, Response};
use crate::snapshots::{Binding, Snapshots};
use crate::{Effects, Error, Input, Lazy, Result, ResultExt, WatchEvent};

/// Runs the hook's function on this input and records what it asks for. Its log is printed where the test runner
/// captures it, and recorded.
///
/// # Errors
/// The hook's own, a change that the host would refuse, or a mistake in the input.
pub fn run<S, O: Outcome>(
    hook: impl FnOnce(Input<S>, &mut Effects) -> O,
    input: impl IntoInput<S>,
) -> Result<Recorded> {
    let (result, recorded) = outcome(hook, input)?;
    result.map(|()| recorded)
}

/// Runs a hook that is to fail: why it did, and what is left of the run. That is its log and its patches of `status`
/// with [`ignore_hook_error`](crate::PatchBuilder::ignore_hook_error); all else is as if it had not run.
///
/// ```
/// # use hookbox_sdk::{prelude::*, testing};
/// #[hook(on_startup = 1)]
/// fn probe(_: Input<()>, out: &mut Effects) -> Result {
///     let probe = ObjectRef::namespaced("v1", "Pod", "default", "probe");
///     let status = out.patch(probe).subresource("status").ignore_hook_error();
///     status.merge(&json!({"status": {"message": "the server is away"}}));
///     bail!("the server is away")
/// }
///
/// # fn main() -> Result {
/// let (error, left) = testing::fail(probe, Input::test())?;
/// assert_eq!(error.to_string(), "the server is away");
/// assert_eq!(left.object_patches()[0]["mergePatch"]["status"]["message"], "the server is away");
/// # Ok(()) }
/// ```
///
/// # Errors
/// The hook did not fail, or a mistake in the input.
pub fn fail<S, O: Outcome>(
    hook: impl FnOnce(Input<S>, &mut Effects) -> O,
    input: impl IntoInput<S>,
) -> Result<(Error, Recorded)> {
    match outcome(hook, input)? {
        (Err(error), recorded) => Ok((error, recorded)),
        (Ok(()), _) => Err(Error::msg("the hook did not fail")),
    }
}

/// How a run ended, and what it leaves.
fn outcome<S, O: Outcome>(
    hook: impl FnOnce(Input<S>, &mut Effects) -> O,
    input: impl IntoInput<S>,
) -> Result<(Result, Recorded)> {
    let input = input.into_input()?;
    let host = input.host();
    let before = host.0.borrow().stores();
    let mut out = Effects::new(host.clone());
    let (result, log) = recording(|| hook(input, &mut out).into_result());
    let result = finish(result, out);
    let mut memory = host.0.borrow_mut();
    if result.is_err() {
        memory.give_up(before);
    }
    Ok((result, Recorded::new(&memory, log)))
}

/// A lazy snapshot of these views, to fill a field of a snapshots struct in a test.
///
/// # Errors
/// An item cannot be JSON.
pub fn lazy<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<Lazy<T>> {
    const BINDING: Binding = Binding {
        name: "test",
        filtered: true,
        runs: false,
        group: None,
        optional: false,
        includes: &[],
    };
    let entry = |item: T| {
        Ok(Entry {
            filter_result: Some(serde_json::to_string(&item)?),
            object: None,
        })
    };
    let entries: Result<Vec<_>> = items.into_iter().map(entry).collect();
    Ok(Lazy::of(Snapshot(Rc::new(entries?)), &BINDING))
}

/// What [`run`] takes: a [`TestInput`], or an [`Input`] made from one.
pub trait IntoInput<S> {
    /// As an input.
    ///
    /// # Errors
    /// The test named a binding that the hook does not have, or an item is not what the field's type says.
    fn into_input(self) -> Result<Input<S>>;
}

impl<S> IntoInput<S> for Input<S> {
    fn into_input(self) -> Result<Input<S>> {
        Ok(self)
    }
}

impl<S: Snapshots> IntoInput<S> for TestInput<S> {
    fn into_input(self) -> Result<Input<S>> {
        self.build()
    }
}

impl<S: Snapshots> Input<S> {
    /// Begins an input for a test.
    pub fn test() -> TestInput<S> {
        TestInput {
            contexts: Vec::new(),
            entries: BTreeMap::new(),
            typed: None,
            values: Value::Object(serde_json::Map::new()),
            config_values: Value::Object(serde_json::Map::new()),
            cluster: None,
            server: None,
            failed: None,
        }
    }
}

/// An input in the making. A test that says no reason gets one: the Synchronization of the first binding, or a
/// schedule where there are no bindings.
#[derive(Debug)]
#[must_use]
pub struct TestInput<S> {
    contexts: Vec<ContextData>,
    entries: BTreeMap<String, Vec<Entry>>,
    typed: Option<S>,
    values: Value,
    config_values: Value,
    cluster: Option<Vec<Value>>,
    server: Option<Server>,
    failed: Option<Error>,
}

impl<S: Snapshots> TestInput<S> {
    fn fail(&mut self, error: Error) {
        self.failed.get_or_insert(error);
    }

    fn binding(&mut self, name: &str) -> Option<&'static Binding> {
        let found = S::BINDINGS.iter().find(|binding| binding.name == name);
        if found.is_none() {
            let known: Vec<_> = S::BINDINGS.iter().map(|binding| binding.name).collect();
            self.fail(Error::msg(format_args!(
                "the hook has no binding `{name}`, it has {known:?}"
            )));
        }
        found
    }

    /// One item of a test as an entry: the filter's result where the binding has a filter, else the object.
    fn entry(&mut self, binding: &str, item: &impl Serialize) -> Entry {
        let Some(binding) = self.binding(binding) else {
            return Entry::default();
        };
        match serde_json::to_string(item) {
            Ok(text) if binding.filtered => Entry {
                filter_result: Some(text),
                object: None,
            },
            Ok(text) => Entry {
                object: Some(text),
                filter_result: None,
            },
            Err(error) => {
                self.fail(
                    Error::from(error).context(format_args!("an item of `{}`", binding.name)),
                );
                Entry::default()
            }
        }
    }

    /// The snapshot of a binding: filter results where it has a filter, else objects. Not given: empty.
    pub fn snapshot<T: Serialize>(
        mut self,
        binding: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        let entries = items
            .into_iter()
            .map(|item| self.entry(binding, &item))
            .collect();
        self.entries.insert(binding.to_owned(), entries);
        self
    }

    /// The snapshot of a binding that has a filter and keeps full objects: pairs of filter result and object.
    pub fn snapshot_with_objects<T: Serialize, O: Serialize>(
        mut self,
        binding: &str,
        items: impl IntoIterator<Item = (T, O)>,
    ) -> Self {
        let pair = |(result, object): (T, O)| {
            let mut entry = self.entry(binding, &result);
            entry.object = serde_json::to_string(&object).ok();
            entry
        };
        let entries = items.into_iter().map(pair).collect();
        self.entries.insert(binding.to_owned(), entries);
        self
    }

    /// All snapshots at once, as the hook will see them.
    pub fn snapshots(mut self, snapshots: S) -> Self {
        self.typed = Some(snapshots);
        self
    }

    /// Reason: the operator started.
    pub fn on_startup(mut self) -> Self {
        self.contexts.push(ContextData {
            binding: "onStartup".to_owned(),
            ..ContextData::default()
        });
        self
    }

    fn push(mut self, kind: &str, binding: &str) -> Self {
        let kind = Some(kind.to_owned());
        self.contexts.push(ContextData {
            binding: binding.to_owned(),
            kind,
            ..ContextData::default()
        });
        self
    }

    /// Reason: the schedule of this name fired (`schedule` where it has none).
    pub fn schedule(self, name: &str) -> Self {
        self.push("Schedule", name)
    }

    /// Reason: the Synchronization of this binding, with its snapshot's objects.
    pub fn synchronization(mut self, binding: &str) -> Self {
        self.binding(binding);
        self.push("Synchronization", binding)
    }

    /// Reason: something of this group happened, `binding` last.
    pub fn group(mut self, group: &str, binding: &str) -> Self {
        self = self.push("Group", binding);
        if let Some(context) = self.contexts.last_mut() {
            context.group = Some(group.to_owned());
        }
        self
    }

    /// Reason: an object appeared. The item is the filter's result where the binding has a filter, else the object.
    pub fn added(self, binding: &str, item: impl Serialize) -> Self {
        self.event(binding, WatchEvent::Added, item)
    }

    /// Reason: an object changed; see [`TestInput::added`].
    pub fn modified(self, binding: &str, item: impl Serialize) -> Self {
        self.event(binding, WatchEvent::Modified, item)
    }

    /// Reason: an object disappeared; see [`TestInput::added`].
    pub fn deleted(self, binding: &str, item: impl Serialize) -> Self {
        self.event(binding, WatchEvent::Deleted, item)
    }

    /// Reason: something happened to an object; see [`TestInput::added`].
    pub fn event(mut self, binding: &str, event: WatchEvent, item: impl Serialize) -> Self {
        let Entry {
            object,
            filter_result,
        } = self.entry(binding, &item);
        self = self.push("Event", binding);
        if let Some(context) = self.contexts.last_mut() {
            context.watch_event = Some(event.to_string());
            context.object = object;
            context.filter_result = filter_result;
        }
        self
    }

    /// Gives the event before it a whole object too, for a binding that has a filter and keeps full objects.
    pub fn with_object(mut self, object: impl Serialize) -> Self {
        match (serde_json::to_string(&object), self.contexts.last_mut()) {
            (Ok(text), Some(context)) => context.object = Some(text),
            (Err(error), _) => self.fail(error.into()),
            (_, None) => self.fail(Error::msg("`with_object` comes after an event")),
        }
        self
    }

    /// The module's values, `{}` unless given.
    pub fn values(mut self, values: impl Serialize) -> Self {
        match serde_json::to_value(values) {
            Ok(values) => self.values = values,
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// The module's config values, `{}` unless given.
    pub fn config_values(mut self, values: impl Serialize) -> Self {
        match serde_json::to_value(values) {
            Ok(values) => self.config_values = values,
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// What [`Cluster`](crate::Cluster) finds: whole manifests. Not given: every read is refused, as without a grant.
    pub fn cluster<T: Serialize>(mut self, objects: impl IntoIterator<Item = T>) -> Self {
        let objects: Result<Vec<_>, _> = objects.into_iter().map(serde_json::to_value).collect();
        match objects {
            Ok(objects) => self.cluster = Some(objects),
            Err(error) => self.fail(error.into()),
        }
        self
    }

    /// Who answers requests of [`Http`](crate::Http). Not given: every request is refused, as without a grant. An error
    /// is a server that cannot be reached.
    pub fn http(mut self, answer: impl Fn(&Request) -> Result<Response> + 'static) -> Self {
        self.server = Some(Server(Rc::new(answer)));
        self
    }

    fn default_reason(self) -> Self {
        match S::BINDINGS.first() {
            _ if !self.contexts.is_empty() => self,
            Some(binding) => self.synchronization(binding.name),
            None => self.schedule("schedule"),
        }
    }

    /// The input, to call the function with, or its helpers. [`run`] does this by itself.
    ///
    /// # Errors
    /// As [`IntoInput::into_input`].
    pub fn build(self) -> Result<Input<S>> {
        let this = self.default_reason();
        if let Some(error) = this.failed {
            return Err(error.context("the test's input"));
        }
        let entries: BTreeMap<_, _> = this
            .entries
            .into_iter()
            .map(|(name, entries)| (name, Snapshot(Rc::new(entries))))
            .collect();
        let host = Host::default();
        let mut contexts = Vec::with_capacity(this.contexts.len());
        {
            let mut memory = host.0.borrow_mut();
            memory.values = this.values;
            memory.config_values = this.config_values;
            memory.cluster = this.cluster;
            memory.server = this.server;
            for mut data in this.contexts {
                data.snapshot_names = included::<S>(&data);
                for name in &data.snapshot_names {
                    memory
                        .snapshots
                        .insert(name.clone(), entries.get(name).cloned().unwrap_or_default());
                }
                if data.kind.as_deref() == Some("Synchronization") {
                    data.objects = Some(entries.get(&data.binding).cloned().unwrap_or_default());
                }
                contexts.push(Context {
                    data,
                    host: host.clone(),
                });
            }
        }
        match this.typed {
            Some(snapshots) => Ok(Input::with_snapshots(&host, contexts, snapshots)),
            None => Input::new(&host, contexts).context("the test's input"),
        }
    }
}

/// The snapshots that a context has. A schedule's own list is not known here: it has all.
fn included<S: Snapshots>(context: &ContextData) -> Vec<String> {
    let all = || {
        S::BINDINGS
            .iter()
            .map(|binding| binding.name.to_owned())
            .collect()
    };
    match context.kind.as_deref() {
        None => Vec::new(),
        Some("Synchronization" | "Event") => {
            let binding = S::BINDINGS
                .iter()
                .find(|binding| binding.name == context.binding);
            binding.map_or_else(all, |binding| {
                binding
                    .includes
                    .iter()
                    .map(|&name| name.to_owned())
                    .collect()
            })
        }
        Some(_) => all(),
    }
}
