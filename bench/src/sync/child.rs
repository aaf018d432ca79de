//! The processes that synchronise.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject};
use kube::core::ApiResource;
use kube::runtime::watcher::{self, watcher};
use serde_json::json;

use crate::{clock, print, setup};

const HOOK: &str = "nothing";
/// What a hook needs of an object.
const FILTER: &str = "{name: .metadata.name, mode: .data.mode}";
/// Time for what is no longer needed to be given back.
const REST: Duration = Duration::from_secs(2);

fn config(variant: &str, namespace: Option<&str>) -> String {
    let mut binding = json!({
        "name": "maps", "kind": "ConfigMap", "labelSelector": {"matchLabels": {"bench": "sync"}},
    });
    if let Some(fields) = binding.as_object_mut() {
        if let Some(namespace) = namespace {
            let names = json!({"nameSelector": {"matchNames": [namespace]}});
            fields.insert("namespace".into(), names);
        }
        if variant == "filter" {
            fields.insert("jqFilter".into(), FILTER.into());
            fields.insert("keepFullObjectsInMemory".into(), false.into());
        }
    }
    json!({"configVersion": "v1", "kubernetes": [binding]}).to_string()
}

/// An operator with one hook. `what` is `full` or `filter`, the namespace (`-`: all) and how many objects there are, with
/// colons between.
pub(crate) async fn operator(
    component: &Path,
    cache: &Path,
    kubeconfig: &Path,
    what: &str,
) -> Result<()> {
    let (variant, namespace, count) = parse(what)?;
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let client = setup::client(kubeconfig).await?;
    let spec = setup::bytes(HOOK, std::fs::read(component)?);
    let operator = async |namespace: Option<&str>| {
        let spec = setup::with_config(spec.clone(), HOOK, config(variant, namespace));
        let running = setup::operator(Some(client.clone()), vec![spec], &sandbox, &jq).await?;
        drop(running.events());
        setup::idle(&running).await?;
        anyhow::Ok(running)
    };
    // An operator that waits, and has no objects.
    let idle = operator(Some("default")).await?;
    tokio::time::sleep(REST).await;
    let waiting = clock::memory("VmRSS");
    drop(idle);
    clock::reset_peak();
    let (cpu, started) = (clock::cpu_time(), clock::now());
    let running = operator(namespace).await?;
    let wall = started.elapsed();
    let cpu = clock::cpu_time().saturating_sub(cpu);
    let peak = clock::memory("VmHWM");
    tokio::time::sleep(REST).await;
    let (objects, held) = running.held();
    ensure!(objects == count, "{objects} objects were seen");
    print::line(format_args!("wall {}", wall.as_secs_f64()));
    print::line(format_args!("cpu {}", cpu.as_secs_f64()));
    print::line(format_args!("process {}", clock::cpu_time().as_secs_f64()));
    print::line(format_args!("idle {waiting}"));
    print::line(format_args!("peak {peak}"));
    print::line(format_args!("steady {}", clock::memory("VmRSS")));
    let more = |memory: u64| memory as f64 - waiting as f64;
    print::line(format_args!("peak-more {}", more(peak)));
    print::line(format_args!("more {}", more(clock::memory("VmRSS"))));
    print::line(format_args!("held {held}"));
    Ok(())
}

/// What does no more than read and decode each object.
pub(crate) async fn bare(kubeconfig: &Path, what: &str) -> Result<()> {
    let (_, namespace, count) = parse(what)?;
    let client = setup::client(kubeconfig).await?;
    let resource = ApiResource::erase::<ConfigMap>(&());
    let maps: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let (cpu, started) = (clock::cpu_time(), clock::now());
    let config = watcher::Config::default().labels("bench=sync");
    let mut events = pin!(watcher(maps, config.streaming_lists()));
    let mut objects = 0;
    loop {
        match events.next().await {
            Some(Ok(watcher::Event::InitApply(_))) => objects += 1,
            Some(Ok(watcher::Event::InitDone)) => break,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => bail!("the watcher ended"),
        }
    }
    let (wall, cpu) = (started.elapsed(), clock::cpu_time().saturating_sub(cpu));
    ensure!(objects == count, "{objects} objects were seen");
    print::line(format_args!("wall {}", wall.as_secs_f64()));
    print::line(format_args!("cpu {}", cpu.as_secs_f64()));
    Ok(())
}

fn parse(what: &str) -> Result<(&str, Option<&str>, usize)> {
    let parts: Vec<&str> = what.split(':').collect();
    let [variant, namespace, count] = parts.as_slice() else {
        bail!("three words");
    };
    let namespace = Some(*namespace).filter(|namespace| *namespace != "-");
    Ok((variant, namespace, count.parse()?))
}
