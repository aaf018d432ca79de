//! A hook that nothing runs is a mistake, even if it watches.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", on_event = [], on_synchronization = false)]
    pods: Vec<serde_json::Value>,
}

#[hook]
fn never(_input: Input<Watches>, _out: &mut Effects) {}

/// This one looks at the snapshot by the clock.
#[hook(schedule(crontab = "@hourly"))]
fn sometimes(_input: Input<Watches>, _out: &mut Effects) {}

fn main() {}
