//! Pods as a cluster has them, of about 4 KB.

use std::sync::Arc;

use anyhow::{Context, Result};
use hookbox_operator::snapshot::{Keeps, Store};
use hookbox_sandbox::{Entry, Snapshot};
use serde_json::{Value, json};

/// On how many nodes they are.
const NODES: usize = 10;

/// JSON text of `count` Pods, spread over the nodes and marked as seen.
pub(super) fn texts(count: usize) -> Vec<Arc<str>> {
    (0..count).map(|n| pod(n).to_string().into()).collect()
}

/// The same as a snapshot's entries.
pub(super) fn entries(texts: &[Arc<str>]) -> Vec<Entry> {
    let entry = |text: &Arc<str>| Entry {
        object: Some(Arc::clone(text)),
        filter_result: None,
    };
    texts.iter().map(entry).collect()
}

/// What a binding has selected, held as the operator holds it, of which one Pod changes before each run.
pub(super) struct Watched {
    store: Store,
    pods: Vec<Arc<str>>,
    changes: usize,
}

impl Watched {
    pub(super) fn new(pods: &[Arc<str>]) -> Result<Self> {
        let keeps = Keeps {
            object: true,
            filter_result: false,
        };
        let mut watched = Self {
            store: Store::new(keeps),
            pods: pods.to_vec(),
            changes: 0,
        };
        for _ in pods {
            watched.change()?;
        }
        Ok(watched)
    }

    /// The Pods after the next of them has changed.
    pub(super) fn change(&mut self) -> Result<Arc<dyn Snapshot>> {
        let version = 200_000 + self.changes;
        let pod = self.pods.get(self.changes % self.pods.len());
        let mut pod: Value = serde_json::from_str(pod.context("no Pods")?)?;
        self.changes += 1;
        let metadata = pod.get_mut("metadata").context("a Pod has metadata")?;
        metadata["resourceVersion"] = version.to_string().into();
        let name = metadata["name"].as_str().unwrap_or_default();
        let key = self.store.key("default", name);
        let version = u64::try_from(version)?;
        self.store
            .put_at(&key, version, &pod.to_string().into(), None);
        Ok(Arc::new(self.store.freeze()))
    }
}

/// What [`crate::admission`] has as the object of its review, scheduled and running.
fn pod(number: usize) -> Value {
    let ready = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-03-01T08:00:07Z"});
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(ready);
    let here = json!({
        "metadata": {
            "name": format!("shop-6d4cf56db6-{number:05}"), "namespace": "default",
            "uid": format!("6f1e5a54-7c1b-4a7e-9a0e-{number:012}"), "resourceVersion": (184_000 + number).to_string(),
            "creationTimestamp": "2026-03-01T08:00:00Z",
            "labels": {"app": "web", "seen": "yes", "pod-template-hash": "6d4cf56db6"},
        },
        "spec": {"nodeName": format!("node-{}", number % NODES)},
        "status": {
            "phase": "Running", "podIP": "10.1.0.7", "hostIP": "192.168.0.4", "qosClass": "Burstable",
            "startTime": "2026-03-01T08:00:01Z", "conditions": conditions,
        },
    });
    let mut pod = crate::admission::object();
    for (part, fields) in here.as_object().into_iter().flatten() {
        let of = pod.get_mut(part).and_then(Value::as_object_mut);
        if let (Some(of), Some(fields)) = (of, fields.as_object()) {
            of.extend(fields.clone());
        }
    }
    pod
}

#[cfg(test)]
mod tests {
    #[test]
    fn they_have_about_four_kilobytes() {
        for text in super::texts(3) {
            assert!((3500..4500).contains(&text.len()), "{}", text.len());
        }
    }
}
