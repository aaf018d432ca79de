//! Tenants on a real API server with RBAC: an operator that may do nothing but impersonate them, shared watches under
//! checked access, and revocation.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's failure is a panic that says what went wrong"
)]

use std::sync::Arc;
use std::time::Duration;

use hookbox_config::ConfigVersion;
use hookbox_operator::apply::{Gate, Writer, parse};
use hookbox_operator::filter::Filter;
use hookbox_operator::identity::{Access, AccessSettings, impersonating};
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase};
use hookbox_operator::queue::Reason;
use hookbox_operator::watch::{Hub, TenantHub};
use hookbox_operator::{Quota, QuotaSettings, Tenant};
use hookbox_sandbox::Effects;
use hookbox_tests::RealCluster;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::api::{Api, DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longest wait for anything. Only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_secs(60);

async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

struct Nobody;

impl Listener for Nobody {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, _: Notice<'_>) {}
}

fn of<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

/// The operator's own account may impersonate ServiceAccounts named `hooks` and ask who may do what, and nothing else.
async fn operator(cluster: &RealCluster, namespace: &str) -> kube::Client {
    let admin = cluster.client().await;
    let post = PostParams::default();
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), namespace);
    let account = of(json!({"metadata": {"name": "hookbox"}}));
    accounts.create(&post, &account).await.unwrap();
    let roles: Api<ClusterRole> = Api::all(admin.clone());
    let role = of(json!({"metadata": {"name": namespace}, "rules": [
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"], "resourceNames": ["hooks"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
    ]}));
    roles.create(&post, &role).await.unwrap();
    let bindings: Api<ClusterRoleBinding> = Api::all(admin);
    let binding = of(json!({
        "metadata": {"name": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace},
        "subjects": [{"kind": "ServiceAccount", "name": "hookbox", "namespace": namespace}],
    }));
    bindings.create(&post, &binding).await.unwrap();
    let token = cluster
        .kubectl(["create", "token", "hookbox", "-n", namespace])
        .run()
        .await;
    let kubeconfig = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.unwrap();
    config.auth_info = of(json!({"token": token.stdout.trim()}));
    hookbox_operator::client(config).unwrap()
}

/// The tenant may do this with ConfigMaps of a namespace.
async fn grant(admin: &kube::Client, tenant: &Tenant, namespace: &str, verbs: &[&str]) {
    let name = &tenant.namespace;
    let post = PostParams::default();
    let roles: Api<Role> = Api::namespaced(admin.clone(), namespace);
    let role = of(
        json!({"metadata": {"name": name}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}]}),
    );
    roles.create(&post, &role).await.unwrap();
    let bindings: Api<RoleBinding> = Api::namespaced(admin.clone(), namespace);
    let binding = of(json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": tenant.service_account, "namespace": tenant.namespace}],
    }));
    bindings.create(&post, &binding).await.unwrap();
}

struct Tenants {
    client: kube::Client,
    hub: TenantHub,
    access: Access,
}

impl Tenants {
    fn watch(&self, tenant: &Tenant, namespace: &str) -> Monitor {
        let config = json!({"configVersion": "v1", "kubernetes": [{
            "name": "maps", "apiVersion": "v1", "kind": "ConfigMap",
            "namespace": {"nameSelector": {"matchNames": [namespace]}},
            "labelSelector": {"matchLabels": {"seen": "yes"}},
        }]});
        let mut config = hookbox_config::parse(&config.to_string()).unwrap();
        let client = impersonating(&self.client, tenant);
        Monitor::start(MonitorSpec {
            id: MonitorId {
                hook: 0,
                binding: 0,
            },
            version: ConfigVersion::V1,
            config: config.kubernetes.remove(0),
            filter: Filter::None,
            hub: self.hub.view(tenant, client, &self.access),
            kinds: Kinds::new(self.client.clone()),
            listener: Arc::new(Nobody),
            quota: Some(Quota::new("test", QuotaSettings::default())),
        })
    }
}

async fn reached(monitor: &Monitor, phase: Phase) {
    patiently("a phase", monitor.reached(|p| p.phase == phase)).await;
}

