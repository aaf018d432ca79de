//! The only place that prints. Data goes to standard output, words about progress to standard error.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use clap::ValueEnum;
use hookbox_operator::event::RunReason;
use hookbox_sandbox::{LogLevel, LogRecord};
use serde::Serialize;

mod progress;

pub(crate) use self::progress::ProgressLine;
use crate::failure::{Failure, OrFail, Outcome};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Reasons of one run that are named; the rest is counted.
const REASONS: usize = 4;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of a command's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// One YAML document.
    Yaml,
}

/// How a status word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Note,
    Warn,
    Dim,
}

/// The person at the keyboard.
#[derive(Debug)]
pub(crate) struct Ui {}

impl Ui {
    pub(crate) fn new(color: Color) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self {}
    }

    /// A right-aligned word and what it is about, as cargo does. Lines after the first are aligned with its text.
    pub(crate) fn status(&self, tone: Tone, word: &str, text: impl std::fmt::Display) {
        let style = match tone {
            Tone::Good => GOOD,
            Tone::Bad => BAD,
            Tone::Note => NOTE,
            Tone::Warn => WARN,
            Tone::Dim => DIM,
        };
        // A closed standard error is no reason to end.
        let _ = writeln!(
            anstream::stderr(),
            "{style}{word:>12}{style:#} {}",
            hanging(&harmless(&text.to_string()))
        );
    }

    /// What a hook logged.
    pub(crate) fn log(&self, record: &LogRecord) {
        let tone = match record.level {
            LogLevel::Error => Tone::Bad,
            LogLevel::Warn => Tone::Warn,
            LogLevel::Info | LogLevel::Debug => Tone::Dim,
        };
        let fields: String = record
            .fields
            .iter()
            .map(|(k, v)| format!(" {k}={v}"))
            .collect();
        self.status(tone, "Log", format_args!("{}{fields}", record.message));
    }

    pub(crate) fn warn(&self, text: impl std::fmt::Display) {
        let _ = writeln!(
            anstream::stderr(),
            "{WARN}warning{WARN:#}: {}",
            harmless(&text.to_string())
        );
    }

    /// A line without a status word.
    pub(crate) fn plain(&self, text: impl std::fmt::Display) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// Lines under a status word, aligned with its text.
    pub(crate) fn indented(&self, tone: Tone, text: &str) {
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Dim => DIM,
            Tone::Note | Tone::Warn => Style::new(),
        };
        for line in harmless(text).lines() {
            let _ = writeln!(anstream::stderr(), "{:13}{style}{line}{style:#}", "");
        }
    }

    /// Data, as it is.
    pub(crate) fn data(&self, text: &str) -> Outcome {
        let mut out = anstream::stdout();
        let result = out.write_all(text.as_bytes()).and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        });
        match result {
            // Whoever read the output has had enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other
                .context("standard output cannot be written")
                .or_environment(),
        }
    }

    /// Data that comes in pieces. False when whoever reads it has had enough.
    pub(crate) fn piece(&self, bytes: &[u8]) -> Outcome<bool> {
        match anstream::stdout().write_all(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => other
                .context("standard output cannot be written")
                .or_environment()
                .map(|()| true),
        }
    }

    /// A screen of its own for data that is shown again and again; on a terminal only.
    pub(crate) fn screen(&self) -> Screen {
        let terminal = std::io::stdout().is_terminal();
        if terminal {
            control("\x1b[?1049h");
        }
        Screen { terminal }
    }

    /// Data in one of the machine formats; `table` makes the form for people.
    pub(crate) fn listing<T: Serialize>(
        &self,
        format: Format,
        data: &T,
        table: impl FnOnce(&T) -> String,
    ) -> Outcome {
        match format {
            Format::Table => self.data(&table(data)),
            Format::Json => self.data(&serde_json::to_string_pretty(data).or_failed()?),
            Format::Yaml => self.data(&to_yaml(data)?),
        }
    }

    /// Whether a person watches standard error.
    pub(crate) fn is_terminal(&self) -> bool {
        std::io::stderr().is_terminal()
    }

    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        if let Some(error) = &failure.error {
            let mut err = anstream::stderr();
            let _ = writeln!(err, "{BAD}error{BAD:#}: {}", harmless(&error.to_string()));
            let mut said = error.to_string();
            for cause in error.chain().skip(1) {
                let text = cause.to_string();
                // Some libraries repeat the cause in their own text.
                if !said.contains(&text) {
                    let text = hanging(&harmless(&text));
                    let _ = writeln!(err, "  {DIM}caused by{DIM:#}: {text}");
                }
                said = text;
            }
            if let Some(help) = &failure.help {
                let _ = writeln!(err, "  {NOTE}help{NOTE:#}: {help}");
            }
        }
        ExitCode::from(failure.exit as u8)
    }
}

