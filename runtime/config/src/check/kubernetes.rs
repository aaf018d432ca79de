//! `kubernetes[]`

use std::sync::Arc;

use crate::config::{Kubernetes, MAIN_QUEUE, NamespaceSelector, WatchEvent};

use super::names::{api_version, name_selector, namespace_name, object_name};
use super::object::{At, Object};
use super::report::Report;
use super::selectors::{field_selector, label_selector};
use super::snapshots::{Bindings, DEFAULT_NAME, Names};

const KEYS: &[&str] = &[
    "name",
    "apiVersion",
    "kind",
    "executeHookOnEvent",
    "watchEvent",
    "executeHookOnSynchronization",
    "waitForSynchronization",
    "keepFullObjectsInMemory",
    "metadataOnly",
    "filter",
    "jqFilter",
    "nameSelector",
    "labelSelector",
    "fieldSelector",
    "namespace",
    "allowFailure",
    "queue",
    "group",
    "includeSnapshotsFrom",
    "resynchronizationPeriod",
];

/// The name of a binding is repeated in each binding that has its snapshot.
const LONGEST_NAME: usize = 253;

const EVENTS: &[(&str, WatchEvent)] = &[
    ("Added", WatchEvent::Added),
    ("Modified", WatchEvent::Modified),
    ("Deleted", WatchEvent::Deleted),
];

pub(super) fn bindings(
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Vec<Arc<Kubernetes>> {
    let mut names = Names::default();
    object.bindings("kubernetes", report, |at, report| {
        let object = Object::read(at, KEYS, report)?;
        let name = object.text("name", report).filter(|name| !name.is_empty());
        if let Some(name) = name
            && name.len() > LONGEST_NAME
            && let Some(at) = object.field("name")
        {
            let message = format!("must have at most {LONGEST_NAME} bytes");
            report.offence(&at, "too-long", message, "");
        }
        names.add(name.unwrap_or(DEFAULT_NAME), &object, report);
        Some(Arc::new(binding(name, &object, bindings, report)))
    })
}

/// Where there is an offence, what is given does not matter.
fn binding(
    name: Option<&str>,
    object: &Object<'_>,
    bindings: &Bindings<'_>,
    report: &mut Report,
) -> Kubernetes {
    let kind = object
        .required("kind", report)
        .and_then(|at| at.name(report))
        .unwrap_or_default();
    let names = object
        .field("nameSelector")
        .and_then(|at| name_selector(at, report, object_name));
    let fields = object
        .field("fieldSelector")
        .and_then(|at| field_selector(at, report));
    let binding = Kubernetes {
        name: name.unwrap_or(DEFAULT_NAME).to_owned(),
        api_version: object
            .field("apiVersion")
            .and_then(|at| api_version(&at, report)),
        kind: kind.to_owned(),
        execute_hook_on_event: events(object, report),
        execute_hook_on_synchronization: object.flag("executeHookOnSynchronization", true, report),
        wait_for_synchronization: wait(object, report),
        keep_full_objects_in_memory: object.flag("keepFullObjectsInMemory", true, report),
        metadata_only: object.flag("metadataOnly", false, report),
        filter: object.flag("filter", false, report),
        jq_filter: object.text_or_none("jqFilter", report),
        name_selector: names,
        label_selector: object
            .field("labelSelector")
            .and_then(|at| label_selector(at, report)),
        field_selector: fields,
        namespace: object
            .field("namespace")
            .map(|at| namespace(at, report))
            .unwrap_or_default(),
        allow_failure: object.flag("allowFailure", false, report),
        queue: object.text_or("queue", MAIN_QUEUE, report),
        group: object.text_or_none("group", report),
        include_snapshots_from: bindings.included(object, report),
    };
    exclusive(&binding, object, report);
    one_filter(&binding, object, report);
    pointless(&binding, object, report);
    binding
}

/// `executeHookOnEvent`, or its old name.
fn events(object: &Object<'_>, report: &mut Report) -> Vec<WatchEvent> {
    let mut read = |at: &At<'_>| {
        let mut events = Vec::new();
        for item in at.items(report).unwrap_or_default() {
            if let Some(event) = item.one_of(EVENTS, report)
                && !events.contains(&event)
            {
                events.push(event);
            }
        }
        events
    };
    let old = object.field("watchEvent");
    let of_old = old.as_ref().map(&mut read);
    let new = object.field("executeHookOnEvent").map(|at| read(&at));
    if let Some(old) = old {
        let message = if new.is_some() {
            "is ignored, because `executeHookOnEvent` is given"
        } else {
            "is the old name of `executeHookOnEvent`"
        };
        report.warning(&old, "old-name", message);
    }
    new.or(of_old).unwrap_or_else(|| WatchEvent::ALL.to_vec())
}

