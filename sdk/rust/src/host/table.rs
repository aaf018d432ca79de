//! The table of `tests/hosts`, which the sandbox and the hosts of all SDKs play.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{
    Action, Context, ContextCalls, ContextData, CreateMode, Entry, Host, HostCalls, ListCall,
    Measure, Part, Patch, Propagation, Refusal, Snapshot, SnapshotCalls, Store, answer,
};
use crate::http::Request;
use crate::object::{ObjectRef, PatchOptions};

/// A text: as it is, or pieces and how often each is there.
fn text(value: &Value) -> String {
    match value.as_array() {
        Some(pieces) => pieces
            .iter()
            .map(|piece| {
                let times = piece[1].as_u64().unwrap().try_into().unwrap();
                piece[0].as_str().unwrap().repeat(times)
            })
            .collect(),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn maybe(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.as_f64().unwrap_or_default(),
    }
}

fn count(value: &Value) -> u32 {
    value.as_u64().unwrap_or_default().try_into().unwrap()
}

fn found(text: Option<String>) -> Value {
    match text {
        Some(text) => json!({"answer": serde_json::from_str::<Value>(&text).unwrap()}),
        None => json!({"none": true}),
    }
}

fn entry(entry: &Value) -> Entry {
    let part = |name: &str| entry.get(name).map(Value::to_string);
    Entry {
        object: part("object"),
        filter_result: part("filterResult"),
    }
}

fn host(world: &Value) -> Host {
    let host = Host::default();
    let mut memory = host.0.borrow_mut();
    memory.values = world["values"].clone();
    memory.config_values = world["configValues"].clone();
    memory.cluster = world["cluster"].as_array().cloned();
    memory.snapshots = world["snapshots"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, entries)| {
            let entries = entries.as_array().unwrap().iter().map(entry).collect();
            (name.clone(), Snapshot(Rc::new(entries)))
        })
        .collect::<BTreeMap<_, _>>();
    drop(memory);
    host
}

