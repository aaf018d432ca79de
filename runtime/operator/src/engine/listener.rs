//! What monitors and schedules tell becomes tasks, events, metrics and log.

use std::sync::{Arc, Weak};

use super::{Engine, binding_key};
use crate::api;
use crate::backoff::seconds;
use crate::event::OperatorEvent;
use crate::metrics::RunLabels;
use crate::monitor::{Listener, MonitorId, Notice};
use crate::queue::{Reason, Work};
use crate::schedule::ScheduleId;

/// Monitors must not keep the engine that keeps them.
pub(super) struct EngineListener(pub(super) Weak<Engine>);

impl Listener for EngineListener {
    fn fire(&self, id: MonitorId, reason: Reason) {
        let Some(engine) = self.0.upgrade() else {
            return;
        };
        let Some(binding) = engine
            .hook(id.hook)
            .and_then(|h| h.config.kubernetes.get(id.binding))
        else {
            return;
        };
        engine.push_back(
            &binding.queue,
            id.hook,
            Work::Run(engine.hook_run(id.hook, reason, binding.allow_failure)),
        );
    }

    fn notice(&self, id: MonitorId, notice: Notice<'_>) {
        if let Some(engine) = self.0.upgrade() {
            engine.notice(id, &notice);
        }
    }
}

impl Engine {
    /// A schedule's time came.
    pub(crate) fn fire_schedule(self: &Arc<Self>, id: ScheduleId) {
        let Some(hook) = self.hook(id.hook) else {
            return;
        };
        let Some(schedule) = hook.config.schedule.get(id.schedule) else {
            return;
        };
        if self.stop.is_cancelled() {
            return;
        }
        self.tell(|| OperatorEvent::ScheduleFired {
            hook: hook.name.to_string(),
            binding: schedule.name.clone(),
            crontab: schedule.crontab.as_str().to_owned(),
        });
        if !self.snapshots_are_whole(id.hook, &schedule.include_snapshots_from) {
            tracing::warn!(
                hook = &*hook.name,
                binding = schedule.name,
                "the schedule's snapshots are not known yet; this time is skipped"
            );
            self.tell(|| OperatorEvent::ScheduleSkipped {
                hook: hook.name.to_string(),
                binding: schedule.name.clone(),
                crontab: schedule.crontab.as_str().to_owned(),
                message: "its snapshots are not known yet".to_owned(),
            });
            return;
        }
        let reason = Reason::of_schedule(schedule);
        self.push_back(
            &schedule.queue,
            id.hook,
            Work::Run(self.hook_run(id.hook, reason, schedule.allow_failure)),
        );
    }

    fn notice(&self, id: MonitorId, notice: &Notice<'_>) {
        let Some(hook) = self.hook(id.hook) else {
            return;
        };
        let Some(binding) = hook.config.kubernetes.get(id.binding) else {
            return;
        };
        let names = || (hook.name.to_string(), binding.name.clone());
        let labels = RunLabels {
            hook: &hook.name,
            binding: &binding.name,
            queue: &binding.queue,
        };
        match notice {
            Notice::Changed {
                event,
                namespace,
                name,
                outcome,
            } => self.tell(|| {
                let (hook, binding) = names();
                let (namespace, name) = ((*namespace).to_owned(), (*name).to_owned());
                OperatorEvent::KubeEvent {
                    hook,
                    binding,
                    watch_event: *event,
                    namespace,
                    name,
                    outcome: (*outcome).into(),
                }
            }),
            Notice::FilterFailed {
                namespace,
                name,
                error,
            } => {
                let message = api::chain(*error);
                self.metrics.filter_failed(labels, error.code());
                tracing::error!(
                    hook = &*hook.name,
                    binding = binding.name,
                    namespace,
                    name,
                    error = api::one_line(&message),
                    "the filter failed"
                );
                self.tell(|| {
                    let (hook, binding) = names();
                    let (namespace, name) = ((*namespace).to_owned(), (*name).to_owned());
                    OperatorEvent::FilterFailed {
                        hook,
                        binding,
                        namespace,
                        name,
                        message,
                    }
                });
            }
            Notice::Filtered { objects, took } => {
                let one = took
                    .checked_div(u32::try_from(*objects).unwrap_or(u32::MAX))
                    .unwrap_or_default();
                self.metrics.filter_took(labels, one);
            }
            Notice::Handled {
                took,
                objects,
                bytes,
            } => {
                self.metrics.event_took(labels, *took);
                self.metrics.snapshot(labels, *objects, *bytes);
            }
            Notice::WatchFailed { error, enabled } => {
                self.metrics.watch_error(error.code());
                if *enabled {
                    tracing::warn!(
                        hook = &*hook.name,
                        binding = binding.name,
                        error = error.text(),
                        "a watch failed; it is tried again"
                    );
                }
            }
            Notice::Enabled { objects, again } => {
                self.readiness
                    .without_no_more(&binding_key(&hook.name, id.binding));
                tracing::info!(
                    hook = &*hook.name,
                    binding = binding.name,
                    objects,
                    "binding enabled"
                );
                self.tell(|| {
                    let (hook, binding) = names();
                    OperatorEvent::BindingEnabled {
                        hook,
                        binding,
                        objects: *objects,
                    }
                });
                if *again {
                    self.synchronize_again(id);
                }
            }
            Notice::NotEnabled { error, retry_in } => {
                let message = api::chain(*error);
                let without = format!("binding {} of hook {}: {message}", binding.name, hook.name);
                self.readiness
                    .without(&binding_key(&hook.name, id.binding), &without);
                self.metrics.kubernetes_bindings_failed(&hook.name, 1.0);
                let retry_in_seconds = retry_in.map(seconds);
                tracing::error!(
                    hook = &*hook.name,
                    binding = binding.name,
                    error = api::one_line(&message),
                    retry_in_seconds,
                    "binding not enabled; it is tried again"
                );
                self.tell(|| {
                    let (hook, binding) = names();
                    OperatorEvent::BindingFailed {
                        hook,
                        binding,
                        code: error.code().to_owned(),
                        message,
                    }
                });
            }
        }
    }
}
