//! So are jq filters.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", jq = ".metadata | {name, labels: (.labels // {}")]
    open: Vec<serde_json::Value>,
    #[watch(kind = "Pod", jq = ".spec.containers | map(.name) | lenght")]
    function: Vec<serde_json::Value>,
    #[watch(
        kind = "Pod",
        jq = "
            .metadata as {name: $name}
            | $nam
        "
    )]
    variable: Vec<serde_json::Value>,
    #[watch(kind = "Pod", jq = "")]
    empty: Vec<serde_json::Value>,
    #[watch(kind = "Pod", jq = true)]
    text: Vec<serde_json::Value>,
}

fn main() {}
