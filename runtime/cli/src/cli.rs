//! The command line: every verb, flag and variable.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::Try;
use crate::logging::LogFormat;
use crate::ui::{Color, Format};

mod cluster;
mod grants;
mod live;
mod registry;
mod tenants;
mod webhook;

pub(crate) use cluster::Rates;
pub(crate) use grants::{Granted, Grants};
pub(crate) use live::{
    ConfigCommand, HookCommand, LiveFormat, LiveOutput, QueueCommand, Raw, RunsCommand, Socket,
    WhyArgs,
};
pub(crate) use registry::{Password, Pull, Push, Registry, Sign, Verify};
pub(crate) use tenants::{ManifestCommand, ManifestFormat, ManifestOutput, RbacArgs, Tenants};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Rust
    Rust,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The project's name, and the folder to make
    pub(crate) path: PathBuf,
    /// Language of the hook
    #[arg(long, default_value = "rust", env = "HOOKBOX_LANG")]
    pub(crate) lang: Lang,
    /// Use the SDK in this folder instead of the one that comes with hookbox
    #[arg(long, env = "HOOKBOX_SDK", value_name = "DIR")]
    pub(crate) sdk: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where to put the component [default: target/hookbox in the project]
    #[arg(long, env = "HOOKBOX_OUT_DIR", value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Check {
    /// Components, or folders with components
    #[arg(group = "what")]
    pub(crate) paths: Vec<PathBuf>,
    /// A configuration document to check; `-` reads standard input
    #[arg(long, env = "HOOKBOX_CONFIG", value_name = "FILE", group = "what")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the normalised bindings
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The component, or a project's folder
    pub(crate) path: PathBuf,
    /// Form of the output
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

