//! What a run is given: binding contexts and frozen snapshots (BEHAVIOUR A3).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use hookbox_sandbox::{Context, RunInput, Snapshot};
use serde_json::Value;

use super::Engine;
use crate::monitor::MonitorId;
use crate::queue::{BindingIndex, Cause, HookIndex, Reason};

static EMPTY: LazyLock<Arc<Value>> =
    LazyLock::new(|| Arc::new(Value::Object(serde_json::Map::new())));

impl Engine {
    /// The contexts of these reasons. Each binding's snapshot is taken once, now, so that all contexts of a run see the
    /// same.
    ///
    /// `snapshots` go by name and the first binding of a name is meant, as in shell-operator; a Synchronization's
    /// `objects` are always those of its own binding, where shell-operator shows those of the first one of its name.
    pub(super) fn input(&self, hook: HookIndex, reasons: &[Reason]) -> RunInput {
        let mut taken: HashMap<BindingIndex, Arc<dyn Snapshot>> = HashMap::new();
        let mut take = |binding: BindingIndex| -> Arc<dyn Snapshot> {
            taken
                .entry(binding)
                .or_insert_with(|| match self.monitor(MonitorId { hook, binding }) {
                    Some(monitor) => Arc::new(monitor.snapshot()),
                    None => Arc::new(Vec::new()),
                })
                .clone()
        };
        let bindings = self
            .hook(hook)
            .map(|h| h.config.kubernetes.as_slice())
            .unwrap_or_default();
        let mut snapshots: BTreeMap<String, Arc<dyn Snapshot>> = BTreeMap::new();
        let mut contexts = Vec::with_capacity(reasons.len());
        for reason in reasons {
            for name in &*reason.snapshots {
                if !snapshots.contains_key(name)
                    && let Some(binding) = bindings.iter().position(|b| b.name == *name)
                {
                    snapshots.insert(name.clone(), take(binding));
                }
            }
            let mut context = context(reason);
            if let (Cause::Synchronization { binding }, None) = (&reason.cause, &reason.group) {
                context.objects = Some(take(*binding));
            }
            contexts.push(context);
        }
        RunInput {
            contexts,
            snapshots,
            values: EMPTY.clone(),
            config_values: EMPTY.clone(),
        }
    }
}

/// A context without the objects of a Synchronization.
fn context(reason: &Reason) -> Context {
    let kind = match (&reason.cause, &reason.group) {
        (Cause::Startup, _) => None,
        (_, Some(_)) => Some("Group"),
        (Cause::Schedule, None) => Some("Schedule"),
        (Cause::Synchronization { .. }, None) => Some("Synchronization"),
        (Cause::Event { .. }, None) => Some("Event"),
    };
    let mut context = Context {
        binding: reason.binding.to_string(),
        kind: kind.map(str::to_owned),
        group: reason.group.as_deref().map(str::to_owned),
        snapshot_names: (!reason.snapshots.is_empty()).then(|| reason.snapshots.to_vec()),
        ..Context::default()
    };
    if let (
        Cause::Event {
            watch_event,
            object,
            filter_result,
            ..
        },
        None,
    ) = (&reason.cause, &reason.group)
    {
        context.watch_event = Some((*watch_event).to_owned());
        context.object.clone_from(object);
        context.filter_result.clone_from(filter_result);
    }
    context
}
