//! Serving one queue: one task after the other, until it is done.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use super::{Engine, Leading};
use crate::event::OperatorEvent;
use crate::queue::{Queue, Status, Task, Work, growing_pause};

/// What became of a task.
pub(super) enum Done {
    /// It is done, well or for good.
    Yes,
    /// It is to be done again after this pause.
    Again(Duration),
    /// The operator stops, or leads no longer.
    Stopped,
}

pub(super) async fn serve(engine: Arc<Engine>, leading: Arc<Leading>, queue: Arc<Queue>) {
    loop {
        let task = tokio::select! {
            biased;
            () = leading.ended.cancelled() => return,
            task = engine.next(&queue) => task,
        };
        let work = AssertUnwindSafe(engine.perform(&leading, &queue, &task))
            .catch_unwind()
            .await;
        let done = work.unwrap_or_else(|_| {
            tracing::error!(
                queue = queue.name,
                hook = engine.hook_name(task.hook),
                "a task panicked"
            );
            Done::Again(growing_pause(task.failures, fastrand::f64()))
        });
        match done {
            Done::Yes => {
                if queue.finish() {
                    engine.tell(|| OperatorEvent::QueueIdle {
                        queue: queue.name.clone(),
                    });
                }
                engine.done(1);
            }
            Done::Again(pause) => {
                queue.fail(pause);
                tokio::select! {
                    biased;
                    () = leading.ended.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
            Done::Stopped => return,
        }
    }
}

impl Engine {
    /// Waits until there is a task to do and, where tasks go step by step, until it may begin.
    async fn next(&self, queue: &Queue) -> Task {
        if let Some(steps) = &self.steps {
            queue.filled().await;
            steps.wait(&queue.name).await;
        }
        queue.begin().await
    }

    async fn perform(self: &Arc<Self>, leading: &Arc<Leading>, queue: &Queue, task: &Task) -> Done {
        match &task.work {
            Work::EnableKubernetes => {
                tokio::select! {
                    biased;
                    () = leading.ended.cancelled() => return Done::Stopped,
                    () = self.enable_kubernetes(leading, task.hook) => {}
                }
                Done::Yes
            }
            Work::EnableSchedules => {
                self.enable_schedules(task.hook);
                Done::Yes
            }
            Work::Run(run) => {
                let turn = self.turn(task.hook);
                // A timer rounds up to whole milliseconds: a hook whose turn has come must not wait for one.
                let now = Instant::now();
                if turn > now {
                    queue.set_status(Status::Limited {
                        since: now,
                        until: turn,
                    });
                    tokio::select! {
                        biased;
                        () = leading.ended.cancelled() => return Done::Stopped,
                        () = tokio::time::sleep_until(turn) => {}
                    }
                    queue.set_status(Status::Running {
                        since: Instant::now(),
                    });
                } else if leading.ended.is_cancelled() {
                    return Done::Stopped;
                }
                if run.skip {
                    self.unlock(task.hook, &run.unlocks);
                    return Done::Yes;
                }
                tokio::select! {
                    biased;
                    () = leading.ended.cancelled() => return Done::Stopped,
                    () = self.quota_allows(queue) => {}
                }
                // What came while the hook had to wait is part of this run.
                let (merged, task) = {
                    let mut state = queue.state();
                    let merged = state.combine();
                    (merged, state.begin().cloned())
                };
                self.done(merged);
                match task {
                    Some(Task {
                        work: Work::Run(run),
                        hook,
                        queued,
                        failures,
                        ..
                    }) => {
                        self.run(&leading.term, queue, hook, &run, queued, failures)
                            .await
                    }
                    _ => Done::Yes,
                }
            }
        }
    }
}
