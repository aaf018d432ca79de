//! `hookbox try contexts`: the binding contexts that a configuration gives, step by step.

mod known;
mod step;

use hookbox_cluster::Cluster;
use hookbox_config::{HookConfig, Offence, Offences};
use hookbox_operator::contexts::Contexts;
use hookbox_operator::filter::Filter;
use hookbox_operator::kinds::Kinds;
use hookbox_operator::load;
use hookbox_operator::watch::States;
use hookbox_sandbox::{Context, RunInput, contexts_json};
use kube::Api;
use kube::api::{DynamicObject, ListParams};

use self::step::{Step, changes};
use super::args;
use crate::cli::Global;
use crate::commands::check;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::report;
use crate::state::Manifest;
use crate::ui::{self, Tone, Ui};

pub(super) async fn contexts(global: &Global, args: &args::Contexts, ui: &Ui) -> Outcome {
    let steps = step::steps(args)?;
    let states = steps.iter().filter_map(Step::path);
    super::one_stdin(states.chain([&args.config]))?;
    let (config, filters) = config(global, args, ui).await?;
    let steps = step::read(steps, ui)?;
    let cluster = Cluster::new();
    let kinds = Kinds::new(cluster.client());
    known::kinds(&steps, &config, &cluster, &kinds, ui).await?;
    check_fields(&config, &cluster, &kinds, ui).await?;
    let held = States::default();
    let mut steps = steps.into_iter();
    let mut now: Vec<Manifest> = steps.next().map(Step::into_manifests).unwrap_or_default();
    for manifest in &now {
        held.put(&manifest.object);
    }
    let startup = args.startup && config.on_startup.is_some();
    let started = Contexts::start(config, filters, kinds, held.clone()).await;
    let (contexts, mut first) = started.or_failed()?;
    if startup {
        let context = Context {
            binding: "onStartup".to_owned(),
            ..Context::default()
        };
        first.contexts.insert(0, context);
    }
    show(&first, ui)?;
    for step in steps {
        let input = match step {
            Step::Schedule(crontab) => {
                let input = contexts.scheduled(&crontab);
                if input.contexts.is_empty() {
                    ui.warn(format_args!("no schedule has the crontab `{crontab}`"));
                }
                input
            }
            Step::Change(_, then) => {
                let mut changes = changes(&now, &then);
                let input = contexts.changed(|| Some(changes.next()?.make(&held))).await;
                drop(changes);
                now = then;
                input
            }
            Step::State(_) => continue,
        };
        for problem in contexts.problems() {
            ui.warn(problem);
        }
        show(&input, ui)?;
    }
    Ok(())
}

fn show(input: &RunInput, ui: &Ui) -> Outcome {
    ui.data(&contexts_json(input))
}

/// The configuration with its filters; all mistakes in it are told.
async fn config(
    global: &Global,
    args: &args::Contexts,
    ui: &Ui,
) -> Outcome<(HookConfig, Vec<Filter>)> {
    let (name, text) = check::read_document(&args.config)?;
    let jq = super::jq::engine(global)?;
    let refused = |offences: &[Offence]| {
        report::offences(ui, &name, &text, offences);
        let mistakes = ui::count(offences.len(), "mistake");
        ui.status(Tone::Bad, "Refused", format!("{name}: {mistakes}"));
        Failure::told(Exit::Failed)
    };
    let (config, filters) = load::config(&text, &jq)
        .await
        .map_err(|Offences(list)| refused(&list))?;
    let own = config.kubernetes.iter().enumerate();
    let own = own.filter(|(_, binding)| binding.filter).map(|(i, _)| {
        Offence::new(
            format!("kubernetes[{i}].filter"),
            "filter",
            "the filter is a function of the hook's component, which is not here",
        )
        .with_help("leave it out, or write a jqFilter that gives the same")
    });
    let own: Vec<Offence> = own.collect();
    if !own.is_empty() {
        return Err(refused(&own));
    }
    for warning in &config.warnings {
        ui.warn(format_args!("{name}: {warning}"));
    }
    Ok((config, filters))
}

/// Whether an API server takes the field selectors.
async fn check_fields(config: &HookConfig, cluster: &Cluster, kinds: &Kinds, ui: &Ui) -> Outcome {
    let mut refused = false;
    for binding in &config.kubernetes {
        let Some(fields) = &binding.field_selector else {
            continue;
        };
        let version = binding.api_version.as_deref();
        // A kind that is unknown is told when the binding is enabled.
        let Ok(kind) = kinds.resolve(version, &binding.kind).await else {
            continue;
        };
        let api: Api<DynamicObject> = Api::all_with(cluster.client(), &kind.resource);
        let params = ListParams::default().fields(&fields.to_query()).limit(1);
        if let Err(kube::Error::Api(status)) = api.list(&params).await {
            let message = status.message;
            ui.status(
                Tone::Bad,
                "Refused",
                format!("binding `{}`: {message}", binding.name),
            );
            refused = true;
        }
    }
    if refused {
        return Err(Failure::told(Exit::Failed));
    }
    Ok(())
}
