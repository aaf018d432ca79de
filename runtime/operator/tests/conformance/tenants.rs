//! Hooks that tenants declare as objects: what runs, as whom, and what their status says.

mod harness;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_operator::OperatorEvent;
use hookbox_operator::event::RunResult;
use hookbox_test_teams::{self as teams, account, role, rule, watched};
use serde_json::{Value, json};

pub(crate) use self::harness::{Tenants, component, hook, policy, two_tenants};
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_runs_with_the_rights_of_its_service_account() {
    let cluster = two_tenants().await;
    apply(
        &cluster,
        &[
            policy(json!({})),
            watched("team-a", "one"),
            watched("team-b", "other"),
        ],
    )
    .await;
    apply(&cluster, &[hook("team-a", json!({}))]).await;
    let tenants = Tenants::on(&cluster).await;
    let hook = tenants.ready("team-a").await;
    let status = &hook["status"];
    assert_eq!(status["hooks"], json!(["act", "see_a", "see_b"]));
    assert_eq!(status["identity"], "system:serviceaccount:team-a:runner");
    assert_eq!(status["policy"], "teams");
    assert!(status["digest"].as_str().unwrap().starts_with("sha256:"));
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    // Its rights end at its namespace, and it says so.
    let hook = tenants
        .condition("team-a", "BindingsEnabled", "False", "NotEnabled")
        .await;
    let text = hook["status"]["conditions"].to_string();
    assert!(text.contains("see_b") && text.contains("team-b"), "{text}");
    apply(&cluster, &[watched("team-a", "two")]).await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one,two"}))
        .await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_rbac_refuses_fails_the_run_and_harms_no_other() {
    let cluster = two_tenants().await;
    let foreign = json!({"do": "create", "object": config_map("team-b", "mine", "x")});
    apply(&cluster, &[policy(json!({})), hook("team-b", json!({}))]).await;
    let mut tenants = Tenants::on(&cluster).await;
    tenants.ready("team-b").await;
    apply(
        &cluster,
        &[hook(
            "team-a",
            json!({"parameters": {"namespace": "team-a", "act": foreign}}),
        )],
    )
    .await;
    let (code, message) = tenants.failure("team-a/probe/act").await;
    assert_eq!(code, "forbidden", "{message}");
    assert!(
        message.contains("system:serviceaccount:team-a:runner"),
        "{message}"
    );
    apply(&cluster, &[watched("team-b", "other")]).await;
    tenants
        .map("team-b", "seen-b", json!({"names": "other"}))
        .await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_take_effect_while_it_runs() {
    let cluster = two_tenants().await;
    apply(&cluster, &[policy(json!({}))]).await;
    let tenants = Tenants::on(&cluster).await;
    apply(&cluster, &[hook("team-a", json!({}))]).await;
    tenants.ready("team-a").await;
    // Other parameters: it starts again with them.
    let act = json!({"do": "create", "object": config_map("team-a", "made", "1")});
    apply(
        &cluster,
        &[hook(
            "team-a",
            json!({"parameters": {"namespace": "team-a", "act": act}}),
        )],
    )
    .await;
    tenants.map("team-a", "made", json!({"v": "1"})).await;
    // It rests.
    apply(&cluster, &[hook("team-a", json!({"suspend": true}))]).await;
    tenants.broken("team-a", "Suspended").await;
    apply(&cluster, &[watched("team-a", "one")]).await;
    // And goes on.
    apply(&cluster, &[hook("team-a", json!({}))]).await;
    tenants.ready("team-a").await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    // Its policy goes, and another one comes.
    delete(&cluster, "/apis/hookbox.dev/v1alpha1/hookpolicies/teams").await;
    let message = tenants.broken("team-a", "NoPolicy").await;
    assert!(message.contains("team-a"), "{message}");
    apply(&cluster, &[policy(json!({"serviceAccounts": ["other"]}))]).await;
    tenants.broken("team-a", "NotAllowed").await;
    apply(&cluster, &[policy(json!({}))]).await;
    tenants.ready("team-a").await;
    let quota = "tenant_quota_used_ratio{resource=\"cpu\",tenant=\"team-a\"}";
    let metrics = tenants.running.metrics_text();
    assert!(metrics.contains(quota), "{metrics}");
    // It is deleted: nobody acts for it any more.
    delete(
        &cluster,
        "/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/probe",
    )
    .await;
    let mounted = async {
        while tenants.running.metrics_text().contains("team-a") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    patiently("its metrics to go", mounted).await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_says_why_and_harms_nobody() {
    let cluster = two_tenants().await;
    apply(&cluster, &[policy(json!({})), hook("team-b", json!({}))]).await;
    apply(&cluster, &[teams::component("team-a", b"\0asm nothing")]).await;
    apply(
        &cluster,
        &[hook("team-a", json!({"serviceAccountName": "nobody"}))],
    )
    .await;
    let tenants = Tenants::on(&cluster).await;
    let message = tenants.broken("team-a", "NoServiceAccount").await;
    assert!(message.contains("`nobody`"), "{message}");
    apply(&cluster, &[account("team-a", "nobody")]).await;
    // It is there now, but has no rights.
    let message = tenants.broken("team-a", "ComponentUnavailable").await;
    assert!(
        message.contains("`component`") && message.contains("get"),
        "{message}"
    );
    apply(&cluster, &[hook("team-a", json!({}))]).await;
    tenants.broken("team-a", "InvalidComponent").await;
    apply(
        &cluster,
        &[hook(
            "team-a",
            json!({"component": {"configMap": {"name": "component", "key": "x"}}}),
        )],
    )
    .await;
    let message = tenants.broken("team-a", "ComponentUnavailable").await;
    assert!(message.contains("no key `x`"), "{message}");
    apply(
        &cluster,
        &[hook(
            "team-a",
            json!({"component": {"image": "registry.example/a:1"}}),
        )],
    )
    .await;
    let message = tenants.broken("team-a", "InvalidSpec").await;
    assert!(message.contains("digest"), "{message}");
    tenants.ready("team-b").await;
    // Once it is whole it runs, without a word to hookbox.
    apply(
        &cluster,
        &[
            hook("team-a", json!({})),
            teams::component("team-a", &component()),
        ],
    )
    .await;
    tenants.ready("team-a").await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_understood_keeps_nobody_from_running() {
    let cluster = two_tenants().await;
    let mut odd = hook("team-a", json!({}));
    odd["spec"]["capabilities"] =
        json!({"http": [{"hosts": ["a.org"], "addresses": ["everywhere"]}]});
    apply(
        &cluster,
        &[policy(json!({})), odd, hook("team-b", json!({}))],
    )
    .await;
    let tenants = Tenants::on(&cluster).await;
    tenants.ready("team-b").await;
    let message = tenants.broken("team-a", "InvalidSpec").await;
    assert!(
        message.contains("everywhere") || message.contains("address"),
        "{message}"
    );
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_told() {
    let cluster = two_tenants().await;
    let asked = json!({"capabilities": {"wallClock": true, "environment": [{"name": "A", "value": "secret"}], "http": [{"hosts": ["a.org"]}]}});
    let granted = json!({"capabilities": {"wallClock": true, "environment": [{"name": "*"}]}});
    apply(&cluster, &[policy(granted), hook("team-a", asked)]).await;
    let tenants = Tenants::on(&cluster).await;
    tenants.ready("team-a").await;
    let hook = tenants
        .condition("team-a", "CapabilitiesGranted", "False", "NotGranted")
        .await;
    let status = &hook["status"];
    assert_eq!(
        status["granted"],
        json!({"wallClock": true, "environment": [{"name": "A"}]})
    );
    let text = status["conditions"].to_string();
    assert!(text.contains("a.org") && !text.contains("secret"), "{text}");
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_its_quota_a_tenant_waits_and_nobody_else() {
    let cluster = two_tenants().await;
    // The start, the Synchronization, and one event each.
    let tight = json!({"quota": {"runsPerMinute": 3}});
    apply(
        &cluster,
        &[
            policy(tight),
            hook("team-a", json!({})),
            hook("team-b", json!({})),
        ],
    )
    .await;
    let tenants = Tenants::on(&cluster).await;
    tenants.map("team-a", "seen-a", json!({"names": ""})).await;
    tenants.map("team-b", "seen-b", json!({"names": ""})).await;
    apply(&cluster, &[watched("team-a", "one")]).await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    apply(&cluster, &[watched("team-a", "two")]).await;
    let hook = tenants
        .condition("team-a", "WithinQuota", "False", "OverQuota")
        .await;
    let text = hook["status"]["conditions"].to_string();
    assert!(text.contains("runsPerMinute"), "{text}");
    apply(&cluster, &[watched("team-b", "other")]).await;
    tenants
        .map("team-b", "seen-b", json!({"names": "other"}))
        .await;
    // More is allowed: it goes on at once, by the same quota.
    apply(
        &cluster,
        &[policy(json!({"quota": {"runsPerMinute": 6000}}))],
    )
    .await;
    tenants
        .condition("team-a", "WithinQuota", "True", "WithinQuota")
        .await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one,two"}))
        .await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compiled_over_the_quota_waits_and_what_runs_goes_on() {
    let cluster = two_tenants().await;
    let none = json!({"quota": {"compileTimePerHour": "1ms"}});
    apply(&cluster, &[policy(none), hook("team-a", json!({}))]).await;
    let tenants = Tenants::on(&cluster).await;
    let digest = tenants.ready("team-a").await["status"]["digest"].clone();
    let hook = tenants
        .condition("team-a", "WithinQuota", "False", "OverQuota")
        .await;
    let text = hook["status"]["conditions"].to_string();
    assert!(text.contains("compileTimePerHour"), "{text}");
    // Neither another component in the place of the one that runs, nor that of another Hook.
    let guards = webhooks::guards();
    apply(&cluster, &[teams::component("team-a", &guards)]).await;
    let mut second = self::hook("team-a", json!({}));
    second["metadata"]["name"] = json!("second");
    apply(&cluster, &[second, watched("team-a", "one")]).await;
    let path = "/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/second";
    tenants
        .until(path, "the second to wait", |hook| {
            hook["status"]["conditions"][0]["reason"] == "OverQuota"
        })
        .await;
    tenants
        .map("team-a", "seen-a", json!({"names": "one"}))
        .await;
    assert_eq!(tenants.ready("team-a").await["status"]["digest"], digest);
    // More is allowed: both are compiled.
    apply(&cluster, &[policy(json!({}))]).await;
    tenants
        .until(path, "the second to run", |hook| {
            hook["status"]["conditions"][0]["reason"] == "Running"
        })
        .await;
    let other = "/apis/hookbox.dev/v1alpha1/namespaces/team-a/hooks/probe";
    tenants
        .until(other, "the other component", |hook| {
            let now = &hook["status"]["digest"];
            now.is_string() && *now != digest
        })
        .await;
    tenants.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_say_whether_they_can_be_used_and_for_how_many_hooks_they_count() {
    let cluster = two_tenants().await;
    let broken = json!({
        "apiVersion": "hookbox.dev/v1alpha1", "kind": "HookPolicy", "metadata": {"name": "broken"},
        "spec": {"priority": -1, "namespaces": {"selector": {"matchExpressions": [{"key": "-", "operator": "Exists"}]}}},
    });
    apply(
        &cluster,
        &[
            policy(json!({})),
            broken,
            hook("team-a", json!({})),
            hook("team-b", json!({})),
        ],
    )
    .await;
    let tenants = Tenants::on(&cluster).await;
    let path = |name: &str| format!("/apis/hookbox.dev/v1alpha1/hookpolicies/{name}");
    tenants
        .until(&path("teams"), "two hooks", |policy| {
            policy["status"]["hooks"] == 2 && policy["status"]["conditions"][0]["status"] == "True"
        })
        .await;
    let broken = tenants
        .until(&path("broken"), "a broken policy", |policy| {
            policy["status"]["conditions"][0]["status"] == "False"
        })
        .await;
    let condition = &broken["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["reason"]),
        (&json!("Valid"), &json!("Invalid"))
    );
    tenants.running.stop().await;
}

/// The guest of `tests/guest` with one hook that tells what it is given: for its own ConfigMaps, and for those of `ns`,
/// whose snapshot it always wants to see.
fn looking() -> Vec<u8> {
    let watching = |name: &str, namespace: &str| {
        json!({
            "name": name, "apiVersion": "v1", "kind": "ConfigMap", "jqFilter": ".metadata.name",
            "namespace": {"nameSelector": {"matchNames": [namespace]}},
            "labelSelector": {"matchLabels": {"watched": "yes"}}, "includeSnapshotsFrom": ["maps"],
        })
    };
    let config = json!({"configVersion": "v1", "kubernetes": [watching("maps", "ns"), watching("own", "team-a")]});
    hookbox_guest_builder::with_hooks(guest(), &[("echo", &config.to_string())])
}

impl Tenants {
    /// The contexts of the hook's next run, in short: binding, what happened, and the snapshot `maps`.
    async fn told(&mut self) -> Vec<String> {
        let next = async {
            loop {
                if let OperatorEvent::RunFinished(run) = &*self.events.recv().await.unwrap()
                    && run.hook == "team-a/probe/echo"
                {
                    assert_eq!(run.result, RunResult::Succeeded);
                    return contexts(run);
                }
            }
        };
        let contexts = patiently("a run", next).await;
        let contexts = contexts.as_array().unwrap().iter();
        let short = |context: &Value| {
            let text = |field: &str| context[field].as_str().unwrap_or_default();
            let seen = context["snapshots"]["maps"].as_array().unwrap().iter();
            let seen: Vec<&str> = seen.filter_map(|e| e["filterResult"].as_str()).collect();
            let what = match text("type") {
                "Event" => context["filterResult"].as_str().unwrap_or_default(),
                other => other,
            };
            format!("{} {what}: {}", text("binding"), seen.join(","))
        };
        contexts.map(short).collect()
    }

    /// As many runs of the hook as there are contexts.
    async fn all_told(&mut self, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        while all.len() < count {
            all.extend(self.told().await);
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_what_it_may_see_again_and_is_owed_one_synchronization() {
    let cluster = two_tenants().await;
    let reads = || {
        role(
            "ns",
            "seen",
            "team-a",
            &[rule("", "configmaps", &["list", "watch"])],
        )
    };
    apply(
        &cluster,
        &[ns(), watched("ns", "one"), watched("team-a", "first")],
    )
    .await;
    apply(&cluster, &reads()).await;
    apply(
        &cluster,
        &[
            policy(json!({})),
            teams::component("team-a", &looking()),
            hook("team-a", json!({})),
        ],
    )
    .await;
    let mut tenants = Tenants::on(&cluster).await;
    let told = tenants.all_told(2).await;
    assert_eq!(
        told,
        ["maps Synchronization: one", "own Synchronization: one"]
    );
    let binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/seen";
    let waiting = |tenants: &Tenants, tasks: usize| {
        let line = format!("queue=\"team-a/probe/main\"}} {tasks}");
        let metrics = tenants.running.metrics_text();
        let mut lines = metrics.lines().filter(|l| l.contains("tasks_queue_length"));
        lines.any(|l| l.ends_with(&line))
    };
    for round in ["a", "b"] {
        delete(&cluster, binding).await;
        tenants
            .condition("team-a", "BindingsEnabled", "False", "NotEnabled")
            .await;
        // Nobody tells it of the one; for the other there is a run, which waits.
        let (unseen, own) = (format!("unseen-{round}"), format!("own-{round}"));
        apply(&cluster, &[watched("ns", &unseen), watched("team-a", &own)]).await;
        patiently("the run to wait", async {
            while !waiting(&tenants, 1) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        apply(&cluster, &reads()).await;
        tenants
            .condition("team-a", "BindingsEnabled", "True", "Enabled")
            .await;
        let whole = match round {
            "a" => "one,unseen-a".to_owned(),
            _ => "one,seen-a,unseen-a,unseen-b".to_owned(),
        };
        let mut told = tenants.all_told(2).await;
        told.sort();
        assert_eq!(
            told,
            [
                format!("maps Synchronization: {whole}"),
                format!("own {own}: {whole}"),
            ]
        );
        // What happens from now on is told as always, and nothing comes before it.
        let seen = format!("seen-{round}");
        apply(&cluster, &[watched("ns", &seen)]).await;
        let told = tenants.told().await;
        assert!(
            told.len() == 1 && told[0].starts_with(&format!("maps {seen}: ")),
            "{told:?}"
        );
    }
    tenants.running.stop().await;
}
