//! What bindings share: watches, first lists, and the objects themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookbox_cluster::{Cluster, Failure, Matching, Verb};
use hookbox_config::ConfigVersion;
use hookbox_jq::Jq;
use hookbox_operator::filter::Filter;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{
    Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase, Progress,
};
use hookbox_operator::queue::Reason;
use hookbox_operator::snapshot::{Frozen, Keeps, Store};
use hookbox_operator::watch::Hub;
use hookbox_sandbox::{Budget, Component, Context, Entry, JsonText, RunInput, Snapshot};
use serde_json::{Value, json};

use crate::support::*;

struct Nobody;

impl Listener for Nobody {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, _: Notice<'_>) {}
}

/// A monitor of the ConfigMaps of namespace `ns`, with more fields in its configuration.
fn monitor(cluster: &Cluster, hub: &Hub, filter: Filter, more: Value) -> Monitor {
    let config = json!({"configVersion": "v1", "kubernetes": [binding("maps", more)]});
    let mut config = hookbox_config::parse(&config.to_string()).unwrap();
    Monitor::start(MonitorSpec {
        id: MonitorId {
            hook: 0,
            binding: 0,
        },
        version: ConfigVersion::V1,
        config: config.kubernetes.remove(0),
        filter,
        hub: hub.clone(),
        kinds: Kinds::new(cluster.client()),
        listener: Arc::new(Nobody),
        quota: None,
    })
}

async fn plain(cluster: &Cluster, hub: &Hub, more: Value) -> Monitor {
    let monitor = monitor(cluster, hub, Filter::None, more);
    enabled(&monitor).await;
    monitor
}

async fn enabled(monitor: &Monitor) {
    reached(monitor, |p| p.phase == Phase::Enabled).await;
}

async fn reached(monitor: &Monitor, enough: impl FnMut(Progress) -> bool) {
    patiently("a monitor", monitor.reached(enough)).await;
}

/// All that happened until now is known to a monitor.
async fn caught_up(cluster: &Cluster, monitor: &Monitor) {
    let revision = cluster.revision();
    let seen = monitor.reached(move |p| p.seen.is_some_and(|seen| seen >= revision));
    let mut seen = std::pin::pin!(patiently("a monitor to catch up", seen));
    let pause = Duration::from_millis(100);
    while tokio::time::timeout(pause, &mut seen).await.is_err() {
        // A watch that is being taken up again right now misses a bookmark.
        cluster.faults().send_bookmarks();
    }
}

/// A ConfigMap that is too large to be packed.
fn long(name: &str, value: u32) -> Value {
    config_map("ns", name, &format!("{value:01000}"))
}

async fn filled(count: u32) -> Cluster {
    let cluster = cluster(&[ns()]).await;
    for i in 0..count {
        apply(&cluster, &[long(&format!("m{i:04}"), i)]).await;
    }
    cluster
}

/// The texts that a monitor holds.
fn texts(monitor: &Monitor) -> Vec<JsonText> {
    let frozen = monitor.peek();
    let text = |at| frozen.entry(at).unwrap().object.unwrap();
    (0..frozen.len()).map(text).collect()
}

fn bytes(texts: &[JsonText]) -> usize {
    texts.iter().map(|text| text.len()).sum()
}