/// A screen of its own; the one before it comes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: bool,
}

impl Screen {
    /// Begins again at the top. Where there is no terminal, what follows is set off by a blank line.
    pub(crate) fn again(&self) {
        control(if self.terminal { "\x1b[H\x1b[2J" } else { "\n" });
    }

    /// Whether it is a terminal's.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.terminal {
            control("\x1b[?1049l");
        }
    }
}

/// Past whatever takes colours out.
fn control(text: &str) {
    let mut out = std::io::stdout();
    // A closed standard output is found out by whoever writes data.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A text that does nothing to a terminal but to be shown: it may be a hook's. Control characters, of which some terminals
/// take the ones beyond ASCII too, become a sign that something was there.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let control = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    if text.contains(control) {
        text.replace(control, "\u{fffd}").into()
    } else {
        text.into()
    }
}

/// A text whose lines after the first begin where the text after a status word begins.
fn hanging(text: &str) -> String {
    text.trim_end_matches('\n')
        .replace('\n', &format!("\n{:13}", ""))
}

/// YAML text of any data.
pub(crate) fn to_yaml<T: Serialize>(data: &T) -> Outcome<String> {
    serde_saphyr::to_string(data).or_failed()
}

/// A table without borders, as kubectl prints.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<String>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(c, w)| format!("{:<width$}", harmless(c), width = *w))
            .collect();
        let mut text = padded.join("   ").trim_end().to_owned();
        text.push('\n');
        text
    };
    let mut out = line(header.iter().map(|h| (*h).to_owned()).collect());
    for row in rows {
        out.push_str(&line(row));
    }
    out
}

/// An object's name with its namespace, where it has one.
pub(crate) fn place(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// Why a run was, in short.
pub(crate) fn because(reasons: &[RunReason]) -> String {
    let word = |reason: &RunReason| match (&reason.watch_event, &reason.kind) {
        (Some(event), _) => format!("{} {event}", reason.binding),
        (None, Some(kind)) if kind != "Schedule" => format!("{} {kind}", reason.binding),
        _ => reason.binding.clone(),
    };
    let mut text = reasons
        .iter()
        .take(REASONS)
        .map(word)
        .collect::<Vec<_>>()
        .join(", ");
    if reasons.len() > REASONS {
        text.push_str(&format!(" and {} more", reasons.len() - REASONS));
    }
    text
}

/// A number of things: `1 run`, `2 runs`.
pub(crate) fn count(n: usize, thing: &str) -> String {
    let plural = match n {
        1 => "",
        _ if thing.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{n} {thing}{plural}")
}

/// Bytes for people.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut value = n as f64;
    let mut unit = "B";
    for next in UNITS {
        unit = next;
        if value < 1024.0 {
            break;
        }
        if next != "GiB" {
            value /= 1024.0;
        }
    }
    if unit == "B" {
        format!("{n} B")
    } else {
        format!("{value:.1} {unit}")
    }
}

/// A time span for people.
pub(crate) fn span(duration: std::time::Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_hooks_do_nothing_to_a_terminal() {
        assert_eq!(harmless("a\n\tb ä"), "a\n\tb ä");
        assert_eq!(
            harmless("\u{1b}[2J\r\u{9b}1A\u{7}"),
            "\u{fffd}[2J\u{fffd}\u{fffd}1A\u{fffd}"
        );
    }

    #[test]
    fn bytes_have_the_unit_that_fits() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(64 << 10), "64.0 KiB");
        assert_eq!(bytes(5 << 20), "5.0 MiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
    }

    #[test]
    fn what_has_several_lines_stays_under_its_word() {
        assert_eq!(hanging("a\nb\n\n"), "a\n             b");
        assert_eq!(hanging("a"), "a");
    }

    #[test]
    fn tables_align_and_have_no_trailing_blanks() {
        let text = table(
            &["NAME", "N"],
            [
                vec!["a".into(), "1".into()],
                vec!["long-name".into(), String::new()],
            ],
        );
        assert_eq!(text, "NAME        N\na           1\nlong-name\n");
    }
}
