//! What the variables and flags of shell-operator mean here (BEHAVIOUR D3).
//!
//! One table. From it come the fallbacks of our own variables, the flags that `run` takes beside its own, the warnings at
//! its start, and the table in docs/migration.md. A flag goes before our variable, and that before shell-operator's.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::cli::{self, Cli};
use crate::failure::{Failure, Outcome};
use crate::logging::LogFormat;
use crate::ui::Color;

mod notes;
mod table;

pub(crate) use notes::Notes;
use table::Meaning::{self, Is, LogLevel, LogNoTime, LogType, Nothing};
use table::{Part, TABLE};

/// The command `run` and its commands' other name.
const RUN: &str = "run";
/// The argument that live commands share with `run`.
const SOCKET: &str = "debug_unix_socket";

/// The environment, read once. Values that are no text are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A value that says something.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }
}

/// The command line as it was meant, and what to say about it when the operator starts.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) cli: Cli,
    pub(crate) notes: Notes,
}

/// Reads the command line.
pub(crate) fn parse() -> Outcome<Parsed> {
    let environment = Environment::read();
    let matches = command(&environment).get_matches();
    understand(&matches, &environment)
}

/// The command line with shell-operator's variables and flags.
fn command(environment: &Environment) -> Command {
    let mut command = Cli::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        command =
            command.mut_subcommand(&name, |sub| with_fallbacks(sub, environment, name == RUN));
    }
    command.mut_subcommand(RUN, with_flags)
}

/// Arguments whose own variable is not set look at shell-operator's.
fn with_fallbacks(mut command: Command, environment: &Environment, is_run: bool) -> Command {
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in subcommands {
        command = command.mut_subcommand(&name, |sub| with_fallbacks(sub, environment, false));
    }
    command.mut_args(|arg| {
        if !is_run && arg.get_id() != SOCKET {
            return arg;
        }
        let own = arg.get_env().and_then(|v| v.to_str()).unwrap_or_default();
        let row = TABLE
            .iter()
            .find(|row| matches!(row.meaning, Is(id) if arg.get_id() == id));
        match row {
            Some(row) if !environment.is_set(own) && environment.get(row.variable).is_some() => {
                arg.env(row.variable)
            }
            _ => arg,
        }
    })
}

/// The flags of shell-operator's `start` that `run` has not by itself.
fn with_flags(mut run: Command) -> Command {
    for row in TABLE {
        let Some(flag) = row.flag else { continue };
        match row.meaning {
            Is(id) => {
                run = run.mut_arg(id, |arg| {
                    let arg = match arg.get_long() == Some(flag) {
                        true => arg,
                        false => arg.alias(flag),
                    };
                    match arg.get_action() {
                        // `--flag=true`, as Go programs take it.
                        ArgAction::SetTrue => arg
                            .action(ArgAction::Set)
                            .num_args(0..=1)
                            .require_equals(true)
                            .default_value("false")
                            .default_missing_value("true")
                            .hide_default_value(true)
                            .hide_possible_values(true)
                            .value_name("BOOL"),
                        _ => arg,
                    }
                });
            }
            Meaning::Part(..) | LogType => {
                run = run.arg(hidden(flag).env(row.variable).value_name("VALUE"));
            }
            Nothing(_, true) => {
                run = run.arg(
                    hidden(flag)
                        .num_args(0..=1)
                        .require_equals(true)
                        .default_missing_value("true"),
                );
            }
            Nothing(_, false) => run = run.arg(hidden(flag).value_name("VALUE")),
            LogLevel | LogNoTime => {}
        }
    }
    run
}

fn hidden(flag: &'static str) -> Arg {
    Arg::new(flag).long(flag).hide(true).action(ArgAction::Set)
}

