//! Flags of what has to do with tenants: manifests, and running their hooks.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use hookbox_operator::units::Size;

use super::{some_time, yes_or_no};

/// Form of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManifestFormat {
    /// Documents of YAML
    Yaml,
    /// A List in JSON
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ManifestOutput {
    /// Form of the output
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "yaml",
        value_name = "FORMAT"
    )]
    pub(crate) output: ManifestFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Print the roles that hookbox's own account needs, and no more
    ///
    /// What the operator's own hooks watch and write is not among them: they act as the operator itself.
    Rbac(RbacArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RbacArgs {
    /// Name of the roles and their bindings
    #[arg(
        long,
        env = "HOOKBOX_NAME",
        default_value = "hookbox",
        value_name = "NAME"
    )]
    pub(crate) name: String,
    /// Namespace of hookbox itself
    #[arg(
        long,
        env = "HOOKBOX_NAMESPACE",
        default_value = "hookbox",
        value_name = "NAME"
    )]
    pub(crate) namespace: String,
    /// ServiceAccount of hookbox itself
    #[arg(
        long,
        env = "HOOKBOX_SERVICE_ACCOUNT",
        default_value = "hookbox",
        value_name = "NAME"
    )]
    pub(crate) service_account: String,
    /// For `run --tenants`
    #[arg(long, env = "HOOKBOX_TENANTS", value_parser = yes_or_no)]
    pub(crate) tenants: bool,
    /// Only ServiceAccounts of this namespace may be impersonated; may be given several times [default: of all]
    #[arg(
        long = "tenant-namespace",
        env = "HOOKBOX_TENANT_NAMESPACES",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub(crate) tenant_namespaces: Vec<String>,
    /// For `run --leader-election`
    #[arg(long, env = "HOOKBOX_LEADER_ELECTION", value_parser = yes_or_no)]
    pub(crate) leader_election: bool,
    /// For admission webhooks
    #[arg(long, env = "HOOKBOX_WEBHOOKS", value_parser = yes_or_no)]
    pub(crate) webhooks: bool,
    #[command(flatten)]
    pub(crate) output: ManifestOutput,
}

/// Hooks that tenants declare.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Tenants")]
pub(crate) struct Tenants {
    /// Run the hooks that Hook objects of the cluster declare, under their own ServiceAccounts
    #[arg(long, env = "HOOKBOX_TENANTS", value_parser = yes_or_no)]
    pub(crate) tenants: bool,
    /// Time between two checks of what a tenant may watch; one that lost access loses the snapshot within it
    #[arg(long, env = "HOOKBOX_ACCESS_CHECK_PERIOD", default_value = "30s", value_parser = some_time, value_name = "DURATION")]
    pub(crate) access_check_period: Duration,
    /// Registry that is spoken to by plain HTTP, with its port; may be given several times
    #[arg(
        long,
        env = "HOOKBOX_REGISTRY_PLAIN_HTTP",
        value_delimiter = ',',
        value_name = "HOST"
    )]
    pub(crate) registry_plain_http: Vec<String>,
    /// Certificates (PEM) of authorities by which registries are trusted, beside the platform's
    #[arg(long, env = "HOOKBOX_REGISTRY_CA", value_name = "FILE")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Time that pulling one component may take
    #[arg(long, env = "HOOKBOX_REGISTRY_TIME", default_value = "2m", value_parser = some_time, value_name = "DURATION")]
    pub(crate) registry_time: Duration,
    /// Where pulled components are kept, so that they are there while the registry is not [default: `pulled` in --cache-dir]
    #[arg(long, env = "HOOKBOX_COMPONENT_STORE", value_name = "DIR")]
    pub(crate) component_store: Option<PathBuf>,
    /// Bytes that are kept there, such as `1Gi`; 0: nothing is kept
    #[arg(
        long,
        env = "HOOKBOX_COMPONENT_STORE_SIZE",
        default_value = "1Gi",
        value_name = "SIZE"
    )]
    pub(crate) component_store_size: Size,
    /// Components that are fetched, checked and compiled at a time
    #[arg(
        long,
        env = "HOOKBOX_PREPARING",
        default_value_t = 16,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1024),
        value_name = "N"
    )]
    pub(crate) preparing: usize,
    /// Those of one namespace at a time
    #[arg(
        long,
        env = "HOOKBOX_PREPARING_EACH",
        default_value_t = 4,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1024),
        value_name = "N"
    )]
    pub(crate) preparing_each: usize,
}
