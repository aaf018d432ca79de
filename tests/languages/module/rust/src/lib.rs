//! One of several hooks of a module, each in a language of its own: all see the same values and objects.

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

hookbox_sdk::export!(rust);
