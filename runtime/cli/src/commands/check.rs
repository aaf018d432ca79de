//! `hookbox check`: components, folders of components, or a bare configuration document.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use hookbox_config::{HookConfig, Offences};
use hookbox_jq::Jq;
use hookbox_operator::{HookSource, load};
use serde::Serialize;

use crate::cli::{Check, Global};
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks::{self, Loaded};
use crate::input;
use crate::report;
use crate::ui::{self, Format, Tone, Ui};

/// A configuration document of this size is a mistake.
const MAX_DOCUMENT: u64 = 1 << 20;

pub(super) async fn check(global: &Global, args: &Check, ui: &Ui) -> Outcome {
    let mut worst = None;
    if let Some(path) = &args.config
        && !check_document(global, path, args.output, ui).await?
    {
        worst = Some(Exit::Failed);
    }
    if !args.paths.is_empty() {
        worst = worst.max(check_components(global, args, ui).await?);
    }
    worst.map_or(Ok(()), |exit| Err(Failure::told(exit)))
}

/// Check a bare document; true when it is right.
async fn check_document(global: &Global, path: &Path, output: Format, ui: &Ui) -> Outcome<bool> {
    let (name, text) = read_document(path)?;
    let sandbox = hooks::sandbox(global)?;
    let jq = Jq::new(&sandbox)
        .context("the jq filters' sandbox could not be made")
        .or_environment()?;
    match load::config(&text, &jq).await {
        Ok((config, _)) => {
            for warning in &config.warnings {
                ui.warn(format_args!("{name}: {warning}"));
            }
            ui.listing(output, &config, |config| {
                bindings_table([("", "-", config)])
            })?;
            ui.status(Tone::Good, "Valid", name);
            Ok(true)
        }
        Err(Offences(list)) => {
            report::offences(ui, &name, &text, &list);
            ui.status(
                Tone::Bad,
                "Refused",
                format!("{name}: {}", ui::count(list.len(), "mistake")),
            );
            Ok(false)
        }
    }
}

pub(super) fn read_document(path: &Path) -> Outcome<(String, String)> {
    let name = input::name(path);
    let bytes = input::bytes(path, MAX_DOCUMENT)?.ok_or_else(|| {
        Failure::usage(anyhow!(
            "{name} is larger than {}: not a hook's configuration",
            ui::bytes(MAX_DOCUMENT)
        ))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::failed(anyhow!(
            "{name} is not UTF-8 text (byte {})",
            error.utf8_error().valid_up_to()
        ))
    })?;
    Ok((name, text))
}

/// What `-o json` prints for one hook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckedHook<'a> {
    /// The component's file; bytes that are no text are replaced.
    component: String,
    hook: &'a str,
    config: &'a HookConfig,
}

/// Check components. Gives the worst that was found; none when all are right.
async fn check_components(global: &Global, args: &Check, ui: &Ui) -> Outcome<Option<Exit>> {
    let sandbox = hooks::sandbox(global)?;
    let mut folders = Vec::new();
    for path in &args.paths {
        folders.push(components(path, ui).await?);
    }
    let files = folders.iter().map(Vec::len).sum();
    let mut loaded: Vec<Loaded> = Vec::new();
    let mut worst = None;
    for folder in &folders {
        let first = loaded.len();
        for file in folder {
            match hooks::load(&sandbox, file, ui).await {
                Ok(component) => {
                    let found = hooks::report_offences(std::slice::from_ref(&component), ui);
                    worst = worst.max(found.err().map(|failure| failure.exit));
                    loaded.push(component);
                }
                // One broken file does not hide what is wrong with the next.
                Err(failure) => {
                    worst = worst.max(Some(failure.exit));
                    let _ = ui.fail(&failure);
                }
            }
        }
        for failure in twice(loaded.get(first..).unwrap_or_default()) {
            worst = worst.max(Some(failure.exit));
            let _ = ui.fail(&failure);
        }
    }
    let hooks: Vec<CheckedHook<'_>> = loaded
        .iter()
        .flat_map(|c| {
            c.hooks.iter().filter_map(|h| {
                h.config.as_ref().ok().map(|config| CheckedHook {
                    component: c.path.display().to_string(),
                    hook: &h.name,
                    config,
                })
            })
        })
        .collect();
    for hook in &hooks {
        for warning in &hook.config.warnings {
            ui.warn(format_args!(
                "{} (hook `{}`): {warning}",
                hook.component, hook.hook
            ));
        }
    }
    // A table without lines tells nobody anything.
    if args.output != Format::Table || !hooks.is_empty() {
        ui.listing(args.output, &hooks, |hooks| {
            bindings_table(
                hooks
                    .iter()
                    .map(|h| (h.component.as_str(), h.hook, h.config)),
            )
        })?;
    }
    if worst.is_none() {
        ui.status(
            Tone::Good,
            "Valid",
            format!(
                "{}, {}",
                ui::count(files, "component"),
                ui::count(hooks.len(), "hook")
            ),
        );
    }
    Ok(worst)
}

