//! What came out of a case, in the form of `expected.yaml`.

use std::collections::BTreeMap;

use hookbox_operator::event::{PatchResult, RunFinished, RunResult};
use hookbox_sandbox::Effects;
use serde::Serialize;
use serde_json::Value;

use super::case::{Change, Trigger};
use super::stable;
use crate::diff;
use crate::review::Answered;
use crate::trial::Settled;

/// The keys of `expected.yaml`.
pub(super) const KEYS: [&str; 6] = ["result", "answer", "refused", "problems", "runs", "cluster"];

/// What came out of a case.
#[derive(Debug, Serialize)]
pub(super) struct CaseOutcome {
    /// `ok`, or `failed`: a run failed and the case ended there, or a binding cannot be enabled.
    result: &'static str,
    /// What the hook answered that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answered>,
    /// Events of the case that webhooks refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    /// What went wrong outside runs, sorted: bindings that cannot be enabled, filters that fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
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

/// What came of a case beside its runs.
pub(super) struct Beside {
    pub(super) answer: Option<Answered>,
    /// Numbers of events that webhooks refused, and why.
    pub(super) refused: Vec<(usize, String)>,
    pub(super) problems: Vec<String>,
}

impl CaseOutcome {
    pub(super) fn new(
        settled: &Settled,
        beside: Beside,
        runs: &[RunFinished],
        before: &[Value],
        after: &[Value],
        trigger: &Trigger,
    ) -> Self {
        let applied: Vec<&Change> = match trigger {
            Trigger::Events(list) => {
                let refused = |index| beside.refused.iter().any(|(at, _)| *at == index);
                let list = list.iter().enumerate();
                list.filter(|(index, _)| !refused(*index))
                    .map(|(_, change)| change)
                    .collect()
            }
            _ => Vec::new(),
        };
        Self {
            result: if *settled == Settled::Quiet {
                "ok"
            } else {
                "failed"
            },
            answer: beside.answer,
            refused: beside
                .refused
                .iter()
                .map(|(index, why)| format!("event {}: {why}", index + 1))
                .collect(),
            problems: beside.problems,
            runs: counted(runs, trigger).into_iter().map(run).collect(),
            cluster: changes(before, after, &applied, &first_seen(runs)),
        }
    }

    /// What went wrong outside runs.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// The runs of an outcome. Objects are converted whenever somebody reads them, which is nobody's doing in particular: such
/// runs count only when they fail, or the case asks for one. Hooks that validate the same are asked at the same time: they
/// go by their names.
fn counted<'r>(runs: &'r [RunFinished], trigger: &Trigger) -> Vec<&'r RunFinished> {
    let is = |run: &RunFinished, kind: &str| {
        let mut reasons = run.reasons.iter();
        reasons.any(|reason| reason.kind.as_deref() == Some(kind))
    };
    let asked = matches!(trigger, Trigger::Review(_));
    let mut counted: Vec<&RunFinished> = runs
        .iter()
        .filter(|run| {
            let failed = matches!(run.result, RunResult::Failed { .. });
            asked || failed || !is(run, "Conversion")
        })
        .collect();
    let together = |a: &&RunFinished, b: &&RunFinished| is(a, "Validating") && is(b, "Validating");
    for group in counted.chunk_by_mut(together) {
        group.sort_by(|a, b| a.hook.cmp(&b.hook));
    }
    counted
}

fn run(run: &RunFinished) -> RunOutcome {
    RunOutcome {
        hook: run.hook.clone(),
        bindings: run.reasons.iter().map(|r| r.binding.clone()).collect(),
        error: match &run.result {
            RunResult::Failed { code, message, .. } => Some(stable::error(code, message)),
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
fn changes(
    before: &[Value],
    after: &[Value],
    applied: &[&Change],
    seen: &BTreeMap<String, Value>,
) -> Changes {
    let index = |objects: &[Value]| {
        objects
            .iter()
            .map(|o| (key(o), diff::repeatable(o)))
            .collect::<BTreeMap<_, _>>()
    };
    let (mut old, new) = (index(before), index(after));
    let mut removed_by_case = Vec::new();
    for change in applied {
        match change {
            Change::Apply(object) => {
                let key = key(object);
                // The hooks' work on the case's own objects still shows: what they found is what was applied.
                let found = seen.get(&key).or_else(|| new.get(&key)).cloned();
                let _ = old.insert(key, found.unwrap_or_else(|| diff::repeatable(object)));
            }
            Change::Delete(object) => removed_by_case.push(diff::display(object)),
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
    // Generated names have put them into any order.
    changes
        .added
        .sort_by_cached_key(|o| (key(o), o.to_string()));
    changes.removed = old
        .iter()
        .filter(|(key, _)| !new.contains_key(*key))
        .map(|(_, object)| diff::title(object))
        .filter(|t| !removed_by_case.contains(t))
        .collect();
    changes
}

/// The objects that the runs patched, as each was before the first patch.
fn first_seen(runs: &[RunFinished]) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    for patch in runs.iter().flat_map(|run| &run.patches) {
        if let PatchResult::Applied(applied) = patch
            && let Some(before) = &applied.before
        {
            seen.entry(key(before))
                .or_insert_with(|| diff::repeatable(before));
        }
    }
    seen
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
        let changes = changes(&before, &after, &[], &BTreeMap::new());
        assert_eq!(changes.added.len(), 1);
        assert_eq!(changes.changed.len(), 1);
        assert_eq!(changes.removed, ["ConfigMap default/gone"]);
    }

    #[test]
    fn what_the_case_itself_applies_is_no_change() {
        let applied = config_map("new", "1");
        let change = Change::Apply(applied.clone());
        let nothing = BTreeMap::new();
        assert!(changes(&[], std::slice::from_ref(&applied), &[&change], &nothing).is_empty());
        // A hook has patched it since.
        let seen = BTreeMap::from([(key(&applied), diff::repeatable(&applied))]);
        let changed = changes(&[], &[config_map("new", "2")], &[&change], &seen);
        assert_eq!(changed.changed.len(), 1);
        assert!(changed.added.is_empty() && changed.removed.is_empty());
    }
}
