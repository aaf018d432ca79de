//! One call of the table, made.

use serde_json::{Value, json};

use crate::hookbox::hook::cluster::{self, Selection};
use crate::hookbox::hook::contexts::BindingContext;
use crate::hookbox::hook::object_patches::{
    self as patches, CreateMode, ObjectRef, PatchOptions, Propagation,
};
use crate::hookbox::hook::snapshots::{self, Part};
use crate::hookbox::hook::types::Refusal;
use crate::hookbox::hook::{config_values, http, metrics, values};

/// A text: as it is, or pieces and how often each is there.
pub fn text(value: &Value) -> String {
    match value {
        Value::Array(pieces) => pieces
            .iter()
            .map(|piece| {
                let times = piece[1].as_u64().unwrap_or_default();
                piece[0]
                    .as_str()
                    .unwrap_or_default()
                    .repeat(times.try_into().unwrap_or_default())
            })
            .collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

pub fn maybe(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

pub fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

pub fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => text.parse().unwrap_or_default(),
        None => value.as_f64().unwrap_or_default(),
    }
}

fn count(value: &Value) -> u32 {
    value
        .as_u64()
        .and_then(|n| n.try_into().ok())
        .unwrap_or_default()
}

type Outcome = Result<Value, Refusal>;

/// What a read gave.
fn found(text: Option<String>) -> Value {
    match text {
        None => json!({"none": true}),
        Some(text) => match serde_json::from_str::<Value>(&text) {
            Ok(value) => json!({"answer": value}),
            Err(error) => json!({"no JSON": error.to_string()}),
        },
    }
}

fn answer(value: impl Into<Value>) -> Value {
    json!({"answer": value.into()})
}

fn done((): ()) -> Value {
    json!({})
}

/// What came of a call: its answer, or the code of the refusal.
pub fn play(call: &Value, context: &BindingContext) -> Value {
    let (room, name) = call["call"]
        .as_str()
        .and_then(|call| call.split_once('.'))
        .unwrap_or_default();
    let outcome = match room {
        "values" => on_values(name, call),
        "configValues" => on_config_values(name, call),
        "snapshots" => on_snapshots(name, call),
        "contexts" => context.object_pointer(&text(&call["pointer"])).map(found),
        "patches" => on_patches(name, call).map(done),
        "metrics" => on_metrics(name, call).map(done),
        "cluster" => on_cluster(name, call),
        "http" => send(call),
        _ => Ok(json!({"no such call": call["call"]})),
    };
    outcome.unwrap_or_else(|refusal| json!({"refused": refusal.code}))
}

fn on_values(name: &str, call: &Value) -> Outcome {
    let path = text(&call["path"]);
    match name {
        "get" => values::get(&path).map(found),
        "exists" => values::exists(&path).map(answer),
        "set" => values::set(&path, &text(&call["value"])).map(done),
        _ => values::remove(&path).map(done),
    }
}

fn on_config_values(name: &str, call: &Value) -> Outcome {
    let path = text(&call["path"]);
    match name {
        "get" => config_values::get(&path).map(found),
        "exists" => config_values::exists(&path).map(answer),
        "set" => config_values::set(&path, &text(&call["value"])).map(done),
        _ => config_values::remove(&path).map(done),
    }
}

fn entry(entry: snapshots::Entry) -> Value {
    let mut parts = serde_json::Map::new();
    for (name, part) in [
        ("object", entry.object),
        ("filterResult", entry.filter_result),
    ] {
        if let Some(text) = part {
            parts.insert(
                name.to_owned(),
                serde_json::from_str(&text).unwrap_or_default(),
            );
        }
    }
    parts.into()
}

fn on_snapshots(name: &str, call: &Value) -> Outcome {
    if name == "names" {
        return Ok(answer(snapshots::names()));
    }
    let snapshot = snapshots::open(&text(&call["binding"]));
    if name == "open" {
        return Ok(answer(snapshot.is_some()));
    }
    let Some(snapshot) = snapshot else {
        return Ok(json!({"no such binding": call["binding"]}));
    };
    let index = count(&call["index"]);
    Ok(match name {
        "len" => answer(snapshot.len()),
        "get" => snapshot
            .get(index)
            .map_or(json!({"none": true}), |found| answer(entry(found))),
        "range" => answer(
            snapshot
                .range(count(&call["start"]), count(&call["count"]))
                .len(),
        ),
        "select" => {
            let times = call["times"].as_u64().unwrap_or(1);
            let fields: Vec<String> = (0..times).flat_map(|_| texts(&call["fields"])).collect();
            let (start, most) = (count(&call["start"]), count(&call["count"]));
            let ignore_case = call["ignoreCase"] == true;
            let entries = snapshot.select(start, most, &fields, ignore_case)?;
            answer(entries.into_iter().map(entry).collect::<Vec<Value>>())
        }
        _ => {
            let part = match call["part"].as_str() {
                Some("object") => Part::Object,
                _ => Part::FilterResult,
            };
            return snapshot
                .pointer(index, part, &text(&call["pointer"]))
                .map(found);
        }
    })
}

fn on_patches(name: &str, call: &Value) -> Result<(), Refusal> {
    if name == "create" {
        let mode = match call["mode"].as_str() {
            Some("fail-if-exists") => CreateMode::FailIfExists,
            Some("keep-existing") => CreateMode::KeepExisting,
            _ => CreateMode::ReplaceExisting,
        };
        return patches::create(&text(&call["object"]), mode);
    }
    let of = &call["ref"];
    let object = ObjectRef {
        api_version: maybe(&of["apiVersion"]),
        kind: text(&of["kind"]),
        namespace: maybe(&of["namespace"]),
        name: text(&of["name"]),
    };
    let said = &call["options"];
    let options = PatchOptions {
        subresource: maybe(&said["subresource"]),
        ignore_missing_object: said["ignoreMissingObject"] == true,
        ignore_hook_error: said["ignoreHookError"] == true,
    };
    match name {
        "delete" => {
            let propagation = match call["propagation"].as_str() {
                Some("foreground") => Propagation::Foreground,
                Some("background") => Propagation::Background,
                _ => Propagation::Orphan,
            };
            patches::delete(&object, propagation)
        }
        "merge" => patches::merge_patch(&object, &text(&call["patch"]), &options),
        "json" => patches::json_patch(&object, &text(&call["patch"]), &options),
        _ => patches::jq_patch(&object, &text(&call["filter"]), &options),
    }
}

fn on_metrics(action: &str, call: &Value) -> Result<(), Refusal> {
    let (name, value, labels) = (
        text(&call["name"]),
        number(&call["value"]),
        pairs(&call["labels"]),
    );
    let group = maybe(&call["group"]);
    let group = group.as_deref();
    match action {
        "add" => metrics::add(&name, value, &labels, group),
        "set" => metrics::set(&name, value, &labels, group),
        "observe" => {
            let buckets = call["buckets"].as_array().into_iter().flatten();
            let buckets: Vec<f64> = buckets.map(number).collect();
            metrics::observe(&name, value, &buckets, &labels, group)
        }
        _ => metrics::expire(group),
    }
}

fn on_cluster(name: &str, call: &Value) -> Outcome {
    let (api_version, kind) = (text(&call["apiVersion"]), text(&call["kind"]));
    let namespace = maybe(&call["namespace"]);
    if name == "get" {
        let name = text(&call["name"]);
        return cluster::get(&api_version, &kind, namespace.as_deref(), &name).map(found);
    }
    let selection = Selection {
        namespace,
        label_selector: maybe(&call["labelSelector"]),
        field_selector: maybe(&call["fieldSelector"]),
        limit: call["limit"].as_u64().map(|_| count(&call["limit"])),
        after: maybe(&call["after"]),
    };
    let page = cluster::list(&api_version, &kind, &selection)?;
    let name = |object: &String| {
        let object: Value = serde_json::from_str(object).unwrap_or_default();
        object["metadata"]["name"].clone()
    };
    Ok(answer(
        page.objects.iter().map(name).collect::<Vec<Value>>(),
    ))
}

fn send(call: &Value) -> Outcome {
    let request = http::Request {
        method: text(&call["method"]),
        url: text(&call["url"]),
        headers: pairs(&call["headers"]),
        body: None,
        timeout: None,
        limit: None,
    };
    http::send(&request).map(|response| answer(response.status))
}
