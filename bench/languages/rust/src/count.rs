//! What is counted of Pods: the same code in the hook and in the native program.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What is read of a Pod.
#[derive(Debug, Deserialize)]
#[allow(unreachable_pub, reason = "part of two programs")]
pub struct Pod {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    name: String,
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    node_name: String,
    containers: Vec<Container>,
}

#[derive(Debug, Deserialize)]
struct Container {
    image: String,
}

#[derive(Debug, Deserialize)]
struct Status {
    phase: String,
}

/// What was counted.
#[derive(Debug, Default)]
#[allow(unreachable_pub, reason = "part of two programs")]
pub struct Counts {
    running: BTreeMap<String, u64>,
    letters: usize,
}

#[allow(unreachable_pub, reason = "part of two programs")]
impl Counts {
    /// Count one more.
    pub fn add(&mut self, pod: Pod) {
        if pod.status.phase == "Running" {
            *self.running.entry(pod.spec.node_name).or_default() += 1;
        }
        let images = pod
            .spec
            .containers
            .iter()
            .map(|container| container.image.len());
        self.letters += pod.metadata.name.len() + pod.metadata.labels.len() + images.sum::<usize>();
    }

    /// In words.
    pub fn text(&self) -> String {
        let nodes = self
            .running
            .iter()
            .map(|(node, count)| format!("{node}={count} "));
        format!("{}letters={}", nodes.collect::<String>(), self.letters)
    }
}
