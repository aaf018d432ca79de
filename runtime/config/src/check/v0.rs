//! The rules of a document of the format `v0`, which is what a document without `configVersion` is.
//!
//! shell-operator checks only the topmost keys of such a document: below them it ignores keys that it does not know,
//! takes `null` for nothing, and numbers and booleans for text. So here, with a warning for each such key.

use std::sync::Arc;

use crate::config::{
    ConfigVersion, HookConfig, Kubernetes, MAIN_QUEUE, NamespaceSelector, Schedule, WatchEvent,
};

use crate::yaml::{Entry, Node, Value};

use super::names::{namespace_names, object_name};
use super::object::{At, Object};
use super::report::{Report, Severity, found, shown};
use super::schedule::crontab;
use super::selectors::label_selector;

pub(super) const KEYS: &[&str] = &[
    "configVersion",
    "onStartup",
    "schedule",
    "onKubernetesEvent",
];

const EVENTS: &[(&str, WatchEvent)] = &[
    ("add", WatchEvent::Added),
    ("update", WatchEvent::Modified),
    ("delete", WatchEvent::Deleted),
];

/// The keys whose values are no texts.
const FLAGS: &[&str] = &["allowFailure", "disableDebug", "any"];

/// The same document with numbers and booleans as text wherever text is expected: Go's decoder makes that of them.
pub(super) fn with_texts(node: &Node) -> Node {
    let value = match &node.value {
        Value::Mapping(entries) => Value::Mapping(
            entries
                .iter()
                .map(|entry| Entry {
                    value: match &entry.value.value {
                        Value::Bool(_) if FLAGS.contains(&entry.key.as_str()) => {
                            entry.value.clone()
                        }
                        Value::Number(_) if entry.key == "onStartup" => entry.value.clone(),
                        _ => with_texts(&entry.value),
                    },
                    ..entry.clone()
                })
                .collect(),
        ),
        Value::Sequence(items) => Value::Sequence(items.iter().map(with_texts).collect()),
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(value) => Value::String(value.to_string()),
        other => other.clone(),
    };
    Node { value, at: node.at }
}

/// None only together with an offence.
pub(super) fn document(at: At<'_>, report: &mut Report) -> Option<HookConfig> {
    let object = Object::read(at, KEYS, report)?;
    report.lenient = true;
    Some(HookConfig {
        version: ConfigVersion::V0,
        on_startup: object.integer("onStartup", report),
        schedule: object.some_bindings("schedule", 0, report, schedule),
        kubernetes: object.some_bindings("onKubernetesEvent", 0, report, kubernetes),
        ..HookConfig::default()
    })
}

fn schedule(at: At<'_>, report: &mut Report) -> Option<Schedule> {
    let object = Object::read(at, &["name", "crontab", "allowFailure"], report)?;
    let crontab = object
        .required("crontab", report)
        .and_then(|at| crontab(&at, report));
    let name = object.text_or("name", "schedule", report);
    let allow_failure = object.flag("allowFailure", false, report);
    Some(Schedule {
        name,
        crontab: crontab?,
        allow_failure,
        queue: MAIN_QUEUE.to_owned(),
        group: None,
        include_snapshots_from: Vec::new(),
    })
}

/// Where there is an offence, what is given does not matter.
fn kubernetes(at: At<'_>, report: &mut Report) -> Option<Arc<Kubernetes>> {
    let known = [
        "name",
        "kind",
        "event",
        "selector",
        "objectName",
        "namespaceSelector",
        "jqFilter",
        "allowFailure",
        "disableDebug",
    ];
    let object = Object::read(at, &known, report)?;
    let kind = object
        .required("kind", report)
        .and_then(|at| at.name(report))
        .unwrap_or_default();
    let selector = object
        .field("selector")
        .and_then(|at| label_selector(at, report))
        .filter(|selector| !selector.is_empty());
    Some(Arc::new(Kubernetes {
        name: object.text_or("name", "onKubernetesEvent", report),
        api_version: None,
        kind: kind.to_owned(),
        execute_hook_on_event: events(&object, report),
        execute_hook_on_synchronization: false,
        wait_for_synchronization: true,
        // Contexts show no more of an object than what it is called.
        keep_full_objects_in_memory: false,
        metadata_only: false,
        filter: false,
        jq_filter: object.text_or_none("jqFilter", report),
        name_selector: name(&object, report),
        label_selector: selector,
        field_selector: None,
        namespace: object
            .field("namespaceSelector")
            .map(|at| namespace(at, report))
            .unwrap_or_default(),
        allow_failure: object.flag("allowFailure", false, report),
        queue: MAIN_QUEUE.to_owned(),
        group: None,
        include_snapshots_from: Vec::new(),
    }))
}

/// All events by default, as documented; the code of shell-operator's last versions takes none then.
fn events(object: &Object<'_>, report: &mut Report) -> Vec<WatchEvent> {
    let Some(at) = object.field("event") else {
        return WatchEvent::ALL.to_vec();
    };
    let mut events = Vec::new();
    let items = at.items(report);
    if items.as_ref().is_some_and(Vec::is_empty) {
        report.warning(&at, "never-runs", "names no event: nothing runs the hook");
    }
    for item in items.unwrap_or_default() {
        if let Some(event) = item.one_of(EVENTS, report)
            && !events.contains(&event)
        {
            events.push(event);
        }
    }
    events
}

fn name(object: &Object<'_>, report: &mut Report) -> Option<Vec<String>> {
    let at = object.field("objectName")?;
    let name = at.text(report).filter(|name| !name.is_empty())?;
    if let Some(reason) = object_name(name) {
        let message = format!("`{}` is no such name: {reason}", shown(name));
        report.offence(&at, "invalid-name", message, "");
    }
    Some(vec![name.to_owned()])
}

fn namespace(at: At<'_>, report: &mut Report) -> NamespaceSelector {
    let Some(object) = Object::read(at, &["matchNames", "any"], report) else {
        return NamespaceSelector::All;
    };
    let list = object.field("matchNames");
    let names = list.as_ref().map(|at| namespace_names(at, report));
    if object.flag("any", false, report) {
        if let (Some(at), Some(false)) = (list, names.as_ref().map(Vec::is_empty)) {
            report.warning(&at, "ignored", "is ignored, because `any` is true");
        }
        return NamespaceSelector::All;
    }
    match names {
        Some(names) if !names.is_empty() => NamespaceSelector::Names(names),
        _ => {
            report.warning(object.at(), "selects-all", "names none, which selects all");
            NamespaceSelector::All
        }
    }
}

/// A key that a lenient document may have, and that nothing comes of.
pub(super) fn ignored(at: &At<'_>, help: String, report: &mut Report) {
    let message = "is not a known key of the format v0, and ignored";
    report.add(Severity::Warning, found(at, "unknown-key", message, help));
}
