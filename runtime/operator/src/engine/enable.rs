//! Enabling a hook's bindings.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::listener::EngineListener;
use super::{Engine, binding_key};
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
    /// once its objects are known.
    pub(super) async fn enable_kubernetes(self: &Arc<Self>, index: HookIndex) {
        let (Some(hook), Some(cluster)) = (self.hook(index), &self.cluster) else {
            if let Some(hook) = self.hook(index) {
                tracing::error!(
                    hook = &*hook.name,
                    "there is no cluster: the kubernetes bindings are not enabled"
                );
            }
            return;
        };
        let started = Instant::now();
        let mut monitors = Vec::with_capacity(hook.config.kubernetes.len());
        for (binding, (config, filter)) in
            hook.config.kubernetes.iter().zip(&hook.filters).enumerate()
        {
            let id = MonitorId {
                hook: index,
                binding,
            };
            let monitor = Arc::new(Monitor::start(MonitorSpec {
                id,
                config: config.clone(),
                filter: filter.clone(),
                client: cluster.client.clone(),
                kinds: cluster.kinds.clone(),
                listener: Arc::new(EngineListener(Arc::downgrade(self))),
            }));
            self.monitors
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, monitor.clone());
            monitors.push((id, monitor));
        }
        let mut ready = Vec::with_capacity(monitors.len());
        let mut late = Vec::new();
        for (id, monitor) in monitors {
            let mut phase = monitor.phase();
            let left = FIRST_LIST.saturating_sub(started.elapsed());
            let first = tokio::time::timeout(left, phase.wait_for(|p| *p != Phase::Starting)).await;
            match first {
                Ok(Ok(phase)) if *phase == Phase::Enabled => ready.push(synchronization(&monitor)),
                _ => late.push((id, monitor)),
            }
        }
        self.metrics
            .enable_kubernetes_bindings(&hook.name, started.elapsed(), late.is_empty());
        self.push_head(index, ready);
        for (id, monitor) in late {
            // The others do not wait for it, so neither does readiness.
            self.readiness.done(&binding_key(&hook.name, id.binding));
            self.tasks.spawn(come_later(self.clone(), index, monitor));
        }
    }

    /// Starts a hook's schedules.
    pub(super) fn enable_schedules(&self, index: HookIndex) {
        if let (Some(hook), Some(scheduler)) = (self.hook(index), self.scheduler.get()) {
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

async fn come_later(engine: Arc<Engine>, index: HookIndex, monitor: Arc<Monitor>) {
    let mut phase = monitor.phase();
    let enabled = tokio::select! {
        biased;
        () = engine.stop.cancelled() => false,
        enabled = phase.wait_for(|p| *p == Phase::Enabled) => enabled.is_ok(),
    };
    if enabled {
        engine.push_head(index, vec![synchronization(&monitor)]);
    }
}

fn synchronization(monitor: &Monitor) -> HookRun {
    let config = monitor.config();
    let mut run = HookRun::new(monitor.synchronization(), config.allow_failure);
    run.skip = !config.execute_hook_on_synchronization;
    run
}
