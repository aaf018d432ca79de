//! `hookbox try patch`: what a patch file asks for, and what it does to a cluster state.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hookbox_cluster::Cluster;
use hookbox_config::{Offence, Position, yaml};
use hookbox_operator::api::chain;
use hookbox_operator::apply::{
    self, Checked, Gate, GateError, Observe, ParseErrors, Verb, Writer, WriterSettings,
};
use hookbox_operator::kinds::Kinds;
use hookbox_sandbox::effects::ObjectRef;
use hookbox_sandbox::{Effects, ObjectPatch};
use serde::Serialize;
use serde_json::Value;

use super::args;
use crate::cli::Global;
use crate::diff;
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::report;
use crate::state;
use crate::ui::{self, Tone, Ui};

/// How long a deleted object may be there still. Nothing but its finalizers holds it here.
const DELETE_WAIT: Duration = Duration::from_millis(1500);

/// What is printed.
#[derive(Debug, Default, Serialize)]
struct Report {
    operations: Vec<ObjectPatch>,
    /// One for each operation, where there is a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Done>>,
    /// The objects that are different now, by kind, namespace and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<Change>>,
}

/// What became of one operation.
#[derive(Debug, Serialize)]
struct Done {
    operation: String,
    object: ObjectRef,
    ok: bool,
    /// What was done to the object, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    verb: Option<Verb>,
    /// Whether the object is different now.
    changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// An object that is different now.
#[derive(Debug, Serialize)]
struct Change {
    change: &'static str,
    /// As it is now; as it was, when it is gone.
    object: Value,
    /// As it was, when it was there.
    #[serde(skip)]
    before: Option<Value>,
}

pub(super) async fn patch(global: &Global, args: &args::Patch, ui: &Ui) -> Outcome {
    super::one_stdin([&args.file].into_iter().chain(&args.cluster))?;
    let name = input::name(&args.file);
    let text = super::text(&args.file)?;
    let parsed = match apply::parse(&text) {
        Ok(parsed) => parsed,
        Err(ParseErrors(errors)) => {
            let offences = errors.into_iter().map(|error| {
                let number = error.document.map(|n| format!("document {n}: "));
                let offence = Offence::new(
                    error.path,
                    error.code,
                    number.unwrap_or_default() + &error.message,
                );
                match error.position {
                    Some((line, column)) => offence.at(Position { line, column }),
                    None => offence,
                }
            });
            return Err(refused(ui, &name, &text, offences.collect(), 0));
        }
    };
    for (document, key) in &parsed.unknown {
        ui.warn(format_args!(
            "{name}: document {document}: `{key}` means nothing and is dropped"
        ));
    }
    let effects = Effects {
        object_patches: parsed.patches,
        ..Effects::default()
    };
    let gate = Gate::new(Some(super::jq::engine(global)?));
    let checked = match gate.check(Arc::new(effects)).await {
        Ok(checked) => checked,
        Err(error) => return Err(refused_by_gate(ui, &name, &text, error)),
    };
    let mut report = Report {
        operations: checked.effects().object_patches.clone(),
        ..Report::default()
    };
    let Some(path) = &args.cluster else {
        return ui.listing(args.output, &report, operations_table);
    };
    execute(&checked, path, &mut report, ui).await?;
    ui.listing(args.output, &report, |report| {
        results_table(report).unwrap_or_default()
    })?;
    let failed = report.results.iter().flatten().filter(|done| !done.ok);
    let failed: Vec<&Done> = failed.collect();
    for done in &failed {
        let error = done.error.as_deref().unwrap_or_default();
        ui.status(Tone::Bad, "Failed", error);
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::told(Exit::Failed))
    }
}

/// Reports all that is wrong with the file.
fn refused(ui: &Ui, name: &str, text: &str, offences: Vec<Offence>, more: usize) -> Failure {
    report::offences(ui, name, text, &offences);
    let mistakes = ui::count(offences.len() + more, "mistake");
    ui.status(Tone::Bad, "Refused", format!("{name}: {mistakes}"));
    Failure::told(Exit::Failed)
}

