//! `hookbox run`: the operator.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use hookbox_config::yaml;
use hookbox_jq::Jq;
use hookbox_operator::load::{self, LoadProblem};
use hookbox_operator::tenants::TenantOptions;
use hookbox_operator::units::Size;
use hookbox_operator::{HookSource, Operator, Options};
use hookbox_registry::{ComponentStore, RegistryClient, Settings};
use hookbox_sandbox::Sandbox;
use http::Uri;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::live;
use crate::cli::{Global, Run};
use crate::failure::{Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::logging::Level;
use crate::signal::Signals;
use crate::ui::{self, Tone, Ui};

/// The folder of hooks unless another is named.
const DEFAULT_DIR: &str = "hooks";
/// How long the API server may take to answer the first request.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// A file of certificates of this size is a mistake.
const MAX_AUTHORITIES: u64 = 4 << 20;
/// A kubeconfig of this size is a mistake.
const MAX_KUBECONFIG: u64 = 16 << 20;

pub(super) async fn run(global: &Global, args: &Run, level: Level, ui: &Ui) -> Outcome {
    if args.no_cluster {
        // Not by the parser, to which a variable that says no is given too.
        let given = [
            (args.kubeconfig.is_some(), "--kubeconfig"),
            (args.kube_context.is_some(), "--kube-context"),
            (args.kube_server.is_some(), "--kube-server"),
            (args.leader.leader_election, "--leader-election"),
            (args.tenants.tenants, "--tenants"),
        ];
        if let Some((_, flag)) = given.iter().find(|(given, _)| *given) {
            return Err(Failure::usage(anyhow!(
                "--no-cluster cannot be used with {flag}"
            )));
        }
    }
    let granted = args.grants.read()?;
    let sources = sources(args)?;
    let (client, server) = if args.no_cluster {
        (None, None)
    } else {
        let (client, server) = connect(args).await?;
        (Some(client), Some(server))
    };
    let leader = client
        .as_ref()
        .and_then(|client| args.leader.options(client.default_namespace(), host));
    if let Some(leader) = &leader {
        leader.check().map_err(Failure::usage)?;
    }
    more_files();
    let sandbox = hooks::sandbox_with(global, |settings| {
        settings.warm_instances = args.warm.warm_instances;
    })?;
    let jq = Jq::new(&sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    let loaded = load::load(
        load::specs(sources),
        &sandbox,
        &jq,
        &hookbox_sandbox::Budget::describe(),
    )
    .await;
    if loaded.hooks.is_empty() && !args.tenants.tenants {
        for problem in &loaded.problems {
            report(problem, &args.hooks_dir, ui);
        }
        return Err(Failure::failed(anyhow!(
            "{} holds no hook that can run",
            args.hooks_dir.display()
        ))
        .help("`hookbox check` shows each mistake with its place"));
    }
    let mut seen = Vec::new();
    for component in loaded
        .hooks
        .iter()
        .filter_map(|hook| hook.program.component())
    {
        if !seen.contains(&component.digest()) {
            seen.push(component.digest());
            for warning in &component.load_report().warnings {
                tracing::warn!(component = component.digest(), "{warning}");
            }
        }
    }
    let mut options = Options::default();
    options.leader = leader;
    options.client = client;
    options.server = server;
    options.queue_actions = args.queue_actions_metrics;
    options.values = args.values.read(&[])?;
    options.budget = args.limits.budget();
    options.grants = granted.rules;
    options.http = granted.http;
    options.journal.clone_from(&args.journal);
    options.listen = Some(args.listen);
    options.webhook = Some(args.webhook.options(args.namespace.clone()));
    options.metrics_prefix.clone_from(&args.metrics_prefix);
    options.live = live::settings(args.debug_unix_socket.as_deref(), level);
    options.client_rate = args.rates.client();
    options.writer = args.rates.writer();
    options.tenants = tenants(global, args, &sandbox)?;
    let mut signals = Signals::listen()?;
    let running = Operator::start_loaded(options, loaded, jq)
        .await
        .map_err(Failure::environment)?;
    if let Some(address) = running.http_addr() {
        tracing::info!(%address, hooks = running.hooks().len(), "hookbox runs");
    }
    if let Some(socket) = running.live_path() {
        tracing::info!(socket = %socket.display(), "live commands are served");
    }
    // Nobody watches: what happens need not be kept for a watcher.
    drop(running.events());
    signals.wait().await;
    tracing::info!("stopping");
    tokio::select! {
        ended = running.stop() => {
            if ended { Ok(()) } else { Err(Failure::failed(anyhow!("some runs did not end in time"))) }
        }
        () = signals.wait() => Err(Failure::failed(anyhow!("stopped at once, by a second signal"))),
    }
}

/// The operator's own hooks. With those of tenants there need not be any.
fn sources(args: &Run) -> Outcome<Vec<HookSource>> {
    let dir = &args.hooks_dir;
    let alone = !args.tenants.tenants;
    if !alone && dir == Path::new(DEFAULT_DIR) && !dir.exists() {
        return Ok(Vec::new());
    }
    let found = HookSource::all(dir)
        .map_err(|error| Failure::usage(error).help("name the folder with hooks by --hooks-dir"))?;
    let sources: Vec<HookSource> = if args.native.native_hooks {
        found.with_native(&Arc::new(args.native.settings()))
    } else {
        found.components().collect()
    };
    let left_out: Vec<String> = match args.native.native_hooks {
        true => Vec::new(),
        false => found.executables().collect(),
    };
    if sources.is_empty() && alone {
        let dir = dir.display();
        return Err(match left_out.as_slice() {
            [] => Failure::usage(anyhow!("{dir} holds no hooks"))
                .help("components are files that end in .wasm"),
            [first, ..] => Failure::usage(anyhow!(
                "{dir} holds no components, but {} such as {first}",
                ui::count(left_out.len(), "executable")
            ))
            .help("--native-hooks runs executables as hooks: without a sandbox, with all rights of hookbox itself"),
        });
    }
    if let Some(first) = left_out.first() {
        let executables = left_out.len();
        tracing::warn!(
            executables,
            first,
            "executables are no hooks here; --native-hooks runs them, without a sandbox"
        );
    }
    Ok(sources)
}

/// How hooks of tenants are run, where they are.
fn tenants(global: &Global, args: &Run, sandbox: &Sandbox) -> Outcome<Option<TenantOptions>> {
    if !args.tenants.tenants {
        return Ok(None);
    }
    let mut settings = Settings {
        plain_http: args.tenants.registry_plain_http.clone(),
        total_time: args.tenants.registry_time,
        max_concurrent: args.tenants.preparing_each,
        ..Settings::default()
    };
    if let Some(path) = &args.tenants.registry_ca {
        settings.authorities = input::text(path, MAX_AUTHORITIES)?.into_bytes();
    }
    let registry = RegistryClient::new(settings).or_usage()?;
    let mut options = TenantOptions::new(registry, sandbox.clone());
    options.access.period = args.tenants.access_check_period;
    options.preparing = args.tenants.preparing;
    options.preparing_each = args.tenants.preparing_each;
    options.store = store(global, args);
    Ok(Some(options))
}

/// Where pulled components are kept. Without, they are pulled at each start: no reason not to run.
fn store(global: &Global, args: &Run) -> Option<ComponentStore> {
    let Size(size) = args.tenants.component_store_size;
    if size == 0 {
        return None;
    }
    let named = args.tenants.component_store.clone();
    let Some(folder) = named.or_else(|| Some(hooks::cache_dir(global)?.join("pulled"))) else {
        tracing::warn!("pulled components are not kept: --component-store names no folder");
        return None;
    };
    match ComponentStore::open(&folder, size) {
        Ok(store) => Some(store),
        Err(error) => {
            let error = hookbox_operator::api::chain(&error);
            tracing::warn!(
                error,
                "pulled components are not kept: each start needs the registry"
            );
            None
        }
    }
}

/// The host's name; in a pod, the pod's.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "hookbox".to_owned(),
        name => name.to_owned(),
    }
}

