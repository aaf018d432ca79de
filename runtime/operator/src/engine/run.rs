//! One attempt at one run: sandbox, gate, writer, metrics, journal.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookbox_sandbox::{
    Answer, Ask, Budget, Effects, HttpRecord, LogLevel, LogRecord, ReadRecord, Retry, Run,
    RunError, RunInput,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::serve::Done;
use super::{Engine, startup_key};
use crate::api;
use crate::apply::{self, Outcome};
use crate::backoff::seconds;
use crate::event::{OperatorEvent, PatchResult, RunFinished, RunReason, RunResult};
use crate::journal::{self, Journal, PatchRecord, RunEntry, Timings};
use crate::leader::Term;
use crate::live::reason;
use crate::load::Hook;
use crate::metrics::RunLabels;
use crate::queue::{Cause, HookIndex, HookRun, Queue, pause_after};
use crate::values::Conflict;

/// Why a run failed.
struct Failure {
    result: journal::RunResult,
    retry: Retry,
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
struct Patches {
    records: Vec<PatchRecord>,
    results: Vec<PatchResult>,
    /// Those of a failed run that were to be applied all the same.
    surviving: Option<Arc<Effects>>,
    /// Metric operations that were dropped.
    metrics_dropped: Vec<String>,
    /// What the run read of the cluster, and requested.
    reads: Vec<ReadRecord>,
    requests: Vec<HttpRecord>,
}

/// What a run's record needs beside its end.
struct Given {
    input: RunInput,
    queued: Timestamp,
    started: Timestamp,
}

/// Whose run it is, and where it comes from.
pub(super) struct Turn<'a> {
    pub(super) hook: &'a Hook,
    /// Name of the queue; empty for a run outside of queues.
    pub(super) queue: &'a str,
    pub(super) labels: RunLabels<'a>,
    /// From 1.
    pub(super) attempt: u32,
    pub(super) queued: Instant,
    pub(super) allow_failure: bool,
    pub(super) budget: &'a Budget,
    /// The term of the leader that runs it. A run outside of queues has none: what a webhook asked is answered by whoever
    /// was asked, and nobody else hears of it.
    pub(super) term: Option<&'a Term>,
}

/// What came of an attempt.
pub(super) enum Attempt {
    /// It succeeded, and all that it asked for is done.
    Succeeded(Option<Answer>),
    /// It failed.
    Failed {
        /// A stable word for why.
        code: String,
        /// Why, with all causes.
        message: String,
        /// When to try again; none: not at all.
        again: Option<Duration>,
    },
}

impl Engine {
    pub(super) async fn run(
        &self,
        term: &Term,
        queue: &Queue,
        index: HookIndex,
        run: &HookRun,
        queued: Instant,
        failures: u32,
    ) -> Done {
        let Some(hook) = self.hook(index) else {
            return Done::Yes;
        };
        let first = run.reasons.first();
        let startup = first.is_some_and(|r| r.cause == Cause::Startup);
        let labels = RunLabels {
            hook: &hook.name,
            // Both empty for startup, as in shell-operator.
            binding: first.filter(|_| !startup).map_or("", |r| &r.binding),
            queue: if startup { "" } else { &queue.name },
        };
        if failures == 0 {
            self.metrics.waited_in_queue(labels, queued.elapsed());
        }
        let turn = Turn {
            hook,
            queue: &queue.name,
            labels,
            attempt: failures.saturating_add(1),
            queued,
            allow_failure: run.allow_failure,
            budget: &self.budget,
            term: Some(term),
        };
        let input = tokio::select! {
            biased;
            () = self.stop.cancelled(), if self.quota().is_some() => return Done::Stopped,
            () = term.over(), if self.quota().is_some() => return Done::Stopped,
            input = self.whole_input(queue, index, &run.reasons) => input,
        };
        let pause = |retry| match run.allow_failure || term.is_over() {
            true => None,
            false => pause_after(retry, failures),
        };
        let done = match self.attempt(&turn, &Ask::Run, input, pause).await {
            Attempt::Failed {
                again: Some(pause), ..
            } => Done::Again(pause),
            _ => Done::Yes,
        };
        // Whatever came of it: the next leader begins anew.
        if term.is_over() {
            return Done::Stopped;
        }
        // A failure that is allowed, or that the hook does not want to repeat, ends the Synchronization too: else the
        // binding's changes would pile up for good.
        if matches!(done, Done::Yes) {
            self.unlock(index, &run.unlocks);
            if startup {
                self.readiness.done(&startup_key(&hook.name));
            }
        }
        done
    }

