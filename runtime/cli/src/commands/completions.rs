//! `hookbox completions`.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::failure::Outcome;
use crate::ui::Ui;

pub(super) fn completions(shell: clap_complete::Shell, ui: &Ui) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hookbox", &mut text);
    ui.data(&String::from_utf8_lossy(&text))
}
