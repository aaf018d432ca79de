//! Structured logs on standard error.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Outcome};

/// The form of log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Start logging. `level` is a level, or a filter such as `hookbox=debug,kube=warn`.
pub(crate) fn start(level: &str, format: LogFormat) -> Outcome {
    let filter = EnvFilter::try_new(level)
        .map_err(|error| Failure::usage(error).help("a level (error, warn, info, debug, trace) or a filter such as `info,hookbox_operator=debug`"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = match format {
        LogFormat::Text => builder
            .with_ansi(
                anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
            )
            .try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    };
    started
        .map_err(|error| Failure::failed(anyhow::anyhow!("logging could not be started: {error}")))
}