    /// Asks a hook once and does all that follows: gate, writer, metrics, journal, events. `pause` says when a failed
    /// run is tried again.
    pub(super) async fn attempt(
        &self,
        turn: &Turn<'_>,
        ask: &Ask,
        input: RunInput,
        pause: impl FnOnce(Retry) -> Option<Duration>,
    ) -> Attempt {
        let Turn { hook, labels, .. } = *turn;
        let number = self.run_ids.fetch_add(1, Ordering::Relaxed);
        if let Some(recent) = &self.recent {
            recent.began(
                number,
                &hook.name,
                turn.queue,
                turn.attempt,
                &input.contexts,
            );
        }
        let reasons: Vec<RunReason> = match self.is_watched() {
            true => input.contexts.iter().map(reason).collect(),
            false => Vec::new(),
        };
        self.tell_others(|| OperatorEvent::RunStarted {
            run: number,
            hook: hook.name.to_string(),
            queue: turn.queue.to_owned(),
            attempt: turn.attempt,
            reasons: reasons.clone(),
        });
        let contexts = input.contexts.len();
        let given = self.journal.is_some().then(|| {
            let started = self.clock.now();
            let waited = SignedDuration::try_from(turn.queued.elapsed()).unwrap_or_default();
            Given {
                input: input.clone(),
                queued: started.checked_sub(waited).unwrap_or(started),
                started,
            }
        });
        let told = |record: &LogRecord| log(hook, number, record);
        let asked = hook.program.ask(
            &hook.called,
            ask,
            input,
            turn.budget,
            hook.warm.as_ref(),
            told,
        );
        let (outcome, answer) = while_leading(turn.term, self.quota().is_some(), asked).await;
        self.metrics.run_used(labels, &outcome.usage);
        if outcome.usage.earlier_runs > 0 {
            self.metrics.run_was_warm(labels);
        }

        let outcome_effects = outcome.result.map(Arc::new);
        let effects = outcome_effects.as_ref().ok().cloned();
        if let Some(quota) = self.quota() {
            let asked = effects
                .as_deref()
                .map_or(outcome.surviving.len(), effects_in);
            quota.charge_run(&outcome.usage, asked);
        }
        self.metrics
            .grants_missing(&hook.name, outcome.missing_grants.len());
        let mut patches = Patches {
            reads: outcome.reads,
            requests: outcome.requests,
            ..Patches::default()
        };
        let result = match outcome_effects {
            Ok(effects) => self.apply(turn, effects, &mut patches).await,
            Err(error) => {
                if !outcome.surviving.is_empty() {
                    let surviving = Arc::new(Effects {
                        object_patches: outcome.surviving,
                        ..Effects::default()
                    });
                    patches.surviving = Some(Arc::clone(&surviving));
                    if let Err(failure) = self.apply(turn, surviving, &mut patches).await {
                        let error = failure.result.message.as_deref().map(api::one_line);
                        tracing::warn!(
                            hook = &*hook.name,
                            run = number,
                            error,
                            "patches of a failed run could not be applied"
                        );
                    }
                }
                let mut failure = Failure::from(&error);
                if let (Some(message), Some(missing)) =
                    (&mut failure.result.message, outcome.missing_grants.first())
                {
                    message.push_str(&format!("\nnot granted: {missing}"));
                }
                Err(failure)
            }
        };
        // A native hook may have written by itself.
        let wrote = !patches.results.is_empty() || hook.program.component().is_none();
        if let Some(cluster) = self.cluster.as_ref().filter(|_| wrote) {
            cluster.hub.acted();
        }
        let (record, result, attempt) = match result {
            Ok(()) => {
                self.metrics.run_succeeded(labels);
                let binding = match labels.binding {
                    "" => "onStartup",
                    name => name,
                };
                let microseconds = outcome.usage.wall_clock.as_micros();
                macro_rules! tell {
                    ($level:ident) => {
                        tracing::$level!(
                            hook = &*hook.name,
                            run = number,
                            binding,
                            contexts,
                            patches = patches.results.len(),
                            microseconds,
                            "run succeeded"
                        )
                    };
                }
                // The API server asks webhooks so often that a line for each would be most of the log.
                match turn.queue.is_empty() {
                    true => tell!(debug),
                    false => tell!(info),
                }
                (
                    journal::RunResult::success(),
                    RunResult::Succeeded,
                    Attempt::Succeeded(answer),
                )
            }
            Err(Failure { result, retry }) => {
                // Also where only its effects failed: what the instance remembers of them is not so.
                if let Some(warm) = &hook.warm {
                    warm.cool();
                }
                self.metrics.run_failed(labels, turn.allow_failure);
                let again = pause(retry);
                let (code, message) = (
                    result.code.clone().unwrap_or_default(),
                    result.message.clone().unwrap_or_default(),
                );
                let retry_in_seconds = again.map(seconds);
                tracing::error!(
                    hook = &*hook.name,
                    run = number,
                    attempt = turn.attempt,
                    code,
                    error = api::one_line(&message),
                    allowed = turn.allow_failure,
                    retry_in_seconds,
                    "run failed"
                );
                let record = journal::RunResult {
                    allowed_to_fail: turn.allow_failure,
                    ..result
                };
                (
                    record,
                    RunResult::Failed {
                        code: code.clone(),
                        message: message.clone(),
                        allowed: turn.allow_failure,
                        retry_in: again,
                    },
                    Attempt::Failed {
                        code,
                        message,
                        again,
                    },
                )
            }
        };
        let sets_values = effects.as_ref().is_some_and(|e| changes_values(e));
        let finished = RunFinished {
            values_dropped: sets_values && self.module.is_none(),
            run: number,
            hook: hook.name.to_string(),
            queue: turn.queue.to_owned(),
            attempt: turn.attempt,
            reasons,
            result,
            effects,
            patches: std::mem::take(&mut patches.results),
            metrics_dropped: std::mem::take(&mut patches.metrics_dropped),
            missing_grants: outcome.missing_grants,
            log: outcome.log,
            usage: outcome.usage,
        };
        if let (Some(journal), Some(given)) = (&self.journal, given) {
            self.record(journal, hook, given, &finished, patches, record);
        }
        if let Some(recent) = &self.recent {
            recent.ended(&finished);
        }
        self.tell_others(|| OperatorEvent::RunFinished(Box::new(finished)));
        attempt
    }

