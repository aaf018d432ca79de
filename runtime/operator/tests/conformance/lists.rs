//! What a monitor holds after lists that went wrong.

use std::sync::Arc;
use std::time::Duration;

use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_config::ConfigVersion;
use hookbox_operator::filter::Filter;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase};
use hookbox_operator::queue::Reason;
use hookbox_operator::watch::Hub;
use serde_json::json;

use crate::support::*;

struct Nobody;

impl Listener for Nobody {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, _: Notice<'_>) {}
}

// Paused timers: pages take as long as they are told to, and no longer.
#[tokio::test(start_paused = true)]
async fn what_went_before_the_first_list_was_done_is_not_held() {
    let cluster = cluster(&[ns()]).await;
    for i in 0..1100 {
        apply(&cluster, &[config_map("ns", &format!("m{i:04}"), "1")]).await;
    }
    // As a server without streaming lists.
    cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::Watch), Failure::InternalError);
    let list = || Matching::any().verb(Verb::List).resource("configmaps");
    cluster.faults().delay(list(), Duration::from_secs(20));
    let config = json!({"configVersion": "v1", "kubernetes": [binding("maps", json!({}))]});
    let mut config = hookbox_config::parse(&config.to_string()).unwrap();
    let monitor = Monitor::start(MonitorSpec {
        id: MonitorId {
            hook: 0,
            binding: 0,
        },
        version: ConfigVersion::V1,
        config: config.kubernetes.remove(0),
        filter: Filter::None,
        hub: Hub::new(cluster.client()),
        kinds: Kinds::new(cluster.client()),
        listener: Arc::new(Nobody),
        quota: None,
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(monitor.held().0, 500, "one page is here, one on its way");
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/m0000").await;
    cluster.faults().fail_next(1, list(), Failure::Expired);
    let enabled = monitor.reached(|p| p.phase == Phase::Enabled);
    patiently("the second list", enabled).await;
    assert_eq!(monitor.held().0, 1099);
    let first = hookbox_sandbox::Snapshot::entry(&monitor.snapshot(), 0).unwrap();
    assert!(first.object.unwrap().contains("m0001"));
}
