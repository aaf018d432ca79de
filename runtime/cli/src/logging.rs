//! Structured logs on standard error.

use std::time::Duration;

use clap::ValueEnum;
use hookbox_operator::live::Setting;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::failure::{Failure, Outcome};

/// The form of log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What can be known of a level before it is used.
const HELP: &str =
    "a level (error, warn, info, debug, trace) or a filter such as `info,hookbox_operator=debug`";

/// How long debug lines are shown when nobody says for how long: they fill disks.
const DEBUG_TIME: Duration = Duration::from_secs(30 * 60);

/// The level of the log, which can be changed while it is written.
#[derive(Clone)]
pub(crate) struct Level {
    /// What it was at the start.
    pub(crate) first: String,
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Setting for Level {
    fn set(&self, value: &str) -> Result<(), String> {
        let filter = filter(value).map_err(|error| format!("{error}; it is {HELP}"))?;
        self.filter.reload(filter).map_err(|e| e.to_string())
    }

    fn holds(&self, value: &str) -> Option<Duration> {
        shows_debug(value).then_some(DEBUG_TIME)
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) format: LogFormat,
    /// Without the time of lines.
    pub(crate) no_time: bool,
}

/// Start logging. `level` is a level, or a filter such as `hookbox=debug,kube=warn`.
pub(crate) fn start(level: &str, form: Form) -> Outcome<Level> {
    let (filter, handle) = reload::Layer::new(
        filter(level).map_err(|error| Failure::usage(anyhow::anyhow!("{error}")).help(HELP))?,
    );
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false);
    let lines = match (form.format, form.no_time) {
        (LogFormat::Text, no_time) => {
            let ansi =
                anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            let lines = lines.with_ansi(ansi);
            if no_time {
                lines.without_time().boxed()
            } else {
                lines.boxed()
            }
        }
        (LogFormat::Json, no_time) => {
            let lines = lines
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false);
            if no_time {
                lines.without_time().boxed()
            } else {
                lines.boxed()
            }
        }
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(|error| {
            Failure::failed(anyhow::anyhow!("logging could not be started: {error}"))
        })?;
    Ok(Level {
        first: level.to_owned(),
        filter: handle,
    })
}

fn filter(level: &str) -> Result<EnvFilter, String> {
    // The library takes every other word for the name of a target, and then logs nothing.
    if let Some(word) = level.split(',').find(|word| !is_directive(word.trim())) {
        return Err(format!("`{}` is no log level", word.trim()));
    }
    // What the client of the API server could not do is told by whoever asked it.
    let level = match level.to_ascii_lowercase().as_str() {
        word @ ("error" | "warn" | "info") => format!("{word},kube_client=off"),
        // Ours and the hooks' lines: those of libraries hide them.
        word @ ("debug" | "trace") => ["hookbox", "hookbox_operator", "hookbox_sandbox", "hook"]
            .iter()
            .fold("info,kube_client=off".to_owned(), |all, target| {
                format!("{all},{target}={word}")
            }),
        _ => level.to_owned(),
    };
    EnvFilter::try_new(level).map_err(|error| error.to_string())
}

/// Whether a part of a filter shows more than usual.
fn shows_debug(level: &str) -> bool {
    level.split(',').any(|part| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        matches!(
            level.trim().to_ascii_lowercase().as_str(),
            "debug" | "trace"
        )
    })
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
    fn debug_lines_are_not_shown_for_good() {
        for (level, yes) in [
            ("info", false),
            ("DEBUG", true),
            ("info,hook=debug", true),
            ("info,hook=trace,kube_client=off", true),
            ("warn,hook=info", false),
        ] {
            assert_eq!(shows_debug(level), yes, "{level}");
        }
    }

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
