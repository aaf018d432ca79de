//! The host of a test: everything in memory, every call recorded in shell-operator's JSON forms.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::validate::{self, refusal};
use super::{
    Action, ContextCalls, CreateMode, Entry, HostCalls, ListCall, ListPage, Measure, Part, Patch,
    Propagation, Refusal, SnapshotCalls, Store,
};
use super::{json as text, objects, requests};
use crate::http::{Request, Response};
use crate::log::{Level, Record};
use crate::object::{ObjectRef, PatchOptions};
use crate::pointer::{self, PointerError};

/// What a test's host holds and what it recorded.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
    pub(crate) values: Value,
    pub(crate) config_values: Value,
    /// What reads of the cluster find; none: they are refused.
    pub(crate) cluster: Option<Vec<Value>>,
    /// Who answers HTTP requests; none: they are refused.
    pub(crate) server: Option<Server>,
    pub(crate) object_patches: Vec<Value>,
    pub(crate) values_patch: Vec<Value>,
    pub(crate) config_values_patch: Vec<Value>,
    pub(crate) metrics: Vec<Value>,
}

impl Memory {
    /// The values and the config values.
    pub(crate) fn stores(&self) -> (Value, Value) {
        (self.values.clone(), self.config_values.clone())
    }

    /// What a failed run leaves: the stores as they were, and patches of `status` that are applied all the same.
    pub(crate) fn give_up(&mut self, (values, config_values): (Value, Value)) {
        (self.values, self.config_values) = (values, config_values);
        self.values_patch.clear();
        self.config_values_patch.clear();
        self.metrics.clear();
        self.object_patches.retain(|patch| {
            let subresource = patch["subresource"].as_str().unwrap_or_default();
            patch["ignoreHookError"] == true && matches!(subresource, "status" | "/status")
        });
    }
}

/// Answers HTTP requests.
#[derive(Clone)]
pub(crate) struct Server(pub(crate) Rc<Answer>);

type Answer = dyn Fn(&Request) -> crate::Result<Response>;

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

/// A handle on the memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host(pub(crate) Rc<RefCell<Memory>>);

/// Entries of one binding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot(pub(crate) Rc<Vec<Entry>>);

/// One binding context and, for its JSON form, the host whose snapshots it may name.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) data: ContextData,
    pub(crate) host: Host,
}

/// The fields of a binding context.
#[derive(Debug, Clone, Default)]
pub(crate) struct ContextData {
    pub(crate) binding: String,
    pub(crate) kind: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) watch_event: Option<String>,
    pub(crate) object: Option<String>,
    pub(crate) filter_result: Option<String>,
    pub(crate) objects: Option<Snapshot>,
    pub(crate) snapshot_names: Vec<String>,
}

fn pointer_refusal(error: PointerError) -> Refusal {
    refusal(error.code(), error)
}

fn part_at(document: Option<&str>, at: &str) -> Result<Option<String>, Refusal> {
    pointer::parse(at).map_err(|error| refusal("invalid-pointer", error))?;
    let Some(text) = document else {
        return Ok(None);
    };
    Ok(raw(Some(text)).and_then(|value| value.pointer(at).map(Value::to_string)))
}

/// Most fields that may be named.
const FIELDS: usize = 256;

/// A value with nothing but what these paths name; arrays are no step.
fn cut(value: Value, paths: &[&[String]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value;
    }
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(key, value)| {
                let below = paths.iter().filter_map(|path| match path.split_first() {
                    Some((step, rest)) if *step == key => Some(rest),
                    _ => None,
                });
                let below: Vec<&[String]> = below.collect();
                (!below.is_empty()).then(|| (key, cut(value, &below)))
            });
            kept.collect()
        }
        Value::Array(items) => items.into_iter().map(|item| cut(item, paths)).collect(),
        other => other,
    }
}

/// What the test gave is JSON.
fn raw(text: Option<&str>) -> Option<Value> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

impl Entry {
    pub(super) fn to_value(&self) -> Value {
        let mut item = Map::new();
        if let Some(object) = raw(self.object.as_deref()) {
            item.insert("object".to_owned(), object);
        }
        if let Some(result) = raw(self.filter_result.as_deref()) {
            item.insert("filterResult".to_owned(), result);
        }
        Value::Object(item)
    }
}

