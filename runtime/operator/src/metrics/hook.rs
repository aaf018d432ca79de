//! Metrics of the hooks (BEHAVIOUR C2).
//!
//! A series belongs to the group that made it. Before the operations of a run are applied, all series of each group in
//! it are removed: a counter starts again from what this run adds, and what is not given again is gone. Groups that
//! are not in the run are left alone.
//!
//! Better than shell-operator: counters are floating point (there 1.7 adds 1 and -1 adds a huge number), the number of
//! names and series of a hook is bounded, and the group of one hook's own name cannot be emptied by another hook that
//! names it. Other groups are shared between hooks, as there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbox_sandbox::MetricOperation;
use hookbox_sandbox::effects::MetricAction;

use super::labels::Labels;
use super::registry::{Family, Type};
use super::text;

/// Label names that one metric may collect over time.
const MAX_LABEL_NAMES: usize = 128;
/// Problems that are handed back one by one.
const MAX_PROBLEMS: usize = 20;

/// How many series a hook may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeriesLimits {
    /// Series of one hook, a histogram's counted once.
    pub series: usize,
    /// Names that one hook may bring in.
    pub names: usize,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self {
            series: 10_000,
            names: 1_000,
        }
    }
}

impl SeriesLimits {
    /// What a hook of a tenant may have: 1,000 series of 100 names.
    #[must_use]
    pub fn of_tenants() -> Self {
        Self {
            series: 1_000,
            names: 100,
        }
    }
}

/// What became of a run's metric operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Operations that were applied.
    pub applied: usize,
    /// Operations that were dropped.
    pub dropped: usize,
    /// Why, for the first of them.
    pub problems: Vec<Problem>,
}

/// Why an operation was dropped. The run does not fail for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metric operation {index} on `{name}` was dropped: {kind}")]
pub struct Problem {
    /// Which operation of the run, from 0.
    pub index: usize,
    /// The metric's name.
    pub name: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a dropped operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The name is taken by a metric of another type.
    TypeConflict {
        /// The type that it has.
        is: &'static str,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// The hook has as many series as it may have.
    TooManySeries(usize),
    /// The hook brought in as many names as it may.
    TooManyNames(usize),
    /// The metric has as many label names as it may have.
    TooManyLabels(usize),
    /// The operation has no name or value; the gate refuses these.
    Incomplete,
}

impl ProblemKind {
    /// A stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TypeConflict { .. } => "type-conflict",
            Self::TooManySeries(_) => "too-many-series",
            Self::TooManyNames(_) => "too-many-names",
            Self::TooManyLabels(_) => "too-many-labels",
            Self::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypeConflict { is, wanted } => {
                write!(f, "it is a {is} already, and cannot be a {wanted}")
            }
            Self::TooManySeries(limit) => {
                write!(f, "the hook has {limit} series, and may not have more")
            }
            Self::TooManyNames(limit) => {
                write!(f, "the hook has {limit} metrics, and may not have more")
            }
            Self::TooManyLabels(limit) => write!(
                f,
                "the metric has {limit} label names, and may not have more"
            ),
            Self::Incomplete => f.write_str("it has no name or no value"),
        }
    }
}

/// The group that a series belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// The hook's own.
    Hook(Arc<str>),
    /// A named one, shared between hooks.
    Named(Arc<str>),
}

#[derive(Debug, Clone)]
struct Owner {
    hook: Arc<str>,
    group: Group,
}

#[derive(Debug)]
struct HookFamily {
    family: Family<Owner>,
    /// Who brought the name in.
    by: Arc<str>,
}

#[derive(Debug, Default)]
struct State {
    families: BTreeMap<String, HookFamily>,
    /// The names in which a group has series, so that a run costs as much as its own groups hold.
    groups: BTreeMap<Group, BTreeSet<String>>,
    /// Series of each hook.
    counts: BTreeMap<Arc<str>, usize>,
}

/// All metrics of all hooks. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct HookMetrics {
    state: Arc<Mutex<State>>,
    limits: SeriesLimits,
}

