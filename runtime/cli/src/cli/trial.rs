//! `hookbox test` and `hookbox dev`: hooks on the embedded cluster.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Grants, Limits, Values, Warm, yes_or_no};

/// How hooks run on the embedded cluster.
#[derive(Debug, Args)]
pub(crate) struct Play {
    /// How often a hook may run after the last change; one that goes on answers its own changes
    #[arg(long, env = "HOOKBOX_MAX_RUNS", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_runs: u64,
    #[command(flatten)]
    pub(crate) values: Values,
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
    #[command(flatten)]
    pub(crate) play: Play,
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
    #[command(flatten)]
    pub(crate) warm: Warm,
    #[command(flatten)]
    pub(crate) play: Play,
}