async fn holds(monitor: &Monitor, objects: usize) {
    patiently("a snapshot", async {
        while monitor.held().0 != objects {
            monitor.reached(|_| true).await;
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn make(admin: &kube::Client, namespace: &str, name: &str) {
    let maps: Api<ConfigMap> = Api::namespaced(admin.clone(), namespace);
    let map = of(json!({"metadata": {"name": name, "labels": {"seen": "yes"}}}));
    maps.create(&PostParams::default(), &map).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_see_and_change_what_their_accounts_may_and_lose_it_with_their_rights() {
    let Some(cluster) = RealCluster::shared().await else {
        return;
    };
    let admin = cluster.client().await;
    let data = cluster.namespace("data").await;
    let home = cluster.namespace("hookbox").await;
    let a = Tenant::new(cluster.namespace("team-a").await, "hooks").unwrap();
    let b = Tenant::new(cluster.namespace("team-b").await, "hooks").unwrap();
    let client = operator(cluster, &home).await;
    make(&admin, &data, "one").await;
    grant(&admin, &a, &data, &["list", "watch"]).await;

    // What the tenants see they see as themselves: the operator may not.
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &data);
    assert!(maps.list(&Default::default()).await.is_err());

    let mut settings = AccessSettings::default();
    settings.period = Duration::from_millis(200);
    let tenants = Tenants {
        hub: Hub::new(client.clone()).for_tenants(),
        access: Access::new(client.clone(), settings),
        client: client.clone(),
    };
    let first = tenants.watch(&a, &data);
    let second = tenants.watch(&b, &data);
    reached(&first, Phase::Enabled).await;
    reached(&second, Phase::Retrying).await;
    assert_eq!((first.held().0, second.held().0), (1, 0));

    grant(&admin, &b, &data, &["list", "watch"]).await;
    reached(&second, Phase::Enabled).await;
    holds(&second, 1).await;

    // The watch was open as the first.
    let bindings: Api<RoleBinding> = Api::namespaced(admin.clone(), &data);
    let delete = DeleteParams::default();
    bindings.delete(&a.namespace, &delete).await.unwrap();
    reached(&first, Phase::Retrying).await;
    holds(&first, 0).await;
    make(&admin, &data, "two").await;
    holds(&second, 2).await;
    assert_eq!(first.held(), (0, 0));

    // An account that hookbox may not impersonate sees nothing, whatever it may itself.
    let other = Tenant::new(&b.namespace, "other").unwrap();
    let binding = of(json!({
        "metadata": {"name": "other"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": b.namespace},
        "subjects": [{"kind": "ServiceAccount", "name": "other", "namespace": b.namespace}],
    }));
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .unwrap();
    let third = tenants.watch(&other, &data);
    reached(&third, Phase::Retrying).await;
    assert_eq!(third.held(), (0, 0));

    writes(&admin, &client, [&a, &b]).await;
}

/// Each tenant may write ConfigMaps of its own namespace.
async fn writes(admin: &kube::Client, client: &kube::Client, [a, b]: [&Tenant; 2]) {
    for tenant in [a, b] {
        let verbs = ["get", "create", "update", "patch", "delete"];
        grant(admin, tenant, &tenant.namespace, &verbs).await;
    }
    let own = Writer::new(client.clone(), Kinds::new(client.clone()));
    let quota = Quota::new("test", QuotaSettings::default());
    let apply = async |tenant: &Tenant, patch: &Value| {
        let effects = Effects {
            object_patches: parse(&patch.to_string()).unwrap().patches,
            ..Effects::default()
        };
        let checked = Gate::new(None).for_tenants().check(Arc::new(effects)).await;
        let checked = checked.unwrap();
        let outcome = own.for_tenant(tenant, &quota).apply(&checked).await;
        outcome.errors().map_or("applied", |errors| errors.code())
    };
    let map = |namespace: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": namespace}, "data": {"key": "1"}});
    let create = |object: Value| json!({"operation": "CreateOrUpdate", "object": object});
    let merge = |namespace: &str| json!({"operation": "MergePatch", "kind": "ConfigMap", "namespace": namespace, "name": "x", "mergePatch": {"data": {"key": "2"}}});
    let delete = |namespace: &str| json!({"operation": "Delete", "kind": "ConfigMap", "namespace": namespace, "name": "x"});
    // A new Role takes effect within a moment.
    patiently("the roles", async {
        for tenant in [a, b] {
            while apply(tenant, &create(map(&tenant.namespace))).await != "applied" {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    let role = |name: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "ServiceAccount", "name": "hooks", "namespace": a.namespace}]});
    for (tenant, other) in [(a, b), (b, a)] {
        for (patch, expected) in [
            (create(map(&tenant.namespace)), "applied"),
            (merge(&tenant.namespace), "applied"),
            (create(map(&other.namespace)), "forbidden"),
            (merge(&other.namespace), "forbidden"),
            (delete(&other.namespace), "forbidden"),
            (create(role("mine")), "forbidden"),
            (delete(&tenant.namespace), "applied"),
        ] {
            assert_eq!(apply(tenant, &patch).await, expected, "{tenant}: {patch}");
            if expected == "applied" && patch["operation"] == "Delete" {
                assert_eq!(
                    apply(tenant, &create(map(&tenant.namespace))).await,
                    "applied"
                );
            }
        }
    }
}
