//! `hookbox exec`.

use std::path::PathBuf;

use clap::Args;

use super::{Grants, Limits, Values};
use crate::ui::Format;

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
    #[command(flatten)]
    pub(crate) values: Values,
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
