//! What a hook asks of its host. One set of calls, two answers: the component's imports in a sandbox, memory in a
//! test. Everything above this module is the same code in both.

#[cfg(not(target_family = "wasm"))]
mod json;
#[cfg(not(target_family = "wasm"))]
mod memory;
#[cfg(not(target_family = "wasm"))]
mod objects;
#[cfg(not(target_family = "wasm"))]
mod requests;
#[cfg(all(test, not(target_family = "wasm")))]
mod table;
#[cfg(not(target_family = "wasm"))]
mod validate;
#[cfg(target_family = "wasm")]
mod wit;

#[cfg(not(target_family = "wasm"))]
pub(crate) use memory::{Context, ContextData, Host, Memory, Server, Snapshot, recording};
#[cfg(not(target_family = "wasm"))]
pub(crate) use requests::answer;
#[cfg(target_family = "wasm")]
pub(crate) use wit::{Context, Host, Snapshot};

use std::fmt;

use crate::http::{Request, Response};
use crate::object::{ObjectRef, PatchOptions};

/// The host's "no" to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// One selected object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) object: Option<String>,
    pub(crate) filter_result: Option<String>,
}

/// Which half of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Object,
    FilterResult,
}

/// Which document of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Values,
    ConfigValues,
}

/// How to create an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateMode {
    FailIfExists,
    KeepExisting,
    ReplaceExisting,
}

/// What becomes of owned objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Foreground,
    Background,
    Orphan,
}

/// One change to an existing object: JSON text, or a jq filter's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patch<'a> {
    Merge(&'a str),
    Json(&'a str),
    Jq(&'a str),
}

/// One metric operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure<'a> {
    pub(crate) name: &'a str,
    pub(crate) action: Action<'a>,
    pub(crate) labels: &'a [(String, String)],
    pub(crate) group: Option<&'a str>,
}

/// What a metric operation does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action<'a> {
    Add(f64),
    Set(f64),
    Observe(f64, &'a [f64]),
}

/// Which objects of the cluster to list, and which page of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListCall {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) fields: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<String>,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListPage {
    pub(crate) objects: Vec<String>,
    pub(crate) next: Option<String>,
}

/// All objects of one binding.
pub(crate) trait SnapshotCalls {
    fn len(&self) -> u32;
    fn get(&self, index: u32) -> Option<Entry>;
    fn range(&self, start: u32, count: u32) -> Vec<Entry>;
    /// As `range`, with objects that have these fields alone.
    fn select(&self, start: u32, count: u32, fields: &[String]) -> Result<Vec<Entry>, Refusal>;
    fn pointer(&self, index: u32, part: Part, pointer: &str) -> Result<Option<String>, Refusal>;
}

/// One binding context.
pub(crate) trait ContextCalls {
    fn binding(&self) -> String;
    fn kind(&self) -> Option<String>;
    fn group(&self) -> Option<String>;
    fn watch_event(&self) -> Option<String>;
    fn object(&self) -> Option<String>;
    fn filter_result(&self) -> Option<String>;
    fn object_pointer(&self, pointer: &str) -> Result<Option<String>, Refusal>;
    fn objects(&self) -> Option<Snapshot>;
    fn to_json(&self) -> String;
}

/// Everything else.
pub(crate) trait HostCalls: Clone {
    fn open(&self, binding: &str) -> Option<Snapshot>;
    fn value(&self, store: Store, path: &str) -> Result<Option<String>, Refusal>;
    fn value_exists(&self, store: Store, path: &str) -> Result<bool, Refusal>;
    fn set_value(&self, store: Store, path: &str, value: &str) -> Result<(), Refusal>;
    fn remove_value(&self, store: Store, path: &str) -> Result<(), Refusal>;
    fn get_object(&self, object: &ObjectRef) -> Result<Option<String>, Refusal>;
    fn list_objects(&self, call: &ListCall) -> Result<ListPage, Refusal>;
    fn send(&self, request: &Request) -> Result<Response, Refusal>;
    fn create(&self, object: &str, mode: CreateMode) -> Result<(), Refusal>;
    fn delete(&self, object: &ObjectRef, propagation: Propagation) -> Result<(), Refusal>;
    fn patch(
        &self,
        object: &ObjectRef,
        patch: Patch<'_>,
        options: &PatchOptions,
    ) -> Result<(), Refusal>;
    fn measure(&self, measure: &Measure<'_>) -> Result<(), Refusal>;
    fn expire(&self, group: Option<&str>) -> Result<(), Refusal>;
}

/// Writes one log record.
pub(crate) fn log(level: crate::log::Level, message: &str, fields: &[(String, String)]) {
    #[cfg(target_family = "wasm")]
    wit::log(level, message, fields);
    #[cfg(not(target_family = "wasm"))]
    memory::log(level, message, fields);
}
