//! What becomes of a run's effects.

use std::sync::Arc;

use hookbox_sandbox::{Effects, HttpRecord, ReadRecord, Retry, RunError};

use super::Engine;
use super::run::Turn;
use crate::api;
use crate::apply::Outcome;
use crate::event::PatchResult;
use crate::journal::{self, PatchRecord};
use crate::load::Hook;
use crate::values::Conflict;

/// Why a run failed.
pub(super) struct Failure {
    pub(super) result: journal::RunResult,
    pub(super) retry: Retry,
}

impl From<journal::RunResult> for Failure {
    fn from(result: journal::RunResult) -> Self {
        Self {
            result,
            retry: Retry::BackOff,
        }
    }
}

impl From<&RunError> for Failure {
    fn from(error: &RunError) -> Self {
        let retry = match error {
            RunError::Failed(error) => error.retry,
            _ => Retry::BackOff,
        };
        Self {
            result: journal::RunResult::run_failed(error),
            retry,
        }
    }
}

/// What became of a run's effects, for the journal and for those who watch.
#[derive(Default)]
pub(super) struct Patches {
    pub(super) records: Vec<PatchRecord>,
    pub(super) results: Vec<PatchResult>,
    /// Those of a failed run that were to be applied all the same.
    pub(super) surviving: Option<Arc<Effects>>,
    /// Metric operations that were dropped.
    pub(super) metrics_dropped: Vec<String>,
    /// What the run read of the cluster, and requested.
    pub(super) reads: Vec<ReadRecord>,
    pub(super) requests: Vec<HttpRecord>,
}

impl Engine {
    /// Checks effects and applies them: object patches, then metrics (BEHAVIOUR B7).
    pub(super) async fn apply(
        &self,
        turn: &Turn<'_>,
        effects: Arc<Effects>,
        patches: &mut Patches,
    ) -> Result<(), Failure> {
        let hook = turn.hook;
        let sets_values = changes_values(&effects);
        let module = self.module.as_ref().filter(|_| sets_values);
        let conflict = |conflict: Conflict| {
            Failure::from(journal::RunResult {
                outcome: journal::RunOutcome::EffectsFailed,
                code: Some(conflict.code().to_owned()),
                message: Some(conflict.to_string()),
                ..journal::RunResult::success()
            })
        };
        match module {
            // What does not fit is told before anything is done.
            Some(module) => module.check(&effects).map_err(conflict)?,
            None if sets_values => tracing::warn!(
                hook = &*hook.name,
                "the hook set values, but belongs to no module: they are not kept"
            ),
            None => {}
        }
        let checked = self
            .gate
            .check(Arc::clone(&effects))
            .await
            .map_err(|error| {
                self.metrics.effects_refused(&hook.name, error.code());
                Failure::from(journal::RunResult::refused(&error))
            })?;
        if !checked.effects().object_patches.is_empty() {
            let Some(cluster) = &self.cluster else {
                return Err(Failure::from(journal::RunResult {
                    outcome: journal::RunOutcome::EffectsFailed,
                    code: Some("no-cluster".to_owned()),
                    message: Some("the hook changes objects, but there is no cluster".to_owned()),
                    ..journal::RunResult::success()
                }));
            };
            let outcome = match turn.term {
                Some(term) => cluster.writer.within(term).apply(&checked).await,
                None => cluster.writer.apply(&checked).await,
            };
            let failure = outcome
                .errors()
                .map(|errors| Failure::from(journal::RunResult::effects_failed(&errors)));
            self.count(hook, &outcome);
            patches.records = PatchRecord::of(&outcome);
            patches.results = outcome
                .results
                .into_iter()
                .map(|result| match result {
                    Ok(applied) => PatchResult::Applied(applied),
                    Err(error) => PatchResult::Failed {
                        code: error.code().to_owned(),
                        error: api::chain(&error),
                    },
                })
                .collect();
            if let Some(failure) = failure {
                return Err(failure);
            }
        }
        if let Some(module) = module {
            module.apply(&effects).map_err(conflict)?;
        }
        let applied = self.hook_metrics.apply(&hook.name, checked.metrics());
        for problem in applied.problems {
            tracing::warn!(hook = &*hook.name, problem = %problem, "metric dropped");
            self.metrics
                .hook_metric_dropped(&hook.name, problem.kind.code());
            patches.metrics_dropped.push(problem.to_string());
        }
        Ok(())
    }

    fn count(&self, hook: &Hook, outcome: &Outcome) {
        for result in &outcome.results {
            match result {
                Ok(applied) => self.metrics.effect_applied(&hook.name, &applied.operation),
                Err(error) => self
                    .metrics
                    .effect_failed(&hook.name, error.operation, error.code()),
            }
        }
    }
}

pub(super) fn changes_values(effects: &Effects) -> bool {
    !effects.values.is_empty() || !effects.config_values.is_empty()
}

/// How many effects these are.
pub(super) fn effects_in(effects: &Effects) -> usize {
    let Effects {
        object_patches,
        values,
        config_values,
        metrics,
    } = effects;
    object_patches.len() + values.len() + config_values.len() + metrics.len()
}
