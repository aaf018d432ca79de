//! `includeSnapshotsFrom` and `group`: which snapshots belong to a binding.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::HookConfig;
use crate::suggest;
use crate::yaml::{Node, Position, Value};

use super::object::Object;
use super::report::{Report, shown};

pub(super) const DEFAULT_NAME: &str = "kubernetes";

/// The names of the document's `kubernetes` bindings.
pub(super) struct Bindings<'a> {
    names: Vec<&'a str>,
    counts: HashMap<&'a str, usize>,
}

impl<'a> Bindings<'a> {
    pub(super) fn of(root: &'a Node) -> Self {
        let mut names = Vec::new();
        let mut counts = HashMap::new();
        if let Some(Value::Sequence(items)) = root.get("kubernetes").map(|node| &node.value) {
            for item in items {
                let name = match item.get("name").map(|node| &node.value) {
                    Some(Value::String(name)) if !name.is_empty() => name,
                    _ => DEFAULT_NAME,
                };
                let count = counts.entry(name).or_insert(0);
                if *count == 0 {
                    names.push(name);
                }
                *count += 1;
            }
        }
        Self { names, counts }
    }

    /// A binding's own list. Each name must be that of exactly one `kubernetes` binding.
    pub(super) fn included(&self, object: &Object<'_>, report: &mut Report) -> Vec<String> {
        let mut included: Vec<String> = Vec::new();
        let texts = object
            .field("includeSnapshotsFrom")
            .and_then(|at| at.texts(1, report));
        for (at, name) in texts.unwrap_or_default() {
            match self.counts.get(name) {
                Some(1) => push_new(&mut included, name),
                Some(count) => {
                    let message = format!("there are {count} '{}' binding names", shown(name));
                    let help = "give each of these `kubernetes` bindings a name of its own";
                    report.offence(&at, "ambiguous-binding", message, help);
                }
                None => {
                    let message = format!("'{}' binding name not found", shown(name));
                    report.offence(&at, "unknown-binding", message, self.help(name));
                }
            }
        }
        included
    }

    fn help(&self, name: &str) -> String {
        if self.names.is_empty() {
            return "the hook has no `kubernetes` bindings".to_owned();
        }
        match suggest::nearest(name, &self.names) {
            Some(near) => format!("did you mean `{}`?", shown(near)),
            None => {
                let names: Vec<String> = self.names.iter().take(10).map(|n| shown(n)).collect();
                format!("the `kubernetes` bindings are {}", names.join(", "))
            }
        }
    }
}

/// Names that several `kubernetes` bindings have: a warning for each but the first.
#[derive(Default)]
pub(super) struct Names<'a> {
    seen: HashMap<&'a str, Position>,
}

impl<'a> Names<'a> {
    pub(super) fn add(&mut self, name: &'a str, object: &Object<'_>, report: &mut Report) {
        let at = object.field("name").unwrap_or_else(|| object.at().clone());
        match self.seen.get(name) {
            None => {
                self.seen.insert(name, at.position);
            }
            Some(first) => {
                let message = format!(
                    "the name `{}` is that of another `kubernetes` binding too, at {first}: snapshots of that name are those of the first",
                    shown(name)
                );
                report.warning(&at, "duplicate-name", message);
            }
        }
    }
}

fn push_new(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

/// Add to each binding of a group the snapshots of all the group's `kubernetes` bindings, behind its own.
pub(super) fn complete(config: &mut HookConfig) {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for binding in &config.kubernetes {
        if let Some(group) = &binding.group {
            push_new(groups.entry(group.clone()).or_default(), &binding.name);
        }
    }
    let complete = |group: &Option<String>, included: &mut Vec<String>| {
        let names = group.as_ref().and_then(|group| groups.get(group));
        for name in names.into_iter().flatten() {
            push_new(included, name);
        }
    };
    for binding in &mut config.schedule {
        complete(&binding.group, &mut binding.include_snapshots_from);
    }
    for binding in &mut config.kubernetes {
        let binding = Arc::make_mut(binding);
        complete(&binding.group, &mut binding.include_snapshots_from);
    }
    for binding in &mut config.kubernetes_validating {
        complete(&binding.group, &mut binding.include_snapshots_from);
    }
    for binding in &mut config.kubernetes_mutating {
        complete(&binding.group, &mut binding.include_snapshots_from);
    }
    for binding in &mut config.kubernetes_custom_resource_conversion {
        complete(&binding.group, &mut binding.include_snapshots_from);
    }
}
