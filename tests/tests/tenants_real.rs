//! Two tenants of one `hookbox run --tenants` on a real kube-apiserver: each can do what its ServiceAccount may, and
//! hookbox itself no more than the roles that it prints.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookbox_tests::hookbox::hookbox;
use hookbox_tests::operator::{Hooks, Operator, Place};
use hookbox_tests::{RealCluster, scratch, wait};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// hookbox's own account, as `hookbox manifest rbac` has it.
const ACCOUNT: &str = "system:serviceaccount:hookbox:hookbox";

struct World {
    cluster: &'static RealCluster,
    folder: TempDir,
    socket: PathBuf,
    operator: Operator,
}

fn account(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
}

/// A Role in a namespace for the ServiceAccount `runner` of another one, or of the same.
fn role(namespace: &str, name: &str, of: &str, resource: &str, verbs: &[&str]) -> [Value; 2] {
    let (rbac, metadata) = (
        "rbac.authorization.k8s.io/v1",
        json!({"name": name, "namespace": namespace}),
    );
    [
        json!({"apiVersion": rbac, "kind": "Role", "metadata": metadata, "rules": [{"apiGroups": [""], "resources": [resource], "verbs": verbs}]}),
        json!({
            "apiVersion": rbac, "kind": "RoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": of}],
        }),
    ]
}

fn map(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, "labels": {"watched": "yes"}}, "data": {"v": "1"}})
}

fn hook(namespace: &str, name: &str, act: Value) -> Value {
    json!({
        "apiVersion": "hookbox.dev/v1alpha1", "kind": "Hook", "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "component": {"configMap": {"name": "component", "key": "hook.wasm"}},
            "serviceAccountName": "runner",
            "parameters": {"namespace": namespace, "act": act},
        },
    })
}

fn policy() -> Value {
    json!({
        "apiVersion": "hookbox.dev/v1alpha1", "kind": "HookPolicy", "metadata": {"name": "teams"},
        "spec": {"namespaces": {"names": ["team-*"]}, "components": {"allowUnsigned": true}},
    })
}

