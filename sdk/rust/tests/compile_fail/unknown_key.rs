//! A key that is not known gets a suggestion; a value of the wrong kind says what is expected.
use hookbox_sdk::prelude::*;

#[derive(Snapshots)]
struct Watches {
    #[watch(kind = "Pod", lables = "app=web")]
    pods: Vec<serde_json::Value>,
    #[watch(kind = "Pod", on_event = [Add])]
    events: Vec<serde_json::Value>,
    #[watch(kind = "Pod", allow_failure = "yes")]
    failing: Vec<serde_json::Value>,
    #[watch(kind = "Pod", keep_full_objects = false)]
    nothing: Vec<serde_json::Value>,
    #[watch(namespace = "default")]
    kindless: Vec<serde_json::Value>,
    plain: Vec<serde_json::Value>,
}

#[hook(schedule = "@hourly", on_start = 1)]
fn tick(_input: Input, _out: &mut Effects) {}

#[hook(on_startup = 1, name = "two words", settings(min_interval = "soon", burst = 0))]
fn named(_input: Input, _out: &mut Effects) {}

fn main() {}
