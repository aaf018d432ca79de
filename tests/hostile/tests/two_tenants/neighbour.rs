//! The other tenant: its objects change one after the other, and for each change its hook has to run once and to write
//! what there is.

use std::sync::Arc;

use hookbox_cluster::Cluster;
use hookbox_hostile::tenants::{HOSTILE, NEIGHBOUR};
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::{RunFinished, RunResult};
use hookbox_test_teams::watched;
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::Instant;

use crate::stage::{apply, request};
use crate::times::Times;

/// Its hook.
const HOOK: &str = "team-a/probe/see_a";

/// The other tenant.
pub(crate) struct Neighbour {
    cluster: Cluster,
    events: Receiver<Arc<OperatorEvent>>,
    changes: usize,
    /// What went wrong with a run of it.
    wrong: Option<String>,
}

impl Neighbour {
    pub(crate) fn new(cluster: Cluster, events: Receiver<Arc<OperatorEvent>>) -> Self {
        Self {
            cluster,
            events,
            changes: 0,
            wrong: None,
        }
    }

    /// One change, which is odd or even: an object comes, or it goes. Adds to the times.
    pub(crate) async fn change(&mut self, times: &mut Times) -> Result<(), String> {
        self.changes += 1;
        let began = Instant::now();
        let expected = if self.changes % 2 == 1 {
            let name = format!("change-{}", self.changes);
            apply(&self.cluster, &[watched(NEIGHBOUR, &name)]).await;
            name
        } else {
            let path = format!(
                "/api/v1/namespaces/{NEIGHBOUR}/configmaps/change-{}",
                self.changes - 1
            );
            request(&self.cluster, "DELETE", &path).await;
            String::new()
        };
        let mut between = 0;
        let run = self.run(&mut between).await?;
        times.ways.push(began.elapsed());
        times.runs.push(run.usage.wall_clock);
        times.between = times.between.max(between);
        let path = format!("/api/v1/namespaces/{NEIGHBOUR}/configmaps/seen-a");
        let seen = request(&self.cluster, "GET", &path).await;
        match &seen["data"]["names"] {
            Value::String(names) if *names == expected => Ok(()),
            other => Err(format!("the neighbour sees {other}, not `{expected}`")),
        }
    }

    /// Its next run, which goes through at once. Counts those of the attacker that end before it.
    async fn run(&mut self, between: &mut usize) -> Result<Box<RunFinished>, String> {
        loop {
            let event = match self.events.recv().await {
                Ok(event) => event,
                // Events of others are many.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return Err("the operator is gone".to_owned()),
            };
            let OperatorEvent::RunFinished(run) = &*event else {
                continue;
            };
            if run.hook.starts_with(HOSTILE) {
                *between += 1;
            }
            if run.hook != HOOK {
                continue;
            }
            if run.result != RunResult::Succeeded || run.attempt != 1 {
                self.wrong = Some(format!("attempt {}: {:?}", run.attempt, run.result));
                return Err(format!("the neighbour's run: {:?}", run.result));
            }
            return Ok(run.clone());
        }
    }

    /// Forgets events that nobody needs: they hold what the runs held that they tell of. No run of its own is due.
    pub(crate) fn forget(&mut self) {
        while !matches!(
            self.events.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Closed)
        ) {}
    }

    /// What went wrong with it at any time.
    pub(crate) fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }
}