impl HookMetrics {
    /// No metrics yet, default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No metrics yet, these limits.
    #[must_use]
    pub fn with_limits(limits: SeriesLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Apply the operations of one successful run, with the common label `hook`.
    pub fn apply(&self, hook: &str, operations: &[MetricOperation]) -> Applied {
        self.apply_with(
            hook,
            &BTreeMap::from([("hook".to_owned(), hook.to_owned())]),
            operations,
        )
    }

    /// Apply the operations of one successful run. `common` labels go over labels of the same name that the hook gave.
    pub fn apply_with(
        &self,
        hook: &str,
        common: &BTreeMap<String, String>,
        operations: &[MetricOperation],
    ) -> Applied {
        let mut state = self.lock();
        let hook: Arc<str> = hook.into();
        let group_of = |op: &MetricOperation| match op.group.as_deref().filter(|g| !g.is_empty()) {
            Some(name) if *name != *hook => Group::Named(name.into()),
            _ => Group::Hook(Arc::clone(&hook)),
        };
        let groups: BTreeSet<Group> = operations.iter().map(group_of).collect();
        for group in &groups {
            state.expire(group);
        }
        let mut result = Applied::default();
        for (index, op) in operations.iter().enumerate() {
            let owner = Owner {
                hook: Arc::clone(&hook),
                group: group_of(op),
            };
            match state.apply(&self.limits, op, owner, common) {
                Ok(()) => result.applied += 1,
                Err(kind) => {
                    result.dropped += 1;
                    if result.problems.len() < MAX_PROBLEMS {
                        result.problems.push(Problem {
                            index,
                            name: op.name.clone(),
                            kind,
                        });
                    }
                }
            }
        }
        result
    }

    /// Number of series.
    #[must_use]
    pub fn series(&self) -> usize {
        self.lock().counts.values().sum()
    }

    /// Everything in Prometheus' text format: names sorted, series of a name sorted by their labels.
    #[must_use]
    pub fn text(&self) -> String {
        Self::text_of([self])
    }

    /// The same of several, as one text. Where they do not agree on the type of a name, it has none: nobody can take a
    /// name from another one by using it first.
    #[must_use]
    pub fn text_of<'a>(all: impl IntoIterator<Item = &'a Self>) -> String {
        struct Together {
            kind: Option<Type>,
            help: String,
            samples: String,
        }
        let mut names: BTreeMap<String, Together> = BTreeMap::new();
        for one in all {
            let state = one.lock();
            for (name, HookFamily { family, .. }) in &state.families {
                if family.series.is_empty() {
                    continue;
                }
                let together = names.entry(name.clone()).or_insert_with(|| Together {
                    kind: Some(family.kind),
                    help: family.help.clone(),
                    samples: String::new(),
                });
                together.kind = together.kind.filter(|kind| *kind == family.kind);
                family.write_samples(&mut together.samples, name);
            }
        }
        let mut out = String::new();
        for (name, together) in names {
            let kind = together.kind.map_or("untyped", Type::name);
            text::head(&mut out, &name, &together.help, kind);
            out.push_str(&together.samples);
        }
        out
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Removes the series of a group. Names stay, with their types, buckets and label names.
    fn expire(&mut self, group: &Group) {
        let Self {
            families,
            counts,
            groups,
        } = self;
        for name in groups.remove(group).unwrap_or_default() {
            let Some(entry) = families.get_mut(&name) else {
                continue;
            };
            entry.family.series.retain(|_, series| {
                let keep = series.owner.group != *group;
                if !keep && let Some(count) = counts.get_mut(&series.owner.hook) {
                    *count = count.saturating_sub(1);
                }
                keep
            });
        }
    }

    fn apply(
        &mut self,
        limits: &SeriesLimits,
        op: &MetricOperation,
        owner: Owner,
        common: &BTreeMap<String, String>,
    ) -> Result<(), ProblemKind> {
        let kind = match op.action {
            MetricAction::Add => Type::Counter,
            MetricAction::Set => Type::Gauge,
            MetricAction::Observe => Type::Histogram,
            MetricAction::Expire => {
                self.expire(&owner.group);
                return Ok(());
            }
        };
        let Some(value) = op.value.filter(|_| !op.name.is_empty()) else {
            return Err(ProblemKind::Incomplete);
        };
        let mut labels: BTreeMap<String, String> = op.labels.clone();
        labels.extend(common.iter().map(|(k, v)| (k.clone(), v.clone())));

        self.make_room(limits, &op.name, &owner.hook)?;
        let entry = self
            .families
            .entry(op.name.clone())
            .or_insert_with(|| HookFamily {
                family: Family::new(
                    kind,
                    op.name.clone(),
                    op.buckets.as_deref().unwrap_or_default(),
                ),
                by: Arc::clone(&owner.hook),
            });
        let family = &mut entry.family;
        if family.kind != kind {
            return Err(ProblemKind::TypeConflict {
                is: family.kind.name(),
                wanted: kind.name(),
            });
        }
        let new_names = labels
            .keys()
            .filter(|n| !family.label_names.contains(*n))
            .count();
        if family.label_names.len() + new_names > MAX_LABEL_NAMES {
            return Err(ProblemKind::TooManyLabels(MAX_LABEL_NAMES));
        }
        // An empty value is the same as no label, but the name is exposed from now on.
        family.label_names.extend(labels.keys().cloned());
        labels.retain(|_, value| !value.is_empty());
        let labels: Labels = labels.iter().collect();

        if !family.series.contains_key(&labels) {
            let count = self.counts.entry(Arc::clone(&owner.hook)).or_default();
            if *count >= limits.series {
                return Err(ProblemKind::TooManySeries(limits.series));
            }
            *count += 1;
            self.groups
                .entry(owner.group.clone())
                .or_default()
                .insert(op.name.clone());
        }
        let bounds = Arc::clone(&family.bounds);
        let series = family.series(labels, || owner);
        match kind {
            Type::Counter => series.value.add(value),
            Type::Gauge => series.value.set(value),
            Type::Histogram => series.value.observe(&bounds, value),
        }
        Ok(())
    }

    /// A hook that makes up new names in every run gives up those of its names that have no series any more.
    fn make_room(
        &mut self,
        limits: &SeriesLimits,
        name: &str,
        hook: &Arc<str>,
    ) -> Result<(), ProblemKind> {
        let brought = |families: &BTreeMap<String, HookFamily>| {
            families.values().filter(|e| e.by == *hook).count()
        };
        if self.families.contains_key(name)
            || self.families.len() < limits.names
            || brought(&self.families) < limits.names
        {
            return Ok(());
        }
        self.families
            .retain(|_, entry| entry.by != *hook || !entry.family.series.is_empty());
        if brought(&self.families) < limits.names {
            Ok(())
        } else {
            Err(ProblemKind::TooManyNames(limits.names))
        }
    }
}

#[cfg(test)]
mod tests;
