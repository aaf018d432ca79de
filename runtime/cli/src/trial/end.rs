//! When waiting for an operator ends, and what went wrong until then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::anyhow;
use hookbox_operator::event::{OperatorEvent, RunReason, RunResult};

use crate::failure::Failure;
use crate::ui;

/// How waiting for an operator ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// All is done.
    Quiet,
    /// A run failed, and would be repeated again and again; or a binding cannot be enabled.
    Failed,
    /// A hook has no end of running.
    Endless(Endless),
}

/// A hook that has no end of running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endless {
    hook: String,
    /// Why it ran last.
    bindings: Vec<String>,
    runs: u64,
}

impl Endless {
    /// What to tell of it.
    pub(crate) fn failure(&self) -> Failure {
        let bindings = match self.bindings.as_slice() {
            [] => String::new(),
            [only] => format!(", the last time for the binding `{only}`"),
            more => format!(", the last time for the bindings `{}`", more.join("`, `")),
        };
        let runs = ui::count(usize::try_from(self.runs).unwrap_or(usize::MAX), "run");
        Failure::failed(anyhow!(
            "hook `{}` comes to no end: {runs} after the last change{bindings}",
            self.hook
        ))
        .help(
            "it seems to answer its own changes: leave what the hook writes out of the binding, by a jqFilter or by \
             labels; --max-runs N allows more runs",
        )
    }
}

/// Looks at events for a reason to wait no longer.
#[derive(Debug)]
pub(super) struct Ends {
    max_runs: u64,
    /// Runs of each hook since the waiting began.
    runs: HashMap<String, u64>,
    /// Bindings that are not enabled: hook and name.
    unbound: BTreeMap<(String, String), String>,
    problems: BTreeSet<String>,
}

impl Ends {
    pub(super) fn new(max_runs: u64) -> Self {
        Self {
            max_runs,
            runs: HashMap::new(),
            unbound: BTreeMap::new(),
            problems: BTreeSet::new(),
        }
    }

    /// Something changes from now on: runs are counted anew.
    pub(super) fn begin(&mut self) {
        self.runs.clear();
    }

    pub(super) fn problems(&self) -> &BTreeSet<String> {
        &self.problems
    }

    /// How the waiting ended when nothing is left to do.
    pub(super) fn quiet(&self) -> Settled {
        if self.unbound.is_empty() {
            Settled::Quiet
        } else {
            Settled::Failed
        }
    }

    /// The reason that this event is, if it is one.
    pub(super) fn look(&mut self, event: &OperatorEvent) -> Option<Settled> {
        match event {
            OperatorEvent::RunFinished(run) => {
                if matches!(&run.result, RunResult::Failed { allowed: false, .. }) {
                    return Some(Settled::Failed);
                }
                let runs = self.runs.entry(run.hook.clone()).or_default();
                *runs += 1;
                if *runs > self.max_runs {
                    return Some(Settled::Endless(Endless {
                        hook: run.hook.clone(),
                        bindings: bindings(&run.reasons),
                        runs: *runs,
                    }));
                }
            }
            // The others go on without it, so that all that is wrong comes out.
            OperatorEvent::BindingFailed {
                hook,
                binding,
                message,
                ..
            } => {
                let key = (hook.clone(), binding.clone());
                self.unbound.insert(key, message.clone());
                self.problems.insert(format!(
                    "binding {hook}/{binding} cannot be enabled: {message}"
                ));
            }
            OperatorEvent::BindingEnabled { hook, binding, .. } => {
                self.unbound.remove(&(hook.clone(), binding.clone()));
            }
            OperatorEvent::FilterFailed {
                hook,
                binding,
                namespace,
                name,
                message,
            } => {
                let object = ui::place(namespace, name);
                self.problems.insert(format!(
                    "the filter of {hook}/{binding} fails on {object}: {message}"
                ));
            }
            _ => {}
        }
        None
    }
}

/// The bindings that these reasons name, each once.
fn bindings(reasons: &[RunReason]) -> Vec<String> {
    let mut bindings: Vec<String> = Vec::new();
    for reason in reasons {
        if !bindings.contains(&reason.binding) {
            bindings.push(reason.binding.clone());
        }
    }
    bindings
}

#[cfg(test)]
mod tests {
    use hookbox_operator::event::RunFinished;

    use super::*;

    fn run(number: u64, hook: &str, result: RunResult) -> OperatorEvent {
        let reason = RunReason {
            binding: "maps".into(),
            kind: Some("Event".into()),
            watch_event: None,
        };
        OperatorEvent::RunFinished(Box::new(RunFinished {
            run: number,
            hook: hook.into(),
            queue: "main".into(),
            attempt: 1,
            reasons: vec![reason.clone(), reason],
            result,
            values_dropped: false,
            effects: None,
            patches: Vec::new(),
            metrics_dropped: Vec::new(),
            missing_grants: Vec::new(),
            log: Vec::new(),
            usage: Default::default(),
        }))
    }

    #[test]
    fn each_hook_may_run_so_often_after_each_change() {
        let mut ends = Ends::new(2);
        for number in 0..2 {
            assert_eq!(ends.look(&run(number, "a", RunResult::Succeeded)), None);
            assert_eq!(
                ends.look(&run(10 + number, "b", RunResult::Succeeded)),
                None
            );
        }
        ends.begin();
        for number in 2..4 {
            assert_eq!(ends.look(&run(number, "a", RunResult::Succeeded)), None);
        }
        let Some(Settled::Endless(endless)) = ends.look(&run(4, "a", RunResult::Succeeded)) else {
            panic!("it has no end")
        };
        let said = endless.failure().error.unwrap().to_string();
        assert_eq!(
            said,
            "hook `a` comes to no end: 3 runs after the last change, the last time for the binding `maps`"
        );
    }

    #[test]
    fn a_binding_that_comes_later_is_no_failure_any_more() {
        let mut ends = Ends::new(1);
        let (hook, binding) = ("a".to_owned(), "maps".to_owned());
        let failed = OperatorEvent::BindingFailed {
            hook: hook.clone(),
            binding: binding.clone(),
            code: "x".into(),
            message: "no such kind".into(),
        };
        assert_eq!(ends.look(&failed), None);
        assert_eq!(ends.quiet(), Settled::Failed);
        let problems: Vec<_> = ends.problems().iter().map(String::as_str).collect();
        assert_eq!(problems, ["binding a/maps cannot be enabled: no such kind"]);
        let enabled = OperatorEvent::BindingEnabled {
            hook,
            binding,
            objects: 0,
        };
        assert_eq!(ends.look(&enabled), None);
        assert_eq!(ends.quiet(), Settled::Quiet);
    }
}
