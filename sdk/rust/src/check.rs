//! What the macros check across items, when the hook is compiled: a struct's bindings and a function's attribute are
//! expanded apart and meet only here.

use crate::hook::Parts;
use crate::snapshots::Binding;

/// Whether two texts are equal.
#[must_use]
pub const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    true
}

const fn contains(mut names: &[&str], name: &str) -> bool {
    while let [first, rest @ ..] = names {
        if same(first, name) {
            return true;
        }
        names = rest;
    }
    false
}

/// Whether there is a binding of this name.
#[must_use]
pub const fn has_binding(mut bindings: &[Binding], name: &str) -> bool {
    while let [first, rest @ ..] = bindings {
        if same(first.name, name) {
            return true;
        }
        bindings = rest;
    }
    false
}

/// Whether all bindings are optional.
#[must_use]
pub const fn all_optional(mut bindings: &[Binding]) -> bool {
    while let [first, rest @ ..] = bindings {
        if !first.optional {
            return false;
        }
        bindings = rest;
    }
    true
}

/// Whether a run that includes `names`, and the snapshots of the group, has all that are not optional.
#[must_use]
pub const fn covers(mut bindings: &[Binding], names: &[&str], group: Option<&str>) -> bool {
    while let [first, rest @ ..] = bindings {
        let in_group = match (first.group, group) {
            (Some(its), Some(group)) => same(its, group),
            _ => false,
        };
        if !first.optional && !in_group && !contains(names, first.name) {
            return false;
        }
        bindings = rest;
    }
    true
}

/// Whether the hook has a reason to run.
#[must_use]
pub const fn has_reason(parts: &Parts, bindings: &[Binding]) -> bool {
    parts.on_startup.is_some()
        || parts.asked.is_some()
        || !parts.schedules.is_empty()
        || any_runs(bindings)
}

const fn any_runs(mut bindings: &[Binding]) -> bool {
    while let [first, rest @ ..] = bindings {
        if first.runs {
            return true;
        }
        bindings = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const PODS: Binding = Binding {
        name: "pods",
        filtered: false,
        runs: true,
        group: Some("g"),
        optional: false,
        includes: &[],
    };
    const NODES: Binding = Binding {
        name: "nodes",
        filtered: false,
        runs: false,
        group: None,
        optional: true,
        includes: &[],
    };

    #[test]
    fn bindings_are_found_by_their_whole_name() {
        assert!(has_binding(&[PODS, NODES], "nodes"));
        assert!(!has_binding(&[PODS, NODES], "node"));
        assert!(!same("a", "b"));
        assert!(same("", ""));
    }

    #[test]
    fn a_hook_that_only_looks_has_no_reason_to_run() {
        let mut parts = Parts {
            settings: None,
            capabilities: None,
            on_startup: None,
            schedules: &[],
            asked: None,
        };
        assert!(has_reason(&parts, &[NODES, PODS]));
        assert!(!has_reason(&parts, &[NODES]));
        parts.on_startup = Some(1);
        assert!(has_reason(&parts, &[NODES]));
    }

    #[test]
    fn a_run_covers_what_is_required_by_names_or_by_group() {
        assert!(covers(&[PODS, NODES], &["pods"], None));
        assert!(covers(&[PODS, NODES], &[], Some("g")));
        assert!(!covers(&[PODS, NODES], &["nodes"], Some("h")));
        assert!(!all_optional(&[PODS, NODES]));
        assert!(all_optional(&[NODES]));
    }
}
