//! Two tenants of one `hookbox run --tenants` on a real kube-apiserver: each can do what its ServiceAccount may, and
//! hookbox itself no more than the roles that it prints.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hookbox_test_teams::{
    May, Sees, account, changes, cluster_role, hook, policy, readable, reads, role, rule, team,
    watched,
};
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

impl World {
    /// hookbox with its own account and the rights that it prints, and two tenants.
    async fn start(cluster: &'static RealCluster) -> Self {
        let hooks = Hooks::build(&["tests/tenants"]).await;
        let component = hooks.component();
        let folder = scratch();
        let rbac = hookbox(["manifest", "rbac", "--tenants"]).run().await.ok();
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: hookbox}\n---\n";
        cluster
            .kubectl(["apply", "-f", "-"])
            .input(format!("{namespace}{rbac}"))
            .run()
            .await
            .ok();
        cluster.define_tenants().await;
        let granted = json!({"capabilities": readable()});
        let mut objects = vec![account("hookbox", "hookbox"), policy("teams", &granted)];
        for who in ["team-a", "team-b"] {
            objects.extend(team(who, &component));
            objects.extend(role(
                who,
                "accounts",
                who,
                &[rule("", "serviceaccounts", &["get"])],
            ));
        }
        objects.extend(rights());
        apply(cluster, &objects).await;
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

/// One may look at the other's ConfigMaps. The other one may make namespaces and look at them, and make roles.
fn rights() -> Vec<Value> {
    let roles = json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "get", "patch"]});
    [
        seen_by("team-b", "team-a"),
        cluster_role(
            "namespaces-of-b",
            "team-b",
            &[rule("", "namespaces", &["create", "get"])],
        ),
        role("team-b", "makes-roles", "team-b", &[roles]),
    ]
    .concat()
}

/// The ConfigMaps of a namespace, for another team to look at.
fn seen_by(namespace: &str, team: &str) -> [Value; 2] {
    role(
        namespace,
        "seen-by-other",
        team,
        &[rule("", "configmaps", &["get", "list", "watch"])],
    )
}

/// A Hook that asks for this as it starts.
fn asking(team: &str, name: &str, act: &Value, capabilities: &Value) -> Value {
    let spec = json!({"parameters": {"namespace": team, "act": act}, "capabilities": capabilities});
    hook(team, name, &spec)
}

const TEAMS: [(&str, &str); 2] = [("team-a", "team-b"), ("team-b", "team-a")];

impl World {
    /// Every change, in both directions.
    async fn changes(&self) {
        let maps = TEAMS.map(|(who, _)| [watched(who, "target"), watched(who, "victim")]);
        apply(self.cluster, &maps.concat()).await;
        let all = TEAMS.map(|(who, other)| {
            let may = May {
                namespaces: who == "team-b",
                roles: who == "team-b",
            };
            (who, changes(who, other, may))
        });
        let rows = || {
            all.iter()
                .flat_map(|(who, rows)| rows.iter().map(move |row| (*who, row)))
        };
        let hooks: Vec<Value> = rows()
            .map(|(who, row)| asking(who, row.name, &row.wish, &json!({})))
            .collect();
        apply(self.cluster, &hooks).await;
        let mut wrong = Vec::new();
        for (who, row) in rows() {
            let outcome = self.outcome(&format!("{who}/{}/act", row.name)).await;
            println!("{who} {}: {outcome}", row.name);
            if outcome != row.expected {
                wrong.push(format!(
                    "{who} {}: {outcome} instead of {}",
                    row.name, row.expected
                ));
            }
        }
        assert!(
            wrong.is_empty(),
            "{wrong:#?}\n{}",
            self.operator.program().printed()
        );
        self.clear().await;
    }

