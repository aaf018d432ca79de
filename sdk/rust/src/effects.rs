//! What a hook asks to change.

use std::fmt;
use std::panic::Location;

use serde::Serialize;

use crate::host::{Action, CreateMode, Host, HostCalls, Measure, Patch, Propagation, Refusal};
use crate::object::{ObjectRef, PatchOptions};
use crate::{Error, Result};

/// All that a run asks to change. Nothing is written while the hook runs: when it succeeded, the host checks and
/// applies the changes in their order; when it failed, none.
///
/// The methods return nothing: the first change that cannot be recorded (an object without a name, a patch that is not
/// an object) fails the run when the hook returns, with the line of the hook's source that asked for it.
#[derive(Debug)]
pub struct Effects {
    host: Host,
    failed: Option<Error>,
}

impl Effects {
    pub(crate) fn new(host: Host) -> Self {
        Self { host, failed: None }
    }

    /// The first refusal, if there was one.
    pub(crate) fn finish(self) -> Result {
        self.failed.map_or(Ok(()), Err)
    }

    #[track_caller]
    fn note(&mut self, asked: impl fmt::Display, result: Result<(), Error>) {
        if let Err(error) = result
            && self.failed.is_none()
        {
            let at = Location::caller();
            self.failed = Some(error.context(format_args!("{}:{}: {asked}", at.file(), at.line())));
        }
    }

    #[track_caller]
    fn create_with<T: Serialize + ?Sized>(&mut self, object: &T, mode: CreateMode) {
        let result = to_json(object).and_then(|object| Ok(self.host.create(&object, mode)?));
        self.note("cannot create the object", result);
    }

    /// Create the object, a whole manifest: [`json!`](serde_json::json), a type of [`objects`](crate::objects), of
    /// `k8s-openapi`, or your own. An existing object is an error.
    #[track_caller]
    pub fn create<T: Serialize + ?Sized>(&mut self, object: &T) {
        self.create_with(object, CreateMode::FailIfExists);
    }

    /// Create the object, or leave an existing one as it is.
    #[track_caller]
    pub fn create_if_not_exists<T: Serialize + ?Sized>(&mut self, object: &T) {
        self.create_with(object, CreateMode::KeepExisting);
    }

    /// Create the object, or replace an existing one **as a whole**: what the manifest does not hold is gone.
    #[track_caller]
    pub fn create_or_update<T: Serialize + ?Sized>(&mut self, object: &T) {
        self.create_with(object, CreateMode::ReplaceExisting);
    }

    #[track_caller]
    fn delete_with(&mut self, object: &ObjectRef, propagation: Propagation) {
        let result = self.host.delete(object, propagation).map_err(Error::from);
        self.note(format_args!("cannot delete {object}"), result);
    }

    /// Delete the object, those that it owns first, and wait until it is gone (20 s at most). A missing object is not
    /// an error.
    #[track_caller]
    pub fn delete(&mut self, object: impl Into<ObjectRef>) {
        self.delete_with(&object.into(), Propagation::Foreground);
    }

    /// Delete the object and do not wait; those that it owns follow.
    #[track_caller]
    pub fn delete_in_background(&mut self, object: impl Into<ObjectRef>) {
        self.delete_with(&object.into(), Propagation::Background);
    }

    /// Delete the object; those that it owns stay.
    #[track_caller]
    pub fn delete_non_cascading(&mut self, object: impl Into<ObjectRef>) {
        self.delete_with(&object.into(), Propagation::Orphan);
    }

    /// Patch the object with options; the last word says with what:
    /// `out.patch(ObjectRef::namespace("web")).subresource("status").ignore_missing().merge(&json!({…}))`.
    pub fn patch(&mut self, object: impl Into<ObjectRef>) -> PatchBuilder<'_> {
        PatchBuilder {
            out: self,
            object: object.into(),
            options: PatchOptions::default(),
        }
    }

    /// Apply a JSON Merge Patch (RFC 7396). `patch` serializes to an object; keys with `null` are removed.
    #[track_caller]
    pub fn merge_patch<T: Serialize + ?Sized>(&mut self, object: impl Into<ObjectRef>, patch: &T) {
        self.patch(object).merge(patch);
    }

    /// Apply a JSON Patch (RFC 6902). `operations` serializes to an array of operations.
    #[track_caller]
    pub fn json_patch<T: Serialize + ?Sized>(
        &mut self,
        object: impl Into<ObjectRef>,
        operations: &T,
    ) {
        self.patch(object).json(operations);
    }

    /// Replace the object by what this jq filter makes of it.
    #[track_caller]
    pub fn jq_patch(&mut self, object: impl Into<ObjectRef>, filter: &str) {
        self.patch(object).jq(filter);
    }

    /// Record a metric: `out.metric("pods").label("app", "web").set(3.0)`.
    pub fn metric<'a>(&'a mut self, name: &'a str) -> MetricBuilder<'a> {
        MetricBuilder {
            out: self,
            name,
            labels: Vec::new(),
            group: None,
        }
    }

    /// Remove all series of the metric group. A group that the run gives new series is expired anyway.
    #[track_caller]
    pub fn expire(&mut self, group: &str) {
        let result = self.host.expire(Some(group)).map_err(Error::from);
        self.note("cannot expire metrics", result);
    }

    /// Remove all series of the hook's own group: those recorded without a group.
    #[track_caller]
    pub fn expire_own(&mut self) {
        let result = self.host.expire(None).map_err(Error::from);
        self.note("cannot expire metrics", result);
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::from)
}

