//! From a review to its answer.

mod admission;
mod conversion;
mod kept;

use std::sync::Arc;
use std::time::Duration;

use hookbox_sandbox::Answer;
use tokio::time::Instant;

use self::kept::Kept;
use super::pool::{NoPlace, Pool};
use super::sites::{Site, Sites};
use crate::engine::{Engine, Question, Unanswered};
use crate::metrics::SelfMetrics;
use crate::queue::HookIndex;

/// How long the API server waits at most.
const LONGEST: Duration = Duration::from_secs(30);

/// Answers reviews.
pub(crate) struct Handler {
    /// The operator's own hooks.
    pub(crate) own: Site,
    /// Those of Hook objects.
    pub(crate) tenants: Sites,
    pub(crate) pool: Pool,
}

/// A body, and what is said of it.
pub(crate) struct Reply {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// `validating`, `mutating` or `conversion`.
    pub(crate) kind: &'static str,
    /// Name of the webhook, or of the CustomResourceDefinition.
    pub(crate) webhook: String,
    /// A stable word.
    pub(crate) outcome: &'static str,
}

/// Why a hook gave no answer.
enum Failed {
    /// Too many wait.
    Full,
    /// It took too long.
    Late,
    /// There is none.
    Unanswered(Unanswered),
}

impl Failed {
    /// The hook was not asked, as it does not run here, or not yet.
    const NOT_READY: &'static str = "not-ready";

    /// A stable word.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Full | Self::Unanswered(Unanswered::OverQuota(_)) => "overloaded",
            Self::Late | Self::Unanswered(Unanswered::Late) => "late",
            Self::Unanswered(Unanswered::Failed { .. }) => "failed",
            Self::Unanswered(
                Unanswered::SnapshotsUnknown | Unanswered::NoSuchHook(_) | Unanswered::Stopping,
            ) => Self::NOT_READY,
        }
    }

    /// HTTP status code and text.
    fn told(&self, hook: &str, within: Duration) -> (u16, String) {
        match self {
            Self::Full => (
                429,
                format!("hook `{hook}` was not asked: too many requests wait for hooks"),
            ),
            Self::Late | Self::Unanswered(Unanswered::Late) => (
                // As the API server itself has it: 504 would be asked again by many clients.
                500,
                format!(
                    "hook `{hook}` did not answer within {} s",
                    crate::backoff::seconds(within)
                ),
            ),
            Self::Unanswered(error @ Unanswered::OverQuota(_)) => {
                (429, format!("hook `{hook}` was not asked: {error}"))
            }
            // As in shell-operator; why is for the log, as it may hold what not everybody shall see.
            Self::Unanswered(Unanswered::Failed { .. }) => (403, "Hook failed".to_owned()),
            Self::Unanswered(error) => (503, format!("hook `{hook}` was not asked: {error}")),
        }
    }

    /// A stable word for why, for the log.
    fn code(&self) -> &str {
        match self {
            Self::Unanswered(error) => error.code(),
            other => other.outcome(),
        }
    }

    /// Why, for the log.
    fn why(&self) -> String {
        match self {
            Self::Full => "too many requests wait for hooks".to_owned(),
            Self::Late => "it did not answer in time".to_owned(),
            Self::Unanswered(error) => crate::api::one_line(&error.to_string()),
        }
    }
}

/// Until when to answer somebody who waits for `timeout`: somewhat earlier, so that the answer is ours.
fn deadline(timeout: Duration) -> Duration {
    timeout - (timeout / 10).min(Duration::from_secs(1))
}

impl Handler {
    pub(crate) fn metrics(&self) -> &Arc<SelfMetrics> {
        &self.own.engine.metrics
    }

    /// Asks a hook, in its turn and until a time.
    async fn ask(
        &self,
        engine: &Arc<Engine>,
        hook: HookIndex,
        question: Question,
        until: Instant,
    ) -> Result<Answer, Failed> {
        // The hooks of a tenant share its line.
        let own = Arc::ptr_eq(engine, &self.own.engine).then_some(hook);
        let place = match self.pool.enter(own, &engine.lane(hook), until).await {
            Ok(place) => place,
            Err(NoPlace::Full) => return Err(Failed::Full),
            Err(NoPlace::Late) => return Err(Failed::Late),
        };
        let (engine, tasks) = (engine.clone(), engine.tasks.clone());
        let run = async move {
            let answer = engine.answer(hook, question).await;
            drop(place);
            answer
        };
        let run = Kept::new(&tasks, run);
        match tokio::time::timeout_at(until, run).await {
            Err(_) => Err(Failed::Late),
            // The run has the same time, and may come to its end a moment before.
            Ok(Ok(Err(Unanswered::Failed { .. }))) if Instant::now() >= until => Err(Failed::Late),
            Ok(Ok(answer)) => answer.map_err(Failed::Unanswered),
            Ok(Err(_)) => Err(Failed::Unanswered(Unanswered::Failed {
                code: "panic".to_owned(),
                message: "the run panicked".to_owned(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_comes_before_the_api_server_gives_up() {
        for (timeout, ours) in [(1, 900), (5, 4500), (10, 9000), (30, 29_000)] {
            assert_eq!(
                deadline(Duration::from_secs(timeout)),
                Duration::from_millis(ours)
            );
        }
        assert_eq!(deadline(Duration::ZERO), Duration::ZERO);
    }
}
