//! What it costs that hooks are tenants'.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hookbox_cluster::Cluster;
use hookbox_config::ConfigVersion;
use hookbox_operator::filter::Filter;
use hookbox_operator::identity::{Access, AccessSettings, impersonating};
use hookbox_operator::kinds::Kinds;
use hookbox_operator::monitor::{Listener, Monitor, MonitorId, MonitorSpec, Notice, Phase};
use hookbox_operator::queue::Reason;
use hookbox_operator::units::{Size, Span};
use hookbox_operator::watch::Hub;
use hookbox_operator::{Quota, QuotaSettings, Tenant};
use hookbox_sandbox::{Budget, Component, Context, Lane, RunInput};
use serde_json::json;
use tokio::task::JoinSet;

use crate::stats::{Samples, ratio};
use crate::{clock, guests, heap, print, setup};

const HOOK: &str = "nothing";
const WARM: u32 = 1000;
const RUNS: u32 = 10_000;
const TENANTS: usize = 1000;
const OBJECTS: usize = 100;
const FLOOD: usize = 10_000;
const FIRSTS: u32 = 200;

pub(crate) async fn measure() -> Result<()> {
    print::title("9. Tenants");
    path().await?;
    flood().await?;
    sharing().await
}

fn input() -> RunInput {
    RunInput {
        contexts: vec![Context {
            binding: "onStartup".to_owned(),
            ..Context::default()
        }],
        ..RunInput::default()
    }
}

/// A quota that is never used up.
fn plenty() -> QuotaSettings {
    QuotaSettings {
        cpu_per_minute: Span(Duration::from_secs(1 << 20)),
        runs_per_minute: u32::MAX,
        effects_per_minute: u32::MAX,
        api_calls_per_minute: u32::MAX,
        log_bytes_per_minute: Size(1 << 40),
        ..QuotaSettings::default()
    }
}

async fn run(component: &Component) -> Result<Duration> {
    let given = input();
    let started = clock::now();
    component
        .run(HOOK, given, &Budget::default())
        .await
        .result?;
    Ok(started.elapsed())
}

/// A run in a tenant's lane within its quota, and one of the operator's own.
async fn path() -> Result<()> {
    print::line(
        "-- a run of a trivial hook: a tenant's with its quota, and the operator's own, in turn (µs)",
    );
    let own = setup::sandbox(None)?.load(guests::trivial()?).await?;
    own.describe(&Budget::describe()).await?;
    let tenant = own.in_lane(&Lane::of("team"));
    let quota = Quota::new("team", plenty());
    let (mut theirs, mut ours) = (Samples::default(), Samples::default());
    for number in 0..WARM + RUNS {
        let given = input();
        let started = clock::now();
        quota.run(|_| {}).await;
        let done = tenant.run(HOOK, given, &Budget::default()).await;
        quota.charge_run(&done.usage, 0);
        let took = started.elapsed();
        done.result?;
        let alone = run(&own).await?;
        if number >= WARM {
            theirs.push_time(took);
            ours.push_time(alone);
        }
    }
    print::row("a tenant's run", &theirs);
    print::row("the operator's own", &ours);
    print::row("ratio", ratio(&theirs, &ours));
    Ok(())
}

