//! Between the version of a request and the version in which objects are kept.
//!
//! Custom resources are converted by changing their apiVersion and pruning (strategy `None`); the two groups of events
//! name the same fields differently.

use std::sync::Arc;

use serde_json::Value;

use crate::kinds::{Kind, Kinds};
use crate::schema;
use crate::tree::Tree;

/// Names of a field in `v1` and in `events.k8s.io/v1`.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn is_new_event(kind: &Kind) -> bool {
    kind.is("events.k8s.io", "events")
}

/// The kind in whose version objects of `kind` are kept.
pub(crate) fn storage_kind<'a>(kinds: &'a Kinds, kind: &Kind) -> Option<&'a Arc<Kind>> {
    if is_new_event(kind) {
        return kinds.resource("", "v1", "events");
    }
    let custom = kind.custom.as_ref()?;
    kinds.resource(&kind.group, &custom.storage_version, &kind.plural)
}

fn rename(value: &mut Value, back: bool) {
    let Some(map) = value.as_object_mut() else {
        return;
    };
    for (old, new) in EVENT_FIELDS {
        let (from, to) = if back { (new, old) } else { (old, new) };
        if let Some(field) = map.remove(*from) {
            map.insert((*to).to_owned(), field);
        }
    }
}

/// Brings a kept object into the version of `kind`.
pub(crate) fn to_version(kind: &Kind, value: &mut Value) {
    if is_new_event(kind) {
        rename(value, false);
    } else if kind.is("", "events") && value.at("apiVersion") == "events.k8s.io/v1" {
        rename(value, true);
    }
    set_api_version(value, kind.api_version());
    if kind.custom.is_some() {
        let schema = kind.schema.get();
        // Pruning reports nothing here: what is dropped belongs to the other version.
        let _ = schema::decode(schema, value, false);
        schema::apply_defaults(schema, value);
    }
}

/// Brings an object of a request into the version in which it is kept.
pub(crate) fn to_storage(kind: &Kind, value: &mut Value) {
    if is_new_event(kind) {
        rename(value, true);
        set_api_version(value, "v1".to_owned());
    } else if let Some(custom) = &kind.custom {
        set_api_version(value, format!("{}/{}", kind.group, custom.storage_version));
    }
}

fn set_api_version(value: &mut Value, api_version: String) {
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".to_owned(), Value::String(api_version));
    }
}
