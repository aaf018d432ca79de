//! Enabling a hook's bindings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::listener::EngineListener;
use super::{Engine, Leading, binding_key};
use crate::load::Hook;
use crate::monitor::{Monitor, MonitorId, MonitorSpec, Phase};
use crate::queue::{HookIndex, HookRun};

/// `main` waits this long for a binding's first list; then it goes on, and the binding comes later.
const FIRST_LIST: Duration = Duration::from_secs(60);

impl Engine {
    /// Starts the monitors of a hook and, when their objects are known, puts one Synchronization for each at the head
    /// of `main`, in the order of the configuration.
    ///
    /// shell-operator keeps `main` until all bindings are enabled, so that one unknown kind stops every hook. Here a
    /// binding that cannot be enabled is left behind: it is tried again for itself, and its Synchronization is queued
    /// once its objects, and those of the bindings whose snapshots it shows, are known. A kind that is not served has no
    /// objects, and keeps nobody waiting.
    pub(super) async fn enable_kubernetes(
        self: &Arc<Self>,
        leading: &Arc<Leading>,
        index: HookIndex,
    ) {
        let Some(hook) = self.hook(index) else {
            return;
        };
        if self.cluster.is_none() {
            self.leave_out(hook);
            return;
        }
        let started = Instant::now();
        let mut monitors = Vec::with_capacity(hook.config.kubernetes.len());
        for binding in 0..hook.config.kubernetes.len() {
            let id = MonitorId {
                hook: index,
                binding,
            };
            if let Some(monitor) = self.start_monitor(id) {
                // It may have been watching for webhooks already.
                monitor.lock();
                monitors.push((id, monitor));
            }
        }
        for (_, monitor) in &monitors {
            let left = FIRST_LIST.saturating_sub(started.elapsed());
            // Whether it came to something or not shows below.
            let known = monitor.reached(|p| p.phase != Phase::Starting);
            let _ = tokio::time::timeout(left, known).await;
        }
        let mut ready = Vec::with_capacity(monitors.len());
        let mut late = Vec::new();
        for (id, monitor) in monitors {
            let needs = self.needed(index, &monitor.config().include_snapshots_from);
            let whole = needs.iter().all(|needed| needed.phase().is_whole());
            if whole && monitor.phase() == Phase::Enabled {
                ready.push(self.synchronization(index, &monitor));
            } else {
                late.push((id, monitor, needs));
            }
        }
        self.metrics
            .enable_kubernetes_bindings(&hook.name, started.elapsed(), late.is_empty());
        self.push_head(index, ready);
        let left = Arc::new(AtomicUsize::new(late.len()));
        for (id, monitor, needs) in late {
            // The others do not wait for it, so neither does readiness.
            self.readiness.done(&binding_key(&hook.name, id.binding));
            let (engine, leading_on, left) = (self.clone(), leading.clone(), left.clone());
            leading.spawn(self, async move {
                let enabled = come_later(&engine, &leading_on, index, monitor, needs).await;
                if enabled && left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    let took = started.elapsed();
                    let name = engine.hook_name(index);
                    engine.metrics.enable_kubernetes_bindings(name, took, true);
                }
            });
        }
    }

    fn synchronization(&self, hook: HookIndex, monitor: &Monitor) -> HookRun {
        let config = monitor.config();
        let mut run = self.hook_run(hook, monitor.synchronization(), config.allow_failure);
        run.skip = !config.execute_hook_on_synchronization;
        run
    }

    /// The monitor of a binding, which is started where there is none yet. None without a cluster.
    pub(super) fn start_monitor(self: &Arc<Self>, id: MonitorId) -> Option<Arc<Monitor>> {
        let (hook, cluster) = (self.hook(id.hook)?, self.cluster.as_ref()?);
        let config = hook.config.kubernetes.get(id.binding)?;
        let filter = hook.filters.get(id.binding)?;
        let mut monitors = self.monitors.lock().unwrap_or_else(PoisonError::into_inner);
        let monitor = monitors.entry(id).or_insert_with(|| {
            Arc::new(Monitor::start(MonitorSpec {
                id,
                version: hook.config.version,
                config: config.clone(),
                filter: filter.clone(),
                hub: cluster.hub.clone(),
                kinds: cluster.kinds.clone(),
                listener: Arc::new(EngineListener(Arc::downgrade(self))),
                quota: self.quota().cloned(),
            }))
        });
        Some(monitor.clone())
    }

    /// Says which bindings never run without a cluster. Nobody waits for them.
    fn leave_out(&self, hook: &Hook) {
        let names: Vec<&str> = hook
            .config
            .kubernetes
            .iter()
            .map(|k| k.name.as_str())
            .collect();
        for binding in 0..names.len() {
            self.readiness.done(&binding_key(&hook.name, binding));
        }
        tracing::warn!(
            hook = &*hook.name,
            bindings = names.join(", "),
            "there is no cluster: these bindings never run"
        );
    }

    /// The monitors behind these snapshots.
    pub(super) fn needed(&self, hook: HookIndex, snapshots: &[String]) -> Vec<Arc<Monitor>> {
        let bindings = self
            .hook(hook)
            .map(|h| h.config.kubernetes.as_slice())
            .unwrap_or_default();
        let position = |name: &String| bindings.iter().position(|b| b.name == *name);
        let monitor = |binding| self.monitor(MonitorId { hook, binding });
        snapshots
            .iter()
            .filter_map(position)
            .filter_map(monitor)
            .collect()
    }

    /// Whether all of these snapshots hold what they should. Hooks take a snapshot for whole: an empty one that only is
    /// not known yet would make them remove things.
    pub(super) fn snapshots_are_whole(&self, hook: HookIndex, snapshots: &[String]) -> bool {
        let needed = self.needed(hook, snapshots);
        needed.len() == snapshots.len() && needed.iter().all(|m| m.phase().is_whole())
    }

    /// A binding's objects are known again, after they had to be forgotten: the hook sees them as after a start. Not where
    /// another replica leads, whose hooks saw them all the time.
    pub(super) fn synchronize_again(&self, id: MonitorId) {
        if let (true, Some(monitor)) = (*self.leads.borrow(), self.monitor(id)) {
            let run = self.synchronization(id.hook, &monitor);
            self.push_head(id.hook, vec![run]);
        }
    }

    /// Starts a hook's schedules.
    pub(super) fn enable_schedules(&self, index: HookIndex) {
        if let (Some(hook), Some(scheduler)) = (self.hook(index), &*self.scheduler()) {
            scheduler.enable(index, &hook.config.schedule);
        }
    }

    /// Lets the events of bindings flow.
    pub(super) fn unlock(&self, hook: HookIndex, bindings: &[usize]) {
        for binding in bindings {
            if let Some(monitor) = self.monitor(MonitorId {
                hook,
                binding: *binding,
            }) {
                monitor.unlock();
            }
            self.readiness
                .done(&binding_key(self.hook_name(hook), *binding));
        }
    }
}

/// Queues the Synchronization of a binding once its objects, and all that it shows of other bindings, are known.
/// Whether it came to that before the operator stopped or led no longer.
async fn come_later(
    engine: &Engine,
    leading: &Leading,
    index: HookIndex,
    monitor: Arc<Monitor>,
    needs: Vec<Arc<Monitor>>,
) -> bool {
    let known = async {
        monitor.reached(|p| p.phase == Phase::Enabled).await;
        for needed in needs {
            needed.reached(|p| p.phase.is_whole()).await;
        }
    };
    let enabled = tokio::select! {
        biased;
        () = leading.ended.cancelled() => false,
        () = known => true,
    };
    if enabled {
        engine.push_head(index, vec![engine.synchronization(index, &monitor)]);
    }
    enabled
}
