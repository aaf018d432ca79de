//! One attempt at one run: sandbox, gate, writer, metrics, journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hookbox_sandbox::{
    Answer, Ask, Budget, Effects, LogRecord, Retry, Run, RunError, RunInput, Usage,
};
use jiff::SignedDuration;
use tokio::time::Instant;

use super::effects::{Failure, Patches, changes_values, effects_in};
use super::record::{Given, log};
use super::serve::Done;
use super::{Engine, startup_key};
use crate::api;
use crate::backoff::seconds;
use crate::event::{OperatorEvent, RunFinished, RunReason, RunResult};
use crate::journal;
use crate::leader::Term;
use crate::live::reason;
use crate::load::Hook;
use crate::metrics::RunLabels;
use crate::queue::{Cause, HookIndex, HookRun, Queue, pause_after};

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
                self.succeeded(
                    turn,
                    number,
                    contexts,
                    patches.results.len(),
                    &outcome.usage,
                );
                (
                    journal::RunResult::success(),
                    RunResult::Succeeded,
                    Attempt::Succeeded(answer),
                )
            }
            Err(failure) => self.failed(turn, number, failure, pause),
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

    /// Tells of a run that succeeded.
    fn succeeded(&self, turn: &Turn<'_>, run: u64, contexts: usize, patches: usize, usage: &Usage) {
        self.metrics.run_succeeded(turn.labels);
        let hook = &*turn.hook.name;
        let binding = match turn.labels.binding {
            "" => "onStartup",
            name => name,
        };
        let microseconds = usage.wall_clock.as_micros();
        macro_rules! tell {
            ($level:ident) => {
                tracing::$level!(
                    hook,
                    run,
                    binding,
                    contexts,
                    patches,
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
    }

    /// Tells of a run that failed, and when it is tried again.
    fn failed(
        &self,
        turn: &Turn<'_>,
        run: u64,
        Failure { result, retry }: Failure,
        pause: impl FnOnce(Retry) -> Option<Duration>,
    ) -> (journal::RunResult, RunResult, Attempt) {
        // Also where only its effects failed: what the instance remembers of them is not so.
        if let Some(warm) = &turn.hook.warm {
            warm.cool();
        }
        let allowed = turn.allow_failure;
        self.metrics.run_failed(turn.labels, allowed);
        let again = pause(retry);
        let code = result.code.clone().unwrap_or_default();
        let message = result.message.clone().unwrap_or_default();
        tracing::error!(
            hook = &*turn.hook.name,
            run,
            attempt = turn.attempt,
            code,
            error = api::one_line(&message),
            allowed,
            retry_in_seconds = again.map(seconds),
            "run failed"
        );
        let record = journal::RunResult {
            allowed_to_fail: allowed,
            ..result
        };
        let told = RunResult::Failed {
            code: code.clone(),
            message: message.clone(),
            allowed,
            retry_in: again,
        };
        let attempt = Attempt::Failed {
            code,
            message,
            again,
        };
        (record, told, attempt)
    }
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