/// A patch and how to apply it; made by [`Effects::patch`].
#[derive(Debug)]
#[must_use = "end with `merge`, `json` or `jq`"]
pub struct PatchBuilder<'a> {
    out: &'a mut Effects,
    object: ObjectRef,
    options: PatchOptions,
}

impl PatchBuilder<'_> {
    /// Patch this subresource, such as `status`.
    pub fn subresource(mut self, name: impl Into<String>) -> Self {
        self.options.subresource = Some(name.into());
        self
    }

    /// A missing object is not an error.
    pub fn ignore_missing(mut self) -> Self {
        self.options.ignore_missing_object = true;
        self
    }

    /// Apply the patch even when the hook fails afterwards; honoured for the `status` subresource only.
    pub fn ignore_hook_error(mut self) -> Self {
        self.options.ignore_hook_error = true;
        self
    }

    #[track_caller]
    fn apply(self, patch: impl FnOnce(&Host, &ObjectRef, &PatchOptions) -> Result<(), Error>) {
        let result = patch(&self.out.host, &self.object, &self.options);
        self.out
            .note(format_args!("cannot patch {}", self.object), result);
    }

    /// With a JSON Merge Patch.
    #[track_caller]
    pub fn merge<T: Serialize + ?Sized>(self, patch: &T) {
        let text = to_json(patch);
        self.apply(|host, object, options| {
            Ok(host.patch(object, Patch::Merge(&text?), options)?)
        });
    }

    /// With a JSON Patch.
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(self, operations: &T) {
        let text = to_json(operations);
        self.apply(|host, object, options| Ok(host.patch(object, Patch::Json(&text?), options)?));
    }

    /// With a jq filter.
    #[track_caller]
    pub fn jq(self, filter: &str) {
        self.apply(|host, object, options| Ok(host.patch(object, Patch::Jq(filter), options)?));
    }
}

/// A metric with its labels; made by [`Effects::metric`].
///
/// A metric belongs to a group, the hook's own unless said otherwise. All series of each group that a run records into
/// are replaced by those of the run: what a hook no longer reports disappears by itself.
#[derive(Debug)]
#[must_use = "end with `set`, `add`, `increment` or `observe`"]
pub struct MetricBuilder<'a> {
    out: &'a mut Effects,
    name: &'a str,
    labels: Vec<(String, String)>,
    group: Option<&'a str>,
}

impl<'a> MetricBuilder<'a> {
    /// Adds a label.
    pub fn label(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.labels.push((name.into(), value.to_string()));
        self
    }

    /// Puts the metric into this group.
    pub fn group(mut self, group: &'a str) -> Self {
        self.group = Some(group);
        self
    }

    #[track_caller]
    fn record(self, action: Action<'_>) {
        let measure = Measure {
            name: self.name,
            action,
            labels: &self.labels,
            group: self.group,
        };
        let result: Result<(), Refusal> = self.out.host.measure(&measure);
        self.out
            .note("cannot record the metric", result.map_err(Error::from));
    }

    /// Sets a gauge.
    #[track_caller]
    pub fn set(self, value: f64) {
        self.record(Action::Set(value));
    }

    /// Adds to a counter; neither negative nor infinite.
    #[track_caller]
    pub fn add(self, value: f64) {
        self.record(Action::Add(value));
    }

    /// Adds 1 to a counter.
    #[track_caller]
    pub fn increment(self) {
        self.record(Action::Add(1.0));
    }

    /// Puts an observation into a histogram with these upper bounds, in any order.
    #[track_caller]
    pub fn observe(self, value: f64, buckets: &[f64]) {
        self.record(Action::Observe(value, buckets));
    }
}
