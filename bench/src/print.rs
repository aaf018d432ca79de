//! The one place that prints.

use std::io::Write as _;

/// One line on standard output. That nobody reads it is no reason to stop.
pub(crate) fn line(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The title of a section.
pub(crate) fn title(text: &str) {
    line(format_args!("\n== {text}"));
}

/// A name and what was measured.
pub(crate) fn row(name: &str, value: impl std::fmt::Display) {
    line(format_args!("{name:<44} {value}"));
}
