//! Who owns which field: `metadata.managedFields`, kept on every write, and server-side apply on top of it.
//!
//! The rules are those of Kubernetes' structured-merge-diff, see
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.

mod merge;
mod set;
mod walk;

use serde_json::{Value, json};

use crate::clock;
use crate::error::ApiError;
use crate::kinds::Kind;
use crate::request::Call;
use crate::tree::Tree;
use crate::verbs::prepare;
use set::Set;
use walk::{Comparison, compare, fields_of};

/// Managers of plain updates that are told apart; the oldest beyond that are joined.
const MAX_UPDATERS: usize = 10;

/// Who writes, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Writer {
    manager: String,
    apply: bool,
    api_version: String,
    subresource: String,
}

impl Writer {
    /// Any write but apply.
    pub(crate) fn update(call: &Call) -> Self {
        Self {
            manager: call.manager(),
            apply: false,
            api_version: call.kind.api_version(),
            subresource: call.sub().to_owned(),
        }
    }

    /// Server-side apply.
    pub(crate) fn apply(call: &Call) -> Self {
        Self {
            apply: true,
            ..Self::update(call)
        }
    }

    pub(crate) fn is_apply(&self) -> bool {
        self.apply
    }

    /// A manager of the server's own.
    pub(crate) fn named(manager: &str, kind: &Kind) -> Self {
        Self {
            manager: manager.to_owned(),
            apply: false,
            api_version: kind.api_version(),
            subresource: String::new(),
        }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    writer: Writer,
    time: String,
    fields: Set,
}

fn read(object: &Value) -> Vec<Entry> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = object
        .at("metadata")
        .at("managedFields")
        .as_array()
        .into_iter()
        .flatten();
    entries
        .filter(|entry| entry.at("manager").is_string() && entry.at("fieldsV1").is_object())
        .map(|entry| Entry {
            writer: Writer {
                manager: text(entry.at("manager")),
                apply: entry.at("operation") == "Apply",
                api_version: text(entry.at("apiVersion")),
                subresource: text(entry.at("subresource")),
            },
            time: text(entry.at("time")),
            fields: Set::from_json(entry.at("fieldsV1")),
        })
        .collect()
}

fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|a, b| {
        (!a.writer.apply, &a.time, &a.writer.manager).cmp(&(
            !b.writer.apply,
            &b.time,
            &b.writer.manager,
        ))
    });
    while entries
        .iter()
        .filter(|entry| !entry.writer.apply && entry.writer.subresource.is_empty())
        .count()
        > MAX_UPDATERS
    {
        let mut old = entries
            .iter()
            .position(|entry| !entry.writer.apply && entry.writer.subresource.is_empty())
            .map(|at| entries.remove(at));
        let next = entries
            .iter_mut()
            .find(|entry| !entry.writer.apply && entry.writer.subresource.is_empty());
        if let (Some(old), Some(next)) = (old.take(), next) {
            next.fields = std::mem::take(&mut next.fields).union(&old.fields);
            next.writer.manager = "ancient-changes".to_owned();
        }
    }
    if entries.is_empty() {
        prepare::unset(object, "managedFields");
        return;
    }
    let list: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut json = json!({
                "manager": entry.writer.manager,
                "operation": if entry.writer.apply { "Apply" } else { "Update" },
                "apiVersion": entry.writer.api_version,
                "time": entry.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": entry.fields.to_json(),
            });
            if !entry.writer.subresource.is_empty() {
                json.put("subresource", entry.writer.subresource.clone());
            }
            json
        })
        .collect();
    prepare::set(object, "managedFields", list);
}

/// Fields that nobody owns: the server's, and those that a write of this part cannot change.
fn ignored(kind: &Kind, subresource: &str) -> Set {
    let mut ignored = Set::default();
    let mut add = |path: &[&str]| {
        ignored.insert(
            &path
                .iter()
                .map(|name| format!("f:{name}"))
                .collect::<Vec<_>>(),
        )
    };
    add(&["apiVersion"]);
    add(&["kind"]);
    for name in [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
    ] {
        add(&["metadata", name]);
    }
    if subresource == "status" {
        add(&["spec"]);
    } else if kind.has_status() && !crate::rules::status_is_open(kind) {
        add(&["status"]);
    }
    ignored
}

fn strip(mut comparison: Comparison, ignored: &Set) -> Comparison {
    comparison.added = comparison.added.recursive_difference(ignored);
    comparison.modified = comparison.modified.recursive_difference(ignored);
    comparison.removed = comparison.removed.recursive_difference(ignored);
    comparison
}

