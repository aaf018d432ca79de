//! What hookbox costs, side by side with what it is compared to. `README.md` has the numbers and how to read them.

mod admission;
mod bare;
mod child;
mod clock;
mod event;
mod guests;
mod heap;
mod idle;
mod languages;
mod native;
mod print;
mod run_cost;
mod setup;
mod snapshots;
mod stamps;
mod start;
mod stats;
mod sync;
mod tenants;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};

/// Measures what hookbox costs, side by side with what it is compared to.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; all of it when nothing is named.
    sections: Vec<Section>,

    /// A shell-operator, to be measured beside this in `native`.
    #[arg(long, env = "HOOKBOX_BENCH_SHELL_OPERATOR", value_name = "PROGRAM")]
    shell_operator: Option<PathBuf>,

    /// What this process does for another one of this program.
    #[arg(long, hide = true)]
    role: Option<Role>,

    /// What the role works with, in its order.
    #[arg(long = "with", hide = true, allow_hyphen_values = true)]
    given: Vec<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// A run, beside wasmtime alone.
    Run,
    /// From an event to the hook, beside a watcher that only decodes.
    Event,
    /// Memory of snapshots.
    Snapshots,
    /// Memory of idle hooks.
    Idle,
    /// Cold and cached start.
    Start,
    /// The same work as a shell hook and as a component.
    Native,
    /// Reviews answered.
    Admission,
    /// The first synchronisation of very many objects.
    Sync,
    /// What tenants cost, and how fair they are to each other.
    Tenants,
    /// The same hook in every language, beside bash with one jq.
    Languages,
}

/// What a process of this program does for another one.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Holds an embedded cluster.
    Cluster,
    /// Holds snapshots.
    Snapshots,
    /// Holds hooks with schedules.
    Idle,
    /// Holds hooks that watch.
    Watching,
    /// Starts.
    Start,
    /// Runs shell hooks and a component.
    Hooks,
    /// Serves webhooks.
    Admission,
    /// Asks webhooks.
    Load,
    /// Holds an embedded cluster of very many objects.
    SyncCluster,
    /// Synchronises with them.
    Sync,
    /// Reads and decodes them.
    SyncBare,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(role) => play(role, &arguments.given).await,
        None => measure(&arguments.sections, arguments.shell_operator.as_deref()).await,
    }
}

async fn play(role: Role, given: &[PathBuf]) -> Result<()> {
    let path = |at: usize| {
        given
            .get(at)
            .map(PathBuf::as_path)
            .context("too few arguments")
    };
    let word = |at: usize| path(at)?.to_str().context("not UTF-8");
    match role {
        Role::Cluster => snapshots::cluster(path(0)?, word(1)?).await,
        Role::Snapshots => snapshots::child(path(0)?, path(1)?, word(2)?).await,
        Role::Idle => idle::child(path(0)?, path(1)?).await,
        Role::Watching => idle::watching(path(0)?, path(1)?, path(2)?).await,
        Role::Start => start::child(path(0)?, path(1)?).await,
        Role::Hooks => native::child(path(0)?, path(1)?, path(2)?).await,
        Role::Admission => admission::serve(path(0)?, path(1)?, path(2)?, word(3)?).await,
        Role::Load => admission::load(word(0)?, path(1)?).await,
        Role::SyncCluster => sync::cluster(path(0)?).await,
        Role::Sync => sync::operator(path(0)?, path(1)?, path(2)?, word(3)?).await,
        Role::SyncBare => sync::bare(path(0)?, word(1)?).await,
    }
}

async fn measure(sections: &[Section], shell_operator: Option<&Path>) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    print::line(format_args!("{cores} cores, load {}", load()));
    if cfg!(debug_assertions) {
        print::line("NOT A RELEASE BUILD: these numbers mean nothing");
    }
    let wanted = |section| sections.is_empty() || sections.contains(&section);
    if wanted(Section::Run) {
        run_cost::measure().await?;
    }
    if wanted(Section::Event) {
        event::measure().await?;
    }
    if wanted(Section::Snapshots) {
        snapshots::measure().await?;
    }
    if wanted(Section::Idle) {
        idle::measure().await?;
    }
    if wanted(Section::Start) {
        start::measure().await?;
    }
    if wanted(Section::Native) {
        native::measure(shell_operator).await?;
    }
    if wanted(Section::Admission) {
        admission::measure().await?;
    }
    if wanted(Section::Sync) {
        sync::measure().await?;
    }
    if wanted(Section::Tenants) {
        tenants::measure().await?;
    }
    if wanted(Section::Languages) {
        languages::measure().await?;
    }
    print::line(format_args!("\nload at the end {}", load()));
    Ok(())
}

/// How busy the machine is: processes that wanted to run in the last 1, 5 and 15 minutes.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
