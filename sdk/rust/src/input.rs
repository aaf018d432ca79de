//! What a run is given.

use std::ops::Deref;
use std::rc::Rc;

use crate::cluster::Cluster;

use crate::host::{Context, ContextCalls, Host, Store};
use crate::http::Http;
use crate::snapshots::{Loader, Snapshots};
use crate::values::Values;
use crate::{Error, Result, Trigger};

/// What a run is given: why it runs, snapshots, values.
///
/// It is its snapshots too: with a field `pods` in `Watches`, `input.pods` works on an `Input<Watches>`. A hook without
/// `kubernetes` bindings takes `Input`, which is `Input<()>`. In a test, make one with [`Input::test`].
#[derive(Debug)]
pub struct Input<S = ()> {
    /// The snapshots.
    pub snapshots: S,
    contexts: Vec<Rc<Context>>,
    triggers: Vec<Trigger>,
    values: Values,
    config_values: Values,
    cluster: Cluster,
    http: Http,
}

impl<S: Snapshots> Input<S> {
    pub(crate) fn new(host: &Host, contexts: Vec<Context>) -> Result<Self> {
        let fired: Vec<String> = contexts.iter().map(ContextCalls::binding).collect();
        let snapshots = S::load(&Loader {
            host,
            fired: &fired,
        })?;
        Ok(Self::with_snapshots(host, contexts, snapshots))
    }

    pub(crate) fn with_snapshots(host: &Host, contexts: Vec<Context>, snapshots: S) -> Self {
        let contexts: Vec<_> = contexts.into_iter().map(Rc::new).collect();
        let triggers = contexts
            .iter()
            .map(|context| Trigger::new(Rc::clone(context), S::BINDINGS))
            .collect();
        Self {
            snapshots,
            contexts,
            triggers,
            values: Values::new(host.clone(), Store::Values),
            config_values: Values::new(host.clone(), Store::ConfigValues),
            cluster: Cluster::new(host.clone()),
            http: Http::new(host.clone()),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl<S> Input<S> {
    pub(crate) fn host(&self) -> Host {
        self.values.host()
    }
}

impl<S> Input<S> {
    /// Why the hook runs: at least one reason, oldest first. Several when events were combined into one run.
    pub fn contexts(&self) -> impl ExactSizeIterator<Item = &Trigger> + DoubleEndedIterator {
        self.triggers.iter()
    }

    /// The newest reason.
    ///
    /// # Errors
    /// There is none, which a host's mistake would be.
    pub fn last(&self) -> Result<&Trigger> {
        self.triggers
            .last()
            .ok_or_else(|| Error::msg("the run has no binding context"))
    }

    /// The reasons in shell-operator's form, snapshots included. Costs as much as all that they hold.
    ///
    /// # Errors
    /// The host gave something that is not JSON.
    pub fn contexts_json(&self) -> Result<Vec<serde_json::Value>> {
        self.contexts
            .iter()
            .map(|context| Ok(serde_json::from_str(&context.to_json())?))
            .collect()
    }

    /// Values of the module that the hook belongs to.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Config values: what the cluster's administrator set for the module. A write changes the stored configuration.
    #[must_use]
    pub fn config_values(&self) -> &Values {
        &self.config_values
    }

    /// Reads of the cluster beyond snapshots, as far as they were granted.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// HTTP requests, as far as they were granted.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }
}

impl<S> Deref for Input<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.snapshots
    }
}
