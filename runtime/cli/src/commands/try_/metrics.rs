//! `hookbox try metrics`: what metric files make of the hooks' metrics.

use std::path::Path;

use hookbox_operator::api::chain;
use hookbox_operator::metrics::{self, HookMetrics};
use hookbox_sandbox::MetricOperation;

use super::args;
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::ui::{self, Tone, Ui};

pub(super) fn metrics(args: &args::Metrics, ui: &Ui) -> Outcome {
    super::one_stdin(&args.files)?;
    let metrics = HookMetrics::new();
    let mut refused = false;
    for path in &args.files {
        let Some(operations) = operations(path, ui)? else {
            refused = true;
            continue;
        };
        let name = input::name(path);
        for problem in metrics.apply(&args.hook, &operations).problems {
            ui.warn(format_args!("{name}: {problem}"));
        }
        let mut text = metrics.text();
        if args.files.len() > 1 {
            // One line, whatever the file is called.
            text.insert_str(0, &format!("# after {}\n", name.escape_debug()));
        }
        if !text.is_empty() {
            ui.data(&text)?;
        }
    }
    if refused {
        return Err(Failure::told(Exit::Failed));
    }
    Ok(())
}

/// The operations of a file; none when the run would fail for it, which is told.
fn operations(path: &Path, ui: &Ui) -> Outcome<Option<Vec<MetricOperation>>> {
    let name = input::name(path);
    let refused = |mistakes: Vec<String>| {
        for mistake in &mistakes {
            ui.status(Tone::Bad, "Mistake", format!("{name}: {mistake}"));
        }
        let mistakes = ui::count(mistakes.len(), "mistake");
        ui.status(Tone::Bad, "Refused", format!("{name}: {mistakes}"));
        Ok(None)
    };
    let parsed = match metrics::parse(&super::text(path)?) {
        Ok(parsed) => parsed,
        Err(error) => return refused(vec![chain(&error)]),
    };
    for (document, action) in &parsed.dropped {
        let why = if action.is_empty() {
            "it has no action".to_owned()
        } else {
            format!("`{action}` is no action")
        };
        ui.warn(format_args!(
            "{name}: document {document}: {why}; it is dropped"
        ));
    }
    let faults = metrics::check(&parsed.operations);
    if faults.is_empty() {
        return Ok(Some(parsed.operations));
    }
    let told = faults.into_iter().map(|(index, fault)| {
        // Documents that were dropped count.
        let dropped = |number: &usize| parsed.dropped.iter().any(|(d, _)| d == number);
        let document = (1..).filter(|number| !dropped(number)).nth(index);
        let document = document.unwrap_or(index + 1);
        format!("document {document}: {}: {}", fault.path, fault.message)
    });
    refused(told.collect())
}
