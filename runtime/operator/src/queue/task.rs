//! What waits in a queue.

use std::sync::Arc;

use hookbox_config::Schedule;
use hookbox_sandbox::{JsonText, Resource};
use tokio::time::Instant;

/// A hook's place in the order of hooks.
pub type HookIndex = usize;
/// A `kubernetes` binding's place in its hook's configuration.
pub type BindingIndex = usize;

/// Why a hook shall run: what becomes one binding context.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Name of the binding that fired.
    pub binding: Arc<str>,
    /// The binding's group.
    pub group: Option<Arc<str>>,
    /// Names of the snapshots that belong to it (effective `includeSnapshotsFrom`).
    pub snapshots: Arc<[String]>,
    /// What happened.
    pub cause: Cause,
}

impl Reason {
    /// The reason that a schedule is when its time comes.
    #[must_use]
    pub fn of_schedule(schedule: &Schedule) -> Self {
        Self {
            binding: schedule.name.as_str().into(),
            group: schedule.group.as_deref().map(Arc::from),
            snapshots: schedule.include_snapshots_from.clone().into(),
            cause: Cause::Schedule,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The operator started.
    Startup,
    /// The schedule's time came.
    Schedule,
    /// The binding was enabled.
    Synchronization {
        /// Which binding.
        binding: BindingIndex,
    },
    /// An object changed.
    Event {
        /// Which binding.
        binding: BindingIndex,
        /// `Added`, `Modified` or `Deleted`.
        watch_event: &'static str,
        /// The resource version at which it did; 0 where it is not a number.
        resource_version: u64,
        /// The object at the event, where it is kept and can be read.
        object: Option<JsonText>,
        /// The filter's result at the event, where there is a filter.
        filter_result: Option<JsonText>,
        /// What the object is called, for hooks of the format `v0`.
        resource: Option<Box<Resource>>,
    },
}

/// A run that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct HookRun {
    /// Why, oldest first. At least one.
    pub reasons: Vec<Reason>,
    /// Bindings whose Synchronization this run does; their events flow once it succeeded.
    pub unlocks: Vec<BindingIndex>,
    /// Whether a failure counts as success (`allowFailure` of the first reason's binding).
    pub allow_failure: bool,
    /// Nothing is to run: only unlock (`executeHookOnSynchronization: false`).
    pub skip: bool,
    /// It is never combined with others: hooks of the format `v0` look at one context only.
    pub alone: bool,
}

impl HookRun {
    /// A run for one reason.
    #[must_use]
    pub fn new(reason: Reason, allow_failure: bool) -> Self {
        let unlocks = match reason.cause {
            Cause::Synchronization { binding } => vec![binding],
            _ => Vec::new(),
        };
        Self {
            reasons: vec![reason],
            unlocks,
            allow_failure,
            skip: false,
            alone: false,
        }
    }

    /// Whether it takes in the runs that wait behind it.
    fn combines(&self) -> bool {
        !self.skip
            && !self.alone
            && self.reasons.first().is_some_and(|first| match first.cause {
                Cause::Startup => false,
                Cause::Synchronization { .. } => first.group.is_some(),
                Cause::Schedule | Cause::Event { .. } => true,
            })
    }

    fn is_startup(&self) -> bool {
        self.reasons.iter().any(|r| r.cause == Cause::Startup)
    }

    /// Takes another run in, behind its own reasons: a Synchronization that would be skipped too, as shell-operator asks
    /// only the first task of a run whether it is to run.
    pub(super) fn absorb(&mut self, other: Self) {
        self.reasons.extend(other.reasons);
        self.unlocks.extend(other.unlocks);
    }

    /// What is left of these reasons when they are those of one run.
    pub(crate) fn compacted(reasons: Vec<Reason>) -> Vec<Reason> {
        let mut run = Self {
            reasons,
            unlocks: Vec::new(),
            allow_failure: false,
            skip: false,
            alone: false,
        };
        run.compact_groups();
        run.reasons
    }

    /// Drops each reason whose next one has the same group (BEHAVIOUR B5).
    pub(super) fn compact_groups(&mut self) {
        let next_groups: Vec<Option<Arc<str>>> = self
            .reasons
            .iter()
            .skip(1)
            .map(|r| r.group.clone())
            .chain([None])
            .collect();
        let mut next = next_groups.into_iter();
        self.reasons.retain(|reason| {
            let next = next.next().flatten();
            reason.group.is_none() || reason.group != next
        });
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Start the hook's `kubernetes` bindings.
    EnableKubernetes,
    /// Start the hook's schedules.
    EnableSchedules,
    /// Run the hook.
    Run(HookRun),
}

/// One thing to do for one hook.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Number of the task, unique in the operator.
    pub id: u64,
    /// Whose.
    pub hook: HookIndex,
    /// What.
    pub work: Work,
    /// Since when it waits.
    pub queued: Instant,
    /// How often it failed.
    pub failures: u32,
}

impl Task {
    /// When its change happened, and to whom: what puts the changes that several watches tell into one order. None for
    /// what no watch tells.
    pub(super) fn change(&self) -> Option<(u64, HookIndex, BindingIndex)> {
        let Work::Run(run) = &self.work else {
            return None;
        };
        match run.reasons.first()?.cause {
            Cause::Event {
                binding,
                resource_version,
                ..
            } => Some((resource_version, self.hook, binding)),
            _ => None,
        }
    }

    /// Whether `next`, which waits right behind this one, is done together with it (BEHAVIOUR B4).
    pub(super) fn takes(&self, next: &Self) -> bool {
        match (&self.work, &next.work) {
            (Work::Run(run), Work::Run(other)) => {
                self.hook == next.hook && run.combines() && !other.is_startup()
            }
            _ => false,
        }
    }

    /// Whether it may be gathered with the hook's other waiting runs when a queue grows long (BEHAVIOUR B5b).
    pub(super) fn gathers(&self) -> bool {
        matches!(&self.work, Work::Run(run) if !run.skip && !run.alone && run.unlocks.is_empty() && !run.is_startup())
    }
}
