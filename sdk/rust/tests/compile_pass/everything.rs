//! Every key once, without a warning.
#![deny(warnings, missing_docs)]

use hookbox_sdk::prelude::*;

/// What the hook watches.
#[derive(Debug, Snapshots)]
pub struct Watches {
    /// Pods.
    #[watch(
        kind = "Pod",
        api_version = "v1",
        name = "web-pods",
        jq = ".metadata.name",
        namespace = ["default", "web"],
        names = "a",
        labels = "app=web,tier in (a, b),!legacy,env!=dev,team",
        fields = "status.phase=Running",
        on_event = [Added, Deleted],
        on_synchronization = false,
        wait_for_synchronization = false,
        keep_full_objects = true,
        queue = "pods",
        group = "main",
        allow_failure = true,
        include_snapshots = [pods, "nodes"],
    )]
    pub pods: Vec<String>,
    /// Nodes.
    #[watch(kind = "Node")]
    pub nodes: Lazy<serde_json::Value>,
    /// ConfigMaps.
    #[watch(kind = "ConfigMap", namespace_labels = "team", on_event = [], group = "main")]
    pub r#configs: Option<Vec<serde_json::Value>>,
}

/// All that a hook can say.
#[hook(
    name = "dir/all.the-things",
    schedule(crontab = "*/5 * * * *"),
    schedule(
        name = "nightly",
        crontab = "TZ=Europe/Berlin 0 0 3 * * *",
        queue = "slow",
        group = "main",
        allow_failure = true,
        include_snapshots = ["nodes"],
    ),
    settings(min_interval = "1m30s", burst = 3),
    capabilities(
        kubernetes(groups = [""], kinds = ["ConfigMap"], namespaces = ["default"], verbs = [get]),
        http(hosts = ["api.example.org"], schemes = [https], ports = [443], methods = [GET], addresses = ["10.0.0.0/8"]),
        files(path = "/srv", mount = "/files"),
        environment(name = "REGION", value = "eu"),
        wall_clock = true,
    )
)]
pub fn all(input: Input<Watches>, out: &mut Effects) -> Result {
    out.metric("pods").set(input.pods.len() as f64);
    Ok(())
}

mod inner {
    //! Hooks in modules.
    use hookbox_sdk::prelude::*;

    /// Returns nothing, and has a negative order.
    #[hook(on_startup = -5)]
    pub fn startup(_input: Input, _out: &mut Effects) {}

    /// Has an error of its own kind.
    #[hook(on_startup = 5)]
    pub(crate) fn typed(_input: Input<()>, _out: &mut Effects) -> std::result::Result<(), std::fmt::Error> {
        Ok(())
    }
}

hookbox_sdk::export!(all, inner::startup, inner::typed);

fn main() {}