/// What a run may use.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Limits of a run")]
pub(crate) struct Limits {
    /// CPU time; more than 0
    #[arg(long, env = "HOOKBOX_CPU_TIME", default_value = "5s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) cpu_time: Duration,
    /// Time from start to end; more than 0
    #[arg(long, env = "HOOKBOX_WALL_CLOCK", default_value = "30s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) wall_clock: Duration,
    /// Memory in MiB, 1 to 512
    #[arg(long, env = "HOOKBOX_MEMORY", default_value_t = 256, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=512))]
    pub(crate) memory: u64,
    /// Number of effects
    #[arg(
        long,
        env = "HOOKBOX_EFFECTS",
        default_value_t = 10_000,
        value_name = "N"
    )]
    pub(crate) effects: u64,
    /// Bytes of log
    #[arg(long, env = "HOOKBOX_LOG_BYTES", default_value_t = 1 << 20, value_name = "BYTES")]
    pub(crate) log_bytes: u64,
    /// Calls to the host
    #[arg(
        long,
        env = "HOOKBOX_HOST_CALLS",
        default_value_t = 10_000_000,
        value_name = "N"
    )]
    pub(crate) host_calls: u64,
    /// Reads of the cluster that were granted
    #[arg(
        long,
        env = "HOOKBOX_CLUSTER_READS",
        default_value_t = 1000,
        value_name = "N"
    )]
    pub(crate) cluster_reads: u64,
    /// HTTP requests that were granted
    #[arg(
        long,
        env = "HOOKBOX_HTTP_REQUESTS",
        default_value_t = 100,
        value_name = "N"
    )]
    pub(crate) http_requests: u64,
    /// Bytes of what reads of the cluster and HTTP requests bring and take
    #[arg(long, env = "HOOKBOX_TRANSFER_BYTES", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) transfer_bytes: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The component, or a project's folder
    pub(crate) path: PathBuf,
    /// Which hook; may be left out when there is one
    #[arg(long, env = "HOOKBOX_HOOK", value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// Binding contexts to run with: a file as shell-operator writes it; `-` reads standard input
    #[arg(long, env = "HOOKBOX_CONTEXTS", value_name = "FILE", conflicts_with_all = ["trigger", "snapshots", "cluster"])]
    pub(crate) contexts: Option<PathBuf>,
    /// What to ask a hook that answers reviews: an AdmissionReview, a ConversionReview, or an object to create or convert
    #[arg(
        long,
        env = "HOOKBOX_REVIEW",
        value_name = "FILE",
        conflicts_with = "contexts"
    )]
    pub(crate) review: Option<PathBuf>,
    /// What to run for: `onStartup`, `schedule[:NAME]` or `synchronization[:NAME]`; with --review `validating[:NAME]`,
    /// `mutating[:NAME]` or `conversion[:NAME]`
    #[arg(long, env = "HOOKBOX_TRIGGER", value_name = "TRIGGER")]
    pub(crate) trigger: Option<String>,
    /// Snapshots by binding name: a JSON or YAML map of lists of `{object, filterResult}`
    #[arg(
        long,
        env = "HOOKBOX_SNAPSHOTS",
        value_name = "FILE",
        conflicts_with = "cluster"
    )]
    pub(crate) snapshots: Option<PathBuf>,
    /// A cluster state to select the snapshots from: YAML manifests
    #[arg(long, env = "HOOKBOX_CLUSTER", value_name = "FILE")]
    pub(crate) cluster: Option<PathBuf>,
    /// Values: JSON or YAML
    #[arg(long, env = "HOOKBOX_VALUES", value_name = "FILE")]
    pub(crate) values: Option<PathBuf>,
    /// Config values: JSON or YAML
    #[arg(long, env = "HOOKBOX_CONFIG_VALUES", value_name = "FILE")]
    pub(crate) config_values: Option<PathBuf>,
    /// Form of the output
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "yaml",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) grants: Grants,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Only cases whose name contains this
    #[arg(long, env = "HOOKBOX_FILTER", value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Write what came out as what is expected
    #[arg(long, env = "HOOKBOX_BLESS", value_parser = yes_or_no)]
    pub(crate) bless: bool,
    /// Use this component instead of building the project
    #[arg(long, env = "HOOKBOX_COMPONENT", value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// How often a hook may run after the last change; one that goes on answers its own changes
    #[arg(long, env = "HOOKBOX_MAX_RUNS", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_runs: u64,
    #[command(flatten)]
    pub(crate) grants: Grants,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// State to begin with: YAML manifests; read again when the file changes [default: cluster.yaml in the project,
    /// if there is one]
    #[arg(long, env = "HOOKBOX_CLUSTER", value_name = "FILE")]
    pub(crate) cluster: Option<PathBuf>,
    /// Where the embedded cluster listens for kubectl; loopback only
    #[arg(
        long,
        env = "HOOKBOX_CLUSTER_LISTEN",
        default_value = "127.0.0.1:0",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: SocketAddr,
    /// Where to write the kubeconfig for kubectl [default: target/hookbox/kubeconfig in the project, or
    /// kubeconfig-2 and so on while others use that]
    #[arg(long, env = "HOOKBOX_KUBECONFIG_OUT", value_name = "FILE")]
    pub(crate) kubeconfig_out: Option<PathBuf>,
    /// End as soon as all that the state triggers is done
    #[arg(long, env = "HOOKBOX_ONCE", value_parser = yes_or_no)]
    pub(crate) once: bool,
    /// Manifests to apply after the hooks have settled, to see what they make of it; their webhooks are asked
    #[arg(long, env = "HOOKBOX_APPLY", value_name = "FILE")]
    pub(crate) apply: Vec<PathBuf>,
    /// How often a hook may run after the last change; one that goes on answers its own changes
    #[arg(long, env = "HOOKBOX_MAX_RUNS", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_runs: u64,
    #[command(flatten)]
    pub(crate) grants: Grants,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Folder with hooks
    #[arg(
        long,
        env = "HOOKBOX_HOOKS_DIR",
        default_value = "hooks",
        value_name = "DIR"
    )]
    pub(crate) hooks_dir: PathBuf,
    /// Kubeconfig file [default: the pod's own account; else the usual kubeconfig]
    #[arg(long, env = "HOOKBOX_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, env = "HOOKBOX_KUBE_CONTEXT", value_name = "NAME")]
    pub(crate) kube_context: Option<String>,
    /// Address of the API server [default: the kubeconfig's, or the pod's]
    #[arg(long, env = "HOOKBOX_KUBE_SERVER", value_name = "URL")]
    pub(crate) kube_server: Option<http::Uri>,
    /// Run without a cluster: only `onStartup` and `schedule` work
    #[arg(long, env = "HOOKBOX_NO_CLUSTER", value_parser = yes_or_no)]
    pub(crate) no_cluster: bool,
    /// Where to serve metrics and health
    #[arg(
        long,
        env = "HOOKBOX_LISTEN",
        default_value = "0.0.0.0:9115",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: SocketAddr,
    /// Prefix of hookbox's own metrics
    #[arg(
        long,
        env = "HOOKBOX_METRICS_PREFIX",
        default_value = "shell_operator_",
        value_name = "PREFIX"
    )]
    pub(crate) metrics_prefix: String,
    /// Whether to measure the actions on queues: `yes` or `no`
    #[arg(
        long,
        env = "HOOKBOX_QUEUE_ACTIONS_METRICS",
        default_value = "yes",
        value_parser = yes_or_no,
        action = clap::ArgAction::Set,
        value_name = "YES"
    )]
    pub(crate) queue_actions_metrics: bool,
    /// Keep a record of every run in this folder
    #[arg(long, env = "HOOKBOX_JOURNAL", value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// Namespace of hookbox itself: of its services, Secrets and Leases [default: the kubeconfig's, or the pod's]
    #[arg(long, env = "HOOKBOX_NAMESPACE", value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Unix socket for live commands; empty: none [default: /var/run/hookbox/debug.socket, or where a user may write]
    #[arg(long, env = "HOOKBOX_DEBUG_UNIX_SOCKET", value_name = "PATH")]
    pub(crate) debug_unix_socket: Option<OsString>,
    #[command(flatten)]
    pub(crate) rates: Rates,
    #[command(flatten)]
    pub(crate) leader: Leader,
    #[command(flatten)]
    pub(crate) native: Native,
    #[command(flatten)]
    pub(crate) tenants: Tenants,
    #[command(flatten)]
    pub(crate) webhook: Webhook,
    #[command(flatten)]
    pub(crate) grants: Grants,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// One leader among replicas.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Leader election")]
