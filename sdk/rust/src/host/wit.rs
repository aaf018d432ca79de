//! The host of a component: its imports.

use super::{
    Action, ContextCalls, CreateMode, Entry, HostCalls, ListCall, ListPage, Measure, Part, Patch,
    Propagation, Refusal, SnapshotCalls, Store,
};
use crate::bindings::hookbox::hook::{
    cluster, config_values, contexts, http, log as wit_log, metrics, object_patches, snapshots,
    values,
};
use crate::http::{Request, Response};
use crate::log::Level;
use crate::object::{ObjectRef, PatchOptions};

/// The imports.
#[derive(Debug, Clone)]
pub(crate) struct Host;

/// A binding context's handle.
#[derive(Debug)]
pub(crate) struct Context(pub(crate) contexts::BindingContext);

/// A snapshot's handle.
#[derive(Debug)]
pub(crate) struct Snapshot(snapshots::Snapshot);

fn refused(refusal: values::Refusal) -> Refusal {
    Refusal {
        code: refusal.code,
        message: refusal.message,
    }
}

fn entry(entry: snapshots::Entry) -> Entry {
    Entry {
        object: entry.object,
        filter_result: entry.filter_result,
    }
}

impl SnapshotCalls for Snapshot {
    fn len(&self) -> u32 {
        self.0.len()
    }
    fn get(&self, index: u32) -> Option<Entry> {
        self.0.get(index).map(entry)
    }
    fn range(&self, start: u32, count: u32) -> Vec<Entry> {
        self.0.range(start, count).into_iter().map(entry).collect()
    }
    fn select(&self, start: u32, count: u32, fields: &[String]) -> Result<Vec<Entry>, Refusal> {
        let entries = self
            .0
            .select(start, count, fields, false)
            .map_err(refused)?;
        Ok(entries.into_iter().map(entry).collect())
    }
    fn pointer(&self, index: u32, part: Part, pointer: &str) -> Result<Option<String>, Refusal> {
        let part = match part {
            Part::Object => snapshots::Part::Object,
            Part::FilterResult => snapshots::Part::FilterResult,
        };
        self.0.pointer(index, part, pointer).map_err(refused)
    }
}

impl ContextCalls for Context {
    fn binding(&self) -> String {
        self.0.binding()
    }
    fn kind(&self) -> Option<String> {
        self.0.kind()
    }
    fn group(&self) -> Option<String> {
        self.0.group()
    }
    fn watch_event(&self) -> Option<String> {
        self.0.watch_event()
    }
    fn object(&self) -> Option<String> {
        self.0.object()
    }
    fn filter_result(&self) -> Option<String> {
        self.0.filter_result()
    }
    fn object_pointer(&self, pointer: &str) -> Result<Option<String>, Refusal> {
        self.0.object_pointer(pointer).map_err(refused)
    }
    fn objects(&self) -> Option<Snapshot> {
        self.0.objects().map(Snapshot)
    }
    fn to_json(&self) -> String {
        self.0.to_json()
    }
}

