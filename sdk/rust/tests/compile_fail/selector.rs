//! So are selectors.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", labels = "app in web")]
    pods: Vec<serde_json::Value>,
    #[watch(kind = "Secret", labels = "-bad=x")]
    secrets: Vec<serde_json::Value>,
    #[watch(kind = "Node", fields = "metadata.name")]
    nodes: Vec<serde_json::Value>,
    #[watch(kind = "ConfigMap", namespace = "a", namespace_labels = "team")]
    configs: Vec<serde_json::Value>,
}

fn main() {}
