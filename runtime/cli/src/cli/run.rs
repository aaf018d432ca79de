//! `hookbox run`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Grants, Limits, Rates, Tenants, Values, Warm, Webhook, some_time, yes_or_no};

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
    pub(crate) values: Values,
    #[command(flatten)]
    pub(crate) grants: Grants,
    #[command(flatten)]
    pub(crate) warm: Warm,
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
