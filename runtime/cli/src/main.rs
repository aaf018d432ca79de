//! The `hookbox` command: write, try and run WebAssembly hooks for Kubernetes.

use std::process::ExitCode;

mod cli;
mod commands;
mod compat;
mod diff;
mod failure;
mod hooks;
mod input;
mod logging;
mod project;
mod registry;
mod report;
mod review;
mod signal;
mod state;
mod trial;
mod ui;

fn main() -> ExitCode {
    let parsed = match compat::parse() {
        Ok(parsed) => parsed,
        Err(failure) => return ui::Ui::new(ui::Color::Auto).fail(&failure),
    };
    let ui = ui::Ui::new(parsed.cli.global.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return ui.fail(&failure::Failure::environment(anyhow::Error::new(error))),
    };
    let result = runtime.block_on(commands::dispatch(parsed, &ui));
    // Blocking threads (a compiler that ran over its time) must not hold up the end of the command.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ui.fail(&failure),
    }
}
