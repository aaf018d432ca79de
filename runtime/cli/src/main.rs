//! The `hookbox` command: write, try and run WebAssembly hooks for Kubernetes.

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod commands;
mod diff;
mod failure;
mod hooks;
mod input;
mod logging;
mod project;
mod report;
mod signal;
mod state;
mod trial;
mod ui;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let ui = ui::Ui::new(cli.global.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return ui.fail(&failure::Failure::environment(anyhow::Error::new(error))),
    };
    let result = runtime.block_on(commands::dispatch(cli, &ui));
    // Blocking threads (a compiler that ran over its time) must not hold up the end of the command.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ui.fail(&failure),
    }
}
