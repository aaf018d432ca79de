//! Watches on a server that is old, slow, full or broken.

use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use hookbox_operator::object::Object;
use hookbox_operator::watch::{self, WatchEvent, WatchSpec};
use kube::core::ApiResource;
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};

use crate::support::*;

struct Heard {
    _watch: watch::Watch,
    events: Receiver<((), WatchEvent)>,
}

fn start(cluster: &Cluster) -> Heard {
    let (sender, events) = mpsc::channel(16);
    let spec = WatchSpec {
        resource: ApiResource {
            group: String::new(),
            version: "v1".into(),
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            plural: "configmaps".into(),
        },
        namespace: Some("ns".into()),
        labels: None,
        fields: None,
    };
    Heard {
        _watch: watch::start(cluster.client(), spec, (), sender),
        events,
    }
}

impl Heard {
    /// The next event as a word; objects by their names.
    async fn next(&mut self) -> String {
        let name = |object: Object| object.name;
        loop {
            let (_, event) = patiently("an event of the watch", self.events.recv())
                .await
                .unwrap();
            return match event {
                WatchEvent::Restarted => "restarted".into(),
                WatchEvent::Listed(object) => format!("listed {}", name(object)),
                WatchEvent::ListDone { .. } => "done".into(),
                WatchEvent::Applied(object) => format!("applied {}", name(object)),
                WatchEvent::Deleted(object) => format!("deleted {}", name(object)),
                WatchEvent::Failed(error) => format!("failed {}", error.code()),
                WatchEvent::Progress { .. } => continue,
            };
        }
    }

    async fn until(&mut self, last: &str) -> Vec<String> {
        let mut all = Vec::new();
        while all.last().is_none_or(|l| l != last) {
            all.push(self.next().await);
        }
        all
    }
}

fn lists(cluster: &Cluster) -> usize {
    cluster
        .requests()
        .iter()
        .filter(|r| r.verb == Verb::List)
        .count()
}

async fn filled(count: usize) -> Cluster {
    let cluster = cluster(&[ns()]).await;
    for i in 0..count {
        apply(&cluster, &[config_map("ns", &format!("m{i:04}"), "1")]).await;
    }
    cluster
}

#[tokio::test]
async fn the_list_is_streamed_where_the_server_can() {
    let cluster = filled(3).await;
    let mut watch = start(&cluster);
    assert_eq!(
        watch.until("done").await,
        [
            "restarted",
            "listed m0000",
            "listed m0001",
            "listed m0002",
            "done"
        ]
    );
    assert_eq!(lists(&cluster), 0);
    apply(&cluster, &[config_map("ns", "new", "1")]).await;
    assert_eq!(watch.next().await, "applied new");
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/new").await;
    assert_eq!(watch.next().await, "deleted new");
}

#[tokio::test]
async fn a_server_without_streaming_lists_is_read_in_pages() {
    let cluster = filled(1100).await;
    // As an old server answers to `sendInitialEvents`.
    cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::Watch), Failure::InternalError);
    let mut watch = start(&cluster);
    let events = watch.until("done").await;
    assert_eq!(events.len(), 1102, "{:?}", &events[..3]);
    assert_eq!(lists(&cluster), 3, "500, 500 and 100");
    apply(&cluster, &[config_map("ns", "new", "1")]).await;
    assert_eq!(watch.next().await, "applied new");
}

#[tokio::test]
async fn a_list_whose_pages_expire_starts_again() {
    let cluster = filled(600).await;
    cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::Watch), Failure::InternalError);
    let mut watch = start(&cluster);
    assert_eq!(watch.next().await, "restarted");
    // The first page is here; the second is refused.
    cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::List), Failure::Expired);
    let events = watch.until("done").await;
    assert_eq!(events.iter().filter(|e| *e == "failed expired").count(), 1);
    let again = events.iter().rposition(|e| e == "restarted").unwrap();
    assert_eq!(events[again + 1..].len(), 601);
}

#[tokio::test]
async fn a_cut_watch_is_taken_up_where_it_ended() {
    let cluster = filled(1).await;
    let mut watch = start(&cluster);
    watch.until("done").await;
    cluster.faults().cut_watches();
    apply(&cluster, &[config_map("ns", "between", "1")]).await;
    assert_eq!(watch.next().await, "applied between");
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_again() {
    let cluster = filled(1).await;
    for failure in [
        Failure::Unavailable,
        Failure::Disconnect,
        Failure::TooManyRequests { retry_after: 1 },
        Failure::Forbidden,
    ] {
        cluster
            .faults()
            .fail_next(1, Matching::any().verb(Verb::Watch), failure);
    }
    let mut watch = start(&cluster);
    let events = watch.until("done").await;
    assert_eq!(
        events[..4],
        [
            "failed server-error",
            "failed unreachable",
            "failed too-many-requests",
            "failed forbidden"
        ]
    );
    assert_eq!(events[4..], ["restarted", "listed m0000", "done"]);
}

#[tokio::test]
async fn forgotten_history_is_listed_anew() {
    let cluster = filled(2).await;
    let mut watch = start(&cluster);
    watch.until("done").await;
    cluster
        .faults()
        .fail_always(Matching::any().verb(Verb::Watch), Failure::Unavailable);
    cluster.faults().cut_watches();
    assert_eq!(watch.next().await, "failed server-error");
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/m0000").await;
    apply(&cluster, &[json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "ns"}})]).await;
    cluster.compact();
    cluster.faults().clear();
    let events = watch.until("done").await;
    let list = events.iter().position(|e| e == "restarted").unwrap();
    assert_eq!(
        events[list..],
        ["restarted", "listed m0001", "listed x", "done"]
    );
}