impl Snapshot {
    fn to_value(&self) -> Value {
        self.0.iter().map(Entry::to_value).collect()
    }
}

impl SnapshotCalls for Snapshot {
    fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn get(&self, index: u32) -> Option<Entry> {
        self.0.get(index as usize).cloned()
    }

    fn range(&self, start: u32, count: u32) -> Vec<Entry> {
        self.0
            .iter()
            .skip(start as usize)
            .take(count as usize)
            .cloned()
            .collect()
    }

    fn select(&self, start: u32, count: u32, fields: &[String]) -> Result<Vec<Entry>, Refusal> {
        if fields.len() > FIELDS {
            let said = format!(
                "{} fields are named, at most {FIELDS} are allowed",
                fields.len()
            );
            return Err(refusal("invalid-pointer", said));
        }
        let paths = fields.iter().map(|field| pointer::parse(field));
        let paths: Result<Vec<_>, _> = paths.collect();
        let paths = paths.map_err(|error| refusal("invalid-pointer", error))?;
        let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
        let mut entries = self.range(start, count);
        for entry in &mut entries {
            let object = raw(entry.object.as_deref());
            entry.object = object.map(|object| cut(object, &paths).to_string());
        }
        Ok(entries)
    }

    fn pointer(&self, index: u32, part: Part, at: &str) -> Result<Option<String>, Refusal> {
        let entry = self.0.get(index as usize);
        let document = entry.and_then(|entry| match part {
            Part::Object => entry.object.as_deref(),
            Part::FilterResult => entry.filter_result.as_deref(),
        });
        part_at(document, at)
    }
}

impl ContextCalls for Context {
    fn binding(&self) -> String {
        self.data.binding.clone()
    }
    fn kind(&self) -> Option<String> {
        self.data.kind.clone()
    }
    fn group(&self) -> Option<String> {
        self.data.group.clone()
    }
    fn watch_event(&self) -> Option<String> {
        self.data.watch_event.clone()
    }
    fn object(&self) -> Option<String> {
        self.data.object.clone()
    }
    fn filter_result(&self) -> Option<String> {
        self.data.filter_result.clone()
    }

    fn object_pointer(&self, at: &str) -> Result<Option<String>, Refusal> {
        part_at(self.data.object.as_deref(), at)
    }

    fn objects(&self) -> Option<Snapshot> {
        self.data.objects.clone()
    }

    fn to_json(&self) -> String {
        let mut context = Map::new();
        context.insert("binding".to_owned(), json!(self.data.binding));
        for (key, value) in [
            ("type", &self.data.kind),
            ("groupName", &self.data.group),
            ("watchEvent", &self.data.watch_event),
        ] {
            if let Some(value) = value {
                context.insert(key.to_owned(), json!(value));
            }
        }
        for (key, value) in [
            ("object", &self.data.object),
            ("filterResult", &self.data.filter_result),
        ] {
            if let Some(value) = raw(value.as_deref()) {
                context.insert(key.to_owned(), value);
            }
        }
        if let Some(objects) = self.objects() {
            context.insert("objects".to_owned(), objects.to_value());
        }
        if !self.data.snapshot_names.is_empty() {
            let memory = self.host.0.borrow();
            let item = |name: &String| {
                (
                    name.clone(),
                    memory
                        .snapshots
                        .get(name)
                        .cloned()
                        .unwrap_or_default()
                        .to_value(),
                )
            };
            let snapshots: Map<String, Value> = self.data.snapshot_names.iter().map(item).collect();
            context.insert("snapshots".to_owned(), Value::Object(snapshots));
        }
        Value::Object(context).to_string()
    }
}

impl Memory {
    fn store(&mut self, store: Store) -> (&mut Value, &mut Vec<Value>) {
        match store {
            Store::Values => (&mut self.values, &mut self.values_patch),
            Store::ConfigValues => (&mut self.config_values, &mut self.config_values_patch),
        }
    }
}

