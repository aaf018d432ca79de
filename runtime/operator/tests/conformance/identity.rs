//! Tenants: as whom they read and write, what they share, and what becomes of it when their rights change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookbox_cluster::{Cluster, Failure, Matching, RequestRecord};
use hookbox_config::ConfigVersion;
use hookbox_operator::apply::{Gate, Writer, parse};
use hookbox_operator::filter::Filter;
use hookbox_operator::identity::{Access, AccessSettings, impersonating};
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{
    Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase, Progress,
};
use hookbox_operator::queue::Reason;
use hookbox_operator::units::Size;
use hookbox_operator::watch::{Hub, TenantHub};
use hookbox_operator::{Quota, QuotaSettings, Tenant};
use hookbox_sandbox::{Effects, Snapshot};
use hookbox_test_teams::{ACCOUNT, role, rule};
use serde_json::{Value, json};

use crate::support::*;

/// Keeps what a monitor tells people.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Listener for Told {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, notice: Notice<'_>) {
        let text = match notice {
            Notice::Enabled { again, .. } => format!("enabled again={again}"),
            Notice::NotEnabled { error, .. } => format!("{}: {error}", error.code()),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

impl Told {
    fn last(&self) -> String {
        self.0.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

/// Tenants on a cluster: their shared watches and who checks their access.
struct Tenants {
    cluster: Cluster,
    hub: TenantHub,
    access: Access,
}

/// A tenant's monitor of the ConfigMaps of namespace `ns`.
struct Seen {
    monitor: Monitor,
    told: Told,
    quota: Arc<Quota>,
}

impl Tenants {
    async fn on(cluster: Cluster) -> Self {
        let mut settings = AccessSettings::default();
        // What a test changes is noticed soon.
        settings.period = Duration::from_millis(20);
        Self::checked(cluster, settings)
    }

    fn checked(cluster: Cluster, settings: AccessSettings) -> Self {
        Self {
            hub: Hub::new(cluster.client()).for_tenants(),
            access: Access::new(cluster.client(), settings),
            cluster,
        }
    }

    fn watch(&self, tenant: &Tenant, quota: QuotaSettings) -> Seen {
        let config = json!({"configVersion": "v1", "kubernetes": [binding("maps", json!({}))]});
        let mut config = hookbox_config::parse(&config.to_string()).unwrap();
        let client = impersonating(&self.cluster.client(), tenant);
        let (told, quota) = (Told::default(), Quota::new("ns", quota));
        let monitor = Monitor::start(MonitorSpec {
            id: MonitorId {
                hook: 0,
                binding: 0,
            },
            version: ConfigVersion::V1,
            config: config.kubernetes.remove(0),
            filter: Filter::None,
            hub: self.hub.view(tenant, client, &self.access),
            kinds: Kinds::new(self.cluster.client()),
            listener: Arc::new(told.clone()),
            quota: Some(quota.clone()),
        });
        Seen {
            monitor,
            told,
            quota,
        }
    }

    /// Whoever asked for ConfigMaps.
    fn askers(&self) -> Vec<RequestRecord> {
        let requests = self.cluster.requests().into_iter();
        requests.filter(|r| r.resource == "configmaps").collect()
    }
}

impl Seen {
    async fn reached(&self, enough: impl FnMut(Progress) -> bool) {
        patiently("a tenant's monitor", self.monitor.reached(enough)).await;
    }

    async fn enabled(&self) {
        self.reached(|p| p.phase == Phase::Enabled).await;
    }

    async fn refused(&self) {
        self.reached(|p| p.phase == Phase::Retrying).await;
    }

    async fn holds(&self, objects: usize) {
        patiently("a tenant's snapshot", async {
            while self.monitor.held().0 != objects {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name, ACCOUNT).unwrap()
}

/// The tenant may do this with ConfigMaps of a namespace.
fn grant(tenant: &Tenant, namespace: &str, verbs: &[&str]) -> [Value; 2] {
    let team = &tenant.namespace;
    let rules = [rule("", "configmaps", verbs)];
    role(namespace, &format!("{team}-hooks"), team, &rules)
}

fn binding_of(tenant: &Tenant) -> String {
    let namespace = &tenant.namespace;
    format!("/apis/rbac.authorization.k8s.io/v1/namespaces/ns/rolebindings/{namespace}-hooks")
}

const READS: [&str; 2] = ["list", "watch"];

async fn two() -> (Tenants, Tenant, Tenant) {
    let (a, b) = (tenant("team-a"), tenant("team-b"));
    let cluster = cluster(&[ns(), config_map("ns", "one", "1")]).await;
    apply(&cluster, &grant(&a, "ns", &READS)).await;
    apply(&cluster, &grant(&b, "ns", &READS)).await;
    (Tenants::on(cluster).await, a, b)
}

#[tokio::test]
async fn tenants_share_one_watch_that_is_open_as_one_of_them() {
    let (tenants, a, b) = two().await;
    tenants.cluster.clear_requests();
    let first = tenants.watch(&a, QuotaSettings::default());
    first.enabled().await;
    let second = tenants.watch(&b, QuotaSettings::default());
    second.enabled().await;
    apply(&tenants.cluster, &[config_map("ns", "two", "1")]).await;
    first.holds(2).await;
    second.holds(2).await;
    let asked = tenants.askers();
    let users: Vec<_> = asked
        .iter()
        .filter(|r| r.query.contains("watch="))
        .map(|r| r.user.as_str())
        .collect();
    assert_eq!(users, [a.user()]);
    // A review for each verb and tenant, not one for each monitor.
    let again = tenants.watch(&b, QuotaSettings::default());
    let before = tenants.access.checks();
    again.enabled().await;
    assert!(tenants.access.checks() <= before + 2);
}

#[tokio::test]
async fn a_tenant_without_the_right_has_no_part_in_the_watch() {
    let (tenants, a, _) = two().await;
    let other = tenant("team-c");
    // One verb is not enough.
    apply(&tenants.cluster, &grant(&other, "ns", &["list", "get"])).await;
    let first = tenants.watch(&a, QuotaSettings::default());
    first.enabled().await;
    let refused = tenants.watch(&other, QuotaSettings::default());
    refused.refused().await;
    assert_eq!(refused.monitor.held(), (0, 0));
    let told = refused.told.last();
    assert!(
        told.starts_with("forbidden: system:serviceaccount:team-c:runner may not list and watch configmaps in namespace `ns`"),
        "{told}"
    );
    assert!(told.contains("verbs [\"list\", \"watch\"]"), "{told}");
    let user = other.user();
    assert!(tenants.askers().iter().all(|r| r.user != user));
    apply(&tenants.cluster, &grant(&other, "ns", &READS)).await;
    refused.enabled().await;
    refused.holds(1).await;
    assert_eq!(refused.told.last(), "enabled again=false");
}

#[tokio::test]
async fn who_loses_access_loses_the_snapshot_and_the_others_keep_the_watch() {
    let (tenants, a, b) = two().await;
    let first = tenants.watch(&a, QuotaSettings::default());
    first.enabled().await;
    let second = tenants.watch(&b, QuotaSettings::default());
    second.enabled().await;
    tenants.cluster.clear_requests();
    delete(&tenants.cluster, &binding_of(&a)).await;
    first.refused().await;
    assert_eq!(first.monitor.held(), (0, 0));
    assert_eq!(first.monitor.snapshot().len(), 0);
    assert!(first.told.last().starts_with("forbidden: "));
    // The watch was open as the first: now it is open as the second, and misses nothing.
    apply(&tenants.cluster, &[config_map("ns", "two", "1")]).await;
    second.holds(2).await;
    let user = b.user();
    assert!(tenants.askers().iter().any(|r| r.user == user));
    assert!(
        second
            .told
            .0
            .lock()
            .unwrap()
            .iter()
            .all(|t| t.starts_with("enabled"))
    );
    assert_eq!(first.monitor.held(), (0, 0));

    apply(&tenants.cluster, &grant(&a, "ns", &READS)).await;
    first.enabled().await;
    first.holds(2).await;
    assert_eq!(first.told.last(), "enabled again=true");
    // What happens now waits for the Synchronization that the hook is owed.
    apply(&tenants.cluster, &[config_map("ns", "three", "1")]).await;
    first.holds(3).await;
    assert_eq!(first.monitor.put_aside(), Some(1));
}

/// How long access is still used after it was taken away, by timers that leap: the pauses are exact.
#[tokio::test(start_paused = true)]
async fn a_snapshot_is_dropped_within_the_stated_time() {
    let settings = AccessSettings::default();
    let (period, lapse) = (settings.period, settings.lapse);
    for (left, within) in [
        (Some(&[][..]), period),
        (Some(&["list"]), period * 2),
        (Some(&["watch"]), period * 2),
        // Nobody answers the question.
        (None, lapse),
    ] {
        let cluster = cluster(&[ns(), config_map("ns", "one", "1")]).await;
        let tenant = tenant("team-a");
        apply(&cluster, &grant(&tenant, "ns", &READS)).await;
        let tenants = Tenants::checked(cluster.clone(), settings.clone());
        let seen = tenants.watch(&tenant, QuotaSettings::default());
        seen.enabled().await;
        // At any time between two checks.
        tokio::time::sleep(period.mul_f64(3.0 * fastrand::f64())).await;
        assert_eq!(seen.monitor.held().0, 1);
        let from = match left {
            Some(verbs) => {
                apply(&cluster, &grant(&tenant, "ns", verbs)).await;
                tokio::time::Instant::now()
            }
            None => {
                // From the last time that somebody answered.
                let before = tenants.access.checks();
                while tenants.access.checks() == before {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let reviews = Matching::any().resource("subjectaccessreviews");
                cluster.faults().fail_always(reviews, Failure::Unavailable);
                tokio::time::Instant::now()
            }
        };
        seen.refused().await;
        let took = from.elapsed();
        assert!(took <= within, "{left:?}: {took:?}, not {within:?}");
        assert_eq!(seen.monitor.held(), (0, 0));
        assert_eq!(seen.monitor.snapshot().len(), 0);
    }
}

#[tokio::test]
async fn a_snapshot_that_is_too_large_for_the_quota_is_not_held() {
    let (tenants, a, b) = two().await;
    let small = QuotaSettings {
        snapshot_bytes: Size(16),
        ..QuotaSettings::default()
    };
    let first = tenants.watch(&a, small);
    first.refused().await;
    assert_eq!(first.monitor.held(), (0, 0));
    let told = first.told.last();
    assert!(
        told.starts_with("snapshot-bytes: the tenant's snapshots hold "),
        "{told}"
    );
    assert!(told.contains("its quota allows 16"), "{told}");
    let second = tenants.watch(&b, QuotaSettings::default());
    second.enabled().await;
    first.quota.update(QuotaSettings::default());
    first.enabled().await;
    first.holds(1).await;
}

#[tokio::test]
async fn a_tenant_writes_what_its_account_may_and_nothing_of_hookbox() {
    let (tenants, a, _) = two().await;
    let cluster = &tenants.cluster;
    apply(
        cluster,
        &grant(&a, "ns", &["get", "create", "update", "patch", "delete"]),
    )
    .await;
    apply(
        cluster,
        &[
            namespace("other", json!({})),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "all-of-hookbox"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "ServiceAccount", "name": "admin", "namespace": "team-z"}]}),
            definition("hookbox.dev", "Hook", "Namespaced", "v1alpha1"),
        ],
    )
    .await;
    let own = Writer::new(cluster.client(), Kinds::new(cluster.client()));
    let quota = Quota::new("team", QuotaSettings::default());
    let apply_as = async |tenant: &Tenant, gate: Gate, patch: Value| {
        let effects = Effects {
            object_patches: parse(&patch.to_string()).unwrap().patches,
            ..Effects::default()
        };
        let checked = match gate.check(Arc::new(effects)).await {
            Ok(checked) => checked,
            Err(error) => return error.code().to_owned(),
        };
        let outcome = own.for_tenant(tenant, &quota).apply(&checked).await;
        match outcome.errors() {
            Some(errors) => errors.code().to_owned(),
            None => "applied".to_owned(),
        }
    };
    let gate = || Gate::new(None).for_tenants();
    let create = |object: Value| json!({"operation": "Create", "object": object});
    let hook = || {
        create(
            json!({"apiVersion": "hookbox.dev/v1alpha1", "kind": "Hook", "metadata": {"name": "x", "namespace": "ns"}}),
        )
    };
    let delete =
        |kind: &str| json!({"operation": "Delete", "kind": kind, "namespace": "ns", "name": "x"});
    let admin = Tenant::new("team-z", "admin").unwrap();
    for (tenant, gate, patch, expected) in [
        (&a, gate(), create(config_map("ns", "mine", "1")), "applied"),
        (
            &a,
            gate(),
            create(config_map("other", "foreign", "1")),
            "forbidden",
        ),
        (
            &a,
            gate(),
            create(namespace("mine", json!({}))),
            "forbidden",
        ),
        (
            &admin,
            gate(),
            create(config_map("other", "foreign", "1")),
            "applied",
        ),
        (&admin, gate(), hook(), "reserved"),
        (&admin, gate(), delete("hooks"), "reserved"),
        // A gate that does not know is not enough to pass.
        (&admin, Gate::new(None), hook(), "reserved"),
        (&admin, Gate::new(None), delete("HOOKS"), "reserved"),
    ] {
        assert_eq!(
            apply_as(tenant, gate, patch.clone()).await,
            expected,
            "{patch}"
        );
    }
}
