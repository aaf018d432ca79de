//! Snapshots that a binding or a schedule includes must be there, and those that it leaves out must not be needed.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Wrong {
    #[watch(kind = "Pod", include_snapshots = [pods, nodse])]
    pods: Vec<serde_json::Value>,
    #[watch(kind = "Node")]
    nodes: Option<Vec<serde_json::Value>>,
}

#[derive(Snapshots)]
struct Narrow {
    #[watch(kind = "Pod", include_snapshots = [pods])]
    pods: Vec<serde_json::Value>,
    #[watch(kind = "Node")]
    nodes: Vec<serde_json::Value>,
}

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod")]
    pods: Vec<serde_json::Value>,
}

#[hook(schedule(crontab = "@hourly", include_snapshots = [pods, nodes]))]
fn unknown(_input: Input<Watches>, _out: &mut Effects) {}

#[hook(schedule(crontab = "@hourly", include_snapshots = []))]
fn uncovered(_input: Input<Watches>, _out: &mut Effects) {}

#[hook(on_startup = 1)]
fn startup(_input: Input<Watches>, _out: &mut Effects) {}

fn main() {}
