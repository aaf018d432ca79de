//! Pods as a cluster has them, of about 4 KB.

use std::sync::Arc;

use hookbox_sandbox::Entry;
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
