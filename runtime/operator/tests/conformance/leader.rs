//! Several replicas, of which one leads.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::*;
use hookbox_cluster::{Cluster, Matching, Verb};
use hookbox_operator::clock::Clock;
use hookbox_operator::event::RunResult;
use hookbox_operator::leader::{LeaderOptions, Leadership};
use hookbox_operator::native::NativeSettings;
use hookbox_operator::{HookSource, OperatorEvent, load};
use serde_json::{Value, json};
use tokio::time::Instant;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/hookbox";

async fn replica(cluster: &Cluster, name: &str, hooks: &[(&str, Value)]) -> Bench {
    Bench::with(cluster, hooks, |options| {
        let mut leader = LeaderOptions::new("default", "hookbox", name);
        leader.retry_period = Duration::from_millis(200);
        options.leader = Some(leader);
        options.clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    })
    .await
}

impl Bench {
    /// The next time that this is so of who leads.
    async fn leadership(&mut self, so: impl Fn(&Leadership) -> bool) -> Leadership {
        self.event_where(|event| match event {
            OperatorEvent::Leadership(view) if so(view) => Some(view.clone()),
            _ => None,
        })
        .await
    }
}

async fn give_the_lease_to(cluster: &Cluster, holder: &str) {
    let patch = json!({"spec": {"holderIdentity": holder}}).to_string();
    let request = http::Request::patch(LEASE)
        .header("content-type", "application/merge-patch+json")
        .body(patch.into_bytes())
        .unwrap();
    let _: Value = cluster.client().request(request).await.unwrap();
}

fn runs(events: &[Arc<OperatorEvent>]) -> usize {
    let is_run = |e: &&Arc<OperatorEvent>| matches!(***e, OperatorEvent::RunStarted { .. });
    events.iter().filter(is_run).count()
}

