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
    for (role, kubeconfig, what) in [
        (Role::Idle, "-".as_ref(), "each with a schedule"),
        (
            Role::Watching,
            kubeconfig.as_os_str(),
            "each with a kubernetes binding, all with the same watch (embedded cluster over plain HTTP)",
        ),
    ] {
        let mut all = Vec::new();
        for _ in 0..REPEAT {
            all.push(child(role, kubeconfig)?.all().await?);
        }
        print::line(format_args!("-- {what}"));
        print::row(
            "resident memory, cached, MB (target 200)",
            of(&all, "total", 1e6),
        );
        print::row("  of it not from files, MB", of(&all, "anonymous", 1e6));
        print::row("  without any hook, MB", of(&all, "empty", 1e6));
        print::row("  at its peak, MB", of(&all, "peak", 1e6));
        print::row("at the allocator, bytes a hook", of(&all, "heap", 1.0));
        print::row("from the start until all wait, s", of(&all, "start", 1.0));
    }
    print::row(
        "resident memory after compiling them, MB",
        of(&[compiled], "total", 1e6),
    );
    Ok(())
}

/// The measuring process of hooks with a schedule.
pub(crate) async fn child(hooks: &Path, cache: &Path) -> Result<()> {
    hold(|| setup::folder(hooks), cache, None).await
}

/// The measuring process of hooks that watch.
pub(crate) async fn watching(hooks: &Path, cache: &Path, kubeconfig: &Path) -> Result<()> {
    let config = json!({"configVersion": "v1", "kubernetes": [{
        "name": "maps", "kind": "ConfigMap", "executeHookOnSynchronization": false,
        "labelSelector": {"matchLabels": {"bench": "none"}},
    }]});
    let specs = || {
        let mut specs = setup::folder(hooks)?;
        for (component, spec) in specs.iter_mut().enumerate() {
            let definition = |number| HookDefinition {
                name: format!("component-{component:05}/hook-{number:03}"),
                config: config.to_string(),
            };
            spec.definitions = Some((0..HOOKS).map(definition).collect());
        }
        Ok(specs)
    };
    hold(specs, cache, Some(kubeconfig)).await
}

/// Holds these hooks until they wait, and says what that takes.
async fn hold(
    specs: impl FnOnce() -> Result<Vec<HookSpec>>,
    cache: &Path,
    kubeconfig: Option<&Path>,
) -> Result<()> {
    heap::count();
    let sandbox = setup::sandbox(Some(cache.to_owned()))?;
    let jq = setup::jq(&sandbox)?;
    let client = match kubeconfig {
        Some(path) => Some(setup::client(path).await?),
        None => None,
    };
    let _none = setup::operator(client.clone(), Vec::new(), &sandbox, &jq).await?;
    let (empty, heap, started) = (clock::memory("VmRSS"), heap::live(), clock::now());
    let running = setup::operator(client, specs()?, &sandbox, &jq).await?;
    setup::idle(&running).await?;
    let start = started.elapsed();
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
    print::line(format_args!("start {}", start.as_secs_f64()));
    Ok(())
}
