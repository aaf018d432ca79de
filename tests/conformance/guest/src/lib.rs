//! The recorder of the conformance cases.
//!
//! A run logs its contexts as shell-operator writes them. What it asks for is in [`SCRIPT`], which the tests overwrite in
//! the component's file: a component has neither files nor arguments to read it from.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "hook",
});

use exports::hookbox::hook::hooks::{BindingContext, Guest, Hook};
use hookbox::hook::log::{Level, log};
use hookbox::hook::metrics;
use hookbox::hook::object_patches::{self, CreateMode, ObjectRef, PatchOptions, Propagation};
use hookbox::hook::types::{Error, Refusal, Retry};
use serde_json::Value;

/// Bytes for the script.
const ROOM: usize = 32 << 10;
/// What the tests look for.
const MARK: &[u8] = b"hookbox-conformance-script:";

/// A JSON object: for each hook, whether it has a `gate`, its `patches` and its `metrics`.
static SCRIPT: [u8; ROOM] = empty();

const fn empty() -> [u8; ROOM] {
    let mut bytes = [b' '; ROOM];
    let mut at = 0;
    while at < MARK.len() {
        bytes[at] = MARK[at];
        at += 1;
    }
    bytes
}

struct Component;

/// What `hook` is to do; null for nothing.
fn script(hook: &str) -> Value {
    // The compiler believes to know what stands there.
    let bytes = core::hint::black_box(&SCRIPT);
    let all: Value = serde_json::from_slice(&bytes[MARK.len()..]).unwrap_or_default();
    all[hook].clone()
}

/// A patch whose answer the tests hold back, or make an error: that is how a run lasts, and how it fails.
fn gate(hook: &str) -> Result<(), Refusal> {
    let object = ObjectRef {
        api_version: Some("v1".to_owned()),
        kind: "ConfigMap".to_owned(),
        namespace: Some("conformance-gate".to_owned()),
        name: hook.replace('/', "--"),
    };
    let options = PatchOptions {
        subresource: None,
        ignore_missing_object: false,
        ignore_hook_error: false,
    };
    object_patches::merge_patch(&object, "{}", &options)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn patch(patch: &Value) -> Result<(), Refusal> {
    let object = ObjectRef {
        api_version: text(&patch["apiVersion"]),
        kind: text(&patch["kind"]).unwrap_or_default(),
        namespace: text(&patch["namespace"]),
        name: text(&patch["name"]).unwrap_or_default(),
    };
    let options = PatchOptions {
        subresource: text(&patch["subresource"]),
        ignore_missing_object: patch["ignoreMissingObject"] == true,
        ignore_hook_error: patch["ignoreHookError"] == true,
    };
    match patch["operation"].as_str().unwrap_or_default() {
        "Create" => object_patches::create(&patch["object"].to_string(), CreateMode::FailIfExists),
        "CreateIfNotExists" => {
            object_patches::create(&patch["object"].to_string(), CreateMode::KeepExisting)
        }
        "CreateOrUpdate" => {
            object_patches::create(&patch["object"].to_string(), CreateMode::ReplaceExisting)
        }
        "Delete" => object_patches::delete(&object, Propagation::Foreground),
        "DeleteInBackground" => object_patches::delete(&object, Propagation::Background),
        "DeleteNonCascading" => object_patches::delete(&object, Propagation::Orphan),
        "MergePatch" => {
            object_patches::merge_patch(&object, &patch["mergePatch"].to_string(), &options)
        }
        "JSONPatch" => {
            object_patches::json_patch(&object, &patch["jsonPatch"].to_string(), &options)
        }
        "JQPatch" => object_patches::jq_patch(
            &object,
            patch["jqFilter"].as_str().unwrap_or_default(),
            &options,
        ),
        other => panic!("no such operation: {other}"),
    }
}

fn metric(metric: &Value) -> Result<(), Refusal> {
    let name = metric["name"].as_str().unwrap_or_default();
    let value = metric["value"].as_f64().unwrap_or_default();
    let labels: Vec<(String, String)> = metric["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), text(value).unwrap_or_default()))
        .collect();
    let group = text(&metric["group"]);
    match metric["action"].as_str().unwrap_or_default() {
        "add" => metrics::add(name, value, &labels, group.as_deref()),
        "set" => metrics::set(name, value, &labels, group.as_deref()),
        "observe" => {
            let buckets = metric["buckets"].as_array().into_iter().flatten();
            let buckets: Vec<f64> = buckets.filter_map(Value::as_f64).collect();
            metrics::observe(name, value, &buckets, &labels, group.as_deref())
        }
        "expire" => metrics::expire(group.as_deref()),
        other => panic!("no such action: {other}"),
    }
}

impl Guest for Component {
    /// The tests name the hooks.
    fn describe() -> Vec<Hook> {
        Vec::new()
    }

    fn run(hook: String, contexts: Vec<BindingContext>) -> Result<(), Error> {
        let all: Vec<String> = contexts.iter().map(BindingContext::to_json).collect();
        log(Level::Info, &format!("[{}]", all.join(",")), &[]);
        let script = script(&hook);
        let effects = || {
            if script["gate"] == true {
                gate(&hook)?;
            }
            script["patches"]
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(patch)?;
            script["metrics"]
                .as_array()
                .into_iter()
                .flatten()
                .try_for_each(metric)
        };
        effects().map_err(|refusal: Refusal| Error {
            message: refusal.message,
            retry: Retry::BackOff,
        })
    }
}

export!(Component);