fn same(one: &[JsonText], other: &[JsonText]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Nothing is held any more, once the tasks of monitors that were dropped have ended.
async fn let_go(hub: &Hub) {
    let gone = async {
        hub.texts().sweep();
        while !hub.texts().is_empty() {
            tokio::task::yield_now().await;
            hub.texts().sweep();
        }
    };
    patiently("all texts to be let go of", gone).await;
}

/// Requests for lists and watches of ConfigMaps.
fn asked(cluster: &Cluster) -> usize {
    let reads = |verb| matches!(verb, Verb::List | Verb::Watch);
    let requests = cluster.requests();
    let maps = requests.iter().filter(|r| r.resource == "configmaps");
    maps.filter(|r| reads(r.verb)).count()
}

#[tokio::test]
async fn who_comes_later_gets_what_another_one_knows_and_all_that_changes() {
    let cluster = filled(300).await;
    let hub = Hub::new(cluster.client());
    let first = plain(&cluster, &hub, json!({})).await;
    let before = asked(&cluster);
    // What the first has not handled yet is not lost on the second.
    apply(&cluster, &[long("m0000", 7), long("new", 1)]).await;
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/m0001").await;
    let second = monitor(&cluster, &hub, Filter::None, json!({}));
    apply(&cluster, &[long("m0002", 8), long("newer", 1)]).await;
    enabled(&second).await;
    for monitor in [&first, &second] {
        caught_up(&cluster, monitor).await;
        assert_eq!(monitor.held().0, 301);
    }
    // A long list leaves its connection (see `watch::list`), and that is all.
    assert!(asked(&cluster) - before <= 1, "{:?}", cluster.requests());
    let held = texts(&first);
    assert!(same(&held, &texts(&second)), "held twice");
    assert_eq!(hub.texts().bytes(), bytes(&held));
    drop(first);
    assert_eq!(hub.texts().bytes(), bytes(&held));
    drop((second, held));
    let_go(&hub).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_list_holds_nothing_twice_however_often_it_begins() {
    let cluster = filled(1100).await;
    let hub = Hub::new(cluster.client());
    let both = [
        plain(&cluster, &hub, json!({})).await,
        plain(&cluster, &hub, json!({})).await,
    ];
    let before = texts(&both[0]);
    let lists = || {
        let requests = cluster.requests();
        requests.iter().filter(|r| r.verb == Verb::List).count()
    };
    let verb = |verb| Matching::any().verb(verb).resource("configmaps");
    // History is forgotten, there are no streaming lists any more, and pages take their time.
    let faults = cluster.faults();
    faults.fail_next(1, verb(Verb::Watch), Failure::Expired);
    faults.fail_next(1, verb(Verb::Watch), Failure::InternalError);
    faults.delay(verb(Verb::List), Duration::from_secs(20));
    faults.cut_watches();
    let first_page = async {
        while lists() < 1 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    patiently("the first page", first_page).await;
    // A later one is refused: all begins again.
    faults.fail_next(1, verb(Verb::List), Failure::Expired);
    apply(&cluster, &[long("m0003", 77)]).await;
    for monitor in &both {
        caught_up(&cluster, monitor).await;
        let after = texts(monitor);
        assert!(same(&before[..3], &after[..3]) && same(&before[4..], &after[4..]));
        assert!(after[3].contains("0077"));
        // What was there before is held by this test.
        assert_eq!(hub.texts().bytes(), bytes(&before) + after[3].len());
    }
    assert!(lists() > 4, "some pages, and once more three");
}

#[tokio::test]
async fn what_was_just_written_is_in_the_next_first_list() {
    let cluster = filled(20).await;
    let hub = Hub::new(cluster.client());
    let first = plain(&cluster, &hub, json!({})).await;
    let before = asked(&cluster);
    hub.acted();
    let second = plain(&cluster, &hub, json!({})).await;
    assert_eq!(asked(&cluster) - before, 1, "a list of its own");
    assert!(same(&texts(&first), &texts(&second)), "held twice");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3)).await;
    let third = plain(&cluster, &hub, json!({})).await;
    assert_eq!(asked(&cluster) - before, 1);
    assert!(same(&texts(&first), &texts(&third)), "held twice");
}

#[tokio::test]
async fn other_watches_with_the_same_objects_hold_them_once() {
    let cluster = filled(20).await;
    let hub = Hub::new(cluster.client());
    let all = plain(&cluster, &hub, json!({})).await;
    let one = json!({"nameSelector": {"matchNames": ["m0003", "m0005"]}});
    let some = plain(&cluster, &hub, one).await;
    let metadata = plain(&cluster, &hub, json!({"metadataOnly": true})).await;
    let (held, two) = (texts(&all), texts(&some));
    assert!(Arc::ptr_eq(&held[3], &two[0]) && Arc::ptr_eq(&held[5], &two[1]));
    // Of the same version, but not the same text.
    assert!(
        texts(&metadata)
            .iter()
            .all(|text| !text.contains(r#""data":"#))
    );
    // A change comes by two watches, and is one text all the same.
    apply(&cluster, &[long("m0005", 77)]).await;
    for monitor in [&all, &some] {
        caught_up(&cluster, monitor).await;
    }
    assert!(Arc::ptr_eq(&texts(&all)[5], &texts(&some)[1]));
}

#[tokio::test]
async fn a_state_that_a_filter_left_behind_is_not_lent() {
    let cluster = filled(20).await;
    let hub = Hub::new(cluster.client());
    let jq = Jq::new(&sandbox()).unwrap();
    let filter = r#"if .data.v == "bad" then error("bad") else .metadata.name end"#;
    let filter = Filter::Jq(jq.compile(filter).await.unwrap());
    let first = monitor(&cluster, &hub, filter, json!({}));
    enabled(&first).await;
    apply(&cluster, &[config_map("ns", "m0004", "bad")]).await;
    caught_up(&cluster, &first).await;
    assert!(texts(&first)[4].contains("0004"), "what was known stays");
    let second = plain(&cluster, &hub, json!({})).await;
    assert!(texts(&second)[4].contains("bad"));
}

#[tokio::test]
async fn one_that_keeps_no_objects_lends_none_and_gets_some() {
    let cluster = filled(20).await;
    let hub = Hub::new(cluster.client());
    let jq = Jq::new(&sandbox()).unwrap();
    let filter = Filter::Jq(jq.compile(".metadata.name").await.unwrap());
    let slim = json!({"keepFullObjectsInMemory": false});
    let slim = || monitor(&cluster, &hub, filter.clone(), slim.clone());
    let first = slim();
    enabled(&first).await;
    assert!(hub.texts().is_empty());
    let before = asked(&cluster);
    let full = plain(&cluster, &hub, json!({})).await;
    assert_eq!(asked(&cluster) - before, 1, "a list of its own");
    let second = slim();
    enabled(&second).await;
    assert_eq!(asked(&cluster) - before, 1, "what the full one knows");
    let results = |monitor: &Monitor| -> Vec<_> {
        let frozen = monitor.peek();
        (0..frozen.len()).map(|at| frozen.entry(at)).collect()
    };
    assert_eq!(results(&first), results(&second));
    assert_eq!((first.held(), full.held().0), (second.held(), 20));
}

/// A snapshot that counts what is read of it.
struct Counted {
    objects: Frozen,
    entries: AtomicUsize,
    bytes: AtomicUsize,
}

impl Snapshot for Counted {
    fn len(&self) -> usize {
        self.objects.len()
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        let entry = self.objects.entry(index)?;
        let bytes = entry.object.as_ref().map_or(0, |text| text.len());
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Some(entry)
    }

    fn json_bytes(&self) -> u64 {
        self.objects.json_bytes()
    }
}

/// Some objects, and a run that reads ten of them: what it said, what it used, and what was read for it.
async fn ten_of(count: usize, component: &Component) -> (String, [u64; 3], [usize; 2]) {
    let keeps = Keeps {
        object: true,
        filter_result: false,
    };
    let mut store = Store::new(keeps);
    // Of one length, whatever the number.
    let data = "x".repeat(700);
    for i in 0..count {
        let name = format!("m{i:06}");
        let text = format!(
            r#"{{"apiVersion":"v1","data":{{"v":"{data}"}},"kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"ns"}}}}"#
        );
        store.put_at(&store.key("ns", &name), 1 + i as u64, &text.into(), None);
    }
    let snapshot = Arc::new(Counted {
        objects: store.freeze(),
        entries: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
    });
    let input = RunInput {
        contexts: vec![Context {
            binding: "often".to_owned(),
            kind: Some("Schedule".to_owned()),
            snapshot_names: Some(vec!["maps".to_owned()]),
            ..Context::default()
        }],
        snapshots: BTreeMap::from([("maps".to_owned(), snapshot.clone() as Arc<dyn Snapshot>)]),
        ..RunInput::default()
    };
    let run = component.run("ten", input, &Budget::default()).await;
    run.result.unwrap();
    let used = [run.usage.host_calls, run.usage.memory, run.usage.log_bytes];
    let read = [&snapshot.entries, &snapshot.bytes].map(|n| n.load(Ordering::Relaxed));
    (run.log[0].message.clone(), used, read)
}

#[tokio::test]
async fn a_run_that_reads_ten_objects_costs_the_same_among_a_hundred_thousand() {
    let component = sandbox().load(guest()).await.unwrap();
    let (said, few, few_read) = ten_of(1_000, &component).await;
    assert!(
        said.starts_with(r#""m000000","m000100","m000200","#),
        "{said}"
    );
    let (said, many, many_read) = ten_of(100_000, &component).await;
    assert!(
        said.starts_with(r#""m000000","m010000","m020000","#),
        "{said}"
    );
    assert_eq!((few, few_read), (many, many_read));
    assert_eq!(many_read[0], 11, "ten parts and one whole object");
}

/// What the cluster holds: name and text of each ConfigMap in `ns`.
fn state(cluster: &Cluster) -> BTreeMap<String, Value> {
    let all = cluster.objects();
    let ours = all
        .iter()
        .filter(|o| o["kind"] == "ConfigMap" && o["metadata"]["namespace"] == "ns");
    let named = |o: &Value| {
        (
            o["metadata"]["name"].as_str().unwrap().to_owned(),
            o.clone(),
        )
    };
    ours.map(named).collect()
}

// Paused timers, so that nobody waits out the pauses after failures.
#[tokio::test(start_paused = true)]
async fn whatever_happens_all_hold_the_state_of_the_cluster_and_each_object_once() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let cluster = filled(3).await;
        let hub = Hub::new(cluster.client());
        let mut monitors: Vec<Monitor> = Vec::new();
        let mut runs = Vec::new();
        for _ in 0..80 {
            let name = format!("o{}", random.u8(..6));
            match random.u8(..16) {
                0..5 => apply(&cluster, &[long(&name, random.u32(..))]).await,
                5..7 if state(&cluster).contains_key(&name) => {
                    let path = format!("/api/v1/namespaces/ns/configmaps/{name}");
                    delete(&cluster, &path).await;
                }
                7..10 => {
                    let more = match random.u8(..3) {
                        0 => json!({"namespace": {"nameSelector": {"matchNames": []}}}),
                        _ => json!({}),
                    };
                    monitors.push(monitor(&cluster, &hub, Filter::None, more));
                }
                10 if !monitors.is_empty() => {
                    drop(monitors.swap_remove(random.usize(..monitors.len())));
                }
                // As runs do, for a while.
                11 if !monitors.is_empty() => {
                    runs.push(monitors[random.usize(..monitors.len())].peek());
                }
                11 | 12 => runs.clear(),
                13 => hub.acted(),
                14 => cluster.faults().cut_watches(),
                15 => {
                    let watch = Matching::any().verb(Verb::Watch).resource("configmaps");
                    let failure = match random.bool() {
                        true => Failure::Expired,
                        // As a server without streaming lists.
                        false => Failure::InternalError,
                    };
                    cluster.faults().fail_next(2, watch, failure);
                    let list = Matching::any().verb(Verb::List).resource("configmaps");
                    cluster.faults().fail_next(1, list, Failure::Expired);
                    cluster.faults().cut_watches();
                }
                _ => {}
            }
            // Let the others have a turn, or not.
            for _ in 0..random.u8(..6) {
                tokio::task::yield_now().await;
            }
        }
        runs.clear();
        apply(&cluster, &[long("the-end", 1)]).await;
        let state = state(&cluster);
        let mut once: HashMap<String, JsonText> = HashMap::new();
        for monitor in &monitors {
            enabled(monitor).await;
            caught_up(&cluster, monitor).await;
            // What waits for the Synchronization is held too.
            monitor.unlock();
            let held = texts(monitor);
            let values: Vec<Value> = held
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect();
            let expected: Vec<Value> = state.values().cloned().collect();
            assert_eq!(values, expected, "seed {seed}");
            let names = state.keys();
            let keys: usize = names.map(|name| "ns".len() + 1 + name.len()).sum();
            assert_eq!(monitor.held(), (state.len(), bytes(&held) + keys));
            for text in held {
                let first = once.entry(text.to_string()).or_insert(text.clone());
                assert!(Arc::ptr_eq(first, &text), "seed {seed}: held twice");
            }
        }
        hub.texts().sweep();
        let all: Vec<JsonText> = once.into_values().collect();
        assert_eq!(hub.texts().bytes(), bytes(&all), "seed {seed}");
        drop((monitors, all));
        let_go(&hub).await;
    }
}
