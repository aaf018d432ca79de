//! Filters of the hook's own component (`filter: true`). The test's guest says by the binding's name what its filter does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_config::ConfigVersion;
use hookbox_operator::filter::{Filter, FilterError, GuestFilter};
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase};
use hookbox_operator::queue::Reason;
use hookbox_operator::watch::Hub;
use hookbox_operator::{HookSource, OperatorEvent};
use hookbox_sandbox::Budget;
use serde_json::{Value, json};

fn hook(name: &str, more: Value) -> Value {
    let mut fields = json!({"filter": true});
    for (key, value) in more.as_object().unwrap() {
        fields[key] = value.clone();
    }
    json!({"kubernetes": [binding(name, fields)]})
}

async fn filter(binding: &str) -> GuestFilter {
    let component = sandbox().load(guest()).await.unwrap();
    // Not so long for those that never end.
    let budget = Budget {
        cpu_time: Duration::from_millis(100),
        ..Budget::filter()
    };
    GuestFilter::with_budget(component, "echo", binding, budget)
}

fn object(value: &str) -> String {
    config_map("ns", "a", value).to_string()
}

#[tokio::test]
async fn contexts_show_what_it_gives_and_only_a_change_of_that_is_an_event() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let hooks = [
        (
            "echo",
            hook("maps", json!({"keepFullObjectsInMemory": false})),
        ),
        ("echo-full", hook("spaces", json!({}))),
    ];
    let mut bench = Bench::settled(&cluster, &hooks).await;
    let mut full = config_map("ns", "a", "1");
    let synchronization = |binding: &str, item: Value| json!([{"binding": binding, "type": "Synchronization", "objects": [item]}]);
    assert_eq!(
        bench.contexts("echo").await,
        synchronization("maps", json!({"filterResult": "1"}))
    );
    assert_eq!(
        bench.contexts("echo-full").await,
        synchronization(
            "spaces",
            json!({"object": full, "filterResult": {"v": "1", "z": 0}})
        )
    );
    full["metadata"]["labels"] = json!({"a": "b"});
    apply(&cluster, &[full.clone(), config_map("ns", "b", "2")]).await;
    bench.settle().await;
    let events = bench.drain();
    let contexts: Vec<Value> = events
        .iter()
        .filter_map(|event| match &**event {
            OperatorEvent::RunFinished(run) => Some(contexts(run)),
            _ => None,
        })
        .collect();
    assert_eq!(contexts.len(), 2, "{contexts:?}");
    let event =
        json!([{"binding": "maps", "type": "Event", "watchEvent": "Added", "filterResult": "2"}]);
    assert!(contexts.contains(&event), "{contexts:?}");
}

#[tokio::test]
async fn many_objects_come_in_one_call() {
    let filter = filter("count").await;
    let objects: Vec<String> = (0..300).map(|i| object(&i.to_string())).collect();
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    let results = filter.apply(&objects).await;
    let counts: Vec<&str> = results
        .iter()
        .map(|result| &**result.as_ref().unwrap().as_ref().unwrap())
        .collect();
    assert_eq!(counts, [vec!["256"; 256], vec!["44"; 44]].concat());
}