/// Each watch is a connection: take as many files as this process may have.
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::debug!(%error, "the limit of open files stays");
    }
}

/// Say what is wrong with one component.
fn report(problem: &LoadProblem, dir: &Path, ui: &Ui) {
    ui.status(
        Tone::Bad,
        "Refused",
        format!(
            "{}: {}",
            dir.display(),
            hookbox_operator::api::chain(problem)
        ),
    );
}

/// A client that has had one answer from the API server, and its address.
async fn connect(args: &Run) -> Outcome<(Client, Uri)> {
    let context = KubeConfigOptions {
        context: args.kube_context.clone(),
        ..KubeConfigOptions::default()
    };
    let mut config = match (&args.kubeconfig, &args.kube_context, &args.kube_server) {
        // As kubectl's --server: a server alone needs nothing else.
        (None, None, Some(server)) => match Config::infer().await {
            Ok(config) => config,
            Err(_) => Config::new(server.clone()),
        },
        (None, None, None) => Config::infer().await.map_err(|error| {
            Failure::environment(anyhow::Error::new(error).context("there is no cluster to work on"))
                .help("run in a pod with a ServiceAccount, name a file by --kubeconfig, or leave the cluster out by --no-cluster")
        })?,
        (path, name, _) => {
            let (what, file) = kubeconfig(path.as_deref())?;
            if let Some(name) = name && !file.contexts.iter().any(|c| c.name == *name) {
                let names: Vec<&str> = file.contexts.iter().map(|c| c.name.as_str()).collect();
                return Err(Failure::usage(anyhow!("{what} has no context `{name}`"))
                    .help(format!("it has: {}", names.join(", "))));
            }
            Config::from_custom_kubeconfig(file, &context).await.with_context(|| format!("{what} cannot be used")).or_usage()?
        }
    };
    if let Some(server) = &args.kube_server {
        config.cluster_url = address(server)?;
    }
    let url = config.cluster_url.clone();
    let client = hookbox_operator::client(config).map_err(|error| {
        // Not the error itself: it may hold what a credential plugin said.
        let why = hookbox_operator::api::chain(&error);
        Failure::usage(anyhow!(
            "the client for the API server cannot be made: {why}"
        ))
    })?;
    match tokio::time::timeout(FIRST_ANSWER, client.apiserver_version()).await {
        Ok(Ok(version)) => {
            tracing::info!(%url, version = version.git_version, "connected");
            Ok((client, url))
        }
        Ok(Err(kube::Error::Api(status))) if status.reason == NO_STATUS => {
            let said = brief(&status.message);
            Err(Failure::environment(anyhow!(
                "what answers at {url} is no Kubernetes API server: HTTP {}: {said}",
                status.code
            ))
            .help("check the address in the kubeconfig, and whether a proxy is in between"))
        }
        Ok(Err(kube::Error::Api(status))) if status.code == 401 || status.code == 403 => {
            Err(Failure::environment(anyhow!(
                "the API server {url} does not let us in: {}",
                brief(&status.message)
            ))
            .help("check the credentials in the kubeconfig"))
        }
        Ok(Err(kube::Error::SerdeError(_))) => Err(Failure::environment(anyhow!(
            "what answers at {url} is no Kubernetes API server: it does not tell a version"
        ))
        .help("check the address in the kubeconfig, and whether a proxy is in between")),
        Ok(Err(error)) => Err(Failure::environment(anyhow!(
            "the API server {url} cannot be reached: {}",
            brief(&hookbox_operator::api::chain(&error))
        ))
        .help("check the address and that the API server runs")),
        Err(_) => Err(Failure::environment(anyhow!(
            "the API server {url} does not answer within {} s",
            FIRST_ANSWER.as_secs()
        ))
        .help("check the address and that the API server runs")),
    }
}

