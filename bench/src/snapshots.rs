//! What snapshots hold for each byte of JSON, and what the first list costs.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use hookbox_cluster::Cluster;
use hookbox_operator::Running;
use hookbox_sandbox::Snapshot as _;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::child::{Child, of};
use crate::{Role, clock, guests, heap, print, setup};

const OBJECTS: u32 = 10_000;
const REPEAT: usize = 3;
const HOOK: &str = "nothing";
const FILTER: &str = "{name: .metadata.name, namespace: .metadata.namespace, labels: .metadata.labels, mode: .data.mode}";

pub(crate) async fn measure() -> Result<()> {
    print::title("3. Snapshots of 10,000 ConfigMaps of 2.2 KB, in a process of its own, over HTTP");
    let folder = tempfile::tempdir()?;
    let component = folder.path().join("trivial.wasm");
    std::fs::write(&component, guests::trivial()?)?;
    let kubeconfig = folder.path().join("kubeconfig");
    let count = OBJECTS.to_string();
    let mut cluster = Child::start(Role::Cluster, &[kubeconfig.as_os_str(), count.as_ref()])?;
    cluster.next().await?.context("the cluster process ended")?;
    for (variant, what) in [
        ("full", "full objects"),
        ("filter", "a jq filter, objects not kept"),
        ("both", "a jq filter and full objects"),
    ] {
        let mut all = Vec::new();
        for _ in 0..REPEAT {
            let arguments: [&OsStr; 3] = [
                component.as_os_str(),
                kubeconfig.as_os_str(),
                variant.as_ref(),
            ];
            all.push(Child::start(Role::Snapshots, &arguments)?.all().await?);
        }
        print::line(format_args!("-- {what}"));
        print::row("compact JSON kept, MB", of(&all, "json", 1e6));
        print::row("operator's own count, per byte", of(&all, "own", 1.0));
        print::row(
            "at the allocator, per byte (target 1.3)",
            of(&all, "heap", 1.0),
        );
        print::row(
            "at the allocator beyond JSON, per object",
            of(&all, "beyond", 1.0),
        );
        print::row(
            "  the same operator without objects, MB",
            of(&all, "fixed", 1e6),
        );
        print::row("resident memory, per byte", of(&all, "resident", 1.0));
        print::row("resident memory at the end, MB", of(&all, "total", 1e6));
        print::row("  and at its peak, MB", of(&all, "peak", 1e6));
        print::row("first list until the hook ran, s", of(&all, "wall", 1.0));
        print::row("  CPU time, s", of(&all, "cpu", 1.0));
    }
    Ok(())
}

fn config(variant: &str, label: &str) -> String {
    let mut binding = json!({"name": "maps", "kind": "ConfigMap", "labelSelector": {"matchLabels": {"bench": label}}});
    if let (true, Some(fields)) = (variant != "full", binding.as_object_mut()) {
        fields.insert("jqFilter".into(), FILTER.into());
        fields.insert("keepFullObjectsInMemory".into(), (variant == "both").into());
    }
    json!({"configVersion": "v1", "kubernetes": [binding]}).to_string()
}

/// The measuring process.
pub(crate) async fn child(component: &Path, kubeconfig: &Path, variant: &str) -> Result<()> {
    heap::count();
    let sandbox = setup::sandbox(None)?;
    let jq = setup::jq(&sandbox)?;
    let client = setup::client(kubeconfig).await?;
    let spec = setup::bytes(HOOK, std::fs::read(component)?);
    let operator = async |label: &str| {
        let spec = setup::with_config(spec.clone(), HOOK, config(variant, label));
        let running = setup::operator(Some(client.clone()), vec![spec], &sandbox, &jq).await?;
        setup::idle(&running).await?;
        anyhow::Ok(running)
    };
    // An operator whose snapshot is empty has made everything that is made once; a second one shows what each has.
    let _none = operator("none").await?;
    let before = heap::live();
    let _second = operator("none").await?;
    let fixed = heap::live() - before;
    let (rss, heap, cpu, started) = (
        clock::memory("VmRSS"),
        heap::live(),
        clock::cpu_time(),
        clock::now(),
    );
    let running = operator("snapshot").await?;
    let wall = started.elapsed();
    let cpu = clock::cpu_time().saturating_sub(cpu);
    let (heap, rss) = (
        heap::live() - heap - fixed,
        clock::memory("VmRSS").saturating_sub(rss),
    );

    let (objects, own) = running.held();
    ensure!(objects == OBJECTS as usize, "{objects} objects were seen");
    let json = json_bytes(&running)?;
    print::line(format_args!("json {json}"));
    print::line(format_args!("own {}", own as f64 / json));
    print::line(format_args!("heap {}", heap as f64 / json));
    print::line(format_args!("fixed {fixed}"));
    print::line(format_args!(
        "beyond {}",
        (heap as f64 - json) / f64::from(OBJECTS)
    ));
    print::line(format_args!("resident {}", rss as f64 / json));
    print::line(format_args!("total {}", clock::memory("VmRSS")));
    print::line(format_args!("peak {}", clock::memory("VmHWM")));
    print::line(format_args!("wall {}", wall.as_secs_f64()));
    print::line(format_args!("cpu {}", cpu.as_secs_f64()));
    Ok(())
}

/// Bytes of JSON that the hook could read.
fn json_bytes(running: &Running) -> Result<f64> {
    let snapshots = running.snapshots(HOOK).context("the hook")?;
    let mut bytes = 0;
    for (_, snapshot) in &snapshots {
        for entry in (0..snapshot.len()).filter_map(|index| snapshot.entry(index)) {
            bytes += [entry.object, entry.filter_result]
                .iter()
                .flatten()
                .map(|text| text.len())
                .sum::<usize>();
        }
    }
    Ok(bytes as f64)
}

/// The process that holds the cluster, until its standard input ends.
pub(crate) async fn cluster(kubeconfig: &Path, objects: &str) -> Result<()> {
    let cluster = Cluster::new();
    let text = "a line of some configuration file\n".repeat(40);
    for number in 0..objects.parse::<u32>()? {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": format!("object-{number:05}"),
                "labels": {"bench": "snapshot", "app.kubernetes.io/name": "web", "number": number.to_string()},
                "annotations": {"example.com/checksum": format!("{number:064x}")},
            },
            "data": {"mode": "active", "file.conf": text},
        });
        cluster.apply_manifest(object).await?;
    }
    let server = cluster
        .listen(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await?;
    std::fs::write(kubeconfig, server.kubeconfig())?;
    print::line("ready 1");
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    server.shutdown().await;
    Ok(())
}
