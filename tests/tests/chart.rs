//! The Helm chart in `deploy/chart`: linted, rendered, refused with wrong values, and installed on a real API server in a
//! namespace that lets nothing in but restricted pods.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::time::Duration;

use hookbox_tests::hookbox::{checkout, hookbox};
use hookbox_tests::{Kubebox, Program, RealCluster, scratch};
use tempfile::TempDir;

/// helm, with folders of its own.
struct Helm {
    kubebox: Kubebox,
    home: TempDir,
}

impl Helm {
    fn of(kubebox: Kubebox) -> Self {
        Self {
            kubebox,
            home: scratch(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Program {
        let home = self.home.path();
        Program::new(self.kubebox.path())
            .args(["helm"])
            .args(arguments.iter().copied())
            .env("HELM_CACHE_HOME", home)
            .env("HELM_CONFIG_HOME", home)
            .env("HELM_DATA_HOME", home)
            .folder(checkout())
            .limit(Duration::from_secs(120))
    }
}

const CHART: &str = "deploy/chart";

#[tokio::test]
async fn it_is_linted_and_rendered_with_every_switch() {
    let Some(kubebox) = Kubebox::get() else {
        return;
    };
    let helm = Helm::of(kubebox);
    helm.command(&["lint", "--strict", CHART]).run().await.ok();
    let kinds = |text: &str| {
        let mut kinds: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("kind: "))
            .map(str::to_owned)
            .collect();
        kinds.sort();
        kinds
    };
    let plain = helm.command(&["template", "r", CHART]).run().await.ok();
    for kind in [
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    ] {
        assert!(kinds(&plain).iter().any(|of| of == kind), "{kind}\n{plain}");
    }
    assert!(!kinds(&plain).contains(&"ServiceMonitor".to_owned()));
    let all = "webhook.enabled=true,metrics.serviceMonitor.enabled=true,hooks.configMap=own,serviceAccount.create=false,clusterNetworks={2001:db8::/48}";
    let digest = format!("image.digest=sha256:{}", "0".repeat(64));
    let all = helm
        .command(&["template", "r", CHART, "--set", all, "--set", &digest])
        .run()
        .await
        .ok();
    for part in [
        "kind: ServiceMonitor",
        "--hooks-dir=/hooks",
        "--webhook-service=r-webhook",
        "serviceAccountName: default",
        "image: registry.example/hookbox@sha256:0000",
        "value: \"$(POD_IPS),$(HOST_IP),2001:db8::/48\"",
    ] {
        assert!(all.contains(part), "{part}\n{all}");
    }
    assert!(
        !all.contains("[get, list, create, update, delete]"),
        "{all}"
    );
    let tenants = "webhook.enabled=true,webhook.tenants=true";
    let tenants = helm
        .command(&["template", "r", CHART, "--set", tenants])
        .run()
        .await
        .ok();
    assert!(
        tenants.contains("[get, list, create, update, delete]"),
        "{tenants}"
    );
    // Of named namespaces, and of no other, ServiceAccounts can be impersonated.
    let impersonated = |text: &str| {
        let documents = text.split("\n---");
        let roles = documents.filter(|document| document.contains("- impersonate"));
        let line = |role: &str, start: &str| {
            let mut lines = role.lines().filter_map(|line| line.strip_prefix(start));
            lines.next().unwrap_or_default().to_owned()
        };
        roles
            .map(|role| (line(role, "kind: "), line(role, "  namespace: ")))
            .collect::<Vec<_>>()
    };
    let everywhere = ("ClusterRole".to_owned(), String::new());
    assert_eq!(impersonated(&plain), [everywhere]);
    let named = "tenantNamespaces={team-a,team-b},cache.existingClaim=cache";
    let named = helm
        .command(&["template", "r", CHART, "--set", named])
        .run()
        .await
        .ok();
    let of = |namespace: &str| ("Role".to_owned(), namespace.to_owned());
    assert_eq!(impersonated(&named), [of("team-a"), of("team-b")]);
    assert!(named.contains("claimName: cache"), "{named}");
    helm.command(&["lint", "--strict", CHART, "--set", "tenantNamespaces={a}"])
        .run()
        .await
        .ok();
    let off = "podDisruptionBudget.enabled=false,networkPolicy.enabled=false,rbac.create=false,metrics.service=false,leaderElection=false,replicas=1";
    let off = helm
        .command(&["template", "r", CHART, "--set", off])
        .run()
        .await
        .ok();
    assert_eq!(kinds(&off), ["Deployment", "ServiceAccount"]);
}

#[tokio::test]
async fn wrong_values_are_refused() {
    let Some(kubebox) = Kubebox::get() else {
        return;
    };
    let helm = Helm::of(kubebox);
    for (values, says) in [
        ("replica=3", "replica"),
        ("image.digest=latest", "image.digest"),
        ("networkPolicy.apiServerPorts={0}", "apiServerPorts"),
        (
            "leaderElection=false",
            "replicas above 1 need leaderElection",
        ),
        ("tenants=false", "nothing to run"),
        (
            "tenants=false,hooks.configMap=own,tenantNamespaces={a}",
            "tenantNamespaces need tenants",
        ),
        ("tenantNamespaces={a/b}", "tenantNamespaces"),
        ("tenantNamespaces={a,a}", "tenantNamespaces"),
        ("tenantNamespaces={A}", "tenantNamespaces"),
        ("tenantNamespaces=a", "tenantNamespaces"),
    ] {
        let refused = helm
            .command(&["template", "r", CHART, "--set", values])
            .run()
            .await
            .expect_code(1);
        // The schema's messages name a field with dots or with slashes.
        let said = refused.stderr.replace('/', ".");
        assert!(said.contains(says), "{values}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_installs_where_only_restricted_pods_may_run() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let namespace = cluster.namespace("chart").await;
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    cluster
        .kubectl(["label", "namespace", &namespace, restricted])
        .run()
        .await
        .ok();
    let helm = Helm::of(cluster.kubebox().clone());
    let kubeconfig = cluster.kubeconfig();
    let on = |arguments: &[&str]| {
        helm.command(arguments)
            .args(["--namespace", &namespace])
            .env("KUBECONFIG", &kubeconfig)
    };
    on(&["install", "box", CHART, "--set", "webhook.enabled=true"])
        .run()
        .await
        .ok();

    // The pods are there: admission let them in. Nothing runs them on this cluster.
    let selector = "--selector=app.kubernetes.io/instance=box";
    let wait = "--for=jsonpath={.status.phase}=Pending";
    let pods = [
        "wait",
        "pod",
        selector,
        wait,
        "--timeout=60s",
        "-n",
        &namespace,
    ];
    loop {
        let waited = cluster.kubectl(pods).run().await;
        if waited.code == Some(0) {
            break;
        }
        assert!(
            waited.stderr.contains("no matching resources"),
            "{}",
            waited.stderr
        );
    }
    let warned = cluster
        .kubectl([
            "get",
            "events",
            "-n",
            &namespace,
            "-o",
            "name",
            "--field-selector=reason=FailedCreate",
        ])
        .run()
        .await
        .ok();
    assert_eq!(warned, "");

    // What the account may do is what the chart says, and nothing that would make it more.
    let account = format!("--as=system:serviceaccount:{namespace}:box");
    let may = async |verb: &str, resource: &str, place: &str| {
        let answer = cluster
            .kubectl(["auth", "can-i", verb, resource, place, &account])
            .run()
            .await;
        answer.code == Some(0)
    };
    let here = format!("--namespace={namespace}");
    assert!(may("create", "leases.coordination.k8s.io", &here).await);
    assert!(may("update", "leases.coordination.k8s.io/box", &here).await);
    assert!(may("get", "secrets/box-webhook", &here).await);
    for (verb, resource, place) in [
        ("update", "leases.coordination.k8s.io/other", here.as_str()),
        ("get", "secrets/other", &here),
        ("list", "secrets", &here),
        ("get", "secrets/box-webhook", "--namespace=default"),
        ("create", "pods", &here),
        (
            "create",
            "clusterrolebindings.rbac.authorization.k8s.io",
            "-A",
        ),
        ("escalate", "clusterroles.rbac.authorization.k8s.io", "-A"),
        ("impersonate", "users", "-A"),
        ("impersonate", "groups", "-A"),
        ("*", "*", "-A"),
    ] {
        assert!(
            !may(verb, resource, place).await,
            "{verb} {resource} {place}"
        );
    }

    // Whose ServiceAccounts it may act as: of all namespaces, and then of named ones only.
    let accounts = "serviceaccounts/default";
    let [team, other] = [
        cluster.namespace("chart-team").await,
        cluster.namespace("chart-other").await,
    ];
    let at = |namespace: &str| format!("--namespace={namespace}");
    for place in [&team, &other, "kube-system"] {
        assert!(may("impersonate", accounts, &at(place)).await, "{place}");
    }
    let named = format!("tenantNamespaces={{{team}}}");
    on(&["upgrade", "box", CHART, "--reuse-values", "--set", &named])
        .run()
        .await
        .ok();
    assert!(may("impersonate", accounts, &at(&team)).await);
    assert!(may("get", accounts, &at(&team)).await);
    for place in [&other, "kube-system", "default", namespace.as_str()] {
        assert!(!may("impersonate", accounts, &at(place)).await, "{place}");
        assert!(!may("get", accounts, &at(place)).await, "{place}");
    }

    let smaller = [
        "upgrade",
        "box",
        CHART,
        "--set",
        "replicas=1,leaderElection=false",
    ];
    on(&smaller).run().await.ok();
    on(&["uninstall", "box"]).run().await.ok();
    let left = [
        "get",
        "all,role,networkpolicy",
        "-n",
        &namespace,
        "-o",
        "name",
        selector,
    ];
    // Pods go by garbage collection.
    let left = cluster.kubectl(left).run().await.ok();
    let left: Vec<&str> = left
        .lines()
        .filter(|name| !name.starts_with("pod/") && !name.starts_with("replicaset"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What the command prints is what the chart has; with `HOOKBOX_BLESS` it becomes so.
fn same(path: &str, printed: &str) {
    let path = checkout().join(path);
    if hookbox_tests::bless() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, printed).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == printed,
        "{} is not what the command prints; HOOKBOX_BLESS=1 writes it anew",
        path.display()
    );
}

#[tokio::test]
async fn its_definitions_and_rules_are_those_that_the_command_prints() {
    let crds = hookbox(["crds"]).run().await.ok();
    same("deploy/chart/crds/hookbox.dev.yaml", &crds);
    let rules = async |arguments: &[&str], kind: &str| {
        let rbac = hookbox(["manifest", "rbac", "--tenants", "-o", "json"]);
        let text = rbac.args(arguments.iter().copied()).run().await.ok();
        let list: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let items = list.get("items").and_then(serde_json::Value::as_array);
        let role = items
            .into_iter()
            .flatten()
            .find(|i| i.get("kind") == Some(&kind.into()));
        let rules = role.and_then(|role| role.get("rules"));
        let rules = rules.and_then(serde_json::Value::as_array);
        rules.expect("rules").clone()
    };
    let named = ["--tenant-namespace", "a"];
    let of_cluster = rules(&named, "ClusterRole").await;
    let of_tenants = rules(&named, "Role").await;
    // JSON is YAML too.
    let text =
        |rules: &[serde_json::Value]| serde_json::to_string_pretty(rules).expect("text") + "\n";
    same("deploy/chart/files/cluster-rules.yaml", &text(&of_cluster));
    same("deploy/chart/files/tenant-rules.yaml", &text(&of_tenants));
    // Without namespaces both are for the whole cluster.
    let all = [of_cluster, of_tenants].concat();
    assert_eq!(rules(&[], "ClusterRole").await, all);
}
