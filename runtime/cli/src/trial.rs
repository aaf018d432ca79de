//! An operator on an embedded cluster, driven step by step: what `test`, `dev` and `exec` have in common.

mod end;

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hookbox_cluster::Cluster;
use hookbox_jq::Jq;
use hookbox_operator::apply::Observe;
use hookbox_operator::event::{OperatorEvent, RunFinished};
use hookbox_operator::load::Loaded;
use hookbox_operator::webhook::{Reach, WebhookOptions};
use hookbox_operator::{ModuleValues, Operator, Options, Running};
use hookbox_sandbox::Budget;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use self::end::Ends;
pub(crate) use self::end::Settled;
use crate::cli::Granted;
use crate::failure::{OrFail, Outcome};

/// Time between two bookmarks while watches are waited for.
const BOOKMARKS: Duration = Duration::from_millis(5);

/// How a trial goes.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// What each run may use.
    pub(crate) budget: Budget,
    /// Values that the hooks share; none: they belong to no module.
    pub(crate) values: Option<ModuleValues>,
    /// What hooks may do beyond reading their snapshots.
    pub(crate) granted: Granted,
    /// When runs begin.
    pub(crate) pace: Pace,
    /// Runs of one hook after which waiting for quiet is given up.
    pub(crate) max_runs: u64,
    /// Where the operator's metrics are served; none: nowhere.
    pub(crate) listen: Option<SocketAddr>,
    /// Whether webhooks are served to the embedded cluster.
    pub(crate) webhooks: bool,
}

/// An operator on an embedded cluster.
pub(crate) struct Trial {
    pub(crate) cluster: Cluster,
    pub(crate) running: Running,
    events: Receiver<Arc<OperatorEvent>>,
    ends: Ends,
    /// Events that came too fast to be received.
    pub(crate) missed: u64,
}

/// Webhooks for an API server in the same process.
fn local_webhooks() -> WebhookOptions {
    let mut options = WebhookOptions::default();
    options.admission.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.conversion = None;
    options.reach = Reach::Listener;
    options.secret = None;
    // What stays behind would keep the next trial from writing.
    options.unregister = true;
    // Bindings see objects converted from the first list on.
    options.register_first = true;
    options
}

/// When runs begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as they can.
    Free,
    /// One at a time, each when all is seen that the ones before led to.
    Steps,
}

/// How far an operator at [`Pace::Steps`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Through the runs for `onStartup`; nothing else begins.
    Startup,
    /// Until nothing is left to do.
    All,
}

impl Trial {
    /// Start `hooks` on `cluster`, as an operator does it or step by step: then the same cluster leads to the same runs.
    pub(crate) async fn start(
        cluster: Cluster,
        hooks: Loaded,
        jq: Jq,
        setup: Setup,
    ) -> Outcome<Self> {
        let mut options = Options::default();
        options.client = Some(cluster.client());
        options.values = setup.values;
        options.budget = setup.budget;
        options.grants = setup.granted.rules;
        options.http = setup.granted.http;
        options.stepped = setup.pace == Pace::Steps;
        options.listen = setup.listen;
        options.webhook = setup.webhooks.then(local_webhooks);
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
            ends: Ends::new(setup.max_runs),
            missed: 0,
        })
    }

    /// Wait until everything is done that the cluster's present state leads to, handing each event to `see`. Ends
    /// early at a run that failed for good or will be repeated, and when a hook has no end of running. Nothing is lost
    /// when the call is given up before it ends.
    pub(crate) async fn settle(&mut self, see: impl FnMut(&OperatorEvent)) -> Settled {
        self.settle_in(Stage::All, see).await
    }

    async fn settle_in(&mut self, stage: Stage, mut see: impl FnMut(&OperatorEvent)) -> Settled {
        self.ends.begin();
        loop {
            let revision = self.cluster.revision();
            loop {
                let seen = async {
                    self.running.still().await;
                    self.cluster.settled().await;
                    caught_up(&self.cluster, &self.running).await;
                };
                let mut look = |event: &OperatorEvent| {
                    see(event);
                    self.ends.look(event)
                };
                if let Some(end) = watch(&mut self.events, &mut self.missed, seen, &mut look).await
                {
                    return end;
                }
                if stage == Stage::Startup && !starts(&self.running) {
                    return self.ends.quiet();
                }
                if !self.running.step().await {
                    break;
                }
            }
            let mut look = |event: &OperatorEvent| {
                see(event);
                self.ends.look(event)
            };
            let idle = self.running.idle();
            if let Some(end) = watch(&mut self.events, &mut self.missed, idle, &mut look).await {
                return end;
            }
            // What the hooks wrote may lead to more.
            if self.cluster.revision() == revision {
                return self.ends.quiet();
            }
        }
    }

    /// As [`Trial::settle`], with the runs that ended.
    pub(crate) async fn runs(&mut self, stage: Stage) -> (Settled, Vec<RunFinished>) {
        let mut runs = Vec::new();
        let settled = self.settle_in(stage, |event| {
            if let OperatorEvent::RunFinished(run) = event {
                runs.push((**run).clone());
            }
        });
        (settled.await, runs)
    }

    /// What went wrong outside runs: bindings that cannot be enabled, filters that fail.
    pub(crate) fn problems(&self) -> &BTreeSet<String> {
        self.ends.problems()
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

/// Hand on events until `quiet` is done and all that came before it is seen, or until `look` says that it is enough.
async fn watch(
    events: &mut Receiver<Arc<OperatorEvent>>,
    missed: &mut u64,
    quiet: impl Future<Output = ()>,
    look: &mut impl FnMut(&OperatorEvent) -> Option<Settled>,
) -> Option<Settled> {
    tokio::pin!(quiet);
    loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => if let Some(end) = look(&event) {
                    return Some(end);
                },
                Err(RecvError::Lagged(events)) => *missed += events,
                Err(RecvError::Closed) => return Some(Settled::Quiet),
            },
            () = &mut quiet => break,
        }
    }
    loop {
        match events.try_recv() {
            Ok(event) => {
                if let Some(end) = look(&event) {
                    return Some(end);
                }
            }
            Err(TryRecvError::Lagged(events)) => *missed += events,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
        }
    }
}

/// Whether a run for `onStartup` waits.
fn starts(running: &Running) -> bool {
    let queues = running.queues();
    let mut tasks = queues.iter().flat_map(|queue| &queue.tasks);
    tasks.any(|task| task.kind == "Run" && task.bindings.iter().any(|b| b == "onStartup"))
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
