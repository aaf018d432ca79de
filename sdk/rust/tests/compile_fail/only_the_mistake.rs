//! A mistake in a binding is told once, and nothing that follows from it.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", labels = "a in (b")]
    pods: Vec<serde_json::Value>,
}

#[hook]
fn watches(_input: Input<Watches>, _out: &mut Effects) {}

#[hook(on_startup = 1, schedule(crontab = "@hourly", include_snapshots = [pods]))]
fn more(input: Input<Watches>, _out: &mut Effects) {
    info!("{}", input.pods.len());
}

#[derive(Snapshots)]
struct Generic<T> {
    #[watch(kind = "Pod")]
    pods: Vec<T>,
}

hookbox_sdk::export!(watches, more);

fn main() {}
