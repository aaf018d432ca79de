//! The command line: every verb, flag and variable.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands::Try;
use crate::logging::LogFormat;
use crate::ui::Color;

mod cluster;
mod exec;
mod grants;
mod limits;
mod live;
mod project;
mod registry;
mod run;
mod tenants;
mod trial;
mod values;
mod webhook;

pub(crate) use cluster::Rates;
pub(crate) use exec::Exec;
pub(crate) use grants::{Granted, Grants};
pub(crate) use limits::{Limits, Warm};
pub(crate) use live::{
    ConfigCommand, HookCommand, LiveFormat, LiveOutput, QueueCommand, Raw, RunsCommand, Socket,
    WhyArgs,
};
pub(crate) use project::{Build, Check, Inspect, Kind, Lang, New};
pub(crate) use registry::{Password, Pull, Push, Registry, Sign, Verify};
pub(crate) use run::Run;
pub(crate) use tenants::{ManifestCommand, ManifestFormat, ManifestOutput, RbacArgs, Tenants};
pub(crate) use trial::{Dev, Test};
pub(crate) use values::Values;
pub(crate) use webhook::Webhook;

/// Write, try and run Kubernetes hooks as sandboxed WebAssembly components.
///
/// Exit codes: 0 ok, 1 the hook, check or test failed, 2 wrong usage or an unusable file, 3 something around the
/// command is missing or out of reach (a toolchain, the API server, the disk).
#[derive(Debug, Parser)]
#[command(
    name = "hookbox",
    version,
    max_term_width = 100,
    infer_subcommands = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// For every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// When to use colour
    #[arg(
        long,
        global = true,
        env = "HOOKBOX_COLOR",
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(crate) color: Color,
    /// Where compiled components are kept [default: the user's cache folder]
    #[arg(
        long,
        global = true,
        env = "HOOKBOX_CACHE_DIR",
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Level or filter of hookbox's own log
    #[arg(
        long,
        global = true,
        env = "HOOKBOX_LOG_LEVEL",
        value_name = "LEVEL",
        help_heading = "Global options"
    )]
    pub(crate) log_level: Option<String>,
    /// Form of hookbox's own log
    #[arg(
        long,
        global = true,
        env = "HOOKBOX_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Global options"
    )]
    pub(crate) log_format: LogFormat,
    /// Leave the time out of hookbox's own log
    #[arg(
        long,
        global = true,
        env = "HOOKBOX_LOG_NO_TIME",
        value_parser = yes_or_no,
        help_heading = "Global options"
    )]
    pub(crate) log_no_time: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project with a first hook
    New(New),
    /// Build a project to a component
    Build(Build),
    /// Check components or a configuration document
    Check(Check),
    /// Show what a component holds and wants
    Inspect(Inspect),
    /// Run one hook once, from files, and print its effects
    Exec(Exec),
    /// Run a project's test cases on the embedded cluster
    Test(Test),
    /// Try a project on an embedded cluster; rebuild and reload on change
    Dev(Dev),
    /// Put a component into a registry
    Push(Push),
    /// Fetch a component from a registry
    Pull(Pull),
    /// Sign a component in a registry, or make a key pair for it
    Sign(Sign),
    /// Check that a component in a registry is signed
    Verify(Verify),
    /// Run hooks as an operator on a cluster
    #[command(alias = "start")]
    Run(Box<Run>),
    /// Show the queues of a running operator
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Show the hooks of a running operator and their snapshots
    #[command(subcommand)]
    Hook(HookCommand),
    /// Show the last runs of a running operator
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Show why a hook of a running operator did or did not run
    Why(WhyArgs),
    /// Change settings of a running operator
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running operator for a path
    Raw(Raw),
    Try(Try),
    /// Print the CustomResourceDefinitions for tenants' hooks
    Crds(ManifestOutput),
    /// Print manifests for a cluster
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// Print the version
    #[command(hide = true)]
    Version,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `500ms`, `1.5s`, `2m`, as Go writes durations. Nothing runs in no time.
fn some_time(text: &str) -> Result<Duration, String> {
    match hookbox_config::duration::parse(text) {
        Ok(Duration::ZERO) => Err("it must be more than 0".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}

/// `yes`, `no` and their like, as Go and shells write them.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "t" | "y" | "on" | "1" => Ok(true),
        "no" | "false" | "f" | "n" | "off" | "0" | "" => Ok(false),
        _ => Err("say `yes` or `no`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_without_a_value_says_yes_or_no_as_a_variable() {
        fn look(command: &clap::Command, missing: &mut Vec<String>) {
            for arg in command.get_arguments() {
                let flag = matches!(arg.get_action(), clap::ArgAction::SetTrue);
                // Only the library's own parser names them: `true` and `false`.
                if flag && arg.get_value_parser().possible_values().is_some() {
                    missing.push(format!("{} --{}", command.get_name(), arg.get_id()));
                }
            }
            command.get_subcommands().for_each(|c| look(c, missing));
        }
        let mut missing = Vec::new();
        look(&Cli::command(), &mut missing);
        assert!(missing.is_empty(), "without `yes_or_no`: {missing:?}");
    }

    #[test]
    fn every_flag_has_a_variable() {
        let mut missing = Vec::new();
        let root = Cli::command();
        let mut commands: Vec<&clap::Command> = root.get_subcommands().collect();
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            for arg in command.get_arguments() {
                let positional = arg.get_long().is_none();
                if !positional
                    && arg.get_env().is_none()
                    && !matches!(arg.get_id().as_str(), "help" | "version")
                {
                    missing.push(format!("{} --{}", command.get_name(), arg.get_id()));
                }
            }
        }
        assert!(missing.is_empty(), "no HOOKBOX_ variable: {missing:?}");
    }
}