/// One object on which a call fails costs no other object its result.
#[tokio::test]
async fn what_goes_wrong_with_one_object_is_told_of_that_one() {
    let objects: Vec<String> = (0..20)
        .map(|i| object(if i == 13 { "bad" } else { "good" }))
        .collect();
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    for (binding, code, words) in [
        ("error", "runtime", "as asked"),
        ("panic", "trap", "the value is bad"),
        ("spin", "limit", "stopped at the CPU time limit"),
        ("nonsense", "result", "is not JSON"),
    ] {
        let results = filter(binding).await.apply(&objects).await;
        assert_eq!(results.len(), 20);
        for (i, result) in results.into_iter().enumerate() {
            match result {
                Ok(text) => {
                    assert_ne!(i, 13, "{binding}");
                    assert_eq!(text.as_deref(), Some("\"good\""), "{binding} {i}");
                }
                Err(error) => {
                    assert_eq!((i, error.code()), (13, code), "{binding}");
                    assert!(error.to_string().contains(words), "{error}");
                    let quiet = error.without_values().to_string();
                    assert!(
                        !quiet.contains("bad") && !quiet.contains("as asked"),
                        "{quiet}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn too_few_results_are_none_and_what_never_ends_is_given_up() {
    let good = object("good");
    let results = filter("fewer").await.apply(&[&good, &good]).await;
    let wrong = |error: &FilterError| error.to_string().contains("gave 0 results for 2 objects");
    assert!(
        results.iter().all(|r| r.as_ref().is_err_and(wrong)),
        "{results:?}"
    );
    let bad = object("bad");
    let mut objects = vec![&*good];
    objects.extend(vec![&*bad; 250]);
    let results = filter("spin").await.apply(&objects).await;
    assert_eq!(results.len(), 251);
    assert!(results[0].is_ok() && results[1..].iter().all(Result::is_err));
}

#[tokio::test]
async fn a_failing_filter_is_told_and_what_was_known_stays() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let mut bench = Bench::settled(&cluster, &[("echo", hook("panic", json!({})))]).await;
    bench.run("echo").await;
    apply(&cluster, &[config_map("ns", "a", "bad")]).await;
    let message = bench
        .event_where(|event| match event {
            OperatorEvent::FilterFailed { name, message, .. } if name == "a" => {
                Some(message.clone())
            }
            _ => None,
        })
        .await;
    assert!(message.contains("the value is bad"), "{message}");
    delete(&cluster, "/api/v1/namespaces/ns/configmaps/a").await;
    let deleted = bench.contexts("echo").await;
    assert_eq!(deleted[0]["filterResult"], "1", "the last that is known");
}

/// Counts objects that were filtered, and tells what failed.
#[derive(Clone, Default)]
struct Counter {
    filtered: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
}

impl Listener for Counter {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, notice: Notice<'_>) {
        match notice {
            Notice::Filtered { objects, .. } => {
                self.filtered.fetch_add(objects, Ordering::Relaxed);
            }
            Notice::NotEnabled { error, .. } => {
                self.failed.lock().unwrap().push(error.to_string());
            }
            _ => {}
        }
    }
}

/// The same version of an object is not filtered again, whether its list failed halfway or the watch had to be set up
/// again.
#[tokio::test]
async fn a_version_of_an_object_is_filtered_once() {
    let mut objects = vec![ns()];
    objects.extend((0..40).map(|i| config_map("ns", &format!("m{i:02}"), "good")));
    let cluster = cluster(&objects).await;
    apply(&cluster, &[config_map("ns", "m39", "bad")]).await;
    let config =
        json!({"configVersion": "v1", "kubernetes": [binding("error", json!({"filter": true}))]});
    let mut config = hookbox_config::parse(&config.to_string()).unwrap();
    let counter = Counter::default();
    let filter = filter("error").await;
    leap();
    let monitor = Monitor::start(MonitorSpec {
        id: MonitorId {
            hook: 0,
            binding: 0,
        },
        version: ConfigVersion::V1,
        config: config.kubernetes.remove(0),
        filter: Filter::Guest(filter),
        hub: Hub::new(cluster.client()),
        kinds: Kinds::new(cluster.client()),
        listener: Arc::new(counter.clone()),
        quota: None,
    });
    let filtered = || counter.filtered.load(Ordering::Relaxed);
    patiently("a failure", monitor.reached(|p| p.phase == Phase::Retrying)).await;
    assert_eq!(filtered(), 40);
    let failed = "the filter failed on `ns/m39`".to_owned();
    assert_eq!(counter.failed.lock().unwrap()[..], [failed]);
    apply(&cluster, &[config_map("ns", "m39", "good")]).await;
    patiently(
        "the binding",
        monitor.reached(|p| p.phase == Phase::Enabled),
    )
    .await;
    // The bad one was tried again until it was good.
    let tries = counter.failed.lock().unwrap().len();
    assert_eq!(filtered(), 40 + tries);
    let before = filtered();
    let watch = || Matching::any().verb(Verb::Watch).resource("configmaps");
    cluster.faults().fail_next(1, watch(), Failure::Expired);
    cluster.faults().cut_watches();
    apply(&cluster, &[config_map("ns", "m00", "better")]).await;
    let seen =
        |revision: u64| monitor.reached(move |p| p.seen.is_some_and(|seen| seen >= revision));
    patiently("the change", seen(cluster.revision())).await;
    assert_eq!(filtered(), before + 1);
    assert_eq!(monitor.held().0, 40);
}

#[tokio::test]
async fn a_component_without_the_export_is_refused() {
    let cluster = cluster(&[]).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests");
    let bytes = hookbox_guest_builder::component(&folder, "hookbox_guests").unwrap();
    let mut spec = spec(&[("harmless", hook("maps", json!({})))]);
    spec.source = HookSource::Bytes {
        name: "plain.wasm".to_owned(),
        bytes,
    };
    let mut options = hookbox_operator::Options::default();
    options.client = Some(cluster.client());
    options.hooks = vec![spec];
    let sandbox = sandbox();
    let jq = hookbox_jq::Jq::new(&sandbox).unwrap();
    let running = hookbox_operator::Operator::start(options, sandbox, jq)
        .await
        .unwrap();
    let problems = running.problems();
    assert_eq!(problems[0].code(), "no-export");
    assert_eq!(
        problems[0].to_string(),
        "hook `harmless` in `plain.wasm` uses `filter`, but does not export `hookbox:hook/filters`"
    );
}
