//! From a change in the cluster to the hook's first instruction, beside a watcher that only decodes.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use futures::StreamExt as _;
use hookbox_cluster::Cluster;
use hookbox_operator::OperatorEvent;
use hookbox_sandbox::{Sandbox, Usage};
use hookbox_tests::RealCluster;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

use crate::stats::{Samples, ratio};
use crate::{clock, guests, print, setup, stamps};

const EVENTS: u32 = 500;
const WARM: u32 = 50;
/// Time between two changes; every other one waits a little longer, so that nothing falls in step.
const GAP: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(20);
const NAME: &str = "event";
const HOOK: &str = "events";

pub(crate) async fn measure() -> Result<()> {
    let mut stamps = stamps::install()?;
    let sandbox = setup::sandbox(None)?;
    print::title(
        "2. From sending a change to the API server until it is seen, single changes, both watchers at once (µs)",
    );
    let cluster = Cluster::new();
    let clients = || Ok([cluster.client(), cluster.client(), cluster.client()]);
    all(
        "embedded cluster, in process",
        clients,
        &sandbox,
        &mut stamps,
    )
    .await?;

    let settings = hookbox_tests::Settings {
        controllers: false,
        ..hookbox_tests::Settings::default()
    };
    let Some(real) = RealCluster::start(settings).await else {
        print::row("kube-apiserver", "not measured: it cannot be had here");
        return Ok(());
    };
    let (a, b, c) = (
        real.client().await,
        real.client().await,
        real.client().await,
    );
    let clients = || Ok([a.clone(), b.clone(), c.clone()]);
    all(
        "kube-apiserver with etcd, TLS",
        clients,
        &sandbox,
        &mut stamps,
    )
    .await
}

async fn all(
    name: &str,
    clients: impl Fn() -> Result<[Client; 3]>,
    sandbox: &Sandbox,
    stamps: &mut UnboundedReceiver<Instant>,
) -> Result<()> {
    for (filter, what) in [(None, "no filter"), (Some(".data.number"), "jq filter")] {
        print::line(format_args!("-- {name}, {what}"));
        one(clients()?, sandbox, filter, stamps).await?;
    }
    Ok(())
}

async fn one(
    [driver, bare, ours]: [Client; 3],
    sandbox: &Sandbox,
    filter: Option<&str>,
    stamps: &mut UnboundedReceiver<Instant>,
) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(driver, "default");
    create(&maps).await?;
    let (sender, mut seen) = unbounded_channel();
    let bare = tokio::spawn(only_decode(bare, sender));
    seen.recv().await.context("the bare watcher ended")?;

    let mut binding = json!({
        "name": "maps", "kind": "ConfigMap", "namespace": {"nameSelector": {"matchNames": ["default"]}},
        "labelSelector": {"matchLabels": {"bench": "event"}}, "includeSnapshotsFrom": ["maps"],
    });
    if let (Some(filter), Some(fields)) = (filter, binding.as_object_mut()) {
        fields.insert("jqFilter".into(), filter.into());
    }
    let config = json!({"configVersion": "v1", "kubernetes": [binding]}).to_string();
    let spec = setup::with_config(setup::bytes(HOOK, guests::trivial()?), HOOK, config);
    let running = setup::operator(Some(ours), vec![spec], sandbox, &setup::jq(sandbox)?).await?;
    let mut events = running.events();
    setup::idle(&running).await?;
    finished(&mut events).await?;
    while stamps.try_recv().is_ok() {}
    while seen.try_recv().is_ok() {}

    let mut series = Series::default();
    for number in 0..WARM + EVENTS {
        sleep(GAP + Duration::from_millis(u64::from(number % 7))).await;
        let patch = json!({"data": {"number": number.to_string()}});
        let sent = clock::now();
        maps.patch(NAME, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        let answered = clock::now();
        let bare = timeout(PATIENCE, seen.recv())
            .await?
            .context("the bare watcher ended")?;
        let logged = timeout(PATIENCE, stamps.recv())
            .await?
            .context("no subscriber")?;
        let usage = finished(&mut events).await?;
        if number >= WARM {
            series.push(sent, answered, bare, logged, &usage);
        }
    }
    series.print();
    bare.abort();
    running.stop().await;
    maps.delete(NAME, &kube::api::DeleteParams::default())
        .await?;
    Ok(())
}

/// An object of about 2 KB.
async fn create(maps: &Api<ConfigMap>) -> Result<()> {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "labels": {"bench": "event"}},
        "data": {"number": "none", "text": "some words of a file. ".repeat(70)},
    });
    maps.create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;
    Ok(())
}

/// kube-runtime's watcher on dynamic objects: one message when the first list is done, then the time of each change.
async fn only_decode(client: Client, sender: UnboundedSender<Instant>) -> Result<()> {
    let maps: Api<DynamicObject> =
        Api::namespaced_with(client, "default", &ApiResource::erase::<ConfigMap>(&()));
    let mut events = pin!(watcher(
        maps,
        watcher::Config::default().labels("bench=event")
    ));
    while let Some(event) = events.next().await {
        match event? {
            watcher::Event::InitDone => sender.send(clock::now())?,
            watcher::Event::Apply(object) if object.name_any() == NAME => {
                sender.send(clock::now())?
            }
            _ => {}
        }
    }
    Ok(())
}

/// What the next run that ends used.
async fn finished(events: &mut broadcast::Receiver<Arc<OperatorEvent>>) -> Result<Usage> {
    loop {
        match timeout(PATIENCE, events.recv()).await? {
            Ok(event) => {
                if let OperatorEvent::RunFinished(run) = &*event {
                    return Ok(run.usage.clone());
                }
            }
            Err(RecvError::Lagged(missed)) => bail!("{missed} events were missed"),
            Err(RecvError::Closed) => return Err(anyhow!("the operator ended")),
        }
    }
}

/// What was measured, in microseconds from sending the change.
#[derive(Default)]
struct Series {
    answer: Samples,
    bare: Samples,
    first: Samples,
    logged: Samples,
    later: Samples,
}

impl Series {
    fn push(
        &mut self,
        sent: Instant,
        answered: Instant,
        bare: Instant,
        logged: Instant,
        usage: &Usage,
    ) {
        // The record comes out after the run. The run's own account says when in it the instance was ready.
        let ran = usage.wall_clock.saturating_sub(usage.instantiate);
        let first = logged.checked_sub(ran).unwrap_or(logged);
        self.answer.push_time(answered - sent);
        self.bare.push_time(bare - sent);
        self.first.push_time(first - sent);
        self.logged.push_time(logged - sent);
        let later = first.saturating_duration_since(bare).as_secs_f64()
            - bare.saturating_duration_since(first).as_secs_f64();
        self.later.push(later * 1e6);
    }

    fn print(&self) {
        print::row("bare watcher has the object", &self.bare);
        print::row("hook's first instruction", &self.first);
        print::row("  later than the bare watcher", &self.later);
        print::row("hook's log is out (run over)", &self.logged);
        print::row("the change is answered", &self.answer);
        print::row(
            "ratio of medians (target 1.2)",
            ratio(&self.first, &self.bare),
        );
    }
}
