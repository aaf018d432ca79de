//! A mistake is told at its field, in the words of the attribute.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", namespace = "default")]
    f: Vec<serde_json::Value>,
    d: Vec<serde_json::Value>,
    #[watch(kind = "Node")]
    h: Vec<serde_json::Value>,
    #[watch(kind = "Pod", names = "x", fields = "metadata.name=y")]
    g: Vec<serde_json::Value>,
    #[watch(kind = "Pod", names = [], namespace = [])]
    i: Vec<serde_json::Value>,
}

fn main() {}
