//! Hooks that do next to nothing, so that what is around them shows.

use hookbox_sdk::prelude::*;

/// The least that a hook can do.
#[hook(on_startup = 1)]
fn nothing(_input: Input, _out: &mut Effects) {}

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "ConfigMap", namespace = "default", labels = "bench=event")]
    maps: Lazy<serde_json::Value>,
}

/// Its first instruction is seen as a record in the log.
#[hook]
fn events(input: Input<Watches>, _out: &mut Effects) {
    info!("here");
    // A snapshot that nobody reads costs nothing.
    let _ = &input.maps;
}

hookbox_sdk::export!(nothing, events);
