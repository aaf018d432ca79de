//! Operators as the measurements need them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use hookbox_jq::Jq;
use hookbox_operator::api::chain;
use hookbox_operator::{HookSource, HookSpec, Operator, Options, Running};
use hookbox_sandbox::{HookDefinition, Sandbox, Settings};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};

/// Time for the longest start that is measured.
const PATIENCE: Duration = Duration::from_secs(120);

/// A sandbox with the default settings, and this cache.
pub(crate) fn sandbox(cache_dir: Option<PathBuf>) -> Result<Sandbox> {
    Ok(Sandbox::new(Settings {
        cache_dir,
        ..Settings::default()
    })?)
}

/// The jq interpreter of a sandbox. It is compiled with the first filter, so that operators compared to each other share
/// one.
pub(crate) fn jq(sandbox: &Sandbox) -> Result<Jq> {
    Ok(Jq::new(sandbox)?)
}

/// An operator with the default settings, all of whose hooks could be loaded.
pub(crate) async fn operator(
    client: Option<Client>,
    hooks: Vec<HookSpec>,
    sandbox: &Sandbox,
    jq: &Jq,
) -> Result<Running> {
    let mut options = Options::default();
    options.client = client;
    options.hooks = hooks;
    let running = Operator::start(options, sandbox.clone(), jq.clone()).await?;
    whole(&running)?;
    Ok(running)
}

/// Whether all hooks could be loaded.
pub(crate) fn whole(running: &Running) -> Result<()> {
    match running.problems().first() {
        Some(problem) => bail!("{}", chain(problem)),
        None => Ok(()),
    }
}

/// Wait until the operator has nothing to do.
pub(crate) async fn idle(running: &Running) -> Result<()> {
    let idle = tokio::time::timeout(PATIENCE, running.idle()).await;
    idle.context("the operator does not come to rest: does the hook fail?")
}

/// A component's bytes as a source of hooks.
pub(crate) fn bytes(name: &str, bytes: Vec<u8>) -> HookSpec {
    HookSource::Bytes {
        name: name.to_owned(),
        bytes,
    }
    .into()
}

/// The component, with one hook of this name and configuration.
pub(crate) fn with_config(mut spec: HookSpec, hook: &str, config: String) -> HookSpec {
    spec.definitions = Some(vec![HookDefinition {
        name: hook.to_owned(),
        config,
    }]);
    spec
}

/// All components of a folder.
pub(crate) fn folder(folder: &Path) -> Result<Vec<HookSpec>> {
    let sources = HookSource::discover(folder).map_err(|error| anyhow!("{}", chain(&error)))?;
    Ok(sources.into_iter().map(HookSpec::from).collect())
}

/// A client as the kubeconfig says.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(hookbox_operator::client(config)?)
}
