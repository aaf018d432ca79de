//! Changes that come before a binding's Synchronization succeeded: BEHAVIOUR A4.

use std::sync::{Arc, Mutex};

use crate::support::*;
use hookbox_config::ConfigVersion;
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::EventOutcome;
use hookbox_operator::filter::Filter;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{Listener, Monitor, MonitorId, MonitorSpec, Notice};
use hookbox_operator::queue::{Cause, Reason};
use hookbox_operator::watch::Hub;
use serde_json::{Value, json};

#[tokio::test]
async fn events_wait_for_the_synchronization_and_are_dropped_when_it_shows_them() {
    let cluster = cluster(&[
        ns(),
        config_map("ns", "a", "1"),
        config_map("default", "switch", "on"),
    ])
    .await;
    let config = json!({"kubernetes": [
        binding("maps", json!({"includeSnapshotsFrom": ["switch"]})),
        {"name": "switch", "kind": "ConfigMap", "apiVersion": "v1", "nameSelector": {"matchNames": ["switch"]},
         "namespace": {"nameSelector": {"matchNames": ["default"]}}, "executeHookOnSynchronization": false, "executeHookOnEvent": []},
    ]});
    let mut bench = Bench::start(&cluster, &[("switch", config)]).await;
    let first = bench.run("switch").await;
    assert!(failed(&first));
    assert_eq!(contexts(&first)[0]["objects"].as_array().unwrap().len(), 1);
    // It is tried again in five seconds; until then this waits in the buffer.
    apply(&cluster, &[config_map("ns", "b", "1")]).await;
    let buffered = bench.event_where(|event| match event {
        OperatorEvent::KubeEvent { outcome, .. } => Some(*outcome),
        _ => None,
    });
    assert_eq!(buffered.await, EventOutcome::Buffered);
    delete(&cluster, "/api/v1/namespaces/default/configmaps/switch").await;
    let second = bench.run("switch").await;
    assert!(!failed(&second), "{second:?}");
    assert_eq!(contexts(&second)[0]["objects"].as_array().unwrap().len(), 2);
    bench.settle().await;
    assert_eq!(
        bench.drain_contexts("switch").len(),
        0,
        "what the Synchronization showed is no event"
    );
    apply(&cluster, &[config_map("ns", "c", "1")]).await;
    let next = bench.contexts("switch").await;
    assert_eq!(
        (
            &next[0]["watchEvent"],
            &next[0]["object"]["metadata"]["name"]
        ),
        (&json!("Added"), &json!("c"))
    );
}

/// Keeps what a monitor fires.
#[derive(Clone, Default)]
struct Fired(Arc<Mutex<Vec<Cause>>>);

impl Listener for Fired {
    fn fire(&self, _: MonitorId, reason: Reason) {
        self.0.lock().unwrap().push(reason.cause);
    }

    fn notice(&self, _: MonitorId, _: Notice<'_>) {}
}

/// The monitor's part alone: in an operator this is a matter of moments.
#[tokio::test]
async fn what_changes_after_the_synchronization_read_its_objects_fires_once_it_succeeded() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let config = json!({"configVersion": "v1", "kubernetes": [binding("maps", json!({}))]});
    let mut config = hookbox_config::parse(&config.to_string()).unwrap();
    let fired = Fired::default();
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
        listener: Arc::new(fired.clone()),
        quota: None,
    });
    let seen = async |revision: u64| {
        let up = monitor.reached(|p| p.seen.is_some_and(|seen| seen >= revision));
        patiently("the monitor", up).await;
    };
    seen(1).await;
    // What comes before the objects are read, they show.
    for value in ["2", "3"] {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        seen(cluster.revision()).await;
    }
    assert_eq!(hookbox_sandbox::Snapshot::len(&monitor.snapshot()), 1);
    apply(
        &cluster,
        &[config_map("ns", "a", "4"), config_map("ns", "b", "1")],
    )
    .await;
    seen(cluster.revision()).await;
    assert_eq!(fired.0.lock().unwrap().len(), 0);
    monitor.unlock();
    apply(&cluster, &[config_map("ns", "a", "5")]).await;
    seen(cluster.revision()).await;
    let causes = fired.0.lock().unwrap();
    let told: Vec<_> = causes
        .iter()
        .map(|cause| match cause {
            Cause::Event {
                watch_event,
                object,
                ..
            } => {
                let object: Value = serde_json::from_str(object.as_ref().unwrap()).unwrap();
                let name = object["metadata"]["name"].as_str().unwrap().to_owned();
                format!("{watch_event} {name} {}", object["data"]["v"])
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [r#"Modified a "4""#, r#"Added b "1""#, r#"Modified a "5""#]
    );
}