    /// Checks effects and applies them: object patches, then metrics (BEHAVIOUR B7).
    async fn apply(
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

    fn record(
        &self,
        journal: &Journal,
        hook: &Hook,
        given: Given,
        finished: &RunFinished,
        patches: Patches,
        result: journal::RunResult,
    ) {
        // Whatever the group: what only might be a Secret is kept from the journal too.
        let kinds = hook.config.kubernetes.iter();
        let secret_bindings: BTreeSet<String> = kinds
            .filter(|k| apply::is_secret(None, &k.kind))
            .map(|k| k.name.clone())
            .collect();
        journal.record(RunEntry {
            id: self.run_id(finished.run),
            hook: finished.hook.clone(),
            queue: finished.queue.clone(),
            attempt: finished.attempt,
            component: hook.program.digest().to_owned(),
            input: given.input,
            secret_bindings,
            effects: finished.effects.clone(),
            surviving: patches.surviving,
            patches: patches.records,
            result,
            log: finished.log.clone().into(),
            timings: Timings {
                queued: given.queued,
                started: given.started,
                finished: self.clock.now(),
            },
            usage: finished.usage.clone(),
            reads: patches.reads,
            requests: patches.requests,
            missing_grants: finished.missing_grants.clone(),
        });
        self.count_journal();
    }

    /// The journal's thread writes, or does not, some time after a run was recorded: its counts are asked for again
    /// from time to time.
    pub(crate) fn count_journal(&self) {
        if let Some(journal) = &self.journal {
            self.metrics.journal(journal.written(), journal.dropped());
        }
    }
}

fn changes_values(effects: &Effects) -> bool {
    !effects.values.is_empty() || !effects.config_values.is_empty()
}

/// How many effects these are.
fn effects_in(effects: &Effects) -> usize {
    let Effects {
        object_patches,
        values,
        config_values,
        metrics,
    } = effects;
    object_patches.len() + values.len() + config_values.len() + metrics.len()
}

/// Lets a run end early when its leader leads no longer, or the tenant's Hook is another: its effects could not be applied
/// any more.
async fn while_leading(
    term: Option<&Term>,
    of_tenant: bool,
    asked: impl Future<Output = (Run, Option<Answer>)>,
) -> (Run, Option<Answer>) {
    let Some(term) = term else {
        return asked.await;
    };
    tokio::select! {
        biased;
        asked = asked => asked,
        () = term.over() => {
            let cut = RunError::Ended(match of_tenant {
                true => "its Hook or the policy for it was changed, or this replica leads no longer",
                false => "this replica leads no longer",
            });
            (Run::new(Err(cut)), None)
        }
    }
}

/// The hook's log becomes part of ours.
fn log(hook: &Hook, run: u64, record: &LogRecord) {
    let (hook, message) = (&*hook.name, &*record.message);
    let fields = fields(record);
    match record.level {
        LogLevel::Debug => tracing::debug!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Info => tracing::info!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Warn => tracing::warn!(target: "hook", hook, run, fields, "{message}"),
        LogLevel::Error => tracing::error!(target: "hook", hook, run, fields, "{message}"),
    }
}

/// A record's fields in one text, where it has any: `name=value`, with quotes where one could not tell them apart.
fn fields(record: &LogRecord) -> Option<String> {
    let quoted = |text: &str| {
        text.is_empty()
            || text.contains(|c: char| {
                c.is_whitespace() || c.is_control() || matches!(c, '=' | '"' | '\\')
            })
    };
    let word = |text: &str| match quoted(text) {
        true => format!("{text:?}"),
        false => text.to_owned(),
    };
    let all: Vec<String> = record
        .fields
        .iter()
        .map(|(name, value)| format!("{}={}", word(name), word(value)))
        .collect();
    (!all.is_empty()).then(|| all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_can_be_told_apart() {
        let record = |fields: &[(&str, &str)]| LogRecord {
            level: LogLevel::Info,
            message: String::new(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        };
        assert_eq!(fields(&record(&[])), None);
        let some = [
            ("a", "1"),
            ("b c", "two words"),
            ("d", ""),
            ("e", "x=\"y\""),
        ];
        assert_eq!(
            fields(&record(&some)).as_deref(),
            Some(r#"a=1 "b c"="two words" d="" e="x=\"y\"""#)
        );
    }
}
