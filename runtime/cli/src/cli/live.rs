//! Flags of the live commands.

use std::ffi::OsString;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{some_time, yes_or_no};

/// Where the operator is.
#[derive(Debug, Args, Clone)]
pub(crate) struct Socket {
    /// Unix socket of the operator [default: /var/run/hookbox/debug.socket, or where a user may write
    /// hookbox/debug.socket in $XDG_RUNTIME_DIR or hookbox-UID/debug.socket in /tmp]
    #[arg(long, env = "HOOKBOX_DEBUG_UNIX_SOCKET", value_name = "PATH")]
    pub(crate) debug_unix_socket: Option<OsString>,
}

/// The form of what an operator tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LiveFormat {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One YAML document
    Yaml,
    /// As shell-operator prints it
    Text,
}

/// What every live command has.
#[derive(Debug, Args, Clone)]
pub(crate) struct LiveOutput {
    /// Form of the output
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: LiveFormat,
    #[command(flatten)]
    pub(crate) socket: Socket,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Show the tasks of all queues
    List {
        /// Show queues without tasks too
        #[arg(short = 'e', long, env = "HOOKBOX_SHOW_EMPTY", value_parser = yes_or_no)]
        show_empty: bool,
        /// Go on, and show them again and again
        #[arg(short, long, env = "HOOKBOX_WATCH", value_parser = yes_or_no)]
        watch: bool,
        /// Time between two looks
        #[arg(short = 't', long, alias = "watchInterval", env = "HOOKBOX_WATCH_INTERVAL", default_value = "1s", value_parser = some_time, value_name = "DURATION")]
        watch_interval: Duration,
        #[command(flatten)]
        output: LiveOutput,
    },
    /// Show the tasks of queue `main`
    Main {
        #[command(flatten)]
        output: LiveOutput,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Show all hooks
    List {
        /// With -o json or yaml: all that the table shows, not only names
        #[arg(long, env = "HOOKBOX_DETAILS", value_parser = yes_or_no)]
        details: bool,
        #[command(flatten)]
        output: LiveOutput,
    },
    /// Show the snapshots of a hook; data of Secrets is replaced by digests
    Snapshot {
        /// The hook
        hook: String,
        #[command(flatten)]
        output: LiveOutput,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show what can be changed while the operator runs
    List {
        #[command(flatten)]
        output: LiveOutput,
    },
    /// Change something while the operator runs
    Set {
        /// What, such as log.level
        name: String,
        /// Its new value
        value: String,
        /// For how long, such as 10s or 15m30s [default: for good; a log level that shows debug lines for 30m]
        #[arg(value_parser = some_time)]
        duration: Option<Duration>,
        #[command(flatten)]
        socket: Socket,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Show the last runs, the newest first
    List {
        /// Only those of this hook
        #[arg(long, env = "HOOKBOX_HOOK", value_name = "NAME")]
        hook: Option<String>,
        /// Only those that failed
        #[arg(long, env = "HOOKBOX_FAILED", value_parser = yes_or_no)]
        failed: bool,
        /// How many at most; the operator keeps up to 1000
        #[arg(
            short = 'n',
            long,
            env = "HOOKBOX_LIMIT",
            default_value_t = 20,
            value_name = "N"
        )]
        limit: usize,
        #[command(flatten)]
        output: LiveOutput,
    },
    /// Show one run
    Show {
        /// Its number, as in `runs list` and in the log
        run: u64,
        #[command(flatten)]
        output: LiveOutput,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Raw {
    /// Path to ask for, such as /queue/list.json
    pub(crate) urlpath: String,
    #[command(flatten)]
    pub(crate) socket: Socket,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The hook
    pub(crate) hook: String,
    #[command(flatten)]
    pub(crate) output: LiveOutput,
}