    /// Every read, in both directions, by Hooks that are new. `round` tells these from those of other rounds.
    async fn reads(&self, round: usize, sees: [Sees; 2]) {
        let all: Vec<_> = TEAMS
            .iter()
            .zip(sees)
            .map(|((who, other), sees)| (*who, reads(who, other, sees)))
            .collect();
        let named = |name: &str| format!("{name}-{round}");
        let mut hooks = Vec::new();
        for (who, rows) in &all {
            for row in rows {
                let mut wish = row.wish.clone();
                wish["into"] = named(row.name).into();
                hooks.push(asking(who, &named(row.name), &wish, &row.capabilities));
            }
        }
        apply(self.cluster, &hooks).await;
        let mut wrong = Vec::new();
        for (who, rows) in &all {
            let said = self.said(who, round, rows.len()).await;
            for row in rows {
                let said = &said[&named(row.name)];
                println!("{who} {}: {said}", named(row.name));
                if *said != row.expected {
                    wrong.push(format!(
                        "{who} {}: {said} instead of {}",
                        named(row.name),
                        row.expected
                    ));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{wrong:#?}\n{}",
            self.operator.program().printed()
        );
        let hooks = ["delete", "hooks", "-A", "--all"];
        self.cluster.kubectl(hooks).run().await.ok();
    }

    /// What all reads of a round were told, by their names.
    async fn said(&self, team: &str, round: usize, count: usize) -> BTreeMap<String, String> {
        let path = r#"jsonpath={range .items[*]}{.metadata.name}={.data.said}{"\n"}{end}"#;
        let mut said = BTreeMap::new();
        self.until(
            &format!("{count} answers of round {round} in {team}"),
            async |world| {
                let text = world.get(&["cm", "-n", team, "-o", path]).await;
                let lines = text.lines().filter_map(|line| line.split_once('='));
                let of_round = lines.filter(|(name, said)| {
                    name.ends_with(&format!("-{round}")) && !said.is_empty()
                });
                said = of_round
                    .map(|(name, said)| (name.to_owned(), said.to_owned()))
                    .collect();
                said.len() == count
            },
        )
        .await;
        said
    }

    /// Waits until RBAC says this of what a team may do in a namespace.
    async fn may(&self, team: &str, what: &[&str], answer: &str) {
        let who = format!("--as=system:serviceaccount:{team}:runner");
        let arguments: Vec<&str> = ["auth", "can-i", &who]
            .iter()
            .chain(what)
            .copied()
            .collect();
        self.until(&format!("{answer}: {team} may {what:?}"), async |world| {
            let finished = world.cluster.kubectl(arguments.iter().copied()).run().await;
            finished.stdout.trim() == answer
        })
        .await;
    }

    /// No Hook is left, nor what their hooks wrote.
    async fn clear(&self) {
        let hooks = ["delete", "hooks", "-A", "--all"];
        self.cluster.kubectl(hooks).run().await.ok();
        self.until("the operator has no more hooks of tenants", async |world| {
            let metrics = world.operator.get("/metrics").await.unwrap();
            !metrics.body.contains("hook=\"team-")
        })
        .await;
        for (team, _) in TEAMS {
            let watched = ["delete", "cm", "-n", team, "-l", "watched=yes"];
            let seen = [
                "delete",
                "cm",
                "-n",
                team,
                "--ignore-not-found",
                "seen-a",
                "seen-b",
            ];
            self.cluster.kubectl(watched).run().await.ok();
            self.cluster.kubectl(seen).run().await.ok();
        }
    }
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

    world.changes().await;

    // Every read: as it is, after a right was taken away, and when there is one more.
    let maps = TEAMS.map(|(who, _)| [watched(who, "r-1"), watched(who, "r-2")]);
    apply(cluster, &maps.concat()).await;
    let (all, none) = (
        Sees {
            other: true,
            namespaces: true,
        },
        Sees::default(),
    );
    let (other, namespaces) = (
        Sees {
            other: true,
            ..none
        },
        Sees {
            namespaces: true,
            ..none
        },
    );
    world.reads(1, [other, namespaces]).await;
    for binding in [
        &["rolebinding", "-n", "team-b", "seen-by-other"][..],
        &["clusterrolebinding", "namespaces-of-b"],
    ] {
        cluster
            .kubectl(["delete"].iter().chain(binding).copied())
            .run()
            .await
            .ok();
    }
    let maps = |of| ["list", "configmaps", "-n", of];
    let of_namespaces = ["get", "namespaces"];
    world.may("team-a", &maps("team-b"), "no").await;
    world.may("team-b", &of_namespaces, "no").await;
    world.reads(2, [none, none]).await;
    apply(cluster, &rights()).await;
    apply(cluster, &seen_by("team-a", "team-b")).await;
    world.may("team-a", &maps("team-b"), "yes").await;
    world.may("team-b", &maps("team-a"), "yes").await;
    world.may("team-b", &of_namespaces, "yes").await;
    world.reads(3, [other, all]).await;
    let binding = ["delete", "rolebinding", "-n", "team-a", "seen-by-other"];
    cluster.kubectl(binding).run().await.ok();
    world.may("team-b", &maps("team-a"), "no").await;
    world.clear().await;

    // What they see, in both directions: a sees both, b only its own.
    apply(
        cluster,
        &[
            watched("team-a", "a-1"),
            watched("team-b", "b-1"),
            hook("team-a", "probe", &json!({})),
            hook("team-b", "probe", &json!({})),
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
        .kubectl(["delete", "rolebinding", "-n", "team-b", "seen-by-other"])
        .run()
        .await
        .ok();
    world.enabled("team-a", "False").await;
    apply(cluster, &[watched("team-b", "b-2")]).await;
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
    apply(cluster, &seen_by("team-b", "team-a")).await;
    world.sees("team-a", "b", "b-1,b-2").await;
    world.enabled("team-a", "True").await;

    // The right to write is taken away.
    cluster
        .kubectl(["delete", "rolebinding", "-n", "team-b", "maps"])
        .run()
        .await
        .ok();
    let own = ["get", "configmaps", "-n", "team-b"];
    world.may("team-b", &own, "no").await;
    // Its component is in a ConfigMap that it cannot read any more either.
    let act = json!({"do": "create", "object": watched("team-b", "late")});
    apply(cluster, &[asking("team-b", "late", &act, &json!({}))]).await;
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
