//! `hookbox try`: one part of the runtime alone.

use std::path::Path;

use anyhow::anyhow;

mod args;
mod cron;
mod jq;

pub(crate) use self::args::{Part, Try};
use crate::cli::Global;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::ui::{self, Ui};

pub(super) async fn try_(global: &Global, args: &Try, ui: &Ui) -> Outcome {
    match &args.part {
        Part::Jq(args) => jq::jq(global, args, ui).await,
        Part::Cron(args) => cron::cron(args, ui),
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
