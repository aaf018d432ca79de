//! The hooks: those that are there, and those that were left out.

use hookbox_config::suggest;

use super::Live;
use super::runs::Outcome;
use super::view::{HookView, SnapshotView};
use crate::api;
use crate::engine::Engine;
use crate::load::{self, Hook, LoadProblem};
use crate::monitor::{MonitorId, Phase};
use crate::queue::{HookIndex, Status};

/// Names that are told when none of them is near.
const NAMED: usize = 10;

/// A hook, or a source of hooks, that was left out.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) source: String,
    hook: Option<String>,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn of(problem: &LoadProblem) -> Self {
        let hook = match problem {
            LoadProblem::Config { hook, .. } | LoadProblem::Duplicate { hook, .. } => {
                Some(hook.clone())
            }
            _ => None,
        };
        Self {
            source: problem.source_name().to_owned(),
            hook,
            message: api::chain(problem),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.hook.as_deref() == Some(name) || self.source == name
    }
}

/// Where an engine has the hook of this name.
pub(super) fn position(engine: &Engine, name: &str) -> Option<HookIndex> {
    engine.hooks.iter().position(|hook| *hook.name == *name)
}

impl Live {
    /// What was left out under this name.
    pub(super) fn refused(&self, name: &str) -> Option<&Refused> {
        self.common.refused.iter().find(|refused| refused.is(name))
    }

    /// What to say of a name that nothing has.
    pub(super) fn unknown(&self, name: &str) -> String {
        let refused = self.common.refused.iter().filter_map(|r| r.hook.clone());
        let known: Vec<String> = self.names().into_iter().chain(refused).collect();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        let part = |known: &&&str| !name.is_empty() && known.contains(name);
        let near = suggest::nearest(name, &names).or_else(|| names.iter().find(part).copied());
        match near {
            Some(near) => format!("there is no hook `{name}`; did you mean `{near}`?"),
            None => {
                let more = if names.len() > NAMED {
                    " and others"
                } else {
                    ""
                };
                let some: Vec<&str> = names.into_iter().take(NAMED).collect();
                format!(
                    "there is no hook `{name}`; there are: {}{more}",
                    some.join(", ")
                )
            }
        }
    }

    /// Names of all hooks of all engines.
    pub(super) fn names(&self) -> Vec<String> {
        let engines = self.all();
        let hooks = engines.iter().flat_map(|live| &live.engine.hooks);
        hooks.map(|hook| hook.name.to_string()).collect()
    }

    /// All hooks of this engine, in their order.
    pub(super) fn hooks(&self) -> Vec<HookView> {
        let mut busy = vec![None; self.engine.hooks.len()];
        for queue in self.engine.queues.values() {
            let state = queue.state();
            for (i, task) in state.tasks().enumerate() {
                let word = match queue.status() {
                    _ if i > 0 => "waiting",
                    Status::Running { .. } => "running",
                    Status::Sleeping { .. } => "failing",
                    _ => "waiting",
                };
                // The first one in any queue says most.
                if let Some(slot) = busy.get_mut(task.hook)
                    && (slot.is_none() || *slot == Some("waiting"))
                {
                    *slot = Some(word);
                }
            }
        }
        let hooks = self.engine.hooks.iter().enumerate().zip(busy);
        hooks
            .map(|((index, hook), busy)| self.hook(index, hook, busy))
            .collect()
    }

    fn hook(&self, index: HookIndex, hook: &Hook, busy: Option<&'static str>) -> HookView {
        let mut snapshots = Vec::new();
        let mut enabled = true;
        for (binding, config) in hook.config.kubernetes.iter().enumerate() {
            let id = MonitorId {
                hook: index,
                binding,
            };
            match self.engine.monitor(id) {
                Some(monitor) => {
                    let (objects, bytes) = monitor.held();
                    snapshots.push(SnapshotView {
                        binding: config.name.clone(),
                        objects,
                        bytes,
                    });
                    enabled &= monitor.phase() == Phase::Enabled;
                }
                None => enabled = false,
            }
        }
        let (runs, failures, last_run) = match self.recent.hook(&hook.name) {
            Some(recent) => (
                recent.runs,
                recent.failures,
                recent.last_run.as_deref().cloned(),
            ),
            None => (0, 0, None),
        };
        let failed = last_run
            .as_ref()
            .is_some_and(|last| last.outcome == Outcome::Failed);
        let state = match busy {
            Some(word) => word,
            None if !enabled => "not enabled",
            None if failed => "failed",
            None => "ready",
        };
        HookView {
            name: hook.name.to_string(),
            source: hook.source.clone(),
            program: program(hook).to_owned(),
            bindings: bindings(hook),
            objects: snapshots.iter().map(|s| s.objects).sum(),
            bytes: snapshots.iter().map(|s| s.bytes).sum(),
            snapshots,
            runs,
            failures,
            last_run,
            not_granted: not_granted(hook),
            state: state.to_owned(),
        }
    }
}

/// What a hook wants by its configuration and does not have.
pub(super) fn not_granted(hook: &Hook) -> Vec<String> {
    let missing = load::missing(&hook.config, hook.grants.capabilities());
    missing.iter().map(ToString::to_string).collect()
}

/// What kind of program runs.
fn program(hook: &Hook) -> &'static str {
    match hook.program.component() {
        Some(_) => "component",
        None => "native",
    }
}

/// Kind and name of all bindings.
fn bindings(hook: &Hook) -> Vec<String> {
    let config = &hook.config;
    let named = |kind: &str, name: &str| format!("{kind}/{name}");
    let startup = config.on_startup.iter().map(|_| "onStartup".to_owned());
    let schedules = config.schedule.iter().map(|b| named("schedule", &b.name));
    let kubernetes = config
        .kubernetes
        .iter()
        .map(|b| named("kubernetes", &b.name));
    let validating = config
        .kubernetes_validating
        .iter()
        .map(|b| named("kubernetesValidating", &b.name));
    let mutating = config
        .kubernetes_mutating
        .iter()
        .map(|b| named("kubernetesMutating", &b.name));
    let conversion = config
        .kubernetes_custom_resource_conversion
        .iter()
        .map(|b| named("kubernetesCustomResourceConversion", &b.name));
    startup
        .chain(schedules)
        .chain(kubernetes)
        .chain(validating)
        .chain(mutating)
        .chain(conversion)
        .collect()
}
