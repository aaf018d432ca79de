//! `hookbox exec`: one run of one hook, from files.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use hookbox_cluster::Cluster;
use hookbox_config::{HookConfig, Offences, yaml};
use hookbox_jq::Jq;
use hookbox_operator::OperatorEvent;
use hookbox_operator::filter::Filter;
use hookbox_operator::load::{self, Hook};
use hookbox_sandbox::{
    Budget, Component, Context, Effects, Entry, LogLevel, LogRecord, ObjectPatch, RunInput,
    Sandbox, Snapshot, Usage,
};
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Exec, Global};
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::state;
use crate::trial::Trial;
use crate::ui::{self, Format, Tone, Ui};

type Snapshots = BTreeMap<String, Arc<dyn Snapshot>>;

/// What is printed of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Executed {
    hook: String,
    result: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    /// Patches that are applied although the hook failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    surviving: Vec<ObjectPatch>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogRecord>,
    usage: Usage,
}

pub(super) async fn exec(global: &Global, args: &Exec, ui: &Ui) -> Outcome {
    let (sandbox, loaded) = hooks::open(global, &args.path, ui).await?;
    let hook = loaded.choose(args.hook.as_deref())?;
    let config = match &hook.config {
        Ok(config) => config,
        Err(Offences(_)) => {
            hooks::report_offences(std::slice::from_ref(&loaded), ui)?;
            return Err(Failure::told(Exit::Failed));
        }
    };
    let mut input = match &args.contexts {
        Some(path) => contexts(&document(path)?)?,
        None => {
            let snapshots = match (&args.snapshots, &args.cluster) {
                (Some(path), _) => snapshots(&document(path)?)?,
                (None, Some(path)) => select(&sandbox, &loaded.component, config, path).await?,
                (None, None) => Snapshots::new(),
            };
            trigger(config, args.trigger.as_deref(), snapshots)?
        }
    };
    for (slot, path) in [
        (&mut input.values, &args.values),
        (&mut input.config_values, &args.config_values),
    ] {
        *slot = Arc::new(match path {
            Some(path) => document(path)?,
            None => Value::Object(serde_json::Map::new()),
        });
    }
    let run = loaded
        .component
        .run(&hook.name, input, &args.limits.budget())
        .await;
    let failed = run.result.as_ref().err().map(ToString::to_string);
    for record in &run.log {
        let tone = match record.level {
            LogLevel::Error => Tone::Bad,
            LogLevel::Warn => Tone::Warn,
            LogLevel::Info | LogLevel::Debug => Tone::Dim,
        };
        let fields: String = record
            .fields
            .iter()
            .map(|(k, v)| format!(" {k}={v}"))
            .collect();
        ui.status(tone, "Log", format_args!("{}{fields}", record.message));
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
        effects: run.result.ok(),
        surviving: run.surviving,
        log: run.log,
        usage: run.usage,
    };
    ui.listing(
        if args.output == Format::Table {
            Format::Yaml
        } else {
            args.output
        },
        &executed,
        |_| String::new(),
    )?;
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
            Err(Failure::told(Exit::Failed))
        }
    }
}

/// A JSON or YAML file with one document.
fn document(path: &Path) -> Outcome<Value> {
    let (name, text) = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")
            .or_usage()?;
        ("<stdin>".to_owned(), text)
    } else {
        (
            path.display().to_string(),
            std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))
                .or_usage()?,
        )
    };
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(&text)
            .with_context(|| format!("{name} is not JSON"))
            .or_usage();
    }
    let documents = yaml::parse_documents(&text).map_err(|error| {
        Failure::usage(anyhow!(
            "{name}:{}:{}: {}",
            error.line,
            error.column,
            error.message
        ))
    })?;
    match documents.as_slice() {
        [only] => Ok(only.to_json()),
        other => Err(Failure::usage(anyhow!(
            "{name} holds {} documents, not one",
            other.len()
        ))),
    }
}

/// A map of binding names to lists of items.
fn snapshots(value: &Value) -> Outcome<Snapshots> {
    let map = value
        .as_object()
        .ok_or_else(|| Failure::usage(anyhow!("snapshots are a map of binding names to lists")))?;
    map.iter()
        .map(|(name, items)| Ok((name.clone(), items_of(name, items)?)))
        .collect()
}

fn items_of(name: &str, items: &Value) -> Outcome<Arc<dyn Snapshot>> {
    let items = items
        .as_array()
        .ok_or_else(|| Failure::usage(anyhow!("the snapshot `{name}` is not a list")))?;
    let text = |value: Option<&Value>| value.map(|v| Arc::from(v.to_string()));
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Value::Object(item) = item else {
            return Err(Failure::usage(anyhow!(
                "item {index} of the snapshot `{name}` is not a map with `object` or `filterResult`"
            )));
        };
        entries.push(Entry {
            object: text(item.get("object")),
            filter_result: text(item.get("filterResult")),
        });
    }
    Ok(Arc::new(entries))
}

