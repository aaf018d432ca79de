//! Reads very many Pods.

mod count;

use count::{Counts, Pod};
use hookbox_sdk::objects::ConfigMap;
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", api_version = "v1")]
    pods: Lazy<Pod>,
}

/// Decodes the whole text of each.
#[hook]
fn whole(input: Input<Watches>, out: &mut Effects) -> Result {
    let mut counts = Counts::default();
    for at in 0..input.pods.len() {
        counts.add(input.pods.object::<Pod>(at)?.context("a Pod")?);
    }
    tell(&counts, out)
}

/// As typed views read them.
#[hook]
fn typed(input: Input<Watches>, out: &mut Effects) -> Result {
    let mut counts = Counts::default();
    for pod in &input.pods {
        counts.add(pod?);
    }
    tell(&counts, out)
}

fn tell(counts: &Counts, out: &mut Effects) -> Result {
    out.create_or_update(&ConfigMap::new("default", "counts").data("text", counts.text()));
    Ok(())
}

hookbox_sdk::export!(whole, typed);