/// What came of a call; none of what a hook of this SDK does not ask its host.
fn play(host: &Host, world: &Value, call: &Value) -> Option<Value> {
    let name = call["call"].as_str().unwrap();
    let outcome = match name {
        // There is no such call in this SDK: it knows the names from the hook's type. Conversions are functions.
        "snapshots.names" | "conversion" => return None,
        // Its types have keys in one case.
        "snapshots.select" if call["ignoreCase"] == true => return None,
        "admission" => {
            let warnings: Vec<String> = call["warnings"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect();
            let patch = maybe(&call["patch"]);
            let mutates = call["mutates"] == true;
            answer(mutates, &warnings, &pairs(&call["audit"]), patch.as_deref()).map(|()| json!({}))
        }
        "contexts.objectPointer" => {
            let context = Context {
                data: ContextData {
                    object: Some(world["context"]["object"].to_string()),
                    ..ContextData::default()
                },
                host: host.clone(),
            };
            context.object_pointer(&text(&call["pointer"])).map(found)
        }
        "http.send" => {
            let request = Request {
                method: text(&call["method"]),
                url: text(&call["url"]),
                headers: pairs(&call["headers"]),
                body: None,
                timeout: None,
                limit: None,
            };
            host.send(&request).map(|_| json!({}))
        }
        _ => match name.split_once('.').unwrap() {
            ("values", name) => on_values(host, Store::Values, name, call),
            ("configValues", name) => on_values(host, Store::ConfigValues, name, call),
            ("snapshots", name) => on_snapshots(host, name, call),
            ("patches", name) => on_patches(host, name, call).map(|()| json!({})),
            ("metrics", name) => on_metrics(host, name, call).map(|()| json!({})),
            ("cluster", name) => on_cluster(host, name, call),
            _ => panic!("no such call: {call}"),
        },
    };
    Some(outcome.unwrap_or_else(|refusal| json!({"refused": refusal.code})))
}

fn on_values(host: &Host, store: Store, name: &str, call: &Value) -> Result<Value, Refusal> {
    let path = text(&call["path"]);
    match name {
        "get" => host.value(store, &path).map(found),
        "exists" => host
            .value_exists(store, &path)
            .map(|there| json!({"answer": there})),
        "set" => host
            .set_value(store, &path, &text(&call["value"]))
            .map(|()| json!({})),
        _ => host.remove_value(store, &path).map(|()| json!({})),
    }
}

fn on_snapshots(host: &Host, name: &str, call: &Value) -> Result<Value, Refusal> {
    let snapshot = host.open(&text(&call["binding"]));
    if name == "open" {
        return Ok(json!({"answer": snapshot.is_some()}));
    }
    let (snapshot, index) = (snapshot.unwrap(), count(&call["index"]));
    let whole = |entry: Entry| json!({"answer": entry.to_value()});
    Ok(match name {
        "len" => json!({"answer": snapshot.len()}),
        "get" => snapshot.get(index).map_or(json!({"none": true}), whole),
        "range" => {
            let entries = snapshot.range(count(&call["start"]), count(&call["count"]));
            json!({"answer": entries.len()})
        }
        "select" => {
            let times = call["times"].as_u64().unwrap_or(1);
            let fields = call["fields"].as_array().unwrap();
            let fields: Vec<String> = (0..times).flat_map(|_| fields.iter().map(text)).collect();
            let entries = snapshot.select(count(&call["start"]), count(&call["count"]), &fields)?;
            json!({"answer": entries.iter().map(Entry::to_value).collect::<Vec<_>>()})
        }
        _ => {
            let part = match call["part"].as_str().unwrap() {
                "object" => Part::Object,
                _ => Part::FilterResult,
            };
            let pointer = text(&call["pointer"]);
            return snapshot.pointer(index, part, &pointer).map(found);
        }
    })
}

fn on_patches(host: &Host, name: &str, call: &Value) -> Result<(), Refusal> {
    if name == "create" {
        let mode = match call["mode"].as_str().unwrap() {
            "fail-if-exists" => CreateMode::FailIfExists,
            "keep-existing" => CreateMode::KeepExisting,
            _ => CreateMode::ReplaceExisting,
        };
        return host.create(&text(&call["object"]), mode);
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
    let (patch, filter) = (text(&call["patch"]), text(&call["filter"]));
    let patch = match name {
        "delete" => {
            let propagation = match call["propagation"].as_str().unwrap() {
                "foreground" => Propagation::Foreground,
                "background" => Propagation::Background,
                _ => Propagation::Orphan,
            };
            return host.delete(&object, propagation);
        }
        "merge" => Patch::Merge(&patch),
        "json" => Patch::Json(&patch),
        _ => Patch::Jq(&filter),
    };
    host.patch(&object, patch, &options)
}

fn on_metrics(host: &Host, name: &str, call: &Value) -> Result<(), Refusal> {
    let group = maybe(&call["group"]);
    if name == "expire" {
        return host.expire(group.as_deref());
    }
    let value = number(&call["value"]);
    let buckets: Vec<f64> = match call["buckets"].as_array() {
        Some(bounds) => bounds.iter().map(number).collect(),
        None => Vec::new(),
    };
    host.measure(&Measure {
        name: &text(&call["name"]),
        action: match name {
            "add" => Action::Add(value),
            "set" => Action::Set(value),
            _ => Action::Observe(value, &buckets),
        },
        labels: &pairs(&call["labels"]),
        group: group.as_deref(),
    })
}

fn on_cluster(host: &Host, name: &str, call: &Value) -> Result<Value, Refusal> {
    let (api_version, kind) = (text(&call["apiVersion"]), text(&call["kind"]));
    let namespace = maybe(&call["namespace"]);
    if name == "get" {
        let object = ObjectRef {
            api_version: Some(api_version),
            kind,
            namespace,
            name: text(&call["name"]),
        };
        return host.get_object(&object).map(found);
    }
    let page = host.list_objects(&ListCall {
        api_version,
        kind,
        namespace,
        labels: maybe(&call["labelSelector"]),
        fields: maybe(&call["fieldSelector"]),
        limit: call["limit"].as_u64().map(|_| count(&call["limit"])),
        after: maybe(&call["after"]),
    })?;
    let name = |object: &String| {
        let object: Value = serde_json::from_str(object).unwrap();
        object["metadata"]["name"].clone()
    };
    let names: Vec<Value> = page.objects.iter().map(name).collect();
    Ok(json!({"answer": names}))
}

#[test]
fn the_host_of_tests_answers_as_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hosts/cases.json");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in table["cases"].as_array().unwrap() {
        let host = host(&table["world"]);
        for call in case["calls"].as_array().unwrap() {
            let Some(outcome) = play(&host, &table["world"], call) else {
                continue;
            };
            let of = |key: &str| call.get(key) == outcome.get(key);
            if !["refused", "answer", "none"].into_iter().all(of) {
                wrong.push(format!("{}: {call}\n  came to {outcome}", case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