/// A binding context file, as shell-operator writes it.
fn contexts(value: &Value) -> Outcome<RunInput> {
    let list = value.as_array().filter(|l| !l.is_empty()).ok_or_else(|| {
        Failure::usage(anyhow!(
            "binding contexts are a list with at least one item"
        ))
    })?;
    let mut input = RunInput::default();
    for (index, item) in list.iter().enumerate() {
        let word = |key: &str| item.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        let json = |key: &str| item.get(key).map(|v| Arc::from(v.to_string()));
        let binding = word("binding")
            .ok_or_else(|| Failure::usage(anyhow!("context {index} has no `binding`")))?;
        let own = match item.get("snapshots") {
            Some(own) => Some(snapshots(own)?),
            None => None,
        };
        let objects = match item.get("objects") {
            Some(objects) => Some(items_of(&binding, objects)?),
            None => None,
        };
        input.contexts.push(Context {
            kind: word("type"),
            group: word("groupName"),
            watch_event: word("watchEvent"),
            object: json("object"),
            filter_result: json("filterResult"),
            objects,
            snapshot_names: own.as_ref().map(|s| s.keys().cloned().collect()),
            binding,
        });
        input.snapshots.extend(own.unwrap_or_default());
    }
    Ok(input)
}

/// The snapshots that the bindings select from a cluster state. The operator's own watches select them; its hooks do
/// not run.
async fn select(
    sandbox: &Sandbox,
    component: &Component,
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
    let name = "hook";
    let hook = Hook {
        name: name.into(),
        source: path.display().to_string(),
        component: component.clone(),
        config,
        filters,
    };
    let loaded = load::Loaded {
        hooks: vec![hook],
        problems: Vec::new(),
    };
    let mut trial = Trial::start(cluster, loaded, jq, Budget::default()).await?;
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
        .await?;
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

/// One context for what the command line names.
fn trigger(
    config: &HookConfig,
    trigger: Option<&str>,
    mut snapshots: Snapshots,
) -> Outcome<RunInput> {
    let default = if config.on_startup.is_some() {
        "onStartup"
    } else if config.kubernetes.is_empty() {
        "schedule"
    } else {
        "synchronization"
    };
    let trigger = trigger.unwrap_or(default);
    let (word, name) = trigger
        .split_once(':')
        .map_or((trigger, None), |(w, n)| (w, Some(n)));
    let missing = |what: &str| match name {
        Some(name) => Failure::usage(anyhow!("the hook has no {what} binding `{name}`")),
        None => Failure::usage(anyhow!("the hook has no {what} binding")),
    };
    let (binding, kind, group, include) = match word {
        "onStartup" => {
            config.on_startup.ok_or_else(|| missing("onStartup"))?;
            ("onStartup".to_owned(), None, None, Vec::new())
        }
        "schedule" => {
            let found = config
                .schedule
                .iter()
                .find(|s| name.is_none_or(|n| n == s.name))
                .ok_or_else(|| missing("schedule"))?;
            (
                found.name.clone(),
                Some("Schedule"),
                found.group.clone(),
                found.include_snapshots_from.clone(),
            )
        }
        "synchronization" => {
            let found = config
                .kubernetes
                .iter()
                .find(|k| name.is_none_or(|n| n == k.name))
                .ok_or_else(|| missing("kubernetes"))?;
            (
                found.name.clone(),
                Some("Synchronization"),
                found.group.clone(),
                found.include_snapshots_from.clone(),
            )
        }
        _ => {
            return Err(Failure::usage(anyhow!("`{trigger}` is no trigger"))
                .help("onStartup, schedule[:NAME] or synchronization[:NAME]"));
        }
    };
    let empty = || Arc::new(Vec::<Entry>::new()) as Arc<dyn Snapshot>;
    let objects = (kind == Some("Synchronization") && group.is_none())
        .then(|| snapshots.get(&binding).cloned().unwrap_or_else(empty));
    for name in &include {
        snapshots.entry(name.clone()).or_insert_with(empty);
    }
    let context = Context {
        kind: if group.is_some() {
            Some("Group".to_owned())
        } else {
            kind.map(ToOwned::to_owned)
        },
        group,
        objects,
        snapshot_names: (!include.is_empty()).then_some(include),
        binding,
        ..Context::default()
    };
    Ok(RunInput {
        contexts: vec![context],
        snapshots,
        ..RunInput::default()
    })
}
