//! From standing by to leading, and back.
//!
//! An operator without an election leads from its start to its end. One with an election stands by first: its hooks are
//! loaded, its queues are closed, and only what webhooks show is watched. When it comes to lead, all begins as after a
//! start (BEHAVIOUR B1), so that the Synchronizations show the present state; when it leads no longer, runs under way are
//! cut and what waits is forgotten, because the next leader begins in the same way.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Engine, MAIN, binding_key, serve, startup_key};
use crate::event::OperatorEvent;
use crate::leader::{Elector, Leadership, Lost, Term};
use crate::monitor::{MonitorId, Phase};
use crate::queue::{Cause, HookIndex, Reason, Status, Work};
use crate::schedule::Scheduler;

/// What readiness waits for.
pub(crate) const LEASE: &str = "lease";

/// One time of leading.
pub(crate) struct Leading {
    pub(super) term: Term,
    /// Nothing new is begun once this is cancelled: the term is over, or the operator stops.
    pub(super) ended: CancellationToken,
    tasks: TaskTracker,
}

impl Leading {
    /// A task that ends with this time of leading.
    pub(super) fn spawn(&self, engine: &Engine, task: impl Future<Output = ()> + Send + 'static) {
        engine.tasks.spawn(self.tasks.track_future(task));
    }
}

/// Takes part in the election until the operator stops: leads when it is elected, and stands by when it is not. `left`:
/// all runs have ended, and the lease may be given back.
pub(crate) async fn lead(engine: Arc<Engine>, mut elector: Elector, left: CancellationToken) {
    loop {
        let term = tokio::select! {
            biased;
            () = engine.stop.cancelled() => break,
            term = elector.acquire() => term,
        };
        let leading = engine.begin(term.clone());
        engine.readiness.done(LEASE);
        let lost = tokio::select! {
            biased;
            () = left.cancelled() => break,
            lost = elector.keep(&term) => lost,
        };
        term.end();
        elector.step_down();
        let lease = &*elector.view().lease;
        match lost {
            Lost::Taken => tracing::warn!(
                lease,
                "this replica leads no longer: the lease is another's"
            ),
            Lost::Late => tracing::warn!(
                lease,
                "this replica leads no longer: the lease could not be renewed in time"
            ),
        }
        engine.end(&leading).await;
    }
    engine.end_now();
    elector.step_down();
    elector.release().await;
}

impl Engine {
    /// Shows who leads.
    pub(crate) fn leadership(&self, view: &Leadership) {
        self.metrics.leader(view.leads);
        self.leads.send_replace(view.leads);
        self.readiness.set_role(&view.to_string());
        let text = match &view.trouble {
            Some(trouble) => format!("the lease {}: {trouble}", view.lease),
            None => format!("the lease {}", view.lease),
        };
        if view.leader.is_some() && !view.leads {
            self.readiness.done(LEASE);
        } else if !view.known {
            self.readiness.wait_for(LEASE, &text);
        }
        match &view.trouble {
            Some(_) if view.known => self.readiness.without(LEASE, &text),
            _ => self.readiness.without_no_more(LEASE),
        }
        self.tell(|| OperatorEvent::Leadership(view.clone()));
    }

    /// Closes the queues, and watches what webhooks show.
    pub(crate) fn stand_by(self: &Arc<Self>) {
        self.close_queues();
        for id in self.shown_by_webhooks() {
            let Some((hook, binding)) = self.hook(id.hook).and_then(|hook| {
                let binding = hook.config.kubernetes.get(id.binding)?;
                Some((hook, binding))
            }) else {
                continue;
            };
            let Some(monitor) = self.start_monitor(id) else {
                continue;
            };
            monitor.stand_by();
            let key = format!("standby {} {}", hook.name, id.binding);
            let text = format!(
                "the objects of binding {} of hook {}",
                binding.name, hook.name
            );
            self.readiness.wait_for(&key, &text);
            let engine = self.clone();
            self.tasks.spawn(async move {
                tokio::select! {
                    () = engine.stop.cancelled() => {}
                    () = monitor.reached(|p| p.phase != Phase::Starting) => {}
                }
                engine.readiness.done(&key);
            });
        }
        self.readiness.hooks_loaded();
    }

