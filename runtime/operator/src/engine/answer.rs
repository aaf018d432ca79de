//! Runs outside of queues: hooks that answer a webhook (BEHAVIOUR B7, D).

use hookbox_sandbox::{Answer, Ask, Context};
use tokio::time::Instant;

use super::Engine;
use super::run::{Attempt, Turn};
use crate::metrics::RunLabels;
use crate::queue::HookIndex;

/// What a hook is asked from outside.
#[derive(Debug)]
pub(crate) struct Question {
    /// What the hook is asked, its binding with it.
    pub(crate) ask: Ask,
    /// The binding context: kind, review, versions and the names of the snapshots (effective `includeSnapshotsFrom`).
    /// Where the hook is a component and nothing is recorded, nobody reads its review: see [`Engine::wants_review`].
    pub(crate) context: Context,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
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
    /// The operator stops.
    #[error("hookbox is stopping")]
    Stopping,
}

impl Unanswered {
    /// A stable word for this error.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Failed { code, .. } => code,
            Self::SnapshotsUnknown => "snapshots-unknown",
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
        let Question { ask, context } = question;
        let Some(hook) = self.hook(index) else {
            return Err(Unanswered::Stopping);
        };
        let queued = Instant::now();
        let turn = self.turn(index);
        if turn > Instant::now() {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Unanswered::Stopping),
                () = tokio::time::sleep_until(turn) => {}
            }
        } else if self.stop.is_cancelled() {
            return Err(Unanswered::Stopping);
        }
        let snapshots = context.snapshot_names.as_deref().unwrap_or_default();
        if !self.snapshots_are_whole(index, snapshots) {
            return Err(Unanswered::SnapshotsUnknown);
        }
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
        };
        let input = self.input_of(index, context);
        match self.attempt(&turn, &ask, input, |_| None).await {
            Attempt::Succeeded(answer) => Ok(answer.unwrap_or(Answer::Done)),
            Attempt::Failed { code, message, .. } => Err(Unanswered::Failed { code, message }),
        }
    }
}
