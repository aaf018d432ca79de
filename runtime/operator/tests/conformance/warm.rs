//! Instances that hooks keep from one run to the next.

use hookbox_cluster::{Failure, Matching, Verb};
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::{RunFinished, RunResult};
use serde_json::{Value, json};

use crate::support::*;
use crate::tenants::{Tenants, hook, policy, two_tenants};

/// A hook that runs for changes of ConfigMaps, whose instance is kept.
fn keeps() -> Value {
    let maps = binding("maps", json!({"executeHookOnSynchronization": false}));
    json!({"settings": {"warmInstance": true}, "kubernetes": [maps]})
}

fn fresh() -> Value {
    let mut config = keeps();
    config["settings"] = json!({"warmInstance": false});
    config
}

fn earlier(run: &RunFinished) -> u64 {
    run.usage.earlier_runs
}

#[tokio::test]
async fn a_hook_that_asks_for_it_keeps_its_instance_and_no_other_does() {
    let cluster = cluster(&[ns()]).await;
    let hooks = [("echo-warm", keeps()), ("echo-fresh", fresh())];
    let mut bench = Bench::with(&cluster, &hooks, |options| {
        options.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    patiently("the start", bench.running.idle()).await;
    for change in 0..3 {
        apply(&cluster, &[config_map("ns", "a", &change.to_string())]).await;
        bench.settle().await;
        let events = bench.drain();
        let runs = events.iter().filter_map(|event| match &**event {
            OperatorEvent::RunFinished(run) => Some(run),
            _ => None,
        });
        let mut counted: Vec<_> = runs.map(|run| (run.hook.as_str(), earlier(run))).collect();
        counted.sort_unstable();
        assert_eq!(counted, [("echo-fresh", 0), ("echo-warm", change)]);
    }
    let metrics = get(bench.running.http_addr().unwrap(), "/metrics").await;
    let of = |hook: &str| {
        let name = "shell_operator_hook_run_warm_total";
        format!("{name}{{binding=\"maps\",hook=\"{hook}\",queue=\"main\"}} 2")
    };
    assert!(metrics.contains(&of("echo-warm")), "{metrics}");
    assert!(!metrics.contains("hook_run_warm_total{binding=\"maps\",hook=\"echo-fresh\""));
}

#[tokio::test]
async fn a_run_that_failed_is_repeated_afresh() {
    let cluster = cluster(&[ns(), config_map("default", "switch", "off")]).await;
    delete(&cluster, "/api/v1/namespaces/default/configmaps/switch").await;
    let mut config = keeps();
    let switch = json!({"name": "switch", "kind": "ConfigMap", "apiVersion": "v1", "nameSelector": {"matchNames": ["switch"]},
        "namespace": {"nameSelector": {"matchNames": ["default"]}}, "executeHookOnSynchronization": false, "executeHookOnEvent": []});
    config["kubernetes"][0]["includeSnapshotsFrom"] = json!(["switch"]);
    config["kubernetes"].as_array_mut().unwrap().push(switch);
    let mut bench = Bench::settled(&cluster, &[("switch", config)]).await;
    leap();
    let mut run = async |value: &str| {
        apply(&cluster, &[config_map("ns", "a", value)]).await;
        bench.run("switch").await
    };
    assert_eq!(earlier(&run("1").await), 0);
    assert_eq!(earlier(&run("2").await), 1);
    apply(&cluster, &[config_map("default", "switch", "on")]).await;
    let found = run("3").await;
    assert!(failed(&found));
    assert_eq!(earlier(&found), 2);
    delete(&cluster, "/api/v1/namespaces/default/configmaps/switch").await;
    loop {
        let again = bench.run("switch").await;
        assert_eq!(earlier(&again), 0);
        if !failed(&again) {
            break;
        }
    }
}

#[tokio::test]
async fn a_run_whose_effects_failed_is_repeated_afresh() {
    let cluster = cluster(&[ns()]).await;
    let mut secrets = binding("secrets", json!({"executeHookOnSynchronization": false}));
    secrets["kind"] = json!("Secret");
    let config = json!({"settings": {"warmInstance": true}, "kubernetes": [secrets]});
    let mut bench = Bench::settled(&cluster, &[("write", config)]).await;
    leap();
    let mut run = async |name: &str| {
        let metadata = json!({"name": name, "namespace": "ns"});
        apply(
            &cluster,
            &[json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})],
        )
        .await;
        bench.run("write").await
    };
    assert_eq!(earlier(&run("a").await), 0);
    let writes = Matching::any().verb(Verb::Create).resource("configmaps");
    cluster.faults().fail_next(1, writes, Failure::Forbidden);
    let refused = run("b").await;
    assert!(failed(&refused), "{refused:?}");
    assert_eq!(earlier(&refused), 1);
    // What the instance may remember of its effects is not so.
    let again = bench.run("write").await;
    assert!(!failed(&again), "{again:?}");
    assert_eq!(earlier(&again), 0);
}

