//! Two bindings, or two schedules, cannot have one name.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod")]
    pods: Vec<serde_json::Value>,
    #[watch(kind = "Node", name = "pods")]
    nodes: Vec<serde_json::Value>,
}

#[hook(schedule(crontab = "@hourly"), schedule(crontab = "@daily"))]
fn tick(_input: Input, _out: &mut Effects) -> Result {
    Ok(())
}

fn main() {}
