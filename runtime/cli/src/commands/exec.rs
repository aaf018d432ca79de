//! `hookbox exec`: one run of one hook, from files.

mod given;
mod table;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use hookbox_cluster::Cluster;
use hookbox_config::HookConfig;
use hookbox_jq::Jq;
use hookbox_operator::filter::Filter;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::load::{self, Hook};
use hookbox_operator::reads::ClusterReader;
use hookbox_operator::{OperatorEvent, Program};
use hookbox_sandbox::{
    Ask, Budget, Component, Effects, Grants, HttpClient, LogRecord, ObjectPatch, Retry, RunError,
    Sandbox, Snapshot, Usage,
};
use serde::Serialize;

use self::given::Snapshots;
use crate::cli::{Exec, Global, Granted};
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::review::{self, Answered};
use crate::state;
use crate::trial::{Pace, Setup, Trial};
use crate::ui::{self, Tone, Ui};

/// What is printed of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Executed {
    hook: String,
    result: String,
    /// A stable word for what went wrong, as in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What the hook that failed advises, as in the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<Retry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    /// Patches that `hookbox run` applies although the hook failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    surviving: Vec<ObjectPatch>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogRecord>,
    /// What it was refused because it was not granted, each with the grant to ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_grants: Vec<String>,
    usage: Usage,
}

pub(super) async fn exec(global: &Global, args: &Exec, ui: &Ui) -> Outcome {
    check_inputs(args)?;
    let (sandbox, loaded) = hooks::open(global, &args.path, ui).await?;
    let hook = loaded.choose(args.hook.as_deref())?;
    let Ok(config) = &hook.config else {
        hooks::report_offences(std::slice::from_ref(&loaded), ui)?;
        return Err(Failure::told(Exit::Failed));
    };
    let (ask, mut input) = match &args.contexts {
        Some(path) => {
            let input = given::contexts(path, config)?;
            (review::of_contexts(&input)?, input)
        }
        None => {
            let snapshots = match (&args.snapshots, &args.cluster) {
                (Some(path), _) => given::snapshots(path, config)?,
                (None, Some(path)) => {
                    select(&sandbox, &loaded.component, &hook.name, config, path).await?
                }
                (None, None) => Snapshots::new(),
            };
            let trigger = args.trigger.as_deref();
            match &args.review {
                Some(path) => {
                    let (document, file) = (input::document(path)?, input::name(path));
                    let (ask, context) = review::of_document(&document, &file, config, trigger)?;
                    (ask, given::only(context, snapshots))
                }
                None => (Ask::Run, given::trigger(config, trigger, snapshots)?),
            }
        }
    };
    if let Some(given) = args.values.read(&[])? {
        input.values = Arc::new(given.values);
        input.config_values = Arc::new(given.config_values);
    }
    let (grants, _cluster) = grants(args, &hook.name).await?;
    input.grants = Arc::new(grants);
    let (run, answer) = loaded
        .component
        .ask(&hook.name, &ask, input, &args.limits.budget())
        .await;
    let error = run.result.as_ref().err();
    let failed = error.map(ToString::to_string);
    let code = error.map(RunError::code);
    let retry = match error {
        Some(RunError::Failed(error)) => Some(error.retry),
        _ => None,
    };
    for record in &run.log {
        ui.log(record);
    }
    let usage = format!(
        "{} CPU, {} in all, {} memory",
        ui::span(run.usage.cpu_time),
        ui::span(run.usage.wall_clock),
        ui::bytes(run.usage.memory)
    );
    let executed = Executed {
        hook: hook.name.clone(),
        result: failed
            .clone()
            .map_or_else(|| "ok".to_owned(), |error| format!("failed: {error}")),
        code,
        retry,
        answer: answer.and_then(Answered::of),
        effects: run.result.ok(),
        surviving: run.surviving,
        log: run.log,
        missing_grants: run.missing_grants,
        usage: run.usage,
    };
    ui.listing(args.output, &executed, table::of)?;
    match failed {
        None => {
            ui.status(Tone::Good, "Ran", format!("{} ({usage})", hook.name));
            Ok(())
        }
        Some(error) => {
            ui.status(
                Tone::Bad,
                "Failed",
                format!("{} ({usage}): {error}", hook.name),
            );
            if let Some(retry) = retry {
                ui.status(
                    Tone::Note,
                    "Advice",
                    match retry {
                        Retry::BackOff => "again, after a growing pause".to_owned(),
                        Retry::After(pause) => format!("again in {}", ui::span(pause)),
                        Retry::Never => "not again".to_owned(),
                    },
                );
            }
            if !executed.surviving.is_empty() {
                ui.status(
                    Tone::Note,
                    "Surviving",
                    format!(
                        "{} that `hookbox run` applies although the hook failed",
                        ui::count(executed.surviving.len(), "patch")
                    ),
                );
            }
            Err(Failure::told(Exit::Failed))
        }
    }
}

