//! An operator on an embedded cluster, driven step by step: what `test`, `dev` and `exec` have in common.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::apply::Observe;
use hookbox_operator::event::{OperatorEvent, RunFinished, RunReason, RunResult};
use hookbox_operator::load::Loaded;
use hookbox_operator::{Operator, Options, Running};
use hookbox_sandbox::Budget;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::failure::{OrFail, Outcome};

/// Time between two bookmarks while watches are waited for.
const BOOKMARKS: Duration = Duration::from_millis(5);

/// One run that is over, and why it was.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) reasons: Vec<RunReason>,
    pub(crate) run: RunFinished,
}

/// An operator on an embedded cluster.
pub(crate) struct Trial {
    pub(crate) cluster: Cluster,
    pub(crate) running: Running,
    events: Receiver<Arc<OperatorEvent>>,
    started: Vec<(u64, Vec<RunReason>)>,
    /// Events that came too fast to be received.
    pub(crate) missed: u64,
}

/// When runs begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as they can.
    Free,
    /// One at a time, each when all is seen that the ones before led to.
    Steps,
}

/// How waiting for an operator ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// All is done.
    Quiet,
    /// A run failed; it would be repeated again and again.
    Failed,
}

impl Trial {
    /// Start `hooks` on `cluster`, as an operator does it or step by step: then the same cluster leads to the same runs.
    pub(crate) async fn start(
        cluster: Cluster,
        hooks: Loaded,
        jq: Jq,
        budget: Budget,
        pace: Pace,
    ) -> Outcome<Self> {
        let mut options = Options::default();
        options.client = Some(cluster.client());
        options.budget = budget;
        options.stepped = pace == Pace::Steps;
        options.time_zone = jiff::tz::TimeZone::UTC;
        options.writer.observe = Observe::Before;
        // The cluster is ours alone; nobody needs to be spared.
        options.writer.qps = 0.0;
        let running = Operator::start_loaded(options, hooks, jq)
            .await
            .context("the operator does not start")
            .or_failed()?;
        let events = running.events();
        Ok(Self {
            cluster,
            running,
            events,
            started: Vec::new(),
            missed: 0,
        })
    }

    /// Wait until everything is done that the cluster's present state leads to, handing each event to `see`. Ends
    /// early at a run that failed for good or will be repeated.
    pub(crate) async fn settle(&mut self, mut see: impl FnMut(&OperatorEvent)) -> Outcome<Settled> {
        loop {
            let revision = self.cluster.revision();
            let quiet = async {
                loop {
                    self.running.still().await;
                    self.cluster.settled().await;
                    caught_up(&self.cluster, &self.running).await;
                    if !self.running.step().await {
                        break;
                    }
                }
                self.running.idle().await;
            };
            tokio::pin!(quiet);
            let mut done = false;
            while !done {
                tokio::select! {
                    biased;
                    event = self.events.recv() => {
                        match event {
                            Ok(event) => {
                                see(&event);
                                if failed(&event) {
                                    return Ok(Settled::Failed);
                                }
                            }
                            Err(RecvError::Lagged(events)) => self.missed += events,
                            Err(RecvError::Closed) => return Ok(Settled::Quiet),
                        }
                    }
                    () = &mut quiet => done = true,
                }
            }
            while let Ok(event) = self.events.try_recv() {
                see(&event);
                if failed(&event) {
                    return Ok(Settled::Failed);
                }
            }
            // What the hooks wrote may lead to more.
            if self.cluster.revision() == revision {
                return Ok(Settled::Quiet);
            }
        }
    }

    /// As [`Trial::settle`], with the runs that ended.
    pub(crate) async fn runs(&mut self) -> Outcome<(Settled, Vec<Finished>)> {
        let mut runs = Vec::new();
        let mut started = std::mem::take(&mut self.started);
        let settled = self
            .settle(|event| match event {
                OperatorEvent::RunStarted { run, reasons, .. } => {
                    started.push((*run, reasons.clone()))
                }
                OperatorEvent::RunFinished(run) => {
                    let index = started.iter().position(|(number, _)| *number == run.run);
                    let reasons = index.map(|i| started.swap_remove(i).1).unwrap_or_default();
                    runs.push(Finished {
                        reasons,
                        run: (**run).clone(),
                    });
                }
                _ => {}
            })
            .await?;
        self.started = started;
        Ok((settled, runs))
    }

    /// The next event; none when the operator is gone.
    pub(crate) async fn next(&mut self) -> Option<Arc<OperatorEvent>> {
        loop {
            match self.events.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(events)) => self.missed += events,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// Wait until the operator's watches have seen all that happened in the cluster.
async fn caught_up(cluster: &Cluster, running: &Running) {
    let up = running.caught_up(cluster.revision());
    tokio::pin!(up);
    loop {
        // A watch that no change concerns learns of the others by a bookmark only. It may not be there yet at the
        // first one.
        cluster.faults().send_bookmarks();
        tokio::select! {
            () = &mut up => return,
            () = tokio::time::sleep(BOOKMARKS) => {}
        }
    }
}

fn failed(event: &OperatorEvent) -> bool {
    match event {
        OperatorEvent::RunFinished(run) => {
            matches!(&run.result, RunResult::Failed { allowed: false, .. })
        }
        OperatorEvent::BindingFailed { .. } => true,
        _ => false,
    }
}
