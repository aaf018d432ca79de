//! One of several hooks of a module, each in a language of its own: all see the same values and objects.

use std::sync::atomic::{AtomicU32, Ordering};

use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "ConfigMap", api_version = "v1", labels = "app=shared", jq = ".metadata.name", on_event = [])]
    shared: Vec<String>,
}

#[hook]
fn rust(input: Input<Watches>, out: &mut Effects) -> Result {
    input.values().set("/shared/by/-", "rust")?;
    let by: Vec<String> = input.values().get("/shared/by")?.unwrap_or_default();
    let seen = format!("{} of {}", by.join(" "), input.shared.join(" "));
    out.create_or_update(&objects::ConfigMap::new("default", "seen-rust").data("seen", seen));
    Ok(())
}

#[derive(Snapshots)]
struct Pings {
    #[watch(kind = "ConfigMap", api_version = "v1", labels = "app=ping", jq = ".metadata.name")]
    pings: Vec<String>,
}

/// Tells how many runs its instance had.
#[hook(settings(warm_instance = true))]
fn rust_kept(input: Input<Pings>, out: &mut Effects) -> Result {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let runs = RUNS.fetch_add(1, Ordering::Relaxed) + 1;
    let told = objects::ConfigMap::new("default", "kept-rust");
    out.create_or_update(&told.data("runs", runs.to_string()).data("pings", input.pings.join(" ")));
    Ok(())
}

hookbox_sdk::export!(rust, rust_kept);
