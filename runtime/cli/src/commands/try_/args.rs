//! What `hookbox try` is told.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::cli::yes_or_no;
use crate::ui::Format;

/// Try one part alone: see what the runtime makes of a filter, a crontab, a patch file, a metric file or a configuration
///
/// Nothing here needs a hook, a component or a cluster. What the runtime would refuse ends with exit code 1 and a report.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Try {
    #[command(subcommand)]
    pub(crate) part: Part,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Part {
    Jq(Jq),
    Cron(Cron),
    Patch(Patch),
    Metrics(Metrics),
    Contexts(Contexts),
}

/// Run a jqFilter on one object, and print its result as it would be stored
///
/// No output of the filter is null, several outputs are an array; keys are sorted. The filter has no environment and no
/// further input.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hookbox try jq '.metadata.labels' pod.json
  kubectl get pod web -o json | hookbox try jq '{name: .metadata.name, ready: .status.phase == \"Running\"}'")]
pub(crate) struct Jq {
    /// The filter
    #[arg(allow_hyphen_values = true)]
    pub(crate) expr: String,
    /// The object: a JSON file, or a YAML file that ends in .yaml or .yml; standard input when left out or `-`
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

/// Show when a crontab fires next
///
/// Times are of the zone that the crontab names (`TZ=Area/City 0 6 * * *`), else of the variable TZ, else of UTC.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hookbox try cron '*/15 8-17 * * mon-fri'
  hookbox try cron 'TZ=Europe/Berlin 30 2 * * *' --from 2026-03-28T00:00:00Z -n 3 -o json
  hookbox try cron '@every 90s'")]
pub(crate) struct Cron {
    /// The crontab: 5 fields, 6 with seconds first, or a word such as @hourly
    #[arg(allow_hyphen_values = true)]
    pub(crate) spec: String,
    /// Times after this one, as 2026-03-28T00:00:00Z [default: now]
    #[arg(long, env = "HOOKBOX_FROM", value_name = "RFC3339")]
    pub(crate) from: Option<Timestamp>,
    /// How many times
    #[arg(short = 'n', long = "count", env = "HOOKBOX_COUNT", default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) count: u16,
    /// Zone of a crontab that names none
    #[arg(long, env = "TZ", value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Form of the output; json is a list of RFC 3339 texts
    #[arg(
        short,
        long,
        env = "HOOKBOX_OUTPUT",
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
}

/// Show what a patch file asks for and, on a cluster state, what it does
///
/// The file is what a hook of shell-operator writes to KUBERNETES_PATCH_PATH: JSON documents one after the other, or YAML
/// documents. All mistakes are told, and then nothing is done. With --cluster the operations are done one after the other
/// on an embedded cluster with that state; when one fails, the others are done all the same, as in a run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hookbox try patch patch.yaml
  hookbox try patch - --cluster state.yaml -o json < patch.json")]
pub(crate) struct Patch {
    /// The patch file; `-` reads standard input
    pub(crate) file: PathBuf,
    /// A cluster state to do it on: YAML manifests
    #[arg(long, env = "HOOKBOX_CLUSTER", value_name = "FILE")]
    pub(crate) cluster: Option<PathBuf>,
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

/// Show the metrics that metric files make, as /metrics/hooks serves them
///
/// Each file is what one run of the hook wrote to METRICS_PATH: JSON documents one after the other. After each of several
/// files the metrics are printed below a comment line `# after FILE`. A file that would make the run fail changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hookbox try metrics metrics.json
  hookbox try metrics --hook backup.sh first.json second.json
  echo '{\"name\": \"backups\", \"add\": 1}' | hookbox try metrics -")]
pub(crate) struct Metrics {
    /// The metric files, in the order of the runs; `-` reads standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Name of the hook: the value of the label `hook`, and the group of what names none
    #[arg(
        long,
        env = "HOOKBOX_HOOK",
        default_value = "hook",
        value_name = "NAME"
    )]
    pub(crate) hook: String,
}

/// Show the binding contexts that a configuration gives, step by step, one JSON array a line
///
/// The first step is the start with STATE in the cluster: the Synchronizations. Each further state is compared with the one
/// before: new and different objects first, in their order, then those that are missing. `schedule:CRONTAB` is the time
/// of all schedules with that very crontab. A line holds all contexts of its step, combined as for one run. Objects are
/// shown as they are written in the files.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hookbox try contexts --config hook.yaml state.yaml
  hookbox try contexts --config hook.yaml before.yaml after.yaml 'schedule:*/5 * * * *'
  ./hook.sh --config | hookbox try contexts --config - state.yaml | jq")]
pub(crate) struct Contexts {
    /// The configuration, as a hook prints it; `-` reads standard input
    #[arg(long, env = "HOOKBOX_CONFIG", value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The cluster's state at the start: YAML manifests
    #[arg(value_name = "STATE")]
    pub(crate) state: PathBuf,
    /// What happens then: a further STATE, or schedule:CRONTAB
    #[arg(value_name = "STATE|schedule:CRONTAB")]
    pub(crate) steps: Vec<String>,
    /// Begin the first step with the context of onStartup, which is a run of its own
    #[arg(long, env = "HOOKBOX_STARTUP", value_parser = yes_or_no)]
    pub(crate) startup: bool,
}