/// What the hook is granted. Reads of the cluster go to one with the state that was given, which is there as long as
/// what comes back with it.
async fn grants(args: &Exec, hook: &str) -> Outcome<(Grants, Option<Cluster>)> {
    let granted = args.grants.read()?;
    let capabilities = granted.rules.of(hook);
    let (reads, requests) = (
        !capabilities.kubernetes.is_empty(),
        !capabilities.http.is_empty(),
    );
    let mut grants = Grants::new(capabilities)
        .context("the hook cannot be given what it is granted")
        .or_usage()?;
    if requests {
        let client = HttpClient::new(granted.http)
            .context("HTTP requests of the hook cannot be sent")
            .or_usage()?;
        grants = grants.with_http(Arc::new(client));
    }
    let Some(path) = args.cluster.as_ref().filter(|_| reads) else {
        return Ok((grants, None));
    };
    let cluster = Cluster::new();
    state::seed(&cluster, &state::read(path)?).await?;
    let client = cluster.client();
    let reader = ClusterReader::new(client.clone(), Kinds::new(client), None);
    Ok((grants.with_cluster(Arc::new(reader)), Some(cluster)))
}

/// Standard input can be read once.
fn check_inputs(args: &Exec) -> Outcome {
    let files = [
        &args.contexts,
        &args.review,
        &args.snapshots,
        &args.cluster,
        &args.values.values,
        &args.values.config_values,
        &args.grants.grants,
    ];
    let stdin = files
        .into_iter()
        .flatten()
        .filter(|path| input::is_stdin(path));
    if stdin.count() > 1 {
        return Err(Failure::usage(anyhow!(
            "only one file can be `-`, standard input"
        )));
    }
    Ok(())
}

/// The snapshots that the bindings select from a cluster state. The operator's own watches select them; its hooks do
/// not run.
async fn select(
    sandbox: &Sandbox,
    component: &Component,
    name: &str,
    config: &HookConfig,
    path: &Path,
) -> Outcome<Snapshots> {
    let manifests = state::read(path)?;
    let cluster = Cluster::new();
    state::seed(&cluster, &manifests).await?;
    let jq = Jq::new(sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    let mut config = config.clone();
    config.on_startup = None;
    config.schedule.clear();
    for binding in &mut config.kubernetes {
        let binding = Arc::make_mut(binding);
        binding.execute_hook_on_synchronization = false;
        binding.execute_hook_on_event.clear();
    }
    let mut filters = Vec::new();
    for binding in &config.kubernetes {
        filters.push(match &binding.jq_filter {
            Some(text) => Filter::Jq(jq.compile(text).await.or_failed()?),
            None => Filter::None,
        });
    }
    let program = Program::Component(component.clone());
    load::own_filters(&program, name, &config, &mut filters);
    let hook = Hook {
        name: name.into(),
        called: name.into(),
        source: path.display().to_string(),
        program,
        tenant: None,
        grants: Arc::default(),
        config,
        filters,
        warm: None,
    };
    let loaded = load::Loaded {
        hooks: vec![hook],
        problems: Vec::new(),
    };
    let setup = Setup {
        budget: Budget::default(),
        values: None,
        granted: Granted::default(),
        pace: Pace::Free,
        max_runs: u64::MAX,
        listen: None,
        webhooks: false,
    };
    let mut trial = Trial::start(cluster, loaded, jq, setup).await?;
    let mut problem = None;
    trial
        .settle(|event| {
            if let OperatorEvent::BindingFailed {
                binding, message, ..
            }
            | OperatorEvent::FilterFailed {
                binding, message, ..
            } = event
            {
                problem = Some(anyhow!(
                    "the snapshot `{binding}` cannot be selected: {message}"
                ));
            }
        })
        .await;
    if let Some(problem) = problem {
        return Err(Failure::failed(problem));
    }
    let found = trial.running.snapshots(name).unwrap_or_default();
    let snapshots = found
        .into_iter()
        .map(|(name, snapshot)| (name, Arc::new(snapshot) as Arc<dyn Snapshot>))
        .collect();
    trial.stop().await;
    Ok(snapshots)
}