/// Hooks of one folder with the same name: an operator runs only the first.
fn twice(components: &[Loaded]) -> Vec<Failure> {
    let mut seen: HashMap<&str, &Path> = HashMap::new();
    let mut failures = Vec::new();
    for component in components {
        for hook in &component.hooks {
            let second = component.path.display();
            match seen.get(hook.name.as_str()) {
                Some(first) => failures.push(
                    Failure::failed(anyhow!(
                        "two hooks are named `{}`: one in {}, one in {second}",
                        hook.name,
                        first.display()
                    ))
                    .help("`hookbox run` leaves the second out; name it otherwise, or remove one of the components"),
                ),
                None => {
                    seen.insert(&hook.name, &component.path);
                }
            }
        }
    }
    failures
}

/// The components that a path names: itself, what a project builds to, or all below a folder.
async fn components(path: &Path, ui: &Ui) -> Outcome<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    if path.join("Cargo.toml").is_file() {
        return Ok(vec![
            crate::project::Project::open(path)?
                .build(ui)
                .await?
                .component,
        ]);
    }
    let found: Vec<PathBuf> = HookSource::discover(path)
        .or_usage()?
        .into_iter()
        .filter_map(|source| match source {
            HookSource::File { path, .. } => Some(path),
            HookSource::Bytes { .. } | HookSource::Native { .. } => None,
        })
        .collect();
    if found.is_empty() {
        return Err(
            Failure::usage(anyhow!("{} holds no components", path.display()))
                .help("components are files that end in .wasm"),
        );
    }
    Ok(found)
}

/// One line a binding. Where components are named (not empty), each line says which one it is from.
pub(super) fn bindings_table<'a>(
    configs: impl IntoIterator<Item = (&'a str, &'a str, &'a HookConfig)>,
) -> String {
    let mut rows = Vec::new();
    let mut components = false;
    for (component, hook, config) in configs {
        components |= !component.is_empty();
        let mut row = |binding: &str, name: &str, detail: String, queue: &str| {
            rows.push(vec![
                component.to_owned(),
                hook.to_owned(),
                binding.to_owned(),
                name.to_owned(),
                queue.to_owned(),
                detail,
            ]);
        };
        if let Some(order) = config.on_startup {
            row("onStartup", "-", format!("order {order}"), "main");
        }
        for schedule in &config.schedule {
            row(
                "schedule",
                &schedule.name,
                schedule.crontab.as_str().to_owned(),
                &schedule.queue,
            );
        }
        for kubernetes in &config.kubernetes {
            let kind = match &kubernetes.api_version {
                Some(version) => format!("{version} {}", kubernetes.kind),
                None => kubernetes.kind.clone(),
            };
            let key = config.version.kubernetes_key();
            row(key, &kubernetes.name, kind, &kubernetes.queue);
        }
        for webhook in &config.kubernetes_validating {
            row("kubernetesValidating", &webhook.name, String::new(), "-");
        }
        for webhook in &config.kubernetes_mutating {
            row("kubernetesMutating", &webhook.name, String::new(), "-");
        }
        for conversion in &config.kubernetes_custom_resource_conversion {
            row(
                "conversion",
                &conversion.name,
                conversion.crd_name.clone(),
                "-",
            );
        }
    }
    let header = ["COMPONENT", "HOOK", "BINDING", "NAME", "QUEUE", "OF"];
    // The column that may be left out is the first.
    let skipped = usize::from(!components);
    ui::table(
        header.get(skipped..).unwrap_or_default(),
        rows.into_iter()
            .map(|row| row.into_iter().skip(skipped).collect()),
    )
}