/// An operation in the form of shell-operator's patch file: the operation, which object, and the rest.
fn operation(name: &str, object: &ObjectRef) -> Map<String, Value> {
    let mut operation = Map::new();
    operation.insert("operation".to_owned(), json!(name));
    if let Some(api_version) = &object.api_version {
        operation.insert("apiVersion".to_owned(), json!(api_version));
    }
    operation.insert("kind".to_owned(), json!(object.kind));
    if let Some(namespace) = &object.namespace {
        operation.insert("namespace".to_owned(), json!(namespace));
    }
    operation.insert("name".to_owned(), json!(object.name));
    operation
}

impl HostCalls for Host {
    fn open(&self, binding: &str) -> Option<Snapshot> {
        self.0.borrow().snapshots.get(binding).cloned()
    }

    fn value(&self, store: Store, path: &str) -> Result<Option<String>, Refusal> {
        pointer::parse(path).map_err(pointer_refusal)?;
        Ok(self
            .0
            .borrow_mut()
            .store(store)
            .0
            .pointer(path)
            .map(Value::to_string))
    }

    fn value_exists(&self, store: Store, path: &str) -> Result<bool, Refusal> {
        pointer::parse(path).map_err(pointer_refusal)?;
        Ok(self.0.borrow_mut().store(store).0.pointer(path).is_some())
    }

    fn set_value(&self, store: Store, path: &str, value: &str) -> Result<(), Refusal> {
        let steps = pointer::parse(path).map_err(pointer_refusal)?;
        let value = text::read(value)?;
        if steps.len() + text::depth(&value) > text::DEPTH {
            return Err(text::too_deep("the values would be"));
        }
        let mut memory = self.0.borrow_mut();
        let (document, patch) = memory.store(store);
        let operation = pointer::set(document, path, value).map_err(pointer_refusal)?;
        // What sets again what the last operation set takes its place.
        if patch
            .last()
            .is_some_and(|last| last["op"] == "add" && last.get("path") == operation.get("path"))
        {
            patch.pop();
        }
        patch.push(operation);
        Ok(())
    }

    fn remove_value(&self, store: Store, path: &str) -> Result<(), Refusal> {
        let mut memory = self.0.borrow_mut();
        let (document, patch) = memory.store(store);
        patch.push(pointer::remove(document, path).map_err(pointer_refusal)?);
        Ok(())
    }

    fn get_object(&self, object: &ObjectRef) -> Result<Option<String>, Refusal> {
        objects::get(self.0.borrow().cluster.as_ref(), object)
    }

    fn list_objects(&self, call: &ListCall) -> Result<ListPage, Refusal> {
        objects::list(self.0.borrow().cluster.as_ref(), call)
    }

    fn send(&self, request: &Request) -> Result<Response, Refusal> {
        requests::request(request)?;
        let memory = self.0.borrow();
        let Some(Server(answer)) = &memory.server else {
            let why =
                "the test's input has nobody to answer HTTP requests: give it one by `.http(…)`";
            return Err(refusal("not-granted", why));
        };
        answer(request).map_err(|error| refusal("unreachable", error.to_string()))
    }

    fn create(&self, object: &str, mode: CreateMode) -> Result<(), Refusal> {
        let object = text::read(object)?;
        validate::manifest(&object, mode == CreateMode::FailIfExists)?;
        let name = match mode {
            CreateMode::FailIfExists => "Create",
            CreateMode::KeepExisting => "CreateIfNotExists",
            CreateMode::ReplaceExisting => "CreateOrUpdate",
        };
        self.0
            .borrow_mut()
            .object_patches
            .push(json!({"operation": name, "object": object}));
        Ok(())
    }

    fn delete(&self, object: &ObjectRef, propagation: Propagation) -> Result<(), Refusal> {
        let object = &validate::object_ref(object)?;
        let name = match propagation {
            Propagation::Foreground => "Delete",
            Propagation::Background => "DeleteInBackground",
            Propagation::Orphan => "DeleteNonCascading",
        };
        self.0
            .borrow_mut()
            .object_patches
            .push(Value::Object(operation(name, object)));
        Ok(())
    }