/// The address of an API server: `host:port` is meant as by HTTPS.
fn address(server: &Uri) -> Outcome<Uri> {
    let whole = match server.scheme() {
        Some(_) => server.to_string(),
        None => format!("https://{server}"),
    };
    let bad = |why: &str| Failure::usage(anyhow!("--kube-server: `{server}` {why}"));
    let uri: Uri = whole.parse().map_err(|_| bad("is no address"))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some() => Ok(uri),
        _ => Err(bad("is no http or https address")),
    }
}

/// The reason that the client gives an error whose body is none of Kubernetes'.
const NO_STATUS: &str = "Failed to parse error data";

/// The beginning of a text that may be a whole page, in one line.
fn brief(text: &str) -> String {
    const MOST: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The named kubeconfig, or the usual one; with what to call it in messages.
fn kubeconfig(path: Option<&Path>) -> Outcome<(String, Kubeconfig)> {
    let Some(path) = path else {
        let what = "the kubeconfig".to_owned();
        let file = Kubeconfig::read()
            .with_context(|| format!("{what} cannot be used"))
            .or_usage()?;
        return Ok((what, file));
    };
    let what = format!("the kubeconfig {}", path.display());
    // The library's own words for a file that cannot be opened are hard to read.
    let text = input::text(path, MAX_KUBECONFIG)?;
    let none = || {
        Failure::usage(anyhow!("{} is no kubeconfig", path.display()))
            .help("`kubectl config view --raw` prints one")
    };
    // What is no map at all is not worth a parser's words.
    let documents = yaml::parse_documents(&text).map_err(|error| {
        Failure::usage(anyhow!(
            "{}:{}:{}: {}",
            path.display(),
            error.line,
            error.column,
            error.message
        ))
    })?;
    let maps = documents
        .iter()
        .all(|d| matches!(d.value, yaml::Value::Mapping(_)));
    if !maps || documents.is_empty() {
        return Err(none());
    }
    let file = Kubeconfig::read_from(path)
        .with_context(|| format!("{what} cannot be used"))
        .or_usage()?;
    if file.clusters.is_empty() && file.contexts.is_empty() {
        return Err(none());
    }
    Ok((what, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_a_line() {
        assert_eq!(brief("<html>\n  <p>no\n"), "<html> <p>no");
        let long = brief(&"ä ".repeat(1000));
        assert!(long.chars().count() == 161 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn what_is_no_kubeconfig_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        for (text, words) in [
            ("text", "is no kubeconfig"),
            ("", "is no kubeconfig"),
            ("a: 1", "is no kubeconfig"),
            ("a: [", "a:2:1"),
        ] {
            std::fs::write(&path, text).unwrap();
            let said = kubeconfig(Some(&path))
                .unwrap_err()
                .error
                .unwrap()
                .to_string();
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
