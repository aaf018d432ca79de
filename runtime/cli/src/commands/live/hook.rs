//! `hookbox hook`: the hooks and their snapshots.

use std::collections::BTreeMap;

use hookbox_operator::live::{HookView, path_part};
use serde::Deserialize;

use super::{ago, cell, show, table};
use crate::cli::{HookCommand, LiveFormat};
use crate::failure::Outcome;
use crate::ui::{self, Ui};

/// A snapshot without its objects.
#[derive(Deserialize)]
struct Brief {
    snapshot: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    namespace: String,
    name: String,
    #[serde(default)]
    filter_result: Option<String>,
}

pub(in crate::commands) async fn hook(command: &HookCommand, ui: &Ui) -> Outcome {
    match command {
        HookCommand::List { details, output } => {
            let more = *details || output.output == LiveFormat::Table;
            let query = if more { "&details=true" } else { "" };
            show(
                output,
                "/hook/list",
                query,
                ui,
                |hooks: &Vec<HookView>, ui| list(hooks, ui),
            )
            .await
        }
        HookCommand::Snapshot { hook, output } => {
            let name = format!("/hook/{}/snapshots", path_part(hook));
            let brief = output.output == LiveFormat::Table;
            let query = if brief { "&brief=true" } else { "" };
            let print = |snapshots: &Option<BTreeMap<String, Brief>>, ui: &Ui| match snapshots {
                Some(snapshots) => snapshot(snapshots, ui),
                None => {
                    ui.plain(format_args!("hook `{hook}` has no kubernetes bindings"));
                    Ok(())
                }
            };
            show(output, &name, query, ui, print).await
        }
    }
}

fn list(hooks: &[HookView], ui: &Ui) -> Outcome {
    let mut header = vec![
        "NAME", "STATE", "RUNS", "FAILED", "LAST RUN", "OBJECTS", "MEMORY", "PROGRAM", "BINDINGS",
    ];
    // Most hooks miss nothing.
    let some_miss = hooks.iter().any(|hook| missing(hook) > 0);
    if some_miss {
        header.push("NOT GRANTED");
    }
    let row = |hook: &HookView| {
        let last = match &hook.last_run {
            Some(last) => format!("{} ({} ago)", last.outcome.as_str(), ago(last.finished)),
            None => "-".to_owned(),
        };
        let mut cells = vec![
            hook.name.clone(),
            hook.state.clone(),
            hook.runs.to_string(),
            hook.failures.to_string(),
            last,
            hook.objects.to_string(),
            size(hook.bytes),
            hook.program.clone(),
            hook.bindings.join(", "),
        ];
        if some_miss {
            cells.push(match missing(hook) {
                0 => "-".to_owned(),
                n => n.to_string(),
            });
        }
        cells
    };
    table(ui, &header, hooks.iter().map(row).collect(), "no hooks")
}

/// How much it wants, or asked for in its last run, that it is not granted.
fn missing(hook: &HookView) -> usize {
    let last = hook.last_run.as_ref();
    hook.not_granted.len() + last.map_or(0, |last| last.missing_grants.len())
}

fn snapshot(snapshots: &BTreeMap<String, Brief>, ui: &Ui) -> Outcome {
    let mut rows = Vec::new();
    for (binding, brief) in snapshots {
        for item in &brief.snapshot {
            rows.push(vec![
                binding.clone(),
                cell(&item.namespace),
                item.name.clone(),
                item.filter_result.clone().unwrap_or_default(),
            ]);
        }
    }
    let header = ["BINDING", "NAMESPACE", "NAME", "FILTER RESULT"];
    table(ui, &header, rows, "its snapshots hold no objects")
}

/// The memory of snapshots; nothing where there are none.
fn size(bytes: usize) -> String {
    match bytes {
        0 => "-".to_owned(),
        _ => ui::bytes(bytes as u64),
    }
}