/// The guest of `tests/guest` with one hook that keeps its instance.
fn keeping() -> Vec<u8> {
    let maps = json!({"name": "maps", "apiVersion": "v1", "kind": "ConfigMap",
        "namespace": {"nameSelector": {"matchNames": ["team-a"]}}, "labelSelector": {"matchLabels": {"watched": "yes"}}});
    let config =
        json!({"configVersion": "v1", "settings": {"warmInstance": true}, "kubernetes": [maps]});
    hookbox_guest_builder::with_hooks(guest(), &[("echo", &config.to_string())])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_hook_keeps_its_instance_where_the_policy_allows_it() {
    let cluster = two_tenants().await;
    apply(&cluster, &hookbox_test_teams::team("team-a", &keeping())).await;
    apply(&cluster, &[policy(json!({})), hook("team-a", json!({}))]).await;
    let mut tenants = Tenants::on(&cluster).await;
    tenants.ready("team-a").await;
    let hook = tenants
        .condition("team-a", "CapabilitiesGranted", "False", "NotGranted")
        .await;
    let text = hook["status"]["conditions"].to_string();
    assert!(text.contains("settings.warmInstance"), "{text}");
    assert_eq!(two_runs(&cluster, &mut tenants, "no").await, [0, 0]);

    apply(&cluster, &[policy(json!({"warmInstances": true}))]).await;
    tenants
        .condition("team-a", "CapabilitiesGranted", "True", "Granted")
        .await;
    assert_eq!(two_runs(&cluster, &mut tenants, "yes").await, [0, 1]);
    tenants.running.stop().await;
}

/// How many runs the instances had of two runs, that for the Synchronization and one for a change.
async fn two_runs(
    cluster: &hookbox_cluster::Cluster,
    tenants: &mut Tenants,
    value: &str,
) -> [u64; 2] {
    let first = next_run(tenants).await;
    let mut map = config_map("team-a", "m", value);
    map["metadata"]["labels"] = json!({"watched": "yes"});
    apply(cluster, &[map]).await;
    [first, next_run(tenants).await]
}

async fn next_run(tenants: &mut Tenants) -> u64 {
    let next = async {
        loop {
            if let OperatorEvent::RunFinished(run) = &*tenants.events.recv().await.unwrap()
                && run.hook == "team-a/probe/echo"
            {
                assert_eq!(run.result, RunResult::Succeeded);
                return earlier(run);
            }
        }
    };
    patiently("a run", next).await
}

/// The component is the same, as are its hooks and its grants, and yet what one tenant's runs leave is not the other's.
#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_with_one_component_have_instances_of_their_own() {
    let schedule = json!({"configVersion": "v1", "settings": {"warmInstance": true},
        "schedule": [{"name": "often", "crontab": "* * * * * *"}]});
    let component = hookbox_guest_builder::with_hooks(guest(), &[("echo", &schedule.to_string())]);
    let cluster = two_tenants().await;
    apply(&cluster, &[policy(json!({"warmInstances": true}))]).await;
    for team in ["team-a", "team-b"] {
        apply(&cluster, &hookbox_test_teams::team(team, &component)).await;
        apply(&cluster, &[hook(team, json!({}))]).await;
    }
    let mut tenants = Tenants::on(&cluster).await;
    let mut runs = std::collections::BTreeMap::<String, Vec<u64>>::new();
    while runs.len() < 2 || runs.values().any(|of| of.len() < 3) {
        let event = patiently("a run", tenants.events.recv()).await.unwrap();
        if let OperatorEvent::RunFinished(run) = &*event {
            assert_eq!(run.result, RunResult::Succeeded);
            runs.entry(run.hook.clone()).or_default().push(earlier(run));
        }
    }
    for hook in ["team-a/probe/echo", "team-b/probe/echo"] {
        assert_eq!(runs[hook][..3], [0, 1, 2], "{runs:?}");
    }
    tenants.running.stop().await;
}

/// A tenant whose hooks would fill all there is leaves another one its share.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_many_hooks_leaves_instances_of_another_where_they_are() {
    let config = json!({"configVersion": "v1", "settings": {"warmInstance": true},
        "schedule": [{"name": "often", "crontab": "* * * * * *"}]});
    let config = config.to_string();
    let component = |hooks: &[&str]| {
        let hooks: Vec<_> = hooks.iter().map(|hook| (*hook, config.as_str())).collect();
        hookbox_guest_builder::with_hooks(guest(), &hooks)
    };
    let cluster = two_tenants().await;
    apply(&cluster, &[policy(json!({"warmInstances": true}))]).await;
    let many: &[&str] = &["echo-1", "echo-2", "echo-3"];
    for (team, hooks) in [("team-a", many), ("team-b", &["echo"])] {
        apply(&cluster, &hookbox_test_teams::team(team, &component(hooks))).await;
        apply(&cluster, &[hook(team, json!({}))]).await;
    }
    let sandbox = sandbox_with(|settings| settings.warm_instances = 2);
    let mut tenants = Tenants::pulling(&cluster, sandbox, |_| {}).await;
    let mut runs = std::collections::BTreeMap::<String, Vec<u64>>::new();
    let enough = |of: Option<&Vec<u64>>, count| of.is_some_and(|of| of.len() >= count);
    while !enough(runs.get("team-b/probe/echo"), 4) || !enough(runs.get("team-a/probe/echo-3"), 2) {
        let event = patiently("a run", tenants.events.recv()).await.unwrap();
        if let OperatorEvent::RunFinished(run) = &*event {
            assert_eq!(run.result, RunResult::Succeeded);
            runs.entry(run.hook.clone()).or_default().push(earlier(run));
        }
    }
    assert_eq!(runs["team-b/probe/echo"][..4], [0, 1, 2, 3], "{runs:?}");
    tenants.running.stop().await;
}