pub(crate) struct Leader {
    /// Be one of several replicas: one leads and runs the hooks, the others stand by
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION", value_parser = yes_or_no)]
    pub(crate) leader_election: bool,
    /// Namespace of the Lease [default: the pod's, or that of the kubeconfig's context]
    #[arg(
        long,
        env = "HOOKBOX_LEADER_ELECTION_NAMESPACE",
        value_name = "NAMESPACE"
    )]
    pub(crate) leader_election_namespace: Option<String>,
    /// Name of the Lease; the replicas of one deployment share it, others must not
    #[arg(
        long,
        env = "HOOKBOX_LEADER_ELECTION_LEASE",
        default_value = "hookbox",
        value_name = "NAME"
    )]
    pub(crate) leader_election_lease: String,
    /// What this replica is called in the Lease; random digits are added [default: the host's name]
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION_IDENTITY", value_name = "NAME")]
    pub(crate) leader_election_identity: Option<String>,
    /// How long others wait for a leader that is silent
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION_LEASE_DURATION", default_value = "15s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) leader_election_lease_duration: Duration,
    /// How long a leader goes on that cannot renew the Lease; less than the lease duration
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION_RENEW_DEADLINE", default_value = "10s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) leader_election_renew_deadline: Duration,
    /// Time between two renewals, and between two looks of those who stand by
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION_RETRY_PERIOD", default_value = "2s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) leader_election_retry_period: Duration,
}

impl Leader {
    /// The election that these flags ask for, by a client of the cluster whose namespace and host these are.
    pub(crate) fn options(
        &self,
        namespace: &str,
        host: impl FnOnce() -> String,
    ) -> Option<hookbox_operator::leader::LeaderOptions> {
        if !self.leader_election {
            return None;
        }
        let identity = self.leader_election_identity.clone();
        let mut options = hookbox_operator::leader::LeaderOptions::new(
            self.leader_election_namespace
                .as_deref()
                .unwrap_or(namespace),
            &self.leader_election_lease,
            identity.unwrap_or_else(host),
        );
        options.lease_duration = self.leader_election_lease_duration;
        options.renew_deadline = self.leader_election_renew_deadline;
        options.retry_period = self.leader_election_retry_period;
        Some(options)
    }
}

/// Executables as hooks.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Native hooks")]
pub(crate) struct Native {
    /// Run executables in the hooks folder too, as shell-operator does: WITHOUT A SANDBOX, with all rights of hookbox
    /// itself
    #[arg(long, env = "HOOKBOX_NATIVE_HOOKS", value_parser = yes_or_no)]
    pub(crate) native_hooks: bool,
    /// Folder for the files of native hooks' runs [default: `hookbox` in the system's folder for temporary files]
    #[arg(long, env = "HOOKBOX_TMP_DIR", value_name = "DIR")]
    pub(crate) tmp_dir: Option<PathBuf>,
    /// Keep the files of native hooks' runs
    #[arg(long, env = "HOOKBOX_KEEP_TMP_FILES", value_parser = yes_or_no)]
    pub(crate) keep_tmp_files: bool,
    /// Time that a run of a native hook may take; more than 0
    #[arg(long, env = "HOOKBOX_NATIVE_TIME", default_value = "1h", value_parser = some_time, value_name = "DURATION")]
    pub(crate) native_time: Duration,
}

impl Native {
    /// How native hooks run.
    pub(crate) fn settings(&self) -> hookbox_operator::native::NativeSettings {
        let dir = self.tmp_dir.clone();
        let dir = dir.unwrap_or_else(|| std::env::temp_dir().join("hookbox"));
        let mut settings = hookbox_operator::native::NativeSettings::new(dir);
        settings.keep_files = self.keep_tmp_files;
        settings.time = self.native_time;
        settings
    }
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

impl Limits {
    /// The budget that these flags give.
    pub(crate) fn budget(&self) -> hookbox_sandbox::Budget {
        hookbox_sandbox::Budget {
            cpu_time: self.cpu_time,
            wall_clock: self.wall_clock,
            memory: self.memory << 20,
            effects: self.effects,
            log_bytes: self.log_bytes,
            host_calls: self.host_calls,
            cluster_reads: self.cluster_reads,
            http_requests: self.http_requests,
            transfer_bytes: self.transfer_bytes,
            ..hookbox_sandbox::Budget::default()
        }
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