fn hooks() -> [(&'static str, Value); 1] {
    let schedule = json!({"crontab": "* * * * *", "includeSnapshotsFrom": ["maps"]});
    let config =
        json!({"onStartup": 1, "schedule": [schedule], "kubernetes": [binding("maps", json!({}))]});
    [("echo", config)]
}

#[tokio::test]
async fn the_leader_runs_hooks_and_who_follows_it_begins_as_after_a_start() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let mut first = replica(&cluster, "first", &hooks()).await;
    assert_eq!(
        first.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    first.contexts("echo").await;
    let mut second = replica(&cluster, "second", &hooks()).await;
    leap();
    let view = second.leadership(|view| view.known).await;
    let leader = first.running.leadership().unwrap();
    assert_eq!(
        (view.leads, view.leader),
        (false, Some(leader.identity.clone()))
    );
    assert!(leader.leads);

    apply(&cluster, &[config_map("ns", "b", "1")]).await;
    assert_eq!(first.contexts("echo").await[0]["type"], "Event");
    // Schedules too.
    assert_eq!(first.contexts("echo").await[0]["type"], "Schedule");
    assert_eq!(runs(&second.drain()), 0);
    assert!(second.running.queues().iter().all(|q| q.tasks.is_empty()));
    assert_eq!(second.running.snapshots("echo").unwrap().len(), 0);

    let asked = Instant::now();
    assert!(patiently("the stop", first.running.stop()).await);
    // What happens while nobody leads is not lost.
    apply(&cluster, &[config_map("ns", "c", "1")]).await;
    assert_eq!(
        second.contexts("echo").await,
        json!([{"binding": "onStartup"}])
    );
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    let synchronization = second.contexts("echo").await;
    let names: Vec<_> = synchronization[0]["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["object"]["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(second.contexts("echo").await[0]["type"], "Schedule");
}

#[tokio::test]
async fn what_a_leader_has_not_sent_when_it_leads_no_longer_is_never_sent() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [(
        "write",
        json!({"kubernetes": [binding("watched", json!({"includeSnapshotsFrom": ["watched"]}))]}),
    )];
    let mut first = replica(&cluster, "first", &hooks).await;
    first.run("write").await;
    leap();
    let writes = Matching::any().resource("configmaps").verb(Verb::Create);
    cluster.faults().delay(writes, Duration::from_secs(5));
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    first.started("write").await;
    // The write waits in the API server for five seconds; the next renewal comes before.
    give_the_lease_to(&cluster, "somebody").await;
    cluster.clear_requests();
    let run = first.run("write").await;
    let RunResult::Failed { code, retry_in, .. } = &run.result else {
        panic!("{run:?}")
    };
    assert_eq!((code.as_str(), *retry_in), ("not-leader", None));
    let view = first.running.leadership().unwrap();
    assert_eq!(
        (view.leads, view.leader.as_deref()),
        (false, Some("somebody"))
    );
    // Events and retries come to nothing while another leads.
    apply(&cluster, &[config_map("ns", "b", "1")]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(runs(&first.drain()), 0);
    let written = |verb: Verb| matches!(verb, Verb::Create | Verb::Update | Verb::Patch);
    let by_hooks: Vec<_> = cluster
        .requests()
        .into_iter()
        .filter(|r| {
            written(r.verb)
                && r.resource == "configmaps"
                && r.namespace.as_deref() == Some("default")
        })
        .collect();
    assert!(by_hooks.is_empty(), "{by_hooks:?}");

    // It ran out: the same process leads again, from the start.
    cluster.faults().clear();
    let run = first.run("write").await;
    assert!(!failed(&run), "{run:?}");
    assert_eq!(run.attempt, 1);
    assert_eq!(contexts(&run)[0]["type"], "Synchronization");
    let objects = cluster.objects();
    let count = objects
        .iter()
        .find(|o| o["metadata"]["name"] == "written")
        .unwrap();
    assert_eq!(count["data"]["count"], "2");
}

#[tokio::test]
async fn who_leads_again_begins_with_fresh_instances() {
    let cluster = cluster(&[ns()]).await;
    let config =
        json!({"settings": {"warmInstance": true}, "kubernetes": [binding("maps", json!({}))]});
    let mut bench = replica(&cluster, "first", &[("echo", config)]).await;
    leap();
    assert_eq!(bench.run("echo").await.usage.earlier_runs, 0);
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    assert_eq!(bench.run("echo").await.usage.earlier_runs, 1);
    give_the_lease_to(&cluster, "somebody").await;
    bench.leadership(|view| !view.leads).await;
    // Until that runs out.
    let run = bench.run("echo").await;
    assert_eq!(contexts(&run)[0]["type"], "Synchronization");
    assert_eq!(run.usage.earlier_runs, 0);
}

#[tokio::test]
async fn a_run_that_is_under_way_ends_with_the_term() {
    let cluster = cluster(&[ns()]).await;
    let cut = Arc::new(AtomicBool::new(false));
    let hooks = [(
        "spin",
        json!({"kubernetes": [binding("maps", json!({"queue": "spin", "executeHookOnSynchronization": false}))]}),
    )];
    let service = cluster.service();
    let broken = cut.clone();
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (broken, mut service) = (broken.clone(), service.clone());
        async move {
            if broken.load(Ordering::Relaxed) {
                return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            }
            tower::Service::call(&mut service, request).await
        }
    });
    // By the system's clock: a guest that spins lets no timer leap.
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        let mut leader = LeaderOptions::new("default", "hookbox", "first");
        leader.lease_duration = Duration::from_millis(2500);
        leader.renew_deadline = Duration::from_millis(1000);
        leader.retry_period = Duration::from_millis(100);
        options.leader = Some(leader);
        options.client = Some(kube::Client::new(service, "default"));
        options.budget.cpu_time = Duration::from_secs(3600);
        options.budget.wall_clock = Duration::from_secs(3600);
    })
    .await;
    patiently("the leader", bench.leadership(|view| view.leads)).await;
    bench.settle().await;
    apply(&cluster, &[config_map("ns", "a", "1")]).await;
    bench.started("spin").await;
    cut.store(true, Ordering::Relaxed);
    let run = bench.run("spin").await;
    let RunResult::Failed { code, .. } = &run.result else {
        panic!("{run:?}")
    };
    assert_eq!(code, "ended");
    assert!(!bench.running.leadership().unwrap().leads);
}

#[tokio::test]
async fn readiness_and_metrics_tell_who_leads() {
    let cluster = cluster(&[ns()]).await;
    let start = |name: &'static str| {
        let cluster = cluster.clone();
        async move {
            Bench::with(&cluster, &hooks(), |options| {
                let mut leader = LeaderOptions::new("default", "hookbox", name);
                leader.retry_period = Duration::from_millis(100);
                options.leader = Some(leader);
                options.listen = Some(([127, 0, 0, 1], 0).into());
            })
            .await
        }
    };
    let mut first = start("first").await;
    first.leadership(|view| view.leads).await;
    first.contexts("echo").await;
    first.contexts("echo").await;
    first.settle().await;
    let mut second = start("second").await;
    second.leadership(|view| view.known).await;
    let body = |answer: String| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let ready = |bench: &Bench| get(bench.running.http_addr().unwrap(), "/readyz");
    let identity = first.running.leadership().unwrap().identity;
    assert!(identity.starts_with("first_"), "{identity}");
    assert_eq!(
        body(ready(&first).await),
        format!("ok\nleader: {identity}\n")
    );
    assert_eq!(
        body(ready(&second).await),
        format!("ok\nstandby: the leader is {identity}\n")
    );
    assert!(
        first
            .running
            .metrics_text()
            .contains("shell_operator_leader 1\n")
    );
    assert!(
        second
            .running
            .metrics_text()
            .contains("shell_operator_leader 0\n")
    );
}