    /// The bindings whose snapshots belong to a webhook.
    fn shown_by_webhooks(&self) -> BTreeSet<MonitorId> {
        let mut shown = BTreeSet::new();
        for (index, hook) in self.hooks.iter().enumerate() {
            let config = &hook.config;
            let reviews = config
                .webhooks()
                .flat_map(|webhook| &webhook.include_snapshots_from);
            let conversions = config
                .kubernetes_custom_resource_conversion
                .iter()
                .flat_map(|conversion| &conversion.include_snapshots_from);
            let position = |name: &String| config.kubernetes.iter().position(|k| k.name == *name);
            shown.extend(
                reviews
                    .chain(conversions)
                    .filter_map(position)
                    .map(|binding| MonitorId {
                        hook: index,
                        binding,
                    }),
            );
        }
        shown
    }

    /// Puts the tasks of the start into `main` and serves all queues (BEHAVIOUR B1).
    pub(crate) fn begin(self: &Arc<Self>, term: Term) -> Arc<Leading> {
        let leading = Arc::new(Leading {
            term,
            ended: self.stop.child_token(),
            tasks: TaskTracker::new(),
        });
        let weak = Arc::downgrade(self);
        let scheduler = Scheduler::new(self.clock, self.zone.clone(), move |id| {
            if let Some(engine) = weak.upgrade() {
                engine.fire_schedule(id);
            }
        });
        *self.scheduler() = Some(scheduler);
        *self.leading() = Some(leading.clone());
        if let Some(module) = &self.module {
            module.reset();
        }
        for queue in self.queues.values() {
            queue.state().open();
        }
        self.queue_start();
        self.readiness.hooks_loaded();
        for queue in self.queues.values() {
            let serve = serve::serve(self.clone(), leading.clone(), queue.clone());
            leading.spawn(self, serve);
        }
        leading
    }

    fn queue_start(&self) {
        let mut startup: Vec<(i64, HookIndex)> = self
            .hooks
            .iter()
            .enumerate()
            .filter_map(|(i, hook)| hook.config.on_startup.map(|order| (order, i)))
            .collect();
        startup.sort_unstable();
        for (_, hook) in startup {
            let name = self.hook_name(hook);
            self.readiness.wait_for(
                &startup_key(name),
                &format!("the onStartup run of hook {name}"),
            );
            let reason = Reason {
                binding: "onStartup".into(),
                group: None,
                snapshots: Arc::from([]),
                cause: Cause::Startup,
            };
            self.push_back(MAIN, hook, Work::Run(self.hook_run(hook, reason, false)));
        }
        for (i, hook) in self.hooks.iter().enumerate() {
            for (binding, config) in hook.config.kubernetes.iter().enumerate() {
                let text = format!(
                    "the first Synchronization of binding {} of hook {}",
                    config.name, hook.name
                );
                self.readiness
                    .wait_for(&binding_key(&hook.name, binding), &text);
                self.metrics.binding_begins(&config.name);
            }
            if !hook.config.kubernetes.is_empty() {
                self.push_back(MAIN, i, Work::EnableKubernetes);
            }
            if !hook.config.schedule.is_empty() {
                self.push_back(MAIN, i, Work::EnableSchedules);
            }
        }
    }

    /// Ends a time of leading, and waits until nothing of it is under way.
    pub(crate) async fn end(&self, leading: &Leading) {
        self.end_now();
        leading.tasks.close();
        leading.tasks.wait().await;
        // What the last tasks put into the queues before they ended was refused; what they left is forgotten here.
        self.close_queues();
        let shown = self.shown_by_webhooks();
        let mut monitors = self.monitors.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = monitors
            .extract_if(|id, _| !shown.contains(id))
            .map(|(_, monitor)| monitor)
            .collect();
        monitors.values().for_each(|monitor| monitor.stand_by());
        drop(monitors);
        drop(gone);
        for hook in &self.hooks {
            // Another leads now, and changes what an instance may remember.
            if let Some(warm) = &hook.warm {
                warm.cool();
            }
            self.readiness.done(&startup_key(&hook.name));
            for binding in 0..hook.config.kubernetes.len() {
                let key = binding_key(&hook.name, binding);
                self.readiness.done(&key);
                self.readiness.without_no_more(&key);
            }
        }
    }

    /// Ends the present time of leading: no run begins, those under way are cut, nothing more is changed.
    pub(crate) fn end_now(&self) {
        if let Some(leading) = self.leading().take() {
            leading.term.end();
            leading.ended.cancel();
        }
        self.scheduler().take();
        self.close_queues();
    }

    fn close_queues(&self) {
        for queue in self.queues.values() {
            let forgotten = queue.state().close();
            queue.set_status(Status::Idle);
            self.done(forgotten);
        }
    }
}
