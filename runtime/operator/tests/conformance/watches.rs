//! Watches on a server that is old, slow, full or broken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use hookbox_operator::object::Object;
use hookbox_operator::watch::{Feed, Hub, Room, Subscription, WatchEvent, WatchSpec};
use kube::core::ApiResource;
use serde_json::json;

use crate::support::*;

struct Heard {
    _watch: Subscription,
    events: Feed,
}

fn start(cluster: &Cluster) -> Heard {
    subscribe(&Hub::new(cluster.client()), 1024)
}

fn subscribe(hub: &Hub, room: usize) -> Heard {
    let (sender, events) = Feed::new(Room {
        events: room,
        ..Room::default()
    });
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
        metadata_only: false,
    };
    Heard {
        _watch: hub.watch(spec, 7, sender),
        events,
    }
}

impl Heard {
    async fn event(&mut self, what: &str) -> WatchEvent {
        let (_, event) = patiently(what, self.events.next(1)).await.remove(0);
        event
    }

    /// The next event as a word; objects by their names.
    async fn next(&mut self) -> String {
        let name = |object: Arc<Object>| object.name.clone();
        loop {
            return match self.event("an event of the watch").await {
                WatchEvent::Restarted => "restarted".into(),
                WatchEvent::Listed(object) => format!("listed {}", name(object)),
                WatchEvent::ListDone { .. } => "done".into(),
                WatchEvent::Applied(object) => format!("applied {}", name(object)),
                WatchEvent::Deleted(object) => format!("deleted {}", name(object)),
                WatchEvent::Failed(error) => format!("failed {}", error.code()),
                WatchEvent::Progress { .. } | WatchEvent::Asked(_) | WatchEvent::Revoked(_) => {
                    continue;
                }
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
async fn pages_of_large_objects_are_smaller() {
    let cluster = cluster(&[ns()]).await;
    for i in 0..1100 {
        let large = config_map("ns", &format!("m{i:04}"), &"x".repeat(16 << 10));
        apply(&cluster, &[large]).await;
    }
    cluster
        .faults()
        .fail_next(1, Matching::any().verb(Verb::Watch), Failure::InternalError);
    let mut watch = start(&cluster);
    assert_eq!(watch.until("done").await.len(), 1102);
    assert_eq!(lists(&cluster), 4, "500, and 600 in pages of about 250");
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

fn opened(cluster: &Cluster) -> usize {
    cluster
        .requests()
        .iter()
        .filter(|r| r.verb == Verb::Watch && r.resource == "configmaps")
        .count()
}

#[tokio::test]
async fn many_share_one_watch_and_each_hears_all_of_it_once() {
    let cluster = filled(2).await;
    let hub = Hub::new(cluster.client());
    let mut first = subscribe(&hub, 1024);
    first.until("done").await;
    apply(&cluster, &[config_map("ns", "before", "1")]).await;
    let mut later: Vec<Heard> = (0..20).map(|_| subscribe(&hub, 1024)).collect();
    apply(&cluster, &[config_map("ns", "after", "1")]).await;
    assert_eq!(
        first.until("applied after").await,
        ["applied before", "applied after"]
    );
    for heard in &mut later {
        // What came while it listed is in its list or after it, never lost and never twice.
        let mut events = heard.until("done").await;
        if !events.contains(&"listed after".to_owned()) {
            events.push(heard.next().await);
        }
        let after = events.iter().filter(|e| e.ends_with(" after")).count();
        assert_eq!(
            (
                after,
                events.iter().filter(|e| e.ends_with(" before")).count()
            ),
            (1, 1),
            "{events:?}"
        );
    }
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/before").await;
    for heard in later.iter_mut().chain([&mut first]) {
        assert_eq!(heard.next().await, "deleted before");
    }
    assert_eq!(hub.open(), 1);
    drop(later);
    drop(first);
    assert_eq!(hub.open(), 0);
}

#[tokio::test]
async fn a_new_list_of_a_shared_watch_is_shared() {
    let cluster = filled(2).await;
    let hub = Hub::new(cluster.client());
    let mut both = [subscribe(&hub, 1024), subscribe(&hub, 1024)];
    for heard in &mut both {
        heard.until("done").await;
    }
    cluster
        .faults()
        .fail_always(Matching::any().verb(Verb::Watch), Failure::Unavailable);
    cluster.faults().cut_watches();
    for heard in &mut both {
        heard.until("failed server-error").await;
    }
    apply(&cluster, &[config_map("ns", "x", "1")]).await;
    cluster.compact();
    let before = opened(&cluster);
    cluster.faults().clear();
    for heard in &mut both {
        let events = heard.until("done").await;
        let list = events.iter().rposition(|e| e == "restarted").unwrap();
        assert_eq!(
            events[list + 1..],
            ["listed m0000", "listed m0001", "listed x", "done"]
        );
    }
    assert!(
        opened(&cluster) - before <= 2,
        "one refused, one list for both"
    );
}

#[tokio::test]
async fn one_that_falls_behind_holds_up_nobody_and_catches_up() {
    let cluster = filled(1).await;
    let hub = Hub::new(cluster.client());
    let mut slow = subscribe(&hub, 4);
    slow.until("done").await;
    let mut fast = subscribe(&hub, 1024);
    fast.until("done").await;
    for i in 0..50 {
        apply(&cluster, &[config_map("ns", &format!("n{i:02}"), "1")]).await;
    }
    fast.until("applied n49").await;
    // It reads only now: first what it had room for, then a list that has the rest.
    let mut events = slow.until("done").await;
    let list = events.iter().rposition(|e| e == "restarted").unwrap();
    assert_eq!(events.split_off(list).len(), 53);
    apply(&cluster, &[config_map("ns", "last", "1")]).await;
    assert_eq!(slow.next().await, "applied last");
}

/// What a subscriber knows when it believes all that it hears.
#[derive(Default)]
struct Known {
    objects: BTreeMap<String, String>,
    list: BTreeMap<String, String>,
}

impl Known {
    fn hear(&mut self, event: WatchEvent) {
        let version = |object: &Object| (object.name.clone(), object.resource_version.clone());
        match event {
            WatchEvent::Restarted => self.list.clear(),
            WatchEvent::Listed(object) => self.list.extend([version(&object)]),
            WatchEvent::ListDone { .. } => self.objects = std::mem::take(&mut self.list),
            WatchEvent::Applied(object) => self.objects.extend([version(&object)]),
            WatchEvent::Deleted(object) => {
                self.objects.remove(&object.name);
            }
            WatchEvent::Progress { .. }
            | WatchEvent::Failed(_)
            | WatchEvent::Asked(_)
            | WatchEvent::Revoked(_) => {}
        }
    }
}

// Paused timers, so that nobody waits out the pauses after failures.
#[tokio::test(start_paused = true)]
async fn whatever_happens_all_end_with_the_state_of_the_cluster() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let cluster = filled(3).await;
        let hub = Hub::new(cluster.client());
        let mut subscribers = Vec::new();
        for _ in 0..80 {
            let name = format!("o{}", random.u8(..6));
            let there = cluster
                .objects()
                .iter()
                .any(|o| o["metadata"]["name"] == name.as_str());
            match random.u8(..12) {
                0..5 => {
                    apply(
                        &cluster,
                        &[config_map("ns", &name, &random.u32(..).to_string())],
                    )
                    .await
                }
                5..7 if there => {
                    delete(
                        &cluster,
                        &format!("/api/v1/namespaces/ns/configmaps/{name}"),
                    )
                    .await
                }
                7..9 => {
                    subscribers.push((subscribe(&hub, 1 << random.u32(2..10)), Known::default()))
                }
                9 if !subscribers.is_empty() => {
                    drop(subscribers.swap_remove(random.usize(..subscribers.len())))
                }
                10 => cluster.faults().cut_watches(),
                11 => {
                    cluster.faults().fail_next(
                        2,
                        Matching::any().verb(Verb::Watch),
                        Failure::Expired,
                    );
                    cluster.faults().cut_watches();
                }
                _ => {}
            }
            // Let the others have a turn, or not.
            for _ in 0..random.u8(..4) {
                tokio::task::yield_now().await;
            }
        }
        apply(&cluster, &[config_map("ns", "the-end", "1")]).await;
        let is =
            |o: &serde_json::Value| o["kind"] == "ConfigMap" && o["metadata"]["namespace"] == "ns";
        let text =
            |o: &serde_json::Value, field: &str| o["metadata"][field].as_str().unwrap().to_owned();
        let state: BTreeMap<_, _> = cluster
            .objects()
            .iter()
            .filter(|o| is(o))
            .map(|o| (text(o, "name"), text(o, "resourceVersion")))
            .collect();
        for (heard, known) in &mut subscribers {
            while !known.objects.contains_key("the-end") {
                known.hear(heard.event("the last change").await);
            }
            assert_eq!(known.objects, state, "seed {seed}");
        }
    }
}

/// A client on whose connections nothing comes any more once they are frozen, as when a router forgets them.
fn freezable(cluster: &Cluster) -> (kube::Client, impl Fn()) {
    use futures::{StreamExt, TryStreamExt};
    use http_body_util::{BodyExt, StreamBody};
    use std::sync::atomic::{AtomicBool, Ordering};

    let connections: Arc<Mutex<Vec<Arc<AtomicBool>>>> = Arc::default();
    let (service, open) = (cluster.service(), connections.clone());
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let frozen = Arc::new(AtomicBool::new(false));
        open.lock().unwrap().push(frozen.clone());
        let answer = tower::Service::call(&mut service.clone(), request);
        async move {
            let body = |body: hookbox_cluster::ResponseBody| {
                let data = body.into_data_stream().boxed();
                let data =
                    futures::stream::unfold((data, frozen), |(mut data, frozen)| async move {
                        let next = data.next().await;
                        if frozen.load(Ordering::Relaxed) {
                            futures::future::pending::<()>().await;
                        }
                        next.map(|chunk| (chunk, (data, frozen)))
                    });
                StreamBody::new(data.map_ok(http_body::Frame::data))
            };
            answer.await.map(|answer| answer.map(body))
        }
    });
    let freeze = move || {
        for connection in connections.lock().unwrap().iter() {
            connection.store(true, Ordering::Relaxed);
        }
    };
    (kube::Client::new(service, "default"), freeze)
}

#[tokio::test]
async fn a_connection_that_died_in_silence_is_noticed_by_the_bookmarks_that_do_not_come() {
    let cluster = cluster(&[ns()]).await;
    let (client, freeze) = freezable(&cluster);
    let quiet = json!({"executeHookOnSynchronization": false});
    let hooks = [("echo", json!({"kubernetes": [binding("maps", quiet)]}))];
    let mut bench = Bench::with(&cluster, &hooks, |options| options.client = Some(client)).await;
    patiently("the start", bench.running.idle()).await;
    // What does not concern the watch, it learns of by a bookmark.
    apply(&cluster, &[namespace("other", json!({}))]).await;
    bench.catch_up().await;
    freeze();
    leap();
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    let before = tokio::time::Instant::now();
    let contexts = bench.contexts("echo").await;
    assert_eq!(contexts[0]["object"], shown("ns", "a", "1"));
    let waited = before.elapsed().as_secs();
    assert!((85..100).contains(&waited), "{waited}");
}