fn wait(object: &Object<'_>, report: &mut Report) -> bool {
    let wait = object.flag("waitForSynchronization", true, report);
    let has_queue = object.field("queue").is_some_and(
        |at| !matches!(&at.node.value, crate::yaml::Value::String(queue) if queue.is_empty()),
    );
    if wait || has_queue {
        return wait;
    }
    if let Some(at) = object.field("waitForSynchronization") {
        let message = "is ignored: `false` has a meaning only for a binding that names a `queue`";
        report.warning(&at, "ignored", message);
    }
    true
}

fn namespace(at: At<'_>, report: &mut Report) -> NamespaceSelector {
    let Some(object) = Object::read(at, &["nameSelector", "labelSelector"], report) else {
        return NamespaceSelector::All;
    };
    if object.keys().is_empty() {
        report.offence(object.at(), "too-few-keys", "must not be empty", {
            "write `nameSelector` or `labelSelector`, or leave `namespace` out for all namespaces"
        });
    }
    let by_name = object.field("nameSelector");
    let names = by_name
        .clone()
        .and_then(|at| name_selector(at, report, namespace_name));
    match object.field("labelSelector") {
        Some(at) => {
            if let Some(by_name) = by_name {
                let message = "is ignored, because `labelSelector` is given";
                report.warning(&by_name, "ignored", message);
            }
            label_selector(at, report).map_or(NamespaceSelector::All, NamespaceSelector::Labels)
        }
        None => names.map_or(NamespaceSelector::All, NamespaceSelector::Names),
    }
}

/// Each name becomes a field selector of its own, so there can be no other on the name.
fn exclusive(binding: &Kubernetes, object: &Object<'_>, report: &mut Report) {
    let Some(fields) = &binding.field_selector else {
        return;
    };
    let on_name = fields
        .match_expressions
        .iter()
        .any(|requirement| requirement.field == "metadata.name");
    if on_name
        && binding.name_selector.is_some()
        && let Some(at) = object.field("fieldSelector")
    {
        let message =
            "fieldSelector 'metadata.name' and nameSelector.matchNames are mutually exclusive";
        report.offence(&at, "exclusive", message, "remove one of them");
    }
}

fn one_filter(binding: &Kubernetes, object: &Object<'_>, report: &mut Report) {
    if binding.filter
        && binding.jq_filter.is_some()
        && let Some(at) = object.field("filter")
    {
        let message = "filter and jqFilter are mutually exclusive";
        report.offence(&at, "exclusive", message, "remove one of them");
    }
}

/// What is allowed and gives nothing.
fn pointless(binding: &Kubernetes, object: &Object<'_>, report: &mut Report) {
    if let Some(at) = object.field("resynchronizationPeriod")
        && at.text(report).is_some()
    {
        report.warning(&at, "ignored", "is ignored, as shell-operator does");
    }
    if !binding.keep_full_objects_in_memory
        && binding.jq_filter.is_none()
        && !binding.filter
        && let Some(at) = object.field("keepFullObjectsInMemory")
    {
        let message = "leaves nothing of the objects: without `jqFilter` each is `{}`";
        report.warning(&at, "nothing-kept", message);
    }
}