#[tokio::test]
async fn without_the_right_to_the_lease_nobody_leads_and_readiness_says_why() {
    let cluster = cluster(&[ns()]).await;
    cluster.faults().fail_always(
        Matching::any().resource("leases"),
        hookbox_cluster::Failure::Forbidden,
    );
    let mut bench = Bench::with(&cluster, &hooks(), |options| {
        options.leader = Some(LeaderOptions::new("default", "hookbox", "first"));
        options.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    bench.leadership(|view| view.trouble.is_some()).await;
    let answer = get(bench.running.http_addr().unwrap(), "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        answer.contains("\nwaiting for the lease default/hookbox: "),
        "{answer}"
    );
    assert_eq!(runs(&bench.drain()), 0);
    let failed = "shell_operator_leader_lease_errors_total{code=\"forbidden\"} ";
    assert!(bench.running.metrics_text().contains(failed));
    assert!(patiently("the stop", bench.running.stop()).await);
}

/// A replica whose hook is an executable, because it has a webhook. By the system's clock: no timer may leap while it runs.
async fn native_replica(cluster: &Cluster, name: &str, folder: &Path, config: &Value) -> Bench {
    let path = folder.join("echo.sh");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" != --config ] || {{ cat <<'END'\n{config}\nEND\nexit; }}\ntr -d '\\n' <\"$BINDING_CONTEXT_PATH\"\necho\n"
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Bench::with(cluster, &[], |options| {
        let mut leader = LeaderOptions::new("default", "hookbox", name);
        leader.retry_period = Duration::from_millis(200);
        options.leader = Some(leader);
        options.hooks = load::specs(vec![HookSource::Native {
            path,
            name: "echo.sh".to_owned(),
            dir: folder.to_owned(),
            settings: Arc::new(NativeSettings::new(folder.join("tmp"))),
        }]);
    })
    .await
}

#[tokio::test]
async fn a_standby_knows_what_webhooks_show_and_buffers_nothing() {
    let cluster = cluster(&[ns(), config_map("ns", "a", "1")]).await;
    let webhook = json!({"name": "a.b.example", "includeSnapshotsFrom": ["shown"],
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"], "scope": "*"}]});
    let config = json!({"configVersion": "v1", "kubernetesMutating": [webhook],
        "kubernetes": [binding("shown", json!({})), binding("other", json!({}))]});
    let folder = tempfile::tempdir().unwrap();
    let mut first = native_replica(&cluster, "first", folder.path(), &config).await;
    first.run("echo.sh").await;
    let mut second = native_replica(&cluster, "second", folder.path(), &config).await;
    second
        .event_where(|e| matches!(e, OperatorEvent::BindingEnabled { .. }).then_some(()))
        .await;
    for i in 0..100 {
        apply(&cluster, &[config_map("ns", "b", &i.to_string())]).await;
    }
    second.catch_up().await;
    let snapshots = second.running.snapshots("echo.sh").unwrap();
    let names: Vec<_> = snapshots.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["shown"]);
    assert_eq!(hookbox_sandbox::Snapshot::len(&snapshots[0].1), 2);
    let events = second.drain();
    let told = |e: &&Arc<OperatorEvent>| matches!(***e, OperatorEvent::KubeEvent { .. });
    assert_eq!((runs(&events), events.iter().filter(told).count()), (0, 0));

    // Taking over, it goes on with what it has, and each binding is synchronised.
    assert!(patiently("the stop", first.running.stop()).await);
    for name in ["shown", "other"] {
        let synchronization = second.contexts("echo.sh").await;
        assert_eq!(synchronization[0]["binding"], *name);
        assert_eq!(synchronization[0]["objects"].as_array().unwrap().len(), 2);
    }
    patiently("quiet", second.running.idle()).await;
    apply(&cluster, &[config_map("ns", "c", "1")]).await;
    let events = second.contexts("echo.sh").await;
    assert_eq!(events[0]["watchEvent"], "Added");
    assert_eq!(events[0]["object"]["metadata"]["name"], "c");
}