fn understand(matches: &ArgMatches, environment: &Environment) -> Outcome<Parsed> {
    let mut cli = Cli::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    let mut notes = Notes::default();
    let Some((RUN, run_matches)) = matches.subcommand() else {
        return Ok(Parsed { cli, notes });
    };
    let cli::Command::Run(run) = &mut cli.command else {
        return Ok(Parsed { cli, notes });
    };
    for (id, address) in [
        ("listen", &mut run.listen),
        ("webhook_listen", &mut run.webhook.webhook_listen),
        ("conversion_listen", &mut run.webhook.conversion_listen),
    ] {
        put_together(id, address, run_matches)?;
    }
    log(&mut cli.global, run_matches, environment, &mut notes)?;
    notes.look(run_matches, environment);
    Ok(Parsed { cli, notes })
}

/// An address of which shell-operator has two parts.
fn put_together(id: &str, address: &mut SocketAddr, matches: &ArgMatches) -> Outcome {
    let whole = matches.value_source(id);
    for row in TABLE {
        let (Meaning::Part(of, part), Some(flag)) = (row.meaning, row.flag) else {
            continue;
        };
        let Some(text) = matches
            .get_one::<String>(flag)
            .filter(|t| of == id && !t.is_empty())
        else {
            continue;
        };
        let by_flag = matches.value_source(flag) == Some(ValueSource::CommandLine);
        match whole {
            Some(ValueSource::CommandLine) if by_flag => {
                let own = id.replace('_', "-");
                return Err(Failure::usage(anyhow::anyhow!(
                    "--{own} and --{flag} cannot be used together"
                )));
            }
            Some(ValueSource::CommandLine) => continue,
            Some(ValueSource::EnvVariable) if !by_flag => continue,
            _ => {}
        }
        let name = if by_flag {
            format!("--{flag}")
        } else {
            row.variable.to_owned()
        };
        match part {
            Part::Host => match text.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(ip) => address.set_ip(ip),
                Err(_) => {
                    return Err(Failure::usage(anyhow::anyhow!(
                        "{name}: `{text}` is no IP address"
                    )));
                }
            },
            Part::Port => match text.parse::<u16>() {
                Ok(port) => address.set_port(port),
                Err(_) => {
                    return Err(Failure::usage(anyhow::anyhow!(
                        "{name}: `{text}` is no port"
                    )));
                }
            },
        }
    }
    Ok(())
}

/// The log as shell-operator's settings want it, where ours say nothing.
fn log(
    global: &mut cli::Global,
    matches: &ArgMatches,
    environment: &Environment,
    notes: &mut Notes,
) -> Outcome {
    if global.log_level.is_none()
        && let Some(level) = environment.get("LOG_LEVEL")
    {
        global.log_level = match level.to_ascii_lowercase().as_str() {
            level @ ("trace" | "debug" | "info" | "warn" | "error") => Some(level.to_owned()),
            "warning" => Some("warn".to_owned()),
            "fatal" => Some("error".to_owned()),
            _ => {
                let note = format!("LOG_LEVEL: `{level}` is no log level, so it is `info`");
                notes.ignored.push(note);
                None
            }
        };
    }
    let by_us = matches!(
        matches.value_source("log_format"),
        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
    );
    let by_flag = matches.value_source("log-type") == Some(ValueSource::CommandLine);
    if let Some(form) = matches.get_one::<String>("log-type")
        && !form.is_empty()
        && (by_flag || !by_us)
    {
        (global.log_format, global.color) = match form.to_ascii_lowercase().as_str() {
            "json" => (LogFormat::Json, global.color),
            "text" => (LogFormat::Text, global.color),
            "color" => (LogFormat::Text, Color::Always),
            _ => {
                let name = if by_flag { "--log-type" } else { "LOG_TYPE" };
                return Err(Failure::usage(anyhow::anyhow!(
                    "{name}: `{form}` is no form of the log"
                ))
                .help("say `json`, `text` or `color`"));
            }
        };
    }
    let own = matches.value_source("log_no_time");
    if matches!(own, None | Some(ValueSource::DefaultValue))
        && let Some(text) = environment.get("LOG_NO_TIME")
    {
        global.log_no_time =
            !["false", "no", "0", "f", "n", "off"].contains(&text.to_ascii_lowercase().as_str());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
