//! What a run is given: binding contexts and frozen snapshots (BEHAVIOUR A3).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use hookbox_config::{ConfigVersion, Kubernetes};
use hookbox_sandbox::{Context, Form, RunInput, Snapshot};
use serde_json::Value;

use crate::queue::{BindingIndex, Cause, Reason};

static EMPTY: LazyLock<Arc<Value>> =
    LazyLock::new(|| Arc::new(Value::Object(serde_json::Map::new())));

/// The snapshots that a run is given. Each binding's is taken once, so that all contexts of a run see the same.
///
/// `snapshots` go by name and the first binding of a name is meant, as in shell-operator; a Synchronization's `objects`
/// are always those of its own binding, where shell-operator shows those of the first one of its name.
pub(crate) struct Taken<'a, F> {
    bindings: &'a [Arc<Kubernetes>],
    take: F,
    of_bindings: HashMap<BindingIndex, Arc<dyn Snapshot>>,
    open: BTreeMap<String, Arc<dyn Snapshot>>,
}

impl<'a, F: FnMut(BindingIndex) -> Arc<dyn Snapshot>> Taken<'a, F> {
    /// None yet; `take` takes one of a binding.
    pub(crate) fn new(bindings: &'a [Arc<Kubernetes>], take: F) -> Self {
        Self {
            bindings,
            take,
            of_bindings: HashMap::new(),
            open: BTreeMap::new(),
        }
    }

    fn take(&mut self, binding: BindingIndex) -> Arc<dyn Snapshot> {
        let taken = self.of_bindings.entry(binding);
        taken.or_insert_with(|| (self.take)(binding)).clone()
    }

    fn open(&mut self, names: &[String]) {
        for name in names {
            if !self.open.contains_key(name)
                && let Some(binding) = self.bindings.iter().position(|b| b.name == *name)
            {
                let snapshot = self.take(binding);
                self.open.insert(name.clone(), snapshot);
            }
        }
    }

    /// The contexts of these reasons, with their snapshots.
    pub(crate) fn contexts(mut self, reasons: &[Reason], version: ConfigVersion) -> RunInput {
        let mut contexts = Vec::with_capacity(reasons.len());
        for reason in reasons {
            self.open(&reason.snapshots);
            let mut context = context(reason, version);
            if let (Cause::Synchronization { binding }, None) = (&reason.cause, &reason.group) {
                context.objects = Some(self.take(*binding));
            }
            contexts.push(context);
        }
        self.input(contexts)
    }

    /// A context that no queue knows, with its snapshots.
    pub(crate) fn only(mut self, context: Context) -> RunInput {
        self.open(context.snapshot_names.as_deref().unwrap_or_default());
        self.input(vec![context])
    }

    fn input(self, contexts: Vec<Context>) -> RunInput {
        RunInput {
            contexts,
            snapshots: self.open,
            values: EMPTY.clone(),
            config_values: EMPTY.clone(),
            grants: Arc::default(),
        }
    }
}

/// A context without the objects of a Synchronization.
fn context(reason: &Reason, version: ConfigVersion) -> Context {
    let kind = match (&reason.cause, &reason.group) {
        (Cause::Startup, _) => None,
        (_, Some(_)) => Some("Group"),
        (Cause::Schedule, None) => Some("Schedule"),
        (Cause::Synchronization { .. }, None) => Some("Synchronization"),
        (Cause::Event { .. }, None) => Some("Event"),
    };
    let form = match (version, &reason.cause) {
        (ConfigVersion::V1, _) => Form::V1,
        (ConfigVersion::V0, Cause::Event { resource, .. }) => Form::V0 {
            resource: resource.as_deref().cloned(),
        },
        (ConfigVersion::V0, _) => Form::V0 { resource: None },
    };
    let mut context = Context {
        form,
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
