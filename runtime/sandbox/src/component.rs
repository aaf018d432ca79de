//! A loaded component.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::component::InstancePre;

use crate::ask::{Answer, Ask, Export};
use crate::bindings::{HookIndices, admission, conversion, filters};
use crate::execute::{self, Call, Outcome};
use crate::load::Digest;
use crate::load::world::World;
use crate::sandbox::{Shared, Slot};
use crate::state::State;
use crate::turns::Lane;
use crate::validate::{hook_name, quote};
use crate::{Budget, HookDefinition, HookError, Run, RunError, RunInput, Warm};

/// Most hooks of a component, and longest configuration of one, in bytes.
const HOOKS: usize = 1000;
const CONFIG: usize = 1 << 20;

/// Where a loaded component came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadSource {
    /// It was compiled.
    Compiled,
    /// It was found compiled on disk.
    Cache,
    /// It was loaded already.
    Loaded,
}

/// How a load went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// Where the component came from.
    pub source: LoadSource,
    /// How long checking and compiling, or reading, took.
    pub time: Duration,
    /// What went wrong beside it: mostly a cache that cannot be used.
    pub warnings: Vec<String>,
}

/// A component, ready to run. Cheap to clone; clones are the same component. Holds no instance while nothing runs.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
    report: Arc<LoadReport>,
    lane: Lane,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) exports: Exports,
    digest: String,
    size: u64,
    world: World,
    /// Names of its hooks, once it has described them.
    names: OnceLock<Vec<String>>,
    /// Keeps the place by which the next load of the same bytes finds this component.
    _slot: Arc<Slot>,
}

/// Where to find the contract's functions in an instance.
pub(crate) struct Exports {
    pub(crate) pre: InstancePre<State>,
    pub(crate) hooks: HookIndices,
    pub(crate) admission: Option<admission::AdmissionIndices>,
    pub(crate) conversion: Option<conversion::ConversionIndices>,
    pub(crate) filters: Option<filters::FiltersIndices>,
}

impl Exports {
    /// Finds them; what a component exports must be as the contract has it, also where it need not export it.
    pub(crate) fn find(pre: InstancePre<State>, world: &World) -> wasmtime::Result<Self> {
        let has = |export| world.exports_of(export);
        Ok(Self {
            hooks: HookIndices::new(&pre)?,
            admission: has(Export::Admission)
                .then(|| admission::AdmissionIndices::new(&pre))
                .transpose()?,
            conversion: has(Export::Conversion)
                .then(|| conversion::ConversionIndices::new(&pre))
                .transpose()?,
            filters: has(Export::Filters)
                .then(|| filters::FiltersIndices::new(&pre))
                .transpose()?,
            pre,
        })
    }
}

impl Inner {
    pub(crate) fn new(
        shared: Arc<Shared>,
        digest: Digest,
        size: usize,
        world: World,
        exports: Exports,
        slot: Arc<Slot>,
    ) -> Self {
        Self {
            shared,
            exports,
            digest: format!("sha256:{}", hex::encode(digest)),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            world,
            names: OnceLock::new(),
            _slot: slot,
        }
    }
}

impl Component {
    pub(crate) fn new(inner: Inner, report: LoadReport) -> Self {
        Self {
            inner: Arc::new(inner),
            report: Arc::new(report),
            lane: Lane::default(),
        }
    }

    pub(crate) fn again(inner: Arc<Inner>) -> Self {
        let report = LoadReport {
            source: LoadSource::Loaded,
            time: Duration::ZERO,
            warnings: Vec::new(),
        };
        Self {
            inner,
            report: Arc::new(report),
            lane: Lane::default(),
        }
    }

    /// The same component, whose runs have their turns in this lane.
    #[must_use]
    pub fn in_lane(&self, lane: &Lane) -> Self {
        Self {
            lane: lane.clone(),
            ..self.clone()
        }
    }

    /// In which lane its runs have their turns.
    #[must_use]
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(crate) fn downgrade(&self) -> Weak<Inner> {
        Arc::downgrade(&self.inner)
    }

