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
    let help = "a level (error, warn, info, debug, trace) or a filter such as `info,hookbox_operator=debug`";
    // The library takes every other word for the name of a target, and then logs nothing.
    if let Some(word) = level.split(',').find(|word| !is_directive(word.trim())) {
        return Err(
            Failure::usage(anyhow::anyhow!("`{}` is no log level", word.trim())).help(help),
        );
    }
    let filter = EnvFilter::try_new(level).map_err(|error| Failure::usage(error).help(help))?;
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

/// Whether one part of a filter is a level, or names one: `info`, `hook=debug`, `[span]=trace`.
fn is_directive(part: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    part.contains(['=', '[', '{']) || LEVELS.contains(&part.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_is_a_level() {
        for yes in ["info", "WARN", "off", "hook=debug", "[run]=trace"] {
            assert!(is_directive(yes), "{yes}");
        }
        for no in ["bogus", "", "hookbox_operator"] {
            assert!(!is_directive(no), "{no}");
        }
    }
}
