//! What came out of a case, in the form of `expected.yaml`.

use std::collections::BTreeMap;

use hookbox_operator::event::{PatchResult, RunResult};
use hookbox_sandbox::Effects;
use serde::Serialize;
use serde_json::Value;

use super::case::{Change, Trigger};
use crate::diff;
use crate::trial::{Finished, Settled};

/// What came out of a case.
#[derive(Debug, Serialize)]
pub(super) struct CaseOutcome {
    /// `ok`, or `failed`: a run failed and the case ended there.
    result: &'static str,
    /// The runs, in the order in which they ended.
    runs: Vec<RunOutcome>,
    /// What is different in the cluster.
    #[serde(skip_serializing_if = "Changes::is_empty")]
    cluster: Changes,
}

#[derive(Debug, Serialize)]
struct RunOutcome {
    hook: String,
    bindings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

/// Objects that the runs added, changed and removed.
#[derive(Debug, Default, Serialize)]
struct Changes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    added: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl CaseOutcome {
    pub(super) fn new(
        settled: Settled,
        runs: &[Finished],
        before: &[Value],
        after: &[Value],
        trigger: &Trigger,
    ) -> Self {
        Self {
            result: if settled == Settled::Quiet {
                "ok"
            } else {
                "failed"
            },
            runs: runs.iter().map(run).collect(),
            cluster: changes(before, after, trigger),
        }
    }
}

fn run(finished: &Finished) -> RunOutcome {
    let run = &finished.run;
    RunOutcome {
        hook: run.hook.clone(),
        bindings: finished.reasons.iter().map(|r| r.binding.clone()).collect(),
        error: match &run.result {
            RunResult::Failed { message, .. } => Some(message.clone()),
            RunResult::Succeeded => None,
        },
        effects: run.effects.as_deref().cloned(),
        refused: run
            .patches
            .iter()
            .filter_map(|patch| match patch {
                PatchResult::Failed { error, .. } => Some(error.clone()),
                PatchResult::Applied(_) => None,
            })
            .collect(),
    }
}

/// What tells two objects apart.
fn key(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!(
        "{} {} {}/{}",
        text("/apiVersion"),
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name")
    )
}

/// What is different between two states, but for what the case itself did.
fn changes(before: &[Value], after: &[Value], trigger: &Trigger) -> Changes {
    let index = |objects: &[Value]| {
        objects
            .iter()
            .map(|o| (key(o), diff::stable(o)))
            .collect::<BTreeMap<_, _>>()
    };
    let (mut old, new) = (index(before), index(after));
    let mut removed_by_case = Vec::new();
    if let Trigger::Events(list) = trigger {
        for change in list {
            match change {
                Change::Apply(object) => {
                    let key = key(object);
                    // The hooks' work on the case's own objects still shows, as a change of what was applied.
                    let applied = new.get(&key).filter(|o| contains(o, object)).cloned();
                    let _ = old.insert(key, applied.unwrap_or_else(|| diff::stable(object)));
                }
                Change::Delete(object) => removed_by_case.push(diff::display(object)),
            }
        }
    }
    let mut changes = Changes::default();
    for (key, object) in &new {
        match old.get(key) {
            None => changes.added.push(object.clone()),
            Some(was) if was != object => changes.changed.push(object.clone()),
            Some(_) => {}
        }
    }
    changes.removed = old
        .iter()
        .filter(|(key, _)| !new.contains_key(*key))
        .map(|(_, object)| diff::title(object))
        .filter(|t| !removed_by_case.contains(t))
        .collect();
    changes
}

/// Whether `object` is as `manifest` says, whatever the API server added.
fn contains(object: &Value, manifest: &Value) -> bool {
    match (object, manifest) {
        (Value::Object(object), Value::Object(manifest)) => manifest
            .iter()
            .all(|(k, v)| object.get(k).is_some_and(|o| contains(o, v))),
        (Value::Array(object), Value::Array(manifest)) => {
            object.len() == manifest.len()
                && object.iter().zip(manifest).all(|(o, m)| contains(o, m))
        }
        (object, manifest) => object == manifest,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_map(name: &str, data: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default", "uid": data}, "data": {"k": data}})
    }

    #[test]
    fn changes_are_told_apart() {
        let before = [
            config_map("same", "1"),
            config_map("changed", "1"),
            config_map("gone", "1"),
        ];
        let after = [
            config_map("same", "1"),
            config_map("changed", "2"),
            config_map("new", "1"),
        ];
        let changes = changes(&before, &after, &Trigger::Synchronization);
        assert_eq!(changes.added.len(), 1);
        assert_eq!(changes.changed.len(), 1);
        assert_eq!(changes.removed, ["ConfigMap default/gone"]);
    }

    #[test]
    fn what_the_case_itself_applies_is_no_change() {
        let applied = config_map("new", "1");
        let trigger = Trigger::Events(vec![Change::Apply(applied.clone())]);
        assert!(changes(&[], &[applied], &trigger).is_empty());
    }
}
