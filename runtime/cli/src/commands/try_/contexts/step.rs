//! The steps of a trial: states of a cluster and times of schedules.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use hookbox_operator::watch::States;
use serde_json::Value;

use crate::commands::try_::args;
use crate::failure::{Exit, Failure, Outcome};
use crate::state::Manifest;
use crate::ui::{Tone, Ui};

/// What is written before a crontab.
const SCHEDULE: &str = "schedule:";

/// One step.
#[derive(Debug)]
pub(super) enum Step {
    /// A file that was not read yet.
    State(PathBuf),
    /// The cluster comes to be in this state.
    Change(PathBuf, Vec<Manifest>),
    /// The time of all schedules with this crontab comes.
    Schedule(String),
}

impl Step {
    pub(super) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::State(path) | Self::Change(path, _) => Some(path),
            Self::Schedule(_) => None,
        }
    }

    pub(super) fn manifests(&self) -> &[Manifest] {
        match self {
            Self::Change(_, manifests) => manifests,
            Self::State(_) | Self::Schedule(_) => &[],
        }
    }

    pub(super) fn into_manifests(self) -> Vec<Manifest> {
        match self {
            Self::Change(_, manifests) => manifests,
            Self::State(_) | Self::Schedule(_) => Vec::new(),
        }
    }
}

/// The steps that the command line names. The first is a state.
pub(super) fn steps(args: &args::Contexts) -> Outcome<Vec<Step>> {
    if args.state.to_string_lossy().starts_with(SCHEDULE) && !args.state.exists() {
        return Err(Failure::usage(anyhow!(
            "the first step is a state, not `{}`",
            args.state.display()
        ))
        .help("name the state that the cluster is in at the start; an empty file, or /dev/null, for none"));
    }
    let further = args.steps.iter().map(|step| {
        match step
            .strip_prefix(SCHEDULE)
            .filter(|_| !Path::new(step).exists())
        {
            Some(crontab) => Step::Schedule(crontab.to_owned()),
            None => Step::State(step.into()),
        }
    });
    Ok([Step::State(args.state.clone())]
        .into_iter()
        .chain(further)
        .collect())
}

/// Reads all states. All mistakes in all of them are told.
pub(super) fn read(steps: Vec<Step>, ui: &Ui) -> Outcome<Vec<Step>> {
    let mut refused = None;
    let mut read = Vec::with_capacity(steps.len());
    for step in steps {
        let Step::State(path) = step else {
            read.push(step);
            continue;
        };
        match super::super::state(&path, ui).and_then(|manifests| each_once(manifests, ui)) {
            Ok(manifests) => read.push(Step::Change(path, manifests)),
            Err(failure) if failure.exit == Exit::Failed => {
                if failure.error.is_some() {
                    let _ = ui.fail(&failure);
                }
                refused = Some(Failure::told(Exit::Failed));
            }
            Err(failure) => return Err(failure),
        }
    }
    refused.map_or(Ok(read), Err)
}

/// An object stands only once in a state.
fn each_once(manifests: Vec<Manifest>, ui: &Ui) -> Outcome<Vec<Manifest>> {
    let mut seen: HashMap<[&str; 4], &str> = HashMap::new();
    let mut twice = false;
    for manifest in &manifests {
        if let Some(first) = seen.insert(key(&manifest.object), &manifest.place) {
            twice = true;
            let title = crate::diff::title(&manifest.object);
            let place = &manifest.place;
            ui.status(
                Tone::Bad,
                "Mistake",
                format!("{place}: {title} is there already: {first}"),
            );
        }
    }
    if twice {
        return Err(Failure::told(Exit::Failed));
    }
    Ok(manifests)
}

/// What tells two objects apart: group, kind, namespace, name.
fn key(object: &Value) -> [&str; 4] {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let version = text("/apiVersion").unwrap_or_default();
    let (group, _) = version.split_once('/').unwrap_or_default();
    [
        group,
        text("/kind").unwrap_or_default(),
        text("/metadata/namespace").unwrap_or_default(),
        text("/metadata/name").unwrap_or_default(),
    ]
}

/// One change on the way from one state to another.
#[derive(Debug, PartialEq)]
pub(super) enum Change<'a> {
    /// The object is new, or different.
    Put(&'a Value),
    /// The object is gone.
    Remove(&'a Value),
}

impl Change<'_> {
    /// Makes it, and gives its number.
    pub(super) fn make(&self, states: &States) -> u64 {
        match self {
            Self::Put(object) => states.put(object),
            Self::Remove(object) => states.remove(object),
        }
    }
}

/// The changes from one state to another: what is new or different in the order of the new state, then what is missing in
/// the order of the old one.
pub(super) fn changes<'a>(
    before: &'a [Manifest],
    after: &'a [Manifest],
) -> impl Iterator<Item = Change<'a>> {
    let index = |manifests: &'a [Manifest]| {
        let objects = manifests.iter().map(|m| &m.object);
        objects.map(|o| (key(o), o)).collect::<HashMap<_, _>>()
    };
    let old = index(before);
    let new: HashSet<_> = after.iter().map(|m| key(&m.object)).collect();
    let put = after.iter().filter_map(move |m| {
        let same = old.get(&key(&m.object)) == Some(&&m.object);
        (!same).then_some(Change::Put(&m.object))
    });
    let removed = before.iter().filter_map(move |m| {
        let there = new.contains(&key(&m.object));
        (!there).then_some(Change::Remove(&m.object))
    });
    put.chain(removed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(name: &str, data: u8) -> Manifest {
        Manifest {
            place: name.to_owned(),
            object: json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}),
        }
    }

    #[test]
    fn new_and_different_objects_come_first_and_missing_ones_last() {
        let before = [
            map("z", 1),
            map("same", 1),
            map("gone", 1),
            map("a", 1),
            map("x", 1),
        ];
        let after = [map("new", 1), map("x", 2), map("same", 1), map("a", 2)];
        let names: Vec<String> = changes(&before, &after)
            .map(|change| match change {
                Change::Put(object) => format!("+{}", object["metadata"]["name"].as_str().unwrap()),
                Change::Remove(object) => {
                    format!("-{}", object["metadata"]["name"].as_str().unwrap())
                }
            })
            .collect();
        assert_eq!(names, ["+new", "+x", "+a", "-z", "-gone"]);
    }
}