    fn patch(
        &self,
        object: &ObjectRef,
        patch: Patch<'_>,
        options: &PatchOptions,
    ) -> Result<(), Refusal> {
        let object = &validate::object_ref(object)?;
        validate::patch_options(options)?;
        let (name, key, body) = match patch {
            Patch::Merge(patch) => ("MergePatch", "mergePatch", text::read(patch)?),
            Patch::Json(patch) => ("JSONPatch", "jsonPatch", text::read(patch)?),
            Patch::Jq(filter) => ("JQPatch", "jqFilter", json!(filter)),
        };
        match patch {
            Patch::Merge(_) => validate::merge_patch(&body)?,
            Patch::Json(_) => validate::json_patch(&body)?,
            Patch::Jq(filter) => validate::jq_filter(filter)?,
        }
        let mut operation = operation(name, object);
        operation.insert(key.to_owned(), body);
        if let Some(subresource) = options
            .subresource
            .as_deref()
            .filter(|text| !text.is_empty())
        {
            operation.insert("subresource".to_owned(), json!(subresource));
        }
        for (key, set) in [
            ("ignoreMissingObject", options.ignore_missing_object),
            ("ignoreHookError", options.ignore_hook_error),
        ] {
            if set {
                operation.insert(key.to_owned(), json!(true));
            }
        }
        self.0
            .borrow_mut()
            .object_patches
            .push(Value::Object(operation));
        Ok(())
    }

    fn measure(&self, measure: &Measure<'_>) -> Result<(), Refusal> {
        let (action, value, buckets) = match measure.action {
            Action::Add(value) => ("add", value, None),
            Action::Set(value) => ("set", value, None),
            Action::Observe(value, buckets) => ("observe", value, Some(buckets)),
        };
        validate::measure(measure)?;
        let mut operation = Map::new();
        operation.insert("name".to_owned(), json!(measure.name));
        operation.insert("action".to_owned(), json!(action));
        operation.insert("value".to_owned(), json!(value));
        if let Some(buckets) = buckets {
            let buckets = validate::sorted(buckets);
            operation.insert("buckets".to_owned(), json!(buckets));
        }
        if !measure.labels.is_empty() {
            let labels: BTreeMap<_, _> = measure.labels.iter().cloned().collect();
            operation.insert("labels".to_owned(), json!(labels));
        }
        if let Some(group) = measure.group.filter(|group| !group.is_empty()) {
            operation.insert("group".to_owned(), json!(group));
        }
        self.0.borrow_mut().metrics.push(Value::Object(operation));
        Ok(())
    }

    fn expire(&self, group: Option<&str>) -> Result<(), Refusal> {
        validate::group(group)?;
        let operation = match group.filter(|group| !group.is_empty()) {
            Some(group) => json!({"action": "expire", "group": group}),
            None => json!({"action": "expire"}),
        };
        self.0.borrow_mut().metrics.push(operation);
        Ok(())
    }
}

thread_local! {
    /// The log of the run under way in this thread, if a test started one.
    static LOG: RefCell<Option<Vec<Record>>> = const { RefCell::new(None) };
}

/// Runs `f` and returns what it logged.
pub(crate) fn recording<T>(f: impl FnOnce() -> T) -> (T, Vec<Record>) {
    struct Restore(Option<Vec<Record>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            LOG.with(|log| log.replace(self.0.take()));
        }
    }
    let restore = Restore(LOG.with(|log| log.replace(Some(Vec::new()))));
    let result = f();
    let records = LOG.with(|log| log.borrow_mut().take()).unwrap_or_default();
    drop(restore);
    (result, records)
}

/// Records, and prints where the test runner captures it.
#[allow(
    clippy::print_stderr,
    reason = "a test's log belongs in the test's output"
)]
pub(super) fn log(level: Level, message: &str, fields: &[(String, String)]) {
    let record = Record {
        level,
        message: message.to_owned(),
        fields: fields.to_vec(),
    };
    eprintln!("{record}");
    LOG.with(|log| {
        if let Some(records) = log.borrow_mut().as_mut() {
            records.push(record);
        }
    });
}
