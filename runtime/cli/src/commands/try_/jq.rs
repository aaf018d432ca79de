//! `hookbox try jq`: a filter's result on one object.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use hookbox_config::{Offence, Position, yaml};
use hookbox_jq::{Jq, JqError};

use super::args;
use crate::cli::Global;
use crate::failure::{Exit, Failure, OrFail, Outcome};
use crate::hooks;
use crate::input;
use crate::report;
use crate::ui::{Tone, Ui};

pub(super) async fn jq(global: &Global, args: &args::Jq, ui: &Ui) -> Outcome {
    let jq = engine(global)?;
    let filter = match jq.compile(&args.expr).await {
        Ok(filter) => filter,
        Err(error) => return Err(refused(ui, &args.expr, error)),
    };
    let object = object(&args.file)?;
    match filter.apply(&object).await {
        Ok(result) => ui.data(&result),
        Err(JqError::Object { message }) => Err(Failure::failed(anyhow!(
            "{} is not one JSON document: {message}",
            input::name(&args.file)
        ))),
        Err(error) => Err(refused(ui, &args.expr, error)),
    }
}

/// The interpreter of filters.
pub(super) fn engine(global: &Global) -> Outcome<Jq> {
    Jq::new(&hooks::sandbox(global)?)
        .context("the jq filters' sandbox could not be made")
        .or_environment()
}

/// The object as JSON text.
fn object(path: &Path) -> Outcome<String> {
    let text = super::text(path)?;
    let is_yaml = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    if !is_yaml {
        return Ok(text);
    }
    let name = input::name(path);
    let documents = yaml::parse_documents(&text)
        .map_err(|error| Failure::failed(anyhow!("{name}: {error}")))?;
    match documents.as_slice() {
        [only] => Ok(only.to_json().to_string()),
        more => Err(Failure::failed(anyhow!(
            "{name} holds {} documents, not one",
            more.len()
        ))),
    }
}

/// Reports why the filter gave no result.
fn refused(ui: &Ui, filter: &str, error: JqError) -> Failure {
    let JqError::Compile {
        message, position, ..
    } = &error
    else {
        let what = match &error {
            JqError::Host { .. } => return Failure::environment(error),
            JqError::Limit { .. } => "the filter came to a limit",
            _ => "the filter fails on this object",
        };
        return Failure::failed(anyhow::Error::new(error).context(what));
    };
    let position = Position {
        line: position.line,
        column: position.column,
    };
    let offence = Offence::new("", "jq", message).at(position);
    report::offences(ui, "filter", filter, &[offence]);
    ui.status(Tone::Bad, "Refused", "the filter cannot be compiled");
    Failure::told(Exit::Failed)
}
