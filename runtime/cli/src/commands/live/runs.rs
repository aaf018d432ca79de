//! `hookbox runs`: the last runs.

use std::fmt::Write as _;

use hookbox_operator::live::{Outcome as Ended, PatchView, RunEnd, RunView, path_part};

use super::{ago, cell, short, show, table};
use crate::cli::RunsCommand;
use crate::failure::Outcome;
use crate::ui::{self, Ui};

pub(in crate::commands) async fn runs(command: &RunsCommand, ui: &Ui) -> Outcome {
    match command {
        RunsCommand::List {
            hook,
            failed,
            limit,
            output,
        } => {
            let mut query = format!("&limit={limit}&failed={failed}");
            if let Some(hook) = hook {
                let _ = write!(query, "&hook={}", path_part(hook));
            }
            show(
                output,
                "/runs/list",
                &query,
                ui,
                |runs: &Vec<RunView>, ui| list(runs, ui),
            )
            .await
        }
        RunsCommand::Show { run, output } => {
            let name = format!("/runs/{run}");
            show(output, &name, "", ui, |run: &RunView, ui| {
                ui.data(&one(run))
            })
            .await
        }
    }
}

fn list(runs: &[RunView], ui: &Ui) -> Outcome {
    let header = [
        "RUN", "HOOK", "BINDING", "QUEUE", "STARTED", "OUTCOME", "TOOK", "MEMORY", "PATCHES",
        "ERROR",
    ];
    let row = |run: &RunView| {
        let end = run.end.as_ref();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mut outcome = run.outcome.as_str().to_owned();
        if run.attempt > 1 {
            let _ = write!(outcome, " (attempt {})", run.attempt);
        }
        vec![
            run.run.to_string(),
            run.hook.clone(),
            cell(bindings(run)),
            cell(&run.queue),
            format!("{} ago", ago(run.started)),
            outcome,
            or_dash(end.map(|end| ui::span(end.usage.wall_clock))),
            or_dash(end.map(|end| ui::bytes(end.usage.memory))),
            or_dash(end.map(|end| end.effects.object_patches.to_string())),
            end.and_then(|end| end.message.as_deref())
                .map_or_else(String::new, |message| short(message, 60)),
        ]
    };
    let rows = runs.iter().map(row).collect();
    table(
        ui,
        &header,
        rows,
        "no run since the start, or none that fits",
    )
}

/// The bindings that a run is for, each once, and how many contexts.
fn bindings(run: &RunView) -> String {
    let mut names: Vec<&str> = Vec::new();
    for reason in &run.reasons {
        if !names.contains(&reason.binding.as_str()) {
            names.push(&reason.binding);
        }
    }
    let names = names.join(", ");
    match run.contexts {
        0 | 1 => names,
        n => format!("{names} ({n})"),
    }
}

fn one(run: &RunView) -> String {
    let mut lines: Vec<(&str, String)> = vec![
        ("Run", run.run.to_string()),
        ("Journal", run.id.clone()),
        ("Hook", run.hook.clone()),
        ("Queue", cell(&run.queue)),
        ("Attempt", run.attempt.to_string()),
        (
            "Started",
            format!("{:.3} ({} ago)", run.started, ago(run.started)),
        ),
        ("Outcome", run.outcome.as_str().to_owned()),
    ];
    if let Some(end) = &run.end {
        lines.extend(ended(end, run.outcome));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 3;
    let mut out = String::new();
    for (name, value) in lines {
        let name = format!("{name}:");
        let value = value.replace('\n', &format!("\n{:width$}", ""));
        let _ = writeln!(out, "{name:width$}{value}");
    }
    section(
        &mut out,
        "Contexts",
        run.reasons.iter().map(|reason| {
            let words = [reason.kind.as_deref(), reason.watch_event.as_deref()];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            format!("{} {}", reason.binding, words.join(" "))
                .trim_end()
                .to_owned()
        }),
    );
    if run.contexts > run.reasons.len() {
        let _ = writeln!(out, "  and {} more", run.contexts - run.reasons.len());
    }
    let Some(end) = &run.end else {
        return out;
    };
    section(&mut out, "Object patches", end.patches.iter().map(patch));
    section(
        &mut out,
        "Metrics dropped",
        end.metrics_dropped.iter().cloned(),
    );
    section(&mut out, "Not granted", end.missing_grants.iter().cloned());
    let record = |record: &hookbox_sandbox::LogRecord| {
        let fields: String = record
            .fields
            .iter()
            .map(|(k, v)| format!(" {k}={v}"))
            .collect();
        format!("{:?} {}{fields}", record.level, record.message).to_lowercase_first()
    };
    section(&mut out, "Log", end.log.iter().map(record));
    if end.log_left_out > 0 {
        let _ = writeln!(
            out,
            "  {} before these; the journal has all",
            ui::count(end.log_left_out, "record")
        );
    }
    out
}

fn ended(end: &RunEnd, outcome: Ended) -> Vec<(&'static str, String)> {
    let usage = &end.usage;
    let effects = &end.effects;
    let mut lines = Vec::new();
    if let (Some(code), Some(message)) = (&end.code, &end.message) {
        lines.push(("Error", format!("{code}: {}", message.trim_end())));
    }
    match end.retry_at {
        Some(at) => lines.push(("Repeated", format!("at {at:.0}"))),
        None if outcome == Ended::Failed => lines.push(("Repeated", "no".to_owned())),
        None => {}
    }
    lines.push(("Took", ui::span(usage.wall_clock)));
    lines.push(("CPU", ui::span(usage.cpu_time)));
    lines.push(("Memory", ui::bytes(usage.memory)));
    if usage.earlier_runs > 0 {
        let runs = ui::count(
            usize::try_from(usage.earlier_runs).unwrap_or(usize::MAX),
            "run",
        );
        lines.push(("Instance", format!("warm, after {runs}")));
    }
    lines.push((
        "Effects",
        format!(
            "{}, {}, {}",
            ui::count(effects.object_patches, "object patch"),
            ui::count(effects.metrics, "metric operation"),
            ui::count(effects.values, "values patch")
        ),
    ));
    lines
}

fn patch(patch: &PatchView) -> String {
    let words = [
        &patch.operation,
        &patch.object,
        &patch.done,
        &patch.code,
        &patch.error,
    ];
    let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
    short(&words.join(" "), 200)
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (i, line) in lines.enumerate() {
        if i == 0 {
            let _ = writeln!(out, "\n{title}:");
        }
        let _ = writeln!(out, "  {}", line.replace('\n', "\n  "));
    }
}

trait LowercaseFirst {
    fn to_lowercase_first(&self) -> String;
}

impl LowercaseFirst for String {
    fn to_lowercase_first(&self) -> String {
        let mut chars = self.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_lowercase().chain(chars).collect()
        })
    }
}