/// Notes a write in the managed fields of the new object. An apply has noted itself in [`apply`].
pub(crate) fn track(
    kind: &Kind,
    old: Option<&Value>,
    mut new: Value,
    writer: &Writer,
) -> Result<Value, ApiError> {
    if writer.apply {
        return Ok(new);
    }
    let cleared = new
        .at("metadata")
        .at("managedFields")
        .as_array()
        .is_some_and(|list| {
            list.len() == 1
                && list.iter().all(|entry| {
                    entry.as_object().is_none_or(|entry| {
                        entry.values().all(|value| value.is_null() || value == "")
                    })
                })
        });
    if cleared {
        prepare::unset(&mut new, "managedFields");
        return Ok(new);
    }
    let mut entries = old.map(read).unwrap_or_default();
    let schema = kind.schema.get();
    let comparison = strip(
        compare(schema, old, Some(&new)),
        &ignored(kind, &writer.subresource),
    );
    let changed = comparison.added.clone().union(&comparison.modified);
    for entry in &mut entries {
        if entry.writer != *writer {
            // What another changed is no longer mine, and what is gone is nobody's.
            entry.fields = entry
                .fields
                .difference(&changed)
                .recursive_difference(&comparison.removed);
        }
    }
    let mine = entries.iter().position(|entry| entry.writer == *writer);
    let before = mine
        .and_then(|at| entries.get(at))
        .map(|entry| entry.fields.clone())
        .unwrap_or_default();
    let after = before
        .recursive_difference(&comparison.removed)
        .union(&changed);
    match mine.and_then(|at| entries.get_mut(at)) {
        Some(entry) if entry.fields != after => {
            entry.fields = after;
            entry.time = clock::now();
        }
        Some(_) => {}
        None => entries.push(Entry {
            writer: writer.clone(),
            time: clock::now(),
            fields: after,
        }),
    }
    write(&mut new, entries);
    Ok(new)
}

/// What an apply makes of an object.
pub(crate) fn apply(
    kind: &Kind,
    old: Option<&Value>,
    config: &Value,
    writer: &Writer,
    force: bool,
) -> Result<Value, ApiError> {
    let schema = kind.schema.get();
    let ignored = ignored(kind, &writer.subresource);
    let fields = fields_of(schema, config).recursive_difference(&ignored);
    let Some(old) = old else {
        let mut new = config.clone();
        write(
            &mut new,
            vec![Entry {
                writer: writer.clone(),
                time: clock::now(),
                fields,
            }],
        );
        return Ok(new);
    };
    let mut entries = read(old);
    if entries.is_empty() {
        // An object of which nobody noted who wrote it.
        let first = Writer {
            manager: "before-first-apply".to_owned(),
            apply: false,
            ..writer.clone()
        };
        entries.push(Entry {
            writer: first,
            time: clock::now(),
            fields: fields_of(schema, old).recursive_difference(&ignored),
        });
    }
    let mut merged = merge::merge(schema, Some(old), config, false, true);
    let same = |entry: &Entry| {
        entry.writer.apply
            && entry.writer.manager == writer.manager
            && entry.writer.subresource == writer.subresource
    };
    let last = entries
        .iter()
        .find(|entry| same(entry))
        .map(|entry| entry.fields.clone())
        .unwrap_or_default();
    let others = entries
        .iter()
        .filter(|entry| !same(entry))
        .fold(Set::default(), |all, entry| all.union(&entry.fields));
    let mut dropped = last.paths();
    // Whole items before their fields: what is left of an item could no longer be found by its key.
    dropped.sort_by_key(Vec::len);
    for path in dropped {
        if !fields.touches(&path) && !others.touches(&path) {
            merge::remove(schema, &mut merged, &path);
        }
    }
    let comparison = strip(compare(schema, Some(old), Some(&merged)), &ignored);
    let changed = comparison.modified.clone().union(&comparison.added);
    let mut conflicts = Vec::new();
    for entry in entries.iter().filter(|entry| !same(entry)) {
        for path in entry.fields.intersection(&changed).paths() {
            conflicts.push((describe(entry), set::display(&path)));
        }
    }
    if !conflicts.is_empty() && !force {
        return Err(ApiError::apply_conflict(&conflicts));
    }
    for entry in entries.iter_mut().filter(|entry| !same(entry)) {
        entry.fields = entry
            .fields
            .difference(&changed)
            .recursive_difference(&comparison.removed);
    }
    match entries.iter_mut().find(|entry| same(entry)) {
        Some(entry) => {
            if entry.fields != fields || entry.writer.api_version != writer.api_version {
                entry.time = clock::now();
            }
            entry.fields = fields;
            entry.writer.api_version.clone_from(&writer.api_version);
        }
        None => entries.push(Entry {
            writer: writer.clone(),
            time: clock::now(),
            fields,
        }),
    }
    write(&mut merged, entries);
    Ok(merged)
}

/// The other side of a conflict, as the real server names it.
fn describe(entry: &Entry) -> String {
    let writer = &entry.writer;
    if writer.apply {
        return format!("conflict with {:?}", writer.manager);
    }
    let sub = if writer.subresource.is_empty() {
        String::new()
    } else {
        format!(" with subresource {:?}", writer.subresource)
    };
    format!(
        "conflict with {:?}{sub} using {}",
        writer.manager, writer.api_version
    )
}