    /// Digest of the file: `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// Size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.size
    }

    /// What it imports, such as `hookbox:hook/values@0.1.0`, in the order of the file.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.inner.world.imports
    }

    /// What it exports.
    #[must_use]
    pub fn exports(&self) -> &[String] {
        &self.inner.world.exports
    }

    /// Imports that every call is refused of, since no hook is given them: the network (`wasi:sockets`). Languages
    /// with a large standard library import it whether the hook uses it or not, so that it is no reason to refuse the
    /// component.
    #[must_use]
    pub fn denied_imports(&self) -> &[String] {
        &self.inner.world.denied
    }

    /// Imports of which every call needs a grant ([`crate::Grants`]): what the component may come to ask for.
    #[must_use]
    pub fn granted_imports(&self) -> &[String] {
        &self.inner.world.granted
    }

    /// How this load went.
    #[must_use]
    pub fn load_report(&self) -> &LoadReport {
        &self.report
    }

    /// Its hooks, asked of the component itself with [`Budget::describe`] or another budget. Names are checked (the
    /// contract's characters, no name twice, at most 1000 hooks, at most 1 MiB of configuration each), configurations
    /// are not.
    ///
    /// # Errors
    /// When the call fails, comes to a limit, or what it returns is not as the contract has it.
    pub async fn describe(&self, budget: &Budget) -> Result<Vec<HookDefinition>, RunError> {
        let (outcome, _) = execute::execute(
            &self.inner,
            &self.lane,
            Call::Describe,
            RunInput::default(),
            budget,
            None,
        )
        .await;
        let Outcome::Hooks(hooks) = outcome? else {
            return Err(RunError::Description("no answer".to_owned()));
        };
        check_hooks(&hooks).map_err(RunError::Description)?;
        let _ = self
            .inner
            .names
            .set(hooks.iter().map(|hook| hook.name.clone()).collect());
        Ok(hooks)
    }

    /// Whether it has this export of the contract, which it may leave out.
    #[must_use]
    pub fn can(&self, export: Export) -> bool {
        let exports = &self.inner.exports;
        match export {
            Export::Filters => exports.filters.is_some(),
            Export::Admission => exports.admission.is_some(),
            Export::Conversion => exports.conversion.is_some(),
        }
    }

    /// Run a hook once, in a fresh instance. Waits for its turn when as many run as may run at once; then always comes
    /// back within the budget's wall clock.
    pub async fn run(&self, hook: &str, input: RunInput, budget: &Budget) -> Run {
        self.ask(hook, &Ask::Run, input, budget).await.0
    }

    /// Ask a hook, in a fresh instance, as [`Component::run`] does. There is an answer unless the run failed.
    pub async fn ask(
        &self,
        hook: &str,
        ask: &Ask,
        input: RunInput,
        budget: &Budget,
    ) -> (Run, Option<Answer>) {
        self.ask_in(hook, ask, input, budget, None).await
    }

    /// As [`Component::ask`], in the instance that an earlier run left in `warm`, where there is one: a fresh one else. When
    /// the run succeeds its instance is left there, unless it had [`crate::WARM_RUNS`] runs, holds more than
    /// [`crate::WARM_MEMORY`] or half of what a run may hold, or holds what cannot be taken from it (requests of `wasi:http`,
    /// timers, more than 64 things of the host). All limits begin anew; memory that the instance has counts in full.
    ///
    /// A place is for one hook of one component with one `Arc` of grants: whatever else is found there is dropped.
    pub async fn ask_warm(
        &self,
        hook: &str,
        ask: &Ask,
        input: RunInput,
        budget: &Budget,
        warm: &Warm,
    ) -> (Run, Option<Answer>) {
        self.ask_in(hook, ask, input, budget, Some(warm)).await
    }

    async fn ask_in(
        &self,
        hook: &str,
        ask: &Ask,
        input: RunInput,
        budget: &Budget,
        warm: Option<&Warm>,
    ) -> (Run, Option<Answer>) {
        if let Err(error) = self.knows(hook) {
            return (Run::new(Err(error)), None);
        }
        let call = Call::Ask { hook, ask };
        let (outcome, mut run) =
            execute::execute(&self.inner, &self.lane, call, input, budget, warm).await;
        match outcome {
            Ok(Outcome::Answer(answer)) => (run, Some(answer)),
            Ok(_) => {
                run.fail(RunError::Answer("to something else".to_owned()));
                (run, None)
            }
            Err(error) => {
                run.fail(error);
                (run, None)
            }
        }
    }

    /// The filter's result for each of `objects`, in their order, in one fresh instance. What the filter says beside
    /// that, and effects, are dropped.
    ///
    /// # Errors
    /// When the call fails or comes to a limit: then there is no result for any object.
    pub async fn filter(
        &self,
        hook: &str,
        binding: &str,
        objects: &[&str],
        budget: &Budget,
    ) -> Result<Vec<Result<String, HookError>>, RunError> {
        self.knows(hook)?;
        let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
        let call = Call::Filter {
            hook,
            binding,
            objects: &objects,
        };
        let input = RunInput::default();
        match execute::execute(&self.inner, &self.lane, call, input, budget, None).await {
            (Ok(Outcome::Filtered(results)), _) => Ok(results),
            (Ok(_), _) => Err(RunError::Answer("to something else".to_owned())),
            (Err(error), _) => Err(error),
        }
    }

    /// Once it has described its hooks, others need no instance to be refused.
    fn knows(&self, hook: &str) -> Result<(), RunError> {
        match self.inner.names.get() {
            Some(names) if !names.iter().any(|name| name == hook) => {
                Err(RunError::NoSuchHook(hook.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.inner.digest)
            .field("report", &self.report)
            .finish()
    }
}

fn check_hooks(hooks: &[HookDefinition]) -> Result<(), String> {
    if hooks.is_empty() {
        return Err("there is none".to_owned());
    }
    if hooks.len() > HOOKS {
        return Err(format!(
            "there are {}, at most {HOOKS} are allowed",
            hooks.len()
        ));
    }
    let mut seen = std::collections::HashSet::new();
    for hook in hooks {
        if !hook_name(&hook.name) {
            let name = quote(&hook.name);
            return Err(format!(
                "the name {name} is not made of letters, digits, `-`, `_`, `.` and `/`"
            ));
        }
        if !seen.insert(&hook.name) {
            return Err(format!("two are named {}", quote(&hook.name)));
        }
        if hook.config.len() > CONFIG {
            let (name, length) = (quote(&hook.name), hook.config.len());
            return Err(format!(
                "the configuration of {name} has {length} bytes, at most {CONFIG} are allowed"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_checked() {
        let hook = |name: &str, length: usize| HookDefinition {
            name: name.to_owned(),
            config: "x".repeat(length),
        };
        assert!(check_hooks(&[hook("a", 1), hook("a/b", CONFIG)]).is_ok());
        let many: Vec<_> = (0..=HOOKS)
            .map(|index| hook(&format!("h{index}"), 0))
            .collect();
        for (hooks, says) in [
            (vec![], "none"),
            (vec![hook("a b", 0)], "letters"),
            (vec![hook("a", 0), hook("a", 0)], "two"),
            (vec![hook("a", CONFIG + 1)], "1048577 bytes"),
            (many, "there are 1001"),
        ] {
            let message = check_hooks(&hooks).unwrap_err();
            assert!(message.contains(says), "{message}");
        }
    }
}
