//! Who changes objects and waits for what comes of it.

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::StreamExt as _;
use futures::stream::{self, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Kind, LANES};
use crate::clock;
use crate::stats::Samples;

/// Objects in the snapshot of each hook.
const OBJECTS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(30);
/// Label of all objects of this measurement.
const MINE: &str = "bench=native";

/// One hook's objects.
pub(super) struct Lane {
    maps: Api<ConfigMap>,
    /// Name of the object that is changed.
    source: String,
    number: u64,
    seen: UnboundedReceiver<(String, Instant)>,
}

/// All hooks' objects, and the watcher that sees them.
pub(super) struct Driver {
    maps: Api<ConfigMap>,
    watching: JoinHandle<Result<()>>,
    lanes: HashMap<(Kind, usize), Lane>,
}

impl Driver {
    /// Makes the objects of all lanes.
    pub(super) async fn start(client: Client) -> Result<Self> {
        let maps: Api<ConfigMap> = Api::namespaced(client, "default");
        remove(&maps).await?;
        let mut senders = HashMap::new();
        let mut lanes = HashMap::new();
        for kind in [Kind::Native, Kind::Component, Kind::Shell] {
            for lane in 0..LANES {
                let name = kind.lane(lane);
                let objects = (0..OBJECTS).map(|number| source(&name, number));
                stream::iter(objects.chain([result(&name)]))
                    .map(|object| create(&maps, object))
                    .buffer_unordered(4)
                    .try_collect::<()>()
                    .await?;
                let (sender, seen) = unbounded_channel();
                senders.insert(format!("result-of-{name}-00"), sender);
                let lane_of = Lane {
                    maps: maps.clone(),
                    source: format!("{name}-00"),
                    number: 0,
                    seen,
                };
                lanes.insert((kind, lane), lane_of);
            }
        }
        let (sender, mut ready) = unbounded_channel();
        let watching = tokio::spawn(watch(maps.clone(), senders, sender));
        ready.recv().await.context("the watcher ended")?;
        Ok(Self {
            maps,
            watching,
            lanes,
        })
    }

    pub(super) fn lane(&mut self, kind: Kind, lane: usize) -> Result<&mut Lane> {
        self.lanes.get_mut(&(kind, lane)).context("a lane")
    }

    /// All hooks of a kind at once, each with one change after the other until the time is over. How many effects there
    /// were in a second.
    pub(super) async fn saturate(&mut self, kind: Kind, time: Duration) -> Result<(f64, usize)> {
        let started = clock::now();
        let until = started + time;
        let mine = self.lanes.iter_mut().filter(|((k, _), _)| *k == kind);
        let all = mine.map(|(_, lane)| async move {
            let mut count = 0;
            while clock::now() < until {
                lane.change().await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
        let counts: Vec<usize> = futures::future::try_join_all(all).await?;
        let count: usize = counts.iter().sum();
        Ok((count as f64 / started.elapsed().as_secs_f64(), count))
    }

    pub(super) async fn end(self) -> Result<()> {
        self.watching.abort();
        remove(&self.maps).await
    }
}

impl Lane {
    /// Changes the object and waits for the hook's effect. The time from before the change was sent until the effect was
    /// seen.
    pub(super) async fn change(&mut self) -> Result<Duration> {
        self.number += 1;
        let number = self.number.to_string();
        let patch = json!({"data": {"number": number}});
        let sent = clock::now();
        let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
        self.maps.patch(&self.source, &params, &patch).await?;
        loop {
            let seen = timeout(PATIENCE, self.seen.recv());
            let seen = seen.await.with_context(|| self.source.to_string())?;
            let (what, at) = seen.context("the watcher ended")?;
            if what == number {
                return Ok(at - sent);
            }
        }
    }

    /// So many changes, with pauses between them that differ.
    pub(super) async fn warm(&mut self, changes: u32) -> Result<Samples> {
        let mut times = Samples::default();
        for _ in 0..changes {
            times.push_time(self.change().await?);
        }
        Ok(times)
    }
}

/// Tells each lane when its result changed; `ready` once all are known.
async fn watch(
    maps: Api<ConfigMap>,
    lanes: HashMap<String, UnboundedSender<(String, Instant)>>,
    ready: UnboundedSender<()>,
) -> Result<()> {
    let config = watcher::Config::default().labels("bench=native,role=result");
    let mut events = pin!(watcher(maps, config));
    while let Some(event) = events.next().await {
        match event? {
            watcher::Event::InitDone => ready.send(())?,
            watcher::Event::Apply(object) => {
                let at = clock::now();
                let data = object.data.as_ref();
                let seen = data.and_then(|data| data.get("seen")).cloned();
                if let (Some(seen), Some(lane)) = (seen, lanes.get(&object.name_any())) {
                    lane.send((seen, at))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn source(lane: &str, number: usize) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("{lane}-{number:02}"), "labels": {"bench": "native", "lane": lane}},
        "data": {"number": "0", "text": "some words of a file. ".repeat(40)},
    })
}

fn result(lane: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("result-of-{lane}-00"), "labels": {"bench": "native", "role": "result"}},
    })
}

async fn create(maps: &Api<ConfigMap>, object: serde_json::Value) -> Result<()> {
    let object = serde_json::from_value(object)?;
    maps.create(&PostParams::default(), &object).await?;
    Ok(())
}

async fn remove(maps: &Api<ConfigMap>) -> Result<()> {
    let mine = ListParams::default().labels(MINE);
    maps.delete_collection(&DeleteParams::default(), &mine)
        .await?;
    Ok(())
}