impl World {
    /// hookbox with its own account and the rights that it prints, and two tenants.
    async fn start(cluster: &'static RealCluster) -> Self {
        let hooks = Hooks::build(&["tests/tenants"]).await;
        let component = std::fs::read_dir(hooks.folder()).unwrap().flatten();
        let component = component
            .map(|entry| entry.path())
            .find(|p| p.extension().is_some_and(|e| e == "wasm"));
        let component = std::fs::read(component.expect("a component")).unwrap();
        let folder = scratch();
        let crds = hookbox(["crds"]).run().await.ok();
        let rbac = hookbox(["manifest", "rbac", "--tenants"]).run().await.ok();
        for text in [crds, rbac] {
            let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: hookbox}\n---\n";
            cluster
                .kubectl(["apply", "-f", "-"])
                .input(format!("{namespace}{text}"))
                .run()
                .await
                .ok();
        }
        let mut objects = vec![account("hookbox", "hookbox"), policy()];
        for team in ["team-a", "team-b"] {
            objects
                .push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team}}));
            objects.push(account(team, "runner"));
            objects.extend(role(team, "own-maps", team, "configmaps", &["*"]));
            objects.push(json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "component", "namespace": team},
                "binaryData": {"hook.wasm": STANDARD.encode(&component)},
            }));
        }
        // One may look at the other's, and the other one may make namespaces.
        objects.extend(role(
            "team-b",
            "seen-by-a",
            "team-a",
            "configmaps",
            &["get", "list", "watch"],
        ));
        let rbac = "rbac.authorization.k8s.io/v1";
        objects.push(json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": "makes-namespaces"}, "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]}]}));
        objects.push(json!({
            "apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": {"name": "makes-namespaces"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "makes-namespaces"},
            "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": "team-b"}],
        }));
        apply(cluster, &objects).await;
        cluster
            .kubectl([
                "wait",
                "--for=condition=Established",
                "crd/hooks.hookbox.dev",
                "crd/hookpolicies.hookbox.dev",
            ])
            .run()
            .await
            .ok();
        let token = cluster
            .kubectl(["create", "token", "hookbox", "-n", "hookbox"])
            .run()
            .await
            .ok();
        let place = Place {
            kubeconfig: kubeconfig(cluster, &folder, token.trim()),
            folder: folder.path().to_owned(),
        };
        let socket = folder.path().join("live.socket");
        let none = Hooks::build(&[]).await;
        let flags = [
            "--tenants",
            "--access-check-period",
            "1s",
            "--debug-unix-socket",
            socket.to_str().unwrap(),
        ];
        let operator = Operator::start_with(&none, &place, &flags).await;
        Self {
            cluster,
            folder,
            socket,
            operator,
        }
    }

    /// What the newest run of a hook came to: `success`, or its code.
    async fn outcome(&self, hook: &str) -> String {
        let end = Instant::now() + wait::LIMIT;
        loop {
            let socket = self.socket.to_str().unwrap();
            let arguments = [
                "runs",
                "list",
                "--hook",
                hook,
                "--debug-unix-socket",
                socket,
                "-o",
                "json",
            ];
            let finished = hookbox(arguments).run().await;
            let runs: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
            let ended = runs
                .as_array()
                .into_iter()
                .flatten()
                .find(|run| run["outcome"] != "running");
            if let Some(run) = ended {
                return match run["outcome"].as_str() {
                    Some("success") => "success".to_owned(),
                    _ => run["code"].as_str().unwrap_or_default().to_owned(),
                };
            }
            assert!(
                Instant::now() < end,
                "no run of {hook}: {}\n{}",
                finished.stderr,
                self.operator.program().printed()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn get(&self, arguments: &[&str]) -> String {
        let all = ["get"].iter().chain(arguments).copied();
        self.cluster.kubectl(all).run().await.stdout
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let end = Instant::now() + wait::LIMIT;
        while !holds(self).await {
            assert!(
                Instant::now() < end,
                "{what}\n{}",
                self.operator.program().printed()
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until what a tenant saw of a namespace is this.
    async fn sees(&self, tenant: &str, whose: &str, names: &str) {
        let map = format!("seen-{whose}");
        self.until(
            &format!("{tenant} sees {names} of {whose}"),
            async |world| {
                world
                    .get(&["cm", "-n", tenant, &map, "-o", "jsonpath={.data.names}"])
                    .await
                    == names
            },
        )
        .await;
    }

    /// Waits until the condition `BindingsEnabled` of the tenant's Hook is this.
    async fn enabled(&self, tenant: &str, status: &str) {
        let path = r#"jsonpath={.status.conditions[?(@.type=="BindingsEnabled")].status}"#;
        self.until(
            &format!("BindingsEnabled={status} of {tenant}"),
            async |world| {
                world
                    .get(&["hooks", "-n", tenant, "probe", "-o", path])
                    .await
                    == status
            },
        )
        .await;
    }
}

async fn apply(cluster: &RealCluster, objects: &[Value]) {
    let text: Vec<String> = objects.iter().map(Value::to_string).collect();
    let text = text.join("\n---\n");
    cluster
        .kubectl(["apply", "--server-side", "-f", "-"])
        .input(text)
        .run()
        .await
        .ok();
}

/// A kubeconfig with this token in place of an administrator's.
fn kubeconfig(cluster: &RealCluster, folder: &TempDir, token: &str) -> PathBuf {
    let text = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let text = text.replace(cluster.token(), token);
    assert!(text.contains(token), "the kubeconfig has no token");
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, text).unwrap();
    path
}

/// Each change that a tenant may ask for, and what becomes of it: `who` in its own namespace, in the other's, and where it
/// concerns the whole cluster.
fn rows(who: &str, other: &str) -> Vec<(&'static str, Value, &'static str)> {
    let reference = |namespace: &str, name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "namespace": namespace, "name": name});
    let merge = json!({"data": {"v": "2"}});
    let patch = json!([{"op": "replace", "path": "/data/v", "value": "3"}]);
    let filter = ".data.v = \"4\"";
    let secret = |namespace: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "more", "namespace": who},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": who}],
    });
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("made-by-{who}")}});
    let hookbox = |kind: &str, namespace: Option<&str>, name: &str| json!({"apiVersion": "hookbox.dev/v1alpha1", "kind": kind, "namespace": namespace, "name": name});
    vec![
        (
            "create-own",
            json!({"do": "create", "object": map(who, "made")}),
            "success",
        ),
        (
            "create-foreign",
            json!({"do": "create", "object": map(other, "made-by-other")}),
            "forbidden",
        ),
        (
            "update-own",
            json!({"do": "createOrUpdate", "object": map(who, "updated")}),
            "success",
        ),
        (
            "update-foreign",
            json!({"do": "createOrUpdate", "object": map(other, "target")}),
            "forbidden",
        ),
        (
            "merge-own",
            json!({"do": "merge", "object": reference(who, "target"), "patch": merge}),
            "success",
        ),
        (
            "merge-foreign",
            json!({"do": "merge", "object": reference(other, "target"), "patch": merge}),
            "forbidden",
        ),
        (
            "json-own",
            json!({"do": "json", "object": reference(who, "target"), "patch": patch}),
            "success",
        ),
        (
            "json-foreign",
            json!({"do": "json", "object": reference(other, "target"), "patch": patch}),
            "forbidden",
        ),
        (
            "jq-own",
            json!({"do": "jq", "object": reference(who, "target"), "filter": filter}),
            "success",
        ),
        (
            "jq-foreign",
            json!({"do": "jq", "object": reference(other, "target"), "filter": filter}),
            "forbidden",
        ),
        (
            "delete-own",
            json!({"do": "delete", "object": reference(who, "victim")}),
            "success",
        ),
        (
            "delete-foreign",
            json!({"do": "delete", "object": reference(other, "target")}),
            "forbidden",
        ),
        (
            "secret-own",
            json!({"do": "create", "object": secret(who)}),
            "forbidden",
        ),
        (
            "secret-foreign",
            json!({"do": "create", "object": secret(other)}),
            "forbidden",
        ),
        (
            "more-rights",
            json!({"do": "create", "object": binding}),
            "forbidden",
        ),
        (
            "namespace",
            json!({"do": "create", "object": namespace}),
            if who == "team-b" {
                "success"
            } else {
                "forbidden"
            },
        ),
        (
            "own-hook",
            json!({"do": "merge", "object": hookbox("Hook", Some(who), "probe"), "patch": {"spec": {"serviceAccountName": "default"}}}),
            "reserved",
        ),
        (
            "policy",
            json!({"do": "delete", "object": hookbox("HookPolicy", None, "teams")}),
            "reserved",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_can_do_what_their_service_accounts_may_and_nothing_else() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let world = World::start(cluster).await;

    // hookbox's own account can do what its roles say and what everybody can.
    let listed = cluster
        .kubectl([
            "auth",
            "can-i",
            "--list",
            &format!("--as={ACCOUNT}"),
            "--no-headers",
        ])
        .run()
        .await
        .ok();
    let rules: Vec<&str> = listed
        .lines()
        .filter(|line| !line.starts_with(' ') && !line.contains("selfsubject"))
        .collect();
    let words = |line: &&str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rules: Vec<String> = rules.iter().map(words).collect();
    rules.sort();
    assert_eq!(
        rules,
        [
            "events.events.k8s.io [] [] [create patch]",
            "hookpolicies.hookbox.dev [] [] [list watch]",
            "hookpolicies.hookbox.dev/status [] [] [patch]",
            "hooks.hookbox.dev [] [] [list watch]",
            "hooks.hookbox.dev/status [] [] [patch]",
            "namespaces [] [] [list watch]",
            "serviceaccounts [] [] [get impersonate]",
            "subjectaccessreviews.authorization.k8s.io [] [] [create]",
        ],
        "{listed}"
    );

    // Every change, in both directions.
    let mut objects = Vec::new();
    for team in ["team-a", "team-b"] {
        objects.extend([map(team, "target"), map(team, "victim")]);
    }
    apply(cluster, &objects).await;
    let all = [
        ("team-a", rows("team-a", "team-b")),
        ("team-b", rows("team-b", "team-a")),
    ];
    let mut hooks = Vec::new();
    for (team, rows) in &all {
        hooks.extend(
            rows.iter()
                .map(|(name, act, _)| hook(team, name, act.clone())),
        );
    }
    apply(cluster, &hooks).await;
    let mut wrong = Vec::new();
    for (team, rows) in &all {
        for (name, _, expected) in rows {
            let outcome = world.outcome(&format!("{team}/{name}/act")).await;
            println!("{team} {name}: {outcome}");
            if outcome != *expected {
                wrong.push(format!("{team} {name}: {outcome} instead of {expected}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\n{}",
        world.operator.program().printed()
    );
    cluster
        .kubectl(["delete", "hooks", "-A", "--all"])
        .run()
        .await
        .ok();
    cluster
        .kubectl(["delete", "cm", "-A", "-l", "watched=yes"])
        .run()
        .await
        .ok();

    // What they see, in both directions: a sees both, b only its own.
    apply(
        cluster,
        &[
            map("team-a", "a-1"),
            map("team-b", "b-1"),
            hook("team-a", "probe", Value::Null),
            hook("team-b", "probe", Value::Null),
        ],
    )
    .await;
    world.sees("team-a", "a", "a-1").await;
    world.sees("team-a", "b", "b-1").await;
    world.sees("team-b", "b", "b-1").await;
    world.enabled("team-a", "True").await;
    world.enabled("team-b", "False").await;
    assert_eq!(
        world
            .get(&["cm", "-n", "team-b", "seen-a", "--ignore-not-found"])
            .await,
        ""
    );

    // The right to see is taken away: the snapshot goes, and what happens later is not told.
    cluster
        .kubectl(["delete", "rolebinding", "-n", "team-b", "seen-by-a"])
        .run()
        .await
        .ok();
    world.enabled("team-a", "False").await;
    apply(cluster, &[map("team-b", "b-2")]).await;
    world.sees("team-b", "b", "b-1,b-2").await;
    world.sees("team-a", "b", "b-1").await;
    let socket = world.socket.to_str().unwrap();
    let dump = hookbox([
        "hook",
        "snapshot",
        "team-a/probe/see_b",
        "--debug-unix-socket",
        socket,
        "-o",
        "json",
    ])
    .run()
    .await;
    assert!(!dump.stdout.contains("b-1"), "{}", dump.stdout);

    // It comes back, and with it all that there is.
    apply(
        cluster,
        &role(
            "team-b",
            "seen-by-a",
            "team-a",
            "configmaps",
            &["get", "list", "watch"],
        ),
    )
    .await;
    world.sees("team-a", "b", "b-1,b-2").await;
    world.enabled("team-a", "True").await;

    // The right to write is taken away.
    cluster
        .kubectl(["delete", "rolebinding", "-n", "team-b", "own-maps"])
        .run()
        .await
        .ok();
    // Its component is in a ConfigMap that it cannot read any more either.
    let act = json!({"do": "create", "object": map("team-b", "late")});
    apply(cluster, &[hook("team-b", "late", act)]).await;
    world
        .until("team-b/late is refused", async |world| {
            let path = r#"jsonpath={.status.conditions[?(@.type=="Ready")].reason}"#;
            world
                .get(&["hooks", "-n", "team-b", "late", "-o", path])
                .await
                == "ComponentUnavailable"
        })
        .await;
    assert_eq!(
        world
            .get(&["cm", "-n", "team-b", "late", "--ignore-not-found"])
            .await,
        ""
    );
    drop(world.folder);
    world.operator.stop().await;
}
