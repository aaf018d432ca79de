//! Memory of hooks that wait.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hookbox_operator::HookSpec;
use hookbox_sandbox::HookDefinition;
use serde_json::json;

use crate::child::{Child, of};
use crate::guests::When;
use crate::{Role, clock, guests, heap, print, setup};

const COMPONENTS: u32 = 100;
const HOOKS: u32 = 100;
/// Hooks with a watch each: the embedded cluster serves 512 connections.
const WATCHING: usize = 400;
const REPEAT: usize = 3;
/// Time for what has ended to be given back.
const REST: Duration = Duration::from_secs(1);

pub(crate) async fn measure() -> Result<()> {
    print::title("4. 10,000 idle hooks of 100 distinct components, in a process of its own");
    let folder = tempfile::tempdir()?;
    let (hooks, cache) = (folder.path().join("hooks"), folder.path().join("cache"));
    guests::many(&hooks, COMPONENTS, HOOKS, When::NewYear)?;
    let kubeconfig = folder.path().join("kubeconfig");
    let mut cluster = Child::start(Role::Cluster, &[kubeconfig.as_os_str(), "0".as_ref()])?;
    cluster.next().await?.context("the cluster process ended")?;
    let child = |role, kubeconfig: &OsStr| {
        Child::start(role, &[hooks.as_os_str(), cache.as_os_str(), kubeconfig])
    };

    // The first one compiles.
    let compiled = child(Role::Idle, "-".as_ref())?.all().await?;
    let mut all = Vec::new();
    for _ in 0..REPEAT {
        all.push(child(Role::Idle, "-".as_ref())?.all().await?);
    }
    print::row(
        "resident memory, cached, MB (target 200)",
        of(&all, "total", 1e6),
    );
    print::row("  of it not from files, MB", of(&all, "anonymous", 1e6));
    print::row("  without any hook, MB", of(&all, "empty", 1e6));
    print::row("  at its peak, MB", of(&all, "peak", 1e6));
    print::row("at the allocator, bytes a hook", of(&all, "heap", 1.0));
    print::row(
        "resident memory after compiling them, MB",
        of(&[compiled], "total", 1e6),
    );

    let mut all = Vec::new();
    for _ in 0..REPEAT {
        all.push(child(Role::Watching, kubeconfig.as_os_str())?.all().await?);
    }
    print::line(format_args!(
        "-- {WATCHING} hooks that watch (embedded cluster over plain HTTP)"
    ));
    print::row(
        "at the allocator, bytes a watching hook",
        of(&all, "heap", 1.0),
    );
    print::row(
        "resident memory, bytes a watching hook",
        of(&all, "each", 1.0),
    );
    Ok(())
}

/// The measuring process of hooks with a schedule.
pub(crate) async fn child(hooks: &Path, cache: &Path) -> Result<()> {
    heap::count();
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let _none = setup::operator(None, Vec::new(), &sandbox, &jq).await?;
    let (empty, heap) = (clock::memory("VmRSS"), heap::live());
    let running = setup::operator(None, setup::folder(hooks)?, &sandbox, &jq).await?;
    setup::idle(&running).await?;
    tokio::time::sleep(REST).await;
    let count = running.hooks().len();
    ensure!(
        count == (COMPONENTS * HOOKS) as usize,
        "there are {count} hooks"
    );
    print::line(format_args!("total {}", clock::memory("VmRSS")));
    print::line(format_args!("anonymous {}", clock::memory("RssAnon")));
    print::line(format_args!("empty {empty}"));
    print::line(format_args!("peak {}", clock::memory("VmHWM")));
    print::line(format_args!(
        "heap {}",
        (heap::live() - heap) as f64 / count as f64
    ));
    Ok(())
}

/// The measuring process of hooks that watch.
pub(crate) async fn watching(hooks: &Path, cache: &Path, kubeconfig: &Path) -> Result<()> {
    heap::count();
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let client = setup::client(kubeconfig).await?;
    let config = json!({"configVersion": "v1", "kubernetes": [{
        "name": "maps", "kind": "ConfigMap", "executeHookOnSynchronization": false,
        "labelSelector": {"matchLabels": {"bench": "none"}},
    }]});
    let mut specs: Vec<HookSpec> = setup::folder(hooks)?;
    specs.truncate(1);
    let with = |count: usize| {
        let mut specs = specs.clone();
        for spec in &mut specs {
            let definition = |number| HookDefinition {
                name: format!("hook-{number}"),
                config: config.to_string(),
            };
            spec.definitions = Some((0..count).map(definition).collect());
        }
        specs
    };
    let few = setup::operator(Some(client.clone()), with(1), &sandbox, &jq).await?;
    setup::idle(&few).await?;
    let (rss, heap) = (clock::memory("VmRSS"), heap::live());
    let running = setup::operator(Some(client), with(WATCHING), &sandbox, &jq).await?;
    setup::idle(&running).await?;
    tokio::time::sleep(REST).await;
    let each = |bytes: f64| bytes / WATCHING as f64;
    print::line(format_args!("heap {}", each((heap::live() - heap) as f64)));
    print::line(format_args!(
        "each {}",
        each(clock::memory("VmRSS") as f64 - rss as f64)
    ));
    Ok(())
}