fn object_ref(object: &ObjectRef) -> object_patches::ObjectRef {
    object_patches::ObjectRef {
        api_version: object.api_version.clone(),
        kind: object.kind.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

impl HostCalls for Host {
    fn open(&self, binding: &str) -> Option<Snapshot> {
        snapshots::open(binding).map(Snapshot)
    }

    fn value(&self, store: Store, path: &str) -> Result<Option<String>, Refusal> {
        match store {
            Store::Values => values::get(path),
            Store::ConfigValues => config_values::get(path),
        }
        .map_err(refused)
    }

    fn value_exists(&self, store: Store, path: &str) -> Result<bool, Refusal> {
        match store {
            Store::Values => values::exists(path),
            Store::ConfigValues => config_values::exists(path),
        }
        .map_err(refused)
    }

    fn set_value(&self, store: Store, path: &str, value: &str) -> Result<(), Refusal> {
        match store {
            Store::Values => values::set(path, value),
            Store::ConfigValues => config_values::set(path, value),
        }
        .map_err(refused)
    }

    fn remove_value(&self, store: Store, path: &str) -> Result<(), Refusal> {
        match store {
            Store::Values => values::remove(path),
            Store::ConfigValues => config_values::remove(path),
        }
        .map_err(refused)
    }

    fn get_object(&self, object: &ObjectRef) -> Result<Option<String>, Refusal> {
        let Some(api_version) = &object.api_version else {
            return Err(Refusal {
                code: "invalid-argument".to_owned(),
                message: "a read names the object's apiVersion".to_owned(),
            });
        };
        let namespace = object.namespace.as_deref();
        cluster::get(api_version, &object.kind, namespace, &object.name).map_err(refused)
    }

    fn list_objects(&self, call: &ListCall) -> Result<ListPage, Refusal> {
        let selection = cluster::Selection {
            namespace: call.namespace.clone(),
            label_selector: call.labels.clone(),
            field_selector: call.fields.clone(),
            limit: call.limit,
            after: call.after.clone(),
        };
        let page = cluster::list(&call.api_version, &call.kind, &selection).map_err(refused)?;
        Ok(ListPage {
            objects: page.objects,
            next: page.next,
        })
    }

    fn send(&self, request: &Request) -> Result<Response, Refusal> {
        let request = http::Request {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            timeout: request
                .timeout
                .map(|time| time.as_millis().try_into().unwrap_or(u64::MAX)),
            limit: request.limit,
        };
        let response = http::send(&request).map_err(refused)?;
        Ok(Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        })
    }

    fn create(&self, object: &str, mode: CreateMode) -> Result<(), Refusal> {
        let mode = match mode {
            CreateMode::FailIfExists => object_patches::CreateMode::FailIfExists,
            CreateMode::KeepExisting => object_patches::CreateMode::KeepExisting,
            CreateMode::ReplaceExisting => object_patches::CreateMode::ReplaceExisting,
        };
        object_patches::create(object, mode).map_err(refused)
    }

    fn delete(&self, object: &ObjectRef, propagation: Propagation) -> Result<(), Refusal> {
        let propagation = match propagation {
            Propagation::Foreground => object_patches::Propagation::Foreground,
            Propagation::Background => object_patches::Propagation::Background,
            Propagation::Orphan => object_patches::Propagation::Orphan,
        };
        object_patches::delete(&object_ref(object), propagation).map_err(refused)
    }

    fn patch(
        &self,
        object: &ObjectRef,
        patch: Patch<'_>,
        options: &PatchOptions,
    ) -> Result<(), Refusal> {
        let object = object_ref(object);
        let options = object_patches::PatchOptions {
            subresource: options.subresource.clone(),
            ignore_missing_object: options.ignore_missing_object,
            ignore_hook_error: options.ignore_hook_error,
        };
        match patch {
            Patch::Merge(patch) => object_patches::merge_patch(&object, patch, &options),
            Patch::Json(patch) => object_patches::json_patch(&object, patch, &options),
            Patch::Jq(filter) => object_patches::jq_patch(&object, filter, &options),
        }
        .map_err(refused)
    }

    fn measure(&self, measure: &Measure<'_>) -> Result<(), Refusal> {
        let Measure {
            name,
            action,
            labels,
            group,
        } = *measure;
        match action {
            Action::Add(value) => metrics::add(name, value, labels, group),
            Action::Set(value) => metrics::set(name, value, labels, group),
            Action::Observe(value, buckets) => {
                metrics::observe(name, value, buckets, labels, group)
            }
        }
        .map_err(refused)
    }

    fn expire(&self, group: Option<&str>) -> Result<(), Refusal> {
        metrics::expire(group).map_err(refused)
    }
}

pub(super) fn log(level: Level, message: &str, fields: &[(String, String)]) {
    let level = match level {
        Level::Debug => wit_log::Level::Debug,
        Level::Info => wit_log::Level::Info,
        Level::Warn => wit_log::Level::Warn,
        Level::Error => wit_log::Level::Error,
    };
    wit_log::log(level, message, fields);
}