fn refused_by_gate(ui: &Ui, name: &str, text: &str, error: GateError) -> Failure {
    let documents = yaml::parse_patches(text).unwrap_or_default();
    let offences = error.offences.into_iter().map(|found| {
        let own = format!("objectPatches[{}]", found.index);
        let path = found.path.strip_prefix(&own).unwrap_or(&found.path);
        let path = path.trim_start_matches('.').to_owned();
        let node = documents.get(found.index);
        let position = node.map(|node| node.position(&path).unwrap_or(node.at));
        let message = format!("{}: {}", found.what, found.message);
        let offence = Offence::new(path, found.code, message);
        match position {
            Some(position) => offence.at(position),
            None => offence,
        }
    });
    refused(ui, name, text, offences.collect(), error.more)
}

/// Does the operations on a cluster with that state.
async fn execute(checked: &Checked, path: &Path, report: &mut Report, ui: &Ui) -> Outcome {
    let manifests = super::state(path, ui)?;
    let cluster = Cluster::new();
    (state::seed(&cluster, &manifests).await).map_err(Failure::refused)?;
    let before = cluster.objects();
    let mut settings = WriterSettings::default();
    settings.qps = 0.0;
    settings.observe = Observe::Before;
    settings.delete_wait = DELETE_WAIT;
    let kinds = Kinds::new(cluster.client());
    let writer = Writer::with_settings(cluster.client(), kinds, settings);
    let outcome = writer.apply(checked).await;
    cluster.settled().await;
    let results = outcome.results.into_iter().map(|result| match result {
        Ok(applied) => Done {
            operation: applied.operation,
            object: applied.object,
            ok: true,
            verb: Some(applied.verb),
            changed: applied.changed,
            code: None,
            error: None,
        },
        Err(error) => Done {
            operation: error.operation.to_owned(),
            ok: false,
            verb: None,
            changed: false,
            code: Some(error.code()),
            error: Some(chain(&error)),
            object: error.object,
        },
    });
    report.results = Some(results.collect());
    report.changed = Some(changes(&before, &cluster.objects()));
    Ok(())
}

/// What is different between two states, without what the API server sets.
fn changes(before: &[Value], after: &[Value]) -> Vec<Change> {
    let index = |objects: &[Value]| {
        let stable = objects.iter().map(diff::stable);
        stable
            .map(|object| (key(&object), object))
            .collect::<BTreeMap<_, _>>()
    };
    let (mut old, new) = (index(before), index(after));
    let mut changes = BTreeMap::new();
    for (key, object) in new {
        let before = old.remove(&key);
        let change = match &before {
            None => "Added",
            Some(before) if *before != object => "Modified",
            Some(_) => continue,
        };
        let change = Change {
            change,
            object,
            before,
        };
        changes.insert(key, change);
    }
    for (key, object) in old {
        let change = Change {
            change: "Deleted",
            before: Some(object.clone()),
            object,
        };
        changes.insert(key, change);
    }
    changes.into_values().collect()
}

/// What tells two objects apart, and orders them.
fn key(object: &Value) -> [String; 4] {
    let text = |pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    [
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/apiVersion"),
    ]
}

fn operations_table(report: &Report) -> String {
    let rows = report.operations.iter().map(|patch| {
        vec![
            apply::operation(patch).to_owned(),
            apply::display_ref(&apply::object_ref(patch)),
        ]
    });
    ui::table(&["OPERATION", "OBJECT"], rows)
}

fn results_table(report: &Report) -> Outcome<String> {
    let rows = report.results.iter().flatten().map(|done| {
        let result = match (done.code, done.changed) {
            (Some(code), _) => format!("failed: {code}"),
            (None, true) => "changed".to_owned(),
            (None, false) => "unchanged".to_owned(),
        };
        vec![
            done.operation.clone(),
            apply::display_ref(&done.object),
            result,
        ]
    });
    let mut out = ui::table(&["OPERATION", "OBJECT", "RESULT"], rows);
    for change in report.changed.iter().flatten() {
        out.push_str(&format!(
            "\n{} {}\n",
            change.change,
            diff::title(&change.object)
        ));
        let after = (change.change != "Deleted").then_some(&change.object);
        for (_, line) in diff::objects(change.before.as_ref(), after)? {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    Ok(out)
}
