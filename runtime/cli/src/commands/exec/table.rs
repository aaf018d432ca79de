//! A run for people.

use std::fmt::Write;

use hookbox_operator::apply::display_ref;
use hookbox_sandbox::ObjectPatch;
use hookbox_sandbox::effects::{MetricOperation, ValuesPatchOperation};

use super::{Answered, Executed};
use crate::diff;
use crate::ui;

/// The run, and one line for each thing that it asked for.
pub(super) fn of(run: &Executed) -> String {
    let mut out = String::new();
    let first = run.result.lines().next().unwrap_or_default();
    let _ = writeln!(out, "Hook:     {}", run.hook);
    let _ = writeln!(out, "Result:   {first}");
    let _ = writeln!(
        out,
        "Usage:    {} CPU, {} in all, {} memory",
        ui::span(run.usage.cpu_time),
        ui::span(run.usage.wall_clock),
        ui::bytes(run.usage.memory)
    );
    match &run.answer {
        Some(Answered::Admission {
            allowed,
            message,
            warnings,
            patch,
            ..
        }) => {
            let word = if *allowed { "allowed" } else { "refused" };
            let message = message.as_ref().map(|m| format!(": {m}"));
            let _ = writeln!(out, "Answer:   {word}{}", message.unwrap_or_default());
            for warning in warnings {
                let _ = writeln!(out, "Warning:  {warning}");
            }
            let operations = patch.as_ref().and_then(|p| p.as_array());
            for operation in operations.into_iter().flatten() {
                let _ = writeln!(out, "Patch:    {operation}");
            }
        }
        Some(Answered::Conversion { converted_objects }) => {
            for object in converted_objects {
                let _ = writeln!(out, "Object:   {object}");
            }
        }
        None => {}
    }
    let effects = run.effects.clone().unwrap_or_default();
    let mut part = |header: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let _ = write!(out, "\n{}", ui::table(header, rows));
        }
    };
    let patches = effects.object_patches.iter().map(patch).collect();
    part(&["PATCH", "OBJECT"], patches);
    let surviving = run.surviving.iter().map(patch).collect();
    part(&["SURVIVING PATCH", "OBJECT"], surviving);
    let values = effects.values.iter().map(|v| value("values", v));
    let config_values = effects.config_values.iter();
    let config_values = config_values.map(|v| value("configValues", v));
    part(
        &["OF", "PATH", "VALUE"],
        values.chain(config_values).collect(),
    );
    let metrics = effects.metrics.iter().map(metric).collect();
    part(&["METRIC", "ACTION", "VALUE", "LABELS"], metrics);
    out
}

fn patch(patch: &ObjectPatch) -> Vec<String> {
    let (operation, object) = match patch {
        ObjectPatch::Create { object } => ("Create", diff::title(object)),
        ObjectPatch::CreateIfNotExists { object } => ("CreateIfNotExists", diff::title(object)),
        ObjectPatch::CreateOrUpdate { object } => ("CreateOrUpdate", diff::title(object)),
        ObjectPatch::Delete(object) => ("Delete", display_ref(object)),
        ObjectPatch::DeleteInBackground(object) => ("DeleteInBackground", display_ref(object)),
        ObjectPatch::DeleteNonCascading(object) => ("DeleteNonCascading", display_ref(object)),
        ObjectPatch::MergePatch { object, .. } => ("MergePatch", display_ref(object)),
        ObjectPatch::JSONPatch { object, .. } => ("JSONPatch", display_ref(object)),
        ObjectPatch::JQPatch { object, .. } => ("JQPatch", display_ref(object)),
    };
    vec![operation.to_owned(), object]
}

fn value(of: &str, operation: &ValuesPatchOperation) -> Vec<String> {
    let (path, value) = match operation {
        ValuesPatchOperation::Add { path, value } => (path, value.to_string()),
        ValuesPatchOperation::Remove { path } => (path, "removed".to_owned()),
    };
    vec![of.to_owned(), path.clone(), value]
}

fn metric(metric: &MetricOperation) -> Vec<String> {
    let action = serde_json::to_value(metric.action).unwrap_or_default();
    let labels: Vec<String> = metric
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    vec![
        metric.name.clone(),
        action.as_str().unwrap_or_default().to_owned(),
        metric.value.map(|v| v.to_string()).unwrap_or_default(),
        labels.join(","),
    ]
}
