//! What is said of settings when the operator starts: which were taken, which have no effect, which are mistyped.

use std::collections::BTreeSet;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory};
use hookbox_config::suggest;

use super::table::Meaning::{self, Is, LogLevel, LogNoTime, LogType, Nothing};
use super::table::{OURS, PREFIXES, Row, TABLE};
use super::{Environment, RUN};
use crate::cli::Cli;

/// What to say about settings when the operator starts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Variables of shell-operator that were taken.
    pub(crate) taken: Vec<&'static str>,
    /// Settings without effect, with what to do instead.
    pub(crate) ignored: Vec<String>,
}

impl Notes {
    /// Says it in the log.
    pub(crate) fn log(&self) {
        if !self.taken.is_empty() {
            let variables = self.taken.join(", ");
            tracing::info!(variables, "settings taken from shell-operator's variables");
        }
        for note in &self.ignored {
            tracing::warn!("{note}");
        }
    }

    /// Looks at all that was given.
    pub(super) fn look(&mut self, matches: &ArgMatches, environment: &Environment) {
        self.taken = taken(matches, environment);
        self.ignored.extend(ignored(matches, environment));
        self.ignored.extend(unknown(environment));
    }
}

/// Variables of shell-operator that say something.
fn taken(matches: &ArgMatches, environment: &Environment) -> Vec<&'static str> {
    let counts = |row: &&Row| match row.meaning {
        Is(id) => {
            let own = variable_of(id);
            let by_flag = matches.value_source(id) == Some(ValueSource::CommandLine);
            !by_flag && !own.is_some_and(|own| environment.is_set(&own))
        }
        Meaning::Part(id, _) => !matches!(
            matches.value_source(id),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        ),
        LogLevel => !environment.is_set("HOOKBOX_LOG_LEVEL"),
        LogType => !environment.is_set("HOOKBOX_LOG_FORMAT"),
        LogNoTime => !environment.is_set("HOOKBOX_LOG_NO_TIME"),
        Nothing(..) => false,
    };
    TABLE
        .iter()
        .filter(|row| environment.get(row.variable).is_some())
        .filter(counts)
        .map(|row| row.variable)
        .collect()
}

/// Settings of shell-operator that have no effect here.
fn ignored(matches: &ArgMatches, environment: &Environment) -> Vec<String> {
    let mut notes = Vec::new();
    for row in TABLE {
        let Nothing(why, _) = row.meaning else {
            continue;
        };
        let flag = row.flag.filter(|flag| matches.contains_id(flag));
        if let Some(flag) = flag {
            notes.push(format!("--{flag} has no effect: {why}"));
        } else if environment.get(row.variable).is_some() {
            notes.push(format!("{} has no effect: {why}", row.variable));
        }
    }
    notes
}

/// Variables that look like settings and are none.
pub(super) fn unknown(environment: &Environment) -> Vec<String> {
    let mut known: BTreeSet<String> = TABLE.iter().map(|row| row.variable.to_owned()).collect();
    known.extend(variables());
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let unknown = environment.0.keys().filter(|name| {
        let ours = PREFIXES.iter().chain([&OURS]).any(|p| name.starts_with(p));
        ours && !known.contains(*name)
    });
    let unknown = unknown.filter(|name| {
        let value = environment.0.get(*name).map(String::as_str);
        !is_service_link(name, value.unwrap_or_default())
    });
    unknown
        .map(|name| {
            if name.starts_with("ADDON_OPERATOR_") {
                return format!("{name} has no effect: hookbox has no modules of addon-operator");
            }
            match suggest::nearest(name, &names) {
                Some(near) => format!("{name} is no setting; did you mean {near}?"),
                None => format!("{name} is no setting, and has no effect"),
            }
        })
        .collect()
}

/// Kubernetes tells every container of the services around it, in variables that begin with their names.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let link = |rest: &str| {
        // PORT_8080_TCP, PORT_8080_TCP_ADDR and so on.
        let mut parts = rest.splitn(3, '_');
        let port = parts.next().is_some_and(is_number);
        let protocol = parts
            .next()
            .is_some_and(|p| ["TCP", "UDP", "SCTP"].contains(&p));
        let what = parts
            .next()
            .is_none_or(|w| ["ADDR", "PORT", "PROTO"].contains(&w));
        port && protocol && what
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && value.contains("://")
        || name
            .split_once("_PORT_")
            .is_some_and(|(_, rest)| link(rest))
}

/// All of our own variables.
fn variables() -> BTreeSet<String> {
    fn collect(command: &Command, into: &mut BTreeSet<String>) {
        let names = command.get_arguments().filter_map(Arg::get_env);
        into.extend(names.filter_map(|name| name.to_str()).map(str::to_owned));
        for sub in command.get_subcommands() {
            collect(sub, into);
        }
    }
    let mut all = BTreeSet::new();
    collect(&Cli::command(), &mut all);
    all
}

/// Our variable of an argument of `run`.
pub(super) fn variable_of(id: &str) -> Option<String> {
    let command = Cli::command();
    let run = command.find_subcommand(RUN)?;
    let mut all = run.get_arguments().chain(command.get_arguments());
    let arg = all.find(|arg| arg.get_id() == id)?;
    arg.get_env()?.to_str().map(str::to_owned)
}
