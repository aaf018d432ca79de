//! A field is a `Vec`, a `Lazy`, or an `Option` of these.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", jq = ".metadata.name")]
    pods: String,
}

fn main() {}