/// The first run of one tenant, while another one has very many waiting.
async fn flood() -> Result<()> {
    print::line(format_args!(
        "-- one run of a tenant, while {FLOOD} of another one wait all the time (µs)"
    ));
    let component = setup::sandbox(None)?.load(guests::trivial()?).await?;
    component.describe(&Budget::describe()).await?;
    let lane = |name: &str| component.in_lane(&Lane::of(name));
    let (flood, other) = (lane("flood"), lane("other"));
    let mut alone = Samples::default();
    for _ in 0..FIRSTS {
        alone.push_time(run(&other).await?);
    }
    let mut waiting = JoinSet::new();
    for _ in 0..FLOOD {
        let flood = flood.clone();
        waiting.spawn(async move { while run(&flood).await.is_ok() {} });
    }
    let measured = async |component: &Component, count: u32| -> Result<Samples> {
        let mut samples = Samples::default();
        for _ in 0..count {
            let component = component.clone();
            let one = tokio::spawn(async move { run(&component).await });
            samples.push_time(one.await??);
        }
        Ok(samples)
    };
    let fair = measured(&other, FIRSTS).await?;
    let behind = measured(&flood, 5).await?;
    waiting.shutdown().await;
    print::row("nobody else runs", alone);
    print::row("in a lane of its own", fair);
    print::row("behind the others, in their lane", behind);
    Ok(())
}

struct Nobody;

impl Listener for Nobody {
    fn fire(&self, _: MonitorId, _: Reason) {}

    fn notice(&self, _: MonitorId, _: Notice<'_>) {}
}

/// Very many tenants with the same watch.
async fn sharing() -> Result<()> {
    print::line(format_args!(
        "-- {TENANTS} tenants with the same watch of {OBJECTS} ConfigMaps (embedded cluster, in process)"
    ));
    let cluster = Cluster::new();
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "data"}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "read", "namespace": "data"}, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]}]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "read", "namespace": "data"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read"}, "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:serviceaccounts"}]}),
    ];
    let text = "x".repeat(1000);
    objects.extend((0..OBJECTS).map(|i| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{i}"), "namespace": "data"}, "data": {"text": text}})
    }));
    for object in objects {
        cluster.apply_manifest(object).await?;
    }
    let config = json!({"configVersion": "v1", "kubernetes": [{"name": "maps", "apiVersion": "v1", "kind": "ConfigMap", "namespace": {"nameSelector": {"matchNames": ["data"]}}}]});
    let mut config = hookbox_config::parse(&config.to_string())?;
    let config = config.kubernetes.pop().context("a binding")?;
    let access = Access::new(cluster.client(), AccessSettings::default());
    let hub = Hub::new(cluster.client()).for_tenants();
    let kinds = Kinds::new(cluster.client());
    let start = |number: usize| -> Result<Monitor> {
        let tenant = Tenant::new(format!("team-{number}"), "hooks")?;
        let client = impersonating(&cluster.client(), &tenant);
        Ok(Monitor::start(MonitorSpec {
            id: MonitorId {
                hook: 0,
                binding: 0,
            },
            version: ConfigVersion::V1,
            config: config.clone(),
            filter: Filter::None,
            hub: hub.view(&tenant, client, &access),
            kinds: kinds.clone(),
            listener: Arc::new(Nobody),
            quota: Some(Quota::new("team", QuotaSettings::default())),
        }))
    };
    // What all of them share is there before.
    let first = start(0)?;
    first.reached(|p| p.phase == Phase::Enabled).await;
    cluster.clear_requests();
    heap::count();
    let (bytes, started) = (heap::live(), clock::now());
    let mut monitors = Vec::with_capacity(TENANTS);
    for number in 1..=TENANTS {
        monitors.push(start(number)?);
    }
    for monitor in &monitors {
        monitor.reached(|p| p.phase == Phase::Enabled).await;
    }
    let took = started.elapsed();
    let requests = cluster.requests();
    cluster.clear_requests();
    let listed = requests
        .iter()
        .filter(|r| r.resource == "configmaps")
        .count();
    let each = (heap::live() - bytes) / i64::try_from(TENANTS)?;
    print::row(
        "until all are enabled, s",
        format_args!("{:.2}", took.as_secs_f64()),
    );
    print::row("lists and watches that this took", listed);
    print::row("at the allocator, bytes a tenant", each);
    let (checks, minute) = (access.checks(), Duration::from_secs(60));
    tokio::time::sleep(minute).await;
    print::row("SubjectAccessReviews in a minute", access.checks() - checks);
    Ok(())
}
