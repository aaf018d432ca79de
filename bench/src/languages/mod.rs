//! The same hook in every language: what it costs an author and an operator, beside bash with one jq.

mod guest;
mod heavy;
mod pods;
mod shell;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use hookbox_tests::languages::Language;

use crate::stats::{Samples, ratio};
use crate::{clock, print};
use guest::Guest;
use pods::Watched;
use shell::Shell;

/// Objects of the snapshot.
const OBJECTS: usize = 100;
const WARM: usize = 5;
const RUNS: usize = 200;

/// In the order in which they are shown.
const LANGUAGES: [Language; 5] = [
    Language::Rust,
    Language::C,
    Language::Go,
    Language::TypeScript,
    Language::Python,
];

pub(crate) async fn measure() -> Result<()> {
    print::title("10. The same hook in every language, beside bash with one jq");
    let place = place()?;
    let mut guests = Vec::new();
    for language in LANGUAGES {
        guests.push(Guest::new(&place, language).await?);
    }
    for guest in &guests {
        guest.tell();
    }
    reconcile(&guests).await?;
    heavy::measure(&place).await
}

/// Where projects are built, beside this program, so that a second measurement finds what the first one built.
fn place() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("the build's folder")?;
    Ok(folder.join("bench-languages"))
}

async fn reconcile(guests: &[Guest]) -> Result<()> {
    let pods = pods::texts(OBJECTS);
    let bytes: usize = pods.iter().map(|pod| pod.len()).sum();
    print::line(format_args!(
        "-- a run that reconciles {OBJECTS} Pods of {bytes} bytes in all, each in turn (µs)"
    ));
    let watched = guests.iter().map(|_| Watched::new(&pods));
    let mut watched: Vec<Watched> = watched.collect::<Result<_>>()?;
    let shell = Shell::new(&pods)?;
    shell.run().await?;
    let expected = shell.made()?;
    let mut theirs = Samples::default();
    let mut ours: Vec<Cost> = guests.iter().map(|_| Cost::default()).collect();
    for round in 0..WARM + RUNS {
        let started = clock::now();
        shell.run().await?;
        if round >= WARM {
            theirs.push_time(started.elapsed());
        }
        // Whoever comes after bash finds the caches cold: each of them in turn.
        let mut turns: Vec<_> = guests.iter().zip(&mut ours).zip(&mut watched).collect();
        turns.rotate_left(round % guests.len());
        for ((guest, cost), pods) in turns {
            let input = guest::synchronization(pods.change()?);
            let started = clock::now();
            let run = guest.run(input).await;
            let took = started.elapsed();
            let effects = run.result.with_context(|| guest.language.name())?;
            if round == 0 && guest::made(&effects) != Some(&expected) {
                bail!("{} makes another ConfigMap", guest.language.name());
            }
            let input = guest::synchronization(pods.change()?);
            let started = clock::now();
            let warm = guest.run_warm(input).await;
            let took_warm = started.elapsed();
            if warm.result? != effects {
                bail!("{} does something else when warm", guest.language.name());
            }
            if round >= WARM {
                cost.fresh.push_time(took);
                cost.instance.push_time(run.usage.instantiate);
                cost.warm.push_time(took_warm);
                cost.memory = run.usage.memory.max(cost.memory);
            }
        }
    }
    print::row("bash, one jq", &theirs);
    for ((guest, cost), pods) in guests.iter().zip(&ours).zip(&mut watched) {
        print::row(guest.language.name(), &cost.fresh);
        print::row("  of it making the instance", &cost.instance);
        print::row("  bash takes times as long", ratio(&theirs, &cost.fresh));
        print::row("  in a warm instance", &cost.warm);
        print::row("  bash takes times as long", ratio(&theirs, &cost.warm));
        let resident = guest
            .resident(&guest::synchronization(pods.change()?))
            .await?;
        print::row(
            "  memory of the run, resident of its instance",
            format_args!("{} KiB, {} KiB", cost.memory >> 10, resident >> 10),
        );
    }
    Ok(())
}

/// What the runs of one language cost.
#[derive(Default)]
struct Cost {
    fresh: Samples,
    /// Part of it: making the instance.
    instance: Samples,
    warm: Samples,
    /// Greatest memory of a run, in bytes.
    memory: u64,
}
