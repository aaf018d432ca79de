//! `hookbox try`: one part of the runtime alone.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

mod args;
mod contexts;
mod cron;
mod jq;
mod metrics;
mod patch;

pub(crate) use self::args::{Part, Try};
use crate::cli::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::input;
use crate::state::{self, Manifest};
use crate::ui::{self, Tone, Ui};

pub(super) async fn try_(global: &Global, args: &Try, ui: &Ui) -> Outcome {
    match &args.part {
        Part::Jq(args) => jq::jq(global, args, ui).await,
        Part::Cron(args) => cron::cron(args, ui),
        Part::Patch(args) => patch::patch(global, args, ui).await,
        Part::Metrics(args) => metrics::metrics(args, ui),
        Part::Contexts(args) => contexts::contexts(global, args, ui).await,
    }
}

/// A file's text. A file that cannot be read is a wrong call; one whose content makes no sense is refused.
fn text(path: &Path) -> Outcome<String> {
    let name = input::name(path);
    let bytes = input::bytes(path, input::MAX_TEXT)?.ok_or_else(|| {
        Failure::failed(anyhow!(
            "{name} is larger than {}",
            ui::bytes(input::MAX_TEXT)
        ))
    })?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::failed(anyhow!(
            "{name} is not UTF-8 text (byte {})",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// Standard input can be read once.
fn one_stdin<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Outcome {
    let stdin = paths.into_iter().filter(|path| input::is_stdin(path));
    if stdin.count() > 1 {
        return Err(Failure::usage(anyhow!(
            "only one file can be `-`, standard input"
        )));
    }
    Ok(())
}

/// The manifests of a state; all mistakes in it are told.
fn state(path: &Path, ui: &Ui) -> Outcome<Vec<Manifest>> {
    let name = input::name(path);
    state::manifests(&name, &text(path)?).map_err(|mistakes| {
        for mistake in &mistakes {
            ui.status(Tone::Bad, "Mistake", mistake);
        }
        let mistakes = ui::count(mistakes.len(), "mistake");
        ui.status(Tone::Bad, "Refused", format!("{name}: {mistakes}"));
        Failure::told(Exit::Failed)
    })
}
