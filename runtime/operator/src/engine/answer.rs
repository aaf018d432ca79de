//! Runs outside of queues: hooks that answer a webhook (BEHAVIOUR B7, D).

use std::time::Duration;

use hookbox_sandbox::{Answer, Ask, Budget, Context};
use tokio::time::Instant;

use super::Engine;
use super::run::{Attempt, Turn};
use crate::metrics::RunLabels;
use crate::queue::HookIndex;
use crate::quota::Resource;

/// Time between two looks whether snapshots are known.
const LOOK: Duration = Duration::from_millis(20);

/// What a hook is asked from outside.
#[derive(Debug)]
pub(crate) struct Question {
    /// What the hook is asked, its binding with it.
    pub(crate) ask: Ask,
    /// The binding context: kind, review, versions and the names of the snapshots (effective `includeSnapshotsFrom`).
    /// Where the hook is a component and nothing is recorded, nobody reads its review: see [`Engine::wants_review`].
    pub(crate) context: Context,
    /// Until when somebody waits for the answer: the run is given that time at most.
    pub(crate) until: Instant,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswered {
    /// The run failed.
    #[error("{message}")]
    Failed {
        /// A stable word for why.
        code: String,
        /// Why, with all causes.
        message: String,
    },
    /// The objects of a binding whose snapshot belongs to it are not known yet.
    #[error("the hook's snapshots are not known yet")]
    SnapshotsUnknown,
    /// The time was over before the hook could be asked.
    #[error("the time was over before the hook's turn came")]
    Late,
    /// The hook's tenant has used up what it may use.
    #[error("the quota `{}` of the hook's tenant is used up", .0.field())]
    OverQuota(Resource),
    /// There is no such hook.
    #[error("there is no hook `{0}`")]
    NoSuchHook(String),
    /// The operator stops.
    #[error("hookbox is stopping")]
    Stopping,
}

impl Unanswered {
    /// A stable word for this error.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Failed { code, .. } => code,
            Self::SnapshotsUnknown => "snapshots-unknown",
            Self::Late => "late",
            Self::OverQuota(_) => "over-quota",
            Self::NoSuchHook(_) => "no-such-hook",
            Self::Stopping => "stopping",
        }
    }
}

impl Engine {
    /// Whether somebody reads the `review` of a [`Question`]'s context.
    pub(crate) fn wants_review(&self, hook: HookIndex) -> bool {
        let native = self
            .hook(hook)
            .is_some_and(|h| h.program.component().is_none());
        native || self.journal.is_some()
    }

    /// Asks a hook and does all that follows, its effects before the answer. It may run at the same time as others of the
    /// hook, is subject to its rate limit (`settings`), and is not repeated.
    ///
    /// # Errors
    /// There is no answer; nothing was changed but patches that survive a failed run.
    pub(crate) async fn answer(
        &self,
        index: HookIndex,
        question: Question,
    ) -> Result<Answer, Unanswered> {
        let Question {
            ask,
            context,
            until,
        } = question;
        let Some(hook) = self.hook(index) else {
            return Err(Unanswered::Stopping);
        };
        let queued = Instant::now();
        let snapshots = context.snapshot_names.as_deref().unwrap_or_default();
        // Right after the start they are not: who asks then waits rather than being refused.
        while !self.snapshots_are_whole(index, snapshots) {
            if Instant::now() + LOOK > until {
                return Err(Unanswered::SnapshotsUnknown);
            }
            self.pause(Instant::now() + LOOK).await?;
        }
        let turn = self.turn_by(index, until).ok_or(Unanswered::Late)?;
        self.pause(turn).await?;
        if let Some(quota) = self.quota() {
            let allowed = quota.run_by(until).await;
            allowed.map_err(|blocked| Unanswered::OverQuota(blocked.resource))?;
        }
        let left = until.saturating_duration_since(Instant::now());
        let budget = Budget {
            wall_clock: self.budget.wall_clock.min(left),
            ..self.budget.clone()
        };
        let binding = context.binding.clone();
        let turn = Turn {
            hook,
            queue: "",
            labels: RunLabels {
                hook: &hook.name,
                binding: &binding,
                queue: "",
            },
            attempt: 1,
            queued,
            allow_failure: false,
            budget: &budget,
            term: None,
        };
        let input = self.input_of(index, context);
        match self.attempt(&turn, &ask, input, |_| None).await {
            Attempt::Succeeded(answer) => Ok(answer.unwrap_or(Answer::Done)),
            Attempt::Failed { code, message, .. } => Err(Unanswered::Failed { code, message }),
        }
    }

    /// Waits until then, or until the operator stops.
    async fn pause(&self, until: Instant) -> Result<(), Unanswered> {
        if until > Instant::now() {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
        match self.stop.is_cancelled() {
            true => Err(Unanswered::Stopping),
            false => Ok(()),
        }
    }
}
