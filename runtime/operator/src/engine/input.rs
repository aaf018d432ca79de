//! What a run is given.

use std::sync::Arc;

use hookbox_sandbox::{Context, RunInput, Snapshot};

use super::Engine;
use crate::input::Taken;
use crate::monitor::MonitorId;
use crate::queue::{BindingIndex, HookIndex, Reason};

impl Engine {
    /// The contexts of these reasons, with the snapshots as they are now.
    pub(super) fn input(&self, hook: HookIndex, reasons: &[Reason]) -> RunInput {
        let config = self.hook(hook).map(|h| &h.config);
        let version = config.map(|c| c.version).unwrap_or_default();
        self.completed(hook, self.taken(hook).contexts(reasons, version))
    }

    /// With what does not depend on why the hook runs.
    fn completed(&self, hook: HookIndex, input: RunInput) -> RunInput {
        let grants = self.hook(hook).map(|hook| hook.grants.clone());
        let (values, config_values) = match &self.module {
            Some(module) => module.get(),
            None => (input.values, self.parameters.clone()),
        };
        RunInput {
            values,
            config_values,
            grants: grants.unwrap_or_default(),
            ..input
        }
    }

    /// The same for a context that no queue knows.
    pub(super) fn input_of(&self, hook: HookIndex, context: Context) -> RunInput {
        self.completed(hook, self.taken(hook).only(context))
    }

    fn taken(&self, hook: HookIndex) -> Taken<'_, impl FnMut(BindingIndex) -> Arc<dyn Snapshot>> {
        let config = self.hook(hook).map(|h| &h.config);
        let bindings = config.map(|c| c.kubernetes.as_slice()).unwrap_or_default();
        Taken::new(bindings, move |binding| {
            match self.monitor(MonitorId { hook, binding }) {
                Some(monitor) => Arc::new(monitor.snapshot()),
                None => {
                    if let Some(binding) = bindings.get(binding) {
                        self.metrics.binding_missing(&binding.name);
                    }
                    Arc::new(Vec::new())
                }
            }
        })
    }
}
